//! The default template of the bulletin, laid out as official documents are.

use tianyuan_kernel::error::Result;
use tianyuan_kernel::office::docx::{Style, Writer};

use super::super::PaperLang;
use super::super::tongue::Tongue;

/// The bulletin's.
pub(crate) fn bulletin(lang: PaperLang) -> Result<Vec<u8>> {
    let t = Tongue(lang);
    let mut w = Writer::new(lang == PaperLang::En);
    w.add(Style::Masthead, t.say("工作简报", "BULLETIN"));
    w.add(Style::Issue, t.say("第 {{issue}} 期", "No. {{issue}}"));
    w.add(Style::Imprint, "{{issuer}}\t{{date}}");
    w.add(Style::Title, "{{plan}}");
    w.add(
        Style::Title,
        t.say("{{period}}进展情况", "Progress in {{period}}"),
    );
    section(&mut w, "summary", |w| {
        w.add(Style::Body, "{{text}}");
    });
    w.add_on_new_page(Style::Heading1, t.say("一、指标进展", "1. Indicators"));
    w.add(Style::Body, "{{figures}}{{silent}}");
    indicators(&mut w, t);
    w.add(Style::Figure, "{{%attainment}}");
    w.add(Style::Heading2, t.say("（一）本期变化", "1.1 What moved"));
    moved(&mut w, t);
    nothing(
        &mut w,
        "moved",
        t.say(
            "本期没有可比的变化。",
            "Nothing that can be compared moved.",
        ),
    );
    w.add(
        Style::Heading2,
        t.say("（二）落后于进度", "1.2 What is behind"),
    );
    section(&mut w, "behind", |w| {
        w.add(Style::Body, "{{text}}");
    });
    nothing(
        &mut w,
        "behind",
        t.say("没有落后于进度的指标。", "No indicator is behind its path."),
    );
    risks(&mut w, t);
    measures(&mut w, t);
    units(&mut w, t);
    w.add(Style::Heading1, t.say("五、下一步工作", "5. Next steps"));
    section(&mut w, "next", |w| {
        w.add(Style::Body, "{{text}}");
    });
    w.add(Style::Note, t.say("附注：{{sources}}", "Note: {{sources}}"));
    w.finish()
}

/// Paragraphs that are repeated for each row.
pub(crate) fn section(w: &mut Writer, name: &str, inner: impl FnOnce(&mut Writer)) {
    w.add(Style::Tag, &format!("{{{{#{name}}}}}"));
    inner(w);
    w.add(Style::Tag, &format!("{{{{/{name}}}}}"));
}

/// What is said when there is nothing.
pub(crate) fn nothing(w: &mut Writer, name: &str, text: &str) {
    w.add(Style::Tag, &format!("{{{{^{name}}}}}"));
    w.add(Style::Body, text);
    w.add(Style::Tag, &format!("{{{{/{name}}}}}"));
}

fn indicators(w: &mut Writer, t: Tongue) {
    w.add(
        Style::Caption,
        t.say(
            "表 1  各项指标进展（截至{{cut}}，目标为所在年度的目标）",
            "Table 1  Indicators as of {{cut}}; targets of the same year",
        ),
    );
    let heads = match t.0 {
        PaperLang::Zh => [
            "序号",
            "指标",
            "单位",
            "数值",
            "应达到",
            "当期目标",
            "完成率",
            "进度判断",
        ],
        PaperLang::En => [
            "No.",
            "Indicator",
            "Unit",
            "Value",
            "Path",
            "Target",
            "Share",
            "Standing",
        ],
    };
    let row = [
        "{{#indicators}}{{no}}",
        "{{name}}",
        "{{unit}}",
        "{{value}}",
        "{{expected}}",
        "{{target}}",
        "{{rate}}",
        "{{status}}{{/indicators}}",
    ];
    w.table(
        &[7, 24, 10, 12, 12, 12, 11, 12],
        &heads,
        &row,
        &[3, 4, 5, 6],
    );
}

fn moved(w: &mut Writer, t: Tongue) {
    w.add(Style::Tag, "{{?moved}}");
    w.add(
        Style::Caption,
        t.say(
            "表 2  与上期或上年同期相比",
            "Table 2  Against the period before, or the year before",
        ),
    );
    let heads = match t.0 {
        PaperLang::Zh => ["指标", "本期", "上期或上年同期", "变化"],
        PaperLang::En => ["Indicator", "Now", "Before", "Change"],
    };
    let row = [
        "{{#moved}}{{name}}",
        "{{now}}",
        "{{before}}（{{before_at}}）",
        "{{change}}{{/moved}}",
    ];
    w.table(&[34, 18, 34, 14], &heads, &row, &[1, 2, 3]);
    w.add(Style::Tag, "{{/moved}}");
}

