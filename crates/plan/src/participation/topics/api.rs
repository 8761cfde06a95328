//! Groups of opinions over HTTP: looked at, named, shown, merged, split.

use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Query, Routes, versioned};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::opinions::{self, Opinion, OpinionId, intake};
use super::super::rounds::api::allowed as round_allowed;
use super::super::rounds::checks::{Faults, search};
use super::super::rounds::{self, RoundId};
use super::{STATEMENT_CHARS_MAX, TITLE_CHARS_MAX, TOPIC_CHANGED, TOPIC_SPLIT, TOPICS_MERGED};
use super::{Topic, TopicId, allowed, put, store};

/// Opinions split off at once.
const SPLIT_MAX: usize = 500;
/// Groups proposed for merging.
const ALIKE_MAX: usize = 6;

/// The routes of groups.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_topics))
        .signed_in(routes!(get_topic, change_topic))
        .signed_in(routes!(list_topic_opinions))
        .signed_in(routes!(list_alike))
        .signed_in(routes!(merge_topic))
        .signed_in(routes!(split_topic))
}

/// What a list of groups is narrowed to.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TopicFilter {
    /// Holding these words.
    #[param(max_length = 200)]
    pub q: Option<String>,
}

/// The groups of a round, those with the most voices first.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/topics", tag = "plan",
    params(("id" = RoundId, Path), TopicFilter, PageParams),
    responses((status = 200, body = List<Topic>), Problems))]
async fn list_topics(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Query(filter): Query<TopicFilter>,
    page: Page,
) -> Result<Json<List<Topic>>> {
    round_allowed(&ctx, &id, Action::View).await?;
    let mut sql = ctx.read().await?;
    search(filter.q.as_deref())?;
    let rows = store::list(&mut sql, &id, false, filter.q.as_deref(), &page).await?;
    let key = |t: &Topic| vec![Json_::from(t.voices), Json_::from(t.id.as_str())];
    Ok(Json(List::build(rows, &page, key, |t| t)))
}

async fn visible(ctx: &Ctx, id: &TopicId) -> Result<Topic> {
    let topic = store::get(&mut ctx.read().await?, id, None).await?;
    round_allowed(ctx, &topic.round_id, Action::View).await?;
    Ok(topic)
}

/// One group.
#[utoipa::path(get, path = "/api/v1/topics/{id}", tag = "plan",
    params(("id" = TopicId, Path)), responses((status = 200, body = Topic), Problems))]
async fn get_topic(ctx: Ctx, PathId(id): PathId<TopicId>) -> Result<Response> {
    let topic = visible(&ctx, &id).await?;
    versioned(topic.version, &topic)
}

/// The opinions of a group, in the order of arrival.
#[utoipa::path(get, path = "/api/v1/topics/{id}/opinions", tag = "plan",
    params(("id" = TopicId, Path), PageParams),
    responses((status = 200, body = List<Opinion>), Problems))]
async fn list_topic_opinions(
    ctx: Ctx,
    PathId(id): PathId<TopicId>,
    page: Page,
) -> Result<Json<List<Opinion>>> {
    visible(&ctx, &id).await?;
    let mut sql = ctx.read().await?;
    let rows = opinions::store::of_topic(&mut sql, &id, &page).await?;
    let key = |o: &Opinion| vec![Json_::from(o.seq)];
    Ok(Json(List::build(rows, &page, key, |o| o)))
}

/// A group similar to another, to be merged perhaps.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlikeTopic {
    /// The group.
    pub topic: Topic,
    /// 0 (nothing in common) to 1 (the same).
    pub similarity: f64,
    /// Words in common, the most telling first.
    pub words: Vec<String>,
}

/// Groups of the round whose words are similar to this one's.
#[utoipa::path(get, path = "/api/v1/topics/{id}/alike", tag = "plan",
    params(("id" = TopicId, Path), PageParams),
    responses((status = 200, body = List<AlikeTopic>), Problems))]
