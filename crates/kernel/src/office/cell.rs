//! A cell, and what a person means by it: full-width digits, thousands separators, dates as text.

use jiff::civil::Date;

use crate::text::Text;

/// Days between the beginnings of the two systems workbooks count in.
const DAYS_TO_1904: f64 = 1_462.0;

/// A cell as it was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Blank,
    /// Text.
    Text(String),
    /// A number, or the stored value of a formula.
    Number(f64),
    /// A number of a workbook that counts days from 1904, as Excel for Mac once did: another day
    /// than the same number elsewhere.
    Number1904(f64),
    /// A number whose cell shows per cent: 45 where the sheet shows 45% and stores 0.45.
    Percent(f64),
    /// True or false.
    Bool(bool),
    /// A date; the time of day is left out.
    Date(Date),
    /// An error such as `#REF!`.
    Error(String),
    /// A formula that no program has calculated: the file holds no value for it.
    Uncalculated,
}

impl Cell {
    /// True when it holds nothing, or blanks only.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Blank => true,
            Self::Text(text) => text.chars().all(char::is_whitespace),
            _ => false,
        }
    }

    /// As text; whole numbers without a decimal point.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Text(text) | Self::Error(text) => text.clone(),
            Self::Number(number) | Self::Number1904(number) => number.to_string(),
            Self::Percent(number) => format!("{number}%"),
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::Date(date) => date.to_string(),
            Self::Uncalculated => "#UNCALCULATED".to_owned(),
        }
    }

    /// What is wrong with the cell whatever is expected of it: an error value, or a formula
    /// without a value.
    #[must_use]
    pub fn fault(&self) -> Option<Text> {
        match self {
            Self::Error(error) => Some(crate::text!(
                "单元格是错误值 {error}，请改正公式或直接填写内容。",
                "The cell holds the error {error}; put the formula right or type the value."
            )),
            Self::Uncalculated => Some(Text::new(
                "单元格是公式，但文件没有存下计算结果，请用 Excel 或 WPS 打开并保存后重试。",
                "The cell is a formula without a stored result; open and save the file in Excel.",
            )),
            _ => None,
        }
    }

    /// As a number. Text is read with full-width characters as their ASCII forms and with commas
    /// only where they separate thousands. Per cent counts in hundredths: `45%` is 45, be it
    /// text or a cell formatted so.
    ///
    /// # Errors
    /// What was there instead.
    pub fn number(&self) -> Result<f64, Text> {
        let shown = self.text();
        let wrong = || {
            crate::text!(
                "应为数字，如 1234.5 或 1,234.5，收到“{shown}”。",
                "A number such as 1234.5 or 1,234.5 is needed; got \"{shown}\"."
            )
        };
        match self {
            Self::Number(number) | Self::Number1904(number) | Self::Percent(number)
                if number.is_finite() =>
            {
                Ok(*number)
            }
            Self::Text(text) => plain_number(&fold(text)).ok_or_else(wrong),
            Self::Error(_) | Self::Uncalculated => Err(self.fault().unwrap_or_else(wrong)),
            Self::Date(date) => Err(crate::text!(
                "应为数字，收到日期 {date}；请把单元格格式改为“数值”。",
                "A number is needed; got the date {date}. Format the cell as a number."
            )),
            _ => Err(wrong()),
        }
    }

    /// As a date. Text may be `2025-12-31`, `2025/12/31`, `2025.12.31`, `2025年12月31日` or
    /// `20251231`, also in full-width digits; a plain number is a day count of the workbook's
    /// system.
    ///
    /// # Errors
    /// What was there instead.
    pub fn date(&self) -> Result<Date, Text> {
        let shown = self.text();
        let found = match self {
            Self::Date(date) => Some(*date),
            Self::Text(text) => plain_date(&fold(text)),
            Self::Number(number) => compact(&number.to_string()).or_else(|| serial(*number)),
            Self::Number1904(number) => {
                compact(&number.to_string()).or_else(|| serial(*number + DAYS_TO_1904))
            }
            _ => None,
        };
        found.ok_or_else(|| {
            if let Some(fault) = self.fault() {
                return fault;
            }
            crate::text!(
                "应为日期，如 2025-12-31，收到“{shown}”。",
                "A date such as 2025-12-31 is needed; got \"{shown}\"."
            )
        })
    }
}

/// A stored fraction as per cent, exact in decimal: 0.07 is 7, where 0.07 * 100 is not.
pub(super) fn percent(fraction: f64) -> Cell {
    let shifted = format!("{fraction}e2").parse();
    shifted.map_or(Cell::Number(fraction), Cell::Percent)
}

/// Full-width characters, dashes, and blanks of every width as ASCII; outer blanks away.
fn fold(text: &str) -> String {
    let folded: String = text
        .chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
            '\u{3000}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => ' ',
            '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{fe63}' => '-',
            '。' | '\u{fe52}' => '.',
            '\u{fe50}' => ',',
            '\u{fe6a}' => '%',
            c => c,
        })
        .collect();
    folded.trim().to_owned()
}

fn plain_number(text: &str) -> Option<f64> {
    let text = text.strip_suffix('%').unwrap_or(text);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.contains(',') {
        let mut groups = whole.split(',');
        let first = groups.next()?;
        let well_grouped = (1..=3).contains(&first.len()) && groups.all(|g| g.len() == 3);
        if !well_grouped {
            return None;
        }
    }
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b',');
    let exponent_free = digits(whole) && rest.bytes().all(|b| b.is_ascii_digit());
    if !exponent_free && !unsigned.bytes().all(|b| b"0123456789.eE+-".contains(&b)) {
        return None;
    }
    text.replace(',', "")
        .parse::<f64>()
        .ok()
        .filter(|n| n.is_finite())
}

fn plain_date(text: &str) -> Option<Date> {
    // A time of day after the date is left out.
    let text = text.split([' ', 'T']).next()?;
    if let Some(date) = compact(text) {
        return Some(date);
    }
    let text = text.strip_suffix('日').unwrap_or(text);
    let parts: Vec<&str> = text.split(['-', '/', '.', '年', '月']).collect();
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    let plain =
        |s: &str, max: usize| (1..=max).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if year.len() != 4 || !plain(year, 4) || !plain(month, 2) || !plain(day, 2) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `20251231`.
fn compact(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Date::new(
        text[..4].parse().ok()?,
        text[4..6].parse().ok()?,
        text[6..].parse().ok()?,
    )
    .ok()
}

/// Days of the 1900 system, within 1950 to 2100, where a plain number may well be a date.
fn serial(number: f64) -> Option<Date> {
    if !(18_264.0..=73_415.0).contains(&number) {
        return None;
    }
    let days = number.floor() as i64;
    jiff::civil::date(1899, 12, 30)
        .checked_add(jiff::Span::new().days(days))
        .ok()
}
