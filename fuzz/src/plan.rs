//! Arbitrary IDLs, well-formed more often than not, compiled and run over arbitrary records.

use arbitrary::{Arbitrary, Unstructured};
use hypernode_decoder::chain::Pubkey;
use hypernode_decoder::{Decoder, Keep, idl};
use serde_json::{Value, json};

use super::shared;

const PROGRAM: Pubkey = [3; 32];
/// Bytes of rows per byte of a record and for every record, whatever the IDL is: what plans are held to, and the
/// record itself with its place.
const GROWTH: usize = 4096 + 16;
const EACH: usize = (1 << 18) + 1024;

#[derive(Debug, Arbitrary)]
struct Input {
    types: Vec<Def>,
    events: Vec<Event>,
    records: Vec<(u8, Vec<u8>)>,
}

#[derive(Debug, Arbitrary)]
struct Def {
    name: Name,
    generics: Vec<Param>,
    serialization: Option<bool>,
    body: Body,
}

#[derive(Debug, Arbitrary)]
enum Param {
    Type(Name),
    Const(Name),
}

#[derive(Debug, Arbitrary)]
enum Body {
    Struct(Fields),
    Enum(Vec<(Name, Fields)>),
    Alias(Kind),
}

#[derive(Debug, Arbitrary)]
enum Fields {
    Unit,
    Named(Vec<(Name, Kind)>),
    Tuple(Vec<Kind>),
}

#[derive(Debug, Arbitrary)]
enum Kind {
    Primitive(u8),
    Option(Box<Kind>),
    Vec(Box<Kind>),
    Array(Box<Kind>, Length),
    Defined(u8, Vec<Argument>),
    Generic(u8),
    Wrapped(u8, Box<Kind>),
}

#[derive(Debug, Arbitrary)]
enum Length {
    Small(u8),
    Any(u32),
    Generic(u8),
}

#[derive(Debug, Arbitrary)]
enum Argument {
    Type(Kind),
    Const(u16),
}

#[derive(Debug, Arbitrary)]
struct Event {
    name: Name,
    /// The type it is, by number; fields of its own if out of range.
    layout: u8,
    fields: Vec<(Name, Kind)>,
    /// A discriminator other than the usual one.
    discriminator: Option<Vec<u8>>,
}

/// A name: unusual below [`ODD`]'s length, otherwise that of its place.
#[derive(Debug, Arbitrary)]
struct Name(u8);

const ODD: [&str; 14] = [
    "",
    "a",
    "kind",
    "null",
    "slot",
    "f_slot",
    "with space",
    "quo'te",
    "back`tick",
    "back\\slash",
    "(,)",
    "ü",
    "_0",
    "A_b",
];
const PRIMITIVES: [&str; 20] = [
    "bool",
    "u8",
    "i8",
    "u16",
    "i16",
    "u32",
    "i32",
    "u64",
    "i64",
    "u128",
    "i128",
    "u256",
    "i256",
    "f32",
    "f64",
    "pubkey",
    "publicKey",
    "string",
    "bytes",
    "u7",
];
const WRAPPERS: [&str; 6] = [
    "coption", "hashMap", "bTreeMap", "hashSet", "bTreeSet", "box",
];

impl Name {
    fn at(&self, kind: char, place: usize) -> String {
        let odd = ODD.get(usize::from(self.0));
        odd.map_or_else(|| format!("{kind}{place}"), ToString::to_string)
    }
}

/// What names in scope are called.
struct Scope<'a> {
    types: &'a [String],
    generics: Vec<String>,
}

