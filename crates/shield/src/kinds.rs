//! The kinds of facts this room writes. Identity and supervision leaves carry commitments only.

use tianyuan_kernel::journal::{Kind, Log};

macro_rules! kinds {
    ($($const:ident = $name:literal, $log:ident, $zh:literal, $en:literal;)*) => {
        $(pub(crate) const $const: Kind = Kind::new($name, Log::$log, $zh, $en);)*
        /// All of them.
        pub(crate) const ALL: &[Kind] = &[$($const),*];
    };
}

kinds! {
    PERSON_CREATED = "person.created", Identity, "开设账号", "Account opened";
    PERSON_CHANGED = "person.changed", Identity, "修改账号或角色", "Account or roles changed";
    PERSON_ERASED = "person.erased", Identity, "删除个人信息", "Personal data erased";
    PASSWORD_RESET = "person.password_reset", Identity, "重置密码", "Password reset";
    PASSWORD_CHANGED = "person.password_changed", Identity, "修改密码", "Password changed";
    PERSON_LINKED = "person.linked", Identity, "关联外部身份", "Outside identity linked";
    TOKEN_CREATED = "token.created", Identity, "新建访问令牌", "API token made";
    TOKEN_REVOKED = "token.revoked", Identity, "吊销访问令牌", "API token revoked";
    SESSION_OPENED = "session.opened", Supervision, "登录", "Signed in";
    SESSION_CLOSED = "session.closed", Supervision, "退出或吊销会话", "Session ended";
    SIGN_IN_FAILED = "session.failed", Supervision, "登录失败", "Sign-in failed";
    AUDIT_EXPORTED = "audit.exported", Supervision, "导出审计记录", "Audit exported";
    POLICIES_CHANGED = "policies.changed", Supervision, "授权策略变更", "Policies changed";
    EXPLAINED = "authorization.explained", Supervision, "查询授权依据", "Asked who may do what";
}
