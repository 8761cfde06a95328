//! Reading a bundle from TOML files (a folder's, merged table by table) or from JSON.

use std::path::Path;

use serde::Serialize;
use serde_path_to_error::Segment;
use tianyuan_kernel::text;
use tianyuan_kernel::text::Text;
use utoipa::ToSchema;

use super::{Fault, Origin, PlanBundle, Spot, Table};

/// Most bytes read from one file or body.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

/// A fault together with its place in what the person sent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ImportFault)]
pub struct Located {
    /// Where it stands.
    #[serde(flatten)]
    pub spot: Spot,
    /// Stable code.
    pub code: &'static str,
    /// What was wrong and what would be right.
    pub detail: Text,
}

impl Located {
    /// Places a fault.
    #[must_use]
    pub fn of(fault: &Fault, origin: &Origin) -> Self {
        Self {
            spot: origin.spot(fault),
            code: fault.code,
            detail: fault.detail.clone(),
        }
    }
}

/// What was read, and where each entry stood.
pub type Read = Result<(PlanBundle, Origin), Vec<Located>>;

/// Reads the `*.toml` files of a folder in the order of their names.
///
/// # Errors
/// Every unreadable place; a missing folder or a folder without such files is one too.
pub fn folder(path: &Path) -> Read {
    let fail = |detail: Text| {
        let spot = Spot {
            sheet: path.display().to_string(),
            row: None,
            column: None,
        };
        vec![Located {
            spot,
            code: "file_unreadable",
            detail,
        }]
    };
    let words = |e: std::io::Error| fail(text!("无法读取：{e}。", "Cannot be read: {e}."));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path).map_err(words)? {
        let path = entry.map_err(words)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(fail(Text::new(
            "文件夹中没有 .toml 文件。",
            "The folder holds no .toml files.",
        )));
    }
    let mut files = Vec::new();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        files.push((name, std::fs::read_to_string(&path).map_err(words)?));
    }
    let borrowed: Vec<_> = files
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    toml_files(&borrowed)
}

/// Reads TOML files given as (name, text) and merges them table by table.
///
/// # Errors
/// Every file that cannot be read, with the line; a second `[plan]`.
pub fn toml_files(files: &[(&str, &str)]) -> Read {
    let (mut whole, mut origin, mut errors) =
        (PlanBundle::default(), Origin::default(), Vec::new());
    for (name, text) in files {
        match toml::from_str::<PlanBundle>(text) {
            Ok(part) => {
                if whole.plan.is_some() && part.plan.is_some() {
                    let spot = Spot {
                        sheet: format!("{name}: plan"),
                        row: None,
                        column: None,
                    };
                    let detail = Text::new(
                        "[plan] 只能出现一次，另一个文件中已有。",
                        "[plan] appears once only; another file has it already.",
                    );
                    errors.push(Located {
                        spot,
                        code: "duplicate",
                        detail,
                    });
                }
                merge(&mut whole, part, name, &mut origin);
            }
            Err(error) => errors.push(toml_error(name, text, &error)),
        }
    }
    if errors.is_empty() {
        Ok((whole, origin))
    } else {
        Err(errors)
    }
}

fn toml_error(name: &str, text: &str, error: &toml::de::Error) -> Located {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| {
            u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX)
        });
    let message = error.message();
    Located {
        spot: Spot {
            sheet: name.to_owned(),
            row: Some(line),
            column: None,
        },
        code: "file_malformed",
        detail: text!("第 {line} 行：{message}", "Line {line}: {message}"),
    }
}

