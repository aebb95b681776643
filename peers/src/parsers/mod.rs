//! Each parser behind one question: which of our events does this transaction hold?

pub mod anchor;
pub mod carbon;
pub mod ours;
pub mod sologger;
pub mod vixen;

use crate::input::Input;

/// An event that a parser hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub seq: u64,
    /// Its outer instruction, where the parser says so.
    pub outer: Option<u16>,
    pub undone: Undone,
}

/// Whether a parser says that the transaction failed and its events were undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// As an event of a successful transaction.
    No,
    /// Marked, or kept apart.
    Yes,
    /// Not marked, but the status lies in the same value: the caller must look.
    Beside(bool),
}

/// A parser's whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    pub claims: Vec<Claim>,
    /// It says that the log was cut.
    pub cut: bool,
    /// It says that there was no log to read.
    pub unknown: bool,
}

pub trait Parser {
    /// Crate or crates, for the table's head.
    fn name(&self) -> &'static str;
    /// An error is one that the parser itself reports for the whole transaction.
    fn answer(&self, input: &Input) -> Result<Answer, String>;
}

/// Ours first, then peers.
pub fn all() -> Vec<Box<dyn Parser>> {
    vec![
        Box::new(ours::Ours::new()),
        Box::new(anchor::AnchorClient),
        Box::new(carbon::Carbon),
        Box::new(sologger::Sologger::new()),
        Box::new(vixen::Vixen),
    ]
}
