//! Treatments as functions over columns: what the gate does to values on their way out.
//!
//! Invariant: a treatment that does not fit a column's type removes the column; it never falls
//! back to showing values.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Float64Array, Int64Array, RecordBatch, RecordBatchOptions,
    StringArray, StringBuilder,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Datelike as _, NaiveDate};
use fpe::ff1::{FF1, FlexibleNumeralString};
use sm4::Sm4;
use tianyuan_kernel::release::{Rows, Treatment};

use crate::keys::Keys;

type Result<T> = std::result::Result<T, ArrowError>;

/// Digits FF1 needs at least (its domain must hold a million values), and letters.
const DIGITS_MIN: usize = 6;
const LETTERS_MIN: usize = 5;
/// Bytes of a digest that are shown, as hexadecimal.
const DIGEST_BYTES: usize = 16;

/// The type a column has after a treatment; `None`: it is absent.
#[must_use]
pub fn treated_type(data_type: &DataType, treatment: &Treatment) -> Option<DataType> {
    let text = matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    );
    let number = data_type.is_integer()
        || data_type.is_floating()
        || matches!(data_type, DataType::Decimal128(..));
    let day = matches!(data_type, DataType::Date32 | DataType::Timestamp(..));
    let plain = text || number || day || *data_type == DataType::Boolean;
    match treatment {
        Treatment::Show => Some(data_type.clone()),
        Treatment::Mask { .. } | Treatment::Digest if plain => Some(DataType::Utf8),
        Treatment::Encrypt if text || data_type.is_integer() => Some(DataType::Utf8),
        Treatment::Month | Treatment::Year if day => Some(match data_type {
            DataType::Timestamp(_, zone) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            _ => DataType::Date32,
        }),
        Treatment::Month | Treatment::Year if text => Some(DataType::Utf8),
        Treatment::Band { .. } if data_type.is_integer() => Some(DataType::Int64),
        Treatment::Band { .. } | Treatment::Grid { .. } if number => Some(DataType::Float64),
        _ => None,
    }
}

