//! The inverted index underneath: words, pinyin and initials to entries, in memory. A catalogue
//! holds thousands of entries, not millions, so an ordered map of words serves it within a
//! millisecond, and beginnings of words come for nothing (docs/adr/0016).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use super::segment::{Piece, folded, pieces};

/// Most words of a question.
const WORDS_MAX: usize = 24;
/// How much more a word weighs in the title.
const TITLE_WEIGHT: f32 = 4.0;
/// What a part of a text is worth that is no word of it.
const PART_WEIGHT: f32 = 0.5;
/// What a spelling is worth.
const SPELLING_WEIGHT: f32 = 3.0;

/// What of an entry is indexed.
pub(super) struct Indexed<'a> {
    pub(super) slot: u64,
    pub(super) title: &'a str,
    /// Everything else a person may search for.
    pub(super) body: &'a str,
    pub(super) spellings: &'a [String],
}

/// A word in an entry as it stood at a generation of it; older ones are passed over.
#[derive(Clone, Copy)]
struct Posting {
    slot: usize,
    generation: u32,
    title: u16,
    body: u16,
}

#[derive(Default)]
struct Entry {
    generation: u32,
    title: String,
    body: String,
}

#[derive(Default)]
struct Inner {
    entries: Vec<Entry>,
    words: BTreeMap<String, Vec<Posting>>,
    spellings: BTreeMap<String, Vec<(usize, u32)>>,
}

/// The index, shared by the shelves made one after the other.
#[derive(Clone, Default)]
pub(super) struct Inverted(Arc<RwLock<Inner>>);