impl Scope<'_> {
    fn pick(names: &[String], index: u8) -> String {
        let known = names.get(usize::from(index)).cloned();
        known.unwrap_or_else(|| format!("X{index}"))
    }

    fn kind(&self, kind: &Kind) -> Value {
        match kind {
            Kind::Primitive(n) => PRIMITIVES[usize::from(*n) % PRIMITIVES.len()].into(),
            Kind::Option(inner) => json!({ "option": self.kind(inner) }),
            Kind::Vec(inner) => json!({ "vec": self.kind(inner) }),
            Kind::Array(inner, length) => {
                json!({ "array": [self.kind(inner), self.length(length)] })
            }
            Kind::Defined(n, arguments) if arguments.is_empty() => {
                json!({ "defined": { "name": Self::pick(self.types, *n) } })
            }
            Kind::Defined(n, arguments) => {
                let argument = |a: &Argument| match a {
                    Argument::Type(kind) => json!({ "kind": "type", "type": self.kind(kind) }),
                    Argument::Const(value) => {
                        json!({ "kind": "const", "value": value.to_string() })
                    }
                };
                let arguments: Vec<Value> = arguments.iter().map(argument).collect();
                json!({ "defined": { "name": Self::pick(self.types, *n), "generics": arguments } })
            }
            Kind::Generic(n) => json!({ "generic": Self::pick(&self.generics, *n) }),
            Kind::Wrapped(n, inner) => {
                let key = WRAPPERS[usize::from(*n) % WRAPPERS.len()];
                json!({ key: self.kind(inner) })
            }
        }
    }

    fn length(&self, length: &Length) -> Value {
        match length {
            Length::Small(n) => (*n).into(),
            Length::Any(n) => (*n).into(),
            Length::Generic(n) => json!({ "generic": Self::pick(&self.generics, *n) }),
        }
    }

    fn named(&self, fields: &[(Name, Kind)]) -> Value {
        let field = |(i, (name, kind)): (usize, &(Name, Kind))| json!({ "name": name.at('f', i), "type": self.kind(kind) });
        fields.iter().enumerate().map(field).collect()
    }

    fn fields(&self, fields: &Fields) -> Option<Value> {
        match fields {
            Fields::Unit => None,
            Fields::Named(list) => Some(self.named(list)),
            Fields::Tuple(list) => Some(list.iter().map(|kind| self.kind(kind)).collect()),
        }
    }

    fn body(&self, body: &Body) -> Value {
        match body {
            Body::Struct(fields) => match self.fields(fields) {
                Some(fields) => json!({ "kind": "struct", "fields": fields }),
                None => json!({ "kind": "struct" }),
            },
            Body::Enum(variants) => {
                let variant =
                    |(i, (name, fields)): (usize, &(Name, Fields))| match self.fields(fields) {
                        Some(fields) => json!({ "name": name.at('V', i), "fields": fields }),
                        None => json!({ "name": name.at('V', i) }),
                    };
                let variants: Vec<Value> = variants.iter().enumerate().map(variant).collect();
                json!({ "kind": "enum", "variants": variants })
            }
            Body::Alias(kind) => json!({ "kind": "type", "alias": self.kind(kind) }),
        }
    }
}

fn idl_of(input: &Input) -> Value {
    let names: Vec<String> = input
        .types
        .iter()
        .enumerate()
        .map(|(i, t)| t.name.at('T', i))
        .collect();
    let mut types = Vec::new();
    for (def, name) in input.types.iter().zip(&names) {
        let parameter = |(i, p): (usize, &Param)| match p {
            Param::Type(name) | Param::Const(name) => name.at('P', i),
        };
        let scope = Scope {
            types: &names,
            generics: def.generics.iter().enumerate().map(parameter).collect(),
        };
        let generics: Vec<Value> = def
            .generics
            .iter()
            .zip(&scope.generics)
            .map(|(p, name)| match p {
                Param::Type(_) => json!({ "kind": "type", "name": name }),
                Param::Const(_) => json!({ "kind": "const", "name": name, "type": "usize" }),
            })
            .collect();
        let mut entry = json!({ "name": name, "type": scope.body(&def.body) });
        if !generics.is_empty() {
            entry["generics"] = generics.into();
        }
        if let Some(known) = def.serialization {
            entry["serialization"] = if known {
                "bytemuck".into()
            } else {
                json!({ "custom": "x" })
            };
        }
        types.push(entry);
    }
    let scope = Scope {
        types: &names,
        generics: Vec::new(),
    };
    let event = |(i, event): (usize, &Event)| {
        let usual = vec![i as u8, 0xee];
        let discriminator = event.discriminator.clone().unwrap_or(usual);
        let mut entry = json!({ "name": event.name.at('E', i), "discriminator": discriminator });
        match names.get(usize::from(event.layout)) {
            Some(layout) => entry["name"] = layout.as_str().into(),
            None => entry["fields"] = scope.named(&event.fields),
        }
        entry
    };
    let events: Vec<Value> = input.events.iter().enumerate().map(event).collect();
    json!({
        "metadata": { "name": "fuzz", "version": "0.1.0", "spec": "0.1.0" },
        "types": types,
        "events": events,
    })
}

pub fn check(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let json = idl_of(&input).to_string();
    let Ok(parsed) = idl::parse("fuzz", "fuzz", json.as_bytes()) else {
        return;
    };
    let discriminators: Vec<Vec<u8>> = parsed
        .events()
        .iter()
        .map(|e| e.discriminator.clone())
        .collect();
    let config = shared::config("fuzz", PROGRAM, parsed);
    let Ok(decoder) = Decoder::new(vec![config], &shared::no_map(), Keep::All) else {
        return;
    };
    let records: Vec<Vec<u8>> = input
        .records
        .iter()
        .map(|(event, body)| {
            let mut record = discriminators
                .get(usize::from(*event))
                .cloned()
                .unwrap_or_default();
            record.extend_from_slice(body);
            record
        })
        .collect();
    let views: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let block = shared::block(vec![shared::logged(&PROGRAM, &views)]);
    let decoded = shared::decode(&decoder, &block, false);
    let total = decoded.stats.events + decoded.stats.dead_letters;
    assert_eq!(total as usize, records.len(), "a record is lost");
    let bytes: usize = records.iter().map(Vec::len).sum();
    let bound = shared::head_size(&decoder) + EACH * records.len() + GROWTH * bytes;
    let size = decoded.size();
    assert!(size <= bound, "{size} bytes of rows from {bytes} bytes");
}
