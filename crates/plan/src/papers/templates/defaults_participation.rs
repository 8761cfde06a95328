//! The default template of the report on public participation.

use tianyuan_kernel::error::Result;
use tianyuan_kernel::office::docx::{Style, Writer};

use super::super::PaperLang;
use super::super::tongue::Tongue;
use super::defaults::{nothing, section};

/// The report's.
pub(crate) fn report(lang: PaperLang) -> Result<Vec<u8>> {
    let t = Tongue(lang);
    let mut w = Writer::new(lang == PaperLang::En);
    w.add(Style::Title, t.say("关于《{{plan}}》", "{{plan}}"));
    w.add(
        Style::Title,
        t.say("公众参与情况的报告", "Report on public participation"),
    );
    w.add(Style::Heading1, t.say("一、基本情况", "1. What was asked"));
    w.add(Style::Body, "{{basis}}");
    w.add(Style::Body, "{{totals}}");
    w.add(
        Style::Heading1,
        t.say("二、公众参与情况", "2. What each channel brought"),
    );
    section(&mut w, "channels", |w| {
        w.add(
            Style::Heading2,
            t.say("（{{no}}）{{name}}", "2.{{no}} {{name}}"),
        );
        w.add(Style::Body, "{{text}}");
        section(w, "raised", |w| {
            w.add(
                Style::Body,
                t.say("{{point_no}}.{{point}}", "{{point_no}}. {{point}}"),
            );
        });
    });
    outcomes(&mut w, t);
    refused(&mut w, t);
    changes(&mut w, t);
    w.add(Style::Signature, "{{issuer}}");
    w.add(Style::Signature, "{{date}}");
    w.finish()
}

fn outcomes(w: &mut Writer, t: Tongue) {
    w.add(
        Style::Heading1,
        t.say("三、意见处理情况", "3. What became of the opinions"),
    );
    w.add(
        Style::Caption,
        t.say(
            "表 1  各渠道意见数量和处理（条；空白为未单独统计）",
            "Table 1  Opinions by channel and outcome (blank: not counted)",
        ),
    );
    let heads = match t.0 {
        PaperLang::Zh => ["渠道", "收到", "采纳", "部分采纳", "未采纳", "研究中"],
        PaperLang::En => [
            "Channel",
            "Received",
            "Adopted",
            "In part",
            "Declined",
            "Undecided",
        ],
    };
    let row = [
        "{{#channels}}{{name}}",
        "{{received}}",
        "{{adopted}}",
        "{{partly}}",
        "{{declined}}",
        "{{undecided}}{{/channels}}",
    ];
    w.table(&[35, 13, 13, 13, 13, 13], &heads, &row, &[1, 2, 3, 4, 5]);
    w.add(Style::Figure, "{{%outcomes}}");
}

fn refused(w: &mut Writer, t: Tongue) {
    w.add(
        Style::Heading1,
        t.say("四、未采纳的意见及理由", "4. What was declined, and why"),
    );
    w.add(Style::Tag, "{{?refused}}");
    let heads = match t.0 {
        PaperLang::Zh => ["序号", "意见", "渠道", "理由"],
        PaperLang::En => ["No.", "Opinion", "Channel", "Reason"],
    };
    let row = [
        "{{#refused}}{{no}}",
        "{{opinion}}",
        "{{from}}",
        "{{reason}}{{/refused}}",
    ];
    w.table(&[8, 38, 16, 38], &heads, &row, &[]);
    w.add(Style::Tag, "{{/refused}}");
    nothing(
        w,
        "refused",
        t.say("没有未采纳的意见。", "No opinion was declined."),
    );
}

fn changes(w: &mut Writer, t: Tongue) {
    w.add(
        Style::Heading1,
        t.say("五、据此修改的条款", "5. Clauses that changed"),
    );
    w.add(Style::Tag, "{{?changes}}");
    let heads = match t.0 {
        PaperLang::Zh => ["条款", "修改后的表述", "采纳情况"],
        PaperLang::En => ["Clause", "New wording", "Outcome"],
    };
    let row = [
        "{{#changes}}{{clause}}",
        "{{wording}}",
        "{{outcome}}{{/changes}}",
    ];
    w.table(&[30, 55, 15], &heads, &row, &[]);
    w.add(Style::Tag, "{{/changes}}");
    nothing(
        w,
        "changes",
        t.say("没有因意见修改的条款。", "No clause changed."),
    );
}
