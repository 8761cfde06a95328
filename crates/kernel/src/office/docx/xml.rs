//! A small tree of one XML part: read with limits, written back with nothing lost that Word reads.

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 200;
/// Most nodes of one part.
const NODES_MAX: usize = 1_000_000;

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Element(Element),
    /// Text, unescaped.
    Text(String),
}

/// An element.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element {
    pub(super) name: String,
    /// Values unescaped.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

impl Element {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(Node::element)
    }

    /// The first child of a name.
    pub(super) fn first(&self, name: &str) -> Option<&Self> {
        self.elements().find(|e| e.name == name)
    }

    /// This element and all below it.
    pub(super) fn count(&self) -> usize {
        let below: usize = self.elements().map(Self::count).sum();
        1 + self.children.len() + below
    }

    /// Calls `look` with every element of a name, itself included.
    pub(super) fn each<'a>(&'a self, name: &str, look: &mut impl FnMut(&'a Self)) {
        if self.name == name {
            look(self);
        }
        for element in self.elements() {
            element.each(name, look);
        }
    }
}

impl Node {
    pub(super) fn element(&self) -> Option<&Element> {
        match self {
            Self::Element(element) => Some(element),
            Self::Text(_) => None,
        }
    }
}

/// Reads a part; answers its root.
pub(super) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut nodes = 0_usize;
    loop {
        nodes += 1;
        if nodes > NODES_MAX {
            return Err("too many nodes".to_owned());
        }
        let event = reader.read_event().map_err(|e| e.to_string())?;
        match event {
            Event::Start(tag) => {
                if open.len() > DEPTH_MAX {
                    return Err("nested too deep".to_owned());
                }
                open.push(started(&tag)?);
            }
            Event::Empty(tag) => push(&mut open, Node::Element(started(&tag)?)),
            Event::End(_) => {
                let done = open.pop().filter(|_| !open.is_empty());
                let done = done.ok_or_else(|| "an end without a start".to_owned())?;
                push(&mut open, Node::Element(done));
            }
            Event::Text(text) => push_text(&mut open, &text.xml10_content()),
            Event::CData(text) => push_text(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let char = reference.resolve_char_ref().map_err(|e| e.to_string())?;
                if let Some(char) = char {
                    push_text(&mut open, char.encode_utf8(&mut [0; 4]));
                } else {
                    let name = reference.xml10_content();
                    let text = resolve_predefined_entity(&name).ok_or("unknown entity")?;
                    push_text(&mut open, text);
                }
            }
            Event::DocType(_) => return Err("document type declaration".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if open.len() != 1 {
        return Err("an element is not closed".to_owned());
    }
    let top = open.pop().unwrap_or_default();
    let root = top.children.into_iter().find_map(|n| match n {
        Node::Element(element) => Some(element),
        Node::Text(_) => None,
    });
    root.ok_or_else(|| "no element".to_owned())
}

fn started(tag: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element::new(tag.name().as_ref());
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|e| e.to_string())?;
        let name = attribute.key.as_ref().to_owned();
        element.attributes.push((name, value.into_owned()));
    }
    Ok(element)
}

fn push(open: &mut [Element], node: Node) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(node);
    }
}

fn push_text(open: &mut [Element], text: &str) {
    let Some(parent) = open.last_mut() else {
        return;
    };
    if let Some(Node::Text(before)) = parent.children.last_mut() {
        before.push_str(text);
    } else {
        parent.children.push(Node::Text(text.to_owned()));
    }
}

/// A part as bytes, with its declaration.
pub(super) fn write(root: &Element) -> Vec<u8> {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n");
    element(root, &mut out);
    out.into_bytes()
}

fn element(element: &Element, out: &mut String) {
    out.push('<');
    out.push_str(&element.name);
    for (name, value) in &element.attributes {
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        for c in escape(permitted(value).as_str()).chars() {
            match c {
                '\n' => out.push_str("&#10;"),
                '\t' => out.push_str("&#9;"),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for child in &element.children {
        match child {
            Node::Element(below) => self::element(below, out),
            Node::Text(text) => out.push_str(&escape(permitted(text).as_str())),
        }
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

/// A text without what XML 1.0 cannot hold: a form feed pasted into a note must not make a
/// document that no program opens.
fn permitted(text: &str) -> String {
    let holds = |c: &char| {
        matches!(*c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || *c >= '\u{10000}'
    };
    text.chars().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back() {
        let text = "<a x=\"1 &amp; 2\"><b/>t &lt; <c>&#x4e2d;</c> </a>";
        let root = parse(text).unwrap();
        let out = String::from_utf8(write(&root)).unwrap();
        assert!(
            out.ends_with("<a x=\"1 &amp; 2\"><b/>t &lt; <c>中</c> </a>"),
            "{out}"
        );
    }

    #[test]
    fn what_is_no_xml_is_refused() {
        let deep = "<a>".repeat(300) + &"</a>".repeat(300);
        let doctype = "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>";
        for bad in ["", "<a>", "</a>", "<a>&b;</a>", doctype, &deep, "<a></b>"] {
            assert!(parse(bad).is_err(), "{bad:.20}");
        }
    }

    #[test]
    fn control_characters_are_left_out() {
        let root = Element::new("a").text("1\u{c}2\u{0}3");
        assert!(
            String::from_utf8(write(&root))
                .unwrap()
                .ends_with("<a>123</a>")
        );
    }
}
