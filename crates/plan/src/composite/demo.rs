//! The sample district's saved indices: one over units, one over plans, marked as samples.

use serde_json::json;
use tianyuan_kernel::prelude::*;

use super::rules::choices::{Aggregation, Choices};
use super::{CompositeIndex, INDEX_CREATED, IndexId, Scope, seed, store};
use crate::plans::Plan;

/// Defines the sample indices of an edition just loaded.
pub(crate) async fn load(app: &App, tx: &mut Tx, plan: &Plan) -> Result<()> {
    let geometric = Choices {
        aggregation: Aggregation::Geometric,
        ..Choices::default()
    };
    for (name, scope, choices) in [
        ("责任单位综合评价（示例）", Scope::Unit, Choices::default()),
        ("行动计划综合评价（示例）", Scope::Programme, geometric),
    ] {
        let now = tx.now();
        let index = CompositeIndex {
            id: IndexId::new(app),
            plan_id: plan.id.clone(),
            name: name.to_owned(),
            scope,
            choices,
            seed: seed(app),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        store::insert(tx, &index, None).await?;
        let fact = json!({
            "plan": index.plan_id, "name": index.name, "scope": index.scope,
            "choices": index.choices, "seed": index.seed, "matrix_sha256": null,
        });
        tx.record(&INDEX_CREATED, index.id.as_str(), &fact).await?;
    }
    Ok(())
}
