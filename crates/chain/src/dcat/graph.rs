//! What is said of the catalogue, its datasets and their distributions.

use tianyuan_kernel::text::Text;

use crate::datasets::{Dataset, fields};
use crate::words::{Licence, Opening, UpdateCycle};

/// Vocabularies, by the prefix they are written with.
pub(super) const PREFIXES: [(&str, &str); 10] = [
    ("adms", "http://www.w3.org/ns/adms#"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dct", "http://purl.org/dc/terms/"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("locn", "http://www.w3.org/ns/locn#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];
/// The EU's authority tables, which DCAT-AP takes its codes from.
const EU: &str = "http://publications.europa.eu/resource/authority";

/// A value of a property.
#[derive(Clone, Debug)]
pub(super) enum Object {
    /// Another resource.
    Iri(String),
    /// Words in a language.
    Words(String, &'static str),
    /// A literal of a type, by its prefixed name.
    Typed(String, &'static str),
}

/// A resource with its type and properties.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) iri: String,
    pub(super) kind: &'static str,
    pub(super) properties: Vec<(&'static str, Object)>,
}

impl Resource {
    fn new(iri: impl Into<String>, kind: &'static str) -> Self {
        Self {
            iri: iri.into(),
            kind,
            properties: Vec::new(),
        }
    }

    fn iri(mut self, property: &'static str, iri: impl Into<String>) -> Self {
        self.properties.push((property, Object::Iri(iri.into())));
        self
    }

    fn words(mut self, property: &'static str, zh: &str, en: &str) -> Self {
        for (text, lang) in [(zh, "zh"), (en, "en")] {
            if !text.trim().is_empty() {
                self.properties
                    .push((property, Object::Words(text.to_owned(), lang)));
            }
        }
        self
    }

    fn typed(
        mut self,
        property: &'static str,
        text: impl Into<String>,
        kind: &'static str,
    ) -> Self {
        self.properties
            .push((property, Object::Typed(text.into(), kind)));
        self
    }
}

/// Resources in order, each once.
#[derive(Default)]
struct Graph {
    resources: Vec<Resource>,
    known: std::collections::HashSet<String>,
}

impl Graph {
    fn add(&mut self, resource: Resource) {
        if self.known.insert(resource.iri.clone()) {
            self.resources.push(resource);
        }
    }

    /// A term of a vocabulary with its name, so that readers need not fetch it.
    fn term(&mut self, iri: &str, kind: &'static str, title: &Text) {
        self.add(Resource::new(iri, kind).words("skos:prefLabel", &title.zh, &title.en));
    }
}

/// The whole catalogue.
pub(super) fn catalogue(base: &str, name: &Text, datasets: &[Dataset]) -> Vec<Resource> {
    let mut graph = Graph::default();
    let publisher = format!("{base}/#publisher");
    let mut root = Resource::new(format!("{base}/catalog"), "dcat:Catalog")
        .words(
            "dct:title",
            &format!("{}公共数据目录", name.zh),
            &format!("{} public data", name.en),
        )
        .words(
            "dct:description",
            "本区可以公开查看的公共数据目录。",
            "The region's public data that anybody may look up.",
        )
        .iri("dct:publisher", &publisher)
        .iri("foaf:homepage", format!("{base}/open"));
    graph.add(Resource::new(format!("{base}/open"), "foaf:Document"));
    graph.add(Resource::new(publisher, "foaf:Agent").words("foaf:name", &name.zh, &name.en));
    for (code, zh, en) in [("ZHO", "中文", "Chinese"), ("ENG", "英文", "English")] {
        let iri = format!("{EU}/language/{code}");
        root = root.iri("dct:language", &iri);
        graph.term(&iri, "dct:LinguisticSystem", &Text::new(zh, en));
    }
    for dataset in datasets {
        root = root.iri("dcat:dataset", dataset_iri(base, dataset));
    }
    if let Some(latest) = datasets.iter().map(|d| d.updated_at).max() {
        root = root.typed("dct:modified", latest.to_string(), "xsd:dateTime");
    }
    graph.add(root);
    for dataset in datasets {
        add_dataset(&mut graph, base, dataset);
    }
    graph.resources
}

fn dataset_iri(base: &str, d: &Dataset) -> String {
    format!("{base}/open/datasets/{}", d.code)
}

fn add_dataset(graph: &mut Graph, base: &str, d: &Dataset) {
    let p = &d.profile;
    let iri = dataset_iri(base, d);
    let publisher = format!("{base}/#{}", d.unit.id);
    graph.add(Resource::new(&publisher, "foaf:Agent").words("foaf:name", &d.unit.name, ""));
    let summary = if p.summary.is_empty() {
        &p.title
    } else {
        &p.summary
    };
    let mut out = Resource::new(&iri, "dcat:Dataset")
        .words("dct:title", &p.title, &p.title_en)
        .words("dct:description", summary, &p.summary_en)
        .typed("dct:identifier", d.id.as_str(), "xsd:string")
        .iri("dct:publisher", publisher)
        .typed("dct:modified", d.updated_at.to_string(), "xsd:dateTime");
    if let Some(at) = d.published_at {
        out = out.typed("dct:issued", at.to_string(), "xsd:dateTime");
    }
    let page = format!("{iri}#page");
    graph.add(Resource::new(&page, "foaf:Document"));
    out = out.iri("dcat:landingPage", page);
    for tag in &p.tags {
        out = out.words("dcat:keyword", tag, "");
    }
    for theme in &p.themes {
        let theme_iri = format!("{EU}/data-theme/{}", theme.eu_code());
        graph.term(&theme_iri, "skos:Concept", &theme.title());
        out = out.iri("dcat:theme", theme_iri);
    }
    let (code, title) = frequency(p.update_cycle);
    let cycle = format!("{EU}/frequency/{code}");
    graph.term(&cycle, "dct:Frequency", &title);
    out = out.iri("dct:accrualPeriodicity", cycle);
    let (code, title) = match p.opening {
        Opening::Unconditional => ("PUBLIC", Opening::Unconditional.title()),
        Opening::Conditional => ("RESTRICTED", Opening::Conditional.title()),
        Opening::None => ("NON_PUBLIC", Opening::None.title()),
    };
    let rights = format!("{EU}/access-right/{code}");
    graph.term(&rights, "dct:RightsStatement", &title);
    out = out.iri("dct:accessRights", rights);
    out = add_contact(graph, out, &iri, d);
    out = add_coverage(graph, out, &iri, d);
    if let Some(current) = &d.current {
        out = out.typed("dcat:version", current.number.to_string(), "xsd:string");
        if d.is_open() {
            for format in formats(d) {
                out = add_distribution(graph, out, base, &iri, d, format);
            }
        }
    }
    graph.add(out);
}

fn add_contact(graph: &mut Graph, mut out: Resource, iri: &str, d: &Dataset) -> Resource {
    let contact = &d.profile.contact;
    let name = if contact.name.is_empty() {
        &d.unit.name
    } else {
        &contact.name
    };
    let mut card =
        Resource::new(format!("{iri}#contact"), "vcard:Kind").typed("vcard:fn", name, "xsd:string");
    if !contact.email.is_empty() {
        card = card.iri("vcard:hasEmail", format!("mailto:{}", contact.email));
    }
    out = out.iri("dcat:contactPoint", &card.iri);
    graph.add(card);
    out
}

fn add_coverage(graph: &mut Graph, mut out: Resource, iri: &str, d: &Dataset) -> Resource {
    let p = &d.profile;
    if !p.spatial.name.is_empty() || p.spatial.bbox.is_some() {
        let mut place = Resource::new(format!("{iri}#place"), "dct:Location").words(
            "skos:prefLabel",
            &p.spatial.name,
            "",
        );
        if let Some([w, s, e, n]) = p.spatial.bbox {
            let ring = format!("POLYGON(({w} {s},{e} {s},{e} {n},{w} {n},{w} {s}))");
            place = place.typed(
                "dcat:bbox",
                ring,
                "http://www.opengis.net/ont/geosparql#wktLiteral",
            );
        }
        out = out.iri("dct:spatial", &place.iri);
        graph.add(place);
    }
    if p.covers_from.is_some() || p.covers_to.is_some() {
        let mut period = Resource::new(format!("{iri}#period"), "dct:PeriodOfTime");
        if let Some(from) = p.covers_from {
            period = period.typed("dcat:startDate", from.to_string(), "xsd:date");
        }
        if let Some(to) = p.covers_to {
            period = period.typed("dcat:endDate", to.to_string(), "xsd:date");
        }
        out = out.iri("dct:temporal", &period.iri);
        graph.add(period);
    }
    out
}

/// A file format: its ending, its media type at IANA, the EU's code.
type FileFormat = (&'static str, &'static str, &'static str);

fn formats(d: &Dataset) -> Vec<FileFormat> {
    let mut formats = vec![
        ("csv", "text/csv", "CSV"),
        ("json", "application/json", "JSON"),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "XLSX",
        ),
    ];
    if fields::places(&d.profile.fields).is_some() {
        formats.push(("geojson", "application/geo+json", "GEOJSON"));
    }
    formats
}

fn add_distribution(
    graph: &mut Graph,
    out: Resource,
    base: &str,
    iri: &str,
    d: &Dataset,
    (ending, media, code): FileFormat,
) -> Resource {
    let url = format!("{base}/api/v1/datasets/{}/export/{ending}", d.code);
    let upper = ending.to_uppercase();
    let file_type = format!("{EU}/file-type/{code}");
    let media = format!("https://www.iana.org/assignments/media-types/{media}");
    let same = Text::of(upper.clone(), upper);
    graph.term(&file_type, "dct:MediaTypeOrExtent", &same);
    graph.term(&media, "dct:MediaType", &same);
    graph.add(Resource::new(&url, "rdfs:Resource"));
    let licence = match d.profile.licence.uri() {
        Some(uri) => uri.to_owned(),
        None => format!("{iri}#licence"),
    };
    graph.term(&licence, "dct:LicenseDocument", &d.profile.licence.title());
    let mut distribution = Resource::new(format!("{iri}#{ending}"), "dcat:Distribution")
        .words(
            "dct:title",
            &format!("{}（{}）", d.profile.title, ending.to_uppercase()),
            "",
        )
        .iri("dcat:accessURL", &url)
        .iri("dcat:downloadURL", &url)
        .iri("dct:format", file_type)
        .iri("dcat:mediaType", media)
        .iri("dct:license", licence);
    if d.profile.licence == Licence::Stated && !d.profile.opening_terms.is_empty() {
        distribution = distribution.words("dct:description", &d.profile.opening_terms, "");
    }
    if let Some(current) = &d.current {
        distribution = distribution.typed(
            "dct:modified",
            current.published_at.to_string(),
            "xsd:dateTime",
        );
    }
    let out = out.iri("dcat:distribution", &distribution.iri);
    graph.add(distribution);
    out
}

fn frequency(cycle: UpdateCycle) -> (&'static str, Text) {
    let code = match cycle {
        UpdateCycle::Realtime => "UPDATE_CONT",
        UpdateCycle::Daily => "DAILY",
        UpdateCycle::Weekly => "WEEKLY",
        UpdateCycle::Monthly => "MONTHLY",
        UpdateCycle::Quarterly => "QUARTERLY",
        UpdateCycle::HalfYearly => "ANNUAL_2",
        UpdateCycle::Yearly => "ANNUAL",
        UpdateCycle::Irregular => "IRREG",
    };
    (code, cycle.title())
}
