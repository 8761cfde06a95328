//! Tags in a text: `{{name}}`, `{{#name}}…{{/name}}`, `{{?name}}…{{/name}}`,
//! `{{^name}}…{{/name}}`, `{{%name}}`.

/// What a tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Stands for a value.
    Value,
    /// Begins what is repeated for each row, or shown when there is a text.
    Open,
    /// Begins what is shown once when there is something.
    When,
    /// Begins what is shown when there is nothing.
    Inverse,
    /// Ends either.
    Close,
    /// Stands for a chart.
    Chart,
}

impl Kind {
    /// True when a section begins here.
    pub(super) const fn opens(self) -> bool {
        matches!(self, Self::Open | Self::When | Self::Inverse)
    }

    /// The sign before the name.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Value => "",
            Self::Open => "#",
            Self::When => "?",
            Self::Inverse => "^",
            Self::Close => "/",
            Self::Chart => "%",
        }
    }
}

/// A tag and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The tags of a text, in order. Braces that make no tag are text.
pub(super) fn tags(text: &str) -> Vec<Tag> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(open) = text[at..].find("{{") {
        let mut from = at + open;
        // Of three braces the last two make the tag.
        while text[from + 1..].starts_with("{{") {
            from += 1;
        }
        let Some(length) = text[from + 2..].find("}}") else {
            break;
        };
        let to = from + 2 + length + 2;
        let inner = text[from + 2..to - 2].trim();
        let (kind, name) = match inner.chars().next() {
            Some('#' | '＃') => (Kind::Open, rest(inner)),
            Some('?' | '？') => (Kind::When, rest(inner)),
            Some('^') => (Kind::Inverse, rest(inner)),
            Some('/' | '／') => (Kind::Close, rest(inner)),
            Some('%' | '％') => (Kind::Chart, rest(inner)),
            _ => (Kind::Value, inner),
        };
        found.push(Tag {
            kind,
            name: name.to_owned(),
            from,
            to,
        });
        at = to;
    }
    found
}

fn rest(inner: &str) -> &str {
    let mut chars = inner.chars();
    chars.next();
    chars.as_str().trim()
}

/// The index of the tag that ends the section opened by tag `open`, minding sections of the same
/// name inside.
pub(super) fn closing(tags: &[Tag], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, tag) in tags.iter().enumerate().skip(open) {
        if tag.name != tags[open].name {
            continue;
        }
        if tag.kind.opens() {
            depth += 1;
        } else if tag.kind == Kind::Close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_are_found_and_the_rest_is_text() {
        let found = tags("甲{{ a }}乙{{#b}}{{^c}}{{/c}}{{/ b}}{{%d}} {{{e}}} {{");
        let short: Vec<(Kind, &str)> = found.iter().map(|t| (t.kind, t.name.as_str())).collect();
        let expected = [
            (Kind::Value, "a"),
            (Kind::Open, "b"),
            (Kind::Inverse, "c"),
            (Kind::Close, "c"),
            (Kind::Close, "b"),
            (Kind::Chart, "d"),
            (Kind::Value, "e"),
        ];
        assert_eq!(short, expected);
        assert_eq!(closing(&found, 1), Some(4));
    }

    proptest! {
        #[test]
        fn any_text_is_cut_at_characters(text in "[{}#/^%a中 ]{0,40}") {
            for (index, tag) in tags(&text).iter().enumerate() {
                prop_assert!(text[tag.from..tag.to].starts_with("{{"));
                prop_assert!(text[tag.from..tag.to].ends_with("}}"));
                if tag.kind.opens() {
                    closing(&tags(&text), index);
                }
            }
        }
    }
}
