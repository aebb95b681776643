//! A place in a JSON document that knows its own path, so that every complaint can name it.

use serde_json::Value;

use super::error::{IdlError, Problem};
use crate::chain::Pubkey;

/// Bytes of a name: columns are called so.
const MAX_NAME: usize = 200;
/// Bytes that a table's part of a file name may have: with prefix, label and version it stays below 255.
const MAX_TABLE: usize = 120;
/// Characters of the file's text in a message.
const MAX_SHOWN: usize = 64;

/// Text from the file as messages show it: not long, and unable to move a terminal's cursor or turn its text around.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    for c in chars.by_ref().take(MAX_SHOWN) {
        let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

#[derive(Clone)]
pub(super) struct Cursor<'a> {
    file: &'a str,
    pub(super) path: String,
    pub(super) value: &'a Value,
}

impl<'a> Cursor<'a> {
    pub(super) fn root(file: &'a str, value: &'a Value) -> Self {
        Self {
            file,
            path: "$".into(),
            value,
        }
    }

    pub(super) fn error(&self, problem: Problem) -> IdlError {
        IdlError {
            file: self.file.into(),
            path: self.path.clone(),
            problem: problem.into(),
        }
    }

    pub(super) fn shape(&self, expected: &'static str) -> IdlError {
        let found = match self.value {
            Value::Null => "null".into(),
            Value::Bool(_) => "a boolean".into(),
            Value::Number(n) => n.to_string(),
            Value::String(s) => format!("`{}`", shown(s)),
            Value::Array(a) => format!("a list of {}", a.len()),
            Value::Object(o) => match o.keys().next() {
                None => "an empty object".into(),
                Some(key) => format!("an object (its first key is `{}`)", shown(key)),
            },
        };
        self.error(Problem::Shape { expected, found })
    }

    /// The value under `key`; `None` if absent or null.
    pub(super) fn get(&self, key: &str) -> Option<Cursor<'a>> {
        let value = self.value.as_object()?.get(key)?;
        (!value.is_null()).then(|| Cursor {
            file: self.file,
            path: format!("{}.{key}", self.path),
            value,
        })
    }

    pub(super) fn need(&self, key: &'static str) -> Result<Cursor<'a>, IdlError> {
        if !self.value.is_object() {
            return Err(self.shape("an object"));
        }
        self.get(key)
            .ok_or_else(|| self.error(Problem::Missing(key)))
    }

    /// The type under a key that is known to be there; null is refused.
    pub(super) fn need_type(&self, key: &str) -> Result<Cursor<'a>, IdlError> {
        self.get(key).ok_or_else(|| {
            self.null(key)
                .shape("a type (a name or an object with one key)")
        })
    }

    /// The null under `key`.
    fn null(&self, key: &str) -> Cursor<'a> {
        Cursor {
            file: self.file,
            path: format!("{}.{}", self.path, shown(key)),
            value: &Value::Null,
        }
    }

    /// Elements of this list.
    pub(super) fn list(&self) -> Result<Vec<Cursor<'a>>, IdlError> {
        let items = self.value.as_array().ok_or_else(|| self.shape("a list"))?;
        Ok(items
            .iter()
            .enumerate()
            .map(|(i, value)| Cursor {
                file: self.file,
                path: format!("{}[{i}]", self.path),
                value,
            })
            .collect())
    }

    /// Elements of the list under `key`; none if the key is absent. Null is no list: it would hide what was meant.
    pub(super) fn list_of(&self, key: &str) -> Result<Vec<Cursor<'a>>, IdlError> {
        match self.value.get(key) {
            Some(Value::Null) => Err(self.null(key).shape("a list (or no such key)")),
            _ => self.list_if_any(key),
        }
    }

    /// Elements of the list under `key`; none if absent or null.
    pub(super) fn list_if_any(&self, key: &str) -> Result<Vec<Cursor<'a>>, IdlError> {
        self.get(key).map_or_else(|| Ok(Vec::new()), |c| c.list())
    }

    pub(super) fn text(&self) -> Result<&'a str, IdlError> {
        self.value.as_str().ok_or_else(|| self.shape("a string"))
    }

    /// The string under `key`, which must not be empty.
    pub(super) fn name(&self, key: &'static str) -> Result<String, IdlError> {
        let at = self.need(key)?;
        match at.value.as_str() {
            None | Some("") => Err(at.shape("a name (a string)")),
            Some(name) if name.chars().any(char::is_control) => {
                Err(at.error(Problem::Control(shown(name))))
            }
            Some(name) if name.len() > MAX_NAME => Err(at.error(Problem::Name(shown(name)))),
            Some(name) => Ok(name.into()),
        }
    }

    /// The name under `name` of a thing that has tables.
    pub(super) fn table_name(&self) -> Result<String, IdlError> {
        let name = self.name("name")?;
        let bytes = name.bytes();
        // ClickHouse writes other bytes as `%XX` in file names.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let length: usize = bytes.map(|b| if plain(b) { 1 } else { 3 }).sum();
        if length > MAX_TABLE {
            return Err(self.error(Problem::Name(shown(&name))));
        }
        Ok(name)
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, IdlError> {
        match self.get(key) {
            None => Ok(false),
            Some(at) => at.value.as_bool().ok_or_else(|| at.shape("a boolean")),
        }
    }

    /// This value as a list of byte values.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, IdlError> {
        self.list()?
            .iter()
            .map(|at| {
                let byte = at.value.as_u64().and_then(|n| u8::try_from(n).ok());
                byte.ok_or_else(|| at.shape("a byte (0 to 255)"))
            })
            .collect()
    }

    pub(super) fn pubkey(&self) -> Result<Pubkey, IdlError> {
        let text = self.text()?;
        let mut key = [0; 32];
        match five8::decode_32(text, &mut key) {
            Ok(()) => Ok(key),
            Err(_) => Err(self.error(Problem::Address(shown(text)))),
        }
    }
}
