//! JSON text as a tree, refusing what the tree would hide: a key that an object has twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

use super::cursor::shown;
use super::error::{Errors, IdlError, Problem};

/// What some editors write before UTF-8 text.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// JSON text as a tree that hides nothing; `None` if it is no JSON, or an object has a key twice.
#[must_use]
pub fn tree(json: &[u8]) -> Option<Value> {
    let mut errors = Errors::default();
    let value = read("", json, &mut errors).ok()?;
    errors.into_list().is_empty().then_some(value)
}

/// Reads the text; keys that stand twice are mistakes in `errors`, text that is no JSON is the error.
pub(super) fn read(file: &str, json: &[u8], errors: &mut Errors) -> Result<Value, IdlError> {
    let broken = |why: String| IdlError {
        file: file.into(),
        path: "$".into(),
        problem: Problem::Json(why).into(),
    };
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = json {
        return Err(broken("it is UTF-16 text; save it as UTF-8".into()));
    }
    let mut path = String::from("$");
    let mut text = serde_json::Deserializer::from_slice(json.strip_prefix(BOM).unwrap_or(json));
    let reading = Reading {
        file,
        path: &mut path,
        errors,
    };
    let value = reading.deserialize(&mut text);
    let value = value.and_then(|value| text.end().map(|()| value));
    value.map_err(|error| broken(error.to_string()))
}

/// The tree with sorted keys and no white space, and its SHA-256.
pub(super) fn canonical(value: &Value) -> (String, [u8; 32]) {
    let mut text = String::new();
    write(value, &mut text);
    let hash = Sha256::digest(text.as_bytes()).into();
    (text, hash)
}

/// The text that is hashed. The tree is no deeper than the reader allows.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (n, (key, member)) in members.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
        leaf => out.push_str(&leaf.to_string()),
    }
}

/// A value at `path`.
struct Reading<'a> {
    file: &'a str,
    path: &'a mut String,
    errors: &'a mut Errors,
}

impl Reading<'_> {
    fn below(&mut self) -> Reading<'_> {
        Reading {
            file: self.file,
            path: self.path,
            errors: self.errors,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut from: A) -> Result<Value, A::Error> {
        let length = self.path.len();
        let mut list = Vec::new();
        loop {
            self.path.push_str(&format!("[{}]", list.len()));
            let item = from.next_element_seed(self.below())?;
            self.path.truncate(length);
            match item {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut from: A) -> Result<Value, A::Error> {
        let length = self.path.len();
        let mut map = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if map.contains_key(&key) {
                self.errors.push_with(|| IdlError {
                    file: self.file.into(),
                    path: self.path.clone(),
                    problem: Problem::Twice(shown(&key)).into(),
                });
            }
            self.path.push('.');
            self.path.push_str(&shown(&key));
            let value = from.next_value_seed(self.below())?;
            self.path.truncate(length);
            map.insert(key, value);
        }
        Ok(map.into())
    }
}
