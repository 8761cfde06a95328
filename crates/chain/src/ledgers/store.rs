//! SQL of the ledgers.

use std::sync::LazyLock;

use tianyuan_kernel::args;
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::db::{Args, Row, Sql};
use tianyuan_kernel::journal::{Fact, Log};
use tianyuan_kernel::{Error, Result};
use tianyuan_ledger::{Hash, TreeHead};

/// A ledger as the records know it.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    pub(super) log: Log,
    pub(super) origin: String,
    pub(super) generation: i64,
    /// Its verifier keys, one a line, the Ed25519 key first.
    pub(super) verifiers: String,
    pub(super) sequenced: u64,
    pub(super) tree: TreeHead,
    pub(super) integrated_at: Option<Micros>,
    pub(super) checkpoint: Option<String>,
    pub(super) checkpoint_size: u64,
}

fn unsigned(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(Error::internal)
}

fn signed(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(Error::internal)
}

fn hash(bytes: Vec<u8>) -> Result<Hash> {
    let bytes = <[u8; 32]>::try_from(bytes);
    bytes
        .map(Hash)
        .map_err(|_| Error::internal("a stored root is not 32 bytes"))
}

fn ledger(row: &Row) -> Result<Ledger> {
    let name = row.text("name")?;
    let log = Log::ALL.into_iter().find(|log| log.name() == name);
    Ok(Ledger {
        log: log.ok_or_else(|| Error::internal(format!("there is no ledger {name}")))?,
        origin: row.text("origin")?,
        generation: row.int("generation")?,
        verifiers: row.text("verifiers")?,
        sequenced: unsigned(row.int("sequenced")?)?,
        tree: TreeHead {
            size: unsigned(row.int("tree_size")?)?,
            root: hash(row.bytes("tree_root")?)?,
        },
        integrated_at: row.time_opt("integrated_at")?,
        checkpoint: row.text_opt("checkpoint")?,
        checkpoint_size: unsigned(row.int("checkpoint_size")?)?,
    })
}

/// The present generation of a ledger.
pub(super) async fn current(sql: &mut dyn Sql, log: Log) -> Result<Option<Ledger>> {
    let statement = "SELECT origin, name, generation, verifiers, sequenced, tree_size, tree_root, \
         integrated_at, checkpoint, checkpoint_size FROM ledgers WHERE name = $1 \
         ORDER BY generation DESC LIMIT 1";
    let row = sql.optional(statement, args![log.name()]).await?;
    row.as_ref().map(ledger).transpose()
}

/// A ledger by its origin.
pub(super) async fn by_origin(sql: &mut dyn Sql, origin: &str) -> Result<Ledger> {
    let statement = "SELECT origin, name, generation, verifiers, sequenced, tree_size, tree_root, \
         integrated_at, checkpoint, checkpoint_size FROM ledgers WHERE origin = $1";
    ledger(&sql.one(statement, args![origin]).await?)
}

/// Begins a ledger, unless another node just did.
pub(super) async fn begin(
    sql: &mut dyn Sql,
    log: Log,
    generation: i64,
    origin: &str,
    verifiers: &str,
) -> Result<()> {
    let statement = "INSERT INTO ledgers (origin, name, generation, verifiers, sequenced, \
         tree_size, tree_root, checkpoint_size) VALUES ($1, $2, $3, $4, 0, 0, $5, 0) \
         ON CONFLICT DO NOTHING";
    let root = TreeHead::empty().root.0;
    let args = args![origin, log.name(), generation, verifiers, root];
    sql.execute(statement, args).await.map(|_| ())
}

/// Keeps a ledger's verifier keys.
pub(super) async fn set_verifiers(sql: &mut dyn Sql, origin: &str, keys: &str) -> Result<()> {
    let statement = "UPDATE ledgers SET verifiers = $2 WHERE origin = $1";
    sql.execute(statement, args![origin, keys])
        .await
        .map(|_| ())
}

