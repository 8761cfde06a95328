//! How the units compare (单位综合指数), with the interval each place may lie in: by the first index
//! over units that the office keeps, or by the usual choices where it keeps none.

use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::http::list::Page;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;

use super::super::making::Brief;
use super::super::{PaperLang, day};
use super::facts::{Facts, RankFact};
use crate::composite::rules::choices::Choices;
use crate::composite::rules::result::{IndexResult, Ranked};
use crate::composite::source::{Gathered, gather};
use crate::composite::{INDICES_MAX, Scope, calculate, store};

/// Seed of the draws where the office keeps no index: two papers of the same records agree.
const SEED: i64 = 1;
/// Units shown from the top where there are too many for a page, and from the end.
const TOP: usize = 10;
/// As [`TOP`], from the end.
const END: usize = 5;

/// What a ranking is made from, read before it is calculated.
pub(crate) struct Inputs {
    gathered: Gathered,
    choices: Choices,
    seed: i64,
    name: Option<String>,
}

/// Reads it.
pub(crate) async fn inputs(sql: &mut dyn Sql, brief: &Brief) -> Result<Inputs> {
    let kept = store::list(sql, &brief.plan.id, &Page::with_limit(INDICES_MAX)).await?;
    let kept = kept.into_iter().find(|index| index.scope == Scope::Unit);
    let gathered = gather(sql, &brief.plan, Scope::Unit, brief.today).await?;
    Ok(match kept {
        Some(index) => Inputs {
            gathered,
            choices: index.choices,
            seed: index.seed,
            name: Some(index.name),
        },
        None => Inputs {
            gathered,
            choices: Choices::default(),
            seed: SEED,
            name: None,
        },
    })
}

/// Ranks the units; says why where they cannot be ranked.
pub(crate) async fn add(inputs: Inputs, facts: &mut Facts) -> Result<()> {
    let name = inputs.name;
    match calculate(inputs.gathered, inputs.choices, inputs.seed).await {
        Ok(result) => {
            facts.ranking_trust = Some(trust(name.as_deref(), &result, facts));
            facts.ranking = shown(result.entities);
        }
        Err(error) if error.status().is_client_error() => {
            let why = error.detail();
            let (zh, en) = (&why.zh, &why.en);
            facts.ranking_trust = Some(text!(
                "各单位暂不能排名：{zh}",
                "The units cannot be ranked yet: {en}"
            ));
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// All of them, or the top and the end.
fn shown(mut entities: Vec<Ranked>) -> Vec<RankFact> {
    if entities.len() > TOP + END + 1 {
        entities.drain(TOP..entities.len() - END);
    }
    let facts = entities.into_iter().map(|one| RankFact {
        rank: one.rank,
        unit: (one.entity.name, one.entity.name_en),
        score: one.score,
        ranks: one.rank_low.zip(one.rank_high),
    });
    facts.collect()
}

/// By which choices, how far it can be trusted, and what is left out.
fn trust(name: Option<&str>, result: &IndexResult, facts: &Facts) -> Text {
    let n = result.entities.len();
    let (weighting, aggregation) = (result.choices.weighting, result.choices.aggregation);
    let (zh_weights, zh_sum) = (weighting.zh(), aggregation.zh());
    let (en_weights, en_sum) = (weighting.as_str(), aggregation.as_str());
    let by = match name {
        Some(name) => text!("按“{name}”", "By the index “{name}”"),
        None => Text::new("按综合指数的常用方法", "By the usual composite index"),
    };
    let (by_zh, by_en) = (by.zh, by.en);
    let some = if n > TOP + END + 1 {
        text!(
            "共 {n} 家，表中列前 {TOP} 家和后 {END} 家。",
            " Of {n} units the first {TOP} and the last {END} are shown."
        )
    } else {
        Text::new("", "")
    };
    let (some_zh, some_en) = (some.zh, some.en);
    let made_zh = day(PaperLang::Zh, facts.today);
    let made_en = day(PaperLang::En, facts.today);
    let (zh, en) = (&result.trust.words.zh, &result.trust.words.en);
    text!(
        "{by_zh}（权重：{zh_weights}；合成：{zh_sum}）由编制之日（{made_zh}）的记录算出。{some_zh}“名次可能在”是 90% 的模拟名次所在的区间。{zh}",
        "{by_en} (weights: {en_weights}; aggregation: {en_sum}), from the records of the day it was made ({made_en}).{some_en} “Rank may lie in” holds nine simulated ranks of ten. {en}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::composite::rules::Entity;

    #[test]
    fn a_long_ranking_shows_its_top_and_its_end() {
        let one = |rank: u32| Ranked {
            entity: Entity {
                id: rank.to_string(),
                name: rank.to_string(),
                name_en: String::new(),
            },
            rank,
            score: 1.0,
            rank_low: Some(rank),
            rank_median: None,
            rank_high: None,
            cells: Vec::new(),
        };
        let ranks = |n: u32| -> Vec<u32> {
            let all = shown((1..=n).map(one).collect());
            all.iter().map(|f| f.rank).collect()
        };
        assert_eq!(ranks(16).len(), 16);
        let short = ranks(44);
        assert_eq!((short.len(), short[9], short[10]), (15, 10, 40));
    }
}
