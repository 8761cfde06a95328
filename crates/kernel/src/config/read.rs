//! From a file and the environment to a [`Config`], with every wrong key told.

use std::collections::BTreeMap;
use std::path::Path;

use super::Config;

impl Config {
    /// Reads a file (none: the defaults) and lays the environment over it.
    ///
    /// # Errors
    /// Every problem found, one line each, naming the key and what would be right.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<String>> {
        match Self::examine(file, environment) {
            (Some(config), errors) if errors.is_empty() => Ok(config),
            (_, errors) => Err(errors),
        }
    }

    /// As [`Config::load`], but answers besides the problems what could be read at all, so that
    /// others may look at it too.
    pub fn examine(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> (Option<Self>, Vec<String>) {
        let mut table = match file.map_or_else(|| Ok(toml::Table::new()), table) {
            Ok(table) => table,
            Err(error) => return (None, vec![error]),
        };
        let mut errors = Vec::new();
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix("TIANYUAN__")
                && let Err(error) = overlay(&mut table, path, &value)
            {
                errors.push(format!("{name}: {error}"));
            }
        }
        let config = read(table, &mut errors);
        errors.extend(config.iter().flat_map(Self::check));
        (config, errors)
    }
}

fn table(path: &Path) -> Result<toml::Table, String> {
    std::fs::read_to_string(path)
        .map_err(|e| format!("cannot read {}: {e}", path.display()))?
        .parse()
        .map_err(|e| format!("{} is not TOML: {e}", path.display()))
}

/// Most wrong keys that are told at once.
const ERRORS_MAX: usize = 100;

/// Reads a table; each wrong key is said and then left out, so that the next can be said too.
fn read(mut table: toml::Table, errors: &mut Vec<String>) -> Option<Config> {
    let mut gone = BTreeMap::new();
    for _ in 0..ERRORS_MAX {
        match serde_path_to_error::deserialize(toml::Value::Table(table.clone())) {
            Ok(config) => return Some(config),
            Err(error) => {
                let path = error.path().to_string();
                let said = error.inner().to_string();
                let said = said.lines().next().unwrap_or(&said);
                errors.push(format!("{}: {said}", as_written(&path, &gone)));
                if !leave_out(&mut table, &path, &mut gone) {
                    return None;
                }
            }
        }
    }
    None
}

/// `list[2].key` as the list's name and the number, when the path leads through a list.
fn entry(path: &str) -> Option<(&str, usize)> {
    let (list, rest) = path.split_once('[')?;
    let (number, _) = rest.split_once(']')?;
    Some((list, number.parse().ok()?))
}

/// The path by the number that the entry has in the file: those that were wrong before it were
/// left out of the list.
fn as_written(path: &str, gone: &BTreeMap<String, usize>) -> String {
    match entry(path).and_then(|(list, number)| Some((list, number, gone.get(list)?))) {
        Some((list, number, gone)) => {
            let rest = path.split_once(']').map_or("", |(_, rest)| rest);
            format!("{list}[{}]{rest}", number + gone)
        }
        None => path.to_owned(),
    }
}

/// Takes `a.b.c` out of the table, or the whole entry of a list that it leads through; false when
/// nothing is there.
fn leave_out(table: &mut toml::Table, path: &str, gone: &mut BTreeMap<String, usize>) -> bool {
    let (path, number) = match entry(path) {
        Some((list, number)) => (list, Some(number)),
        None => (path, None),
    };
    let mut keys: Vec<&str> = path.split('.').collect();
    let Some(last) = keys.pop() else { return false };
    let mut here = table;
    for (at, key) in keys.iter().enumerate() {
        if !here.get(*key).is_some_and(toml::Value::is_table) {
            return here.remove(keys[at]).is_some();
        }
        let Some(toml::Value::Table(inner)) = here.get_mut(*key) else {
            return false;
        };
        here = inner;
    }
    match (number, here.get_mut(last)) {
        (Some(number), Some(toml::Value::Array(list))) if number < list.len() => {
            list.remove(number);
            *gone.entry(path.to_owned()).or_default() += 1;
            true
        }
        _ => here.remove(last).is_some(),
    }
}

/// Sets `a.b.c` of the table from `A__B__C`; the value is TOML when it parses as such, else text.
fn overlay(table: &mut toml::Table, path: &str, value: &str) -> Result<(), String> {
    let keys: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
    let Some((last, parents)) = keys.split_last() else {
        return Ok(());
    };
    let mut here = table;
    for key in parents {
        here = here
            .entry(key.clone())
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("{key} is not a section"))?;
    }
    let parsed = format!("v = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    here.insert(last.clone(), parsed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        Config::load(
            None,
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        )
    }

    #[test]
    fn the_environment_overrides_and_unknown_keys_are_refused_by_name() {
        let config = load(&[
            ("TIANYUAN__SERVER__LISTEN", "127.0.0.1:9000"),
            ("TIANYUAN__LEDGER__SM2", "true"),
            ("TIANYUAN__DATABASE__CONNECTIONS_MAX", "3"),
            ("UNRELATED", "x"),
        ])
        .unwrap();
        assert_eq!(config.server.listen.port(), 9000);
        assert!(config.ledger.sm2);
        assert_eq!(config.database.connections_max, 3);
        let errors = load(&[("TIANYUAN__SERVER__LISTNE", "x")]).unwrap_err();
        assert!(
            errors[0].contains("listne") && errors[0].contains("listen"),
            "{errors:?}"
        );
    }

    #[test]
    fn every_wrong_entry_of_a_list_is_told_by_its_number() {
        let witnesses = "[{ url = 3, key = 'k' }, { url = 'http://w', key = 'k' }, { key = 'k' }]";
        let errors = load(&[
            ("TIANYUAN__LEDGER__WITNESSES", witnesses),
            ("TIANYUAN__LEDGER__SM2", "maybe"),
            ("TIANYUAN__NODE", "3"),
        ])
        .unwrap_err();
        let told = |start: &str| errors.iter().any(|e| e.starts_with(start));
        assert!(told("ledger.witnesses[0].url: "), "{errors:?}");
        assert!(told("ledger.witnesses[2]: missing"), "{errors:?}");
        assert!(told("ledger.sm2: ") && told("node: "), "{errors:?}");
        assert_eq!(errors.len(), 4, "{errors:?}");
    }

    #[test]
    fn a_public_address_needs_tls_or_a_named_proxy() {
        let errors = load(&[("TIANYUAN__SERVER__LISTEN", "0.0.0.0:80")]).unwrap_err();
        assert!(errors[0].starts_with("server.listen"), "{errors:?}");
        load(&[
            ("TIANYUAN__SERVER__LISTEN", "0.0.0.0:80"),
            ("TIANYUAN__SERVER__TRUSTED_PROXIES", "[\"127.0.0.1\"]"),
        ])
        .unwrap();
    }

    #[test]
    fn secrets_come_from_files_and_are_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, "postgres://u:hunter2@h/d\n").unwrap();
        let toml = format!("{{ file = '{}' }}", file.display());
        let config = load(&[("TIANYUAN__DATABASE__URL", &toml)]).unwrap();
        assert_eq!(config.database_url().unwrap(), "postgres://u:hunter2@h/d");
        let config = load(&[("TIANYUAN__DATABASE__URL", "postgres://u:hunter2@h/d")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        let errors = load(&[("TIANYUAN__DATABASE__URL", "{ file = '/nowhere/x' }")]).unwrap_err();
        assert!(errors[0].starts_with("database.url"), "{errors:?}");
    }
}
