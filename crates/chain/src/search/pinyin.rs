//! Pinyin: names for machines made of Chinese titles, and the spellings people type to find them.

use pinyin::ToPinyin as _;

use super::segment::words;

/// Most spellings kept of one title.
const SPELLINGS_MAX: usize = 48;
/// Longest spelling, bytes.
const SPELLING_BYTES_MAX: usize = 64;

/// A machine name of a title: its words in pinyin joined by `_`, at most `chars_max` characters,
/// never empty, beginning with a letter. A title that is a machine name stays as it is.
#[must_use]
pub fn name(title: &str, chars_max: usize) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if title.len() <= chars_max
        && title.starts_with(|c: char| c.is_ascii_lowercase())
        && title.chars().all(plain)
    {
        return title.to_owned();
    }
    let mut name = String::new();
    for word in words(title) {
        let spelled = spell(word);
        if spelled.is_empty() {
            continue;
        }
        let more = usize::from(!name.is_empty()) + spelled.len();
        if name.len() + more > chars_max {
            if name.is_empty() {
                name.push_str(&spelled[..chars_max]);
            }
            break;
        }
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(&spelled);
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert_str(0, "f_");
        name.truncate(chars_max);
    }
    name
}

/// Lower-case letters and digits of a word: Chinese in pinyin, everything else left out.
fn spell(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if let Some(pinyin) = c.to_pinyin() {
            // ü is typed v.
            out.extend(
                pinyin
                    .plain()
                    .chars()
                    .map(|c| if c == 'ü' { 'v' } else { c }),
            );
        } else if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

fn initials(word: &str) -> String {
    let first = |c: char| match c.to_pinyin() {
        Some(pinyin) => pinyin.first_letter().chars().next(),
        None => c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase()),
    };
    word.chars().filter_map(first).collect()
}

/// What people may type for a title: from each of its words on, in full and by initials.
#[must_use]
pub fn spellings(title: &str) -> Vec<String> {
    let words = words(title);
    let mut out = Vec::new();
    for from in 0..words.len() {
        let rest = words[from..].concat();
        for mut spelled in [spell(&rest), initials(&rest)] {
            // Pinyin is ASCII by now.
            spelled.truncate(SPELLING_BYTES_MAX);
            if spelled.len() > 1 && !out.contains(&spelled) {
                out.push(spelled);
            }
        }
        if out.len() >= SPELLINGS_MAX {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_in_pinyin() {
        assert_eq!(name("企业名称", 60), "qiye_mingcheng");
        assert_eq!(name("PM2.5 浓度（日均）", 60), "pm25_nongdu_rijun");
        assert_eq!(name("2024年人口", 60), "f_2024_nian_renkou");
        assert_eq!(name("★", 60), "f_");
        assert!(name(&"数据".repeat(80), 20).len() <= 20);
    }

    #[test]
    fn a_title_is_found_from_any_of_its_words() {
        let spelled = spellings("青浦区空气质量");
        assert!(spelled.iter().any(|s| s == "kqzl"), "{spelled:?}");
        assert!(spelled.iter().any(|s| s == "kongqizhiliang"), "{spelled:?}");
        assert!(
            spelled.iter().any(|s| s.starts_with("qingpuqu")),
            "{spelled:?}"
        );
    }
}
