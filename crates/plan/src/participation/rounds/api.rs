//! Rounds and channels over HTTP.

use axum::response::Response;
use http::StatusCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes, Tx, versioned};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::words::RoundState;
use super::channels::{channel_fact, too_many_channels};
use super::checks::{self, Faults};
use super::{CHANNEL_CREATED, ROUND_CHANGED, ROUND_CREATED};
use super::{CHANNELS_MAX, Channel, ChannelId, PRESETS, ROUNDS_MAX, Round, RoundId, store};
use crate::plans::{self, PlanId};

/// The routes of rounds.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_rounds, create_round))
        .signed_in(routes!(get_round, change_round))
        .signed_in(routes!(list_presets))
}

/// A round, if the caller may do this to it.
pub(crate) async fn allowed(ctx: &Ctx, id: &RoundId, action: Action) -> Result<Round> {
    let round = store::get_plain(&mut ctx.read().await?, id).await?;
    ctx.allow(action, &round)?;
    Ok(round)
}

/// The rounds of an edition, the newest first.
#[utoipa::path(get, path = "/api/v1/plans/{id}/rounds", tag = "plan",
    params(("id" = PlanId, Path), PageParams),
    responses((status = 200, body = List<Round>), Problems))]
async fn list_rounds(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    page: Page,
) -> Result<Json<List<Round>>> {
    let mut sql = ctx.read().await?;
    let plan = plans::store::get(&mut sql, &plan).await?;
    ctx.allow(Action::View, &plan)?;
    ctx.allow(Action::View, &Entity::all("Round"))?;
    let rounds = store::list(&mut sql, &plan.id, &page).await?;
    let key = |r: &Round| vec![Json_::from(r.id.as_str())];
    Ok(Json(List::build(rounds, &page, key, |r| r)))
}

/// A channel a round may begin with.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelPreset {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: Text,
    /// True when it takes opinions from the public page.
    pub on_page: bool,
}

/// Channels rounds usually have; a round may name others.
#[utoipa::path(get, path = "/api/v1/round-channels/presets", tag = "plan",
    params(PageParams), responses((status = 200, body = List<ChannelPreset>), Problems))]
async fn list_presets(ctx: Ctx, page: Page) -> Result<Json<List<ChannelPreset>>> {
    ctx.allow(Action::View, &Entity::all("Round"))?;
    let presets = PRESETS.map(|p| ChannelPreset {
        kind: p.kind,
        name: Text::new(p.zh, p.en),
        on_page: p.on_page,
    });
    Ok(Json(List::of_all(presets.into(), &page)))
}

/// A round to set up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRound {
    /// What it is called.
    #[schema(max_length = 120)]
    pub title: String,
    /// What people are asked.
    #[schema(max_length = 4000)]
    pub question: String,
    /// First day.
    #[schema(value_type = String, format = Date)]
    pub opens_on: Date,
    /// Last day, at most 366 days on.
    #[schema(value_type = String, format = Date)]
    pub closes_on: Date,
    /// True (the default) when groups of opinions are shown to the public only after staff said
    /// so.
    #[serde(default = "yes")]
    pub review: bool,
    /// Kinds of the presets to begin with.
    #[serde(default)]
    #[schema(max_items = 40)]
    pub channels: Vec<String>,
}

pub(super) fn yes() -> bool {
    true
}

fn check(round: &Round) -> Result<()> {
    let mut faults = Faults::default();
    faults.text("title", &round.title, checks::TITLE_CHARS_MAX, true);
    faults.text(
        "question",
        &round.question,
        checks::QUESTION_CHARS_MAX,
        true,
    );
    checks::days(&mut faults, round.opens_on, round.closes_on);
    faults.result()
}

