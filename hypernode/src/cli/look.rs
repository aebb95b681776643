//! What looks at an instance, its tables and its decisions, and changes nothing.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Common, CommonOnly};

#[derive(Debug, Args)]
pub(crate) struct Sql {
    #[command(flatten)]
    pub(crate) common: Common,
    /// A ClickHouse server instead of the data directory's engine.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Any ClickHouse output format.
    #[arg(long, default_value = "PrettyCompact", value_name = "FORMAT")]
    pub(crate) format: String,
    /// Allow statements that change data.
    #[arg(long)]
    pub(crate) write: bool,
    /// Value of a query parameter {NAME:Type}, e.g. --param hours=24; several are allowed.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// The query, which may begin with a comment; - reads it from standard input.
    #[arg(allow_hyphen_values = true)]
    pub(crate) query: String,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayMatch {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The job: an id, or its account's address.
    #[arg(long, value_name = "ID", required_unless_present = "file")]
    pub(crate) job: Option<String>,
    /// The API that tells its decisions [default: that of the running instance, or http://127.0.0.1:3001].
    #[arg(long, value_name = "URL", conflicts_with = "file")]
    pub(crate) api: Option<String>,
    /// A kept answer of /api/jobs/ID/explain, or one of its decisions, instead of asking for it.
    #[arg(long, value_name = "FILE", conflicts_with = "job")]
    pub(crate) file: Option<PathBuf>,
    /// The dispatcher's public key, where it is known from elsewhere.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The node's account (PDA).
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) node: String,
    /// The final slot that the score is of [default: the newest that the API has].
    #[arg(long)]
    pub(crate) slot: Option<u64>,
    /// JSON-RPC endpoint with the network's whole history [default: rpc.url, or that of the running localnet].
    #[arg(long, value_name = "URL")]
    pub(crate) rpc: Option<String>,
    /// The API that publishes the score [default: that of the running instance, or http://127.0.0.1:3001].
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// Take programs, IDL hashes and fee accounts from this JSON file (the proof's `network`) instead of the API.
    #[arg(long, value_name = "FILE")]
    pub(crate) network: Option<PathBuf>,
    /// Folder of IDLs to look in for hashes that no built-in IDL has.
    #[arg(long, value_name = "DIR")]
    pub(crate) idl: Option<PathBuf>,
    /// Signatures that are looked at, at most.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    pub(crate) max_transactions: u64,
    /// Print one JSON object, with all evidence.
    #[arg(long)]
    pub(crate) json: bool,
}

impl AuditArgs {
    /// The common settings with this command's own flags among them.
    pub(crate) fn common_with_flags(&self) -> Common {
        let mut common = self.common.clone();
        let rpc = self.rpc.iter().map(|url| ("--rpc", "rpc.url", url.clone()));
        common.flags.extend(rpc);
        common
    }
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Print one frame as text and exit: for logs, and where there is no terminal.
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check file, environment and flags; print every key in force and where it was set.
    Check(CommonOnly),
    /// List every key with its default and meaning.
    Keys,
}
