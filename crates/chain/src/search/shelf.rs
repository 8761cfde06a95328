//! What a search answers from: one card an entry, and the index over them.

use std::collections::HashMap;
use std::sync::Arc;

use tianyuan_kernel::clock::Micros;

use super::index::{Indexed, Inverted};
use super::pinyin::spellings;
use super::segment::folded;
use crate::datasets::Dataset;
use crate::datasets::store::Visible;
use crate::rows::XLSX_ROWS_MAX;
use crate::words::{DatasetState, FileFormat, Opening};

/// Characters of a summary that a card keeps.
const SUMMARY_CHARS_MAX: usize = 600;

/// An entry, as far as lists of results show it.
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) title_en: String,
    pub(crate) summary: String,
    pub(crate) summary_en: String,
    pub(crate) unit_id: String,
    pub(crate) unit: String,
    pub(crate) state: DatasetState,
    pub(crate) opening: Opening,
    pub(crate) themes: Vec<&'static str>,
    pub(crate) tags: Vec<String>,
    pub(crate) cycle: &'static str,
    pub(crate) has_places: bool,
    pub(crate) rows: Option<i64>,
    pub(crate) quality: Option<f64>,
    pub(crate) updated_at: Micros,
    pub(crate) sample: bool,
    pub(crate) folded_title: String,
    pub(crate) folded_title_en: String,
    pub(crate) spellings: Vec<String>,
    body: String,
}

impl Card {
    fn of(d: &Dataset) -> Self {
        let p = &d.profile;
        let fields = p.fields.iter().map(|f| format!("{} {}", f.title, f.name));
        let fields = fields.collect::<Vec<_>>().join(" ");
        let body = [
            p.title_en.as_str(),
            &p.summary,
            &p.summary_en,
            &p.tags.join(" "),
            &d.unit.name,
            &p.item_code,
            &d.code,
            &p.spatial.name,
            &fields,
        ];
        let short = |text: &str| text.chars().take(SUMMARY_CHARS_MAX).collect();
        Self {
            id: d.id.to_string(),
            code: d.code.clone(),
            title: p.title.clone(),
            title_en: p.title_en.clone(),
            summary: short(&p.summary),
            summary_en: short(&p.summary_en),
            unit_id: d.unit.id.to_string(),
            unit: d.unit.name.clone(),
            state: d.state,
            opening: p.opening,
            themes: p.themes.iter().map(|t| t.as_str()).collect(),
            tags: p.tags.clone(),
            cycle: p.update_cycle.as_str(),
            has_places: crate::datasets::fields::places(&p.fields).is_some(),
            rows: d.current.as_ref().map(|c| c.rows),
            quality: d.current.as_ref().and_then(|c| c.quality),
            updated_at: d.current.as_ref().map_or(d.updated_at, |c| c.published_at),
            sample: p.sample,
            folded_title: folded(&p.title),
            folded_title_en: folded(&p.title_en),
            spellings: spellings(&p.title),
            body: body.join("\n"),
        }
    }

    /// The files anybody can have it as.
    pub(crate) fn formats(&self) -> impl Iterator<Item = FileFormat> {
        let rows = self.rows.filter(|_| self.opening == Opening::Unconditional);
        let has_places = self.has_places;
        let comes = move |format: &FileFormat| match format {
            FileFormat::Xlsx => rows.is_some_and(|rows| rows <= XLSX_ROWS_MAX),
            FileFormat::GeoJson => rows.is_some() && has_places,
            _ => rows.is_some(),
        };
        FileFormat::ALL.iter().copied().filter(comes)
    }

    /// True when a caller may know of it.
    pub(crate) fn is_visible(&self, to: &Visible) -> bool {
        let published = self.state == DatasetState::Published;
        to.all
            || to.units.contains(&self.unit_id)
            || (published && (to.catalogue || self.opening != Opening::None))
    }
}

/// All cards as of a revision of the catalogue.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) revision: i64,
    pub(crate) cards: Vec<Arc<Card>>,
    slots: HashMap<String, usize>,
    index: Option<Inverted>,
}

impl Shelf {
    /// The shelf before, with entries put in or in the place of older ones.
    pub(super) fn with(before: Option<&Self>, changed: Vec<Dataset>) -> Self {
        let mut next = match before {
            None => Self::default(),
            Some(shelf) => Self {
                revision: shelf.revision,
                cards: shelf.cards.clone(),
                slots: shelf.slots.clone(),
                index: shelf.index.clone(),
            },
        };
        let index = next.index.take().unwrap_or_default();
        let mut touched = Vec::new();
        for dataset in &changed {
            let card = Arc::new(Card::of(dataset));
            let new = next.cards.len();
            let slot = *next.slots.entry(card.id.clone()).or_insert(new);
            if slot == new {
                next.cards.push(card);
            } else {
                next.cards[slot] = card;
            }
            touched.push(slot);
            next.revision = next.revision.max(dataset.revision);
        }
        let indexed: Vec<Indexed<'_>> = touched
            .iter()
            .map(|slot| {
                let card = &next.cards[*slot];
                Indexed {
                    slot: *slot as u64,
                    title: &card.title,
                    body: &card.body,
                    spellings: &card.spellings,
                }
            })
            .collect();
        index.put(&indexed);
        next.index = Some(index);
        next
    }

    /// The cards a question finds, the best first; all of them, the latest first, without one.
    pub(crate) fn find(&self, question: &str) -> Vec<Arc<Card>> {
        let latest =
            |a: &Arc<Card>, b: &Arc<Card>| (b.updated_at, &b.id).cmp(&(a.updated_at, &a.id));
        let Some(index) = self
            .index
            .as_ref()
            .filter(|_| question.chars().any(char::is_alphanumeric))
        else {
            let mut all = if question.trim().is_empty() {
                self.cards.clone()
            } else {
                Vec::new()
            };
            all.sort_by(latest);
            return all;
        };
        let scores = index.find(question);
        let card = |slot: u64| self.cards.get(usize::try_from(slot).ok()?).cloned();
        let mut found: Vec<(f32, Arc<Card>)> = scores
            .into_iter()
            .filter_map(|(slot, score)| Some((score, card(slot)?)))
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| latest(&a.1, &b.1)));
        found.into_iter().map(|(_, card)| card).collect()
    }
}
