//! Filling a template: paragraphs and rows between section tags are repeated, tags become values.
//!
//! Word cuts a paragraph into runs wherever it likes, also inside a tag; so tags are looked for in
//! the paragraph's whole text, and a value takes the look of where its tag begins.

use super::chart::Charts;
use super::data::{Data, Value};
use super::tags::{Kind, Tag, closing, tags};
use super::xml::{Element, Node};
use crate::error::{Error, Result};
use crate::text::Text;

/// Most nodes of a filled part: a template that repeats repeats must not fill the memory.
const NODES_MAX: usize = 400_000;

pub(super) struct Filler<'a> {
    pub(super) scopes: Vec<&'a Data>,
    pub(super) charts: &'a mut Charts,
    pub(super) nodes: usize,
}

/// The text of a paragraph or row, as it reads.
pub(super) fn reading(element: &Element) -> String {
    let mut out = String::new();
    gather(element, &mut out);
    out
}

fn gather(element: &Element, out: &mut String) {
    for child in &element.children {
        match child {
            Node::Text(text) if element.name == "w:t" => out.push_str(text),
            // A text box has paragraphs of its own.
            Node::Element(below) if below.name != "w:txbxContent" => gather(below, out),
            _ => {}
        }
    }
}

/// The tag a paragraph or row consists of, if it is nothing else.
pub(super) fn marker(node: &Node) -> Option<Tag> {
    let element = node.element()?;
    if !matches!(element.name.as_str(), "w:p" | "w:tr") {
        return None;
    }
    let text = reading(element);
    let mut found = tags(&text);
    let only = found.len() == 1 && text.trim().len() == found[0].to - found[0].from;
    only.then(|| found.remove(0))
}

/// The section a row carries: opened in its first tag and closed in its last, in different cells
/// or paragraphs.
pub(super) fn row_section(row: &Element) -> Option<(Tag, Tag)> {
    if row.name != "w:tr" {
        return None;
    }
    let found = tags(&reading(row));
    let first = found.first()?;
    if !first.kind.opens() || closing(&found, 0)? != found.len() - 1 {
        return None;
    }
    let mut within_one = false;
    row.each("w:p", &mut |p| {
        let inside = tags(&reading(p));
        within_one |= inside.len() == found.len();
    });
    (!within_one).then(|| (first.clone(), found[found.len() - 1].clone()))
}

/// What ends the section that a marker at `from` opens, among its siblings.
pub(super) fn matching(nodes: &[Node], from: usize, name: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, node) in nodes.iter().enumerate().skip(from) {
        match marker(node) {
            Some(tag) if tag.name == name && tag.kind.opens() => depth += 1,
            Some(tag) if tag.name == name && tag.kind == Kind::Close => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

impl<'a> Filler<'a> {
    fn find(&self, name: &str) -> Option<&'a Value> {
        self.scopes.iter().rev().find_map(|scope| scope.0.get(name))
    }

    /// What a section repeats for: rows, or the present scope once when there is something.
    fn rounds(&self, tag: &Tag) -> Vec<Option<&'a Data>> {
        let filled: Vec<Option<&Data>> = match self.find(&tag.name) {
            Some(Value::Rows(rows)) => rows.iter().map(Some).collect(),
            Some(Value::Text(text)) if !text.is_empty() => vec![None],
            Some(Value::Chart(_)) => vec![None],
            _ => Vec::new(),
        };
        if tag.kind == Kind::When {
            return filled.first().map(|_| None).into_iter().collect();
        }
        if tag.kind == Kind::Inverse {
            return if filled.is_empty() {
                vec![None]
            } else {
                Vec::new()
            };
        }
        filled
    }

    fn inside<T>(&mut self, row: Option<&'a Data>, work: impl FnOnce(&mut Self) -> T) -> T {
        if let Some(row) = row {
            self.scopes.push(row);
        }
        let done = work(self);
        if row.is_some() {
            self.scopes.pop();
        }
        done
    }

    fn spend(&mut self, nodes: usize) -> Result<()> {
        self.nodes += nodes;
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        let words = Text::new(
            "按此模板生成的文档过大：请减少相互嵌套的重复段落。",
            "The template makes a document that is too large: nest fewer repeated sections.",
        );
        Err(Error::invalid("document_too_large", "", words))
    }

    /// Fills the children of a body, cell, header or text box.
    pub(super) fn nodes(&mut self, nodes: &[Node]) -> Result<Vec<Node>> {
        let (mut out, mut at) = (Vec::new(), 0);
        while at < nodes.len() {
            let node = &nodes[at];
            at += 1;
            if let Some(tag) = marker(node) {
                if tag.kind.opens()
                    && let Some(end) = matching(nodes, at - 1, &tag.name)
                {
                    for row in self.rounds(&tag) {
                        let filled = self.inside(row, |f| f.nodes(&nodes[at..end]))?;
                        out.extend(filled);
                    }
                    at = end + 1;
                    continue;
                }
                if tag.kind == Kind::Chart {
                    if let (Some(Value::Chart(chart)), Node::Element(p)) =
                        (self.find(&tag.name), node)
                    {
                        out.push(Node::Element(self.charts.place(p, chart)?));
                    }
                    continue;
                }
            }
            match node {
                Node::Element(element) => self.element(element, &mut out)?,
                Node::Text(text) => out.push(Node::Text(text.clone())),
            }
        }
        Ok(out)
    }

    fn element(&mut self, element: &Element, out: &mut Vec<Node>) -> Result<()> {
        if let Some((open, close)) = row_section(element) {
            for row in self.rounds(&open) {
                let mut copy = element.clone();
                cut(&mut copy, &close);
                cut(&mut copy, &open);
                self.spend(copy.count())?;
                let filled = self.inside(row, |f| f.nodes(&copy.children))?;
                let children = filled;
                out.push(Node::Element(Element { children, ..copy }));
            }
            return Ok(());
        }
        self.spend(1 + element.children.len())?;
        let mut copy = Element {
            children: Vec::new(),
            name: element.name.clone(),
            attributes: element.attributes.clone(),
        };
        if element.name == "w:p" {
            // Text boxes inside first: their paragraphs are not this one's text.
            copy.children = self.nodes(&element.children)?;
            self.paragraph(&mut copy);
        } else {
            copy.children = self.nodes(&element.children)?;
            let empty = |name: &str| !copy.elements().any(|e| e.name == name);
            match copy.name.as_str() {
                // A cell without a paragraph is a document Word repairs, a table without rows too.
                "w:tc" | "w:hdr" | "w:ftr" if empty("w:p") => {
                    copy.children.push(Node::Element(Element::new("w:p")));
                }
                "w:tbl" if empty("w:tr") => return Ok(()),
                _ => {}
            }
        }
        out.push(Node::Element(copy));
        Ok(())
    }

    fn paragraph(&self, paragraph: &mut Element) {
        let text = reading(paragraph);
        let found = tags(&text);
        if found.is_empty() {
            return;
        }
        let (mut pieces, mut index) = (Vec::new(), 0);
        while index < found.len() {
            let tag = &found[index];
            let end = closing(&found, index)
                .filter(|_| tag.kind.opens())
                .unwrap_or(index);
            let (from, to) = (tag.from, found[end].to);
            pieces.push((from, to, self.rendered(&text[from..to], 0)));
            index = end + 1;
        }
        for (from, to, value) in pieces.into_iter().rev() {
            replace(paragraph, from, to, &value);
        }
        lines(paragraph);
    }

    /// A piece of text with its tags filled.
    fn rendered(&self, text: &str, depth: usize) -> String {
        let found = tags(text);
        let (mut out, mut at, mut index) = (String::new(), 0, 0);
        while index < found.len() {
            let tag = &found[index];
            out.push_str(&text[at..tag.from]);
            at = tag.to;
            match tag.kind {
                Kind::Value => {
                    if let Some(Value::Text(value)) = self.find(&tag.name) {
                        out.push_str(value);
                    }
                }
                Kind::Open | Kind::When | Kind::Inverse => {
                    if let Some(end) = closing(&found, index).filter(|_| depth < 8) {
                        let inner = &text[tag.to..found[end].from];
                        for row in self.rounds(tag) {
                            let mut scopes = self.scopes.clone();
                            scopes.extend(row);
                            out.push_str(&with(&scopes, inner, depth + 1));
                        }
                        (at, index) = (found[end].to, end);
                    }
                }
                Kind::Close | Kind::Chart => {}
            }
            index += 1;
        }
        out.push_str(&text[at..]);
        out
    }
}

