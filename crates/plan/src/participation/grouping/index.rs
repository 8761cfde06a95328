//! The index of one round: what was said before, found again by its words.
//!
//! Each group keeps a few exemplars, so that ten thousand opinions of one kind cost no more than
//! a few. Candidates come from an inverted index over terms and from MinHash bands; no opinion is
//! compared with all others.

use std::collections::HashMap;

use super::words::{mix, shingles};
use super::{JOINS_MIN, NEAR_MIN, SHOWN_MIN};

/// Exemplars a group keeps of what arrived by itself.
const EXEMPLARS_MAX: usize = 16;
/// Exemplars a group keeps when people placed them there.
const EXEMPLARS_BY_HAND_MAX: usize = 64;
/// The most similar exemplars of a group whose mean is its similarity.
const MEAN_OF: usize = 3;
/// Candidates whose cosine is worked out.
const CANDIDATES_MAX: usize = 256;
/// Postings of a term that are followed; a more common word chooses no candidates.
const POSTINGS_MAX: usize = 4_096;
/// MinHash: bands of rows. Two texts that share 0.7 of their pairs meet in some band with a
/// chance of 0.99, two that share 0.3 with 0.15.
const BANDS: usize = 20;
const ROWS: usize = 4;

/// Something said before that is similar.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Its group.
    pub topic: String,
    /// The most similar opinion of the group.
    pub opinion: String,
    /// 0 (nothing in common) to 1 (the same).
    pub similarity: f64,
    /// Nearly the same text, not only the same topic.
    pub near: bool,
    /// Words in common, the most telling first.
    pub words: Vec<String>,
}

impl Match {
    /// True when an opinion with this match belongs to its group.
    #[must_use]
    pub fn joins(&self) -> bool {
        self.near || self.similarity >= JOINS_MIN
    }
}

struct Exemplar {
    opinion: Box<str>,
    topic: u32,
    /// Term and its weight within the text, by term.
    terms: Vec<(u32, f32)>,
    shingles: Vec<u32>,
}

#[derive(Default)]
struct TopicEntry {
    id: Box<str>,
    slots: Vec<u32>,
    by_hand: usize,
}

/// The index.
#[derive(Default)]
pub struct Index {
    vocabulary: HashMap<Box<str>, u32>,
    spelling: Vec<Box<str>>,
    /// In how many opinions a term stands.
    seen_in: Vec<u32>,
    opinions: u32,
    exemplars: Vec<Exemplar>,
    postings: Vec<Vec<u32>>,
    bands: HashMap<u64, Vec<u32>>,
    topics: Vec<TopicEntry>,
    topic_slots: HashMap<Box<str>, u32>,
}

/// Terms of a text that asks.
struct Asked {
    terms: Vec<(u32, f32)>,
    /// Weight of the terms nobody used before.
    unknown: Vec<f32>,
}

impl Index {
    /// How many opinions it has seen.
    #[must_use]
    pub fn opinions(&self) -> u32 {
        self.opinions
    }

    /// Takes in an opinion that stands in a group.
    pub fn add(&mut self, opinion: &str, topic: &str, terms: &str, by_hand: bool) {
        let counted = counts(terms);
        let mut weighed: Vec<(u32, f32)> = Vec::with_capacity(counted.len());
        for (word, count) in counted {
            let term = self.term(word);
            self.seen_in[term as usize] += 1;
            weighed.push((term, weight(count)));
        }
        weighed.sort_unstable_by_key(|(term, _)| *term);
        self.opinions += 1;
        let topic = self.topic(topic);
        let entry = &mut self.topics[topic as usize];
        let room = if by_hand {
            entry.by_hand < EXEMPLARS_BY_HAND_MAX
        } else {
            entry.slots.len() - entry.by_hand < EXEMPLARS_MAX
        };
        if !room || weighed.is_empty() {
            return;
        }
        let slot = u32::try_from(self.exemplars.len()).unwrap_or(u32::MAX);
        entry.by_hand += usize::from(by_hand);
        entry.slots.push(slot);
        for (term, _) in &weighed {
            self.postings[*term as usize].push(slot);
        }
        let shingles = shingles(terms);
        for band in bands(&shingles) {
            self.bands.entry(band).or_default().push(slot);
        }
        self.exemplars.push(Exemplar {
            opinion: opinion.into(),
            topic,
            terms: weighed,
            shingles,
        });
    }

