//! Whether a template can be filled: every tag known where it stands, every section closed.

use std::collections::BTreeSet;

use serde::Serialize;

use super::data::{Field, Shape};
use super::fill::{marker, matching, reading, row_section};
use super::tags::{Kind, Tag, closing, tags};
use super::xml::{Element, Node};
use crate::text;
use crate::text::Text;

/// Most faults told at once.
const FAULTS_MAX: usize = 50;
/// Characters of a text quoted to show where a fault is.
const QUOTE_CHARS: usize = 24;

/// One thing wrong with a template.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TemplateFault {
    /// `tag_unknown`, `tag_not_closed`, `tag_not_opened`, `tag_shape` or `chart_not_alone`.
    pub code: &'static str,
    /// The tag as it stands in the template.
    pub tag: String,
    /// Where it stands.
    pub place: Text,
    /// What was wrong and what would be right.
    pub message: Text,
}

pub(super) struct Checker<'v> {
    /// Names known in the present section, outermost first, and the rows repeated.
    scopes: Vec<&'v [Field]>,
    repeated: Vec<String>,
    part: Text,
    /// Counts paragraphs and tables of the part.
    paragraph: usize,
    table: Vec<(usize, usize)>,
    tables: usize,
    in_body: bool,
    /// Names met, for who wants to know what a template uses.
    pub(super) used: BTreeSet<String>,
    pub(super) faults: Vec<TemplateFault>,
}

impl<'v> Checker<'v> {
    pub(super) fn new(vocabulary: &'v [Field]) -> Self {
        Self {
            scopes: vec![vocabulary],
            repeated: Vec::new(),
            part: Text::default(),
            paragraph: 0,
            table: Vec::new(),
            tables: 0,
            in_body: true,
            used: BTreeSet::new(),
            faults: Vec::new(),
        }
    }

    pub(super) fn part(&mut self, name: &str, root: &Element) {
        let file = name.trim_start_matches("word/");
        self.in_body = file.starts_with("document");
        self.part = match file {
            f if f.starts_with("header") => Text::new("页眉", "header"),
            f if f.starts_with("footer") => Text::new("页脚", "footer"),
            f if f.starts_with("document") => Text::new("正文", "body"),
            _ => Text::new("注释", "notes"),
        };
        (self.paragraph, self.tables) = (0, 0);
        self.nodes(&root.children);
    }

    fn find(&self, name: &str) -> Option<Field> {
        let mut scopes = self.scopes.iter().rev();
        scopes.find_map(|s| s.iter().find(|f| f.name == name).copied())
    }

    fn fault(&mut self, code: &'static str, tag: &Tag, near: &str, message: Text) {
        if self.faults.len() >= FAULTS_MAX {
            return;
        }
        let sign = tag.kind.sign();
        let quote: String = near.trim().chars().take(QUOTE_CHARS).collect();
        let (zh, en) = (&self.part.zh, &self.part.en);
        let place = match self.table.last() {
            Some((table, row)) => text!(
                "{zh}第 {table} 个表格第 {row} 行：“{quote}”",
                "{en}, table {table}, row {row}: “{quote}”"
            ),
            None => {
                let n = self.paragraph;
                text!("{zh}第 {n} 段：“{quote}”", "{en}, paragraph {n}: “{quote}”")
            }
        };
        self.faults.push(TemplateFault {
            code,
            tag: format!("{{{{{sign}{}}}}}", tag.name),
            place,
            message,
        });
    }

    fn unknown(&mut self, tag: &Tag, near: &str) {
        let mut known: Vec<&str> = self
            .scopes
            .iter()
            .flat_map(|s| s.iter().map(|f| f.name))
            .collect();
        known.sort_unstable();
        known.dedup();
        let shown = known.join("、");
        let name = &tag.name;
        let message = text!(
            "没有名为“{name}”的占位符。此处可用：{shown}。",
            "There is no placeholder “{name}”. Known here: {shown}."
        );
        self.fault("tag_unknown", tag, near, message);
    }

    fn not_closed(&mut self, tag: &Tag, near: &str) {
        let name = &tag.name;
        let sign = tag.kind.sign();
        let (open, close) = (format!("{{{{{sign}{name}}}}}"), format!("{{{{/{name}}}}}"));
        let message = text!(
            "{open} 没有对应的 {close}。起止标记应各占一段，或在同一段、表格的同一行内。",
            "{open} has no matching {close}. Both stand in paragraphs of their own, or in one \
             paragraph, or in one row of a table."
        );
        self.fault("tag_not_closed", tag, near, message);
    }

    fn not_opened(&mut self, tag: &Tag, near: &str) {
        let name = &tag.name;
        let close = format!("{{{{/{name}}}}}");
        let message = text!(
            "{close} 之前没有对应的开始标记。",
            "Nothing before {close} opens it."
        );
        self.fault("tag_not_opened", tag, near, message);
    }

