//! Warnings beside what the overview computes live: each item names its open warning, and what
//! only the rules find is added. One list for the reader, whoever found what.

use tianyuan_kernel::text;

use super::{RuleKind, Warning};
use crate::overview::attention::Attention;

/// True when the live judgement of this kind is what the rule's kind asks for too.
fn same(kind: &str, rule: RuleKind) -> bool {
    match rule {
        RuleKind::OffPath => kind == "off_path",
        RuleKind::Stale => kind == "stale" || kind == "target_missed_report",
        RuleKind::Delayed => kind == "delayed",
        RuleKind::LateReport | RuleKind::TargetAtRisk | RuleKind::Contradiction => false,
    }
}

/// Puts the unclosed warnings of an edition beside what asks for attention.
pub(crate) fn put(attention: &mut Vec<Attention>, warnings: &[Warning]) {
    let mut late = Vec::new();
    for warning in warnings {
        let item = attention
            .iter_mut()
            .find(|a| a.link == warning.link && same(a.kind, warning.kind));
        if let Some(item) = item {
            item.warning_id = Some(warning.id.clone());
            continue;
        }
        match warning.kind {
            RuleKind::LateReport => late.push(warning),
            RuleKind::TargetAtRisk | RuleKind::Contradiction => attention.push(Attention {
                kind: warning.kind.as_str(),
                severity: warning.severity,
                title: warning.title.clone(),
                detail: warning.detail.clone(),
                link: format!("/warnings/{}", warning.id),
                since: Some(warning.opened_at.date()),
                warning_id: Some(warning.id.clone()),
            }),
            // Found by a threshold of the office's own, stricter than the overview's.
            RuleKind::OffPath | RuleKind::Stale | RuleKind::Delayed => {}
        }
    }
    let Some(severity) = late.iter().map(|w| w.severity).min() else {
        return;
    };
    let count = late.len();
    let plural = if count == 1 {
        "report is"
    } else {
        "reports are"
    };
    attention.push(Attention {
        kind: RuleKind::LateReport.as_str(),
        severity,
        title: text!("{count} 份报告逾期未报", "{count} {plural} late"),
        detail: text!(
            "已向责任单位发出预警，可逐条查看谁已收到、谁已答复。",
            "Their units were warned; see who was told and who answered."
        ),
        link: "/warnings?kind=late_report".to_owned(),
        since: late.iter().map(|w| w.opened_at.date()).min(),
        warning_id: (count == 1).then(|| late[0].id.clone()),
    });
}
