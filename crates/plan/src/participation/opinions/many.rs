//! Many opinions at once: pasted, one a line or a paragraph, looked at before they are taken.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::authority::Action;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::{Error, Problems, Result};
use tianyuan_kernel::http::{Ctx, Json, PathId, Query, Routes};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::rounds::api::allowed;
use super::super::rounds::{self, ChannelId, Clause, Round, RoundId, checks};
use super::super::words::Source;
use super::api::party_of;
use super::contacts::{self, Contact};
use super::intake::{self, Incoming, Prepared, check_text};
use super::{OPINIONS_IMPORTED, store};
use crate::bundle::read::Located;
use crate::plans::api::{ImportMode, ImportQuery};

/// Most opinions of one paste or file.
pub const ITEMS_MAX: usize = 5_000;
/// Most of them shown when they are only looked at.
const SHOWN_MAX: usize = 200;

/// The routes of pasting.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().signed_in(routes!(paste_opinions))
}

/// How a text is cut into opinions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// One a line.
    #[default]
    Lines,
    /// One a paragraph: blank lines stand between them.
    Paragraphs,
}

/// A text that holds many opinions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PastedOpinions {
    /// The channel they came in by.
    pub channel_id: ChannelId,
    /// Who of those asked said them.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub party: String,
    /// What they are about.
    #[serde(default)]
    pub clause: Clause,
    /// The text.
    #[schema(max_length = 500_000)]
    pub text: String,
    /// How it is cut.
    #[serde(default)]
    pub cut: Cut,
}

/// What would be taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpinionsCheck {
    /// True when nothing is wrong.
    pub ok: bool,
    /// Everything that is wrong, by sheet, row and column.
    pub errors: Vec<Located>,
    /// How many opinions there are.
    pub count: usize,
    /// How many of them the channel has already; these are skipped.
    pub known: usize,
    /// The first 200, as they would be taken.
    pub items: Vec<OpinionItem>,
}

/// An opinion as it would be taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpinionItem {
    /// Its words.
    pub text: String,
    /// Who said it.
    pub party: String,
    /// What it is about.
    pub clause: Clause,
    /// How often it was said.
    pub copies: i64,
    /// True when the channel has it already.
    pub known: bool,
}

/// What was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpinionsAdded {
    /// Opinions added.
    pub added: usize,
    /// Opinions that stand in the input more than once, counted as copies.
    pub repeated: usize,
    /// Opinions the channel had already; they were not counted again.
    pub skipped: usize,
    /// Groups opened.
    pub new_topics: usize,
}

/// Cuts a text; leading bullets and numbers of a list go.
fn cut(text: &str, how: Cut) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let parts: Vec<String> = match how {
        Cut::Lines => text.lines().map(str::to_owned).collect(),
        Cut::Paragraphs => paragraphs(&text),
    };
    let parts = parts.iter().map(|part| unnumbered(part.trim()));
    parts.filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

