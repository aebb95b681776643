//! Types and type definitions, in the spelling of both formats.

use std::collections::HashMap;

use super::cursor::{Cursor, shown};
use super::error::{Errors, IdlError, Problem};
use super::generics::{Arg, Types};
use super::memory::Repr;
use super::{Body, Field, Fields, Type, Variant};

/// Lists of lists of options beyond this depth are refused, so that later walks need no care.
const MAX_NESTING: usize = 8;

/// Where a type stands: what its generic parameters mean there.
pub(super) struct Scope<'a> {
    pub(super) types: &'a mut Types,
    pub(super) args: &'a [(String, Arg)],
    /// Generic types around this one.
    pub(super) depth: usize,
    /// Path of the use that they are read for; empty outside of them.
    pub(super) used: &'a str,
    /// Where mistakes go that do not keep the rest from being read.
    pub(super) errors: &'a mut Errors,
    /// Whether there was one.
    pub(super) broken: bool,
}

impl Scope<'_> {
    /// The value, or nothing and a note of the error: what stands beside it is read all the same.
    pub(super) fn keep<T>(&mut self, result: Result<T, IdlError>) -> Option<T> {
        self.broken |= result.is_err();
        self.errors.keep(result)
    }

    pub(super) fn parse_type(&mut self, at: &Cursor<'_>) -> Result<Type, IdlError> {
        self.nested(at, 0)
    }

    fn nested(&mut self, at: &Cursor<'_>, depth: usize) -> Result<Type, IdlError> {
        if self.depth > 0 && !self.types.spend() {
            return Ok(Type::Unsupported("generic types are used too often".into()));
        }
        if depth > MAX_NESTING {
            return Err(at.error(Problem::Depth(MAX_NESTING, "option, vec and array".into())));
        }
        if let Some(name) = at.value.as_str() {
            return primitive(name).ok_or_else(|| at.error(Problem::UnknownType(shown(name))));
        }
        let Some(object) = at.value.as_object() else {
            return Err(at.shape("a type"));
        };
        let mut keys = object.keys();
        let (Some(key), None) = (keys.next(), keys.next()) else {
            return Err(at.shape("a type: an object with one key"));
        };
        let inner = at.need_type(key)?;
        let below = depth + 1;
        match key.as_str() {
            "option" => Ok(Type::Option(self.nested(&inner, below)?.into())),
            "coption" => Ok(Type::COption(self.nested(&inner, below)?.into())),
            "vec" | "hashSet" | "bTreeSet" => Ok(Type::Vec(self.nested(&inner, below)?.into())),
            "hashMap" | "bTreeMap" => self.map(&inner, below),
            "array" | "genericLenArray" => self.array(&inner, below),
            "tuple" => self.tuple(&inner, below),
            "nonzero" | "nonZero" => self.nested(&inner, below),
            "defined" => self.defined(&inner, "generics", below),
            "definedWithTypeArgs" => self.defined(&inner, "args", below),
            "generic" => match self.parameter(&inner, inner.text()?)? {
                Arg::Type(kind) => Ok(kind),
                Arg::Value(_) => Err(inner.shape("a parameter that is a type")),
                Arg::Open => Ok(Type::Unsupported("a generic parameter".into())),
            },
            other => Err(at.error(Problem::UnknownType(shown(other)))),
        }
    }

    fn map(&mut self, at: &Cursor<'_>, depth: usize) -> Result<Type, IdlError> {
        let parts = at.list()?;
        let [key, value] = parts.as_slice() else {
            return Err(at.shape("a key's type and a value's"));
        };
        let mut entry = Vec::with_capacity(2);
        for (name, kind) in [("key", key), ("value", value)] {
            let name = name.into();
            let kind = self.nested(kind, depth);
            entry.extend(self.keep(kind).map(|kind| Field { name, kind }));
        }
        Ok(Type::Vec(Type::Tuple(entry).into()))
    }

    fn tuple(&mut self, at: &Cursor<'_>, depth: usize) -> Result<Type, IdlError> {
        let mut fields = Vec::new();
        for (i, item) in at.list()?.iter().enumerate() {
            let name = format!("_{i}");
            let kind = self.nested(item, depth);
            fields.extend(self.keep(kind).map(|kind| Field { name, kind }));
        }
        Ok(Type::Tuple(fields))
    }

    fn array(&mut self, at: &Cursor<'_>, depth: usize) -> Result<Type, IdlError> {
        let parts = at.list()?;
        let [element, length] = parts.as_slice() else {
            return Err(at.shape("an element type and a length"));
        };
        let element = self.nested(element, depth)?;
        let parameter = match length.get("generic") {
            Some(name) => Some(self.parameter(&name, name.text()?)?),
            None if at.path.ends_with("genericLenArray") => {
                Some(self.parameter(length, length.text()?)?)
            }
            None => None,
        };
        let count = match parameter {
            Some(Arg::Open) => {
                return Ok(Type::Unsupported("a generic length".into()));
            }
            Some(Arg::Value(text)) => return self.length(element, length, &text),
            Some(Arg::Type(_)) => None,
            None => length.value.as_u64(),
        };
        let count = count.and_then(|n| u32::try_from(n).ok());
        let count = count.ok_or_else(|| length.shape("a length below 2^32"))?;
        Ok(Type::Array(element.into(), count))
    }

    /// An array as long as a generic argument says; a mistake in that stands where the type is used.
    fn length(&self, element: Type, at: &Cursor<'_>, text: &str) -> Result<Type, IdlError> {
        let count = number(text).and_then(|n| u32::try_from(n).ok());
        count
            .map(|count| Type::Array(element.into(), count))
            .ok_or_else(|| {
                let mut error = at.error(Problem::Length {
                    given: shown(text),
                    array: at.path.clone(),
                });
                error.path = self.used.into();
                error
            })
    }

    /// What a generic parameter stands for here.
    fn parameter(&self, at: &Cursor<'_>, name: &str) -> Result<Arg, IdlError> {
        let found = self.args.iter().find(|(n, _)| n == name);
        match found {
            Some((_, arg)) => Ok(arg.clone()),
            None => Err(at.error(Problem::UnknownParameter(shown(name)))),
        }
    }

    /// A named type, with its arguments under `list` if it is generic.
    fn defined(
        &mut self,
        at: &Cursor<'_>,
        list: &'static str,
        depth: usize,
    ) -> Result<Type, IdlError> {
        let (name, given) = match at.value.as_str() {
            Some(name) => (name.to_owned(), Vec::new()),
            None => (at.name("name")?, at.list_of(list)?),
        };
        let Some(index) = self.types.find(&name) else {
            return Err(at.error(Problem::UnknownType(shown(&name))));
        };
        let wanted = self.types.parameters(index).to_vec();
        if wanted.len() != given.len() {
            return Err(at.error(Problem::Arguments {
                name,
                wanted: wanted.len(),
                given: given.len(),
            }));
        }
        if wanted.is_empty() {
            return Ok(Type::Defined(index));
        }
        let mut args = Vec::with_capacity(given.len());
        for (item, parameter) in given.iter().zip(&wanted) {
            let arg = self.argument(item, depth)?;
            match (&arg, parameter.constant) {
                (Arg::Type(_), Some(true)) => return Err(item.shape("a constant")),
                (Arg::Value(_), Some(false)) => return Err(item.shape("a type")),
                _ => args.push(arg),
            }
        }
        let used = if self.used.is_empty() {
            &at.path
        } else {
            self.used
        };
        Ok(self.types.instantiate(index, args, self.depth, used))
    }

    /// `{kind: type, type}` or `{kind: const, value}`; the legacy format has `{type}`, `{value}`, `{generic}`.
    fn argument(&mut self, at: &Cursor<'_>, depth: usize) -> Result<Arg, IdlError> {
        if let Some(name) = at.get("generic") {
            return self.parameter(&name, name.text()?);
        }
        if let Some(value) = at.get("value") {
            let text = match value.value.as_u64() {
                Some(number) => number.to_string(),
                None => value.text()?.to_owned(),
            };
            let outer = self.args.iter().find(|(name, _)| *name == text);
            return Ok(outer.map_or(Arg::Value(text), |(_, arg)| arg.clone()));
        }
        let kind = at.need("type")?;
        // A constant that is passed on looks like a type to Anchor's generator.
        if let Some(name) = kind.get("generic").or_else(|| kind.get("defined")) {
            let name = name
                .value
                .as_str()
                .or_else(|| name.value.get("name")?.as_str());
            let outer = self.args.iter().find(|(n, _)| Some(n.as_str()) == name);
            if let Some((_, arg @ (Arg::Value(_) | Arg::Open))) = outer {
                return Ok(arg.clone());
            }
        }
        Ok(Arg::Type(self.nested(&kind, depth)?))
    }

    /// An entry of `types` (or of a legacy `accounts`): its definition, and its layout where that is not borsh's.
    pub(super) fn parse_body(&mut self, at: &Cursor<'_>) -> Result<(Body, Option<Repr>), IdlError> {
        let repr = match at.get("serialization") {
            None => None,
            Some(serialization) => match serialization.value.as_str() {
                Some("borsh") => None,
                Some("bytemuck") => Some(Repr::read(at, true)?),
                Some("bytemuckunsafe" | "bytemuckUnsafe") => Some(Repr::read(at, false)?),
                _ => {
                    let reason = "it has a serialization of its own".into();
                    return Ok((Body::Unsupported(reason), None));
                }
            },
        };
        let at = at.need("type")?;
        let kind = at.need("kind")?;
        let body = match kind.text()? {
            "struct" => Body::Struct(self.fields(&at)?),
            "enum" => Body::Enum(self.variants(&at.need("variants")?)?),
            "type" => Body::Alias(self.parse_type(&at.need("alias")?)?),
            "alias" => Body::Alias(self.parse_type(&at.need("value")?)?),
            _ => return Err(kind.shape("struct, enum, type or alias")),
        };
        Ok((body, repr))
    }

    fn variants(&mut self, at: &Cursor<'_>) -> Result<Vec<Variant>, IdlError> {
        let items = at.list()?;
        if items.is_empty() || items.len() > 256 {
            return Err(at.shape("1 to 256 variants"));
        }
        let mut seen = HashMap::new();
        let mut out: Vec<Variant> = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let name = self.unique("variant", &at.path, (i, item), &mut seen);
            let fields = self.fields(item);
            let fields = self.keep(fields);
            out.extend(
                name.zip(fields)
                    .map(|(name, fields)| Variant { name, fields }),
            );
        }
        Ok(out)
    }

    /// The list under `fields`: named (`{name, type}`), by position (types), or absent.
    pub(super) fn fields(&mut self, at: &Cursor<'_>) -> Result<Fields, IdlError> {
        let Some(at) = at.get("fields") else {
            return Ok(Fields::Unit);
        };
        let items = at.list()?;
        let Some(first) = items.first() else {
            return Ok(Fields::Unit);
        };
        // No type is an object with one of these keys.
        let keys = first.value.as_object();
        if keys.is_some_and(|keys| keys.contains_key("name") || keys.contains_key("type")) {
            Ok(Fields::Named(self.named(&at.path, &items)))
        } else {
            let mut kinds = Vec::with_capacity(items.len());
            for item in &items {
                let kind = self.parse_type(item);
                kinds.extend(self.keep(kind));
            }
            Ok(Fields::Tuple(kinds))
        }
    }

    /// A list of `{name, type}`.
    pub(super) fn named(&mut self, list: &str, items: &[Cursor<'_>]) -> Vec<Field> {
        let mut seen = HashMap::new();
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let name = self.unique("field", list, (i, item), &mut seen);
            let kind = item.need("type").and_then(|kind| self.parse_type(&kind));
            let kind = self.keep(kind);
            out.extend(name.zip(kind).map(|(name, kind)| Field { name, kind }));
        }
        out
    }

    /// The item's name, which no item of the list before it may have.
    fn unique(
        &mut self,
        what: &'static str,
        list: &str,
        (number, item): (usize, &Cursor<'_>),
        seen: &mut HashMap<String, usize>,
    ) -> Option<String> {
        let name = self.keep(item.name("name"))?;
        if what == "field" && name.contains('.') {
            self.keep::<()>(Err(item.error(Problem::Dot(shown(&name)))));
        }
        if let Some(&first) = seen.get(&name) {
            let twice = item.error(Problem::Duplicate {
                what,
                name: name.clone(),
                first: format!("{list}[{first}]"),
            });
            self.keep::<()>(Err(twice));
        } else {
            seen.insert(name.clone(), number);
        }
        Some(name)
    }
}

/// A constant as Rust spells it: `32`, `1_000`, `8usize`, `{ 4 }`.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_matches(|c: char| c == '{' || c == '}' || c.is_whitespace());
    let digits = text.trim_end_matches("usize").replace('_', "");
    digits.parse().ok()
}

fn primitive(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "u8" => Type::Unsigned(1),
        "u16" => Type::Unsigned(2),
        "u32" => Type::Unsigned(4),
        "u64" => Type::Unsigned(8),
        "u128" => Type::Unsigned(16),
        "u256" => Type::Unsigned(32),
        "i8" => Type::Signed(1),
        "i16" => Type::Signed(2),
        "i32" => Type::Signed(4),
        "i64" => Type::Signed(8),
        "i128" => Type::Signed(16),
        "i256" => Type::Signed(32),
        "f32" => Type::Float(4),
        "f64" => Type::Float(8),
        "pubkey" | "publicKey" => Type::Pubkey,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        _ => return None,
    })
}
