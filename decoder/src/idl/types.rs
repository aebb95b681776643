//! Types and type definitions, in the spelling of both formats.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::error::{IdlError, Problem};
use super::{Body, Field, Fields, Type, Variant};

/// Index of every named type, known before any definition is read.
pub(super) type Names = HashMap<String, usize>;

/// Lists of lists of options beyond this depth are refused, so that later walks need no care.
const MAX_NESTING: usize = 8;

pub(super) fn parse_type(at: &Cursor<'_>, names: &Names) -> Result<Type, IdlError> {
    nested(at, names, 0)
}

fn nested(at: &Cursor<'_>, names: &Names, depth: usize) -> Result<Type, IdlError> {
    if depth > MAX_NESTING {
        return Err(at.error(Problem::Depth(MAX_NESTING, "option, vec and array".into())));
    }
    if let Some(name) = at.value.as_str() {
        return primitive(name).ok_or_else(|| at.error(Problem::UnknownType(name.into())));
    }
    let Some(object) = at.value.as_object() else {
        return Err(at.shape("a type"));
    };
    let mut keys = object.keys();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(at.shape("a type: an object with one key"));
    };
    let inner = at.need_dyn(key)?;
    let boxed = |at: &Cursor<'_>| nested(at, names, depth + 1).map(Box::new);
    match key.as_str() {
        "option" => Ok(Type::Option(boxed(&inner)?)),
        "vec" => Ok(Type::Vec(boxed(&inner)?)),
        "array" => array(&inner, names, depth + 1),
        "defined" => defined(&inner, names),
        "generic" => Ok(Type::Unsupported(format!(
            "generic parameter at {}",
            inner.path
        ))),
        "coption" | "hashMap" | "bTreeMap" | "hashSet" | "bTreeSet" => {
            Ok(Type::Unsupported(format!("`{key}` at {}", at.path)))
        }
        other => Err(at.error(Problem::UnknownType(other.into()))),
    }
}

fn array(at: &Cursor<'_>, names: &Names, depth: usize) -> Result<Type, IdlError> {
    let parts = at.list()?;
    let [element, length] = parts.as_slice() else {
        return Err(at.shape("an element type and a length"));
    };
    let element = nested(element, names, depth)?;
    if length.value.is_object() {
        return Ok(Type::Unsupported(format!(
            "generic length at {}",
            length.path
        )));
    }
    let count = length.value.as_u64().and_then(|n| u32::try_from(n).ok());
    let count = count.ok_or_else(|| length.shape("a length below 2^32"))?;
    Ok(Type::Array(Box::new(element), count))
}

fn defined(at: &Cursor<'_>, names: &Names) -> Result<Type, IdlError> {
    let name = match at.value.as_str() {
        Some(name) => name.to_owned(),
        None => at.name("name")?,
    };
    if !at.list_of("generics")?.is_empty() {
        return Ok(Type::Unsupported(format!(
            "generic type `{name}` at {}",
            at.path
        )));
    }
    match names.get(&name) {
        Some(&index) => Ok(Type::Defined(index)),
        None => Err(at.error(Problem::UnknownType(name))),
    }
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

/// An entry of `types` (or of a legacy `accounts`): its definition.
pub(super) fn parse_body(at: &Cursor<'_>, names: &Names) -> Result<Body, IdlError> {
    if !at.list_of("generics")?.is_empty() {
        return Ok(Body::Unsupported("it is generic".into()));
    }
    if let Some(serialization) = at.get("serialization") {
        // Plain-old-data types have no padding, so their bytes are those of borsh.
        match serialization.value.as_str() {
            Some("borsh" | "bytemuck" | "bytemuckunsafe") => {}
            _ => {
                return Ok(Body::Unsupported(
                    "it has a serialization of its own".into(),
                ));
            }
        }
    }
    let at = at.need("type")?;
    let kind = at.need("kind")?;
    match kind.text()? {
        "struct" => Ok(Body::Struct(parse_fields(&at, names)?)),
        "enum" => Ok(Body::Enum(variants(&at.need("variants")?, names)?)),
        "type" => Ok(Body::Alias(parse_type(&at.need("alias")?, names)?)),
        "alias" => Ok(Body::Alias(parse_type(&at.need("value")?, names)?)),
        _ => Err(kind.shape("struct, enum, type or alias")),
    }
}

fn variants(at: &Cursor<'_>, names: &Names) -> Result<Vec<Variant>, IdlError> {
    let items = at.list()?;
    if items.is_empty() || items.len() > 256 {
        return Err(at.shape("1 to 256 variants"));
    }
    let mut out: Vec<Variant> = Vec::with_capacity(items.len());
    for item in &items {
        let name = item.name("name")?;
        if let Some(first) = out.iter().position(|v| v.name == name) {
            return Err(item.error(Problem::Duplicate {
                what: "variant",
                name,
                first: format!("{}[{first}]", at.path),
            }));
        }
        let fields = parse_fields(item, names)?;
        out.push(Variant { name, fields });
    }
    Ok(out)
}

/// The list under `fields`: named (`{name, type}`), by position (types), or absent.
pub(super) fn parse_fields(at: &Cursor<'_>, names: &Names) -> Result<Fields, IdlError> {
    let Some(at) = at.get("fields") else {
        return Ok(Fields::Unit);
    };
    let items = at.list()?;
    let Some(first) = items.first() else {
        return Ok(Fields::Unit);
    };
    if first.get("name").is_some() && first.get("type").is_some() {
        Ok(Fields::Named(named(&at, &items, names)?))
    } else {
        let kinds: Result<_, _> = items.iter().map(|item| parse_type(item, names)).collect();
        Ok(Fields::Tuple(kinds?))
    }
}

/// A list of `{name, type}`.
pub(super) fn named(
    at: &Cursor<'_>,
    items: &[Cursor<'_>],
    names: &Names,
) -> Result<Vec<Field>, IdlError> {
    let mut seen = HashMap::new();
    let mut out = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        let name = item.name("name")?;
        if let Some(first) = seen.insert(name.clone(), i) {
            return Err(item.error(Problem::Duplicate {
                what: "field",
                name,
                first: format!("{}[{first}]", at.path),
            }));
        }
        let kind = parse_type(&item.need("type")?, names)?;
        out.push(Field { name, kind });
    }
    Ok(out)
}
