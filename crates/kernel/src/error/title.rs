//! The title of a problem: what its status means, in a few words.

use http::StatusCode;

use crate::text::Lang;

/// Chinese titles; every other status keeps its English one.
const ZH: [(StatusCode, &str); 16] = [
    (StatusCode::BAD_REQUEST, "请求无法读取"),
    (StatusCode::UNAUTHORIZED, "需要登录"),
    (StatusCode::FORBIDDEN, "没有权限"),
    (StatusCode::NOT_FOUND, "没有找到"),
    (StatusCode::METHOD_NOT_ALLOWED, "不支持该方法"),
    (StatusCode::CONFLICT, "与现状冲突"),
    (StatusCode::GONE, "已不存在"),
    (StatusCode::PRECONDITION_FAILED, "已被修改"),
    (StatusCode::PAYLOAD_TOO_LARGE, "内容过大"),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "不支持的内容类型"),
    (StatusCode::UNPROCESSABLE_ENTITY, "内容不符合要求"),
    (StatusCode::PRECONDITION_REQUIRED, "缺少版本条件"),
    (StatusCode::TOO_MANY_REQUESTS, "过于频繁"),
    (StatusCode::INTERNAL_SERVER_ERROR, "服务器内部错误"),
    (StatusCode::BAD_GATEWAY, "对方未正常应答"),
    (StatusCode::SERVICE_UNAVAILABLE, "暂不可用"),
];

pub(super) fn title(status: StatusCode, lang: Lang) -> &'static str {
    let english = || status.canonical_reason().unwrap_or("Error");
    match lang {
        Lang::En => english(),
        Lang::Zh => ZH
            .iter()
            .find(|(known, _)| *known == status)
            .map_or_else(english, |(_, words)| words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_speaks_the_callers_language() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        assert_eq!(title(status, Lang::Zh), "内容不符合要求");
        assert_eq!(title(status, Lang::En), "Unprocessable Entity");
        assert_eq!(title(StatusCode::IM_A_TEAPOT, Lang::Zh), "I'm a teapot");
    }
}
