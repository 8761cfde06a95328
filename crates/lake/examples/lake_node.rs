//! A node of the lake alone with a table of made-up readings, for trying drivers. Everybody is who they say (`x-test-role`), so it listens on loopback only.
//!
//! `lake_node DATA ROWS HTTP_PORT FLIGHT_PORT`

use std::net::SocketAddr;
use std::sync::Arc;

use futures::stream;
use tianyuan_kernel::App;
use tianyuan_kernel::config::Config;
use tianyuan_kernel::http::Tx;
use tianyuan_kernel::release::{Grade, Treatment};
use tianyuan_kernel::testkit::Roles;
use tianyuan_lake::arrow::array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use tianyuan_lake::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use tianyuan_lake::tables::{self, store};
use tianyuan_lake::{Field, Options, Sharing, Table, stage};

const TOWNS: [&str; 11] = [
    "夏阳街道",
    "盈浦街道",
    "香花桥街道",
    "朱家角镇",
    "赵巷镇",
    "徐泾镇",
    "华新镇",
    "重固镇",
    "白鹤镇",
    "练塘镇",
    "金泽镇",
];
const BATCH: u64 = 65_536;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        ArrowField::new("town", DataType::Utf8, true),
        ArrowField::new("device", DataType::Utf8, true),
        ArrowField::new("day", DataType::Date32, true),
        ArrowField::new("hour", DataType::Int64, true),
        ArrowField::new("pm25", DataType::Float64, true),
        ArrowField::new("visits", DataType::Int64, true),
        ArrowField::new("mobile", DataType::Utf8, true),
    ]))
}

/// Numbers that look random and are the same each time (SplitMix64).
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn batch(from: u64, rows: u64) -> RecordBatch {
    let at = |salt: u64| (from..from + rows).map(move |n| mix(n ^ (salt << 48)));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(
            at(1).map(|r| TOWNS[(r % 11) as usize]),
        )),
        Arc::new(StringArray::from_iter_values(
            at(2).map(|r| format!("示例设备-{:05}", r % 10_000)),
        )),
        Arc::new(Date32Array::from_iter_values(
            (from..from + rows).map(|n| 18_262 + (n / 6_000) as i32),
        )),
        Arc::new(Int64Array::from_iter_values(
            (from..from + rows).map(|n| (n % 24) as i64),
        )),
        Arc::new(Float64Array::from_iter(
            at(3).map(|r| (r % 50 != 0).then_some((r % 5_000) as f64 / 10.0)),
        )),
        Arc::new(Int64Array::from_iter_values(
            at(4).map(|r| (r % 1_000_000) as i64),
        )),
        Arc::new(StringArray::from_iter_values(
            at(5).map(|r| format!("138{:08}", r % 100_000_000)),
        )),
    ];
    RecordBatch::try_new(schema(), columns).expect("columns fit their schema")
}

fn table() -> Table {
    let mask = Treatment::Mask {
        keep_first: 3,
        keep_last: 4,
    };
    let field = |name: &str| Field {
        name: name.to_owned(),
        comment: "示例".to_owned(),
        grade: if name == "mobile" {
            Grade::CORE
        } else {
            Grade::OPEN
        },
        otherwise: (name == "mobile").then(|| mask.clone()),
    };
    Table {
        id: "dataset_readings".to_owned(),
        name: "readings".to_owned(),
        comment: "读数（示例）".to_owned(),
        units: Vec::new(),
        owner: None,
        public: true,
        sharing: Sharing::Unconditional,
        unit_field: None,
        fields: schema().fields().iter().map(|f| field(f.name())).collect(),
        current: None,
    }
}

#[tokio::main]
async fn main() -> tianyuan_kernel::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, rows, http, flight] = arguments.as_slice() else {
        panic!("lake_node DATA ROWS HTTP_PORT FLIGHT_PORT");
    };
    let port = |text: &str| SocketAddr::from(([127, 0, 0, 1], text.parse().expect("a port")));
    let rows: u64 = rows.parse().expect("a number of rows");
    let mut config = Config::default();
    config.node.data = data.into();
    config.server.flight_listen = Some(port(flight));
    config.lake.queries_max_caller = 64;
    config.lake.query_memory_bytes_max = 2 << 30;
    let (app, routes) = App::builder(config)
        .rooms(vec![tianyuan_lake::room()])
        .authority(Arc::new(Roles))
        .release(Arc::new(Roles))
        .build()
        .await?;
    if store::by_name(&mut app.db().read().await?, "readings")
        .await?
        .is_none()
    {
        let batches = (0..rows.div_ceil(BATCH))
            .map(move |n| Ok(batch(n * BATCH, BATCH.min(rows - n * BATCH))));
        let staged = stage(&app, schema(), stream::iter(batches), Options::default()).await?;
        let mut tx = Tx::begin(&app, None).await?;
        store::put(&mut tx, &table()).await?;
        tables::publish(&mut tx, "dataset_readings", staged).await?;
        tx.commit().await?;
    }
    let _flight = tianyuan_lake::flight::start(&app).await?;
    let (router, _, _) = tianyuan_kernel::app::serve(&app, routes, |router, _| router);
    let listener = tokio::net::TcpListener::bind(port(http)).await?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await?;
    Ok(())
}
