//! Recorded values as regular series: one point a month, quarter, half-year or year. Values of
//! different periods never meet: points, whole years and sums to date are three kinds of series.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

/// A series with fewer points than this share of its periods has too many gaps.
const COVERAGE_MIN: f64 = 0.5;
/// Days of a month, for saying how far a date is from a period's end.
const MONTH_DAYS: i32 = 31;
/// Longest series that is looked at, steps; older ones say little of the coming year.
const STEPS_MAX: usize = 120;

/// The distance of two points of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ForecastStep)]
pub enum Step {
    /// A month.
    Month,
    /// A quarter.
    Quarter,
    /// Half a year.
    Half,
    /// A year.
    Year,
}

impl Step {
    /// Every step, the finest first.
    pub const ALL: [Self; 4] = [Self::Month, Self::Quarter, Self::Half, Self::Year];

    /// How many make a year.
    #[must_use]
    pub const fn a_year(self) -> usize {
        match self {
            Self::Month => 12,
            Self::Quarter => 4,
            Self::Half => 2,
            Self::Year => 1,
        }
    }

    /// About how many days it has.
    #[must_use]
    pub const fn days(self) -> i32 {
        MONTH_DAYS * 12 / self.a_year() as i32
    }

    const fn months(self) -> i64 {
        12 / self.a_year() as i64
    }

    /// In words, for "a …".
    #[must_use]
    pub fn words(self) -> Text {
        match self {
            Self::Month => Text::new("月", "month"),
            Self::Quarter => Text::new("季度", "quarter"),
            Self::Half => Text::new("半年", "half-year"),
            Self::Year => Text::new("年", "year"),
        }
    }

    /// The period a date lies in, counted from year 0.
    #[must_use]
    pub fn index(self, at: Date) -> i64 {
        (i64::from(at.year()) * 12 + i64::from(at.month()) - 1).div_euclid(self.months())
    }

    /// The last day of a period.
    #[must_use]
    pub fn end(self, index: i64) -> Date {
        let month = (index + 1) * self.months() - 1;
        let year = i16::try_from(month.div_euclid(12)).unwrap_or(9999);
        let month = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(12);
        date(year.clamp(1, 9999), month, 1).last_of_month()
    }

    /// The period whose end is nearest to a date.
    #[must_use]
    pub fn nearest(self, at: Date) -> i64 {
        let inside = self.index(at);
        let after = (self.end(inside) - at).get_days();
        let before = (at - self.end(inside - 1)).get_days();
        if before < after { inside - 1 } else { inside }
    }
}

/// A value at a date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The date it stands for.
    pub at: Date,
    /// The value.
    pub value: f64,
}

/// Numbers that stand until the next one (counts, metrics) at the end of every month until a day.
#[must_use]
pub fn carried(changes: &[Observation], until: Date) -> Vec<Observation> {
    let Some(first) = changes.first() else {
        return Vec::new();
    };
    let (from, to) = (Step::Month.index(first.at), Step::Month.index(until));
    let mut next = changes.iter().peekable();
    let mut value = first.value;
    let mut out = Vec::new();
    for index in from..=to {
        let at = Step::Month.end(index);
        if at > until {
            break;
        }
        while let Some(change) = next.next_if(|c| c.at <= at) {
            value = change.value;
        }
        out.push(Observation { at, value });
    }
    out
}

/// A regular series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The distance of its points.
    pub step: Step,
    /// The first point's period.
    pub first: i64,
    /// Its values.
    pub values: Vec<f64>,
    /// True where a value was interpolated between its neighbours.
    pub filled: Vec<bool>,
    /// Values that stand at no period's end and were left out.
    pub left_out: usize,
}

impl Series {
    /// The last point's period.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.first + i64::try_from(self.values.len()).unwrap_or(0) - 1
    }

    /// How many points were interpolated.
    #[must_use]
    pub fn gaps(&self) -> usize {
        self.filled.iter().filter(|f| **f).count()
    }
}

/// Points at their dates as a regular series. None when they have too many gaps at every step.
/// `points` are in order of date; `steps` go from fine to coarse.
#[must_use]
pub fn regular(points: &[Observation], steps: &[Step]) -> Option<Series> {
    let series = steps.iter().filter_map(|step| {
        let known = at_ends(*step, points, |step, at| step.nearest(at));
        let left_out = points.len() - known.len();
        fill(*step, &known, left_out)
    });
    best(series.collect(), |s| s)
}

/// The step that keeps most values with fewest gaps between them, the finest of equals.
fn best<T>(found: Vec<T>, series: fn(&T) -> &Series) -> Option<T> {
    let score = |t: &T| {
        let s = series(t);
        let known = (s.values.len() - s.gaps()) as f64;
        known * known * known / s.values.len() as f64
    };
    found
        .into_iter()
        .reduce(|a, b| if score(&b) > score(&a) { b } else { a })
}