    fn term(&mut self, word: &str) -> u32 {
        if let Some(term) = self.vocabulary.get(word) {
            return *term;
        }
        let term = u32::try_from(self.spelling.len()).unwrap_or(u32::MAX);
        self.vocabulary.insert(word.into(), term);
        self.spelling.push(word.into());
        self.seen_in.push(0);
        self.postings.push(Vec::new());
        term
    }

    fn topic(&mut self, id: &str) -> u32 {
        if let Some(topic) = self.topic_slots.get(id) {
            return *topic;
        }
        let topic = u32::try_from(self.topics.len()).unwrap_or(u32::MAX);
        self.topic_slots.insert(id.into(), topic);
        self.topics.push(TopicEntry {
            id: id.into(),
            ..TopicEntry::default()
        });
        topic
    }

    /// How telling a term is: rare ones more than common ones, and none nothing.
    fn telling(&self, seen_in: u32) -> f32 {
        1.0 + ((self.opinions as f32 + 1.0) / (seen_in as f32 + 1.0)).ln()
    }

    fn telling_of(&self, term: u32) -> f32 {
        self.telling(self.seen_in[term as usize])
    }

    fn length(&self, terms: &[(u32, f32)]) -> f32 {
        let squares = terms.iter().map(|(t, w)| (w * self.telling_of(*t)).powi(2));
        squares.sum()
    }

    fn asked(&self, terms: &str) -> Asked {
        let mut asked = Asked {
            terms: Vec::new(),
            unknown: Vec::new(),
        };
        for (word, count) in counts(terms) {
            match self.vocabulary.get(word) {
                Some(term) => asked.terms.push((*term, weight(count))),
                None => asked.unknown.push(weight(count)),
            }
        }
        asked.terms.sort_unstable_by_key(|(term, _)| *term);
        asked
    }

