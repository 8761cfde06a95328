//! What a statement may be, decided on its syntax tree before anything is planned: one SELECT,
//! over named tables. No DDL, no COPY, no SET, no table made of a path, an address or a function
//! that reads one.

use std::ops::ControlFlow;

use datafusion::common::TableReference;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    self, Query, Select, SetExpr, Statement as SqlStatement, TableFactor, Visit as _, Visitor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use tianyuan_kernel::prelude::*;

/// Bytes of a statement.
pub const SQL_BYTES_MAX: usize = 64 << 10;
/// Depth of its expressions and subqueries.
const DEPTH_MAX: usize = 64;
/// Functions that may stand where a table does.
const TABLE_FUNCTIONS: [&str; 3] = ["generate_series", "range", "unnest"];

/// A statement that may run.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The SELECT.
    pub(crate) statement: Statement,
    /// Only its plan is wanted.
    pub(crate) explain: bool,
    /// It asks which tables there are.
    pub(crate) lists_tables: bool,
}

/// Reads one statement.
///
/// # Errors
/// 422 with what is wrong with it.
pub(crate) fn read(sql: &str) -> Result<Checked> {
    if sql.len() > SQL_BYTES_MAX {
        let words = text!(
            "语句超过上限 {SQL_BYTES_MAX} 字节。",
            "The statement is longer than {SQL_BYTES_MAX} bytes."
        );
        return Err(Error::invalid("sql_too_long_text", "sql", words));
    }
    if sql.contains('\0') {
        let words = Text::new("语句含有 U+0000。", "The statement holds U+0000.");
        return Err(Error::invalid("sql_not_understood", "sql", words));
    }
    let dialect = PostgreSqlDialect {};
    let statements = DFParserBuilder::new(sql)
        .with_dialect(&dialect)
        .with_recursion_limit(DEPTH_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(crate::failure::of_query)?;
    let mut statements = statements.into_iter();
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        let words = Text::new(
            "每次只能提交一个 SELECT 语句。",
            "Send exactly one SELECT statement.",
        );
        return Err(Error::invalid("sql_one_statement", "sql", words));
    };
    let (statement, explain) = match statement {
        Statement::Explain(explain) if !explain.options.analyze => (*explain.statement, true),
        other => (other, false),
    };
    let Statement::Statement(inner) = &statement else {
        return Err(only_select());
    };
    let SqlStatement::Query(query) = inner.as_ref() else {
        return Err(only_select());
    };
    if let ControlFlow::Break(error) = query.visit(&mut Wall) {
        return Err(error);
    }
    let lists_tables = references(&statement)?.iter().any(is_of_information_schema);
    Ok(Checked {
        statement,
        explain,
        lists_tables,
    })
}

fn only_select() -> Error {
    let words = Text::new(
        "只能执行 SELECT（及其 EXPLAIN）；不能修改、设置或导入导出。",
        "Only SELECT (and its EXPLAIN) can run; nothing that changes, sets, copies or analyses.",
    );
    Error::invalid("sql_select_only", "sql", words)
}

fn only_named_tables() -> Error {
    let words = Text::new(
        "FROM 中只能使用有名字的表；不能读取文件、网址或函数。",
        "FROM takes named tables only: no files, addresses or functions that read them.",
    );
    Error::invalid("sql_named_tables_only", "sql", words)
}

struct Wall;

impl Visitor for Wall {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        let plain = query.locks.is_empty()
            && query.for_clause.is_none()
            && query.settings.is_none()
            && query.format_clause.is_none()
            && query.pipe_operators.is_empty()
            && reads_only(&query.body);
        if plain {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(only_select())
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        match select.into {
            None => ControlFlow::Continue(()),
            Some(_) => ControlFlow::Break(only_select()),
        }
    }

