//! Live updates to browsers by server-sent events (WHATWG HTML §9.2), resuming by
//! `Last-Event-ID`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use http::request::Parts;
use serde_json::json;
use utoipa_axum::routes;

use super::ctx::{ClientAddr, Ctx};
use super::routes::Routes;
use crate::App;
use crate::authority::{Action, Entity};
use crate::error::{Error, Problems, Result};
use crate::journal::{self, Audience, Fact, head};
use crate::text::Text;

pub(crate) fn router() -> Routes {
    Routes::new().signed_in(routes!(events))
}

/// A fact as policies see it.
#[must_use]
pub fn fact_entity(app: &App, fact: &Fact) -> Entity {
    let audience = app
        .kind(&fact.kind)
        .map_or(Audience::Auditors, |k| k.audience);
    Entity::new("Fact", fact.id.as_str())
        .for_audience(audience)
        .owned_by(fact.actor.clone())
}

/// Follows the journal: one event a fact the caller may see, with `seq`, `kind`, `subject`, `at`.
/// `Last-Event-ID` resumes after that number; without it only what is new is sent.
#[utoipa::path(get, path = "/api/v1/events", tag = "node",
    params(("Last-Event-ID" = Option<i64>, Header, description = "Resume after this number")),
    responses((status = 200, description = "A stream of events", body = String,
        content_type = "text/event-stream"), Problems))]
async fn events(
    ctx: Ctx,
    State(app): State<App>,
    parts: Parts,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let permit = app.event_stream().ok_or_else(|| {
        let words = Text::new(
            "实时连接已满，请稍后再试。",
            "Too many live streams; try later.",
        );
        Error::unavailable("streams_full", words)
    })?;
    let resume = match parts.headers.get("last-event-id") {
        None => None,
        Some(value) => {
            let number = value.to_str().ok().and_then(|v| v.parse::<i64>().ok());
            Some(number.filter(|n| *n >= 0).ok_or_else(|| {
                let words = Text::new("Last-Event-ID 应为序号。", "Last-Event-ID is a number.");
                Error::bad_request("last_event_id_malformed", words).field("Last-Event-ID")
            })?)
        }
    };
    let after = match resume {
        Some(after) => after,
        None => head(&mut ctx.read().await?).await?,
    };
    let state = Follower {
        app,
        ctx,
        parts,
        after,
        waiting: Vec::new(),
        _permit: permit,
    };
    let stream = futures::stream::unfold(state, |mut state| async move {
        state.next().await.map(|event| (Ok(event), state))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

struct Follower {
    app: App,
    ctx: Ctx,
    parts: Parts,
    after: i64,
    waiting: Vec<Event>,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

impl Follower {
    /// The next event; `None` ends the stream (the caller's right ended, or the node stops).
    async fn next(&mut self) -> Option<Event> {
        let mut head = self.app.journal().watch();
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            if *head.borrow_and_update() <= self.after {
                tokio::select! {
                    moved = head.changed() => moved.ok()?,
                    () = self.app.stopped() => return None,
                    // Coming back now and then notices a session that was revoked.
                    () = tokio::time::sleep(Duration::from_secs(15)) => {}
                }
            }
            let address = self.parts.extensions.get::<ClientAddr>()?.0;
            self.ctx.who = self
                .app
                .authority()
                .admit(&self.app, &self.parts, address)
                .await
                .ok()?;
            if !self.ctx.who.is_signed_in() {
                return None;
            }
            self.fill().await.ok()?;
        }
    }

    async fn fill(&mut self) -> Result<()> {
        let facts = journal::facts_after(&mut self.ctx.read().await?, self.after, 500).await?;
        for fact in facts {
            self.after = fact.seq.unwrap_or(self.after);
            if self.ctx.can(Action::View, &fact_entity(&self.app, &fact)) {
                let data = json!({
                    "seq": fact.seq, "kind": fact.kind, "subject": fact.subject, "at": fact.at,
                });
                let event = Event::default().id(self.after.to_string()).event(fact.kind);
                self.waiting.push(event.data(data.to_string()));
            }
        }
        self.waiting.reverse();
        Ok(())
    }
}