/// Treats a column. The result has the type [`treated_type`] tells.
///
/// # Errors
/// When the treatment does not fit the column, or a value cannot be converted; the words hold no
/// value.
pub(crate) fn treat(column: &ArrayRef, treatment: &Treatment, keys: &Keys) -> Result<ArrayRef> {
    let unfit = || ArrowError::ComputeError("a treatment does not fit its column".to_owned());
    let wanted = treated_type(column.data_type(), treatment).ok_or_else(unfit)?;
    let hidden = |_| ArrowError::ComputeError("a value cannot be treated".to_owned());
    match treatment {
        Treatment::Show => Ok(column.clone()),
        Treatment::Remove => Err(unfit()),
        Treatment::Mask {
            keep_first,
            keep_last,
        } => {
            let (first, last) = (usize::from(*keep_first), usize::from(*keep_last));
            texts(column, |text, out| mask(text, first, last, out)).map_err(hidden)
        }
        Treatment::Digest => texts(column, |text, out| {
            for byte in &keys.digest(text.as_bytes())[..DIGEST_BYTES] {
                out.push(HEX[usize::from(byte >> 4)] as char);
                out.push(HEX[usize::from(byte & 15)] as char);
            }
            true
        })
        .map_err(hidden),
        Treatment::Encrypt => {
            let cipher = Cipher::new(keys).ok_or_else(unfit)?;
            texts(column, |text, out| cipher.encrypt(text, out)).map_err(hidden)
        }
        Treatment::Month | Treatment::Year => {
            generalise_day(column, *treatment == Treatment::Year, &wanted).map_err(hidden)
        }
        Treatment::Band { width } => band(column, i64::from((*width).max(1)), &wanted),
        Treatment::Grid { seconds } => {
            let cells_per_degree = 3_600.0 / f64::from((*seconds).max(1));
            let degrees = cast(column, &DataType::Float64).map_err(hidden)?;
            let degrees: Float64Array = degrees
                .as_primitive::<Float64Type>()
                .unary(|degree| (degree * cells_per_degree).floor() / cells_per_degree);
            Ok(Arc::new(degrees))
        }
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Applies `write` to each value as text; where it answers false the value is absent.
fn texts(column: &ArrayRef, write: impl Fn(&str, &mut String) -> bool) -> Result<ArrayRef> {
    let column = cast(column, &DataType::Utf8)?;
    let column = column.as_string::<i32>();
    let mut builder = StringBuilder::with_capacity(column.len(), column.values().len());
    let mut out = String::new();
    for value in column {
        out.clear();
        match value {
            Some(value) if write(value, &mut out) => builder.append_value(&out),
            _ => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// A value of which less than a third would be hidden is hidden whole.
fn mask(text: &str, first: usize, last: usize, out: &mut String) -> bool {
    let n = text.chars().count();
    let enough = (first + last < n) && (n - first - last) * 3 >= n;
    let (first, last) = if enough { (first, last) } else { (0, 0) };
    for (i, c) in text.chars().enumerate() {
        out.push(if i < first || i >= n - last { c } else { '*' });
    }
    true
}

/// FF1 over the digits and over the letters of a value; whatever is too short for it is hidden.
struct Cipher {
    digits: FF1<Sm4>,
    letters: FF1<Sm4>,
}

impl Cipher {
    fn new(keys: &Keys) -> Option<Self> {
        Some(Self {
            digits: FF1::new(keys.encrypt(), 10).ok()?,
            letters: FF1::new(keys.encrypt(), 26).ok()?,
        })
    }

    fn encrypt(&self, text: &str, out: &mut String) -> bool {
        let digits: Vec<u16> = text
            .chars()
            .filter_map(|c| c.to_digit(10).map(|d| d as u16))
            .collect();
        let letters: Vec<u16> = text
            .chars()
            .filter(char::is_ascii_alphabetic)
            .map(|c| u16::from(c.to_ascii_lowercase() as u8 - b'a'))
            .collect();
        let digits = encrypt(&self.digits, digits, DIGITS_MIN, b"digits");
        let letters = encrypt(&self.letters, letters, LETTERS_MIN, b"letters");
        let (mut digits, mut letters) = (digits.into_iter(), letters.into_iter());
        for c in text.chars() {
            let shown = if c.is_ascii_digit() {
                let digit = digits.next().and_then(|d| u8::try_from(d).ok());
                digit.map_or('*', |d| (b'0' + d) as char)
            } else if c.is_ascii_alphabetic() {
                let base = if c.is_ascii_uppercase() { b'A' } else { b'a' };
                let letter = letters.next().and_then(|l| u8::try_from(l).ok());
                letter.map_or('*', |l| (base + l) as char)
            } else if c.is_ascii_punctuation() || c == ' ' {
                c
            } else {
                '*'
            };
            out.push(shown);
        }
        true
    }
}

fn encrypt(cipher: &FF1<Sm4>, numerals: Vec<u16>, min: usize, tweak: &[u8]) -> Vec<u16> {
    if numerals.len() < min {
        return Vec::new();
    }
    cipher
        .encrypt(tweak, &FlexibleNumeralString::from(numerals))
        .map(Vec::from)
        .unwrap_or_default()
}

fn generalise_day(column: &ArrayRef, to_year: bool, wanted: &DataType) -> Result<ArrayRef> {
    match wanted {
        DataType::Utf8 => texts(column, |text, out| begins_with_day(text, to_year, out)),
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>();
            let days: arrow::array::Date32Array =
                days.unary_opt(|day| floor_day(i64::from(day), to_year));
            Ok(Arc::new(days))
        }
        _ => {
            const DAY: i64 = 86_400_000_000;
            let times = cast(column, wanted)?;
            let times = times.as_primitive::<TimestampMicrosecondType>();
            let times: arrow::array::TimestampMicrosecondArray = times.unary_opt(|time| {
                floor_day(time.div_euclid(DAY), to_year).map(|day| i64::from(day) * DAY)
            });
            Ok(Arc::new(times.with_data_type(wanted.clone())))
        }
    }
}

fn floor_day(day: i64, to_year: bool) -> Option<i32> {
    let date = DateTime::from_timestamp(day.checked_mul(86_400)?, 0)?.date_naive();
    let month = if to_year { 1 } else { date.month() };
    let floor = NaiveDate::from_ymd_opt(date.year(), month, 1)?;
    i32::try_from(floor.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// `2024-06-30…` becomes `2024-06` or `2024`; any other text is absent.
fn begins_with_day(text: &str, to_year: bool, out: &mut String) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|b| b.iter().all(u8::is_ascii_digit))
    };
    let dated =
        digits(0..4) && bytes.get(4).is_some_and(|b| matches!(b, b'-' | b'/')) && digits(5..7);
    if dated {
        out.push_str(&text[..if to_year { 4 } else { 7 }]);
    }
    dated
}

fn band(column: &ArrayRef, width: i64, wanted: &DataType) -> Result<ArrayRef> {
    let column = cast(column, wanted)?;
    if *wanted == DataType::Int64 {
        let bands: Int64Array = column
            .as_primitive::<Int64Type>()
            .unary_opt(|n| n.div_euclid(width).checked_mul(width));
        return Ok(Arc::new(bands));
    }
    let width = width as f64;
    let bands: Float64Array = column
        .as_primitive::<Float64Type>()
        .unary(|n| (n / width).floor() * width);
    Ok(Arc::new(bands))
}

/// Keeps the rows that leave; `place` is where the filtered field stands in the batch.
pub(crate) fn keep_rows(
    batch: RecordBatch,
    rows: &Rows,
    place: Option<usize>,
) -> Result<RecordBatch> {
    let values = match rows {
        Rows::All => return Ok(batch),
        Rows::Only { values, .. } => values,
    };
    let Some(place) = place else {
        return Ok(batch.slice(0, 0));
    };
    let column = cast(batch.column(place), &DataType::Utf8)?;
    let column: &StringArray = column.as_string::<i32>();
    let kept = column
        .iter()
        .map(|value| Some(value.is_some_and(|v| values.iter().any(|w| w == v))))
        .collect();
    compact(&filter_record_batch(&batch, &kept)?)
}

/// Views of texts share the buffers they were read into, and those hold the other rows' texts
/// too. What writes arrays out as they lie in memory (Arrow, Flight) would send them along.
fn compact(batch: &RecordBatch) -> Result<RecordBatch> {
    let alone = |column: &ArrayRef| match column.as_string_view_opt() {
        Some(views) => Arc::new(views.gc()) as ArrayRef,
        None => column.clone(),
    };
    let columns = batch.columns().iter().map(alone).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> Keys {
        Keys::from_secret(1, &[7; 32])
    }

    fn one(value: &str, treatment: &Treatment) -> Option<String> {
        let column: ArrayRef = Arc::new(StringArray::from(vec![value]));
        let treated = treat(&column, treatment, &keys()).unwrap();
        let treated = treated.as_string::<i32>();
        (!treated.is_null(0)).then(|| treated.value(0).to_owned())
    }

    const MASK: Treatment = Treatment::Mask {
        keep_first: 3,
        keep_last: 4,
    };

    #[test]
    fn a_mask_keeps_the_ends_and_hides_short_values_whole() {
        assert_eq!(one("13812345678", &MASK).unwrap(), "138****5678");
        assert_eq!(one("张三李四", &MASK).unwrap(), "****");
        let name = Treatment::Mask {
            keep_first: 1,
            keep_last: 0,
        };
        assert_eq!(one("张三", &name).unwrap(), "张*");
        assert_eq!(one("张", &MASK).unwrap(), "*");
        assert_eq!(one("", &MASK).unwrap(), "");
    }

    #[test]
    fn a_digest_is_hmac_sm3_under_the_key_of_this_use() {
        let shown = one("310118199001011234", &Treatment::Digest).unwrap();
        let expected = keys().digest(b"310118199001011234");
        assert_eq!(shown, hex::encode(&expected[..16]));
        let other = Keys::from_secret(2, &[8; 32]);
        assert_ne!(other.digest(b"310118199001011234"), expected);
    }

    #[test]
    fn encryption_keeps_the_form_and_can_be_undone_with_the_key_alone() {
        let shown = one("310118-1990010112", &Treatment::Encrypt).unwrap();
        assert_eq!(shown.len(), 17);
        assert_eq!(&shown[6..7], "-");
        assert_ne!(shown, "310118-1990010112");
        let digits: Vec<u16> = shown
            .chars()
            .filter_map(|c| c.to_digit(10))
            .map(|d| d as u16)
            .collect();
        let cipher = Cipher::new(&keys()).unwrap();
        let back = cipher
            .digits
            .decrypt(b"digits", &FlexibleNumeralString::from(digits))
            .unwrap();
        let back: String = Vec::from(back)
            .into_iter()
            .map(|d: u16| (b'0' + d as u8) as char)
            .collect();
        assert_eq!(back, "3101181990010112");
        assert_eq!(one("沪A12345", &Treatment::Encrypt).unwrap(), "*******");
    }

    #[test]
    fn days_go_to_their_month_and_numbers_to_their_band() {
        assert_eq!(
            one("2024-06-30 08:00", &Treatment::Month).unwrap(),
            "2024-06"
        );
        assert_eq!(one("1990/01/01", &Treatment::Year).unwrap(), "1990");
        assert_eq!(one("june 1990", &Treatment::Year), None);
        let days: ArrayRef = Arc::new(arrow::array::Date32Array::from(vec![
            Some(19_904),
            Some(-1),
            None,
        ]));
        let months = treat(&days, &Treatment::Month, &keys()).unwrap();
        let months = cast(&months, &DataType::Utf8).unwrap();
        assert_eq!(months.as_string::<i32>().value(0), "2024-06-01");
        assert_eq!(months.as_string::<i32>().value(1), "1969-12-01");
        let ages: ArrayRef = Arc::new(Int64Array::from(vec![
            Some(37),
            Some(-3),
            Some(i64::MIN),
            None,
        ]));
        let bands = treat(&ages, &Treatment::Band { width: 10 }, &keys()).unwrap();
        let bands = bands.as_primitive::<Int64Type>();
        assert_eq!((bands.value(0), bands.value(1)), (30, -10));
        assert!(bands.is_null(2), "beyond the range is absent, not a panic");
        let place: ArrayRef = Arc::new(Float64Array::from(vec![121.123_456]));
        let cell = treat(&place, &Treatment::Grid { seconds: 360 }, &keys()).unwrap();
        assert!((cell.as_primitive::<Float64Type>().value(0) - 121.1).abs() < 1e-9);
    }

    fn any_treatment() -> impl Strategy<Value = Treatment> {
        prop_oneof![
            (0_u8..9, 0_u8..9).prop_map(|(keep_first, keep_last)| Treatment::Mask {
                keep_first,
                keep_last
            }),
            Just(Treatment::Digest),
            Just(Treatment::Encrypt),
            Just(Treatment::Month),
            Just(Treatment::Year),
        ]
    }

    proptest! {
        #[test]
        fn no_treatment_fails_on_any_text_or_shows_more_than_two_thirds_of_it(
            value in "\\PC{0,40}", treatment in any_treatment()
        ) {
            let shown = one(&value, &treatment);
            if let (Treatment::Mask { .. }, Some(shown)) = (&treatment, &shown) {
                let hidden = shown.chars().zip(value.chars()).filter(|(s, v)| s != v || *v == '*').count();
                prop_assert!(hidden * 3 >= value.chars().count());
            }
            if let (Treatment::Digest, Some(shown)) = (&treatment, &shown) {
                prop_assert_eq!(shown.len(), 32);
            }
            if let (Treatment::Encrypt, Some(shown)) = (&treatment, &shown) {
                prop_assert_eq!(shown.chars().count(), value.chars().count());
            }
        }

        #[test]
        fn bands_hold_their_numbers(n in any::<i64>(), width in 1_u32..1_000_000) {
            let column: ArrayRef = Arc::new(Int64Array::from(vec![n]));
            let bands = treat(&column, &Treatment::Band { width }, &keys()).unwrap();
            let bands = bands.as_primitive::<Int64Type>();
            if !bands.is_null(0) {
                let low = bands.value(0);
                prop_assert!(low <= n && n - low < i64::from(width));
            }
        }

        #[test]
        fn equal_values_stay_equal_under_digest_and_encryption(value in "[0-9A-Za-z]{6,30}") {
            for treatment in [Treatment::Digest, Treatment::Encrypt] {
                prop_assert_eq!(one(&value, &treatment), one(&value, &treatment));
            }
        }
    }
}
