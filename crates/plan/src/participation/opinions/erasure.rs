//! Erasing who gave an opinion, and its words when they point to somebody (删除个人信息).
//!
//! An erasure is a fact, and takes the words of earlier facts about it along; the ledgers keep
//! commitments that open for nobody. Invariant: before it is acknowledged, the ids of what was
//! erased stand on the list [`tianyuan_kernel::erasures`], and [`keep_erased`] erases again what an
//! older backup brought back.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tianyuan_kernel::erasures;
use tianyuan_kernel::journal;
use tianyuan_kernel::prelude::*;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::rounds;
use super::super::topics;
use super::contacts::entity;
use super::{ContactId, OPINION_ERASED, Opinion, OpinionId, attachments, store};

/// The routes of erasure.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().signed_in(routes!(erase_opinion))
}

/// What to erase.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpinionErasure {
    /// True to erase the opinion's words and files too, when they point to somebody.
    #[serde(default)]
    pub words: bool,
}

/// Erases who gave an opinion, and its words when they point to somebody. It stays counted, and
/// what was erased stays so after an older backup is restored.
#[utoipa::path(post, path = "/api/v1/opinions/{id}/erasure", tag = "plan",
    params(("id" = OpinionId, Path)), request_body = OpinionErasure,
    responses((status = 200, body = Opinion), Problems))]
async fn erase_opinion(
    ctx: Ctx,
    PathId(id): PathId<OpinionId>,
    Json(input): Json<OpinionErasure>,
) -> Result<Response> {
    may_erase(&ctx, &mut ctx.read().await?, &id).await?;
    // An earlier request may have come to its end before this.
    list_known(&ctx.app, Some(&id)).await?;
    let mut tx = ctx.begin().await?;
    let opinion = may_erase(&ctx, &mut tx, &id).await?;
    let contacts = erase_contacts(&mut tx, &id).await?;
    if input.words && opinion.erased_at.is_none() {
        erase_words(&mut tx, &opinion).await?;
    }
    told(&mut tx, &opinion, contacts, input.words).await?;
    let opinion = store::get(&mut tx, &id).await?;
    let answer = tx.answer(StatusCode::OK, &opinion).await?;
    list_known(&ctx.app, Some(&id)).await?;
    Ok(answer)
}

async fn may_erase(ctx: &Ctx, sql: &mut dyn Sql, id: &OpinionId) -> Result<Opinion> {
    let opinion = store::get(sql, id).await?;
    let round = rounds::store::get_plain(sql, &opinion.round_id).await?;
    if !ctx.can(Action::View, &round) && !ctx.can(Action::Erase, &entity(id)) {
        return Err(Error::hidden("Erase", "Contact", id.as_str()));
    }
    ctx.allow(Action::Erase, &entity(id))?;
    Ok(opinion)
}

async fn told(tx: &mut Tx, opinion: &Opinion, contacts: usize, words: bool) -> Result<()> {
    let fact = json!({ "round": opinion.round_id, "contacts": contacts, "words": words });
    tx.record(&OPINION_ERASED, opinion.id.as_str(), &fact)
        .await
        .map(|_| ())
}

async fn erase_contacts(tx: &mut Tx, opinion: &OpinionId) -> Result<usize> {
    let select = "SELECT id FROM plan_opinion_contacts WHERE opinion_id = $1";
    let rows = tx.all(select, args![opinion]).await?;
    for row in &rows {
        erase_contact(tx, opinion, &row.text("id")?).await?;
    }
    Ok(rows.len())
}

async fn erase_contact(tx: &mut Tx, opinion: &OpinionId, contact: &str) -> Result<()> {
    journal::erase(tx, contact).await?;
    let delete = "DELETE FROM plan_opinion_contacts WHERE id = $1";
    tx.execute(delete, args![contact]).await?;
    let now = tx.now();
    let insert = "INSERT INTO plan_contact_erasures (contact_id, opinion_id, erased_at) \
                  VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.execute(insert, args![contact, opinion, now]).await?;
    Ok(())
}

