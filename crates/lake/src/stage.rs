//! Writing: batches become Parquet files on the store, in bounded memory. What is staged belongs
//! to nobody until [`crate::tables::publish`]; what never gets there is collected.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{Stream, StreamExt as _};
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::AsyncArrowWriter;
use parquet::arrow::async_writer::AsyncFileWriter;
use parquet::basic::{Compression, Encoding};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::prelude::*;
use tokio::io::AsyncWriteExt as _;

use crate::failure::of_store;
use crate::tables::{ROW_ID, StoredFile, store::schema_bytes};

/// Where the lake's objects lie in the store.
pub(crate) const FOLDER: &str = "lake";
/// Rows of a row group: small enough that a filter skips most of a table and two cores share a
/// small one, large enough that a scan is not all headers.
const ROW_GROUP_ROWS: usize = 131_072;
/// Rows of a file; then the next one begins.
const FILE_ROWS_MAX: usize = 16_777_216;
/// Bytes a row group may hold in memory before it is written early.
const ROW_GROUP_BYTES_MAX: usize = 64 << 20;
/// Columns of a table.
pub const COLUMNS_MAX: usize = 2_000;
/// Bytes of a field's name.
pub const NAME_BYTES_MAX: usize = 256;

/// How to write.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Rows at most; more are refused.
    pub rows_max: u64,
    /// Bytes at most; more are refused.
    pub bytes_max: u64,
    /// One file whatever its size.
    pub one_file: bool,
    /// Number the rows ([`ROW_ID`]); files for outside are not numbered.
    pub numbered: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rows_max: 4_000_000_000,
            bytes_max: 1 << 40,
            one_file: false,
            numbered: true,
        }
    }
}

/// Files that are durable and belong to no version yet.
#[derive(Clone, Debug)]
pub struct Staged {
    /// Over schema and files.
    pub sha256: String,
    /// Schema of the files.
    pub schema: SchemaRef,
    /// Rows of all files.
    pub row_count: i64,
    /// Bytes of all files.
    pub size_bytes: i64,
    /// The files.
    pub files: Vec<StoredFile>,
}

/// Streams batches into files.
///
/// # Errors
/// 422 when the schema cannot be kept, 413 above the limits, whatever the stream says, and 500
/// when the store fails. Then nothing is left but what the collector takes.
pub async fn stage(
    app: &App,
    schema: SchemaRef,
    batches: impl Stream<Item = Result<RecordBatch>> + Send,
    options: Options,
) -> Result<Staged> {
    check(&schema, options.numbered)?;
    let schema = if options.numbered {
        numbered(&schema)
    } else {
        schema
    };
    let mut stage = Stage {
        app,
        schema,
        options,
        open: None,
        files: Vec::new(),
        rows: 0,
        bytes: 0,
    };
    let mut batches = std::pin::pin!(batches);
    while let Some(batch) = batches.next().await {
        stage.take(batch?).await?;
    }
    stage.finish().await
}

/// What cannot be kept is said by name.
fn check(schema: &Schema, numbered: bool) -> Result<()> {
    let columns = schema.fields().len();
    if columns > COLUMNS_MAX {
        let words = text!(
            "表有 {columns} 列，超过上限 {COLUMNS_MAX} 列。",
            "The table has {columns} columns; at most {COLUMNS_MAX} are kept."
        );
        return Err(Error::too_large("table_too_wide", words));
    }
    if columns == 0 {
        let words = Text::new("表没有任何列。", "The table has no columns.");
        return Err(Error::invalid("table_empty", "fields", words));
    }
    let mut seen = std::collections::HashSet::new();
    for field in schema.fields() {
        let name = field.name();
        let words = if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains('\0') {
            text!(
                "字段名应为 1 到 {NAME_BYTES_MAX} 字节。",
                "A field's name has 1 to {NAME_BYTES_MAX} bytes."
            )
        } else if numbered && name == ROW_ID {
            text!(
                "字段名 {ROW_ID} 由系统使用。",
                "The name {ROW_ID} is the node's own."
            )
        } else if !seen.insert(name.as_str()) {
            text!("字段名 {name} 重复。", "The name {name} occurs twice.")
        } else {
            continue;
        };
        return Err(Error::invalid("field_name_wrong", name.clone(), words));
    }
    Ok(())
}

fn numbered(schema: &Schema) -> SchemaRef {
    let id = Arc::new(Field::new(ROW_ID, DataType::Int64, false));
    let fields = std::iter::once(id).chain(schema.fields().iter().cloned());
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

struct Stage<'a> {
    app: &'a App,
    schema: SchemaRef,
    options: Options,
    open: Option<Open>,
    files: Vec<StoredFile>,
    rows: u64,
    bytes: u64,
}

struct Open {
    writer: AsyncArrowWriter<Sink>,
    rows: usize,
    incoming: Path,
}

