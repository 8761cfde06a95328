//! Puts the rooms together.

use std::collections::BTreeMap;
use std::sync::Arc;

use tianyuan_kernel::app::Builder;
use tianyuan_kernel::authority::Authorize;
use tianyuan_kernel::config::Config;
use tianyuan_kernel::{App, Result, Room};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Schema};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder};
use utoipa::openapi::security::{SecurityRequirement, SecurityScheme};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, RefOr};
use utoipa::{PartialSchema as _, ToSchema as _};

/// The application with all its rooms, not yet opened.
///
/// # Errors
/// When a policy file does not fit.
pub fn builder(config: Config) -> Result<Builder> {
    let (rooms, authority) = rooms(&config)?;
    Ok(App::builder(config).rooms(rooms).authority(authority))
}

/// All rooms, and who answers the `Authorize` question.
///
/// # Errors
/// When a policy file does not fit.
pub fn rooms(config: &Config) -> Result<(Vec<Room>, Arc<dyn Authorize>)> {
    let (shield, authority) = tianyuan_shield::room(config)?;
    Ok((
        vec![
            shield,
            tianyuan_plan::room(),
            tianyuan_lake::room(),
            tianyuan_chain::room(),
            node_room(),
        ],
        authority,
    ))
}

/// What the rooms find in a configuration that is well-formed and yet cannot work, one line each.
#[must_use]
pub fn problems(config: &Config) -> Vec<String> {
    let mut problems = tianyuan_shield::problems(config);
    problems.extend(tianyuan_chain::problems(config));
    problems
}

fn node_room() -> Room {
    Room::new("node").routes(crate::web::routes())
}

/// What is common to all operations of the document.
pub fn complete(document: &mut OpenApi) {
    document.info = InfoBuilder::new()
        .title("天元 Tianyuan")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A region's digital trunk line (数字干线). Lists answer {items, next_cursor}; errors \
             are problem JSON (RFC 9457) in the language of Accept-Language (zh, en).",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").build()))
        .build();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of a session (ts_…) or an API token (tt_…)"))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new("tianyuan_session"));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    let problem = tianyuan_kernel::error::Problem::schema();
    components.schemas.insert("Problem".to_owned(), problem);
    let mut schemas = Vec::new();
    tianyuan_kernel::error::Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    open_flattened(&mut components.schemas);
    let none = Vec::<String>::new;
    document.security = Some(vec![
        SecurityRequirement::new("bearer", none()),
        SecurityRequirement::new("cookie", none()),
    ]);
}

/// A schema that refuses other members cannot be a part of `allOf`: the other parts' members are
/// others to it. Where a type is flattened into a larger one, its members stand open.
fn open_flattened(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let closed: BTreeMap<String, Schema> = schemas
        .iter()
        .filter_map(|(name, schema)| {
            let RefOr::T(Schema::Object(object)) = schema else {
                return None;
            };
            let refuses = matches!(
                object.additional_properties.as_deref(),
                Some(AdditionalProperties::FreeForm(false))
            );
            let mut object = object.clone();
            object.additional_properties = None;
            let place = format!("#/components/schemas/{name}");
            refuses.then_some((place, Schema::Object(object)))
        })
        .collect();
    for schema in schemas.values_mut() {
        open_parts(schema, &closed);
    }
}

fn open_parts(schema: &mut RefOr<Schema>, closed: &BTreeMap<String, Schema>) {
    let RefOr::T(schema) = schema else {
        return;
    };
    match schema {
        Schema::AllOf(whole) => {
            for part in &mut whole.items {
                if let RefOr::Ref(to) = part
                    && let Some(open) = closed.get(&to.ref_location)
                {
                    *part = RefOr::T(open.clone());
                }
                open_parts(part, closed);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(|s| open_parts(s, closed)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|s| open_parts(s, closed)),
        Schema::Object(object) => object
            .properties
            .values_mut()
            .for_each(|s| open_parts(s, closed)),
        Schema::Array(list) => {
            if let ArrayItems::RefOrSchema(items) = &mut list.items {
                open_parts(items, closed);
            }
        }
        _ => {}
    }
}

/// The document of an application's routes, without opening a database.
///
/// # Errors
/// When a policy file does not fit.
pub fn document() -> Result<OpenApi> {
    let routes = tianyuan_kernel::app::routes_of(builder(Config::default())?);
    let (_, mut document, _) = routes.into_parts();
    complete(&mut document);
    Ok(document)
}
