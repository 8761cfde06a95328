//! Results that were kept (留存): who stood where on that day, by which choices, from which inputs.

use serde::{Deserialize, Serialize};
use tianyuan_kernel::clock::Micros;
use utoipa::ToSchema;

use super::rules::choices::Choices;
use super::rules::result::IndexResult;
use super::{IndexId, IndexResultId};

/// A kept result.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeptIndexResult)]
pub struct Kept {
    /// Its id.
    pub id: IndexResultId,
    /// The index it was made by.
    pub index_id: IndexId,
    /// The index's name then.
    pub name: String,
    /// SHA-256 of inputs, choices and seed.
    pub digest: String,
    /// When it was kept.
    pub kept_at: Micros,
    /// What it said.
    pub body: KeptBody,
}

/// What a kept result said.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeptBody {
    /// The choices.
    pub choices: Choices,
    /// The seed.
    pub seed: i64,
    /// How far it could be trusted, in a word.
    pub trust: String,
    /// The places, the best first.
    pub places: Vec<KeptPlace>,
}

/// One place of a kept result.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeptPlace {
    /// Id of the entity.
    pub id: String,
    /// Its name then.
    pub name: String,
    /// Its English name; may be empty.
    #[serde(default)]
    pub name_en: String,
    /// Its rank.
    pub rank: u32,
    /// Its score.
    pub score: f64,
    /// 5th percentile of its rank; null without draws.
    pub rank_low: Option<u32>,
    /// 95th percentile of its rank; null without draws.
    pub rank_high: Option<u32>,
}

impl From<&IndexResult> for KeptBody {
    fn from(result: &IndexResult) -> Self {
        let places = result.entities.iter().map(|r| KeptPlace {
            id: r.entity.id.clone(),
            name: r.entity.name.clone(),
            name_en: r.entity.name_en.clone(),
            rank: r.rank,
            score: r.score,
            rank_low: r.rank_low,
            rank_high: r.rank_high,
        });
        Self {
            choices: result.choices.clone(),
            seed: result.seed,
            trust: result.trust.level.as_str().to_owned(),
            places: places.collect(),
        }
    }
}
