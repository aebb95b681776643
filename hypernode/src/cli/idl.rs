//! IDLs that tables are made from.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Common;

#[derive(Debug, Subcommand)]
pub(crate) enum IdlCommand {
    /// Check an IDL and put it into the data directory's folder; a running instance takes it up.
    ///
    /// Returns when the running instance, if there is one, decodes with it. Exits 1 if the IDL cannot be used, saying
    /// where and what to do.
    Add(IdlAdd),
    /// Say everything that is wrong with IDL files, alone and beside the built-in ones: file, JSON path, reason and fix.
    ///
    /// What this passes, an instance with these settings takes. Exits 1 if anything is wrong.
    Check(IdlCheck),
    /// List the programs that an instance with these settings decodes: ids, versions, sources, tables.
    ///
    /// Files that cannot be used are named after the others; then it exits 1.
    List(IdlList),
}

#[derive(Debug, Args)]
pub(crate) struct IdlAdd {
    #[command(flatten)]
    pub(crate) common: Common,
    /// An IDL file, or the address of a program that keeps its IDL on chain.
    #[arg(value_name = "FILE|ADDRESS")]
    pub(crate) what: String,
    /// Name of its tables [default: the file's name, or the IDL's own].
    #[arg(long)]
    pub(crate) label: Option<String>,
    /// Program id, where the IDL states none or another.
    #[arg(long, value_name = "ID")]
    pub(crate) program_id: Option<String>,
    /// First slot that this version describes [default: the file name's, or 0].
    #[arg(long, value_name = "N")]
    pub(crate) from_slot: Option<u64>,
    /// JSON-RPC endpoint to read an ADDRESS from [default: rpc.url, or that of the running localnet].
    #[arg(long, value_name = "URL")]
    pub(crate) rpc: Option<String>,
    /// Put it in the place of a differing IDL for the same label and slot.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Do not wait until the running instance, if there is one, has taken it up.
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Longest wait for the running instance; then exits 1, with the file in its place.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 120,
        conflicts_with = "no_wait"
    )]
    pub(crate) wait: u64,
}

impl IdlAdd {
    /// The common settings with this command's own flags among them.
    pub(crate) fn common_with_flags(&self) -> Common {
        let mut common = self.common.clone();
        let rpc = self.rpc.iter().map(|url| ("--rpc", "rpc.url", url.clone()));
        common.flags.extend(rpc);
        common
    }
}

#[derive(Debug, Args)]
pub(crate) struct IdlCheck {
    #[command(flatten)]
    pub(crate) common: Common,
    /// IDL files, folders that hold some, or - for standard input.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Print one JSON list: file, good, errors with path, reason and fix.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IdlList {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Print one JSON list.
    #[arg(long)]
    pub(crate) json: bool,
}
