//! Finds this room's resources by id, for those who ask about them from outside ("may X do Y to
//! Z").

use futures::future::BoxFuture;
use tianyuan_kernel::App;
use tianyuan_kernel::authority::{Entity, Resource};
use tianyuan_kernel::error::Result;

use crate::{goals, indicators, measures, participation, plans, reports};

/// None for what is absent; other errors stay.
fn entity(found: Result<impl Resource>) -> Result<Option<Entity>> {
    match found {
        Ok(resource) => Ok(Some(resource.entity())),
        Err(error) if error.status() == http::StatusCode::NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}

/// An edition.
pub(crate) fn plan<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let Ok(id) = id.parse() else { return Ok(None) };
        let mut sql = app.db().read().await?;
        entity(plans::store::get(&mut sql, &id).await)
    })
}

/// A measure.
pub(crate) fn measure<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let Ok(id) = id.parse() else { return Ok(None) };
        let mut sql = app.db().read().await?;
        entity(measures::get(&mut sql, &id).await)
    })
}

/// An indicator.
pub(crate) fn indicator<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let Ok(id) = id.parse() else { return Ok(None) };
        let mut sql = app.db().read().await?;
        entity(indicators::access(&mut sql, &id).await)
    })
}

/// A report of a unit.
pub(crate) fn report<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let Ok(id) = id.parse() else { return Ok(None) };
        let mut sql = app.db().read().await?;
        entity(reports::access(&mut sql, &id).await)
    })
}

/// A round of participation.
pub(crate) fn round<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let Ok(id) = id.parse() else { return Ok(None) };
        let mut sql = app.db().read().await?;
        entity(participation::rounds::store::get_plain(&mut sql, &id).await)
    })
}

/// A goal.
pub(crate) fn goal<'a>(app: &'a App, id: &'a str) -> BoxFuture<'a, Result<Option<Entity>>> {
    Box::pin(async move {
        let Ok(id) = id.parse() else { return Ok(None) };
        let mut sql = app.db().read().await?;
        entity(goals::get(&mut sql, &id).await)
    })
}
