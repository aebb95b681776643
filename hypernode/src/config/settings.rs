//! The settings in force: file, then environment, then flags, each value with the place it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::check::{self, Problem};
use super::keys::{self, KEYS, Kind};

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One value and its origin.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// All settings by dotted key. Values are text that [`check::value`] has accepted.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    values: BTreeMap<String, Setting>,
    /// Things worth a warning, such as accepted but unused names.
    pub(crate) notices: Vec<String>,
}

impl fmt::Debug for Settings {
    /// Never prints values: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values.keys()).finish()
    }
}

/// Collects layers, later ones winning, and every problem on the way.
#[derive(Debug, Default)]
pub(crate) struct Loader {
    settings: Settings,
    problems: Vec<Problem>,
}

impl Loader {
    /// Adds a `hypernode.toml`.
    pub(crate) fn file(&mut self, path: &Path, text: &str) {
        match DeTable::parse(text) {
            Ok(table) => self.table(path, text, "", table.get_ref()),
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(text, span.start));
                let origin = Origin::File {
                    path: path.to_owned(),
                    line,
                };
                self.problems.push(Problem::new(
                    "",
                    origin,
                    error.message(),
                    "correct the TOML there",
                ));
            }
        }
    }

    fn table(&mut self, path: &Path, text: &str, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let full = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let line = line_of(text, name.span().start);
            let origin = Origin::File {
                path: path.to_owned(),
                line,
            };
            match value.get_ref() {
                DeValue::Table(inner) => self.table(path, text, &full, inner),
                DeValue::String(text) => self.set(&full, text.to_string(), origin),
                DeValue::Integer(number) => {
                    self.set(&full, number.as_str().replace('_', ""), origin);
                }
                DeValue::Float(number) => self.set(&full, number.as_str().replace('_', ""), origin),
                DeValue::Boolean(yes) => self.set(&full, yes.to_string(), origin),
                DeValue::Array(_) | DeValue::Datetime(_) => self.problems.push(Problem::new(
                    &full,
                    origin,
                    "lists and dates are not values of any key",
                    "give one value",
                )),
            }
        }
    }

    /// Adds the environment: `HYPERNODE__SECTION__KEY`, then names that older systems used.
    pub(crate) fn environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        let variables: BTreeMap<String, String> = variables.collect();
        for (name, value) in &variables {
            let aliased = KEYS
                .iter()
                .find(|key| key.aliases.contains(&name.as_str()))
                .map(|key| key.name.to_owned());
            let program = keys::PROGRAM_ALIASES
                .iter()
                .find(|(alias, _)| alias == name);
            let key = aliased.or_else(|| program.map(|(_, label)| format!("programs.{label}.id")));
            if let Some(key) = key.filter(|_| !value.is_empty()) {
                self.set(&key, value.clone(), Origin::Environment(name.clone()));
            }
            if let Some((_, why)) = keys::UNUSED_ALIASES.iter().find(|(alias, _)| alias == name) {
                self.settings
                    .notices
                    .push(format!("environment {name} is accepted and unused: {why}"));
            }
        }
        // Our own names come second: they win over the older ones.
        for (name, value) in &variables {
            if let Some(rest) = name.strip_prefix("HYPERNODE__") {
                let key = rest
                    .split("__")
                    .map(str::to_lowercase)
                    .collect::<Vec<_>>()
                    .join(".");
                self.set(&key, value.clone(), Origin::Environment(name.clone()));
            }
        }
    }

    /// Adds one flag's value.
    pub(crate) fn flag(&mut self, flag: &str, key: &str, value: impl Into<String>) {
        self.set(key, value.into(), Origin::Flag(flag.to_owned()));
    }

    /// Adds a path that an earlier value named relative to its file.
    fn set(&mut self, key: &str, value: String, origin: Origin) {
        let Some(kind) = keys::find(key) else {
            let fix = keys::nearest(key).map_or_else(
                || "remove it; `hypernode config keys` lists all keys".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            self.problems
                .push(Problem::new(key, origin, "no such key", &fix));
            return;
        };
        if let Err((what, fix)) = check::value(key, kind, &value) {
            self.problems.push(Problem::new(key, origin, &what, &fix));
            return;
        }
        self.settings
            .values
            .insert(key.to_owned(), Setting { value, origin });
    }

    /// The settings, or everything that is wrong with them.
    pub(crate) fn finish(self) -> Result<Settings, Vec<Problem>> {
        if self.problems.is_empty() {
            Ok(self.settings)
        } else {
            Err(self.problems)
        }
    }
}

