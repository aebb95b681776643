//! What is done with stored slots and with recordings of them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Common;

#[derive(Debug, Args)]
pub(crate) struct Index {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The recording: length-prefixed Geyser updates or a getBlock answer, plain or zstd.
    #[arg(long, value_name = "FILE")]
    pub(crate) recording: PathBuf,
    /// auto, varint, u32be or getblock.
    #[arg(long, default_value = "auto", value_name = "FORMAT")]
    pub(crate) format: String,
    /// Slot of a getBlock recording, which does not carry it.
    #[arg(long)]
    pub(crate) slot: Option<u64>,
    /// Use the IDL files of this folder instead of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) idl: Option<PathBuf>,
    /// Program id of an IDL, as LABEL=ID; the label is the file name without .idl.json or .json.
    #[arg(long, value_name = "LABEL=ID")]
    pub(crate) program: Vec<String>,
    /// Genesis hash of the recorded network; without it the directory belongs to network "recording".
    #[arg(long, value_name = "HASH")]
    pub(crate) genesis: Option<String>,
    /// Write a JSON report of what was decoded to this file; - = standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<String>,
}

/// Stored slots, and another source of them.
#[derive(Debug, Args)]
pub(crate) struct Stretch {
    #[command(flatten)]
    pub(crate) common: Common,
    /// First slot.
    #[arg(long, value_name = "SLOT")]
    pub(crate) from: u64,
    /// Last slot.
    #[arg(long, value_name = "SLOT")]
    pub(crate) to: u64,
    /// A recording to take blocks from.
    #[arg(long, value_name = "FILE", conflicts_with = "rpc")]
    pub(crate) against: Option<PathBuf>,
    /// JSON-RPC endpoint to take blocks from [default: rpc.url, or that of the running localnet].
    #[arg(long, value_name = "URL")]
    pub(crate) rpc: Option<String>,
    /// The recording's layout: auto, varint, u32be or getblock.
    #[arg(long, default_value = "auto", value_name = "FORMAT")]
    pub(crate) format: String,
    /// Slot of a getBlock recording, which does not carry it.
    #[arg(long)]
    pub(crate) slot: Option<u64>,
    /// Decode with the IDL files of this folder [default: with those that made the stored rows].
    #[arg(long, value_name = "DIR")]
    pub(crate) idl: Option<PathBuf>,
    /// Program id of an IDL, as LABEL=ID.
    #[arg(long, value_name = "LABEL=ID")]
    pub(crate) program: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Stretch {
    /// IDLs are named here: they are meant, whatever made the stored rows.
    pub(crate) fn chosen(&self) -> bool {
        self.idl.is_some() || !self.program.is_empty()
    }

    /// The common settings with this command's own flags among them.
    pub(crate) fn common_with_flags(&self) -> Common {
        let mut common = self.common.clone();
        let rpc = self.rpc.iter().map(|url| ("--rpc", "rpc.url", url.clone()));
        common.flags.extend(rpc);
        common
    }
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) stretch: Stretch,
    /// Rows that differ which are listed at most; all are counted.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Record {
    #[command(flatten)]
    pub(crate) common: Common,
    /// File to write: length-prefixed updates, compressed if the name ends in .zst. It must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Geyser gRPC endpoint [default: geyser.url, or that of the running localnet].
    #[arg(long, value_name = "URL")]
    pub(crate) geyser: Option<String>,
    /// Token for it (better: HYPERNODE__GEYSER__X_TOKEN or geyser.x_token_file).
    #[arg(long, value_name = "TOKEN")]
    pub(crate) x_token: Option<String>,
    /// First slot, if the server still replays it [default: the tip].
    #[arg(long, value_name = "SLOT")]
    pub(crate) from_slot: Option<u64>,
    /// Stop after so many blocks.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) blocks: Option<u64>,
    /// Stop after so many seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: Option<u64>,
    /// Record this program's transactions instead of the configured ones'; may be given again.
    #[arg(long, value_name = "ID", conflicts_with = "everything")]
    pub(crate) program: Vec<String>,
    /// Record every transaction.
    #[arg(long)]
    pub(crate) everything: bool,
    /// The programs' accounts, too.
    #[arg(long)]
    pub(crate) accounts: bool,
}

impl Record {
    /// The common settings with this command's own flags among them.
    pub(crate) fn common_with_flags(&self) -> Common {
        let mut common = self.common.clone();
        let flags = [
            ("--geyser", "geyser.url", &self.geyser),
            ("--x-token", "geyser.x_token", &self.x_token),
        ];
        let given = flags.into_iter();
        let given = given.filter_map(|(flag, key, value)| Some((flag, key, value.clone()?)));
        common.flags.extend(given);
        common
    }
}

#[derive(Debug, Args)]
pub(crate) struct DigestArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The slot [default: the newest that has one].
    #[arg(long)]
    pub(crate) slot: Option<u64>,
    /// Print one JSON object, with peaks and headers.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GapCommand {
    /// List all gaps there were: slots, state (open, filled, accepted), reason. Exits 1 while one is open.
    List(GapList),
    /// Go on without slots that no source has: they are stated as missing from then on, at every start.
    ///
    /// A running instance goes on at once, a stopped one at its next start.
    Accept(GapAccept),
}

#[derive(Debug, Args)]
pub(crate) struct GapList {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Print one JSON list.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GapAccept {
    #[command(flatten)]
    pub(crate) common: Common,
    /// First slot to do without.
    #[arg(long, value_name = "SLOT")]
    pub(crate) from: u64,
    /// Last slot to do without.
    #[arg(long, value_name = "SLOT")]
    pub(crate) to: u64,
    /// Why; it is kept, and shown to whoever asks.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}
