use std::collections::BTreeSet;

use tianyuan_kernel::office::docx::{Field, Shape, Template};

use super::super::templates::{default, placeholders, vocabulary};
use super::super::{PaperKind, PaperLang};

fn names(fields: &[Field]) -> BTreeSet<&'static str> {
    fields.iter().map(|f| f.name).collect()
}

#[test]
fn the_default_templates_name_only_what_there_is() {
    for kind in [PaperKind::Bulletin, PaperKind::Participation] {
        for lang in PaperLang::ALL {
            let bytes = default(kind, lang).unwrap();
            let faults = Template::open(&bytes)
                .unwrap()
                .check(vocabulary(kind).unwrap());
            assert_eq!(faults.unwrap(), [], "{kind:?} {lang:?}");
            assert_eq!(
                default(kind, lang).unwrap(),
                bytes,
                "the same bytes each time"
            );
        }
    }
}

#[test]
fn every_placeholder_is_listed_with_its_rows() {
    let listed = placeholders(super::VOCABULARY, None);
    assert!(
        listed
            .iter()
            .any(|p| p.tag == "{{#indicators}} … {{/indicators}}" && p.within.is_none())
    );
    assert!(
        listed
            .iter()
            .any(|p| p.tag == "{{rate}}" && p.within.as_deref() == Some("indicators"))
    );
    assert!(listed.iter().any(|p| p.tag == "{{%attainment}}"));
    assert_eq!(
        names(super::VOCABULARY).len(),
        super::VOCABULARY.len(),
        "no name twice"
    );
    for field in super::VOCABULARY {
        if let Shape::Rows(inner) = field.shape {
            assert_eq!(names(inner).len(), inner.len(), "{}", field.name);
        }
    }
}
