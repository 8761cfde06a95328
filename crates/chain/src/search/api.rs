//! Search over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::highlight::{mark, snippet, words};
use super::{Card, Part, Search};
use crate::datasets::store::Visible;
use crate::words::{DatasetState, FileFormat, Opening, Theme, UpdateCycle, vocabulary};

/// Longest question, characters.
const QUESTION_CHARS_MAX: usize = 200;
/// Most suggestions.
const SUGGESTIONS_MAX: usize = 8;
/// Most values of a facet.
const FACET_VALUES_MAX: usize = 20;

/// The routes of search.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .public(routes!(search_datasets))
        .public(routes!(suggest_datasets))
}

vocabulary! {
    /// What comes first among what was found.
    SearchOrder {
        /// What fits the words best; without words, what changed last.
        Relevance = "relevance", "最相关", "Best match";
        /// What changed last.
        Updated = "updated", "最近更新", "Last updated";
        /// What has most rows.
        Rows = "rows", "数据量", "Most rows";
        /// What is measured best.
        Quality = "quality", "质量得分", "Quality";
        /// By title, in the order of its pinyin.
        Title = "title", "名称", "Title";
    }
}

/// What is searched for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// Words, Chinese or English, pinyin or initials; all of them must be found.
    #[param(max_length = 200)]
    #[serde(default)]
    q: String,
    /// Only of this unit (id).
    unit: Option<String>,
    /// Only of this theme.
    #[param(inline)]
    theme: Option<Theme>,
    /// Only opened so.
    #[param(inline)]
    opening: Option<Opening>,
    /// Only renewed so.
    #[param(inline)]
    cycle: Option<UpdateCycle>,
    /// Only with this tag.
    tag: Option<String>,
    /// Only with places, or only without.
    places: Option<bool>,
    /// Only those anybody can have as this.
    #[param(inline)]
    format: Option<FileFormat>,
    /// What comes first.
    #[param(inline)]
    sort: Option<SearchOrder>,
}

/// A dataset that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// Its code.
    pub code: String,
    /// Its title, cut where the words stand.
    pub title: Vec<Part>,
    /// Its title in English, cut where the words stand; may be empty.
    pub title_en: Vec<Part>,
    /// Some of its summary, cut where the words stand.
    pub summary: Vec<Part>,
    /// Some of its summary in English; may be empty.
    pub summary_en: Vec<Part>,
    /// The provider's id.
    pub unit_id: String,
    /// The provider's name.
    pub unit: String,
    /// Where it stands.
    pub state: DatasetState,
    /// How it is opened.
    pub opening: Opening,
    /// Its themes.
    pub themes: Vec<String>,
    /// Its key words.
    pub tags: Vec<String>,
    /// How often it is renewed.
    pub update_cycle: String,
    /// True when its rows have places.
    pub has_places: bool,
    /// Its rows; null while there are none.
    pub rows: Option<i64>,
    /// The files anybody can have it as.
    pub formats: Vec<FileFormat>,
    /// Its quality, 0 to 100.
    pub quality: Option<f64>,
    /// When its rows, or else its entry, last changed.
    pub updated_at: Micros,
    /// A made-up sample.
    pub sample: bool,
}

/// A value of a facet.
#[derive(Debug, Serialize, ToSchema)]
pub struct FacetValue {
    /// The value to filter by.
    pub value: String,
    /// Its name, where the value is an id or a word of ours.
    pub title: Text,
    /// How many of what was found have it.
    pub count: i64,
}

/// Values that narrow a search further. Each is counted as if it were not filtered by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facets {
    /// Providers.
    pub unit: Vec<FacetValue>,
    /// Themes.
    pub theme: Vec<FacetValue>,
    /// Ways of opening.
    pub opening: Vec<FacetValue>,
    /// Rhythms of renewal.
    pub cycle: Vec<FacetValue>,
    /// Files it can be had as.
    pub format: Vec<FacetValue>,
    /// Key words.
    pub tag: Vec<FacetValue>,
}

/// What a search found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResult {
    /// How many there are in all.
    pub total: i64,
    /// This page of them, the best first.
    pub items: Vec<Found>,
    /// Give it as `cursor` to get the next page; null on the last.
    pub next_cursor: Option<String>,
    /// What narrows it further.
    pub facets: Facets,
}

/// One way to narrow a search: by name, and whether a card fits.
type Narrowing<'a> = (&'static str, Box<dyn Fn(&Card) -> bool + 'a>);

