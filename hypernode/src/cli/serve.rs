//! What runs on: instances, the simulated network, the signer.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Common;

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
    /// Print an actor's key as solana-keygen writes it, to act as that owner or client yourself.
    ///
    /// Keys follow from localnet.seed and are no secret: what they hold is play money.
    Key(ActorKey),
}

#[derive(Debug, Args)]
pub(crate) struct ActorKey {
    #[command(flatten)]
    pub(crate) common: Common,
    /// owner: of nodes (0 to 15); client: with HYPER to pay jobs with (0 to 9).
    #[arg(value_enum)]
    pub(crate) role: ActorRole,
    /// Which.
    pub(crate) number: u8,
}

/// What an actor of the simulated network is.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum ActorRole {
    Owner,
    Client,
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