    /// The groups most similar to a text, the most similar first, at most `limit`.
    #[must_use]
    pub fn best(&self, terms: &str, limit: usize) -> Vec<Match> {
        let asked = self.asked(terms);
        let unknown = self.telling(0);
        let unknown: f32 = asked.unknown.iter().map(|w| (w * unknown).powi(2)).sum();
        let length = (self.length(&asked.terms) + unknown).sqrt();
        if length == 0.0 {
            return Vec::new();
        }
        let mut by_topic: HashMap<u32, Vec<(f64, u32)>> = HashMap::new();
        for (slot, dot) in self.candidates(&asked.terms) {
            let exemplar = &self.exemplars[slot as usize];
            let cosine = dot / (length * self.length(&exemplar.terms).sqrt());
            let entry = by_topic.entry(exemplar.topic).or_default();
            entry.push((f64::from(cosine).min(1.0), slot));
        }
        let near = self.nearly_same(&shingles(terms));
        if let Some((share, slot)) = near {
            by_topic
                .entry(self.exemplars[slot as usize].topic)
                .or_default()
                .push((share, slot));
        }
        let mut found: Vec<Match> = by_topic
            .into_iter()
            .filter_map(|(topic, hits)| self.match_of(topic, hits, near, &asked.terms))
            .collect();
        found.sort_by(|a, b| {
            (b.near, b.similarity)
                .partial_cmp(&(a.near, a.similarity))
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| a.topic.cmp(&b.topic))
        });
        found.truncate(limit);
        found
    }

    fn match_of(
        &self,
        topic: u32,
        mut hits: Vec<(f64, u32)>,
        near: Option<(f64, u32)>,
        asked: &[(u32, f32)],
    ) -> Option<Match> {
        hits.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let (best, slot) = *hits.first()?;
        let near = near.filter(|(_, slot)| self.exemplars[*slot as usize].topic == topic);
        let considered = MEAN_OF.min(self.topics[topic as usize].slots.len()).max(1);
        let mean = hits.iter().take(considered).map(|h| h.0).sum::<f64>() / considered as f64;
        // Between the best and the mean: one odd neighbour neither draws nor repels.
        let similarity = if near.is_some() {
            best
        } else {
            f64::midpoint(best, mean)
        };
        if similarity < SHOWN_MIN && near.is_none() {
            return None;
        }
        let exemplar = &self.exemplars[slot as usize];
        Some(Match {
            topic: self.topics[topic as usize].id.to_string(),
            opinion: exemplar.opinion.to_string(),
            similarity,
            near: near.is_some(),
            words: self.in_common(asked, &exemplar.terms),
        })
    }

    /// Exemplars that share telling words, with the dot product, the greatest first.
    fn candidates(&self, asked: &[(u32, f32)]) -> Vec<(u32, f32)> {
        let mut chosen: HashMap<u32, ()> = HashMap::new();
        let mut by_rarity: Vec<u32> = asked.iter().map(|(term, _)| *term).collect();
        by_rarity.sort_by_key(|term| self.postings[*term as usize].len());
        for (i, term) in by_rarity.iter().enumerate() {
            let postings = &self.postings[*term as usize];
            if i > 1 && postings.len() > POSTINGS_MAX {
                break;
            }
            chosen.extend(postings.iter().take(POSTINGS_MAX).map(|slot| (*slot, ())));
        }
        let mut found: Vec<(u32, f32)> = chosen
            .into_keys()
            .map(|slot| (slot, self.dot(asked, &self.exemplars[slot as usize].terms)))
            .collect();
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if found.len() > CANDIDATES_MAX {
            found.select_nth_unstable_by(CANDIDATES_MAX, order);
            found.truncate(CANDIDATES_MAX);
        }
        found
    }

    fn dot(&self, a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
        let mut sum = 0.0;
        both(a, b, |term, x, y| {
            sum += x * y * self.telling_of(term).powi(2)
        });
        sum
    }

    fn in_common(&self, a: &[(u32, f32)], b: &[(u32, f32)]) -> Vec<String> {
        let mut common = Vec::new();
        both(a, b, |term, x, y| {
            common.push((x * y * self.telling_of(term).powi(2), term));
        });
        common.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let words = common.into_iter().take(8);
        words
            .map(|(_, term)| self.spelling[term as usize].to_string())
            .collect()
    }

    /// The exemplar that shares the most pairs, when these are enough; found by bands, checked
    /// exactly.
    fn nearly_same(&self, asked: &[u32]) -> Option<(f64, u32)> {
        if asked.len() < 4 {
            return None;
        }
        let mut seen: Vec<u32> = Vec::new();
        for band in bands(asked) {
            seen.extend(self.bands.get(&band).into_iter().flatten().take(64));
        }
        seen.sort_unstable();
        seen.dedup();
        seen.into_iter()
            .map(|slot| (share(asked, &self.exemplars[slot as usize].shingles), slot))
            .filter(|(share, _)| *share >= NEAR_MIN)
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
    }
}

fn counts(terms: &str) -> Vec<(&str, u32)> {
    let mut words: Vec<&str> = terms.split(' ').filter(|w| !w.is_empty()).collect();
    words.sort_unstable();
    let mut counted: Vec<(&str, u32)> = Vec::with_capacity(words.len());
    for word in words {
        match counted.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => counted.push((word, 1)),
        }
    }
    counted
}

fn weight(count: u32) -> f32 {
    1.0 + (count as f32).ln()
}

fn both(a: &[(u32, f32)], b: &[(u32, f32)], mut each: impl FnMut(u32, f32, f32)) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        match a[i].0.cmp(&b[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                each(a[i].0, a[i].1, b[j].1);
                i += 1;
                j += 1;
            }
        }
    }
}

/// The share of pairs two texts have in common (Jaccard).
fn share(a: &[u32], b: &[u32]) -> f64 {
    let (mut i, mut j, mut common) = (0, 0, 0_usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                common += 1;
                i += 1;
                j += 1;
            }
        }
    }
    let all = a.len() + b.len() - common;
    if all == 0 {
        0.0
    } else {
        common as f64 / all as f64
    }
}

