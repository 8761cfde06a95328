//! Word documents (.docx) made from templates that an office keeps in Word: `{{name}}` becomes a
//! value, what stands between `{{#name}}` and `{{/name}}` is repeated for each row, `{{?name}}` and
//! `{{^name}}` begin what is shown when there is something or nothing, `{{%name}}` becomes a chart.
//!
//! A template is checked before it is kept: each tag is known where it stands, each section is
//! closed, and nothing in it runs or fetches when it is opened (no macros, no outside references,
//! no embedded objects). The same values and template give the same bytes.

mod blocks;
mod chart;
mod check;
mod data;
mod fill;
mod package;
mod tags;
#[cfg(test)]
mod tests;
mod write;
mod xml;

pub use blocks::{Block, Paragraph, Run, Table, TableCell};
pub use check::TemplateFault;
pub use data::{Chart, ChartKind, Data, Field, Series, Shape, Value};
pub use package::TEMPLATE_BYTES_MAX;
pub use write::{Style, Writer};

use chart::Charts;
use check::Checker;
use fill::Filler;
use package::{Package, is_story, malformed};
use xml::Element;

use crate::error::Result;

/// Media type of a document.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const BODY: &str = "word/document.xml";

/// A template, unpacked.
pub struct Template(Package);

/// A document made from a template.
pub struct Filled {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it says.
    pub blocks: Vec<Block>,
}

impl Template {
    /// Unpacks a template.
    ///
    /// # Errors
    /// 422 when it is no document, is larger than a limit, or holds what runs or fetches.
    pub fn open(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > TEMPLATE_BYTES_MAX {
            return Err(malformed("too large"));
        }
        let package = Package::open(bytes)?;
        let root = package.tree(BODY)?;
        if root.name != "w:document" || root.first("w:body").is_none() {
            return Err(malformed("no body"));
        }
        Ok(Self(package))
    }

    /// Everything that keeps it from being filled.
    ///
    /// # Errors
    /// 422 when a part is no XML.
    pub fn check(&self, vocabulary: &[Field]) -> Result<Vec<TemplateFault>> {
        let mut checker = Checker::new(vocabulary);
        for name in self.stories() {
            checker.part(&name, &self.0.tree(&name)?);
        }
        Ok(checker.faults)
    }

    fn stories(&self) -> Vec<String> {
        let names = self.0.parts.iter().map(|(name, _)| name.clone());
        names.filter(|name| is_story(name)).collect()
    }

    /// The document that these values make.
    ///
    /// # Errors
    /// 422 when it would become too large.
    pub fn fill(&self, data: &Data) -> Result<Filled> {
        let mut package = self.0.clone();
        let mut charts = Charts::default();
        let mut body = Element::default();
        let mut nodes = 0;
        for name in self.stories() {
            charts.allowed = name == BODY;
            let mut root = self.0.tree(&name)?;
            let mut filler = Filler {
                scopes: vec![data],
                charts: &mut charts,
                nodes,
            };
            root.children = filler.nodes(&root.children)?;
            nodes = filler.nodes;
            package.set(&name, xml::write(&root));
            if name == BODY {
                body = root;
            }
        }
        charts.finish(&mut package)?;
        let styles = self
            .0
            .get("word/styles.xml")
            .map(|_| self.0.tree("word/styles.xml"));
        let styles = blocks::Styles::read(styles.transpose()?.as_ref());
        let body = body.first("w:body");
        let blocks = body.map(|body| blocks::blocks(body, &styles, &charts.placed));
        Ok(Filled {
            bytes: package.write()?,
            blocks: blocks.unwrap_or_default(),
        })
    }
}
