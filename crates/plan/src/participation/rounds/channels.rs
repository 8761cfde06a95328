//! Channels of a round over HTTP.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Json_, json};
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::{Ctx, Json, PathId, Routes, Tx, versioned};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::api::yes;
use super::checks::{self, Faults, NAME_CHARS_MAX, NOTE_CHARS_MAX};
use super::{CHANNEL_CHANGED, CHANNEL_CREATED, CHANNEL_REMOVED, CHANNELS_MAX};
use super::{Channel, ChannelId, Party, Round, RoundId, store};

/// The routes of channels.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(create_channel))
        .signed_in(routes!(change_channel, remove_channel))
}

/// A channel to add or its new form.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChannelForm)]
pub struct ChannelForm {
    /// Its kind: lower-case letters, digits, underscores. Only when it is added.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub kind: Option<String>,
    /// Its name.
    #[schema(max_length = 80)]
    pub name: String,
    /// English name.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub name_en: String,
    /// When it was held, in words.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub held: String,
    /// A remark.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub note: String,
    /// False for a channel that was held and not counted.
    #[serde(default = "yes")]
    pub counted: bool,
    /// True for the one that takes opinions from the public page.
    #[serde(default)]
    pub on_page: bool,
    /// Who was asked, and who answered.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub asked: Vec<Party>,
}

pub(super) fn channel_fact(round: &RoundId, channel: &Channel) -> Json_ {
    json!({
        "round": round, "name": channel.name, "counted": channel.counted, "held": channel.held,
        "on_page": channel.on_page, "asked": channel.asked,
    })
}

fn filled(mut channel: Channel, form: ChannelForm) -> Result<Channel> {
    let mut faults = Faults::default();
    faults.text("name", &form.name, NAME_CHARS_MAX, true);
    faults.text("name_en", &form.name_en, NAME_CHARS_MAX, false);
    faults.text("held", &form.held, NAME_CHARS_MAX, false);
    faults.text("note", &form.note, NOTE_CHARS_MAX, false);
    checks::kind(&mut faults, &channel.kind);
    checks::asked(&mut faults, &form.asked);
    faults.result()?;
    channel.name = form.name.trim().to_owned();
    channel.name_en = form.name_en.trim().to_owned();
    channel.held = form.held.trim().to_owned();
    channel.note = form.note.trim().to_owned();
    channel.counted = form.counted;
    channel.on_page = form.on_page;
    channel.asked = form.asked;
    for party in &mut channel.asked {
        party.name = party.name.trim().to_owned();
    }
    Ok(channel)
}

fn page_is_free(round: &Round, channel: &Channel) -> Result<()> {
    let taken = round
        .channels
        .iter()
        .any(|c| c.on_page && c.id != channel.id);
    if channel.on_page && taken {
        let words = Text::new(
            "已有渠道接收网页意见，一轮只能有一个。",
            "Another channel takes opinions from the page; a round has one.",
        );
        return Err(Error::invalid("page_taken", "on_page", words));
    }
    if channel.on_page && !channel.counted {
        let words = Text::new(
            "接收网页意见的渠道必须计数。",
            "The channel of the public page is always counted.",
        );
        return Err(Error::invalid("page_counts", "counted", words));
    }
    Ok(())
}

pub(super) fn too_many_channels() -> Error {
    let words = text!(
        "一轮最多 {CHANNELS_MAX} 个渠道。",
        "A round has at most {CHANNELS_MAX} channels."
    );
    Error::conflict("channels_too_many", words)
}

/// Adds a channel to a round.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/channels", tag = "plan",
    params(("id" = RoundId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = ChannelForm,
    responses((status = 201, body = Channel), Problems))]
