//! The command line.

pub(crate) mod accounts;
mod bench;
mod common;
mod idl;
mod look;
mod serve;
mod slots;

use clap::{Parser, Subcommand};

pub(crate) use bench::{AnalyticsBench, Bench, BenchArgs};
pub(crate) use common::{Common, CommonOnly};
pub(crate) use idl::{IdlAdd, IdlCheck, IdlCommand, IdlList};
pub(crate) use look::{AuditArgs, ConfigCommand, ReplayMatch, Sql, Status, Top};
pub(crate) use serve::{ActorKey, ActorRole, Emit, Localnet, LocalnetAction, Signer, Up};
pub(crate) use slots::{
    DigestArgs, GapAccept, GapCommand, GapList, Index, Record, Stretch, Verify,
};

/// Solana indexer and job-dispatch engine of the Hypernode GPU compute network.
///
/// `hypernode up` needs no setting: it simulates a network on this machine, indexes it into an embedded
/// ClickHouse and serves the validation page. With --geyser the same command indexes a real network.
#[derive(Debug, Parser)]
#[command(name = "hypernode", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process: feed, indexer, embedded ClickHouse, API and pages.
    Up(Up),
    /// Index one recording and exit.
    Index(Index),
    /// Run the live indexer alone, against a Geyser endpoint.
    Indexer(Up),
    /// Run the dispatcher and the API alone, beside an indexer elsewhere that writes to the same ClickHouse (clickhouse.url).
    ///
    /// Has a data directory of its own: jobs, nodes and accounts are kept there. The network is told by --rpc or --genesis.
    Dispatch(Up),
    /// Run the simulated network alone: Geyser gRPC and JSON-RPC; or have it emit an event.
    Localnet(Localnet),
    /// Create or upgrade the ClickHouse tables and exit.
    Migrate(CommonOnly),
    /// Run one SQL query against the tables, whether an instance runs or not.
    Sql(Sql),
    /// Compare stored slots with an independent source, row by row, and print MATCH or the rows that differ.
    ///
    /// The source's blocks are decoded anew by the same decoder. Works beside a running instance and without one. Exits 1
    /// if anything differs, or nothing could be compared.
    Verify(Verify),
    /// Recompute a node's published score from chain RPC alone, and print MATCH or MISMATCH.
    ///
    /// No table of ours is read: the node's registration, its owner's transactions and every job's are found by signature,
    /// decoded and judged (docs/reputation.md). The API tells the score under test, the evidence that it claims and, unless
    /// --network does, the programs, IDLs and fee accounts. Exits 0 on MATCH, 1 on MISMATCH, 2 where there is no answer.
    Audit(AuditArgs),
    /// Make the matchmaker's decisions on a job again from their receipts, and print MATCH or MISMATCH.
    ///
    /// Checks each receipt's signature against the dispatcher's key, every score and place of its candidates, the draw, and,
    /// once the day's secret is told, the seed itself. Needs no instance of its own. Exits 0 on MATCH, 1 on MISMATCH, 2
    /// where there is no decision to look at.
    ReplayMatch(ReplayMatch),
    /// Write stored slots again from an independent source, under a new epoch: what `verify` found to differ.
    ///
    /// A running instance does it when it is asked; without one this command does it itself. The slots are widened to whole
    /// ledger rows. Nothing is touched before its replacement is at hand.
    Repair(Stretch),
    /// Store slots that are not stored: history before the start, or holes that were given up.
    ///
    /// From RPC (several endpoints, with pace and pauses) or a recording, a window of 512 slots at a time, each checked
    /// against its neighbours' hashes. What is stored is left alone, so the same command goes on after an interruption. A
    /// running instance does it when it is asked; without one this command does it itself, on a new directory too.
    Backfill(Stretch),
    /// List slots that no source has delivered, or go on without them.
    #[command(subcommand)]
    Gap(GapCommand),
    /// Say what a running instance is doing.
    Status(Status),
    /// Watch a running instance: watermarks and lag, throughput, gaps and how soon they are filled, queues, trouble.
    ///
    /// Asks once a second. Keys: q leaves, p holds the picture, ? helps. Exits 3 where nothing runs.
    Top(Top),
    /// Write a live stream to a file that `index --recording`, `verify` and `repair` read.
    ///
    /// Records the server that --geyser names, or that of the instance on the data directory: blocks with the configured
    /// programs' transactions, metas and statuses. Goes on until a limit or Ctrl-C; a stream that breaks is taken up from
    /// the last block. Exits 1 if the server no longer held slots after an outage: the file has a hole there.
    Record(Record),
    /// Look at this machine, the settings, the sources and what is stored; say what is wrong and what to do.
    ///
    /// Changes nothing. Works beside a running instance and without one. Exits 1 if anything is wrong.
    Doctor(Status),
    /// Name operators and the data team, on the machine itself: who may run the service, who may query all data.
    ///
    /// Works beside a running instance. Everybody else signs in with a wallet; see docs/SECURITY.md.
    Operator(accounts::Operator),
    /// Back up, restore and check the store of accounts (state.db in the data directory).
    State(accounts::State),
    /// Print the index digest: one hash over all finalized facts up to a slot, equal wherever the facts are equal.
    ///
    /// docs/digest.md defines it. Exits 1 if there is none at that slot.
    Digest(DigestArgs),
    /// Add, check and list the IDLs that tables are made from.
    ///
    /// An IDL file in an instance's folder (DATA/idl/, and the one that idl.dir names) becomes tables with no code: one
    /// per event, instruction and account kind. The file's name gives the label that its tables are named by:
    /// LABEL.idl.json, or LABEL@SLOT.idl.json for the version of a program that runs from that slot on. A running
    /// instance takes changes up within seconds; a broken file is refused and nothing else changes.
    #[command(subcommand)]
    Idl(IdlCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Measure, on this machine, beside a floor measured in the same run.
    #[command(subcommand)]
    Bench(Bench),
    /// Fetch the embedded engine's library now (once per user, 178 MB).
    FetchEngine(CommonOnly),
    /// The embedded engine's own process; started by the other commands.
    #[command(hide = true)]
    Engine,
    /// The hosts of `bench sockets`; started by it.
    #[command(hide = true)]
    BenchHosts {
        /// What they are to be, as JSON.
        options: String,
    },
    /// The process that holds the dispatcher's key for the chain; started by `up` where chain.write is set.
    #[command(hide = true)]
    Signer(Signer),
}
