//! From a source to stored rows: reading, decoding and storing overlap, with bounded queues between them.

mod blocks;
mod coverage;
mod drain;
mod fill;
mod gather;
mod latency;
mod live;
mod missing;
mod progress;
mod recording;
mod repair;
mod stage;
mod status;
mod store;

pub use blocks::run_blocks;
pub(crate) use drain::drain;
pub use fill::FillStatus;
pub use latency::Latency;
pub use live::{LiveOptions, run_live};
pub use missing::Missing;
pub use recording::{RecordingOptions, RecordingOutcome, run_recording};
pub use repair::{MOST_SLOTS, RepairOptions, Repaired, run_repair};
pub use status::{IndexerStatus, State, StatusHandle};

use std::time::{SystemTime, UNIX_EPOCH};

use hypernode_decoder::Decoder;
use hypernode_warehouse::{Client, WarehouseError, Writer, idl_sets, recover};

use crate::geyser::GeyserError;
use crate::recording::RecordingError;
use crate::rpc::RpcError;
use coverage::Coverage;
use stage::Refused;
use store::Patience;
use tokio_util::sync::CancellationToken;

/// Why a run ended.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The stream cannot be had.
    #[error(transparent)]
    Geyser(#[from] GeyserError),
    /// RPC cannot be used at all.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The warehouse refuses.
    #[error("warehouse: {0}")]
    Warehouse(#[from] WarehouseError),
    /// What arrives contradicts what is stored.
    #[error(
        "block {slot} does not belong to the chain that is stored here: this data directory holds another network, or a \
         fork of this one; use another --data directory"
    )]
    OtherChain {
        /// The first block that does not fit.
        slot: u64,
    },
    /// What is final cannot be taken back.
    #[error(
        "slot {slot} contradicts blocks that are stored as final, or are too old to be taken back: the sources disagree \
         about the chain; compare them with `hypernode verify` against an endpoint that you trust, and write what differs \
         again with `hypernode repair`"
    )]
    Contradiction {
        /// The slot.
        slot: u64,
    },
    /// The write-ahead folder cannot be used.
    #[error(
        "write-ahead folder (wal in the data directory): {0}; free the disk or mend its rights, or set indexer.wal_bytes=0"
    )]
    Wal(std::io::Error),
    /// Slots cannot be written again.
    #[error("repair: {0}")]
    Repair(#[from] crate::verify::VerifyError),
    /// Stopped before anything could be done.
    #[error("stopped while waiting for ClickHouse")]
    Stopped,
    /// The decoder cannot be built.
    #[error("decoder: {0}")]
    Decoder(String),
    /// A task of the pipeline did not end by itself.
    #[error("a task of the indexer failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl From<Refused> for PipelineError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::OtherChain(other) => Self::OtherChain { slot: other.slot },
            Refused::Contradiction { slot } => Self::Contradiction { slot },
        }
    }
}

/// Recovers what an interrupted run left behind, and learns what is stored. Waits for a ClickHouse that is not there;
/// `None` if stopped meanwhile.
async fn open_warehouse(
    client: &Client,
    decoder: &Decoder,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
) -> Result<Option<(Writer, Coverage)>, PipelineError> {
    open_warehouse_but(client, decoder, status, patience, shutdown, None).await
}

/// The same, without comparing the newest ledger rows where they reach into these slots.
async fn open_warehouse_but(
    client: &Client,
    decoder: &Decoder,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
    unchecked: Option<(u64, u64)>,
) -> Result<Option<(Writer, Coverage)>, PipelineError> {
    let tables: Vec<String> = CORE_TABLES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(decoder.tables().iter().map(|spec| spec.name.clone()))
        .collect();
    let open = || async {
        let recovered = recover::recover_but(client, &tables, unchecked);
        let ledger = recovered.await?.ledger;
        // Before any ledger row names it.
        let idls = decoder.idls();
        idl_sets::keep(client, &idls.hash(), idls.text()).await?;
        let coverage = coverage::load(client, &ledger).await?;
        Ok((ledger, coverage))
    };
    let what = "recovery has to wait";
    let Some((ledger, coverage)) = store::insist(open, what, status, patience, shutdown).await?
    else {
        return Ok(None);
    };
    status.update(|status| {
        status.as_of_slot = ledger.served().unwrap_or(0);
        status.finalized_slot = ledger.finalized().unwrap_or(0);
    });
    Ok(Some((Writer::new(client.clone()), coverage)))
}

/// Tables that every decoder fills.
const CORE_TABLES: [&str; 6] = [
    "blocks",
    "transactions",
    "events",
    "dead_letters",
    "canonical_events",
    "instructions",
];

/// Time of day in UTC, for messages.
fn clock(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
        % 86_400;
    format!(
        "{:02}:{:02}:{:02} UTC",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}
