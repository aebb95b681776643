//! One of Anchor's types to compare with, and values of its parts.

use anchor_lang::prelude::Pubkey;
use anchor_lang::{AnchorDeserialize, AnchorSerialize, Discriminator};
use hypernode_decoder_differential::value::Value;

/// A value that Anchor's types hold.
pub(crate) trait Tree {
    fn tree(&self) -> Value;
}

/// What Anchor makes of bytes.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) value: Value,
    /// The value written again.
    pub(crate) bytes: Vec<u8>,
    /// Bytes that follow it.
    pub(crate) rest: usize,
}

/// An event, account kind or instruction.
pub(crate) struct Case {
    pub(crate) program: &'static str,
    pub(crate) name: &'static str,
    pub(crate) discriminator: &'static [u8],
    /// Reads what follows the discriminator; `None` where Anchor refuses it.
    pub(crate) read: fn(&[u8]) -> Option<Read>,
}

impl Case {
    pub(crate) fn of<T: Tree + AnchorDeserialize + AnchorSerialize + Discriminator>(
        program: &'static str,
        name: &'static str,
    ) -> Self {
        Self {
            program,
            name,
            discriminator: T::DISCRIMINATOR,
            read: |mut bytes| {
                let value = T::deserialize(&mut bytes).ok()?;
                let mut again = Vec::new();
                value.serialize(&mut again).expect("a value that was read");
                Some(Read {
                    value: value.tree(),
                    bytes: again,
                    rest: bytes.len(),
                })
            },
        }
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Tree for $number {
            fn tree(&self) -> Value {
                Value::Number(self.to_le_bytes().to_vec())
            }
        }
    )*};
}
numbers!(u8, i8, u16, i16, u32, i32, u64, i64, u128, i128);

macro_rules! floats {
    ($($number:ty),*) => {$(
        impl Tree for $number {
            fn tree(&self) -> Value {
                Value::Float(self.to_le_bytes().to_vec())
            }
        }
    )*};
}
floats!(f32, f64);

impl Tree for bool {
    fn tree(&self) -> Value {
        Value::Number(vec![u8::from(*self)])
    }
}

impl Tree for Pubkey {
    fn tree(&self) -> Value {
        Value::Number(self.to_bytes().to_vec())
    }
}

impl Tree for String {
    fn tree(&self) -> Value {
        Value::Text(self.clone().into_bytes())
    }
}

impl<T: Tree> Tree for Option<T> {
    fn tree(&self) -> Value {
        Value::Option(self.as_ref().map(|v| v.tree().into()))
    }
}

impl<T: Tree> Tree for Vec<T> {
    fn tree(&self) -> Value {
        Value::List(self.iter().map(Tree::tree).collect())
    }
}

impl<T: Tree, const N: usize> Tree for [T; N] {
    fn tree(&self) -> Value {
        Value::List(self.iter().map(Tree::tree).collect())
    }
}
