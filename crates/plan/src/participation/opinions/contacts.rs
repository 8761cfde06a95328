//! Who gave an opinion (联系信息): personal data, kept apart, seen by few, erasable.
//!
//! Looking at it is a fact. How it is erased, and stays so, stands in [`super::erasure`].

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use tianyuan_kernel::args;
use tianyuan_kernel::authority::{Action, Entity};
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Row, Select, Sql};
use tianyuan_kernel::error::{Problems, Result};
use tianyuan_kernel::http::list::PageParams;
use tianyuan_kernel::http::{Ctx, Json, List, Page, PathId, Routes, Tx};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::rounds::{self, checks::Faults};
use super::{CONTACT_KEPT, CONTACTS_SEEN, ContactId, OpinionId, store};

/// The routes of contacts.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().signed_in(routes!(list_contacts))
}

/// Who gave an opinion, in their own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpinionContact)]
pub struct Contact {
    /// Name.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub name: String,
    /// Telephone number.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub phone: String,
    /// Where they work.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub unit: String,
}

impl Contact {
    /// Checks it; nothing when it is blank.
    pub(crate) fn checked(self, faults: &mut Faults, field: &str) -> Option<Self> {
        let contact = Self {
            name: self.name.trim().to_owned(),
            phone: self.phone.trim().to_owned(),
            unit: self.unit.trim().to_owned(),
        };
        faults.text(&format!("{field}.name"), &contact.name, 40, false);
        faults.text(&format!("{field}.phone"), &contact.phone, 40, false);
        faults.text(&format!("{field}.unit"), &contact.unit, 80, false);
        (contact != Self::default()).then_some(contact)
    }
}

/// Keeps who gave an opinion.
///
/// # Errors
/// When the database refuses.
pub async fn keep(tx: &mut Tx, opinion: &OpinionId, contact: &Contact) -> Result<()> {
    let (id, now) = (ContactId::new(tx.app()), tx.now());
    let insert = "INSERT INTO plan_opinion_contacts (id, opinion_id, name, phone, unit, created_at) \
                  VALUES ($1, $2, $3, $4, $5, $6)";
    let args = args![
        &id,
        opinion,
        &contact.name,
        &contact.phone,
        &contact.unit,
        now
    ];
    tx.execute(insert, args).await?;
    let fact = json!({ "opinion": opinion });
    tx.record(&CONTACT_KEPT, id.as_str(), &fact)
        .await
        .map(|_| ())
}

/// A kept contact.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeptContact)]
pub struct Kept {
    /// Its id.
    pub id: ContactId,
    /// Name; may be empty.
    pub name: String,
    /// Telephone number; may be empty.
    pub phone: String,
    /// Where they work; may be empty.
    pub unit: String,
    /// When it was given.
    pub created_at: Micros,
}

fn kept(row: &Row) -> Result<Kept> {
    Ok(Kept {
        id: ContactId::from_stored(row.text("id")?),
        name: row.text("name")?,
        phone: row.text("phone")?,
        unit: row.text("unit")?,
        created_at: row.time("created_at")?,
    })
}

async fn page_of(sql: &mut dyn Sql, opinion: &OpinionId, page: &Page) -> Result<Vec<Kept>> {
    let select = Select::new("SELECT id, name, phone, unit, created_at FROM plan_opinion_contacts")
        .and("opinion_id = ?", opinion)
        .page(page, &["id"], false, "id");
    sql.select(select).await?.iter().map(kept).collect()
}

/// Personal data as policies see it: apart from the opinion it belongs to.
pub(super) fn entity(opinion: &OpinionId) -> Entity {
    Entity::new("Contact", opinion.as_str())
}

/// Who gave an opinion; the look is a fact when there is anything to see.
#[utoipa::path(get, path = "/api/v1/opinions/{id}/contacts", tag = "plan",
    params(("id" = OpinionId, Path), PageParams),
    responses((status = 200, body = List<Kept>), Problems))]
async fn list_contacts(
    ctx: Ctx,
    PathId(id): PathId<OpinionId>,
    page: Page,
) -> Result<Json<List<Kept>>> {
    let mut sql = ctx.read().await?;
    let opinion = store::get(&mut sql, &id).await?;
    let round = rounds::store::get_plain(&mut sql, &opinion.round_id).await?;
    ctx.allow(Action::View, &round)?;
    ctx.allow(Action::View, &entity(&id))?;
    let contacts = page_of(&mut sql, &id, &page).await?;
    drop(sql);
    if !contacts.is_empty() {
        let mut tx = Tx::begin(&ctx.app, ctx.who.id.clone()).await?;
        let fact = json!({ "round": opinion.round_id, "contacts": contacts.len() });
        tx.record(&CONTACTS_SEEN, id.as_str(), &fact).await?;
        tx.commit().await?;
    }
    let key = |k: &Kept| vec![Json_::from(k.id.as_str())];
    Ok(Json(List::build(contacts, &page, key, |k| k)))
}
