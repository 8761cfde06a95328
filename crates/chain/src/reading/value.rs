//! What a cell means: numbers with separators and full-width digits, dates in the ways people
//! write them, yes and no, and the many ways of writing nothing.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};

/// Full-width characters and odd blanks and dashes as ASCII; outer blanks away. Nearly every cell
/// is ASCII already, and costs nothing.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text.trim());
    }
    let folded = text.chars().map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => ' ',
        '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{fe63}' => '-',
        c => c,
    });
    Cow::Owned(folded.collect::<String>().trim().to_owned())
}

/// True for what people write where there is no value, besides nothing at all.
#[must_use]
pub fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || matches!(
            text,
            "NA" | "N/A"
                | "n/a"
                | "NaN"
                | "nan"
                | "NULL"
                | "null"
                | "None"
                | "-"
                | "--"
                | "—"
                | "——"
                | "/"
                | "\\N"
                | "#N/A"
        )
}

/// A number: `1234.5`, `1,234.5`, `１２３`, `45%` (45), `1e3`.
#[must_use]
pub fn parse_number(text: &str) -> Option<f64> {
    let folded = fold(text);
    let text = folded.strip_suffix('%').unwrap_or(&folded).trim_end();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, rest) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if whole.contains(',') {
        let mut groups = whole.split(',');
        let first = groups.next()?;
        let well = (1..=3).contains(&first.len()) && groups.all(|g| g.len() == 3);
        if !well || !rest.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        return text
            .replace(',', "")
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite());
    }
    if !unsigned.bytes().all(|b| b"0123456789.eE+-".contains(&b)) {
        return None;
    }
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

/// A whole number within 64 bits: `1234`, `1,234`, `１２３`, also `12.0`.
#[must_use]
pub fn parse_integer(text: &str) -> Option<i64> {
    let folded = fold(text);
    let whole = match folded.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => &folded,
    };
    if whole.contains(',') {
        parse_number(whole)?;
        return whole.replace(',', "").parse().ok();
    }
    whole.strip_prefix('+').unwrap_or(whole).parse().ok()
}

/// Yes or no.
#[must_use]
pub fn parse_boolean(text: &str) -> Option<bool> {
    let folded = fold(text);
    let is = |words: [&str; 7]| words.iter().any(|w| folded.eq_ignore_ascii_case(w));
    if is(["是", "true", "t", "yes", "y", "有", "√"]) {
        Some(true)
    } else if is(["否", "false", "f", "no", "n", "无", "×"]) {
        Some(false)
    } else {
        None
    }
}

/// A day: `2025-12-31`, `2025/12/31`, `2025.12.31`, `2025年12月31日`, `20251231`, also full width.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    let text = fold(text);
    day(&text)
}

fn day(text: &str) -> Option<Date> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        let date = Date::new(
            text[..4].parse().ok()?,
            text[4..6].parse().ok()?,
            text[6..].parse().ok()?,
        );
        return date.ok().filter(plausible);
    }
    let text = text.strip_suffix('日').unwrap_or(text);
    let mut parts = text.split(['-', '/', '.', '年', '月']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let plain =
        |s: &str, max: usize| (1..=max).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some()
        || year.len() != 4
        || !plain(year, 4)
        || !plain(month, 2)
        || !plain(day, 2)
    {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    date.ok().filter(plausible)
}

/// Years in which people date things; eight digits of another year are a number.
fn plausible(date: &Date) -> bool {
    (1000..=2999).contains(&date.year())
}

/// A day and time of day: a day, a blank or `T`, then `3:04`, `03:04:05`, `3时4分`, perhaps with
/// an offset or `Z`, which gives UTC+8.
#[must_use]
pub fn parse_datetime(text: &str) -> Option<DateTime> {
    let text = fold(text);
    // Most cells are no moment, and can be told without looking closer.
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') {
        return None;
    }
    if text.contains(['T', 't', ':'])
        && let Ok(stamp) = text.parse::<jiff::Timestamp>()
    {
        let at = jiff::tz::offset(8).to_datetime(stamp);
        return Some(at).filter(|at| plausible(&at.date()));
    }
    let at = text
        .find(['T', ' '])
        .or_else(|| text.find('日').map(|i| i + '日'.len_utf8()));
    let Some(at) = at else {
        return day(&text).map(|d| d.to_datetime(Time::midnight()));
    };
    let (date, time) = text.split_at(at);
    let time = time.trim_start_matches(['T', ' ']);
    let date = day(date)?;
    if time.is_empty() {
        return Some(date.to_datetime(Time::midnight()));
    }
    Some(date.to_datetime(time_of_day(time)?))
}

fn time_of_day(text: &str) -> Option<Time> {
    let text = text.trim_end_matches(['秒', '分']);
    let (text, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = text.split([':', '时', '点', '分']);
    let number = |part: Option<&str>| part.map(|p| p.trim().parse::<i8>());
    let hour = number(parts.next())?.ok()?;
    let minute = number(parts.next()).map_or(Some(0), |m| m.ok())?;
    let second = match parts.next() {
        None | Some("") => 0,
        Some(part) => part.trim().parse().ok()?,
    };
    if parts.next().is_some() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Time::new(hour, minute, second, nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, number) in [
            ("1234.5", 1234.5),
            ("1,234.5", 1234.5),
            ("１２３．５", 123.5),
            ("-3", -3.0),
            ("45%", 45.0),
            ("1e3", 1000.0),
        ] {
            assert_eq!(parse_number(text), Some(number), "{text}");
        }
        for text in [
            "", "1,23", "12 34", "inf", "NaN", "1.2.3", "abc", "e", "-", "1-2",
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
        assert_eq!(parse_integer("１,０００"), Some(1000));
        assert_eq!(parse_integer("12.0"), Some(12));
        assert_eq!(parse_integer("12.5"), None);
        assert_eq!(parse_integer("99999999999999999999"), None);
    }

    #[test]
    fn days_as_people_write_them() {
        let day = jiff::civil::date(2024, 3, 5);
        for text in [
            "2024-03-05",
            "2024/3/5",
            "2024.3.5",
            "2024年3月5日",
            "20240305",
            "２０２４－３－５",
        ] {
            assert_eq!(parse_date(text), Some(day), "{text}");
        }
        for text in [
            "2024-13-01",
            "24-3-5",
            "2024-3",
            "00010101",
            "2024-02-30",
            "3/5/2024",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn times_as_people_write_them() {
        let at = jiff::civil::date(2024, 3, 5).at(13, 4, 0, 0);
        for text in [
            "2024-03-05 13:04",
            "2024/3/5 13:04:00",
            "2024-03-05T13:04:00",
            "2024年3月5日13时4分",
            "2024-03-05T05:04:00Z",
            "2024-03-05T13:04:00+08:00",
        ] {
            assert_eq!(parse_datetime(text), Some(at), "{text}");
        }
        assert_eq!(parse_datetime("9999-03-05T13:04:00Z"), None);
        assert_eq!(parse_datetime("2024-03-05 25:00"), None);
        assert_eq!(parse_datetime("2024-03-05 x"), None);
    }
}