async fn create_channel(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Json(form): Json<ChannelForm>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let round = store::get_plain(&mut tx, &id).await?;
    ctx.allow(Action::Edit, &round)?;
    round.changeable()?;
    if round.channels.len() >= CHANNELS_MAX {
        return Err(too_many_channels());
    }
    let empty = Channel {
        id: ChannelId::new(&ctx.app),
        kind: form.kind.clone().unwrap_or_else(|| "other".to_owned()),
        name: String::new(),
        name_en: String::new(),
        held: String::new(),
        note: String::new(),
        counted: true,
        on_page: false,
        asked: Vec::new(),
        voices: form.counted.then_some(0),
        version: 1,
    };
    let channel = filled(empty, form)?;
    page_is_free(&round, &channel)?;
    let position = i64::try_from(round.channels.len()).unwrap_or(0) + 1;
    store::insert_channel(&mut tx, &id, &channel, position).await?;
    let fact = channel_fact(&id, &channel);
    tx.record(&CHANNEL_CREATED, channel.id.as_str(), &fact)
        .await?;
    tx.answer_versioned(StatusCode::CREATED, 1, &channel).await
}

async fn of_channel(ctx: &Ctx, tx: &mut Tx, id: &ChannelId) -> Result<(Round, Channel)> {
    let round = store::round_of_channel(tx, id).await?;
    let round = store::get(tx, &round).await?;
    if !ctx.can(Action::Edit, &round) && !ctx.can(Action::View, &round) {
        return Err(Error::not_found());
    }
    ctx.allow(Action::Edit, &round)?;
    round.changeable()?;
    let channel = round.channel(id)?.clone();
    Ok((round, channel))
}

/// Gives a channel its new form; its kind stays.
#[utoipa::path(patch, path = "/api/v1/channels/{id}", tag = "plan",
    params(("id" = ChannelId, Path), ("If-Match" = String, Header, description = "The ETag read")),
    request_body = ChannelForm, responses((status = 200, body = Channel), Problems))]
async fn change_channel(
    ctx: Ctx,
    PathId(id): PathId<ChannelId>,
    Json(form): Json<ChannelForm>,
) -> Result<Response> {
    let mut tx = ctx.begin().await?;
    let (round, channel) = of_channel(&ctx, &mut tx, &id).await?;
    ctx.if_match(channel.version)?;
    let before = channel_fact(&round.id, &channel);
    let mut channel = filled(channel, form)?;
    page_is_free(&round, &channel)?;
    if !channel.counted && store::has_opinions(&mut tx, &id).await? {
        let words = Text::new(
            "这个渠道已有意见，不能改为不计数。",
            "The channel has opinions; it cannot be left uncounted.",
        );
        return Err(Error::conflict("channel_has_opinions", words));
    }
    channel.voices = channel.counted.then(|| channel.voices.unwrap_or(0));
    let fact = channel_fact(&round.id, &channel);
    if fact == before {
        tx.commit().await?;
        return versioned(channel.version, &channel);
    }
    if !store::update_channel(&mut tx, &channel).await? {
        return Err(Error::precondition_failed());
    }
    channel.version += 1;
    tx.record(&CHANNEL_CHANGED, id.as_str(), &fact).await?;
    tx.answer_versioned(StatusCode::OK, channel.version, &channel)
        .await
}

/// Removes a channel that has no opinions.
#[utoipa::path(delete, path = "/api/v1/channels/{id}", tag = "plan",
    params(("id" = ChannelId, Path)),
    responses((status = 204, description = "Removed"), Problems))]
async fn remove_channel(ctx: Ctx, PathId(id): PathId<ChannelId>) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let (round, channel) = of_channel(&ctx, &mut tx, &id).await?;
    if store::has_opinions(&mut tx, &id).await? {
        let words = Text::new(
            "这个渠道已有意见，不能删除。",
            "The channel has opinions; it cannot be removed.",
        );
        return Err(Error::conflict("channel_has_opinions", words));
    }
    store::delete_channel(&mut tx, &id).await?;
    let fact = json!({ "round": round.id, "name": channel.name });
    tx.record(&CHANNEL_REMOVED, id.as_str(), &fact).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