fn narrowings(q: &Question) -> Vec<Narrowing<'_>> {
    let mut all: Vec<Narrowing<'_>> = Vec::new();
    if let Some(unit) = q.unit.as_deref().filter(|u| !u.is_empty()) {
        all.push(("unit", Box::new(move |c| c.unit_id == unit)));
    }
    if let Some(theme) = q.theme {
        all.push((
            "theme",
            Box::new(move |c| c.themes.contains(&theme.as_str())),
        ));
    }
    if let Some(opening) = q.opening {
        all.push(("opening", Box::new(move |c| c.opening == opening)));
    }
    if let Some(cycle) = q.cycle {
        all.push(("cycle", Box::new(move |c| c.cycle == cycle.as_str())));
    }
    if let Some(tag) = q.tag.as_deref().filter(|t| !t.is_empty()) {
        all.push(("tag", Box::new(move |c| c.tags.iter().any(|t| t == tag))));
    }
    if let Some(format) = q.format {
        all.push((
            "format",
            Box::new(move |c| c.formats().any(|f| f == format)),
        ));
    }
    if let Some(places) = q.places {
        all.push(("places", Box::new(move |c| c.has_places == places)));
    }
    all
}

/// Finds datasets by words. What the caller may not see is absent from results and counts.
#[utoipa::path(get, path = "/api/v1/search/datasets", tag = "chain", params(Question, PageParams),
    responses((status = 200, body = SearchResult), Problems))]
async fn search_datasets(
    ctx: Ctx,
    Query(question): Query<Question>,
    page: Page,
) -> Result<Json<SearchResult>> {
    check(&question.q)?;
    let shelf = ctx.app.get::<Search>()?.current(&ctx.app).await?;
    let visible = Visible::to(&ctx);
    // Milliseconds at most, but not on a thread that serves others.
    let work = move || answer(&shelf.find(&question.q), &visible, &question, &page);
    let found = tokio::task::spawn_blocking(work).await;
    Ok(Json(found.map_err(Error::internal)?))
}

fn check(question: &str) -> Result<()> {
    if question.chars().count() <= QUESTION_CHARS_MAX {
        return Ok(());
    }
    let words = text!(
        "搜索词最多 {QUESTION_CHARS_MAX} 个字符。",
        "A search has at most {QUESTION_CHARS_MAX} characters."
    );
    Err(Error::invalid("too_long", "q", words))
}

fn answer(
    found: &[Arc<Card>],
    visible: &Visible,
    question: &Question,
    page: &Page,
) -> SearchResult {
    let narrowings = narrowings(question);
    let (mut hits, mut counts) = (Vec::new(), Counts::default());
    for card in found.iter().filter(|c| c.is_visible(visible)) {
        let misses: Vec<&str> = narrowings
            .iter()
            .filter(|(_, fits)| !fits(card))
            .map(|(name, _)| *name)
            .collect();
        match misses.as_slice() {
            [] => {
                hits.push(card.clone());
                counts.add(card, None);
            }
            // A value of the facet that alone left it out would let it in.
            [one] => counts.add(card, Some(one)),
            _ => {}
        }
    }
    order(&mut hits, question.sort.unwrap_or(SearchOrder::Relevance));
    let total = i64::try_from(hits.len()).unwrap_or(i64::MAX);
    let words = words(&question.q);
    let list = List::of_all(hits, page);
    SearchResult {
        total,
        items: list.items.iter().map(|c| found_card(c, &words)).collect(),
        next_cursor: list.next_cursor,
        facets: counts.facets(),
    }
}

/// What was found comes the best first; another order keeps it among equals.
fn order(hits: &mut [Arc<Card>], by: SearchOrder) {
    match by {
        SearchOrder::Relevance => {}
        SearchOrder::Updated => hits.sort_by_key(|c| std::cmp::Reverse(c.updated_at)),
        SearchOrder::Rows => hits.sort_by_key(|c| std::cmp::Reverse(c.rows)),
        SearchOrder::Quality => {
            let score = |c: &Card| c.quality.unwrap_or(-1.0);
            hits.sort_by(|a, b| score(b).total_cmp(&score(a)));
        }
        SearchOrder::Title => {
            let spelt = |c: &Card| c.spellings.first().cloned().unwrap_or_default();
            hits.sort_by_cached_key(|c| (spelt(c), c.title.clone()));
        }
    }
}

