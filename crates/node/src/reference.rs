//! The reference page: the OpenAPI document as plain HTML that needs no script.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use utoipa::openapi::OpenApi;

/// Makes the page.
pub fn page(document: &OpenApi) -> String {
    let document = serde_json::to_value(document).unwrap_or_default();
    let mut groups: BTreeMap<&str, Vec<(&str, &str, &Value)>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("node");
            groups
                .entry(tag)
                .or_default()
                .push((path, method, operation));
        }
    }
    let mut html = String::from(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>天元 API</title><link rel=\"stylesheet\" href=\"/docs/reference.css\"></head><body>\
         <header><h1>天元 API 参考 · API reference</h1><p>机器可读文档 Machine-readable: \
         <a href=\"/openapi.json\">/openapi.json</a> (OpenAPI 3.1)</p></header><nav>",
    );
    for tag in groups.keys() {
        let _ = write!(html, "<a href=\"#{tag}\">{tag}</a> ");
    }
    html.push_str("<a href=\"#schemas\">schemas</a></nav><main>");
    for (tag, operations) in &groups {
        let _ = write!(html, "<section><h2 id=\"{tag}\">{tag}</h2>");
        for (path, method, operation) in operations {
            show(&mut html, path, method, operation);
        }
        html.push_str("</section>");
    }
    html.push_str("<section><h2 id=\"schemas\">schemas</h2>");
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let _ = write!(html, "<h3 id=\"{0}\">{0}</h3>", escape(name));
        fields(&mut html, schema);
    }
    html.push_str("</section></main></body></html>");
    html
}

fn show(html: &mut String, path: &str, method: &str, operation: &Value) {
    let open = operation["security"].as_array().is_some_and(Vec::is_empty);
    let access = if open {
        "公开 public"
    } else {
        "需登录 sign-in"
    };
    let text = |key: &str| escape(operation[key].as_str().unwrap_or_default());
    let _ = write!(
        html,
        "<article><h3><b class=\"{method}\">{}</b> <code>{}</code> <small>{access}</small></h3>\
         <p>{} {}</p>",
        method.to_uppercase(),
        escape(path),
        text("summary"),
        text("description"),
    );
    if let Some(parameters) = operation["parameters"].as_array() {
        html.push_str("<ul>");
        for p in parameters {
            let word = |key: &str| escape(p[key].as_str().unwrap_or_default());
            let required = if p["required"] == true { " *" } else { "" };
            let kind = kind(&p["schema"]);
            let (name, place, about) = (word("name"), word("in"), word("description"));
            let _ = write!(
                html,
                "<li><code>{name}{required}</code> <small>{place}</small> {kind} {about}</li>"
            );
        }
        html.push_str("</ul>");
    }
    for media in operation["requestBody"]["content"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let _ = write!(
            html,
            "<p>→ <small>{}</small> {}</p>",
            escape(media.0),
            kind(&media.1["schema"])
        );
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        if status.starts_with('2') {
            for media in response["content"].as_object().into_iter().flatten() {
                let schema = kind(&media.1["schema"]);
                let _ = write!(
                    html,
                    "<p>← {status} <small>{}</small> {schema}</p>",
                    escape(media.0)
                );
            }
        }
    }
    html.push_str("</article>");
}

fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        let name = escape(name);
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if schema["items"].is_object() {
        return format!("[{}]", kind(&schema["items"]));
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[key].as_array() {
            return parts.iter().map(kind).collect::<Vec<_>>().join(" | ");
        }
    }
    match &schema["type"] {
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .map(escape)
            .collect::<Vec<_>>()
            .join(" | "),
        _ => String::new(),
    }
}

fn fields(html: &mut String, schema: &Value) {
    if let Some(about) = schema["description"].as_str() {
        let _ = write!(html, "<p>{}</p>", escape(about));
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|v| escape(&v.to_string())).collect();
        let _ = write!(html, "<p>{}</p>", values.join(" · "));
    }
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    html.push_str("<ul>");
    for (name, property) in properties {
        let about = escape(property["description"].as_str().unwrap_or_default());
        let _ = write!(
            html,
            "<li><code>{}</code> {} {about}</li>",
            escape(name),
            kind(property)
        );
    }
    html.push_str("</ul>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
