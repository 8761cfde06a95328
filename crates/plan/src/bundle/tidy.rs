//! One form for what people write in several: texts trimmed, line ends alike, targets by year,
//! members by name. Done before checking, so that an exported workbook reads back unchanged.

use super::{PlanBundle, Words};

/// Tidies every entry.
pub fn tidy(bundle: &mut PlanBundle) {
    if let Some(plan) = &mut bundle.plan {
        for t in [
            &mut plan.code,
            &mut plan.title,
            &mut plan.title_en,
            &mut plan.edition,
        ] {
            line(t);
        }
        words(&mut plan.summary);
    }
    for u in &mut bundle.units {
        [&mut u.code, &mut u.name, &mut u.name_en]
            .into_iter()
            .for_each(line);
        u.members.iter_mut().for_each(line);
    }
    for l in &mut bundle.layers {
        [&mut l.code, &mut l.title, &mut l.title_en]
            .into_iter()
            .for_each(line);
        words(&mut l.summary);
    }
    for p in &mut bundle.programmes {
        [&mut p.title, &mut p.title_en, &mut p.layer]
            .into_iter()
            .for_each(line);
        words(&mut p.focus);
        words(&mut p.objective);
    }
    for m in &mut bundle.measures {
        [&mut m.title, &mut m.title_en].into_iter().for_each(line);
        m.units.iter_mut().for_each(line);
        words(&mut m.summary);
    }
    for g in &mut bundle.goals {
        [&mut g.name, &mut g.name_en, &mut g.unit]
            .into_iter()
            .for_each(line);
    }
    for n in &mut bundle.indicators {
        [&mut n.name, &mut n.name_en, &mut n.unit]
            .into_iter()
            .for_each(line);
        n.units.iter_mut().for_each(line);
        n.targets.sort_by_key(|t| t.year);
    }
    let p = &mut bundle.pattern;
    for entries in [
        &mut p.trunk,
        &mut p.pillars,
        &mut p.bases,
        &mut p.belts,
        &mut p.areas,
    ] {
        for e in entries {
            [&mut e.name, &mut e.name_en].into_iter().for_each(line);
            words(&mut e.note);
        }
    }
}

fn words(words: &mut Words) {
    line(&mut words.zh);
    line(&mut words.en);
}

fn line(text: &mut String) {
    if text.contains('\r') {
        *text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn tidying_twice_changes_nothing_more() {
        let mut once = sample();
        once.measures[0].summary.zh = "  甲\r\n乙 ".into();
        once.indicators[0].targets.reverse();
        tidy(&mut once);
        assert_eq!(once.measures[0].summary.zh, "甲\n乙");
        assert_eq!(once.indicators[0].targets[0].year, 2024);
        let mut twice = once.clone();
        tidy(&mut twice);
        assert_eq!(once, twice);
    }
}