impl Stage<'_> {
    async fn take(&mut self, batch: RecordBatch) -> Result<()> {
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        if self.options.numbered {
            let first = i64::try_from(self.rows).map_err(of_store)?;
            let ids = (1..=batch.num_rows() as i64).map(|n| first + n);
            columns.insert(0, Arc::new(Int64Array::from_iter_values(ids)));
        }
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(of_store)?;
        self.rows += batch.num_rows() as u64;
        if self.rows > self.options.rows_max {
            let most = self.options.rows_max;
            let words = text!("超过上限 {most} 行。", "More than {most} rows.");
            return Err(Error::too_large("too_many_rows", words));
        }
        let mut from = 0;
        while from < batch.num_rows() {
            if self.open.is_none() {
                self.open = Some(self.begin()?);
            }
            let Some(open) = self.open.as_mut() else {
                return Err(of_store("no file is open"));
            };
            let room = if self.options.one_file {
                usize::MAX
            } else {
                FILE_ROWS_MAX - open.rows
            };
            let n = (batch.num_rows() - from).min(room);
            let part = batch.slice(from, n);
            open.writer.write(&part).await.map_err(of_store)?;
            if open.writer.in_progress_size() > ROW_GROUP_BYTES_MAX {
                open.writer.flush().await.map_err(of_store)?;
            }
            open.rows += n;
            from += n;
            let written = self.bytes + open.writer.bytes_written() as u64;
            if written > self.options.bytes_max {
                let most = self.options.bytes_max >> 20;
                let words = text!("超过上限 {most} MiB。", "More than {most} MiB.");
                return Err(Error::too_large("too_many_bytes", words));
            }
            if open.rows >= FILE_ROWS_MAX && !self.options.one_file {
                self.close().await?;
            }
        }
        Ok(())
    }

    fn begin(&self) -> Result<Open> {
        let name = hex::encode(self.app.random::<16>());
        let incoming = Path::from(format!("incoming/{FOLDER}-{name}"));
        let sink = Sink {
            writer: Some(BufWriter::new(self.app.files().store(), incoming.clone())),
            hash: Sha256::new(),
            size: 0,
        };
        let writer = AsyncArrowWriter::try_new(sink, self.schema.clone(), Some(properties()));
        Ok(Open {
            writer: writer.map_err(of_store)?,
            rows: 0,
            incoming,
        })
    }

    async fn close(&mut self) -> Result<()> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        open.writer.finish().await.map_err(of_store)?;
        let sink = open.writer.into_inner();
        let sha256 = hex::encode(sink.hash.finalize());
        // A key of its own for every file: collecting one can never race with another.
        let key = format!(
            "{FOLDER}/{}/{sha256}-{}.parquet",
            &sha256[..2],
            hex::encode(self.app.random::<8>())
        );
        let store = self.app.files().store();
        store
            .rename_opts(
                &open.incoming,
                &Path::from(key.as_str()),
                object_store::RenameOptions::default(),
            )
            .await
            .map_err(of_store)?;
        self.bytes += sink.size;
        self.files.push(StoredFile {
            object_key: key,
            sha256,
            row_count: i64::try_from(open.rows).map_err(of_store)?,
            size_bytes: i64::try_from(sink.size).map_err(of_store)?,
        });
        Ok(())
    }

    async fn finish(mut self) -> Result<Staged> {
        if self.files.is_empty() && self.open.is_none() {
            // An empty table is a table: a file without rows tells its schema.
            self.open = Some(self.begin()?);
        }
        self.close().await?;
        let mut hash = Sha256::new();
        hash.update(schema_bytes(&self.schema)?);
        for file in &self.files {
            hash.update(&file.sha256);
        }
        Ok(Staged {
            sha256: hex::encode(hash.finalize()),
            schema: self.schema,
            row_count: i64::try_from(self.rows).map_err(of_store)?,
            size_bytes: i64::try_from(self.bytes).map_err(of_store)?,
            files: self.files,
        })
    }
}

/// LZ4 decodes several times faster than it can be read from most disks; row numbers are deltas.
fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::LZ4_RAW)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by(concat!("tianyuan ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_column_encoding(ColumnPath::from(ROW_ID), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(ColumnPath::from(ROW_ID), false)
        .build()
}

/// Hashes what it passes on.
struct Sink {
    writer: Option<BufWriter>,
    hash: Sha256,
    size: u64,
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileWriter for Sink {
    fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, ParquetResult<()>> {
        Box::pin(async move {
            self.hash.update(&bytes);
            self.size += bytes.len() as u64;
            match &mut self.writer {
                Some(writer) => writer.put(bytes).await.map_err(broken),
                None => Ok(()),
            }
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, ParquetResult<()>> {
        Box::pin(async move {
            match &mut self.writer {
                Some(writer) => writer.shutdown().await.map_err(broken),
                None => Ok(()),
            }
        })
    }
}