fn merge(whole: &mut PlanBundle, part: PlanBundle, name: &str, origin: &mut Origin) {
    let mut note = |table: Table, before: usize, count: usize| {
        for i in 0..count {
            let row = u32::try_from(i + 1).unwrap_or(u32::MAX);
            origin.rows.insert(
                (table, before + i),
                (format!("{name}: {}", table.key()), row),
            );
        }
    };
    note(Table::Units, whole.units.len(), part.units.len());
    note(Table::Layers, whole.layers.len(), part.layers.len());
    note(
        Table::Programmes,
        whole.programmes.len(),
        part.programmes.len(),
    );
    note(Table::Measures, whole.measures.len(), part.measures.len());
    note(Table::Goals, whole.goals.len(), part.goals.len());
    note(
        Table::Indicators,
        whole.indicators.len(),
        part.indicators.len(),
    );
    whole.plan = whole.plan.take().or(part.plan);
    whole.units.extend(part.units);
    whole.layers.extend(part.layers);
    whole.programmes.extend(part.programmes);
    whole.measures.extend(part.measures);
    whole.goals.extend(part.goals);
    whole.indicators.extend(part.indicators);
    whole.pattern.trunk.extend(part.pattern.trunk);
    whole.pattern.pillars.extend(part.pattern.pillars);
    whole.pattern.bases.extend(part.pattern.bases);
    whole.pattern.belts.extend(part.pattern.belts);
    whole.pattern.areas.extend(part.pattern.areas);
}

/// Reads a JSON bundle.
///
/// # Errors
/// The first place that cannot be read, by its path.
pub fn json(bytes: &[u8]) -> Read {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let failed = |spot: Spot, message: String| {
        let detail = text!(
            "JSON 无法读取：{message}",
            "The JSON cannot be read: {message}"
        );
        vec![Located {
            spot,
            code: "file_malformed",
            detail,
        }]
    };
    let bundle: PlanBundle = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let mut spot = Spot::default();
        let mut rest: Vec<String> = Vec::new();
        for (depth, segment) in error.path().iter().enumerate() {
            match (depth, segment) {
                (0, Segment::Map { key }) => spot.sheet.clone_from(key),
                (1, Segment::Seq { index }) => {
                    spot.row = u32::try_from(index + 1).ok();
                }
                (_, Segment::Seq { index }) => rest.push(index.to_string()),
                (_, Segment::Map { key }) => rest.push(key.clone()),
                (_, other) => rest.push(other.to_string()),
            }
        }
        spot.column = Some(rest.join(".")).filter(|c| !c.is_empty());
        failed(spot, error.inner().to_string())
    })?;
    reader
        .end()
        .map_err(|e| failed(Spot::default(), e.to_string()))?;
    Ok((bundle, Origin::default()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SAMPLE, sample};
    use super::*;

    #[test]
    fn files_merge_and_remember_their_places() {
        let extra = "[[indicators]]\nnumber = 9\nname = \"x\"\nunit = \"个\"\nnature = \"stock\"\n\
                     direction = \"up\"\ndecimals = 0\nunits = [\"谁\"]\nbaseline = { year = 2023, value = 1 }\n\
                     targets = [{ year = 2024, value = 2 }]\n";
        let (bundle, origin) = toml_files(&[("10.toml", SAMPLE), ("20.toml", extra)]).unwrap();
        assert_eq!(bundle.indicators.len(), sample().indicators.len() + 1);
        let faults = super::super::check::check(&bundle, &Default::default());
        let spot = origin.spot(&faults[0]);
        assert_eq!(spot.sheet, "20.toml: indicators");
        assert_eq!((spot.row, spot.column.as_deref()), (Some(1), Some("units")));
    }

    #[test]
    fn an_unknown_key_names_file_and_line() {
        let errors = toml_files(&[("a.toml", "\n[plan]\ncolour = 1\n")]).unwrap_err();
        assert_eq!(
            (errors[0].code, errors[0].spot.sheet.as_str()),
            ("file_malformed", "a.toml")
        );
        assert!(errors[0].spot.row.is_some());
        let errors = toml_files(&[("a.toml", SAMPLE), ("b.toml", SAMPLE)]).unwrap_err();
        assert_eq!(errors[0].code, "duplicate");
    }

    #[test]
    fn json_round_trips_and_names_the_wrong_place() {
        let text = serde_json::to_string(&sample()).unwrap();
        assert_eq!(json(text.as_bytes()).unwrap().0, sample());
        let errors = json(
            text.replacen("\"programme\":1", "\"programme\":\"一\"", 1)
                .as_bytes(),
        );
        let errors = errors.unwrap_err();
        assert_eq!(errors[0].spot.sheet, "measures");
        assert_eq!(errors[0].spot.row, Some(1));
        assert_eq!(errors[0].spot.column.as_deref(), Some("programme"));
        assert!(json(b"{} x").is_err());
        assert!(json(&[0xff, 0xfe]).is_err());
    }
}
