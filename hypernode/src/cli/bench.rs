//! Benchmarks.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Common;

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Blocks in memory to rows in the embedded engine, beside inserting the same rows prepared.
    Ingest(BenchArgs),
    /// One event from its log line or bytes to its row, beside generated code and a row-wise insert.
    Decode(BenchArgs),
    /// Blocks of a loopback RPC server stored, beside a loop that asks for one after the other.
    Backfill(BenchArgs),
    /// The strict log scan of a recorded mainnet block, beside a pass that believes every line.
    Scan(BenchArgs),
    /// Messages through the slot machine, as a validator sends them.
    Slots(BenchArgs),
    /// A loopback Geyser stream of whole blocks to rows, beside a client that only drains it.
    Geyser(BenchArgs),
    /// Time until the tables are served again after kill -9 of the engine, beside the limit (10 M events with --long).
    Recovery(BenchArgs),
    /// Answers of the validation API at 64 connections while blocks are stored, beside a handler with the same bytes.
    Api(BenchArgs),
    /// Tasks claimed and completed in the transactional store, all durable, beside one commit for each operation.
    Store(BenchArgs),
    /// Sign-ins that one core verifies, and what telling who sends a token adds to a request.
    Accounts(BenchArgs),
    /// Choices of a node out of 5,000 and 100,000, updates included, beside a plain loop over the same nodes.
    Match(BenchArgs),
    /// Jobs on their whole way (submitted, matched, offered, taken, completed, credited), each step on disk before it is
    /// told.
    Queue(BenchArgs),
    /// Jobs on their way to hosts over real sockets, hosts that only show life, and all of them coming back at once, beside
    /// the limits (20,000 hosts with --long).
    Sockets(BenchArgs),
    /// What figures, scores and panels cost over histories of 1 M events (and 10 M and 100 M with --long: much time and disk).
    Analytics(AnalyticsBench),
    /// Memory of both processes while events stream through, beside the limit (10 M events with --long).
    Memory(BenchArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AnalyticsBench {
    #[command(flatten)]
    pub(crate) args: BenchArgs,
    /// Lengths of the history instead, in events, ascending.
    #[arg(long, value_delimiter = ',', value_name = "N,…",
          value_parser = clap::value_parser!(u64).range(200_000..=1_000_000_000))]
    pub(crate) events: Vec<u64>,
    /// Measure refreshing and answering once more on the tables that a run with --keep left in this folder.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["events", "scratch", "keep"])]
    pub(crate) again: Option<PathBuf>,
    /// Leave the tables where they are, and say where.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Where to put the tables meanwhile [default: the system's folder for temporary files].
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Print JSON lines only.
    #[arg(long)]
    pub(crate) json: bool,
    /// Run longer than 45 s for steadier figures.
    #[arg(long)]
    pub(crate) long: bool,
}
