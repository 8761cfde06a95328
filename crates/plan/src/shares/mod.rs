//! Shares (分享链接): one page, read only, by a link that ends. Whoever has the link sees what a
//! stranger would see of that page if the edition were in force: no remarks, no names of people.
//!
//! Invariant: only the digest of a link's token is stored; a link that ended or was revoked shows
//! nothing. Making and revoking one are facts.

pub mod api;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tianyuan_kernel::clock::Micros;
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::journal::{Kind, Log};
use tianyuan_kernel::text;
use utoipa::ToSchema;

use crate::indicators::IndicatorId;
use crate::plans::PlanId;

tianyuan_kernel::id!(ShareId, "share", "A link to one page.");

/// A link was made.
pub const SHARE_CREATED: Kind =
    Kind::new("share.created", Log::Supervision, "分享页面", "Page shared").staff();
/// A link was revoked.
pub const SHARE_REVOKED: Kind = Kind::new(
    "share.revoked",
    Log::Supervision,
    "收回分享",
    "Share revoked",
)
.staff();

/// Longest life of a link, days.
pub const DAYS_MAX: i64 = 366;
/// Longest title, characters.
pub const TITLE_CHARS_MAX: usize = 80;
/// Links of one edition that may stand at once.
pub const STANDING_MAX: i64 = 200;

/// A page that can be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SharedPage {
    /// An edition at a glance.
    Wall,
    /// One indicator's chart and values.
    Indicator,
}

impl SharedPage {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Indicator => "indicator",
        }
    }

    /// From its stored form.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::Wall, Self::Indicator]
            .into_iter()
            .find(|p| p.as_str() == word)
    }
}

/// A link as its makers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Share {
    /// Its id.
    pub id: ShareId,
    /// The edition.
    pub plan_id: PlanId,
    /// The page it shows.
    pub page: SharedPage,
    /// The indicator, when that is the page.
    pub indicator_id: Option<IndicatorId>,
    /// What its readers see above it; may be empty.
    pub title: String,
    /// When it was made.
    pub created_at: Micros,
    /// When it ends.
    pub expires_at: Micros,
    /// When it was revoked.
    pub revoked_at: Option<Micros>,
}

impl Share {
    /// True while the link shows its page.
    #[must_use]
    pub fn stands(&self, now: Micros) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// What is stored of a token: it is random, so one round of SHA-256 is enough.
#[must_use]
pub fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Checks title and end of a link about to be made.
///
/// # Errors
/// 422 naming the field.
pub fn check(title: &str, expires_at: Micros, now: Micros) -> Result<()> {
    let size = title.chars().count();
    if size > TITLE_CHARS_MAX {
        let words = text!(
            "标题最多 {TITLE_CHARS_MAX} 个字符，收到 {size} 个。",
            "A title has at most {TITLE_CHARS_MAX} characters; got {size}."
        );
        return Err(Error::invalid("too_long", "title", words));
    }
    if expires_at <= now || expires_at > now.plus_seconds(DAYS_MAX * 86_400) {
        let words = text!(
            "到期时间应在现在之后、{DAYS_MAX} 天之内。",
            "A link ends later than now and within {DAYS_MAX} days."
        );
        return Err(Error::invalid("expires_at", "expires_at", words));
    }
    Ok(())
}
