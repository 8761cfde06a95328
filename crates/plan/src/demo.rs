//! The sample district's edition, carried in the binary.

mod followup;

use tianyuan_kernel::App;
use tianyuan_kernel::error::Result;
use tianyuan_kernel::http::tx::Tx;

use crate::bundle::read::{Read, toml_files};
use crate::plans::import::{apply, prepare, refused};
use crate::plans::{Plan, store};

macro_rules! demo_files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../demo/plan-2024-2025/", $name)))),+]
    };
}

/// The files of the sample edition, by name.
pub const FILES: &[(&str, &str)] = demo_files![
    "plan.toml",
    "units.toml",
    "layers.toml",
    "programmes.toml",
    "measures.toml",
    "goals.toml",
    "indicators.toml",
    "pattern.toml",
];

/// The sample edition as a bundle.
///
/// # Errors
/// What is wrong with the files; the tests see that nothing is.
pub fn bundle() -> Read {
    toml_files(FILES)
}

/// Loads the sample edition into a node that has no edition yet; answers `None` when it has one.
///
/// # Errors
/// When the database refuses.
pub async fn load(app: &App) -> Result<Option<Plan>> {
    let mut tx = Tx::begin(app, None).await?;
    if !store::list(&mut tx, true, &Default::default())
        .await?
        .is_empty()
    {
        return Ok(None);
    }
    let prepared = prepare(&mut tx, bundle())
        .await?
        .map_err(|f| refused(&f, false))?;
    let plan = apply(app, &mut tx, &prepared, None).await?;
    followup::load(app, &mut tx, &plan).await?;
    crate::participation::demo::load(&mut tx, &plan).await?;
    crate::composite::demo::load(app, &mut tx, &plan).await?;
    crate::goals::demo::load(app, &mut tx, &plan).await?;
    tx.commit().await?;
    Ok(Some(plan))
}
