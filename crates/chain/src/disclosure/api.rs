//! The check before opening, over HTTP.

use serde::Deserialize;
use tianyuan_kernel::prelude::*;
use utoipa_axum::routes;

use super::{Disclosure, look, question};
use crate::datasets::api::visible;

/// Greatest k and l that may be asked about.
const WANTED_MAX: u64 = 1_000_000;

/// The routes of the check.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().signed_in(routes!(check_disclosure))
}

/// What is looked at; what is absent follows from the fields and the node's settings.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Fields that may be known of somebody from elsewhere, separated by commas.
    identifying: Option<String>,
    /// Fields nobody should learn about somebody, separated by commas.
    sensitive: Option<String>,
    /// Rows each group must have.
    #[param(minimum = 1, maximum = 1_000_000)]
    k: Option<u64>,
    /// Values of each sensitive field each group must have.
    #[param(minimum = 1, maximum = 1_000_000)]
    l: Option<u64>,
    /// Also propose coarser forms that would do.
    propose: Option<bool>,
}

/// How well the people in a dataset are hidden among each other if it is open to everybody:
/// k-anonymity and l-diversity of its current version, its smallest groups, and, when asked for,
/// coarser forms that would do. For those who get its fields as they are.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/disclosure", tag = "chain",
    params(("id" = String, Path, description = "Id or code"), Asked),
    responses((status = 200, body = Disclosure), Problems))]
async fn check_disclosure(
    ctx: Ctx,
    PathId(id): PathId<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Disclosure>> {
    let dataset = visible(&ctx, &id).await?;
    ctx.allow(Action::Edit, &dataset)?;
    let mut question = question(
        &ctx.app,
        &dataset.profile,
        asked.propose.unwrap_or_default(),
    );
    let list = |text: String| -> Vec<String> {
        let names = text.split(',').map(str::trim).filter(|n| !n.is_empty());
        names.map(str::to_owned).collect()
    };
    if let Some(names) = asked.identifying {
        question.identifying = list(names);
    }
    if let Some(names) = asked.sensitive {
        question.sensitive = list(names);
    }
    let known = |name: &String| dataset.profile.fields.iter().any(|f| f.name == *name);
    for (at, names) in [
        ("identifying", &question.identifying),
        ("sensitive", &question.sensitive),
    ] {
        if let Some(name) = names.iter().find(|n| !known(n)) {
            let words = text!("没有字段 {name}。", "There is no field {name}.");
            return Err(Error::invalid("field_unknown", at, words));
        }
    }
    question.k = wanted(asked.k, question.k, "k")?;
    question.l = wanted(asked.l, question.l, "l")?;
    let found = look(&ctx, &dataset, question, None).await?;
    found.map(Json).ok_or_else(|| {
        let words = Text::new("这个数据集还没有数据。", "This dataset has no rows yet.");
        Error::conflict("no_rows_yet", words)
    })
}

fn wanted(asked: Option<u64>, usual: u64, field: &'static str) -> Result<u64> {
    match asked {
        None => Ok(usual),
        Some(n) if (1..=WANTED_MAX).contains(&n) => Ok(n),
        Some(_) => {
            let words = text!("应为 1 到 {WANTED_MAX}。", "It is 1 to {WANTED_MAX}.");
            Err(Error::invalid("out_of_range", field, words))
        }
    }
}
