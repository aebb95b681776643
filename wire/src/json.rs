//! Reads a stranger's JSON into a tree whose size is bounded by the frame's.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::FrameError;
use crate::limits::most;
use crate::surrogates;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads a frame. A byte order mark and space around it are ignored, bytes that are not UTF-8 are replaced, of equal keys
/// the last counts.
pub(crate) fn read(bytes: &[u8], most_bytes: usize) -> Result<Value, FrameError> {
    if bytes.len() > most_bytes {
        return Err(FrameError::TooLong {
            bytes: bytes.len(),
            most: most_bytes,
        });
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let read = tree(text).or_else(|error| match surrogates::repaired(text) {
        Some(repaired) => tree(&repaired),
        None => Err(error),
    });
    read.map_err(|error| FrameError::Malformed(error.to_string()))
}

/// The object in a frame.
pub(crate) fn object(bytes: &[u8], most_bytes: usize) -> Result<Map<String, Value>, FrameError> {
    match read(bytes, most_bytes)? {
        Value::Object(fields) => Ok(fields),
        Value::Null => Err(FrameError::Malformed("null".into())),
        // As in the reference server: whatever else is JSON has no `type`.
        _ => Err(FrameError::UnknownType(String::new())),
    }
}

fn tree(text: &str) -> Result<Value, serde_json::Error> {
    let left = Cell::new(most::VALUES);
    let mut reader = serde_json::Deserializer::from_str(text);
    let seed = Tree {
        left: &left,
        depth: most::DEPTH,
    };
    let value = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// What may still be read.
#[derive(Clone, Copy)]
struct Tree<'a> {
    left: &'a Cell<usize>,
    depth: usize,
}

impl Tree<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(E::custom("too deeply nested")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(D::Error::custom("too many values")),
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut fields = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inside)?;
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}
