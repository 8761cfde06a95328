//! API tokens: made by a person for their scripts, kept as a digest, scoped, and expiring.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use crate::authority::Authority;
use crate::kinds;
use crate::people::PersonId;
use crate::sessions::api::by_session_only;
use crate::sessions::{digest, hex};

tianyuan_kernel::id!(TokenId, "token", "An API token.");

/// What a token begins with.
pub(crate) const PREFIX: &str = "tt_";
/// Longest life in days.
const DAYS_MAX: i64 = 366;
/// Tokens one person may hold.
const TOKENS_MAX: i64 = 50;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(routes!(list_tokens, create_token))
        .signed_in(routes!(revoke_token))
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Read.
    Read,
    /// Change, as far as its owner may.
    Write,
}

/// A token on the wire.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    id: TokenId,
    name: String,
    scopes: Vec<Scope>,
    created_at: Micros,
    expires_at: Micros,
    last_used_at: Option<Micros>,
    /// The token itself, once, in the answer to its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

pub(crate) struct Token {
    pub(crate) id: TokenId,
    pub(crate) person: PersonId,
    pub(crate) name: String,
    pub(crate) can_write: bool,
    pub(crate) created_at: Micros,
    pub(crate) expires_at: Micros,
    pub(crate) last_used_at: Option<Micros>,
}

impl Resource for Token {
    fn entity(&self) -> Entity {
        Entity::new("Token", self.id.as_str()).owned_by(Some(self.person.as_str()))
    }
}

fn view(token: Token, secret: Option<String>) -> TokenView {
    let scopes = if token.can_write {
        vec![Scope::Read, Scope::Write]
    } else {
        vec![Scope::Read]
    };
    TokenView {
        id: token.id,
        name: token.name,
        scopes,
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        token: secret,
    }
}

fn from_row(row: &Row) -> Result<Token> {
    Ok(Token {
        id: TokenId::from_stored(row.text("id")?),
        person: PersonId::from_stored(row.text("person_id")?),
        name: row.text("name")?,
        can_write: row.int("can_write")? == 1,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        last_used_at: row.time_opt("last_used_at")?,
    })
}

pub(crate) async fn by_token(sql: &mut dyn Sql, hash: &[u8; 32]) -> Result<Option<Token>> {
    let select = "SELECT id, person_id, name, can_write, created_at, expires_at, last_used_at \
                  FROM tokens WHERE token_hash = $1";
    sql.optional(select, args![hash])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

pub(crate) async fn used(app: &App, id: &TokenId) -> Result<()> {
    let mut tx = app.db().begin_raw().await?;
    let sql = "UPDATE tokens SET last_used_at = $2 WHERE id = $1";
    tx.execute(sql, args![id, app.now()]).await?;
    tx.commit().await
}

pub(crate) async fn end_all(tx: &mut Tx, person: &PersonId) -> Result<()> {
    tx.execute("DELETE FROM tokens WHERE person_id = $1", args![person])
        .await
        .map(|_| ())
}

/// Lists one's own tokens.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "shield", params(PageParams),
    responses((status = 200, body = List<TokenView>), Problems))]
async fn list_tokens(ctx: Ctx, page: Page) -> Result<List<TokenView>> {
    let select = Select::new(
        "SELECT id, person_id, name, can_write, created_at, expires_at, last_used_at FROM tokens",
    )
    .and("person_id = ?", ctx.who.id.clone().unwrap_or_default())
    .page(&page, &["id"], true, "id DESC");
    let rows = ctx.read().await?.select(select).await?;
    let tokens = rows.iter().map(from_row).collect::<Result<Vec<_>>>()?;
    Ok(List::build(
        tokens,
        &page,
        |t: &Token| vec![json!(t.id)],
        |t| view(t, None),
    ))
}

/// A token to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for, 1 to 60 characters.
    name: String,
    /// `read` alone, or `read` and `write`.
    #[schema(max_items = 2)]
    scopes: Vec<Scope>,
    /// When it ends, at most 366 days from now.
    expires_at: Micros,
}

/// Makes a token with one's own roles, or fewer; it is shown this once only. An
/// `Idempotency-Key` is ignored: what is kept under one would hold the token.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "shield", request_body = NewToken,
    responses((status = 201, body = TokenView), Problems))]
async fn create_token(
    ctx: Ctx,
    State(app): State<App>,
    Json(input): Json<NewToken>,
) -> Result<Response> {
    by_session_only(&ctx)?;
    let me = PersonId::from_stored(ctx.who.id.clone().unwrap_or_default());
    let mut token = Token {
        id: TokenId::new(&app),
        person: me.clone(),
        name: input.name.trim().to_owned(),
        can_write: input.scopes.contains(&Scope::Write),
        created_at: app.now(),
        expires_at: input.expires_at,
        last_used_at: None,
    };
    ctx.allow(Action::Create, &token)?;
    crate::people::check_name(&token.name)?;
    let last = app.now().plus_seconds(DAYS_MAX * 86_400);
    if token.expires_at <= app.now() || token.expires_at > last {
        let words = text!(
            "有效期应在现在之后、{DAYS_MAX} 天之内。",
            "A token ends later than now and within {DAYS_MAX} days."
        );
        return Err(Error::invalid("expires_at", "expires_at", words));
    }
    let secret = format!("{PREFIX}{}", hex(&app.random::<32>()));
    let mut tx = Tx::begin(&app, ctx.who.id.clone()).await?;
    let count = "SELECT COUNT(*) AS n FROM tokens WHERE person_id = $1";
    if tx.one(count, args![&me]).await?.int("n")? >= TOKENS_MAX {
        let words = text!(
            "最多 {TOKENS_MAX} 个令牌。",
            "There are {TOKENS_MAX} tokens at most."
        );
        return Err(Error::conflict("tokens_too_many", words));
    }
    let sql = "INSERT INTO tokens (id, token_hash, person_id, name, can_write, created_at, \
               expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    token.created_at = tx.now();
    let args = args![
        &token.id,
        &digest(&secret),
        &me,
        &token.name,
        token.can_write,
        token.created_at,
        token.expires_at,
    ];
    tx.execute(sql, args).await?;
    let body = json!({ "name": token.name, "write": token.can_write });
    tx.record(&kinds::TOKEN_CREATED, token.id.as_str(), &body)
        .await?;
    tx.answer(StatusCode::CREATED, &view(token, Some(secret)))
        .await
}

/// Revokes a token at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "shield",
    params(("id" = TokenId, Path)), responses((status = 204), Problems))]
async fn revoke_token(
    ctx: Ctx,
    State(app): State<App>,
    PathId(id): PathId<TokenId>,
) -> Result<StatusCode> {
    let mut tx = ctx.begin().await?;
    let select = "SELECT id, person_id, name, can_write, created_at, expires_at, last_used_at \
                  FROM tokens WHERE id = $1";
    let row = tx
        .optional(select, args![&id])
        .await?
        .ok_or_else(Error::not_found)?;
    let token = from_row(&row)?;
    ctx.allow(Action::View, &token)?;
    ctx.allow(Action::Delete, &token)?;
    tx.execute("DELETE FROM tokens WHERE id = $1", args![&id])
        .await?;
    tx.record(
        &kinds::TOKEN_REVOKED,
        id.as_str(),
        &json!({ "name": token.name }),
    )
    .await?;
    tx.commit().await?;
    app.get::<Authority>()?.forget_callers();
    Ok(StatusCode::NO_CONTENT)
}