fn found_card(card: &Card, words: &[Vec<char>]) -> Found {
    Found {
        id: card.id.clone(),
        code: card.code.clone(),
        title: mark(&card.title, words),
        title_en: mark(&card.title_en, words),
        summary: snippet(&card.summary, words),
        summary_en: snippet(&card.summary_en, words),
        unit_id: card.unit_id.clone(),
        unit: card.unit.clone(),
        state: card.state,
        opening: card.opening,
        themes: card.themes.iter().map(|t| (*t).to_owned()).collect(),
        tags: card.tags.clone(),
        update_cycle: card.cycle.to_owned(),
        has_places: card.has_places,
        rows: card.rows,
        formats: card.formats().collect(),
        quality: card.quality,
        updated_at: card.updated_at,
        sample: card.sample,
    }
}

#[derive(Default)]
struct Counts {
    counts: BTreeMap<(&'static str, String), (Text, i64)>,
}

impl Counts {
    fn add(&mut self, card: &Card, only: Option<&&str>) {
        let wanted = |facet: &str| only.is_none_or(|one| *one == facet);
        let mut count = |facet: &'static str, value: &str, title: Text| {
            if wanted(facet) {
                let entry = self.counts.entry((facet, value.to_owned()));
                entry.or_insert((title, 0)).1 += 1;
            }
        };
        let same = |text: &str| Text::of(text, text);
        count("unit", &card.unit_id, same(&card.unit));
        count("opening", card.opening.as_str(), card.opening.title());
        let cycle = UpdateCycle::read(card.cycle).map(UpdateCycle::title);
        count("cycle", card.cycle, cycle.unwrap_or_default());
        for theme in &card.themes {
            let title = Theme::read(theme).map(Theme::title);
            count("theme", theme, title.unwrap_or_default());
        }
        for format in card.formats() {
            count("format", format.as_str(), format.title());
        }
        for tag in &card.tags {
            count("tag", tag, same(tag));
        }
    }

    fn facets(self) -> Facets {
        let mut by: BTreeMap<&str, Vec<FacetValue>> = BTreeMap::new();
        for ((facet, value), (title, count)) in self.counts {
            by.entry(facet).or_default().push(FacetValue {
                value,
                title,
                count,
            });
        }
        let mut take = |facet: &str| {
            let mut values = by.remove(facet).unwrap_or_default();
            values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            values.truncate(FACET_VALUES_MAX);
            values
        };
        Facets {
            unit: take("unit"),
            theme: take("theme"),
            opening: take("opening"),
            cycle: take("cycle"),
            format: take("format"),
            tag: take("tag"),
        }
    }
}

/// What a question might become.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestion {
    /// The words.
    pub text: String,
    /// The dataset of that title; null when the words are a tag or a unit.
    pub code: Option<String>,
}

/// What is typed so far.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Typed {
    /// The beginning of a search: part of a title, pinyin or initials.
    #[param(max_length = 200)]
    #[serde(default)]
    q: String,
}

/// Suggests titles, tags and units for what is typed so far.
#[utoipa::path(get, path = "/api/v1/search/suggestions", tag = "chain", params(Typed),
    responses((status = 200, body = List<Suggestion>), Problems))]
async fn suggest_datasets(ctx: Ctx, Query(typed): Query<Typed>) -> Result<Json<List<Suggestion>>> {
    check(&typed.q)?;
    let shelf = ctx.app.get::<Search>()?.current(&ctx.app).await?;
    let visible = Visible::to(&ctx);
    let typed = super::segment::folded(typed.q.trim());
    let items = if typed.is_empty() {
        Vec::new()
    } else {
        suggest(&shelf.cards, &visible, &typed)
    };
    Ok(Json(List {
        items,
        next_cursor: None,
    }))
}

fn suggest(cards: &[Arc<Card>], visible: &Visible, typed: &str) -> Vec<Suggestion> {
    // Rank, then words, so that the nearest come first and each once.
    let mut found: BTreeMap<(u8, String), Option<String>> = BTreeMap::new();
    for card in cards.iter().filter(|c| c.is_visible(visible)) {
        let rank = if card.folded_title.starts_with(typed) {
            Some(0)
        } else if card.spellings.first().is_some_and(|s| s.starts_with(typed)) {
            Some(1)
        } else if card.folded_title.contains(typed)
            || card.spellings.iter().any(|s| s.starts_with(typed))
        {
            Some(2)
        } else {
            None
        };
        if let Some(rank) = rank {
            found.insert((rank, card.title.clone()), Some(card.code.clone()));
        } else if card.folded_title_en.contains(typed) {
            found.insert((2, card.title_en.clone()), Some(card.code.clone()));
        }
        for words in card.tags.iter().chain([&card.unit]) {
            if super::segment::folded(words).contains(typed) {
                found.insert((3, words.clone()), None);
            }
        }
    }
    let items = found.into_iter().take(SUGGESTIONS_MAX);
    items
        .map(|((_, text), code)| Suggestion { text, code })
        .collect()
}
