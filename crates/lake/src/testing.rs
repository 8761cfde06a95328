//! A small register of people, of our own making, for the tests of this crate.

use std::sync::Arc;

use arrow::array::{Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use futures::stream;
use tianyuan_kernel::Room;
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::release::{Grade, Treatment};
use tianyuan_kernel::testkit::Node;

use crate::tables::{self, Field, Sharing, Table, Version, store};
use crate::{Options, stage};

pub(crate) fn rooms() -> Vec<Room> {
    vec![crate::room()]
}

/// Values that must not leave by any exit for who may not see them.
pub(crate) const SECRETS: [&str; 6] = [
    "310118199001011234",
    "13800001111",
    "13900002222",
    "310118198505055678",
    "慢性病示例甲",
    "慢性病示例乙",
];

fn field(name: &str, grade: u8, otherwise: Option<Treatment>) -> Field {
    Field {
        name: name.to_owned(),
        comment: format!("{name}（示例）"),
        grade: Grade::new(grade).unwrap(),
        otherwise,
    }
}

/// The register: towns and ages open, mobiles masked, identity numbers digested, diagnoses
/// never shown.
pub(crate) fn register(name: &str) -> Table {
    let mask = Treatment::Mask {
        keep_first: 3,
        keep_last: 2,
    };
    Table {
        id: format!("dataset_{name}"),
        name: name.to_owned(),
        comment: "登记表（示例）".to_owned(),
        units: vec!["unit_health".to_owned()],
        owner: None,
        public: true,
        sharing: Sharing::Unconditional,
        unit_field: None,
        fields: vec![
            field("town", 1, None),
            field("age", 3, Some(Treatment::Band { width: 10 })),
            field("mobile", 3, Some(mask)),
            field("identity", 4, Some(Treatment::Digest)),
            field("born", 3, Some(Treatment::Year)),
            field("diagnosis", 4, None),
            field("lon", 1, None),
        ],
        current: None,
    }
}

pub(crate) fn people() -> RecordBatch {
    let schema = Schema::new(vec![
        ArrowField::new("town", DataType::Utf8, true),
        ArrowField::new("age", DataType::Int64, true),
        ArrowField::new("mobile", DataType::Utf8, true),
        ArrowField::new("identity", DataType::Utf8, true),
        ArrowField::new("born", DataType::Date32, true),
        ArrowField::new("diagnosis", DataType::Utf8, true),
        ArrowField::new("lon", DataType::Float64, true),
    ]);
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(StringArray::from(vec![
                Some("重固镇"),
                Some("白鹤镇"),
                Some("重固镇"),
            ])),
            Arc::new(Int64Array::from(vec![Some(37), Some(41), None])),
            Arc::new(StringArray::from(vec![
                Some("13800001111"),
                Some("13900002222"),
                None,
            ])),
            Arc::new(StringArray::from(vec![
                Some("310118199001011234"),
                Some("310118198505055678"),
                Some("310118199001011234"),
            ])),
            Arc::new(Date32Array::from(vec![Some(7_305), Some(5_603), None])),
            Arc::new(StringArray::from(vec![
                Some("慢性病示例甲"),
                Some("慢性病示例乙"),
                None,
            ])),
            Arc::new(Float64Array::from(vec![
                Some(121.1),
                Some(121.2),
                Some(121.3),
            ])),
        ],
    )
    .unwrap()
}

/// Publishes batches as the table's next version.
pub(crate) async fn publish(node: &Node, table: &Table, batches: Vec<RecordBatch>) -> Version {
    let schema = batches[0].schema();
    let batches = stream::iter(batches.into_iter().map(Ok));
    let staged = stage(&node.app, schema, batches, Options::default())
        .await
        .unwrap();
    let mut tx = Tx::begin(&node.app, None).await.unwrap();
    store::put(&mut tx, table).await.unwrap();
    let version = tables::publish(&mut tx, &table.id, staged).await.unwrap();
    tx.commit().await.unwrap();
    version
}
