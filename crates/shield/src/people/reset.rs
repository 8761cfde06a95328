//! Resetting somebody else's password.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::{Person, PersonId, may_administer, store};
use crate::authority::Authority;
use crate::sessions::api::by_session_only;
use crate::{kinds, password, sessions};

pub(crate) fn routes() -> Routes {
    Routes::new().signed_in(routes!(reset_password))
}

/// A new password, shown once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasswordReset {
    initial_password: String,
}

/// Gives somebody else's account a new random password, ends its sessions and API tokens, and
/// asks for a change at the next sign-in. Each call makes another password: an `Idempotency-Key`
/// is ignored, because what is kept under one would hold the password.
#[utoipa::path(post, path = "/api/v1/people/{id}/password-reset", tag = "shield",
    params(("id" = PersonId, Path)),
    responses((status = 200, body = PasswordReset), Problems))]
async fn reset_password(
    ctx: Ctx,
    State(app): State<App>,
    PathId(id): PathId<PersonId>,
) -> Result<Response> {
    let person = store::get(&mut ctx.read().await?, &id).await?;
    may_reset(&ctx, &person)?;
    let initial_password = password::random(&app);
    let hash = password::hash(&app, &initial_password).await?;
    let mut tx = Tx::begin(&app, ctx.who.id.clone()).await?;
    let mut person = store::get(&mut tx, &id).await?;
    may_reset(&ctx, &person)?;
    store::set_password(&mut tx, &mut person, &hash, true).await?;
    sessions::store::end_all(&mut tx, &id).await?;
    // Whoever knew the old password may have made themselves a token.
    crate::tokens::end_all(&mut tx, &id).await?;
    tx.record(&kinds::PASSWORD_RESET, id.as_str(), &json!({}))
        .await?;
    let answer = tx
        .answer(StatusCode::OK, &PasswordReset { initial_password })
        .await;
    app.get::<Authority>()?.forget_callers();
    answer
}

fn may_reset(ctx: &Ctx, person: &Person) -> Result<()> {
    ctx.allow(Action::Administer, person)?;
    may_administer(&ctx.who, person)?;
    by_session_only(ctx)?;
    // One's own would be a way around the present password, for whoever found a session.
    if ctx.who.id.as_deref() == Some(person.id.as_str()) {
        let words = Text::new(
            "修改自己的密码请使用“修改密码”，并给出当前密码。",
            "Change your own password with the present one.",
        );
        let hint = Text::new("POST /api/v1/me/password", "POST /api/v1/me/password");
        return Err(Error::conflict("own_password", words).hint(hint));
    }
    if person.username.is_none() {
        let words = Text::new(
            "该账号没有本地密码。",
            "This account has no local password.",
        );
        return Err(Error::conflict("no_password", words));
    }
    Ok(())
}
