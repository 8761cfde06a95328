//! Words of an opinion: normal form, digest, segmentation.
//!
//! The dictionary of the segmenter is loaded when the first opinion needs it, not at start.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use jieba_rs::Jieba;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

/// Most characters of a text that are segmented; what follows hardly changes what it is about.
const CHARS_READ_MAX: usize = 4_000;
/// Most different terms kept of one opinion.
pub const TERMS_MAX: usize = 300;
/// Longest term, characters.
const TERM_CHARS_MAX: usize = 24;

static DICTIONARY: OnceLock<Jieba> = OnceLock::new();
static IDLE_WORDS: OnceLock<BTreeSet<&'static str>> = OnceLock::new();

/// What two texts must share to be the same: compatibility forms folded, case, blanks and
/// punctuation dropped. A text of nothing else is itself.
#[must_use]
pub fn normal(text: &str) -> String {
    let folded: String = text
        .nfkc()
        .flat_map(char::to_lowercase)
        .filter(|c| !is_idle(*c))
        .collect();
    if folded.is_empty() {
        text.trim().to_owned()
    } else {
        folded
    }
}

fn is_idle(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || c.is_ascii_punctuation()
        || matches!(c, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3030}'
            | '\u{b7}' | '\u{30fb}' | '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{fe0f}')
}

/// Digest of the normal form.
#[must_use]
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(normal(text).as_bytes()).into()
}

/// The terms of a text, blanks between them: words of two characters and more that carry
/// meaning, and the parts of long words too. Empty for a text without words.
#[must_use]
pub fn terms(text: &str) -> String {
    let text: String = text
        .nfkc()
        .flat_map(char::to_lowercase)
        .take(CHARS_READ_MAX)
        .collect();
    let dictionary = DICTIONARY.get_or_init(Jieba::new);
    let cut = dictionary.cut_for_search(&text, true);
    let words: Vec<&str> = cut.iter().map(|token| token.word).collect();
    let mut kept: Vec<&str> = words.iter().copied().filter(|w| is_term(w, 2)).collect();
    if kept.is_empty() {
        kept = words.into_iter().filter(|w| is_term(w, 1)).collect();
    }
    let mut different = BTreeSet::new();
    kept.retain(|w| different.contains(w) || (different.len() < TERMS_MAX && different.insert(*w)));
    kept.truncate(4 * TERMS_MAX);
    kept.join(" ")
}

fn is_term(word: &str, chars_min: usize) -> bool {
    let chars = word.chars().count();
    (chars_min..=TERM_CHARS_MAX).contains(&chars)
        && word.chars().all(char::is_alphanumeric)
        && !word.chars().all(|c| c.is_ascii_digit())
        && !idle_words().contains(word)
}

/// Words that stand in opinions on anything.
fn idle_words() -> &'static BTreeSet<&'static str> {
    IDLE_WORDS.get_or_init(|| {
        let lines = include_str!("idle_words.txt").lines();
        lines
            .filter(|line| !line.starts_with('#'))
            .flat_map(str::split_whitespace)
            .collect()
    })
}

/// Two-character pairs of a list of terms, as sorted digests: the shingles of near-duplicates.
#[must_use]
pub fn shingles(terms: &str) -> Vec<u32> {
    let chars: Vec<char> = terms.chars().filter(|c| *c != ' ').collect();
    let mut pairs: Vec<u32> = chars
        .windows(2)
        .map(|pair| {
            mix((u64::from(u32::from(pair[0])) << 32) | u64::from(u32::from(pair[1]))) as u32
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Spreads the bits of a number (the finaliser of SplitMix64).
#[must_use]
pub(super) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same_however_they_are_typed() {
        let plain = normal("建议增加5G基站！");
        assert_eq!(plain, normal(" 建议 增加５Ｇ基站。 "));
        assert_eq!(digest("Ａbc"), digest("abc"));
        assert_ne!(normal("建议增加"), normal("建议减少"));
        assert_eq!(
            normal("！！！"),
            "！！！",
            "nothing but punctuation is itself"
        );
        assert!(normal("支持👍").contains('👍'));
    }

    #[test]
    fn terms_are_what_an_opinion_is_about() {
        let terms = terms("建议在练塘镇增加5G基站的数量，老年人手机信号不好。");
        let words: Vec<&str> = terms.split(' ').collect();
        assert!(
            words.contains(&"基站") && words.contains(&"信号"),
            "{terms}"
        );
        assert!(
            !words.contains(&"建议") && !words.contains(&"的"),
            "{terms}"
        );
    }

    #[test]
    fn anything_can_be_segmented() {
        for odd in [
            "",
            "👍👍",
            "<script>alert(1)</script>",
            "=1+1",
            "\u{202e}abc",
            "好",
        ] {
            let _no_panic = terms(odd);
            let _no_panic = shingles(&normal(odd));
        }
        let long = "数据".repeat(50_000);
        assert!(terms(&long).len() < 8 * TERMS_MAX * TERM_CHARS_MAX);
    }
}