fn with(scopes: &[&Data], text: &str, depth: usize) -> String {
    let mut charts = Charts::default();
    let filler = Filler {
        scopes: scopes.to_vec(),
        charts: &mut charts,
        nodes: 0,
    };
    filler.rendered(text, depth)
}

/// The texts of a paragraph's or row's runs, in reading order.
fn texts<'e>(element: &'e mut Element, out: &mut Vec<&'e mut Element>) {
    if element.name == "w:t" {
        out.push(element);
        return;
    }
    for child in &mut element.children {
        if let Node::Element(below) = child
            && below.name != "w:txbxContent"
        {
            texts(below, out);
        }
    }
}

fn content(element: &Element) -> String {
    let texts = element.children.iter().map(|n| match n {
        Node::Text(text) => text.as_str(),
        Node::Element(_) => "",
    });
    texts.collect()
}

fn cut(element: &mut Element, tag: &Tag) {
    replace(element, tag.from, tag.to, "");
}

/// Puts a value in place of the bytes `from..to` of what an element reads.
fn replace(element: &mut Element, from: usize, to: usize, value: &str) {
    let mut runs = Vec::new();
    texts(element, &mut runs);
    let mut at = 0;
    for run in runs {
        let text = content(run);
        let (start, end) = (at, at + text.len());
        at = end;
        if end <= from || start >= to {
            continue;
        }
        let mut new = text[..from.saturating_sub(start)].to_owned();
        if start <= from {
            new.push_str(value);
        }
        new.push_str(&text[(to - start).min(text.len())..]);
        run.children = vec![Node::Text(new)];
        run.attributes.retain(|(name, _)| name != "xml:space");
        run.attributes
            .push(("xml:space".to_owned(), "preserve".to_owned()));
    }
}

/// Line feeds in values become line breaks.
fn lines(element: &mut Element) {
    let mut children = Vec::with_capacity(element.children.len());
    for child in std::mem::take(&mut element.children) {
        match child {
            Node::Element(text) if text.name == "w:t" && content(&text).contains('\n') => {
                let all = content(&text);
                for (index, line) in all.split('\n').enumerate() {
                    if index > 0 {
                        children.push(Node::Element(Element::new("w:br")));
                    }
                    let piece = Element::new("w:t").with("xml:space", "preserve").text(line);
                    children.push(Node::Element(piece));
                }
            }
            Node::Element(mut below) => {
                lines(&mut below);
                children.push(Node::Element(below));
            }
            text => children.push(text),
        }
    }
    element.children = children;
}