/// Copies every leaf of a ledger into its successor, one place further on.
pub(super) async fn copy_leaves(sql: &mut dyn Sql, old: &str, new: &str) -> Result<u64> {
    let statement = "INSERT INTO ledger_leaves (origin, idx, fact_id, leaf) \
         SELECT CAST($2 AS TEXT), idx + 1, fact_id, leaf FROM ledger_leaves WHERE origin = $1";
    sql.execute(statement, args![old, new]).await
}

/// Claims the indices from `expected` on; false when somebody else was quicker.
pub(super) async fn claim(
    sql: &mut dyn Sql,
    origin: &str,
    expected: u64,
    count: u64,
) -> Result<bool> {
    let statement = "UPDATE ledgers SET sequenced = $3 WHERE origin = $1 AND sequenced = $2";
    let args = args![origin, signed(expected)?, signed(expected + count)?];
    Ok(sql.execute(statement, args).await? == 1)
}

/// Writes a leaf whose index was claimed.
pub(super) async fn insert_leaf(
    sql: &mut dyn Sql,
    origin: &str,
    index: u64,
    fact: Option<&str>,
    leaf: &[u8],
) -> Result<()> {
    let statement = "INSERT INTO ledger_leaves (origin, idx, fact_id, leaf) \
                     VALUES ($1, $2, $3, $4)";
    let args = args![origin, signed(index)?, fact, leaf];
    sql.execute(statement, args).await.map(|_| ())
}

/// Leaves of one statement of [`insert_leaves`].
const LEAVES: usize = 50;
static INSERT_LEAVES: LazyLock<String> = LazyLock::new(|| {
    let one = |n: usize| {
        let n = n * 4;
        format!("(${}, ${}, ${}, ${})", n + 1, n + 2, n + 3, n + 4)
    };
    let all: Vec<String> = (0..LEAVES).map(one).collect();
    let all = all.join(", ");
    format!("INSERT INTO ledger_leaves (origin, idx, fact_id, leaf) VALUES {all}")
});

/// Writes leaves of facts whose indices, from `first` on, were claimed; a statement for each
/// fifty, then one for each.
pub(super) async fn insert_leaves(
    sql: &mut dyn Sql,
    origin: &str,
    first: u64,
    leaves: &[(&Fact, Vec<u8>)],
) -> Result<()> {
    let indexed: Vec<_> = (first..).zip(leaves).collect();
    let (fifties, rest) = indexed.as_chunks::<LEAVES>();
    for fifty in fifties {
        let mut args = Args::new();
        for (index, (fact, leaf)) in fifty {
            args.push(origin);
            args.push(signed(*index)?);
            args.push(fact.id.as_str());
            args.push(leaf.clone());
        }
        sql.execute(INSERT_LEAVES.as_str(), args).await?;
    }
    for (index, (fact, leaf)) in rest {
        insert_leaf(sql, origin, *index, Some(fact.id.as_str()), leaf).await?;
    }
    Ok(())
}

/// Leaves of a range of indices, in order.
pub(super) async fn leaves(
    sql: &mut dyn Sql,
    origin: &str,
    from: u64,
    to: u64,
) -> Result<Vec<Vec<u8>>> {
    let statement = "SELECT leaf FROM ledger_leaves WHERE origin = $1 AND idx >= $2 AND idx < $3 \
                     ORDER BY idx";
    let args = args![origin, signed(from)?, signed(to)?];
    let rows = sql.all(statement, args).await?;
    rows.iter().map(|row| row.bytes("leaf")).collect()
}

/// Where a fact's leaf stands in a ledger, and the leaf.
pub(super) async fn find_leaf(
    sql: &mut dyn Sql,
    origin: &str,
    fact: &str,
) -> Result<Option<(u64, Vec<u8>)>> {
    let statement = "SELECT idx, leaf FROM ledger_leaves WHERE fact_id = $1 AND origin = $2";
    let row = sql.optional(statement, args![fact, origin]).await?;
    row.map(|row| Ok((unsigned(row.int("idx")?)?, row.bytes("leaf")?)))
        .transpose()
}

