//! Cutting text into words: Chinese by jieba's dictionary, everything else at blanks and signs.
//!
//! The dictionary takes tens of megabytes and a quarter of a second, so it is read when first
//! needed and never by a node that nobody asks to search.

use std::sync::OnceLock;

use jieba_rs::Jieba;

fn jieba() -> &'static Jieba {
    static JIEBA: OnceLock<Jieba> = OnceLock::new();
    JIEBA.get_or_init(Jieba::new)
}

fn is_word(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The words of a text in order, none overlapping; signs and blanks are left out.
#[must_use]
pub fn words(text: &str) -> Vec<&str> {
    let cut = jieba().cut(text, true);
    cut.into_iter()
        .map(|t| t.word)
        .filter(|w| is_word(w))
        .collect()
}

/// A word with its place in the text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// In lower case, full-width letters as ASCII.
    pub word: String,
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
}

/// The words of a text and the words within them, as search engines want them: 农业 is a piece
/// of 中国农业发展银行.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece> {
    let cut = jieba().cut_for_search(text, true);
    let mut out: Vec<Piece> = cut
        .into_iter()
        .filter(|t| is_word(t.word))
        .map(|t| Piece {
            word: folded(t.word),
            from: t.byte_start,
            to: t.byte_end,
        })
        .collect();
    out.sort_by_key(|p| (p.from, p.to));
    out
}

/// Lower case, full-width letters and digits as ASCII.
#[must_use]
pub fn folded(text: &str) -> String {
    let ascii = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    };
    text.chars()
        .map(ascii)
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pieces: &[Piece]) -> Vec<&str> {
        pieces.iter().map(|p| p.word.as_str()).collect()
    }

    #[test]
    fn a_word_within_a_word_is_a_piece() {
        let text = "中国农业发展银行 PM2.5";
        let found = pieces(text);
        assert!(list(&found).contains(&"农业"), "{found:?}");
        for piece in &found {
            assert_eq!(folded(&text[piece.from..piece.to]), piece.word);
        }
    }
}
