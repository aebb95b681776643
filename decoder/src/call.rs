//! Instructions of a program: how they are read, and their rows.

mod columns;
mod ending;
mod write;

use crate::build::Laying;
use crate::canonical::CanonicalPlan;
use crate::idl::Instruction;
use crate::plan::{Plan, StreamDefault};

pub(crate) use columns::{FIXED, RESULT, TAKEN, account_columns};
pub(crate) use ending::{Ended, Failure};
pub(crate) use write::Caller;

/// One instruction of a version.
#[derive(Debug)]
pub(crate) struct CallEntry {
    pub(crate) name: String,
    pub(crate) names: Names,
    /// `None` where its arguments cannot become columns.
    pub(crate) typed: Option<Typed>,
    pub(crate) canonical: Option<CanonicalPlan>,
}

impl CallEntry {
    pub(crate) fn new(
        ix: &Instruction,
        typed: Option<Typed>,
        canonical: Option<CanonicalPlan>,
    ) -> Self {
        Self {
            name: ix.name.clone(),
            names: Names::new(ix),
            typed,
            canonical,
        }
    }
}

/// The account names of an instruction as `String` values, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Names {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Names {
    fn new(ix: &Instruction) -> Self {
        let mut names = Self::default();
        for account in &ix.accounts {
            crate::column::write_string(&mut names.bytes, account.name.as_bytes());
            names.ends.push(names.bytes.len());
        }
        names
    }

    /// How many of them `accounts` accounts have, and their values.
    fn first(&self, accounts: usize) -> (u64, &[u8]) {
        let count = accounts.min(self.ends.len());
        let end = count.checked_sub(1).and_then(|last| self.ends.get(last));
        let bytes = self.bytes.get(..end.copied().unwrap_or(0));
        (count as u64, bytes.unwrap_or_default())
    }
}

/// How an instruction fills its own table.
#[derive(Debug)]
pub(crate) struct Typed {
    /// Its arguments. Streams are those of the table, counted from the first after [`FIXED`].
    plan: Plan,
    /// Streams of the table that this layout does not have.
    lacking: Vec<(u32, StreamDefault)>,
    table: usize,
    /// For each account its stream, and whether it is optional: then a null map comes before it.
    accounts: Vec<(u32, bool)>,
    /// Offsets of the remaining accounts; the accounts follow.
    remaining: u32,
}

impl Typed {
    pub(crate) fn new(ix: &Instruction, laying: Laying) -> Self {
        let mut numbers = laying.before().iter().copied();
        let mut accounts = Vec::with_capacity(ix.accounts.len());
        for account in &ix.accounts {
            let first = numbers.next().unwrap_or_default();
            accounts.push((first, account.optional));
            if account.optional {
                numbers.next();
            }
        }
        Self {
            remaining: numbers.next().unwrap_or_default(),
            accounts,
            plan: laying.remapped(),
            lacking: laying.placed.lacking,
            table: laying.table,
        }
    }
}
