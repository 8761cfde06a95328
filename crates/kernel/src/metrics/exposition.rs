//! The text scrapers read: OpenMetrics when asked for, the older Prometheus text otherwise.

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::error::{Error, Result};

/// Media type and text for what a scraper accepts.
pub(super) fn expose(registry: &Registry, accept: &str) -> Result<(&'static str, String)> {
    let mut text = String::new();
    encode(&mut text, registry).map_err(Error::internal)?;
    if accept.contains("application/openmetrics-text") {
        let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        return Ok((media, text));
    }
    Ok(("text/plain; version=0.0.4; charset=utf-8", plain(&text)))
}

/// Prometheus text 0.0.4: a counter's family has the name of its samples, `…_total`; there are
/// no units and there is no end mark.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut help = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "untyped"));
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, words)) = help.take().filter(|(of, _)| *of == name) {
                out.push_str(&format!("# HELP {name}{suffix} {words}\n"));
            }
            out.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with("# ") {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