fn preset(ctx: &Ctx, kind: &str) -> Result<Channel> {
    let Some(preset) = PRESETS.iter().find(|p| p.kind == kind) else {
        let known = PRESETS.map(|p| p.kind).join(", ");
        let words = text!(
            "没有“{kind}”这个预设渠道，可选：{known}。",
            "There is no preset channel \"{kind}\"; choose from: {known}."
        );
        return Err(Error::invalid("preset_unknown", "channels", words));
    };
    Ok(Channel {
        id: ChannelId::new(&ctx.app),
        kind: preset.kind.to_owned(),
        name: preset.zh.to_owned(),
        name_en: preset.en.to_owned(),
        held: String::new(),
        note: String::new(),
        counted: true,
        on_page: preset.on_page,
        asked: Vec::new(),
        voices: Some(0),
        version: 1,
    })
}

fn fact(round: &Round) -> Json_ {
    json!({
        "plan": round.plan_id, "title": round.title, "question": round.question,
        "opens_on": round.opens_on, "closes_on": round.closes_on, "state": round.state,
        "review": round.review,
    })
}

/// Sets up a round of participation in an edition, with the channels to begin with.
#[utoipa::path(post, path = "/api/v1/plans/{id}/rounds", tag = "plan",
    params(("id" = PlanId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = NewRound,
    responses((status = 201, body = Round), Problems))]
async fn create_round(
    ctx: Ctx,
    PathId(plan): PathId<PlanId>,
    Json(input): Json<NewRound>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let plan = plans::store::get(&mut tx, &plan).await?;
    ctx.allow(Action::View, &plan)?;
    ctx.allow(Action::Create, &Entity::all("Round"))?;
    let mut kinds = input.channels;
    kinds.dedup();
    if kinds.len() > CHANNELS_MAX {
        return Err(too_many_channels());
    }
    let channels: Result<Vec<Channel>> = kinds.iter().map(|kind| preset(&ctx, kind)).collect();
    let mut round = Round {
        id: RoundId::new(&ctx.app),
        plan_id: plan.id,
        title: input.title.trim().to_owned(),
        question: input.question.trim().to_owned(),
        opens_on: input.opens_on,
        closes_on: input.closes_on,
        state: RoundState::Preparing,
        review: input.review,
        channels: channels?,
        voices: 0,
        undecided: 0,
        topics: 0,
        version: 1,
        salt: Some(ctx.app.random::<32>().to_vec()),
    };
    check(&round)?;
    if store::count(&mut tx, &round.plan_id).await? >= ROUNDS_MAX {
        let words = text!(
            "一个方案最多 {ROUNDS_MAX} 轮征询。",
            "An edition has at most {ROUNDS_MAX} rounds."
        );
        return Err(Error::conflict("rounds_too_many", words));
    }
    one_on_page(&mut round.channels);
    insert(&mut tx, &round).await?;
    tx.answer_versioned(StatusCode::CREATED, 1, &round).await
}

/// Stores a round with its channels, and their facts.
pub(crate) async fn insert(tx: &mut Tx, round: &Round) -> Result<()> {
    let now = tx.now();
    store::insert(tx, round, now).await?;
    tx.record(&ROUND_CREATED, round.id.as_str(), &fact(round))
        .await?;
    for (position, channel) in (1_i64..).zip(&round.channels) {
        store::insert_channel(tx, &round.id, channel, position).await?;
        let fact = channel_fact(&round.id, channel);
        tx.record(&CHANNEL_CREATED, channel.id.as_str(), &fact)
            .await?;
    }
    Ok(())
}

/// Only the first keeps the public page.
fn one_on_page(channels: &mut [Channel]) {
    let mut taken = false;
    for channel in channels {
        channel.on_page &= !taken;
        taken |= channel.on_page;
    }
}

/// One round.
#[utoipa::path(get, path = "/api/v1/rounds/{id}", tag = "plan",
    params(("id" = RoundId, Path)), responses((status = 200, body = Round), Problems))]
async fn get_round(ctx: Ctx, PathId(id): PathId<RoundId>) -> Result<Response> {
    let round = store::get(&mut ctx.read().await?, &id).await?;
    ctx.allow(Action::View, &round)?;
    versioned(round.version, &round)
}

