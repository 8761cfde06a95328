//! The `Classify` question: what does a column hold, and how sensitive is it? `shield` answers it;
//! rooms that take data in ask before anything of it is shown to anybody.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::release::Grade;

/// What can be sensitive in a field.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Sensitive {
    /// 居民身份证号码 (GB 11643).
    ResidentId,
    /// 统一社会信用代码 (GB 32100).
    CreditCode,
    /// 手机号码.
    Mobile,
    /// 银行卡号 (ISO/IEC 7812).
    BankCard,
    /// 护照号码.
    Passport,
    /// 机动车号牌 (GA 36).
    Plate,
    /// 电子邮箱.
    Email,
    /// 地址.
    Address,
    /// 姓名.
    PersonName,
}

/// A column as far as it was looked at.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSample<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// Its title, when it has one besides.
    pub title: &'a str,
    /// Cells, in order; empty ones may be left out.
    pub cells: &'a [&'a str],
}

/// Something sensitive found in a column.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Finding {
    /// What.
    pub kind: Sensitive,
    /// The grade it asks for.
    pub grade: Grade,
    /// How sure that is, 0 to 1.
    pub confidence: f64,
    /// Share of the filled cells in which it was found, 0 to 1.
    pub share: f64,
    /// The field's name says so.
    pub by_name: bool,
    /// Places of the first cells in which it was found, from 0.
    pub places: Vec<usize>,
}

/// Answers the question.
pub trait Classify: Send + Sync {
    /// What is sensitive in a column, the surest first.
    fn classify(&self, column: ColumnSample<'_>) -> Vec<Finding>;
}

/// Nothing is found: what stands where nobody answers the question.
pub struct NothingFound;

impl Classify for NothingFound {
    fn classify(&self, _: ColumnSample<'_>) -> Vec<Finding> {
        Vec::new()
    }
}
