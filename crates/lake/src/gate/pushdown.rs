//! Which predicates may act below the gate: comparisons of columns that leave as they are with
//! constants. They decide the same below as above, and none of them can fail on a value, so no
//! error tells of a row that does not leave.

use std::collections::HashSet;

use datafusion::logical_expr::{Expr, Operator};

/// True when `expr` reads only `shown` columns and cannot fail.
pub(super) fn may_act_below(expr: &Expr, shown: &HashSet<&str>) -> bool {
    let operand = |e: &Expr| match e {
        Expr::Column(column) => shown.contains(column.name.as_str()),
        Expr::Literal(..) => true,
        _ => false,
    };
    match expr {
        Expr::BinaryExpr(binary) => match binary.op {
            Operator::And | Operator::Or => {
                may_act_below(&binary.left, shown) && may_act_below(&binary.right, shown)
            }
            Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom => operand(&binary.left) && operand(&binary.right),
            _ => false,
        },
        Expr::Not(inner) => may_act_below(inner, shown),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => operand(inner),
        Expr::InList(list) => operand(&list.expr) && list.list.iter().all(operand),
        Expr::Between(between) => {
            operand(&between.expr) && operand(&between.low) && operand(&between.high)
        }
        Expr::Like(like) => operand(&like.expr) && operand(&like.pattern),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};

    #[test]
    fn only_comparisons_of_shown_columns_with_constants_act_below() {
        let shown = HashSet::from(["town"]);
        let below = |expr: Expr| may_act_below(&expr, &shown);
        assert!(below(col("town").eq(lit("x"))));
        assert!(below(
            col("town")
                .is_null()
                .or(col("town").in_list(vec![lit("a")], false))
        ));
        assert!(!below(col("mobile").eq(lit("138"))));
        assert!(!below(
            col("town").eq(lit("x")).or(col("mobile").eq(lit("138")))
        ));
        assert!(
            !below((lit(1) / col("town")).eq(lit(1))),
            "division can fail"
        );
        let cast = datafusion::prelude::cast(col("town"), arrow::datatypes::DataType::Int64);
        assert!(!below(cast.eq(lit(1_i64))), "a cast can fail");
    }
}
