//! Templates of papers (模板): the office keeps its own in Word; without one the default serves.
//!
//! Invariant: a template that is kept can be filled; it was checked against what a paper knows.

pub mod api;
pub(crate) mod defaults;
pub(crate) mod store;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::App;
use tianyuan_kernel::authority::Entity;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, FieldError, Result};
use tianyuan_kernel::files;
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::office::docx::{Field, Shape, TEMPLATE_BYTES_MAX, Template, TemplateFault};
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::{PaperKind, PaperLang, bulletin, round};

/// A template was put in place of another.
pub const TEMPLATE_SET: Kind = Kind::new(
    "paper_template.set",
    Log::Material,
    "更换简报模板",
    "Paper template replaced",
)
.open(&["kind", "lang", "sha256"])
.staff();
/// The office's template was taken away; the default serves again.
pub const TEMPLATE_REMOVED: Kind = Kind::new(
    "paper_template.removed",
    Log::Material,
    "恢复默认模板",
    "Paper template removed",
)
.open(&["kind", "lang"])
.staff();

/// A template in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaperTemplate {
    /// What it makes.
    pub kind: PaperKind,
    /// Its language.
    pub lang: PaperLang,
    /// The file's name; empty for the default.
    pub name: String,
    /// True when the default is in force.
    pub is_default: bool,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Its size.
    pub size_bytes: i64,
    /// When the office put it in force.
    pub set_at: Option<Micros>,
    /// What it may name.
    pub placeholders: Vec<Placeholder>,
}

/// A name a template may use.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PaperPlaceholder)]
pub struct Placeholder {
    /// As it is written: `{{cut}}`, `{{#late}} … {{/late}}`, `{{%attainment}}`.
    pub tag: String,
    /// The rows it stands in; null where it stands anywhere.
    pub within: Option<String>,
    /// What it becomes.
    pub title: Text,
}

/// Kinds that are made from a template.
pub(crate) fn vocabulary(kind: PaperKind) -> Option<&'static [Field]> {
    match kind {
        PaperKind::Bulletin => Some(bulletin::VOCABULARY),
        PaperKind::Participation => Some(round::VOCABULARY),
        PaperKind::Figures => None,
    }
}

/// Every name, rows after what stands anywhere.
pub(crate) fn placeholders(fields: &[Field], within: Option<&str>) -> Vec<Placeholder> {
    let mut out = Vec::new();
    for field in fields {
        let name = field.name;
        let tag = match field.shape {
            Shape::Text => format!("{{{{{name}}}}}"),
            Shape::Chart => format!("{{{{%{name}}}}}"),
            Shape::Rows(_) => format!("{{{{#{name}}}}} … {{{{/{name}}}}}"),
        };
        out.push(Placeholder {
            tag,
            within: within.map(str::to_owned),
            title: field.title.into(),
        });
        if let Shape::Rows(inner) = field.shape {
            out.extend(placeholders(inner, Some(name)));
        }
    }
    out
}

/// The default template.
pub(crate) fn default(kind: PaperKind, lang: PaperLang) -> Result<Vec<u8>> {
    match kind {
        PaperKind::Bulletin => defaults::bulletin(lang),
        PaperKind::Participation => round::template::participation(lang),
        PaperKind::Figures => Err(Error::not_found()),
    }
}

/// The record a template's file belongs to.
pub(crate) fn entity(kind: PaperKind, lang: PaperLang) -> Entity {
    let id = format!("{}.{}", kind.as_str(), lang.as_str());
    Entity::new("PaperTemplate", id)
}

/// The template in force and its SHA-256.
pub(crate) async fn current(
    app: &App,
    kind: PaperKind,
    lang: PaperLang,
) -> Result<(Vec<u8>, String)> {
    let own = {
        let mut sql = app.db().read().await?;
        match store::get(&mut sql, kind, lang).await? {
            Some(row) => Some(files::get(&mut sql, &entity(kind, lang), &row.file_id).await?),
            None => None,
        }
    };
    let bytes = match &own {
        Some(file) => files::bytes(app, file, TEMPLATE_BYTES_MAX).await?.to_vec(),
        None => default(kind, lang)?,
    };
    let sha256 = hex::encode(Sha256::digest(&bytes));
    Ok((bytes, sha256))
}

/// Goes on only with a template that can be filled.
///
/// # Errors
/// 422 naming everything that keeps it from being filled, and where it stands.
pub(crate) fn checked(kind: PaperKind, bytes: &[u8]) -> Result<()> {
    let Some(vocabulary) = vocabulary(kind) else {
        return Err(Error::not_found());
    };
    let faults = Template::open(bytes)?.check(vocabulary)?;
    if faults.is_empty() {
        return Ok(());
    }
    let n = faults.len();
    let words = text!(
        "模板有 {n} 处不能填充，没有启用。请按所列位置修改后重新上传。",
        "{n} places of the template cannot be filled; it was not put in force. Correct them and \
         send it again."
    );
    let fields = faults.into_iter().map(told).collect();
    Err(Error::invalid("template_faults", "", words).with_fields(fields))
}

fn told(fault: TemplateFault) -> FieldError {
    let (place, message) = (fault.place, fault.message);
    let (place_zh, place_en) = (place.zh, place.en);
    let (zh, en) = (message.zh, message.en);
    FieldError {
        field: fault.tag,
        code: fault.code,
        detail: text!("{place_zh}：{zh}", "{place_en}: {en}"),
    }
}
