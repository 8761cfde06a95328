//! The one door for writes: a transaction that knows its actor, writes facts, and keeps the
//! answer to an idempotent request.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::App;
use crate::args;
use crate::clock::Micros;
use crate::db::{Connection, RawTx, Row, Sql};
use crate::error::{Error, Replay, Result};
use crate::journal::{Fact, FactId, Kind};
use crate::text::Text;

/// Hours for which the answer to an idempotent request is kept.
pub const IDEMPOTENCY_HOURS: i64 = 48;

/// A transaction.
pub struct Tx {
    raw: RawTx,
    app: App,
    actor: Option<String>,
    facts: usize,
    claim: Option<Claim>,
}

/// The right to carry out one idempotent request.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who asks.
    pub caller: String,
    /// Method and path.
    pub operation: String,
    /// The `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of the body.
    pub digest: [u8; 32],
}

impl Tx {
    /// Begins for an actor; `None` is the node itself.
    ///
    /// # Errors
    /// 503 when the database is busy.
    pub async fn begin(app: &App, actor: Option<String>) -> Result<Self> {
        let raw = app.db().begin_raw().await?;
        Ok(Self {
            raw,
            app: app.clone(),
            actor,
            facts: 0,
            claim: None,
        })
    }

    pub(super) async fn claim(mut self, claim: Claim) -> Result<Self> {
        let sql = "INSERT INTO idempotency (caller, operation, idempotency_key, digest, created_at) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let args = args![
            &claim.caller,
            &claim.operation,
            &claim.key,
            &claim.digest,
            self.app.now()
        ];
        if self.raw.execute(sql, args).await? == 1 {
            self.claim = Some(claim);
            return Ok(self);
        }
        let sql = "SELECT digest, status, body, etag, location FROM idempotency \
                   WHERE caller = $1 AND operation = $2 AND idempotency_key = $3";
        let args = args![&claim.caller, &claim.operation, &claim.key];
        let row = self.raw.one(sql, args).await?;
        Err(replay(&row, &claim)?)
    }

    /// The application.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.app.now()
    }

    /// Writes a fact: `subject` is the record's id, `body` an object of what happened.
    ///
    /// # Errors
    /// When the body is no JSON object, or the database refuses.
    pub async fn record(
        &mut self,
        kind: &Kind,
        subject: &str,
        body: &impl Serialize,
    ) -> Result<FactId> {
        debug_assert!(
            self.app.kind(kind.name).is_some(),
            "{} is not registered",
            kind.name
        );
        let value = serde_json::to_value(body)?;
        if !value.is_object() {
            return Err(Error::internal(format!(
                "the body of {} is not an object",
                kind.name
            )));
        }
        let canonical = serde_json_canonicalizer::to_string(&value).map_err(Error::internal)?;
        let fact = Fact {
            id: FactId::new(&self.app),
            seq: None,
            kind: kind.name.to_owned(),
            subject: subject.to_owned(),
            actor: self.actor.clone(),
            actor_salt: Some(self.app.random::<32>().to_vec()),
            at: self.app.now(),
            body: Some(value),
            body_salt: Some(self.app.random::<32>().to_vec()),
            erased_at: None,
            leaf: None,
        };
        crate::journal::insert_fact(&mut self.raw, &fact, &canonical).await?;
        self.facts += 1;
        Ok(fact.id)
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// When the database refused; then nothing of it is there.
    pub async fn commit(mut self) -> Result<()> {
        self.keep_answer(StatusCode::NO_CONTENT, "", None, None)
            .await?;
        self.finish().await
    }

    async fn finish(self) -> Result<()> {
        let Self {
            raw, app, facts, ..
        } = self;
        raw.commit().await?;
        if facts > 0 {
            app.journal().recorded();
        }
        Ok(())
    }

    /// Makes it durable together with its answer, and answers.
    ///
    /// # Errors
    /// As [`Tx::commit`].
    pub async fn answer(self, status: StatusCode, body: &impl Serialize) -> Result<Response> {
        self.answer_with(status, body, None, None).await
    }

    /// As [`Tx::answer`], with the record's version as `ETag`.
    ///
    /// # Errors
    /// As [`Tx::commit`].
    pub async fn answer_versioned(
        self,
        status: StatusCode,
        version: i64,
        body: &impl Serialize,
    ) -> Result<Response> {
        self.answer_with(status, body, Some(etag(version)), None)
            .await
    }

    /// As [`Tx::answer`], with `ETag` and `Location`.
    ///
    /// # Errors
    /// As [`Tx::commit`].
    pub async fn answer_with(
        mut self,
        status: StatusCode,
        body: &impl Serialize,
        etag: Option<String>,
        location: Option<String>,
    ) -> Result<Response> {
        let json = serde_json::to_string(body)?;
        self.keep_answer(status, &json, etag.as_deref(), location.as_deref())
            .await?;
        self.finish().await?;
        let mut response = (status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        for (name, value) in [(header::ETAG, etag), (header::LOCATION, location)] {
            if let Some(value) = value.and_then(|v| HeaderValue::from_str(&v).ok()) {
                headers.insert(name, value);
            }
        }
        Ok(response)
    }

    async fn keep_answer(
        &mut self,
        status: StatusCode,
        body: &str,
        etag: Option<&str>,
        location: Option<&str>,
    ) -> Result<()> {
        let Some(claim) = self.claim.take() else {
            return Ok(());
        };
        let sql = "UPDATE idempotency SET status = $4, body = $5, etag = $6, location = $7 \
                   WHERE caller = $1 AND operation = $2 AND idempotency_key = $3";
        let args = args![
            &claim.caller,
            &claim.operation,
            &claim.key,
            i64::from(status.as_u16()),
            body,
            etag,
            location,
        ];
        self.raw.execute(sql, args).await.map(|_| ())
    }
}

/// `ETag` of a record's version.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

fn replay(row: &Row, claim: &Claim) -> Result<Error> {
    if row.bytes("digest")? != claim.digest {
        return Ok(Error::invalid(
            "idempotency_key_reused",
            "Idempotency-Key",
            Text::new(
                "此幂等键已用于另一份内容不同的请求。",
                "This idempotency key was used for a request with another body.",
            ),
        )
        .hint(Text::new(
            "新请求请使用新的键。",
            "Use a new key for a new request.",
        )));
    }
    let status = row.int_opt("status")?.and_then(|s| u16::try_from(s).ok());
    let status = status
        .and_then(|s| StatusCode::from_u16(s).ok())
        .unwrap_or(StatusCode::OK);
    Ok(Error::replay(Replay {
        status,
        body: row.text_opt("body")?.unwrap_or_default(),
        etag: row.text_opt("etag")?,
        location: row.text_opt("location")?,
    }))
}

impl Sql for Tx {
    fn connection(&mut self) -> Connection<'_> {
        self.raw.connection()
    }
}

/// Empties the kept answers that were given to a person or speak of them, at their erasure. The
/// keys stay, so that a request sent again is still not carried out twice.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn forget_answers_about(tx: &mut Tx, person: &str) -> Result<u64> {
    // Ids hold `_`, which LIKE takes for any character: never fewer answers than meant.
    let sql = "UPDATE idempotency SET body = '{}' \
               WHERE caller = $1 OR body LIKE '%' || $1 || '%' ESCAPE '\\'";
    tx.execute(sql, args![person]).await
}

/// Forgets answers older than [`IDEMPOTENCY_HOURS`].
///
/// # Errors
/// When the database does not answer.
pub async fn forget_old_answers(app: &App) -> Result<u64> {
    let mut tx = app.db().begin_raw().await?;
    let before = app.now().plus_seconds(-IDEMPOTENCY_HOURS * 3600);
    let rows = tx
        .execute(
            "DELETE FROM idempotency WHERE created_at < $1",
            args![before],
        )
        .await?;
    tx.commit().await?;
    Ok(rows)
}
