//! The default template of a round's report.

use tianyuan_kernel::error::Result;
use tianyuan_kernel::office::docx::{Style, Writer};

use super::super::PaperLang;
use super::super::templates::defaults::{nothing, section};
use super::super::tongue::Tongue;

/// The report's.
pub(crate) fn participation(lang: PaperLang) -> Result<Vec<u8>> {
    let t = Tongue(lang);
    let mut w = Writer::new(lang == PaperLang::En);
    w.add(Style::Title, "{{plan}}");
    w.add(
        Style::Title,
        t.say("公众参与情况报告", "Report on public participation"),
    );
    w.add(Style::Issue, "{{round}}");
    w.add(Style::Imprint, "{{issuer}}\t{{date}}");
    section(&mut w, "standing", |w| {
        w.add(Style::Body, "{{standing}}");
    });
    w.add(Style::Heading1, t.say("一、基本情况", "1. The whole"));
    w.add(Style::Body, "{{summary}}");
    w.add(
        Style::Body,
        t.say("征询内容：{{question}}", "People were asked: {{question}}"),
    );
    channels(&mut w, t);
    w.add(
        Style::Heading1,
        t.say("二、各渠道情况", "2. Channel by channel"),
    );
    section(&mut w, "about", |w| {
        w.add(Style::Heading2, "{{no}}{{name}}");
        w.add(Style::Body, "{{text}}{{most_raised}}");
    });
    raised(&mut w, t);
    declined(&mut w, t);
    changes(&mut w, t);
    w.add(Style::Note, t.say("附注：{{sources}}", "Note: {{sources}}"));
    w.finish()
}

fn channels(w: &mut Writer, t: Tongue) {
    w.add(
        Style::Caption,
        t.say("表 1  各渠道意见条数", "Table 1  Opinions by channel"),
    );
    let heads = match t.0 {
        PaperLang::Zh => [
            "渠道",
            "时间",
            "回复/听取",
            "收到",
            "采纳",
            "部分采纳",
            "未采纳",
            "未处理",
        ],
        PaperLang::En => [
            "Channel", "When", "Answered", "Received", "Adopted", "In part", "Declined", "Open",
        ],
    };
    let row = [
        "{{#channels}}{{name}}",
        "{{held}}",
        "{{answers}}",
        "{{received}}",
        "{{adopted}}",
        "{{partly}}",
        "{{declined}}",
        "{{undecided}}{{/channels}}",
    ];
    w.table(
        &[21, 17, 13, 9, 9, 11, 10, 10],
        &heads,
        &row,
        &[2, 3, 4, 5, 6, 7],
    );
    section(w, "uncounted", |w| {
        w.add(Style::Note, "{{uncounted}}");
    });
    w.add(Style::Figure, "{{%outcomes}}");
}

fn raised(w: &mut Writer, t: Tongue) {
    w.add(
        Style::Heading1,
        t.say("三、反映集中的意见", "3. What was raised most"),
    );
    w.add(Style::Tag, "{{?raised}}");
    let heads = match t.0 {
        PaperLang::Zh => ["序号", "意见", "条数"],
        PaperLang::En => ["No.", "Point", "Opinions"],
    };
    w.table(
        &[10, 76, 14],
        &heads,
        &["{{#raised}}{{no}}", "{{point}}", "{{voices}}{{/raised}}"],
        &[2],
    );
    w.add(Style::Tag, "{{/raised}}");
    nothing(
        w,
        "raised",
        t.say("没有收到意见。", "No opinions were received."),
    );
}

fn declined(w: &mut Writer, t: Tongue) {
    w.add(
        Style::Heading1,
        t.say("四、未采纳的意见和理由", "4. What was declined, and why"),
    );
    w.add(Style::Tag, "{{?declined}}");
    w.add(
        Style::Body,
        t.say(
            "未采纳意见 {{declined_count}} 条，逐项说明如下。",
            "{{declined_count}} opinions were declined, for these reasons.",
        ),
    );
    let heads = match t.0 {
        PaperLang::Zh => ["序号", "意见", "提出方", "条数", "未采纳的理由"],
        PaperLang::En => [
            "No.",
            "Point",
            "Raised by",
            "Opinions",
            "Why it was declined",
        ],
    };
    let row = [
        "{{#declined}}{{no}}",
        "{{point}}",
        "{{who}}",
        "{{voices}}",
        "{{reason}}{{/declined}}",
    ];
    w.table(&[8, 24, 20, 10, 38], &heads, &row, &[3]);
    w.add(Style::Tag, "{{/declined}}");
    nothing(
        w,
        "declined",
        t.say("没有未采纳的意见。", "Nothing was declined."),
    );
}

fn changes(w: &mut Writer, t: Tongue) {
    w.add(
        Style::Heading1,
        t.say("五、方案的修改", "5. What changes in the plan"),
    );
    w.add(Style::Tag, "{{?changes}}");
    let heads = match t.0 {
        PaperLang::Zh => ["方案条款", "修改后的文字", "来自哪些意见", "处理"],
        PaperLang::En => ["Clause", "New wording", "From which opinions", "Decision"],
    };
    let row = [
        "{{#changes}}{{clause}}",
        "{{wording}}",
        "{{from}}",
        "{{outcome}}{{/changes}}",
    ];
    w.table(&[24, 34, 30, 12], &heads, &row, &[]);
    w.add(Style::Tag, "{{/changes}}");
    nothing(
        w,
        "changes",
        t.say(
            "没有因公众意见修改条款。",
            "No clause changes because of what was said.",
        ),
    );
}
