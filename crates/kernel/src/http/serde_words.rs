//! What `serde` says about JSON that does not fit, in Chinese. Its messages have few forms;
//! what is not among them stays as it is.

/// One message of `serde_json` in Chinese.
pub(super) fn in_chinese(message: &str) -> String {
    let (what, place) = message
        .rsplit_once(" at line ")
        .and_then(|(what, place)| Some((what, place.split_once(" column ")?)))
        .map_or((message, String::new()), |(what, (line, column))| {
            (what, format!("（第 {line} 行第 {column} 列）"))
        });
    sentence(what).unwrap_or_else(|| what.to_owned()) + &place
}

fn sentence(what: &str) -> Option<String> {
    let plain = |text: &str| text.replace('`', "");
    if let Some(field) = what.strip_prefix("missing field ") {
        return Some(format!("缺少 {}", plain(field)));
    }
    if let Some(field) = what.strip_prefix("duplicate field ") {
        return Some(format!("{} 重复", plain(field)));
    }
    let of = |what: &'static str, rest: &str| {
        let (found, expected) = rest.split_once(", expected ")?;
        let choice = expected.strip_prefix("one of ").unwrap_or(expected);
        let choice = choice.replace(" or ", "、").replace(", ", "、");
        Some(format!(
            "没有 {} 这个{what}，可用：{}",
            plain(found),
            plain(&choice)
        ))
    };
    if let Some(rest) = what.strip_prefix("unknown field ") {
        return of("字段", rest);
    }
    if let Some(rest) = what.strip_prefix("unknown variant ") {
        return of("取值", rest);
    }
    let rest = ["invalid type: ", "invalid value: "];
    let rest = rest.iter().find_map(|start| what.strip_prefix(start))?;
    // The last one: what was found may hold anything.
    let (found, expected) = rest.rsplit_once(", expected ")?;
    Some(format!("应为{}，实为{}", wanted(expected), seen(found)))
}

fn wanted(expected: &str) -> String {
    match expected {
        "f64" | "f32" => "数".to_owned(),
        "i64" | "i32" | "u64" | "u32" | "u16" | "u8" | "usize" => "整数".to_owned(),
        "a string" => "文本".to_owned(),
        "a boolean" => "真或假".to_owned(),
        "a sequence" => "数组".to_owned(),
        "a map" => "对象".to_owned(),
        other if other.starts_with("struct ") => "对象".to_owned(),
        other => format!(" {other}"),
    }
}

fn seen(found: &str) -> String {
    let forms = [
        ("string ", "文本"),
        ("integer ", "整数"),
        ("floating point ", "小数"),
        ("number", "数"),
        ("boolean ", "真假值"),
        ("null", "空值"),
        ("map", "对象"),
        ("sequence", "数组"),
    ];
    let form = forms
        .iter()
        .find_map(|(en, zh)| Some((zh, found.strip_prefix(en)?)));
    match form {
        Some((zh, "")) => (*zh).to_owned(),
        Some((zh, rest)) => format!("{zh} {}", rest.replace('`', "")),
        None => format!(" {found}"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Value {
        at: String,
        value: f64,
        kind: Kind,
        count: Option<u32>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Flow,
        Stock,
    }

    #[test]
    fn what_serde_says_is_said_in_chinese() {
        let said = [
            (r#"{"at":"x"}"#, "缺少 value（第 1 行第 10 列）"),
            (
                r#"{"value":"三"}"#,
                "应为数，实为文本 \"三\"（第 1 行第 14 列）",
            ),
            (r#"{"value":null}"#, "应为数，实为空值（第 1 行第 13 列）"),
            (r#"{"at":1}"#, "应为文本，实为整数 1（第 1 行第 7 列）"),
            (r#"{"at":{}}"#, "应为文本，实为对象（第 1 行第 6 列）"),
            (r#"{"at":"x","at":"y"}"#, "at 重复（第 1 行第 14 列）"),
            (
                r#"{"note":1}"#,
                "没有 note 这个字段，可用：at、value、kind、count（第 1 行第 7 列）",
            ),
            (
                r#"{"kind":"level"}"#,
                "没有 level 这个取值，可用：flow、stock（第 1 行第 15 列）",
            ),
            (
                r#"{"count":-1}"#,
                "应为整数，实为整数 -1（第 1 行第 11 列）",
            ),
            ("7", "应为对象，实为整数 7（第 1 行第 1 列）"),
        ];
        for (json, words) in said {
            let error = serde_json::from_str::<Value>(json).unwrap_err();
            assert_eq!(in_chinese(&error.to_string()), words, "{error}");
        }
        assert_eq!(in_chinese("the day is over"), "the day is over");
    }
}
