//! A graph as Turtle and as JSON-LD.

use serde_json::{Map, Value, json};
use tianyuan_kernel::error::Result;

use super::graph::{Object, PREFIXES, Resource};

/// Turtle (RDF 1.1).
pub(super) fn turtle(resources: &[Resource]) -> String {
    let mut out = String::new();
    for (prefix, iri) in PREFIXES {
        out.push_str(&format!("@prefix {prefix}: <{iri}> .\n"));
    }
    for resource in resources {
        out.push_str(&format!("\n<{}> a {}", iri(&resource.iri), resource.kind));
        for (property, object) in &resource.properties {
            let object = match object {
                Object::Iri(to) => format!("<{}>", iri(to)),
                Object::Words(text, lang) => format!("\"{}\"@{lang}", escaped(text)),
                Object::Typed(text, kind) if kind.contains("//") => {
                    format!("\"{}\"^^<{kind}>", escaped(text))
                }
                Object::Typed(text, kind) => format!("\"{}\"^^{kind}", escaped(text)),
            };
            out.push_str(&format!(" ;\n    {property} {object}"));
        }
        out.push_str(" .\n");
    }
    out
}

/// Characters an IRI may not hold, escaped.
fn iri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c <= ' ' || "<>\"{}|^`\\".contains(c) {
            out.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// JSON-LD 1.1 with a context of its own.
pub(super) fn json_ld(resources: &[Resource]) -> Result<String> {
    let context: Map<String, Value> = PREFIXES
        .into_iter()
        .map(|(prefix, iri)| (prefix.to_owned(), Value::from(iri)))
        .collect();
    let graph: Vec<Value> = resources.iter().map(node).collect();
    let document = json!({ "@context": context, "@graph": graph });
    Ok(serde_json::to_string_pretty(&document)?)
}

fn node(resource: &Resource) -> Value {
    let mut node = Map::new();
    node.insert("@id".to_owned(), Value::from(iri(&resource.iri)));
    node.insert("@type".to_owned(), Value::from(resource.kind));
    for (property, object) in &resource.properties {
        let value = match object {
            Object::Iri(to) => json!({ "@id": iri(to) }),
            Object::Words(text, lang) => json!({ "@value": text, "@language": lang }),
            Object::Typed(text, kind) => json!({ "@value": text, "@type": kind }),
        };
        let all = node.entry(*property).or_insert_with(|| json!([]));
        if let Some(all) = all.as_array_mut() {
            all.push(value);
        }
    }
    Value::Object(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_stays_inside_its_quotes() {
        assert_eq!(escaped("a\"b\\c\nd\u{1}"), "a\\\"b\\\\c\\nd\\u0001");
        assert_eq!(iri("http://a/ <b>"), "http://a/%20%3Cb%3E");
    }
}
