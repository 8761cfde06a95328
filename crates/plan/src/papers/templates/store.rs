//! SQL of templates.

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::Sql;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::files::FileId;

use super::super::{PaperKind, PaperLang};

/// The office's template as stored.
pub(crate) struct TemplateRow {
    pub(crate) file_id: FileId,
    pub(crate) set_at: Micros,
}

/// The office's template, if it has one.
pub(crate) async fn get(
    sql: &mut dyn Sql,
    kind: PaperKind,
    lang: PaperLang,
) -> Result<Option<TemplateRow>> {
    let row = sql
        .optional(
            "SELECT file_id, set_at FROM plan_paper_templates WHERE kind = $1 AND lang = $2",
            args![kind.as_str(), lang.as_str()],
        )
        .await?;
    row.map(|row| {
        Ok(TemplateRow {
            file_id: FileId::from_stored(row.text("file_id")?),
            set_at: row.time("set_at")?,
        })
    })
    .transpose()
}

/// Puts a template in force.
pub(crate) async fn set(
    sql: &mut dyn Sql,
    (kind, lang): (PaperKind, PaperLang),
    file: &FileId,
    at: Micros,
    by: Option<&str>,
) -> Result<()> {
    sql.execute(
        "INSERT INTO plan_paper_templates (kind, lang, file_id, set_at, set_by) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, lang) DO UPDATE SET \
         file_id = excluded.file_id, set_at = excluded.set_at, set_by = excluded.set_by",
        args![kind.as_str(), lang.as_str(), file, at, by],
    )
    .await
    .map(|_| ())
}

/// Takes the office's template away; false when there was none.
pub(crate) async fn remove(sql: &mut dyn Sql, kind: PaperKind, lang: PaperLang) -> Result<bool> {
    let removed = sql
        .execute(
            "DELETE FROM plan_paper_templates WHERE kind = $1 AND lang = $2",
            args![kind.as_str(), lang.as_str()],
        )
        .await?;
    Ok(removed == 1)
}