    fn pre_visit_statement(&mut self, statement: &SqlStatement) -> ControlFlow<Error> {
        match statement {
            SqlStatement::Query(_) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(only_select()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        let known = |name: &ast::ObjectName| {
            let name = name.to_string().to_ascii_lowercase();
            TABLE_FUNCTIONS.contains(&name.as_str())
        };
        let allowed = match factor {
            TableFactor::Table { name, args, .. } => args.is_none() || known(name),
            TableFactor::Function { name, .. } => known(name),
            TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::UNNEST { .. } => true,
            _ => false,
        };
        if allowed {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(only_named_tables())
        }
    }
}

fn reads_only(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => true,
        SetExpr::SetOperation { left, right, .. } => reads_only(left) && reads_only(right),
        _ => false,
    }
}

fn references(statement: &Statement) -> Result<Vec<TableReference>> {
    let (tables, _) =
        resolve_table_references(statement, true).map_err(crate::failure::of_query)?;
    Ok(tables)
}

fn is_of_information_schema(table: &TableReference) -> bool {
    table.schema() == Some("information_schema")
}

/// Names of the tables a statement reads.
///
/// # Errors
/// 422 when one is of a schema there is not.
pub(crate) fn tables(statement: &Statement) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for table in references(statement)? {
        let known = matches!(table.catalog(), None | Some("tianyuan"))
            && matches!(table.schema(), None | Some("public" | "information_schema"));
        let name = table.table();
        if !known {
            return Err(super::unknown(&table.to_string()));
        }
        let function = TABLE_FUNCTIONS.contains(&name);
        if !is_of_information_schema(&table) && !function && !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_select_over_named_tables_and_nothing_else() {
        for sql in [
            "SELECT 1",
            "select * from a join b using (id) where x in (select y from c)",
            "WITH t AS (SELECT * FROM a) SELECT * FROM t UNION ALL SELECT * FROM b ORDER BY 1 LIMIT 3",
            "SELECT * FROM information_schema.tables",
            "EXPLAIN SELECT * FROM a",
            "SELECT * FROM generate_series(1, 10)",
            "VALUES (1), (2)",
        ] {
            read(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        }
        for (sql, code) in [
            ("", "sql_one_statement"),
            ("SELECT 1; SELECT 2", "sql_one_statement"),
            ("DROP TABLE a", "sql_select_only"),
            ("CREATE TABLE x AS SELECT 1", "sql_select_only"),
            (
                "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/etc'",
                "sql_select_only",
            ),
            ("COPY (SELECT 1) TO '/tmp/x.csv'", "sql_select_only"),
            ("COPY a TO 's3://x/y'", "sql_select_only"),
            ("SET datafusion.execution.batch_size = 1", "sql_select_only"),
            ("SHOW ALL", "sql_select_only"),
            ("RESET datafusion.execution.batch_size", "sql_select_only"),
            ("INSERT INTO a VALUES (1)", "sql_select_only"),
            (
                "WITH x AS (INSERT INTO a VALUES (1) RETURNING *) SELECT * FROM x",
                "sql_select_only",
            ),
            ("DELETE FROM a", "sql_select_only"),
            ("UPDATE a SET x = 1", "sql_select_only"),
            ("SELECT * INTO b FROM a", "sql_select_only"),
            ("SELECT * FROM a FOR UPDATE", "sql_select_only"),
            ("EXPLAIN ANALYZE SELECT * FROM a", "sql_select_only"),
            ("EXPLAIN DROP TABLE a", "sql_select_only"),
            ("PREPARE p AS SELECT 1", "sql_select_only"),
            (
                "SELECT * FROM read_csv('/etc/passwd')",
                "sql_named_tables_only",
            ),
            (
                "SELECT * FROM parquet_metadata('x.parquet')",
                "sql_named_tables_only",
            ),
            (
                "SELECT * FROM TABLE(read_parquet('x'))",
                "sql_named_tables_only",
            ),
            ("SELEC 1", "sql_not_understood"),
            ("SELECT '\0'", "sql_not_understood"),
        ] {
            let error = read(sql).map(|_| ()).expect_err(sql);
            assert_eq!(error.code(), code, "{sql}: {error}");
        }
        let deep = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
        assert_eq!(read(&deep).unwrap_err().code(), "sql_not_understood");
        let long = format!("SELECT '{}'", "x".repeat(SQL_BYTES_MAX));
        assert_eq!(read(&long).unwrap_err().code(), "sql_too_long_text");
    }

    #[test]
    fn tables_are_named_once_and_a_path_is_only_a_name() {
        let names = |sql: &str| tables(&read(sql).unwrap().statement);
        assert_eq!(
            names("SELECT * FROM a, public.a, tianyuan.public.b").unwrap(),
            ["a", "b"]
        );
        assert_eq!(
            names("SELECT * FROM '/etc/passwd'").unwrap(),
            ["/etc/passwd"]
        );
        assert_eq!(
            names("SELECT * FROM pg_catalog.pg_user")
                .unwrap_err()
                .code(),
            "table_unknown"
        );
    }
}
