//! Accounts of the configured programs: from what a stream or a snapshot saw to rows.
//!
//! Every observation of an account that a configured program owns becomes a row of `account_versions`, with its bytes.
//! What decodes also becomes a typed row in `acc_<label>_<Account>`, and a node one in `node_account_versions`; what
//! does not has a reason:
//!
//! | reason | meaning |
//! |---|---|
//! | `empty`, `uninitialised` | no data, only zeros |
//! | `short`, `unknown_discriminator` | no account of the IDL begins so |
//! | `decode` | the bytes are no value of the type |
//! | `layout` | several layouts share the discriminator, and neither length nor content tells which it is |
//! | `unsupported` | the IDL's type cannot become columns |
//! | `no_version` | the program has no IDL for this slot |
//!
//! An account holds what was written when it was last changed, perhaps under an earlier IDL: where the version of the
//! slot does not decode it, earlier ones are tried. Bytes after the value are normal: they are allocated space.

mod build;
mod decode;
mod fold;
mod node;
mod rows;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hypernode_schemas::accounts::AccountMap;
use hypernode_schemas::table::TableSpec;

use crate::chain::{Pubkey, Signature};
use crate::column::Head;
use crate::decode::ProgramConfig;
use crate::error::ConfigError;
use decode::Owner;

pub use rows::AccountRows;

/// The layouts of accounts that share a discriminator, and which of them configuration has chosen.
#[derive(Debug, Clone, Default)]
pub struct AccountLayouts {
    /// `accounts.toml`.
    pub map: AccountMap,
    /// Layout by program label; programs that are not in here choose by length.
    pub chosen: BTreeMap<String, String>,
}

/// Where an observation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountSource {
    /// Sent after a change.
    Stream,
    /// Read at a slot.
    Snapshot,
}

/// An account as it was seen.
#[derive(Debug, Clone, Copy)]
pub struct AccountVersion<'a> {
    /// Its address.
    pub pubkey: &'a Pubkey,
    /// Slot of the state.
    pub slot: u64,
    /// Order of writes within a slot; 0 where the source does not state it.
    pub write_version: u64,
    /// Program that owns it.
    pub owner: &'a Pubkey,
    /// Its balance.
    pub lamports: u64,
    /// Whether it is a program.
    pub executable: bool,
    /// Transaction that wrote it, where the source says so.
    pub signature: Option<&'a Signature>,
    /// How it was seen.
    pub source: AccountSource,
    /// Its content.
    pub data: &'a [u8],
}

/// An account that its program owns no longer.
#[derive(Debug, Clone, Copy)]
pub struct ClosedAccount<'a> {
    /// Its address.
    pub pubkey: &'a Pubkey,
    /// First slot at which it is known to be gone.
    pub slot: u64,
    /// See [`AccountVersion::write_version`].
    pub write_version: u64,
    /// The program that owned it.
    pub owner: &'a Pubkey,
    /// How that was seen.
    pub source: AccountSource,
    /// What it was, as `account_versions` says.
    pub account: &'a str,
    /// How it was laid out, as `account_versions` says.
    pub layout: &'a str,
}

/// What became of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountOutcome {
    /// It has a typed row.
    Decoded,
    /// It is kept with a reason.
    Undecoded,
    /// No configured program owns it: nothing was written.
    Foreign,
}

/// Decodes accounts of a fixed set of programs. Cheap to share behind an [`Arc`].
#[derive(Debug)]
pub struct AccountDecoder {
    owners: Vec<Owner>,
    index: HashMap<Pubkey, usize>,
    specs: Vec<TableSpec>,
    /// Fixed tables, then the typed ones.
    heads: Arc<[Arc<Head>]>,
}

impl AccountDecoder {
    /// Compiles the plans of all account types. Entries of the map for labels that are not configured are skipped.
    ///
    /// # Errors
    /// Layouts or columns that the IDLs do not have, tables of one name: [`ConfigError`] names both sides.
    pub fn new(programs: &[ProgramConfig], layouts: &AccountLayouts) -> Result<Self, ConfigError> {
        build::build(programs, layouts)
    }

    /// The typed tables, to be created before rows are inserted: `acc_<label>_<Account>`, and one more for each further
    /// layout.
    #[must_use]
    pub fn tables(&self) -> &[TableSpec] {
        &self.specs
    }

    /// Writes to other tables than [`AccountDecoder::tables`] names: wanted → actual name. Before any rows are made.
    pub fn rename_tables(&mut self, names: &HashMap<String, String>) {
        for spec in &mut self.specs {
            if let Some(actual) = names.get(&spec.name) {
                spec.name.clone_from(actual);
            }
        }
        let renamed = self.heads.iter().map(|head| match names.get(&head.name) {
            Some(actual) => Arc::new(Head {
                name: actual.clone(),
                columns: head.columns.clone(),
            }),
            None => Arc::clone(head),
        });
        self.heads = renamed.collect();
    }

    /// Label and id of each program whose accounts are wanted.
    pub fn owners(&self) -> impl Iterator<Item = (&str, &Pubkey)> {
        self.owners.iter().map(|o| (o.label.as_str(), &o.id))
    }

    pub(crate) fn heads(&self) -> &Arc<[Arc<Head>]> {
        &self.heads
    }
}
