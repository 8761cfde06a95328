//! SELECTs with optional filters and a cursor. The pieces of text are static; only placeholders
//! are put together, so nothing a caller wrote becomes SQL.

use super::{Arg, Args};
use crate::http::list::Page;

/// A SELECT under construction: `?` in a condition becomes the next `$n`.
pub struct Select {
    sql: String,
    args: Args,
    conditions: Vec<String>,
    order: &'static str,
    limit: Option<i64>,
    has_cursor: bool,
}

impl Select {
    /// Begins with `SELECT … FROM …` (joins included, no WHERE).
    #[must_use]
    pub fn new(sql: &'static str) -> Self {
        Self {
            sql: sql.to_owned(),
            args: Args::new(),
            conditions: Vec::new(),
            order: "",
            limit: None,
            has_cursor: false,
        }
    }

    fn fill(&mut self, condition: &str, values: Vec<Arg>) -> String {
        let mut out = String::with_capacity(condition.len() + 8);
        let mut values = values.into_iter();
        for c in condition.chars() {
            if c == '?' {
                if let Some(value) = values.next() {
                    self.args.push(value);
                }
                out.push('$');
                out.push_str(&self.args.len().to_string());
            } else {
                out.push(c);
            }
        }
        out
    }

    /// Adds a condition with one value, such as `"kind = ?"`.
    #[must_use]
    pub fn and(self, condition: &'static str, value: impl Into<Arg>) -> Self {
        self.and_all(condition, vec![value.into()])
    }

    /// Adds a condition with several values, in order of their `?`.
    #[must_use]
    pub fn and_all(mut self, condition: &'static str, values: Vec<Arg>) -> Self {
        let condition = self.fill(condition, values);
        self.conditions.push(condition);
        self
    }

    /// Adds a condition when there is a value.
    #[must_use]
    pub fn and_opt(self, condition: &'static str, value: Option<impl Into<Arg>>) -> Self {
        match value {
            Some(value) => self.and(condition, value),
            None => self,
        }
    }

    /// Adds `column IN (…)`; no values match nothing.
    #[must_use]
    pub fn and_in(mut self, column: &'static str, values: Vec<Arg>) -> Self {
        if values.is_empty() {
            self.conditions.push("1 = 0".to_owned());
            return self;
        }
        let marks = vec!["?"; values.len()].join(", ");
        let condition = self.fill(&format!("{column} IN ({marks})"), values);
        self.conditions.push(condition);
        self
    }

    /// Adds "one of the columns holds the words", without regard to ASCII case.
    #[must_use]
    pub fn and_contains(mut self, columns: &[&'static str], words: Option<&str>) -> Self {
        let Some(words) = words.map(str::trim).filter(|w| !w.is_empty()) else {
            return self;
        };
        let escaped = words
            .to_lowercase()
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        let pattern = format!("%{escaped}%");
        let parts: Vec<String> = columns
            .iter()
            .map(|column| {
                let text = format!("LOWER({column}) LIKE ? ESCAPE '\\'");
                self.fill(&text, vec![Arg::from(pattern.as_str())])
            })
            .collect();
        self.conditions.push(format!("({})", parts.join(" OR ")));
        self
    }

    /// Orders by the key columns, ascending or descending alike, and takes the page after its
    /// cursor. One row more than the page's limit is asked for, so that [`crate::http::list::List`] knows
    /// whether another page follows. `keys` and `order` must name the same columns.
    #[must_use]
    pub fn page(
        mut self,
        page: &Page,
        keys: &[&'static str],
        descending: bool,
        order: &'static str,
    ) -> Self {
        if let Some(after) = page.after(keys.len()) {
            let marks = vec!["?"; keys.len()].join(", ");
            let sign = if descending { '<' } else { '>' };
            let condition = format!("({}) {sign} ({marks})", keys.join(", "));
            let condition = self.fill(&condition, after);
            self.conditions.push(condition);
            self.has_cursor = true;
        }
        self.order = order;
        self.limit = Some(page.limit + 1);
        self
    }

    /// Orders without a page.
    #[must_use]
    pub fn order_by(mut self, order: &'static str) -> Self {
        self.order = order;
        self
    }

    /// At most so many rows.
    #[must_use]
    pub fn limit(mut self, rows: i64) -> Self {
        self.limit = Some(rows);
        self
    }

    pub(super) fn has_cursor(&self) -> bool {
        self.has_cursor
    }

    pub(super) fn render(self) -> (String, Args) {
        let mut sql = self.sql;
        if !self.conditions.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(&self.conditions.join(" AND "));
        }
        if !self.order.is_empty() {
            sql.push_str(" ORDER BY ");
            sql.push_str(self.order);
        }
        if let Some(limit) = self.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        (sql, self.args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_placeholders_are_put_together() {
        let (sql, args) = Select::new("SELECT a FROM t")
            .and("a = ?", "x'; DROP TABLE t; --")
            .and_opt("b > ?", None::<i64>)
            .and_in("c", vec![Arg::from(1_i64), Arg::from(2_i64)])
            .and_contains(&["d", "e"], Some("50%_"))
            .order_by("a")
            .limit(3)
            .render();
        assert_eq!(
            sql,
            "SELECT a FROM t WHERE a = $1 AND c IN ($2, $3) AND (LOWER(d) LIKE $4 ESCAPE '\\' OR \
             LOWER(e) LIKE $5 ESCAPE '\\') ORDER BY a LIMIT 3"
        );
        assert_eq!(args.len(), 5);
        assert!(matches!(&args.0[3], Arg::Text(Some(p)) if p == "%50\\%\\_%"));
    }
}