/// Replaces the root; false when it is no longer `from`.
pub(super) async fn advance(
    sql: &mut dyn Sql,
    origin: &str,
    from: &TreeHead,
    to: &TreeHead,
) -> Result<bool> {
    let statement = "UPDATE ledgers SET tree_size = $4, tree_root = $5 \
                     WHERE origin = $1 AND tree_size = $2 AND tree_root = $3";
    let (old, new) = (signed(from.size)?, signed(to.size)?);
    let args = args![origin, old, from.root.0, new, to.root.0];
    Ok(sql.execute(statement, args).await? == 1)
}

/// Says when the tree last grew.
pub(super) async fn touch(sql: &mut dyn Sql, origin: &str, now: Micros) -> Result<()> {
    let statement = "UPDATE ledgers SET integrated_at = $2 WHERE origin = $1";
    sql.execute(statement, args![origin, now]).await.map(|_| ())
}

/// Keeps a signed checkpoint, unless one of a larger tree is kept already.
pub(super) async fn publish(sql: &mut dyn Sql, origin: &str, size: u64, note: &str) -> Result<()> {
    let statement = "UPDATE ledgers SET checkpoint = $3, checkpoint_size = $2 \
                     WHERE origin = $1 AND checkpoint_size <= $2";
    let args = args![origin, signed(size)?, note];
    sql.execute(statement, args).await.map(|_| ())
}

/// True when a fact waits for its leaf, a leaf for its tile, or a tree for its checkpoint.
pub(super) async fn anything_waits(sql: &mut dyn Sql, cursor: &str) -> Result<bool> {
    let statement = "SELECT \
         (SELECT COUNT(*) FROM journal_head WHERE seq > \
            COALESCE((SELECT seq FROM journal_cursors WHERE name = $1), 0)) \
       + (SELECT COUNT(*) FROM ledgers WHERE sequenced > tree_size \
            OR tree_size > checkpoint_size OR checkpoint IS NULL) AS n";
    Ok(sql.one(statement, args![cursor]).await?.int("n")? > 0)
}

/// A setting of the node; `fresh` at the first call.
pub(super) async fn setting(sql: &mut dyn Sql, name: &str, fresh: String) -> Result<String> {
    let insert = "INSERT INTO node_settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    sql.execute(insert, args![name, fresh]).await?;
    let select = "SELECT value FROM node_settings WHERE name = $1";
    sql.one(select, args![name]).await?.text("value")
}

/// The last tree cosigned for another's log.
pub(super) async fn witnessed(sql: &mut dyn Sql, origin: &str) -> Result<TreeHead> {
    let statement = "SELECT size, root FROM ledger_witnessed WHERE origin = $1";
    match sql.optional(statement, args![origin]).await? {
        None => Ok(TreeHead::empty()),
        Some(row) => Ok(TreeHead {
            size: unsigned(row.int("size")?)?,
            root: hash(row.bytes("root")?)?,
        }),
    }
}

/// Replaces it; false when it is no longer `from`.
pub(super) async fn witness(
    sql: &mut dyn Sql,
    origin: &str,
    from: &TreeHead,
    to: &TreeHead,
) -> Result<bool> {
    let insert = "INSERT INTO ledger_witnessed (origin, size, root) VALUES ($1, 0, $2) \
                  ON CONFLICT DO NOTHING";
    sql.execute(insert, args![origin, TreeHead::empty().root.0])
        .await?;
    let update = "UPDATE ledger_witnessed SET size = $4, root = $5 \
                  WHERE origin = $1 AND size = $2 AND root = $3";
    let (old, new) = (signed(from.size)?, signed(to.size)?);
    let args = args![origin, old, from.root.0, new, to.root.0];
    Ok(sql.execute(update, args).await? == 1)
}
