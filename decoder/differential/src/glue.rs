//! Rust code over Anchor's generated types: how each becomes a [`crate::value::Value`], and the lists of what
//! to compare. The macros that it calls are in the tests.

use std::fmt::Write as _;

use crate::json::param;
use crate::model::{Body, Def, Fields, Idl, Param};

pub(crate) fn code(idls: &[Idl]) -> String {
    let mut out = String::from("// Written by the example `generate`. Do not edit.\n\n");
    let names: Vec<&str> = idls.iter().map(|idl| idl.name.as_str()).collect();
    let _ = writeln!(out, "programs!({});\n", names.join(", "));
    for idl in idls {
        for (index, def) in idl.types.iter().enumerate() {
            type_code(idl, index, def, &mut out);
        }
    }
    list(&mut out, "events", idls, |idl| {
        idl.events
            .iter()
            .map(|e| {
                (
                    format!("events::{}", idl.types[e.layout].name),
                    idl.types[e.layout].name.clone(),
                )
            })
            .collect()
    });
    list(&mut out, "accounts", idls, |idl| {
        idl.accounts
            .iter()
            .map(|a| {
                (
                    format!("accounts::{}", idl.types[a.layout].name),
                    idl.types[a.layout].name.clone(),
                )
            })
            .collect()
    });
    list(&mut out, "instructions", idls, |idl| {
        idl.instructions
            .iter()
            .map(|c| (format!("client::args::{}", camel(&c.name)), c.name.clone()))
            .collect()
    });
    for call in idls
        .iter()
        .flat_map(|idl| idl.instructions.iter().map(move |c| (idl, c)))
    {
        let (idl, call) = call;
        let fields: Vec<&str> = call.args.iter().map(|(name, _)| name.as_str()).collect();
        let _ = writeln!(
            out,
            "structure!({{}} {}::client::args::{}: {});",
            idl.name,
            camel(&call.name),
            fields.join(", ")
        );
    }
    out
}

type Paths = Vec<(String, String)>;

fn list(out: &mut String, what: &str, idls: &[Idl], paths: impl Fn(&Idl) -> Paths) {
    let _ = writeln!(out, "\npub(crate) fn {what}() -> Vec<Case> {{\n    vec![");
    for idl in idls {
        for (path, name) in paths(idl) {
            let _ = writeln!(
                out,
                "        Case::of::<{}::{path}>(\"{}\", \"{name}\"),",
                idl.name, idl.name
            );
        }
    }
    out.push_str("    ]\n}\n\n");
}

fn type_code(idl: &Idl, index: usize, def: &Def, out: &mut String) {
    let of = |entries: &[crate::model::Entry]| entries.iter().any(|e| e.layout == index);
    let module = match () {
        () if of(&idl.events) => "events",
        () if of(&idl.accounts) => "accounts",
        () => "types",
    };
    let path = format!("{}::{module}::{}", idl.name, def.name);
    let names: Vec<String> = def
        .params
        .iter()
        .enumerate()
        .map(|(i, p)| param(i, *p))
        .collect();
    let bounds: Vec<String> = def
        .params
        .iter()
        .zip(&names)
        .map(|(p, name)| match p {
            Param::Type => format!("{name}: Tree"),
            Param::Const => format!("const {name}: usize"),
        })
        .collect();
    let arguments = if names.is_empty() {
        String::new()
    } else {
        format!("<{}>", names.join(", "))
    };
    let bounds = bounds.join(", ");
    match &def.body {
        Body::Alias(_) => {}
        Body::Struct(fields) => {
            let _ = writeln!(
                out,
                "structure!({{{bounds}}} {path}{arguments}: {});",
                members(fields).join(", ")
            );
        }
        Body::Enum(variants) => {
            let variant = |(name, fields): &(String, Fields)| {
                let bind = |(i, member): (usize, String)| format!("{member}: m{i}");
                let binds: Vec<String> =
                    members(fields).into_iter().enumerate().map(bind).collect();
                format!("{name} {{ {} }}", binds.join(", "))
            };
            let variants: Vec<String> = variants.iter().map(variant).collect();
            let _ = writeln!(
                out,
                "enumeration!({{{bounds}}} {path}{arguments}: {});",
                variants.join(" ")
            );
        }
    }
}

fn members(fields: &Fields) -> Vec<String> {
    match fields {
        Fields::Unit => Vec::new(),
        Fields::Named(list) => list.iter().map(|(name, _)| name.clone()).collect(),
        Fields::Tuple(list) => (0..list.len()).map(|i| i.to_string()).collect(),
    }
}

/// `swap_v2` to `SwapV2`, for the names that the generator uses.
fn camel(snake: &str) -> String {
    let word = |w: &str| {
        let mut chars = w.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    snake.split('_').map(word).collect()
}