fn risks(w: &mut Writer, t: Tongue) {
    w.add(Style::Heading1, t.say("二、目标风险", "2. Targets at risk"));
    section(w, "risk_method", |w| {
        w.add(
            Style::Caption,
            t.say("表 3  按达标可能从低到高", "Table 3  Least likely first"),
        );
        let heads = match t.0 {
            PaperLang::Zh => ["指标", "单位", "目标", "预计", "80% 区间", "达标可能"],
            PaperLang::En => [
                "Indicator",
                "Unit",
                "Target",
                "Expected",
                "80% interval",
                "Chance",
            ],
        };
        let row = [
            "{{#risks}}{{name}}",
            "{{unit}}",
            "{{target}}",
            "{{expected}}",
            "{{interval}}",
            "{{chance}}{{/risks}}",
        ];
        w.table(&[24, 9, 21, 12, 20, 14], &heads, &row, &[2, 3, 4, 5]);
        w.add(Style::Figure, "{{%outlook}}");
        w.add(Style::Note, "{{risk_method}}");
    });
    nothing(
        w,
        "risk_method",
        t.say(
            "各项指标的数据点还不足以作出预测。",
            "The indicators have too few values for a forecast.",
        ),
    );
}

fn measures(w: &mut Writer, t: Tongue) {
    w.add(Style::Heading1, t.say("三、举措进展", "3. Measures"));
    w.add(Style::Body, "{{measures}}");
    w.add(Style::Figure, "{{%progress}}");
    w.add(Style::Heading2, t.say("（一）滞后的举措", "3.1 Delayed"));
    let heads = match t.0 {
        PaperLang::Zh => ["序号", "举措", "责任单位", "说明"],
        PaperLang::En => ["No.", "Measure", "Responsible units", "Remark"],
    };
    for (name, heading) in [
        ("delayed", None),
        ("done", Some(t.say("（二）已完成的举措", "3.2 Done"))),
    ] {
        if let Some(heading) = heading {
            w.add(Style::Heading2, heading);
        }
        w.add(Style::Tag, &format!("{{{{?{name}}}}}"));
        let first = format!("{{{{#{name}}}}}{{{{no}}}}");
        let last = format!("{{{{note}}}}{{{{/{name}}}}}");
        w.table(
            &[8, 36, 30, 26],
            &heads,
            &[&first, "{{name}}", "{{units}}", &last],
            &[],
        );
        w.add(Style::Tag, &format!("{{{{/{name}}}}}"));
        nothing(w, name, t.say("无。", "None."));
    }
}

fn units(w: &mut Writer, t: Tongue) {
    w.add(Style::Heading1, t.say("四、单位填报与比较", "4. Units"));
    w.add(Style::Heading2, t.say("（一）填报情况", "4.1 Reporting"));
    w.add(Style::Body, "{{reporting}}");
    w.add(Style::Tag, "{{?missing}}");
    w.add(
        Style::Caption,
        t.say(
            "表 4  尚未填报的单位",
            "Table 4  Units that have not reported",
        ),
    );
    let heads = match t.0 {
        PaperLang::Zh => ["单位", "未报", "涉及举措序号"],
        PaperLang::En => ["Unit", "Missing", "Measures"],
    };
    w.table(
        &[34, 14, 52],
        &heads,
        &[
            "{{#missing}}{{unit}}",
            "{{missing}}",
            "{{measures}}{{/missing}}",
        ],
        &[1],
    );
    w.add(Style::Tag, "{{/missing}}");
    w.add(
        Style::Heading2,
        t.say(
            "（二）综合指数与名次区间",
            "4.2 Composite index and intervals of ranks",
        ),
    );
    w.add(Style::Tag, "{{?ranking}}");
    w.add(
        Style::Caption,
        t.say("表 5  单位综合指数", "Table 5  Composite index of units"),
    );
    let heads = match t.0 {
        PaperLang::Zh => ["名次", "单位", "得分", "名次可能在"],
        PaperLang::En => ["Rank", "Unit", "Score", "Rank may lie in"],
    };
    w.table(
        &[12, 44, 20, 24],
        &heads,
        &[
            "{{#ranking}}{{rank}}",
            "{{unit}}",
            "{{score}}",
            "{{interval}}{{/ranking}}",
        ],
        &[0, 2, 3],
    );
    w.add(Style::Tag, "{{/ranking}}");
    w.add(Style::Body, "{{ranking_trust}}");
}
