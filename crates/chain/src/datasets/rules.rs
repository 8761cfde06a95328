//! Rules of an entry: what is well formed, and what its grades allow.

use tianyuan_kernel::error::{Error, FieldError, Result};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::fields::{fault, faults};
use super::{Field, Profile};
use crate::words::Opening;

/// What the grades of its fields suggest: 1 opens, 2 opens on conditions, 3 and 4 do not.
#[must_use]
pub fn opening_by_grades(fields: &[Field]) -> Opening {
    match fields.iter().map(|f| f.grade).max().unwrap_or(1) {
        ..=1 => Opening::Unconditional,
        2 => Opening::Conditional,
        _ => Opening::None,
    }
}

/// Opening further than the grades suggest is a decision, and a decision has a reason.
///
/// # Errors
/// 422 without one.
pub fn check_opening(profile: &Profile) -> Result<()> {
    let suggested = opening_by_grades(&profile.fields);
    // The variants stand in order from open to closed.
    if profile.opening >= suggested || !profile.opening_terms.trim().is_empty() {
        return Ok(());
    }
    let (zh, en) = (suggested.title().zh, suggested.title().en);
    let words = text!(
        "按字段分级应为“{zh}”；要更开放，请写明理由。",
        "By the grades of its fields it is: {en}. To open it further, give a reason."
    );
    Err(Error::invalid(
        "opening_needs_reason",
        "opening_terms",
        words,
    ))
}

/// Checks a profile.
///
/// # Errors
/// 422 with every fault.
pub fn check(profile: &Profile) -> Result<()> {
    let mut found = faults(&profile.fields, "fields");
    let p = profile;
    let chars = |text: &str| text.chars().count();
    let limits = [
        ("title", chars(p.title.trim()), 1, 120),
        ("title_en", chars(&p.title_en), 0, 200),
        ("summary", chars(&p.summary), 0, 4_000),
        ("summary_en", chars(&p.summary_en), 0, 4_000),
        ("item_code", chars(&p.item_code), 0, 64),
        ("sharing_terms", chars(&p.sharing_terms), 0, 500),
        ("opening_terms", chars(&p.opening_terms), 0, 500),
        ("themes", p.themes.len(), 0, 6),
        ("tags", p.tags.len(), 0, 20),
        ("contact.name", chars(&p.contact.name), 0, 120),
        ("contact.email", chars(&p.contact.email), 0, 120),
        ("contact.phone", chars(&p.contact.phone), 0, 40),
        ("spatial.name", chars(&p.spatial.name), 0, 120),
        ("lineage", p.lineage.len(), 0, 50),
    ];
    for (field, size, least, most) in limits {
        if size < least || size > most {
            let words = text!(
                "长度应为 {least} 到 {most}，收到 {size}。",
                "Its length is {least} to {most}; got {size}."
            );
            found.push(fault(field.to_owned(), "too_long", words));
        }
    }
    for (i, tag) in p.tags.iter().enumerate() {
        if !(1..=30).contains(&chars(tag.trim())) {
            let words = Text::new("标签为 1 到 30 个字符。", "A tag has 1 to 30 characters.");
            found.push(fault(format!("tags[{i}]"), "tag", words));
        }
    }
    for (i, source) in p.lineage.iter().enumerate() {
        if !(1..=200).contains(&chars(source.title.trim())) || !is_address(&source.uri) {
            let words = Text::new(
                "来源要有名称；地址以 http:// 或 https:// 开头，可以留空。",
                "A source has a title; its address begins with http:// or https://, or is empty.",
            );
            found.push(fault(format!("lineage[{i}]"), "source", words));
        }
    }
    if !p.contact.email.is_empty() && !is_email(&p.contact.email) {
        let words = Text::new("邮箱的样子是 a@b.cn。", "An e-mail looks like a@b.cn.");
        found.push(fault("contact.email".to_owned(), "email", words));
    }
    if p.spatial.bbox.is_some_and(|b| !is_bbox(b)) {
        let words = Text::new(
            "范围依次为西、南、东、北，经度 -180 到 180，纬度 -90 到 90，且西不大于东、南不大于北。",
            "A bounding box is west, south, east, north in degrees, west at most east, south at most north.",
        );
        found.push(fault("spatial.bbox".to_owned(), "bbox", words));
    }
    if let (Some(from), Some(to)) = (p.covers_from, p.covers_to)
        && from > to
    {
        let words = Text::new("起始日期晚于结束日期。", "The first day is after the last.");
        found.push(fault("covers_to".to_owned(), "days_reversed", words));
    }
    found.extend(nul_characters(profile));
    if found.is_empty() {
        return Ok(());
    }
    let first = found[0].clone();
    Err(Error::invalid(first.code, first.field, first.detail).with_fields(found))
}

/// JSON text could carry U+0000 past the database's own check.
fn nul_characters(profile: &Profile) -> Option<FieldError> {
    let json = serde_json::to_string(profile).unwrap_or_default();
    json.contains("\\u0000").then(|| {
        let words = Text::new(
            "文本中含有空字符（U+0000），请删除后重试。",
            "The text holds a NUL character (U+0000); remove it.",
        );
        fault(String::new(), "nul_character", words)
    })
}

fn is_address(uri: &str) -> bool {
    let web = uri.starts_with("http://") || uri.starts_with("https://");
    uri.is_empty() || (uri.len() <= 500 && web && url::Url::parse(uri).is_ok())
}

fn is_email(email: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"'(),:;\\[]{}|^`".contains(c);
    email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && email.chars().all(plain) && !host.contains('@')
    })
}

fn is_bbox([west, south, east, north]: [f64; 4]) -> bool {
    let within = |v: f64, most: f64| v.is_finite() && (-most..=most).contains(&v);
    within(west, 180.0)
        && within(east, 180.0)
        && within(south, 90.0)
        && within(north, 90.0)
        && west <= east
        && south <= north
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::FieldType;

    #[test]
    fn opening_follows_the_highest_grade() {
        let graded = |grade| Field {
            grade,
            ..Field::new("a", "a", FieldType::Text)
        };
        assert_eq!(opening_by_grades(&[]), Opening::Unconditional);
        assert_eq!(
            opening_by_grades(&[graded(1), graded(2)]),
            Opening::Conditional
        );
        assert_eq!(opening_by_grades(&[graded(4), graded(1)]), Opening::None);
    }

    #[test]
    fn addresses_boxes_and_mails() {
        assert!(is_address("") && is_address("https://example.org/a"));
        assert!(!is_address("javascript:alert(1)"));
        assert!(is_email("data@example.gov.cn") && !is_email("a b@c.d") && !is_email("a@@b.c"));
        assert!(is_bbox([120.8, 30.9, 121.3, 31.3]) && !is_bbox([121.0, 31.0, 120.0, 32.0]));
    }
}