fn paragraphs(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        match parts.last_mut() {
            Some(last) if !line.trim().is_empty() => {
                if !last.is_empty() {
                    last.push('\n');
                }
                last.push_str(line.trim_end());
            }
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// Without what a list puts before its items: `1.`, `（2）`, `3、`, `-`, `•`.
fn unnumbered(line: &str) -> &str {
    let bare = line
        .trim_start_matches(['-', '•', '·', '*', '●', '—'])
        .trim_start();
    let open = bare.trim_start_matches(['(', '（']);
    let digits =
        open.trim_start_matches(|c: char| c.is_ascii_digit() || ('０'..='９').contains(&c));
    let rest = digits.trim_start_matches(['.', '、', ')', '）', '．']);
    let numbered = open.len() - digits.len();
    // `3.5 亿元` is a number, not the third item.
    let decimal = rest.starts_with(|c: char| c.is_ascii_digit());
    if numbered > 0 && numbered <= 6 && rest.len() < digits.len() && !decimal {
        rest.trim_start()
    } else {
        bare
    }
}

/// Takes many opinions from one text: each line or paragraph one. With `mode=check` (the
/// default) nothing changes and the answer says what would be taken. What the channel has
/// already in the same words is skipped, so that pasting twice counts once.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/opinions/paste", tag = "plan",
    params(("id" = RoundId, Path), ImportQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = PastedOpinions,
    responses(
        (status = 200, body = OpinionsCheck, description = "Looked at; nothing was changed"),
        (status = 201, body = OpinionsAdded, description = "Taken"), Problems))]
async fn paste_opinions(
    ctx: Ctx,
    PathId(id): PathId<RoundId>,
    Query(query): Query<ImportQuery>,
    Json(input): Json<PastedOpinions>,
) -> Result<Response> {
    let round = allowed(&ctx, &id, Action::Record).await?;
    let party = party_of(round.channel(&input.channel_id)?, &input.party)?;
    let clause = {
        let mut sql = ctx.read().await?;
        checks::clause(&mut sql, &round.plan_id, "clause", &input.clause).await?
    };
    let texts = cut(&input.text, input.cut);
    if texts.is_empty() {
        let words = Text::new("没有可录入的意见。", "There are no opinions in it.");
        return Err(Error::invalid("nothing_to_import", "text", words));
    }
    if texts.len() > ITEMS_MAX {
        return Err(too_many(texts.len()));
    }
    let mut items = Vec::with_capacity(texts.len());
    for (i, text) in texts.into_iter().enumerate() {
        let incoming = Incoming {
            text: check_text(&format!("text[{i}]"), &text)?,
            clause: clause.clone(),
            party: party.clone(),
            copies: 1,
        };
        items.push((incoming, None));
    }
    let batch = Batch {
        round,
        channel: input.channel_id,
        source: Source::Pasted,
        file_sha256: None,
        items,
    };
    if query.mode == ImportMode::Check {
        let mut sql = ctx.read().await?;
        return Ok(Json(batch.look(&mut sql).await?).into_response());
    }
    batch.take(&ctx).await
}

fn too_many(count: usize) -> Error {
    let words = text!(
        "一次最多录入 {ITEMS_MAX} 条，收到 {count} 条。",
        "At most {ITEMS_MAX} opinions at once; got {count}."
    );
    Error::invalid("too_many_rows", "text", words)
}

/// Opinions that come together.
pub(super) struct Batch {
    pub(super) round: Round,
    pub(super) channel: ChannelId,
    pub(super) source: Source,
    pub(super) file_sha256: Option<String>,
    pub(super) items: Vec<(Incoming, Option<Contact>)>,
}

impl Batch {
    /// Says what would be taken.
    pub(super) async fn look(self, sql: &mut dyn Sql) -> Result<OpinionsCheck> {
        let count = self.items.len();
        let (mut known, mut items) = (0, Vec::new());
        for (incoming, _) in self.items {
            let hash = super::super::grouping::words::digest(&incoming.text);
            let key = intake::same_key(&hash, &incoming.clause, &incoming.party);
            let there = store::same(sql, &self.channel, &key).await?.is_some();
            known += usize::from(there);
            if items.len() < SHOWN_MAX {
                items.push(OpinionItem {
                    text: incoming.text,
                    party: incoming.party,
                    clause: incoming.clause,
                    copies: incoming.copies,
                    known: there,
                });
            }
        }
        Ok(OpinionsCheck {
            ok: true,
            errors: Vec::new(),
            count,
            known,
            items,
        })
    }

    /// Takes them, all or none.
    pub(super) async fn take(self, ctx: &Ctx) -> Result<Response> {
        let (incoming, mut people): (Vec<Incoming>, Vec<Option<Contact>>) =
            self.items.into_iter().unzip();
        let prepared = intake::prepare(incoming).await?;
        intake::warm(&ctx.app, &self.round.id).await?;
        let mut tx = ctx.begin().await?;
        let round = rounds::store::get_plain(&mut tx, &self.round.id).await?;
        round.takes()?;
        let channel = round.channel(&self.channel)?;
        // Held before looking what is there: nobody adds to the round meanwhile.
        rounds::store::arrive(&mut tx, &round.id, 0).await?;
        let (fresh, kept) = unknown(&mut tx, &self.channel, prepared).await?;
        let skipped = people.len() - fresh.len();
        let mut keep = kept.into_iter();
        people.retain(|_| keep.next().unwrap_or(false));
        let placed = intake::receive(&mut tx, &round, channel, self.source, fresh).await?;
        for (one, contact) in placed.iter().zip(&people) {
            if let Some(contact) = contact {
                contacts::keep(&mut tx, &one.opinion, contact).await?;
            }
        }
        let repeated = placed.iter().filter(|p| p.repeated).count();
        let answer = OpinionsAdded {
            added: placed.len() - repeated,
            repeated,
            skipped,
            new_topics: placed.iter().filter(|p| p.new_topic).count(),
        };
        let fact = json!({
            "channel": channel.name, "source": self.source, "added": answer.added,
            "repeated": answer.repeated, "skipped": answer.skipped, "sha256": self.file_sha256,
        });
        tx.record(&OPINIONS_IMPORTED, round.id.as_str(), &fact)
            .await?;
        tx.answer(StatusCode::CREATED, &answer).await
    }
}

/// Those the channel does not have yet, and which of all they are.
async fn unknown(
    sql: &mut dyn Sql,
    channel: &ChannelId,
    items: Vec<Prepared>,
) -> Result<(Vec<Prepared>, Vec<bool>)> {
    let (mut fresh, mut kept) = (Vec::new(), Vec::with_capacity(items.len()));
    for item in items {
        let there = store::same(sql, channel, &item.same_key).await?.is_some();
        kept.push(!there);
        if !there {
            fresh.push(item);
        }
    }
    Ok((fresh, kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_its_items() {
        let text = "1. 第一条\r\n（2）第二条\n3、第三条\n\n- 第四条\n3.5 亿元太少\n５．第六条";
        let items = cut(text, Cut::Lines);
        assert_eq!(
            items,
            [
                "第一条",
                "第二条",
                "第三条",
                "第四条",
                "3.5 亿元太少",
                "第六条"
            ]
        );
        let text = "一、第一段\n还是第一段\n\n\n第二段";
        assert_eq!(
            cut(text, Cut::Paragraphs),
            ["一、第一段\n还是第一段", "第二段"]
        );
        assert!(cut(" \n\n", Cut::Paragraphs).is_empty());
        assert_eq!(unnumbered("2025"), "2025");
    }
}
