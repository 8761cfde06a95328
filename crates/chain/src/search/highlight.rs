//! Where a question's words stand in a text.

use serde::Serialize;
use utoipa::ToSchema;

use super::index::parts;
use super::segment::folded;

/// Characters of a snippet.
const SNIPPET_CHARS: usize = 120;

/// A stretch of a text; `hit` when it is what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MarkedPart)]
pub struct Part {
    /// The words.
    pub text: String,
    /// True where the question's words stand.
    pub hit: bool,
}

/// The words of a question to look for.
pub(super) fn words(question: &str) -> Vec<Vec<char>> {
    let stretches = question.split(|c: char| !c.is_alphanumeric());
    let words = stretches.filter(|w| !w.is_empty()).flat_map(parts);
    words.map(|w| w.chars().collect()).collect()
}

/// A text cut where the words stand.
pub(super) fn mark(text: &str, words: &[Vec<char>]) -> Vec<Part> {
    let chars: Vec<char> = text.chars().collect();
    cut(&chars, &hits(&chars, words))
}

/// The part of a text around the first word, cut where the words stand.
pub(super) fn snippet(text: &str, words: &[Vec<char>]) -> Vec<Part> {
    let mut chars: Vec<char> = text
        .chars()
        .map(|c| if c == '\n' { ' ' } else { c })
        .collect();
    let mut hits = hits(&chars, words);
    let first = hits.iter().position(|h| *h).unwrap_or(0);
    if chars.len() > SNIPPET_CHARS {
        let from = first.saturating_sub(SNIPPET_CHARS / 4);
        let from = from.min(chars.len() - SNIPPET_CHARS);
        let to = from + SNIPPET_CHARS;
        let cut_off = to < chars.len();
        chars = chars[from..to].to_vec();
        hits = hits[from..to].to_vec();
        if from > 0 {
            chars.insert(0, '…');
            hits.insert(0, false);
        }
        if cut_off {
            chars.push('…');
            hits.push(false);
        }
    }
    cut(&chars, &hits)
}

fn hits(chars: &[char], words: &[Vec<char>]) -> Vec<bool> {
    let lower: Vec<char> = chars
        .iter()
        .map(|c| {
            folded(c.encode_utf8(&mut [0; 4]))
                .chars()
                .next()
                .unwrap_or(*c)
        })
        .collect();
    let mut hits = vec![false; chars.len()];
    for word in words.iter().filter(|w| !w.is_empty()) {
        for at in 0..(lower.len() + 1).saturating_sub(word.len()) {
            if lower[at..at + word.len()] == word[..] {
                hits[at..at + word.len()].fill(true);
            }
        }
    }
    hits
}

fn cut(chars: &[char], hits: &[bool]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (c, hit) in chars.iter().zip(hits) {
        match parts.last_mut() {
            Some(part) if part.hit == *hit => part.text.push(*c),
            _ => parts.push(Part {
                text: c.to_string(),
                hit: *hit,
            }),
        }
    }
    parts
}