/// The value nearest to each period's end; the later of two equally near is the fresher. What
/// lies further from every end than a quarter of a period stands for none.
fn at_ends(
    step: Step,
    points: &[Observation],
    place: impl Fn(Step, Date) -> i64,
) -> Vec<(i64, f64)> {
    let mut kept: Vec<(i64, i32, f64)> = Vec::new();
    for point in points {
        let index = place(step, point.at);
        let off = (step.end(index) - point.at).get_days().abs();
        if off > step.days() / 4 {
            continue;
        }
        match kept.last_mut() {
            Some(last) if last.0 == index && off <= last.1 => *last = (index, off, point.value),
            Some(last) if last.0 == index => {}
            _ => kept.push((index, off, point.value)),
        }
    }
    kept.into_iter().map(|(i, _, v)| (i, v)).collect()
}

/// Interpolates the gaps of known points; none when there are too many.
fn fill(step: Step, known: &[(i64, f64)], left_out: usize) -> Option<Series> {
    let (first, last) = (known.first()?.0, known.last()?.0);
    let span = usize::try_from(last - first + 1).ok()?;
    if (known.len() as f64) < COVERAGE_MIN * span as f64 {
        return None;
    }
    let (mut values, mut filled) = (Vec::with_capacity(span), Vec::with_capacity(span));
    for pair in known.windows(2) {
        let ((i, a), (j, b)) = (pair[0], pair[1]);
        for k in i..j {
            let part = (k - i) as f64 / (j - i) as f64;
            values.push(a + (b - a) * part);
            filled.push(k != i);
        }
    }
    values.push(known.last()?.1);
    filled.push(false);
    let cut = span.saturating_sub(STEPS_MAX);
    Some(Series {
        step,
        first: first + i64::try_from(cut).unwrap_or(0),
        values: values.split_off(cut),
        filled: filled.split_off(cut),
        left_out,
    })
}

/// Sums to date as what each period added, and the sum reached in the last year. A period without
/// a sum of its own shares evenly in the next one's.
#[must_use]
pub fn increments(sums: &[Observation]) -> Option<(Series, f64)> {
    let steps = [Step::Month, Step::Quarter, Step::Half, Step::Year];
    let found = steps.iter().filter_map(|step| increments_by(*step, sums));
    best(found.collect(), |(series, _)| series)
}

fn increments_by(step: Step, sums: &[Observation]) -> Option<(Series, f64)> {
    // Within its own year: a sum of early January is not last year's.
    let own_year = |step: Step, at: Date| {
        let year = Step::Year.index(at) * step.a_year() as i64;
        step.nearest(at).max(year)
    };
    let kept = at_ends(step, sums, own_year);
    let left_out = sums.len() - kept.len();
    let a_year = step.a_year() as i64;
    let first = kept.first()?.0.div_euclid(a_year) * a_year;
    let last = kept.last()?.0;
    let span = usize::try_from(last - first + 1).ok()?;
    if (kept.len() as f64) < COVERAGE_MIN * span as f64 {
        return None;
    }
    let (mut values, mut filled) = (vec![f64::NAN; span], vec![true; span]);
    let mut before: Option<(i64, f64)> = None;
    for (index, sum) in &kept {
        let start = index.div_euclid(a_year) * a_year;
        let (from, base) = match before {
            Some((i, s)) if i >= start => (i + 1, s),
            _ => (start, 0.0),
        };
        let share = (sum - base) / (index - from + 1) as f64;
        for k in from..=*index {
            let at = usize::try_from(k - first).ok()?;
            values[at] = share;
            // One interval without sums inside it is one observation, not several.
            filled[at] = k != *index;
        }
        before = Some((*index, *sum));
    }
    bridge(&mut values);
    let cut = span.saturating_sub(STEPS_MAX);
    let series = Series {
        step,
        first: first + i64::try_from(cut).unwrap_or(0),
        values: values.split_off(cut),
        filled: filled.split_off(cut),
        left_out,
    };
    Some((series, kept.last()?.1))
}

/// The end of a year nobody reported: between what was added before and after it.
fn bridge(values: &mut [f64]) {
    let known: Vec<usize> = (0..values.len()).filter(|i| !values[*i].is_nan()).collect();
    for pair in known.windows(2) {
        let (i, j) = (pair[0], pair[1]);
        let (a, b) = (values[i], values[j]);
        for (step, value) in values[i + 1..j].iter_mut().enumerate() {
            *value = a + (b - a) * (step + 1) as f64 / (j - i) as f64;
        }
    }
    // Years before the first known one cannot be: a series begins with its first year's sum.
    if let Some(first) = known.first() {
        let a = values[*first];
        values[..*first].fill(a);
    }
}
