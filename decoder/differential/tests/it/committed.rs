//! The committed files are the generator's, and hold every kind of type.

use std::collections::BTreeSet;

use hypernode_decoder_differential::files;
use hypernode_decoder_differential::model::{Body, Fields, Idl, Kind, Length};

#[test]
fn the_committed_files_are_what_the_generator_makes() {
    let (seed, count) = files::committed().expect("SEED");
    assert!(count >= 24, "{count} IDLs are too few");
    let mut names = BTreeSet::new();
    for (name, text) in files::texts(seed, count) {
        let committed = std::fs::read_to_string(files::directory().join(&name)).expect("file");
        assert!(
            committed == text,
            "{name} differs: run the example `generate`"
        );
        names.insert(name);
    }
    let found = std::fs::read_dir(files::directory()).expect("idls");
    let found = found.map(|f| f.expect("file").file_name().into_string().expect("name"));
    assert_eq!(found.collect::<BTreeSet<_>>(), names);
}

#[test]
fn every_kind_of_type_is_in_the_committed_files() {
    let (seed, count) = files::committed().expect("SEED");
    let mut seen = BTreeSet::new();
    for idl in files::idls(seed, count) {
        note_idl(&idl, &mut seen);
    }
    for want in [
        "bool",
        "i1",
        "i2",
        "i4",
        "i8",
        "i16",
        "u1",
        "u2",
        "u4",
        "u8",
        "u16",
        "f4",
        "f8",
        "pubkey",
        "string",
        "bytes",
        "option",
        "vec",
        "array",
        "array 0",
        "array N",
        "defined",
        "defined<>",
        "parameter",
        "struct",
        "tuple",
        "unit",
        "enum",
        "enum of units",
        "enum of 129 or more",
        "variant {}",
        "variant ()",
        "alias",
        "event enum",
        "event tuple",
        "discriminator of 8",
        "discriminator of 1",
        "discriminator of 16",
    ] {
        assert!(seen.contains(want), "no {want}: take another seed");
    }
}

fn note_idl(idl: &Idl, seen: &mut BTreeSet<String>) {
    for def in &idl.types {
        match &def.body {
            Body::Alias(kind) => {
                seen.insert("alias".into());
                note(kind, seen);
            }
            Body::Struct(fields) => {
                let name = match fields {
                    Fields::Unit => "unit",
                    Fields::Named(_) => "struct",
                    Fields::Tuple(_) => "tuple",
                };
                seen.insert(name.into());
                fields.kinds().for_each(|k| note(k, seen));
            }
            Body::Enum(variants) => {
                seen.insert("enum".into());
                if variants.len() > 128 {
                    seen.insert("enum of 129 or more".into());
                }
                if variants.iter().all(|(_, f)| matches!(f, Fields::Unit)) {
                    seen.insert("enum of units".into());
                }
                for (_, fields) in variants {
                    match fields {
                        Fields::Unit => false,
                        Fields::Named(_) => seen.insert("variant {}".into()),
                        Fields::Tuple(_) => seen.insert("variant ()".into()),
                    };
                    fields.kinds().for_each(|k| note(k, seen));
                }
            }
        }
    }
    for event in &idl.events {
        seen.insert(format!("discriminator of {}", event.discriminator.len()));
        match idl.types[event.layout].body {
            Body::Enum(_) => seen.insert("event enum".into()),
            Body::Struct(Fields::Tuple(_)) => seen.insert("event tuple".into()),
            _ => false,
        };
    }
}

fn note(kind: &Kind, seen: &mut BTreeSet<String>) {
    let name = match kind {
        Kind::Bool => "bool".into(),
        Kind::Int { signed, bytes } => format!("{}{bytes}", if *signed { 'i' } else { 'u' }),
        Kind::Float(bytes) => format!("f{bytes}"),
        Kind::Pubkey => "pubkey".into(),
        Kind::Text => "string".into(),
        Kind::Bytes => "bytes".into(),
        Kind::Option(inner) => {
            note(inner, seen);
            "option".into()
        }
        Kind::Vec(inner) => {
            note(inner, seen);
            "vec".into()
        }
        Kind::Array(inner, length) => {
            note(inner, seen);
            match length {
                Length::Fixed(0) => "array 0".into(),
                Length::Fixed(_) => "array".into(),
                Length::Param(_) => "array N".into(),
            }
        }
        Kind::Defined(_, args) if args.is_empty() => "defined".into(),
        Kind::Defined(..) => "defined<>".into(),
        Kind::Param(_) => "parameter".into(),
    };
    seen.insert(name);
}