    /// Opens a section; answers the names inside, or none when it is unknown.
    fn open(&mut self, tag: &Tag, near: &str) -> Option<&'v [Field]> {
        let Some(field) = self.find(&tag.name) else {
            self.unknown(tag, near);
            return None;
        };
        self.used.insert(tag.name.clone());
        if tag.kind == Kind::Open && self.repeated.contains(&tag.name) {
            let name = &tag.name;
            let message = text!(
                "“{name}”已在自身的重复段内，不能再嵌套一层。",
                "“{name}” is already being repeated here; it cannot be nested in itself."
            );
            self.fault("tag_shape", tag, near, message);
        }
        match field.shape {
            Shape::Rows(fields) if tag.kind == Kind::Open => Some(fields),
            _ => Some(&[]),
        }
    }

    fn within(&mut self, tag: &Tag, fields: Option<&'v [Field]>, work: impl FnOnce(&mut Self)) {
        // What stands in an unknown section is looked at once its name is right.
        let Some(fields) = fields else { return };
        self.scopes.push(fields);
        let repeats = tag.kind == Kind::Open;
        if repeats {
            self.repeated.push(tag.name.clone());
        }
        work(self);
        if repeats {
            self.repeated.pop();
        }
        self.scopes.pop();
    }

    fn nodes(&mut self, nodes: &'_ [Node]) {
        let mut at = 0;
        while at < nodes.len() {
            let node = &nodes[at];
            at += 1;
            if let Some(tag) = marker(node) {
                let near = node.element().map(reading).unwrap_or_default();
                self.step(node);
                match tag.kind {
                    Kind::Open | Kind::When | Kind::Inverse => {
                        let Some(end) = matching(nodes, at - 1, &tag.name) else {
                            self.not_closed(&tag, &near);
                            continue;
                        };
                        let fields = self.open(&tag, &near);
                        self.within(&tag, fields, |c| c.nodes(&nodes[at..end]));
                        at = end + 1;
                        self.paragraph += 1;
                    }
                    Kind::Close => self.not_opened(&tag, &near),
                    Kind::Chart => self.chart(&tag, &near, true),
                    Kind::Value => self.value(&tag, &near),
                }
                continue;
            }
            if let Node::Element(element) = node {
                self.element(element);
            }
        }
    }

    fn step(&mut self, node: &Node) {
        match node.element().map(|e| e.name.as_str()) {
            Some("w:p") if self.table.is_empty() => self.paragraph += 1,
            Some("w:tr") => {
                if let Some((_, row)) = self.table.last_mut() {
                    *row += 1;
                }
            }
            _ => {}
        }
    }

    fn element(&mut self, element: &Element) {
        match element.name.as_str() {
            "w:tbl" => {
                self.tables += 1;
                self.table.push((self.tables, 0));
                self.nodes(&element.children);
                self.table.pop();
            }
            "w:tr" => {
                self.step(&Node::Element(element.clone()));
                self.row(element);
            }
            "w:p" => {
                self.step(&Node::Element(Element::new("w:p")));
                self.nodes(&element.children);
                let text = reading(element);
                self.text(&text, &text);
            }
            _ => self.nodes(&element.children),
        }
    }

    fn row(&mut self, row: &Element) {
        let Some((open, close)) = row_section(row) else {
            self.nodes(&row.children);
            return;
        };
        let near = reading(row);
        let fields = self.open(&open, &near);
        let inner = near[open.to..close.from].to_owned();
        self.within(&open, fields, |c| c.text(&inner, &near));
    }

    fn text(&mut self, text: &str, near: &str) {
        let found = tags(text);
        let mut index = 0;
        while index < found.len() {
            let tag = &found[index];
            match tag.kind {
                Kind::Value => self.value(tag, near),
                Kind::Chart => self.chart(tag, near, false),
                Kind::Close => self.not_opened(tag, near),
                Kind::Open | Kind::When | Kind::Inverse => match closing(&found, index) {
                    None => self.not_closed(tag, near),
                    Some(end) => {
                        let fields = self.open(tag, near);
                        let inner = text[tag.to..found[end].from].to_owned();
                        self.within(tag, fields, |c| c.text(&inner, near));
                        index = end;
                    }
                },
            }
            index += 1;
        }
    }

    fn value(&mut self, tag: &Tag, near: &str) {
        match self.find(&tag.name).map(|f| f.shape) {
            None => self.unknown(tag, near),
            Some(Shape::Text) => {
                self.used.insert(tag.name.clone());
            }
            Some(shape) => {
                let name = &tag.name;
                let right = match shape {
                    Shape::Chart => format!("{{{{%{name}}}}}"),
                    _ => format!("{{{{#{name}}}}}…{{{{/{name}}}}}"),
                };
                let message = text!(
                    "“{name}”不是文字，应写作 {right}。",
                    "“{name}” is no text; write {right}."
                );
                self.fault("tag_shape", tag, near, message);
            }
        }
    }

    fn chart(&mut self, tag: &Tag, near: &str, alone: bool) {
        let name = &tag.name;
        match self.find(name).map(|f| f.shape) {
            None => self.unknown(tag, near),
            Some(Shape::Chart) if alone && self.in_body && self.table.is_empty() => {
                self.used.insert(name.clone());
            }
            Some(Shape::Chart) => {
                let message = text!(
                    "图表“{name}”应在正文中独占一段，不能在表格、页眉或页脚里。",
                    "The chart “{name}” stands in a paragraph of its own in the body, in no table, \
                     header or footer."
                );
                self.fault("chart_not_alone", tag, near, message);
            }
            Some(_) => {
                let message = text!("“{name}”不是图表。", "“{name}” is no chart.");
                self.fault("tag_shape", tag, near, message);
            }
        }
    }
}
