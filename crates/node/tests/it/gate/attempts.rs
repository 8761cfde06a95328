//! Statements that try to get at what is withheld: `{t}` stands for the table, `{mobile}` and the
//! like for planted values. Each must be refused, or answer with what may leave.

use super::planted::{CODES, PLANTS};

const ATTEMPTS: &[&str] = &[
    "SELECT * FROM {t} ORDER BY code",
    "SELECT diagnosis FROM {t}",
    "SELECT p.name, p.\"diagnosis\" FROM public.{t} p",
    "SELECT min(mobile), max(income), min(born), sum(income), count(*) FROM {t}",
    "SELECT code FROM {t} WHERE mobile = '{mobile}'",
    "SELECT code FROM {t} WHERE mobile LIKE '1397031%' ORDER BY code",
    "SELECT code FROM {t} WHERE income = {income} OR born = DATE '{born}'",
    "SELECT code FROM {t} WHERE income BETWEEN 918273000 AND 918274000",
    "SELECT code FROM {t} WHERE name = '{name}'",
    "SELECT code FROM {t} WHERE substr(mobile, 4, 4) = '7031'",
    "SELECT reverse(mobile), upper(mobile), regexp_replace(mobile, '\\*', '', 'g'), concat('x', mobile) FROM {t} ORDER BY code",
    "SELECT CAST(mobile AS BIGINT) FROM {t} WHERE code = 'A1'",
    "SELECT arrow_cast(identity, 'Int64') FROM {t} WHERE code = 'A1'",
    "SELECT CAST(identity AS DATE) FROM {t} WHERE code = 'A1'",
    "SELECT TRY_CAST(mobile AS BIGINT), TRY_CAST(identity AS BIGINT) FROM {t} ORDER BY code",
    "SELECT 1 / (income - {income}) FROM {t} WHERE code = 'A1'",
    "SELECT code FROM {t} WHERE 1 / (CASE WHEN mobile = '{mobile}' THEN 0 ELSE 1 END) = 1 ORDER BY code",
    "SELECT a.code, b.mobile FROM {t} a JOIN {t} b ON a.mobile = b.mobile ORDER BY 1, 2",
    "SELECT v.x FROM (VALUES ('{mobile}'), ('{name}'), ('{identity}')) v(x) JOIN {t} ON v.x = mobile OR v.x = identity",
    "SELECT v.x FROM (VALUES ({income})) v(x) SEMI JOIN {t} ON v.x = income",
    "SELECT (SELECT max(mobile) FROM {t}), (SELECT min(income) FROM {t})",
    "SELECT code FROM {t} WHERE EXISTS (SELECT 1 FROM {t} q WHERE q.diagnosis = '{diagnosis}')",
    "SELECT code FROM {t} WHERE mobile IN (SELECT mobile FROM {t} WHERE mobile = '{mobile}')",
    "SELECT mobile FROM {t} UNION SELECT CAST(born AS TEXT) FROM {t} UNION ALL SELECT CAST(income AS TEXT) FROM {t} ORDER BY 1",
    "SELECT mobile FROM {t} INTERSECT SELECT '{mobile}'",
    "SELECT '{mobile}' EXCEPT SELECT mobile FROM {t}",
    "WITH t AS (SELECT * FROM {t}) SELECT mobile, born FROM t ORDER BY code",
    "WITH RECURSIVE t AS (SELECT mobile FROM {t} UNION ALL SELECT mobile || 'x' FROM t WHERE length(mobile) < 13) SELECT * FROM t ORDER BY 1",
    "SELECT code, row_number() OVER (ORDER BY income, code), first_value(mobile) OVER (ORDER BY code) FROM {t} ORDER BY code",
    "SELECT array_agg(mobile ORDER BY code), string_agg(CAST(born AS TEXT), ',' ORDER BY code) FROM {t}",
    "SELECT mobile, count(*) FROM {t} GROUP BY mobile HAVING mobile > '139' ORDER BY 1",
    "SELECT approx_percentile_cont(income, 0.5), stddev(income), median(income) FROM {t}",
    "SELECT code FROM {t} ORDER BY diagnosis",
    "SELECT code FROM {t} ORDER BY mobile, income, born, code",
    "SELECT {t} FROM {t}",
    "SELECT named_struct('m', mobile, 'b', born) FROM {t} ORDER BY code",
    "SELECT digest(mobile, 'md5') FROM {t}",
    "SELECT encode(CAST(mobile AS BYTEA), 'hex') FROM {t} ORDER BY code",
    "SELECT _id FROM {t}",
    "SELECT * EXCLUDE (identity) FROM {t} ORDER BY code",
    "EXPLAIN SELECT * FROM {t} WHERE mobile = '{mobile}'",
    "EXPLAIN VERBOSE SELECT * FROM {t} WHERE income > 1 AND town = 'east-town'",
    "EXPLAIN ANALYZE SELECT * FROM {t} WHERE mobile = '{mobile}'",
    "SELECT * FROM information_schema.columns WHERE table_name = '{t}' ORDER BY ordinal_position",
    "SELECT * FROM information_schema.tables WHERE table_name = '{t}'",
    "SELECT * FROM information_schema.df_settings",
    "SELECT * FROM pg_catalog.pg_stats",
    "SELECT * FROM lake_tables",
    "SHOW COLUMNS FROM {t}",
    "DESCRIBE {t}",
    "COPY {t} TO '/tmp/{t}.csv'",
    "CREATE VIEW v AS SELECT * FROM {t}",
    "SELECT * FROM 'lake/00/x.parquet' WHERE",
    "SELECT CAST(name AS BIGINT) FROM {t}",
    "SELECT identity + 1, mobile * 2 FROM {t}",
    "SELECT to_date(mobile), to_timestamp(identity) FROM {t} WHERE code = 'A1'",
    "SELECT nonexistent(mobile) FROM {t}",
    "SELECT * FROM {t} WHERE income = (SELECT CAST(max(mobile) AS BIGINT) FROM {t})",
];

/// All of them, asked of one of the twins.
pub(super) fn all(twin: usize) -> impl Iterator<Item = String> {
    ATTEMPTS.iter().map(move |attempt| on(twin, attempt))
}

/// A statement on one of the twins.
pub(super) fn on(twin: usize, statement: &str) -> String {
    let mut sql = statement.replace("{t}", CODES[twin]);
    for (field, value) in PLANTS {
        sql = sql.replace(&format!("{{{field}}}"), value);
    }
    sql
}
