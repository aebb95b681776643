//! The model as an IDL file of spec 0.1.0.

use serde_json::{Value, json};

use crate::model::{Arg, Body, Def, Entry, Fields, Idl, Kind, Length, Param};

pub(crate) fn idl(idl: &Idl) -> Value {
    let entry =
        |e: &Entry| json!({ "name": idl.types[e.layout].name, "discriminator": e.discriminator });
    let call = |c: &crate::model::Call| {
        let account = |(name, optional): &(String, bool)| {
            if *optional {
                json!({ "name": name, "optional": true })
            } else {
                json!({ "name": name })
            }
        };
        json!({
            "name": c.name,
            "discriminator": c.discriminator,
            "accounts": c.accounts.iter().map(account).collect::<Vec<_>>(),
            "args": named(idl, &c.args),
        })
    };
    json!({
        "address": bs58::encode(idl.address).into_string(),
        "metadata": { "name": idl.name, "version": "0.1.0", "spec": "0.1.0" },
        "instructions": idl.instructions.iter().map(call).collect::<Vec<_>>(),
        "accounts": idl.accounts.iter().map(entry).collect::<Vec<_>>(),
        "events": idl.events.iter().map(entry).collect::<Vec<_>>(),
        "types": idl.types.iter().map(|def| type_def(idl, def)).collect::<Vec<_>>(),
    })
}

/// Name of a parameter: `T0`, `N1`.
pub(crate) fn param(index: usize, param: Param) -> String {
    match param {
        Param::Type => format!("T{index}"),
        Param::Const => format!("N{index}"),
    }
}

fn type_def(idl: &Idl, def: &Def) -> Value {
    let body = match &def.body {
        Body::Struct(list) => match fields(idl, list) {
            Some(list) => json!({ "kind": "struct", "fields": list }),
            None => json!({ "kind": "struct" }),
        },
        Body::Enum(variants) => {
            let variant = |(name, list): &(String, Fields)| match fields(idl, list) {
                Some(list) => json!({ "name": name, "fields": list }),
                None => json!({ "name": name }),
            };
            json!({ "kind": "enum", "variants": variants.iter().map(variant).collect::<Vec<_>>() })
        }
        Body::Alias(target) => json!({ "kind": "type", "alias": kind(idl, target) }),
    };
    let mut entry = json!({ "name": def.name, "type": body });
    if !def.params.is_empty() {
        let generic = |(i, p): (usize, &Param)| match p {
            Param::Type => json!({ "kind": "type", "name": param(i, *p) }),
            Param::Const => json!({ "kind": "const", "name": param(i, *p), "type": "usize" }),
        };
        entry["generics"] = def.params.iter().enumerate().map(generic).collect();
    }
    entry
}

fn named(idl: &Idl, list: &[(String, Kind)]) -> Value {
    let field = |(name, k): &(String, Kind)| json!({ "name": name, "type": kind(idl, k) });
    list.iter().map(field).collect()
}

fn fields(idl: &Idl, fields: &Fields) -> Option<Value> {
    match fields {
        Fields::Unit => None,
        Fields::Named(list) => Some(named(idl, list)),
        Fields::Tuple(list) => Some(list.iter().map(|k| kind(idl, k)).collect()),
    }
}

fn kind(idl: &Idl, k: &Kind) -> Value {
    match k {
        Kind::Bool => "bool".into(),
        Kind::Int { signed, bytes } => {
            format!("{}{}", if *signed { 'i' } else { 'u' }, bytes * 8).into()
        }
        Kind::Float(bytes) => format!("f{}", bytes * 8).into(),
        Kind::Pubkey => "pubkey".into(),
        Kind::Text => "string".into(),
        Kind::Bytes => "bytes".into(),
        Kind::Option(inner) => json!({ "option": kind(idl, inner) }),
        Kind::Vec(inner) => json!({ "vec": kind(idl, inner) }),
        Kind::Array(inner, Length::Fixed(n)) => json!({ "array": [kind(idl, inner), n] }),
        Kind::Array(inner, Length::Param(i)) => {
            json!({ "array": [kind(idl, inner), { "generic": param(*i, Param::Const) }] })
        }
        Kind::Param(i) => json!({ "generic": param(*i, Param::Type) }),
        Kind::Defined(index, args) => {
            let mut defined = json!({ "name": idl.types[*index].name });
            if !args.is_empty() {
                let arg = |arg: &Arg| match arg {
                    Arg::Type(k) => json!({ "kind": "type", "type": kind(idl, k) }),
                    Arg::Const(n) => json!({ "kind": "const", "value": n.to_string() }),
                };
                defined["generics"] = args.iter().map(arg).collect();
            }
            json!({ "defined": defined })
        }
    }
}
