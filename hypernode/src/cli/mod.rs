//! The command line.

pub(crate) mod accounts;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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

/// What the signer is started with: nothing of it is secret.
#[derive(Debug, Args, Clone)]
pub(crate) struct Signer {
    /// The key, as `solana-keygen` writes it; a file that nobody else may read.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Where it writes down what it signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) book: PathBuf,
    /// The program of jobs.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) job_receipt: String,
    /// The mint of HYPER.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) mint: String,
    /// The treasury's token account.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) treasury: String,
    /// The incentive pool's token account.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) incentive: String,
    /// Most fees of a day, in lamports.
    #[arg(long, value_name = "N")]
    pub(crate) daily_lamports: u64,
    /// Most HYPER of jobs settled in a day, in its smallest unit.
    #[arg(long, value_name = "N")]
    pub(crate) daily_hyper: u64,
}

/// Settings that every command takes.
#[derive(Debug, Args, Default, Clone)]
pub(crate) struct Common {
    /// Configuration file [default: hypernode.toml in this folder, if there].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Data directory [default: ./hypernode-data].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Any configuration key, e.g. --set clickhouse.port=0 (see `hypernode config keys`).
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// A command's own flags that stand for configuration keys: (flag, key, value).
    #[arg(skip)]
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
}

impl Common {
    /// All flags that set a key, as (flag, key, value).
    pub(crate) fn overrides(&self) -> Vec<(&'static str, &'static str, String)> {
        let data = self
            .data
            .iter()
            .map(|dir| ("--data", "data.dir", dir.display().to_string()));
        data.chain(self.flags.iter().cloned()).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct CommonOnly {
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Index a real network from this Geyser gRPC endpoint instead of the simulated one.
    #[arg(long, value_name = "URL")]
    pub(crate) geyser: Option<String>,
    /// Token for the Geyser endpoint (better: HYPERNODE__GEYSER__X_TOKEN or geyser.x_token_file).
    #[arg(long, value_name = "TOKEN")]
    pub(crate) x_token: Option<String>,
    /// JSON-RPC endpoint of the same network: tells its genesis hash.
    #[arg(long, value_name = "URL")]
    pub(crate) rpc: Option<String>,
    /// Genesis hash of the network, where no --rpc is at hand.
    #[arg(long, value_name = "HASH")]
    pub(crate) genesis: Option<String>,
    /// Slot to start from where nothing is indexed yet [default: the tip].
    #[arg(long, value_name = "SLOT")]
    pub(crate) from_slot: Option<u64>,
    /// Forget the simulated chain and all that was indexed from it, and start another.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Have the simulated network misbehave by this seed (see `hypernode localnet --help`).
    #[arg(long, value_name = "SEED")]
    pub(crate) chaos: Option<u64>,
    /// Let anybody on this machine change anything without signing in, as older systems did: for local work only.
    #[arg(long)]
    pub(crate) open_dev: bool,
}

impl Up {
    /// The common settings with this command's own flags among them.
    pub(crate) fn common_with_flags(&self) -> Common {
        let mut common = self.common.clone();
        let flags = [
            ("--geyser", "geyser.url", &self.geyser),
            ("--x-token", "geyser.x_token", &self.x_token),
            ("--rpc", "rpc.url", &self.rpc),
            ("--genesis", "network.genesis", &self.genesis),
        ];
        let given = flags
            .into_iter()
            .filter_map(|(flag, key, value)| Some((flag, key, value.clone()?)));
        common.flags.extend(given);
        let numbers = [
            ("--chaos", "localnet.chaos", self.chaos),
            ("--from-slot", "geyser.from_slot", self.from_slot),
        ];
        let given = numbers.into_iter();
        let given = given.filter_map(|(flag, key, n)| Some((flag, key, n?.to_string())));
        common.flags.extend(given);
        if self.open_dev {
            common
                .flags
                .push(("--open-dev", "api.open_dev", true.to_string()));
        }
        common
    }
}

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

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Localnet {
    #[command(subcommand)]
    pub(crate) action: Option<LocalnetAction>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Forget the chain in the data directory and start another.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Misbehave by this seed: forks, dead, ghost and skipped slots, a replay buffer lost at restarts.
    #[arg(long, value_name = "SEED")]
    pub(crate) chaos: Option<u64>,
}

impl Localnet {
    /// The common settings with this command's own flags among them.
    pub(crate) fn common_with_flags(&self) -> Common {
        let mut common = self.common.clone();
        let chaos = self.chaos.iter();
        let chaos = chaos.map(|seed| ("--chaos", "localnet.chaos", seed.to_string()));
        common.flags.extend(chaos);
        common
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalnetAction {
    /// Send a transaction that emits an event, to see rows of an IDL of yours.
    ///
    /// Localnet's probe program logs what it is told. Give your IDL the probe's address (hypernode idl add FILE
    /// --program-id PROBE; `hypernode localnet` prints it), then emit the event's discriminator and borsh bytes. Prints
    /// slot and signature when the slot is confirmed and its rows are stored.
    Emit(Emit),
}

#[derive(Debug, Args)]
pub(crate) struct Emit {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The event as Anchor logs it, discriminator and borsh bytes: hex (0x… or plain) or base64.
    #[arg(value_name = "HEX|BASE64")]
    pub(crate) event: String,
    /// A program with the probe's code, by address [default: the probe].
    #[arg(long, value_name = "ID")]
    pub(crate) program: Option<String>,
    /// Emit by a call of itself (emit_cpi!) instead of a log line (emit!).
    #[arg(long)]
    pub(crate) cpi: bool,
    /// Return only when the slot is final, not merely confirmed.
    #[arg(long)]
    pub(crate) finalized: bool,
}

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
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) stretch: Stretch,
    /// Rows that differ which are listed at most; all are counted.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub(crate) limit: usize,
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

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check file, environment and flags; print every key in force and where it was set.
    Check(CommonOnly),
    /// List every key with its default and meaning.
    Keys,
}

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
