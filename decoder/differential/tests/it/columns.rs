//! From columns, as the contract lays types out, to neutral values.

use hypernode_decoder_differential::model::{Arg, Body, Fields, Idl, Kind};
use hypernode_decoder_differential::value::Value;

use crate::native::V;

/// The value of a type from its column.
pub(crate) fn value(idl: &Idl, kind: &Kind, column: &V) -> Value {
    let kind = idl.resolve(kind);
    match (&kind, column) {
        _ if unit(idl, &kind) => {
            assert_eq!(column, &V::Fixed(vec![0]), "{kind:?}");
            sizeless(idl, &kind)
        }
        (Kind::Float(_), V::Fixed(bytes)) => Value::Float(bytes.clone()),
        (Kind::Bool | Kind::Int { .. } | Kind::Pubkey, V::Fixed(bytes)) => {
            Value::Number(bytes.clone())
        }
        (Kind::Text, V::Text(text)) => Value::Text(text.clone()),
        (Kind::Bytes, V::Text(bytes)) | (Kind::Array(..), V::Fixed(bytes)) => {
            Value::List(bytes.iter().map(|b| Value::Number(vec![*b])).collect())
        }
        (Kind::Option(inner), _) => Value::Option(member(idl, inner, column).map(Box::new)),
        (Kind::Vec(inner), V::List(items)) => {
            Value::List(items.iter().map(|item| value(idl, inner, item)).collect())
        }
        (Kind::Array(inner, length), V::List(items)) => {
            assert_eq!(items.len(), length.value());
            Value::List(items.iter().map(|item| value(idl, inner, item)).collect())
        }
        (Kind::Defined(index, args), _) => defined(idl, &idl.types[*index].body, args, column),
        _ => panic!("{kind:?} as {column:?}"),
    }
}

/// Whether the column of a type without bytes is a single 0: a structure with fields is a tuple of such.
fn unit(idl: &Idl, kind: &Kind) -> bool {
    let fields = match kind {
        Kind::Defined(index, _) => match &idl.types[*index].body {
            Body::Struct(fields) => fields.kinds().count(),
            _ => 0,
        },
        _ => 0,
    };
    fields == 0 && idl.sizeless(kind)
}

/// A value that may be absent: a null, or a list of zero or one.
fn member(idl: &Idl, kind: &Kind, column: &V) -> Option<Value> {
    match column {
        V::Null => None,
        V::List(items) if items.is_empty() => None,
        V::List(items) => {
            assert_eq!(items.len(), 1);
            Some(value(idl, kind, &items[0]))
        }
        plain => Some(value(idl, kind, plain)),
    }
}

fn defined(idl: &Idl, body: &Body, args: &[Arg], column: &V) -> Value {
    let kinds = |fields: &Fields| -> Vec<Kind> { fields.kinds().map(|k| k.bind(args)).collect() };
    match (body, column) {
        (Body::Struct(fields), V::List(parts)) => {
            let kinds = kinds(fields);
            assert_eq!(kinds.len(), parts.len());
            let values = kinds.iter().zip(parts);
            Value::Struct(values.map(|(kind, part)| value(idl, kind, part)).collect())
        }
        (Body::Enum(_), V::Name(name)) => Value::Variant(name.clone(), Vec::new()),
        (Body::Enum(variants), V::List(parts)) => {
            let (V::Name(chosen), mut parts) = (&parts[0], parts[1..].iter()) else {
                panic!("{parts:?}")
            };
            let mut values = Vec::new();
            for (name, fields) in variants {
                for kind in kinds(fields) {
                    let value = member(idl, &kind, parts.next().expect("member"));
                    assert_eq!(value.is_some(), name == chosen, "{name} beside {chosen}");
                    values.extend(value);
                }
            }
            assert!(parts.next().is_none());
            Value::Variant(chosen.clone(), values)
        }
        _ => panic!("{body:?} as {column:?}"),
    }
}

/// The one value of a type without bytes.
fn sizeless(idl: &Idl, kind: &Kind) -> Value {
    match idl.resolve(kind) {
        Kind::Array(inner, length) => {
            Value::List(vec![sizeless_or_none(idl, &inner); length.value()])
        }
        Kind::Defined(index, args) => match &idl.types[index].body {
            Body::Struct(fields) => Value::Struct(
                fields
                    .kinds()
                    .map(|k| sizeless(idl, &k.bind(&args)))
                    .collect(),
            ),
            other => panic!("{other:?} has bytes"),
        },
        other => panic!("{other:?} has bytes"),
    }
}

/// Elements of an array of none are of any type.
fn sizeless_or_none(idl: &Idl, kind: &Kind) -> Value {
    if idl.sizeless(kind) {
        sizeless(idl, kind)
    } else {
        Value::Struct(Vec::new())
    }
}

/// Columns of fields: those of the given names get `f_` until they are free.
pub(crate) fn names(fields: &[String], taken: &[&str]) -> Vec<String> {
    let mut used: Vec<String> = taken.iter().map(ToString::to_string).collect();
    for field in fields {
        let mut name = field.clone();
        while used.contains(&name) {
            name.insert_str(0, "f_");
        }
        used.push(name);
    }
    used.split_off(taken.len())
}
