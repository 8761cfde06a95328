//! Numbers and lists as the papers write them, in the paper's language.

use super::PaperLang;

/// Speaks one language.
#[derive(Clone, Copy)]
pub(crate) struct Tongue(pub(crate) PaperLang);

impl Tongue {
    /// One of two texts.
    pub(crate) fn say<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self.0 {
            PaperLang::Zh => zh,
            PaperLang::En => en,
        }
    }

    /// The name in this language; the official one where there is no other.
    pub(crate) fn name<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        if self.0 == PaperLang::En && !en.is_empty() {
            en
        } else {
            zh
        }
    }

    /// A text of both languages.
    pub(crate) fn of(self, text: &tianyuan_kernel::text::Text) -> String {
        text.in_lang(self.0.lang()).to_owned()
    }

    /// Names in a row.
    pub(crate) fn list<S: AsRef<str>>(self, names: &[S]) -> String {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        names.join(self.say("、", ", "))
    }

    /// At most so many names, and how many there are in all.
    pub(crate) fn some<S: AsRef<str>>(self, names: &[S], most: usize) -> String {
        let shown = self.list(&names[..names.len().min(most)]);
        if names.len() <= most {
            return shown;
        }
        let n = names.len();
        match self.0 {
            PaperLang::Zh => format!("{shown}等 {n} 家"),
            PaperLang::En => format!("{shown} and {} more", n - most),
        }
    }
}

/// A number with so many decimals and its thousands apart.
pub(crate) fn number(value: f64, decimals: i64) -> String {
    let decimals = usize::try_from(decimals.clamp(0, 6)).unwrap_or(0);
    let text = format!("{:.*}", decimals, value.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|b| matches!(b, b'1'..=b'9')) {
        out.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    out
}

/// A share of one as a percentage with one decimal.
pub(crate) fn percent(share: f64) -> String {
    format!("{}%", number(share * 100.0, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!(number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(number(-999.6, 0), "-1,000");
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(number(12.0, 0), "12");
        assert_eq!(percent(0.8751), "87.5%");
        let zh = Tongue(PaperLang::Zh);
        assert_eq!(zh.some(&["甲", "乙", "丙"], 2), "甲、乙等 3 家");
        assert_eq!(zh.some(&["甲"], 2), "甲");
    }
}