impl Settings {
    /// The value of a key, or its default; `None` when unset and without default.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        if let Some(setting) = self.values.get(key) {
            return Some(setting.value.as_str()).filter(|value| !value.is_empty());
        }
        KEYS.iter()
            .find(|known| known.name == key)
            .map(|known| known.default)
            .filter(|value| !value.is_empty())
    }

    /// Where the value in force comes from.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.values
            .get(key)
            .map_or(Origin::Default, |setting| setting.origin.clone())
    }

    /// A value of a key whose default and kind guarantee that it parses; the type's default otherwise.
    pub(crate) fn parsed<T: std::str::FromStr + Default>(&self, key: &str) -> T {
        self.get(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or_default()
    }

    /// A path, relative ones against the working folder.
    pub(crate) fn path(&self, key: &str) -> Option<PathBuf> {
        self.get(key).map(PathBuf::from)
    }

    /// A secret from its key or from the file that `<key>_file` names.
    pub(crate) fn secret(&self, key: &str) -> Result<Option<String>, Problem> {
        if let Some(value) = self.get(key) {
            return Ok(Some(value.to_owned()));
        }
        let file_key = format!("{key}_file");
        let Some(path) = self.path(&file_key) else {
            return Ok(None);
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => Err(Problem::new(
                &file_key,
                self.origin(&file_key),
                &format!("cannot read {}: {error}", path.display()),
                "name a readable file",
            )),
        }
    }

    /// Every `programs.<label>.<what>` that is set, as (label, value).
    pub(crate) fn programs(&self, what: &str) -> Vec<(String, String)> {
        let suffix = format!(".{what}");
        self.values
            .iter()
            .filter_map(|(key, setting)| {
                let label = key
                    .strip_prefix("programs.")?
                    .strip_suffix(suffix.as_str())?;
                Some((label.to_owned(), setting.value.clone()))
            })
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }

    /// All keys in force for `config check`: (key, shown value, origin). Secrets are shown as `***`.
    pub(crate) fn shown(&self) -> Vec<(String, String, Origin)> {
        let fixed = KEYS.iter().map(|key| key.name.to_owned());
        let programs = self
            .values
            .keys()
            .filter(|key| key.starts_with("programs."))
            .cloned();
        fixed
            .chain(programs)
            .map(|key| {
                let value = match (keys::find(&key), self.get(&key)) {
                    (_, None) => "(unset)".to_owned(),
                    (Some(Kind::Secret), Some(_)) => "***".to_owned(),
                    // Hosted RPC addresses carry keys in path or query.
                    (Some(Kind::Url), Some(url)) => origin_of(url),
                    (Some(Kind::Urls), Some(urls)) => check::list(urls)
                        .map(origin_of)
                        .collect::<Vec<_>>()
                        .join(", "),
                    (_, Some(value)) => value.to_owned(),
                };
                let origin = self.origin(&key);
                (key, value, origin)
            })
            .collect()
    }
}

/// Scheme and host of a URL; what follows is cut.
fn origin_of(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "***".to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, more) = rest.split_at(end);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!(
        "{scheme}://{host}{}",
        if more.len() > 1 { "/…" } else { "" }
    )
}

/// One-based line of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
