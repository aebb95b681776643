//! Anchor IDLs: the legacy format (before 0.30) and spec 0.1.0 read into one model.

mod check;
mod cursor;
mod error;
mod fix;
mod generics;
mod items;
mod json;
mod layouts;
mod memory;
mod names;
pub mod onchain;
mod parse;
mod types;

use crate::chain::Pubkey;

pub use error::{IdlError, Problem};
pub use json::tree;
pub use layouts::{check, notices};
pub use parse::parse;

/// A program's interface, whichever format it was written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idl {
    pub(crate) label: String,
    pub(crate) origin: String,
    pub(crate) name: String,
    pub(crate) address: Option<Pubkey>,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) events: Vec<Event>,
    pub(crate) types: Vec<TypeDef>,
    pub(crate) errors: Vec<ErrorCode>,
    pub(crate) hash: [u8; 32],
    pub(crate) text: std::sync::Arc<str>,
}

impl Idl {
    /// Label under which its tables are named (the file name without its ending).
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// SHA-256 of its JSON with sorted keys and no white space: equal for equal IDLs, however a file writes them.
    #[must_use]
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// That JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it was read from, for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The program's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Program id that the file states, if any.
    #[must_use]
    pub fn address(&self) -> Option<Pubkey> {
        self.address
    }

    /// Instructions in file order.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Account kinds in file order.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Events in file order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Named types; [`Type::Defined`] indexes them.
    #[must_use]
    pub fn types(&self) -> &[TypeDef] {
        &self.types
    }

    /// Error codes in file order.
    #[must_use]
    pub fn errors(&self) -> &[ErrorCode] {
        &self.errors
    }
}

/// An instruction: how it is recognised and what its accounts are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Name as the file writes it.
    pub name: String,
    /// First bytes of its data (8 in Anchor unless overridden).
    pub discriminator: Vec<u8>,
    /// Accounts in order; nested groups are flattened.
    pub accounts: Vec<InstructionAccount>,
    /// Arguments in order.
    pub args: Vec<Field>,
}

/// One account of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstructionAccount {
    /// Name as the file writes it.
    pub name: String,
    /// Whether the program id in its place means "none".
    pub optional: bool,
}

/// An account kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Name, also the name of its type.
    pub name: String,
    /// First bytes of the account's data.
    pub discriminator: Vec<u8>,
    /// Its layout, an index into [`Idl::types`].
    pub layout: usize,
}

/// An event kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Name as the file writes it.
    pub name: String,
    /// First bytes of the record.
    pub discriminator: Vec<u8>,
    /// What follows the discriminator.
    pub body: Body,
    /// JSON path of the event.
    pub(crate) path: String,
}

/// An error code that the program can return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCode {
    /// Custom error number.
    pub code: u32,
    /// Name.
    pub name: String,
    /// Text, if any.
    pub message: Option<String>,
}

/// A named type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeDef {
    /// Name, unique in the file.
    pub name: String,
    /// Its definition.
    pub body: Body,
    /// JSON path of the definition.
    pub(crate) path: String,
    /// Its place in memory, where it is written as it lies there.
    repr: Option<memory::Repr>,
}

/// A named field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// Name as the file writes it.
    pub name: String,
    /// Its type.
    pub kind: Type,
}

/// Fields of a struct or of an enum variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// No fields.
    Unit,
    /// Fields with names.
    Named(Vec<Field>),
    /// Fields by position.
    Tuple(Vec<Type>),
}

impl Fields {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Unit => true,
            Self::Named(list) => list.is_empty(),
            Self::Tuple(list) => list.is_empty(),
        }
    }
}

/// Definition of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A struct.
    Struct(Fields),
    /// An enum; borsh writes the variant's index in one byte.
    Enum(Vec<Variant>),
    /// Another name for a type.
    Alias(Type),
    /// A definition that this version cannot lay out (reason); harmless unless an event reaches it.
    Unsupported(String),
}

/// An enum variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Name as the file writes it.
    pub name: String,
    /// Its data.
    pub fields: Fields,
}

/// A type as borsh lays it out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// One byte, 0 or 1.
    Bool,
    /// Unsigned integer of that many bytes (1 to 32), little-endian.
    Unsigned(u8),
    /// Signed integer of that many bytes (1 to 32), little-endian.
    Signed(u8),
    /// Floating point number of that many bytes (4 or 8).
    Float(u8),
    /// 32 bytes.
    Pubkey,
    /// Length in four bytes, then UTF-8.
    String,
    /// Length in four bytes, then bytes.
    Bytes,
    /// One byte 0 or 1, then the value if 1.
    Option(Box<Type>),
    /// Length in four bytes, then elements.
    Vec(Box<Type>),
    /// So many elements.
    Array(Box<Type>, u32),
    /// Values one after the other: a tuple, or the entry of a map.
    Tuple(Vec<Field>),
    /// SPL's option: 0 or 1 in four bytes, then the value's bytes whether it is there or not.
    COption(Box<Type>),
    /// A value of a memory image, with bytes before and after it that say nothing.
    Padded {
        /// Bytes before the value.
        before: u32,
        /// The value.
        value: Box<Type>,
        /// Bytes after it.
        after: u32,
    },
    /// A named type: index into [`Idl::types`]. Each use of a generic type with other arguments has its own.
    Defined(usize),
    /// A type that this version cannot lay out (reason); harmless unless an event reaches it.
    Unsupported(String),
}