/// What to change of a round; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoundChange {
    /// What it is called.
    #[serde(default)]
    #[schema(max_length = 120)]
    pub title: Option<String>,
    /// What people are asked.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub question: Option<String>,
    /// First day.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub opens_on: Option<Date>,
    /// Last day.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub closes_on: Option<Date>,
    /// Whether groups are shown only after staff said so.
    #[serde(default)]
    pub review: Option<bool>,
    /// Where it stands. Reporting it needs a decision on every counted opinion, and deletes what
    /// keeps voters apart.
    #[serde(default)]
    pub state: Option<RoundState>,
}

/// Changes a round, or moves it on: open, close, report, and one step back.
#[utoipa::path(patch, path = "/api/v1/rounds/{id}", tag = "plan",
    params(("id" = RoundId, Path), ("If-Match" = String, Header, description = "The ETag read")),
    request_body = RoundChange, responses((status = 200, body = Round), Problems))]
async fn change_round(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Json(change): Json<RoundChange>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let mut round = store::get(&mut tx, &id).await?;
    ctx.allow(Action::Edit, &round)?;
    ctx.if_match(round.version)?;
    let before = fact(&round);
    let reopened = matches!(change.state, Some(state) if state != RoundState::Reported);
    if !reopened {
        round.changeable()?;
    }
    round.title = change.title.map_or(round.title, |t| t.trim().to_owned());
    round.question = change
        .question
        .map_or(round.question, |q| q.trim().to_owned());
    round.opens_on = change.opens_on.unwrap_or(round.opens_on);
    round.closes_on = change.closes_on.unwrap_or(round.closes_on);
    round.review = change.review.unwrap_or(round.review);
    check(&round)?;
    if let Some(state) = change.state.filter(|s| *s != round.state) {
        move_to(&ctx, &mut round, state)?;
    }
    if fact(&round) == before {
        tx.commit().await?;
        return versioned(round.version, &round);
    }
    if !store::update(&mut tx, &round).await? {
        return Err(Error::precondition_failed());
    }
    round.version += 1;
    tx.record(&ROUND_CHANGED, id.as_str(), &fact(&round))
        .await?;
    tx.answer_versioned(StatusCode::OK, round.version, &round)
        .await
}

/// One step along `preparing`, `open`, `closed`, `reported`, or back.
fn move_to(ctx: &Ctx, round: &mut Round, state: RoundState) -> Result<()> {
    let place = |s: RoundState| RoundState::ALL.iter().position(|x| *x == s).unwrap_or(0);
    if place(state).abs_diff(place(round.state)) != 1 {
        let (from, to) = (round.state.zh(), state.zh());
        let words = text!(
            "状态一次走一步：筹备、征询中、办理中、已报告。现为“{from}”，不能直接到“{to}”。",
            "A round moves one step at a time: preparing, open, closed, reported; it is {from:?}."
        );
        return Err(Error::conflict("round_step", words));
    }
    match state {
        RoundState::Open if round.channels.is_empty() => {
            let words = Text::new(
                "还没有渠道，请先添加。",
                "It has no channel; add one first.",
            );
            return Err(Error::conflict("round_without_channels", words));
        }
        RoundState::Preparing if round.voices > 0 => {
            let words = Text::new(
                "已收到意见，不能退回筹备。",
                "Opinions were received; it cannot go back to preparing.",
            );
            return Err(Error::conflict("round_has_opinions", words));
        }
        RoundState::Reported if round.undecided > 0 => {
            let n = round.undecided;
            let words = text!(
                "还有 {n} 条意见没有处理，处理完才能报告。",
                "{n} opinions have no decision yet; decide them first."
            );
            return Err(Error::conflict("opinions_undecided", words));
        }
        RoundState::Reported => round.salt = None,
        _ if round.salt.is_none() => round.salt = Some(ctx.app.random::<32>().to_vec()),
        _ => {}
    }
    round.state = state;
    Ok(())
}