async fn list_alike(
    ctx: Ctx,
    PathId(id): PathId<TopicId>,
    page: Page,
) -> Result<Json<List<AlikeTopic>>> {
    let topic = visible(&ctx, &id).await?;
    let mut sql = ctx.read().await?;
    let words = match store::words_left(&mut sql, &id).await? {
        Some(words) => format!("{}\n{words}", topic.statement),
        None => topic.statement,
    };
    let round = &topic.round_id;
    let found = intake::similar(&ctx.app, &mut sql, round, words, ALIKE_MAX + 1).await?;
    let ids: Vec<String> = found.iter().map(|m| m.topic.clone()).collect();
    let topics = store::some(&mut sql, &ids).await?;
    let alike = found
        .into_iter()
        .filter(|m| m.topic != id.as_str())
        .filter_map(|m| {
            let topic = topics.iter().find(|t| t.id.as_str() == m.topic)?.clone();
            Some(AlikeTopic {
                topic,
                similarity: m.similarity,
                words: m.words,
            })
        })
        .take(ALIKE_MAX)
        .collect();
    Ok(Json(List::of_all(alike, &page)))
}

/// What to change of a group; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicChange {
    /// Its title.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub title: Option<String>,
    /// What people vote on.
    #[serde(default)]
    #[schema(max_length = 400)]
    pub statement: Option<String>,
    /// True to show it to the public, false to hide it.
    #[serde(default)]
    pub shown: Option<bool>,
}

/// Names a group, words its statement, shows or hides it.
#[utoipa::path(patch, path = "/api/v1/topics/{id}", tag = "plan",
    params(("id" = TopicId, Path), ("If-Match" = String, Header, description = "The ETag read")),
    request_body = TopicChange, responses((status = 200, body = Topic), Problems))]
async fn change_topic(
    ctx: Ctx,
    PathId(id): PathId<TopicId>,
    Json(change): Json<TopicChange>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (mut topic, round) = allowed(&ctx, &mut tx, &id, Action::Edit).await?;
    ctx.if_match(topic.version)?;
    round.takes()?;
    standing(&topic)?;
    let before = (topic.title.clone(), topic.statement.clone(), topic.shown_at);
    let trimmed = |text: String| text.trim().to_owned();
    topic.named |= change.title.is_some() || change.statement.is_some();
    topic.title = change.title.map_or(topic.title, trimmed);
    topic.statement = change.statement.map_or(topic.statement, trimmed);
    match change.shown {
        Some(true) => topic.shown_at = topic.shown_at.or(Some(tx.now())),
        Some(false) => topic.shown_at = None,
        None => {}
    }
    let mut faults = Faults::default();
    faults.text("title", &topic.title, TITLE_CHARS_MAX, true);
    faults.text("statement", &topic.statement, STATEMENT_CHARS_MAX, true);
    faults.result()?;
    if before == (topic.title.clone(), topic.statement.clone(), topic.shown_at) {
        tx.commit().await?;
        return versioned(topic.version, &topic);
    }
    if !store::update(&mut tx, &topic).await? {
        return Err(Error::precondition_failed());
    }
    topic.version += 1;
    let fact = json!({
        "round": topic.round_id, "title": topic.title, "statement": topic.statement,
        "shown": topic.shown_at.is_some(),
    });
    tx.record(&TOPIC_CHANGED, id.as_str(), &fact).await?;
    tx.answer_versioned(StatusCode::OK, topic.version, &topic)
        .await
}

fn standing(topic: &Topic) -> Result<()> {
    if topic.merged_into.is_some() {
        let words = Text::new(
            "这个意见组已并入另一组。",
            "This group was merged into another.",
        );
        return Err(Error::conflict("topic_merged", words));
    }
    Ok(())
}

/// The group to merge into.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicMerge {
    /// The group that stays.
    pub into: TopicId,
}

/// Merges a group into another of its round; answers the one that stays. Votes move along, and
/// opinions like its own join the other from now on.
#[utoipa::path(post, path = "/api/v1/topics/{id}/merge", tag = "plan",
    params(("id" = TopicId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = TopicMerge, responses((status = 200, body = Topic), Problems))]