/// One key a band of the MinHash signature; none for a text too short to compare.
fn bands(shingles: &[u32]) -> Vec<u64> {
    if shingles.len() < 4 {
        return Vec::new();
    }
    (0..BANDS)
        .map(|band| {
            let mut key = band as u64;
            for row in 0..ROWS {
                let seed = mix((band * ROWS + row) as u64 + 0x9e37_79b9_7f4a_7c15);
                let least = shingles.iter().map(|s| mix(u64::from(*s) ^ seed)).min();
                key = mix(key ^ least.unwrap_or(0));
            }
            key
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::words::terms;
    use super::*;

    fn index(said: &[(&str, &str, &str)]) -> Index {
        let mut index = Index::default();
        for (opinion, topic, text) in said {
            index.add(opinion, topic, &terms(text), false);
        }
        index
    }

    const SAID: &[(&str, &str, &str)] = &[
        ("o1", "signal", "村里手机信号差，建议在练塘镇多建5G基站。"),
        (
            "o2",
            "signal",
            "练塘镇的5G信号覆盖不全，老人打不了视频电话。",
        ),
        ("o3", "talent", "引进的数字人才子女入学困难，希望配套学校。"),
        (
            "o4",
            "parking",
            "新城停车场应接入智慧停车平台，实时显示空位。",
        ),
    ];

    #[test]
    fn what_is_similar_is_found_with_the_words_in_common() {
        let index = index(SAID);
        let found = index.best(&terms("练塘镇手机信号差，请加建5G基站"), 5);
        let first = &found[0];
        assert_eq!(first.topic, "signal");
        assert!(first.joins(), "{first:?}");
        assert!(
            first.words.iter().any(|w| w == "练塘镇" || w == "信号"),
            "{first:?}"
        );
        assert!(found.iter().all(|m| m.similarity <= 1.0));
        let other = index.best(&terms("生物医药产业园的仪器共享收费太贵"), 5);
        assert!(other.iter().all(|m| !m.joins()), "{other:?}");
    }

    #[test]
    fn nearly_the_same_text_is_told_apart_from_the_same_topic() {
        let index = index(SAID);
        let again = index.best(
            &terms("新城的停车场应该接入智慧停车平台，能实时显示空位"),
            1,
        );
        assert!(again[0].near, "{again:?}");
        assert_eq!(again[0].topic, "parking");
    }

    #[test]
    fn a_text_without_words_is_like_nothing() {
        let index = index(SAID);
        assert!(index.best("", 5).is_empty());
        assert!(Index::default().best("停车", 5).is_empty());
    }

    #[test]
    fn a_group_of_ten_thousand_keeps_a_few_exemplars() {
        let mut index = Index::default();
        for i in 0..10_000 {
            index.add(&format!("o{i}"), "one", "停车 平台", false);
        }
        assert_eq!(index.opinions(), 10_000);
        assert_eq!(index.exemplars.len(), EXEMPLARS_MAX);
        index.add("hand", "one", "停车 平台", true);
        assert_eq!(index.exemplars.len(), EXEMPLARS_MAX + 1);
    }

    proptest::proptest! {
        #[test]
        fn similarity_is_a_share_and_the_same_is_the_most_similar(
            texts in proptest::collection::vec("[停车场信号基站学校医院数据 ]{6,30}", 2..12), at in 0_usize..12,
        ) {
            let mut index = Index::default();
            for (i, text) in texts.iter().enumerate() {
                index.add(&format!("o{i}"), &format!("t{i}"), text, false);
            }
            let asked = &texts[at % texts.len()];
            let found = index.best(asked, 20);
            for m in &found {
                proptest::prop_assert!((0.0..=1.0).contains(&m.similarity));
            }
            if let Some(first) = found.first() {
                proptest::prop_assert!(first.similarity > 0.999, "{first:?} for {asked:?}");
            }
        }
    }
}