impl Inverted {
    /// Puts entries in the places of those with the same slot.
    pub(super) fn put(&self, entries: &[Indexed<'_>]) {
        // Cutting words takes longest, so it is done before anybody has to wait.
        let cut: Vec<_> = entries
            .iter()
            .map(|e| (e, counts(pieces(e.title)), counts(pieces(e.body))))
            .collect();
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (entry, title, body) in cut {
            inner.put(entry, &title, &body);
        }
    }

    /// The slots that answer to all words of a question, with their scores.
    pub(super) fn find(&self, question: &str) -> HashMap<u64, f32> {
        let parts: Vec<String> = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .flat_map(parts)
            .take(WORDS_MAX)
            .collect();
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: Option<HashMap<usize, f32>> = None;
        for part in &parts {
            let scores = inner.part(part);
            found = Some(match found {
                None => scores,
                Some(before) => before
                    .into_iter()
                    .filter_map(|(slot, score)| Some((slot, score + scores.get(&slot)?)))
                    .collect(),
            });
        }
        let found = found.unwrap_or_default().into_iter();
        found.map(|(slot, score)| (slot as u64, score)).collect()
    }
}

/// How often each word stands in a text.
type Counts = HashMap<String, u16>;

fn counts(pieces: Vec<Piece>) -> Counts {
    let mut counts = Counts::new();
    for piece in pieces {
        let count = counts.entry(piece.word).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

impl Inner {
    fn put(&mut self, entry: &Indexed<'_>, title: &Counts, body: &Counts) {
        let slot = usize::try_from(entry.slot).unwrap_or(usize::MAX);
        if self.entries.len() <= slot {
            self.entries.resize_with(slot + 1, Entry::default);
        }
        let place = &mut self.entries[slot];
        place.generation += 1;
        place.title = folded(entry.title);
        place.body = folded(entry.body);
        let generation = place.generation;
        let entries = &self.entries;
        for word in title
            .keys()
            .chain(body.keys().filter(|w| !title.contains_key(w.as_str())))
        {
            let all = self.words.entry(word.clone()).or_default();
            // What this word said of earlier generations goes as it is passed.
            all.retain(|p| p.slot != slot && entries[p.slot].generation == p.generation);
            all.push(Posting {
                slot,
                generation,
                title: title.get(word).copied().unwrap_or(0),
                body: body.get(word).copied().unwrap_or(0),
            });
        }
        for spelling in entry.spellings {
            let all = self.spellings.entry(spelling.clone()).or_default();
            all.retain(|(other, _)| *other != slot);
            all.push((slot, generation));
        }
    }

    /// How well each entry answers to one part of a question.
    fn part(&self, part: &str) -> HashMap<usize, f32> {
        let mut scores: HashMap<usize, f32> = HashMap::new();
        let mut add = |slot: usize, score: f32| *scores.entry(slot).or_default() += score;
        let latin = part.len() > 1 && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let exact = self.words.get(part).into_iter().map(|all| (all, 1.0));
        // The beginning of an English word, or of a number, counts as well.
        let begun = latin
            .then(|| self.words.range(part.to_owned()..))
            .into_iter()
            .flatten()
            .take_while(|(word, _)| word.starts_with(part))
            .filter(|(word, _)| *word != part)
            .map(|(_, all)| (all, PART_WEIGHT));
        for (all, weight) in exact.chain(begun) {
            // Rare words tell more than common ones.
            let rarity = (1.0 + self.entries.len() as f32 / (1.0 + all.len() as f32)).ln();
            for posting in all.iter().filter(|p| self.is_live(p.slot, p.generation)) {
                let often = |n: u16| f32::from(n) / (f32::from(n) + 1.2);
                let score = TITLE_WEIGHT * often(posting.title) + often(posting.body);
                add(posting.slot, weight * rarity * score);
            }
        }
        // Any part of a text, however it was cut.
        for (slot, entry) in self.entries.iter().enumerate() {
            if entry.title.contains(part) {
                add(slot, PART_WEIGHT * TITLE_WEIGHT);
            } else if entry.body.contains(part) {
                add(slot, PART_WEIGHT);
            }
        }
        if latin {
            let spelled = self.spellings.range(part.to_owned()..);
            for (spelling, all) in spelled.take_while(|(s, _)| s.starts_with(part)) {
                let whole = part.len() as f32 / spelling.len() as f32;
                for (slot, _) in all.iter().filter(|(s, g)| self.is_live(*s, *g)) {
                    add(*slot, SPELLING_WEIGHT * whole);
                }
            }
        }
        scores
    }

    fn is_live(&self, slot: usize, generation: u32) -> bool {
        self.entries[slot].generation == generation
    }
}

/// The shortest words of a stretch of a question: those that hold no other.
pub(super) fn parts(stretch: &str) -> Vec<String> {
    let all = pieces(stretch);
    let holds =
        |a: &Piece, b: &Piece| a.from <= b.from && b.to <= a.to && (a.from, a.to) != (b.from, b.to);
    let mut out: Vec<String> = Vec::new();
    for piece in &all {
        let shorter: Vec<&Piece> = all.iter().filter(|other| holds(piece, other)).collect();
        // A word whose parts leave some of it out (a name and its first two characters) stays.
        let mut covered = piece.from;
        for part in &shorter {
            if part.from <= covered {
                covered = covered.max(part.to);
            }
        }
        if (shorter.is_empty() || covered < piece.to) && !out.contains(&piece.word) {
            out.push(piece.word.clone());
        }
    }
    if out.is_empty() {
        out.push(folded(stretch));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(titles: &[&str]) -> Inverted {
        let index = Inverted::default();
        for (slot, title) in (0..).zip(titles) {
            let spellings = super::super::pinyin::spellings(title);
            index.put(&[Indexed {
                slot,
                title,
                body: "示例说明 Description of it",
                spellings: &spellings,
            }]);
        }
        index
    }

    fn found(index: &Inverted, question: &str) -> Vec<u64> {
        let mut all: Vec<(u64, f32)> = index.find(question).into_iter().collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.into_iter().map(|(slot, _)| slot).collect()
    }

    #[test]
    fn words_within_words_pinyin_initials_and_beginnings_find() {
        let index = index(&["中国农业发展银行网点", "公交站点", "农产品价格"]);
        assert_eq!(found(&index, "农业"), [0]);
        assert_eq!(found(&index, "农业银行"), [0]);
        assert_eq!(found(&index, "nongye"), [0]);
        assert_eq!(found(&index, "gjzd"), [1]);
        assert_eq!(found(&index, "产品"), [2]);
        assert_eq!(found(&index, "descr"), [0, 1, 2]);
        assert_eq!(found(&index, "站点 公交"), [1]);
        assert_eq!(found(&index, "没有的词"), Vec::<u64>::new());
    }

    #[test]
    fn a_changed_entry_is_found_by_its_new_words_only() {
        let index = index(&["公交站点"]);
        let changed = Indexed {
            slot: 0,
            title: "停车场",
            body: "",
            spellings: &["tcc".to_owned()],
        };
        index.put(&[changed]);
        assert_eq!(found(&index, "停车场"), [0]);
        assert_eq!(found(&index, "tcc"), [0]);
        assert!(found(&index, "公交").is_empty() && found(&index, "gjzd").is_empty());
    }
}
