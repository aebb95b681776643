//! Anchor's types of the generated IDLs, and how each becomes a neutral value.
#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    non_snake_case,
    non_camel_case_types,
    clippy::all,
    reason = "generated code"
)]

use hypernode_decoder_differential::value::Value;

use crate::case::{Case, Tree};

macro_rules! programs {
    ($($name:ident),*) => {
        use anchor_lang::{self, declare_program};
        $(declare_program!($name);)*
    };
}

macro_rules! structure {
    ({$($bound:tt)*} $kind:ty : $($field:tt),*) => {
        impl<$($bound)*> Tree for $kind {
            fn tree(&self) -> Value {
                Value::Struct(vec![$(self.$field.tree()),*])
            }
        }
    };
}

macro_rules! enumeration {
    ({$($bound:tt)*} $kind:ty : $($variant:ident { $($field:tt : $name:ident),* })*) => {
        impl<$($bound)*> Tree for $kind {
            fn tree(&self) -> Value {
                match self {
                    $(Self::$variant { $($field: $name),* } => {
                        Value::Variant(stringify!($variant).into(), vec![$($name.tree()),*])
                    })*
                }
            }
        }
    };
}

include!(concat!(env!("CARGO_MANIFEST_DIR"), "/idls/glue.rs"));