async fn merge_topic(
    ctx: Ctx,
    PathId(id): PathId<TopicId>,
    Json(input): Json<TopicMerge>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (topic, round) = allowed(&ctx, &mut tx, &id, Action::Edit).await?;
    round.takes()?;
    standing(&topic)?;
    rounds::store::note_regrouped(&mut tx, &round.id).await?;
    let unknown = |error: Error| {
        if error.status() != StatusCode::NOT_FOUND {
            return error;
        }
        let words = Text::new("这一轮没有这个意见组。", "The round has no such group.");
        Error::invalid("topic_unknown", "into", words)
    };
    let into = store::get(&mut tx, &input.into, Some(&round.id))
        .await
        .map_err(unknown)?;
    standing(&into)?;
    if into.id == topic.id {
        let words = Text::new("不能并入自己。", "A group cannot be merged into itself.");
        return Err(Error::invalid("topic_itself", "into", words));
    }
    store::merge(&mut tx, &topic.id, &into.id).await?;
    let fact = json!({
        "round": round.id, "into": into.id, "opinions": topic.voices, "title": topic.title,
    });
    tx.record(&TOPICS_MERGED, id.as_str(), &fact).await?;
    let into = store::get(&mut tx, &into.id, None).await?;
    tx.answer_versioned(StatusCode::OK, into.version, &into)
        .await
}

/// What to split off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicSplit {
    /// The opinions that leave, 1 to 500.
    #[schema(min_items = 1, max_items = 500)]
    pub opinions: Vec<OpinionId>,
    /// The title of the new group.
    #[schema(max_length = 80)]
    pub title: String,
}

/// Splits opinions off a group into a new one; answers the new one.
#[utoipa::path(post, path = "/api/v1/topics/{id}/split", tag = "plan",
    params(("id" = TopicId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = TopicSplit, responses((status = 201, body = Topic), Problems))]
async fn split_topic(
    ctx: Ctx,
    PathId(id): PathId<TopicId>,
    Json(input): Json<TopicSplit>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (topic, round) = allowed(&ctx, &mut tx, &id, Action::Edit).await?;
    round.takes()?;
    standing(&topic)?;
    let mut ids = input.opinions;
    ids.sort();
    ids.dedup();
    if ids.is_empty() || ids.len() > SPLIT_MAX {
        let words = text!(
            "一次拆出 1 到 {SPLIT_MAX} 条。",
            "Split off 1 to {SPLIT_MAX} opinions at once."
        );
        return Err(Error::invalid("too_many", "opinions", words));
    }
    rounds::store::note_regrouped(&mut tx, &round.id).await?;
    let title = input.title.trim();
    let mut faults = Faults::default();
    faults.text("title", title, TITLE_CHARS_MAX, true);
    faults.result()?;
    let mut leaving = Vec::with_capacity(ids.len());
    for (i, one) in ids.iter().enumerate() {
        let found = opinions::store::get(&mut tx, one).await.ok();
        match found.filter(|o| o.topic.id == topic.id) {
            Some(opinion) => leaving.push(opinion),
            None => {
                let words = Text::new(
                    "这条意见不在这一组。",
                    "This opinion does not stand in the group.",
                );
                let field = format!("opinions[{i}]");
                return Err(Error::invalid("opinion_elsewhere", field, words));
            }
        }
    }
    let (new, now) = (TopicId::new(&ctx.app), tx.now());
    let statement = leaving.first().map_or(title, |o| o.text.as_str());
    let statement = super::shortened(statement, super::STATEMENT_TAKEN_CHARS);
    let row = store::NewTopic {
        id: &new,
        round: &round.id,
        title,
        statement: if statement.is_empty() {
            title
        } else {
            &statement
        },
        named: true,
        shown_at: None,
        created_at: now,
    };
    store::insert(&mut tx, row).await?;
    for opinion in &leaving {
        put(&mut tx, opinion, &new).await?;
    }
    super::name_anew(&mut tx, &topic.id).await?;
    let fact = json!({
        "round": round.id, "from": topic.id, "opinions": leaving.len(), "title": title,
    });
    tx.record(&TOPIC_SPLIT, new.as_str(), &fact).await?;
    let split = store::get(&mut tx, &new, None).await?;
    tx.answer_versioned(StatusCode::CREATED, split.version, &split)
        .await
}