async fn erase_words(tx: &mut Tx, opinion: &Opinion) -> Result<()> {
    rounds::store::note_regrouped(tx, &opinion.round_id).await?;
    let (nothing, now) = (tx.app().random::<32>(), tx.now());
    store::erase_words(tx, &opinion.id, nothing, now).await?;
    attachments::remove_all(tx, &opinion.id).await?;
    journal::erase(tx, opinion.id.as_str()).await?;
    topics::name_anew(tx, &opinion.topic.id).await
}

/// Ids of what the database knows to be erased: contacts, and opinions without their words; of
/// one opinion, or of all.
async fn known(sql: &mut dyn Sql, of: Option<&OpinionId>) -> Result<Vec<String>> {
    let contacts = Select::new("SELECT contact_id AS id FROM plan_contact_erasures")
        .and_opt("opinion_id = ?", of)
        .order_by("contact_id");
    let words = Select::new("SELECT id FROM plan_opinions")
        .and_all("erased_at IS NOT NULL", vec![])
        .and_opt("id = ?", of)
        .order_by("id");
    let mut ids = Vec::new();
    for select in [contacts, words] {
        for row in sql.select(select).await? {
            ids.push(row.text("id")?);
        }
    }
    Ok(ids)
}

async fn list_known(app: &App, of: Option<&OpinionId>) -> Result<()> {
    let ids = known(&mut app.db().read().await?, of).await?;
    erasures::list(app, &ids).await
}

/// Brings database and list together, before anything is served: erases again the contacts and
/// words on the list that are there all the same, as after restoring an older backup, and lists
/// what another node erased. Answers how many were erased again.
///
/// # Errors
/// When the list cannot be read or written, or the database refuses.
pub async fn keep_erased(app: &App) -> Result<u64> {
    let (contacts, opinions) = came_back(app).await?;
    let mut again = 0;
    for (contact, opinion) in contacts {
        let mut tx = Tx::begin(app, None).await?;
        let opinion = store::get(&mut tx, &opinion).await?;
        erase_contact(&mut tx, &opinion.id, contact.as_str()).await?;
        told(&mut tx, &opinion, 1, false).await?;
        tx.commit().await?;
        again += 1;
    }
    for opinion in opinions {
        let mut tx = Tx::begin(app, None).await?;
        let opinion = store::get(&mut tx, &opinion).await?;
        erase_words(&mut tx, &opinion).await?;
        told(&mut tx, &opinion, 0, true).await?;
        tx.commit().await?;
        again += 1;
    }
    list_known(app, None).await?;
    if again > 0 {
        tracing::warn!(
            again,
            "contacts and words of opinions that a restored backup brought back were erased again"
        );
    }
    Ok(again)
}

/// What stands on the list and in the database all the same: contacts with their opinions, and
/// opinions with their words. What came after the backup is not there at all.
async fn came_back(app: &App) -> Result<(Vec<(ContactId, OpinionId)>, Vec<OpinionId>)> {
    let listed = erasures::listed(app).await?;
    let mut sql = app.db().read().await?;
    let (mut contacts, mut opinions) = (Vec::new(), Vec::new());
    for line in listed {
        if let Ok(contact) = line.parse::<ContactId>() {
            let select = "SELECT opinion_id FROM plan_opinion_contacts WHERE id = $1";
            if let Some(row) = sql.optional(select, args![&contact]).await? {
                contacts.push((contact, OpinionId::from_stored(row.text("opinion_id")?)));
            }
        } else if let Ok(opinion) = line.parse::<OpinionId>() {
            let select = "SELECT id FROM plan_opinions WHERE id = $1 AND erased_at IS NULL";
            if sql.optional(select, args![&opinion]).await?.is_some() {
                opinions.push(opinion);
            }
        }
    }
    Ok((contacts, opinions))
}
