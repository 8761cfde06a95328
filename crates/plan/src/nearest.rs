//! The nearest known name to a mistyped one, for "did you mean".

/// Edit distance between two texts, in characters (Levenshtein, two rows).
#[must_use]
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// How alike two texts are, 0 (nothing) to 1 (the same).
#[must_use]
pub fn likeness(a: &str, b: &str) -> f64 {
    let longest = a.chars().count().max(b.chars().count());
    if longest == 0 {
        1.0
    } else {
        1.0 - distance(a, b) as f64 / longest as f64
    }
}

/// The known name most like `name`, if any is at least half alike or contains it.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let score = |other: &str| {
        let contained = !name.is_empty() && (other.contains(name) || name.contains(other));
        likeness(name, other).max(if contained { 0.6 } else { 0.0 })
    };
    known
        .into_iter()
        .filter(|other| !other.is_empty())
        .map(|other| (score(other), other))
        .filter(|(s, _)| *s >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_likely_name() {
        let known = ["经委", "科委", "商务委", "数据局", "新城公司"];
        assert_eq!(nearest("数劇局", known), Some("数据局"));
        assert_eq!(nearest("区数据局", known), Some("数据局"));
        assert_eq!(nearest("商委", known), Some("商务委"));
        assert_eq!(nearest("气象局测绘院", known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
