//! What every parser is given: one transaction, in the shape that each of them takes.

pub mod cases;
pub mod getblock;

use hypernode_decoder::chain::Transaction;

/// A transaction and how many of its keys stand in the message itself.
#[derive(Debug, Clone)]
pub struct Input {
    pub tx: Transaction,
    pub static_keys: usize,
    /// Of the keys that lookup tables loaded, those that are writable; they come first.
    pub loaded_writable: usize,
}

impl Input {
    /// The log, or nothing where there is none: parsers that take lines cannot be told the difference.
    pub fn lines(&self) -> &[String] {
        self.tx.logs.as_deref().unwrap_or_default()
    }
}

/// A key in base58.
pub fn key(text: &str) -> [u8; 32] {
    let mut key = [0; 32];
    let length = bs58::decode(text).onto(&mut key).expect("base58");
    assert_eq!(length, 32, "{text} is no key");
    key
}
