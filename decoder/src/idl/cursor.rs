//! A place in a JSON document that knows its own path, so that every complaint can name it.

use serde_json::Value;

use super::error::{IdlError, Problem};
use crate::chain::Pubkey;

/// Bytes of a name: columns are called so.
const MAX_NAME: usize = 200;
/// Bytes that a table's part of a file name may have: with prefix, label and version it stays below 255.
const MAX_TABLE: usize = 120;

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
            Value::String(s) => format!("`{}`", s.chars().take(64).collect::<String>()),
            Value::Array(a) => format!("a list of {}", a.len()),
            Value::Object(_) => "an object".into(),
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

    /// The value under a key that is known to be there; null is refused.
    pub(super) fn need_dyn(&self, key: &str) -> Result<Cursor<'a>, IdlError> {
        self.get(key).ok_or_else(|| self.shape("a type, not null"))
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

    /// Elements of the list under `key`; none if absent.
    pub(super) fn list_of(&self, key: &str) -> Result<Vec<Cursor<'a>>, IdlError> {
        self.get(key).map_or_else(|| Ok(Vec::new()), |c| c.list())
    }

    pub(super) fn text(&self) -> Result<&'a str, IdlError> {
        self.value.as_str().ok_or_else(|| self.shape("a string"))
    }

    /// The string under `key`, which must not be empty.
    pub(super) fn name(&self, key: &'static str) -> Result<String, IdlError> {
        let at = self.need(key)?;
        match at.text()? {
            "" => Err(at.shape("a name")),
            name if name.len() > MAX_NAME || name.chars().any(char::is_control) => {
                let start = name.chars().take(64).filter(|c| !c.is_control());
                Err(at.error(Problem::Name(start.collect())))
            }
            name => Ok(name.into()),
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
            let start = name.chars().take(64).collect();
            return Err(self.error(Problem::Name(start)));
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
            Err(_) => Err(self.error(Problem::Address(text.into()))),
        }
    }
}
