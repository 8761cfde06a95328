//! A dataset as the lake and its gate know it. Written in the same transaction as the entry, so
//! that what is withdrawn or graded higher is so at every exit at once.

use tianyuan_kernel::prelude::*;
use tianyuan_kernel::release::Grade;
use tianyuan_lake::tables::store;
use tianyuan_lake::{Field, Sharing as LakeSharing, Table};

use super::Dataset;
use crate::words::{DatasetState, Sharing};

/// Writes the dataset's table.
pub(crate) async fn put(tx: &mut Tx, dataset: &Dataset) -> Result<()> {
    store::put(tx, &of(dataset)).await
}

/// The dataset's table, as it is or as it would be.
pub(crate) fn of(d: &Dataset) -> Table {
    let published = d.state == DatasetState::Published;
    let sharing = match d.profile.sharing {
        Sharing::Unconditional if published => LakeSharing::Unconditional,
        Sharing::Conditional if published => LakeSharing::Conditional,
        _ => LakeSharing::None,
    };
    let field = |field: &super::Field| Field {
        name: field.name.clone(),
        comment: field.title.clone(),
        // What is not graded counts as the strictest.
        grade: u8::try_from(field.grade)
            .ok()
            .and_then(Grade::new)
            .unwrap_or(Grade::CORE),
        otherwise: field.otherwise.clone(),
    };
    Table {
        id: d.id.to_string(),
        name: d.code.clone(),
        comment: d.profile.title.clone(),
        units: vec![d.unit.id.to_string()],
        owner: None,
        public: d.is_open(),
        sharing,
        unit_field: None,
        fields: d.profile.fields.iter().map(field).collect(),
        current: None,
    }
}
