//! A recording, from its first byte to stored rows and a report.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc as blocking;
use std::time::Duration;

use hypernode_decoder::accounts::AccountDecoder;
use hypernode_decoder::{Decoder, report::Report};
use hypernode_schemas::table::TableRows;
use hypernode_warehouse::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::progress;
use super::stage::Stage;
use super::status::StatusHandle;
use super::store::{Patience, Stored, Work, insist, store};
use super::{PipelineError, open_warehouse};
use crate::accounts::{self, Collector};
use crate::batch::BULK_WINDOW;
use crate::recording::{self, Format, ReadStats, Recording, RecordingError};
use crate::slots::{Gap, Input, Stats};

/// Inputs between the reader and the decoder: each may be a whole block.
const INPUT_QUEUE: usize = 256;
/// Batches between the decoder and the warehouse.
const BATCH_QUEUE: usize = 1;
/// Batches of account rows between the reader and the warehouse.
const ACCOUNT_QUEUE: usize = 2;

/// Which recording, and how to read it.
#[derive(Debug, Clone)]
pub struct RecordingOptions {
    /// The file.
    pub path: PathBuf,
    /// Its layout.
    pub format: Format,
    /// Slot of a getBlock answer that does not name it.
    pub slot: Option<u64>,
    /// Slots per window.
    pub window: u32,
    /// Tell how far it is: a bar where the error stream is a terminal, log lines elsewhere.
    pub progress: bool,
    /// Decodes updates of accounts; without one they are passed over.
    pub accounts: Option<Arc<AccountDecoder>>,
}

impl RecordingOptions {
    /// A recording whose format is found out, in windows for bulk.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            format: Format::Auto,
            slot: None,
            window: BULK_WINDOW,
            progress: false,
            accounts: None,
        }
    }
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct RecordingOutcome {
    /// Everything that the recording holds, stored before or not; with `gaps` where blocks are missing.
    pub report: Value,
    /// Holes: what lies after the first one is not stored.
    pub gaps: Vec<Gap>,
    /// Why reading ended before the end of the file.
    pub damage: Option<String>,
    /// Messages read.
    pub read: ReadStats,
    /// What the slot machine saw.
    pub slots: Stats,
    /// Blocks stored by this run.
    pub blocks: u64,
    /// Rows stored by this run.
    pub rows: u64,
}

impl RecordingOutcome {
    /// Whether the recording was read to its end and holds an unbroken chain: exit 0, else 1.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.gaps.is_empty() && self.damage.is_none() && self.read.undecodable == 0
    }
}

/// Indexes a recording. Only slots that are not stored yet are written; the report covers all.
///
/// A stop by `shutdown` closes the open window as partial; running again goes on from there.
///
/// # Errors
/// When the file is no recording, when it belongs to another chain than what is stored, or when the warehouse fails.
pub async fn run_recording(
    options: RecordingOptions,
    decoder: Arc<Decoder>,
    client: Client,
    status: StatusHandle,
    shutdown: CancellationToken,
) -> Result<RecordingOutcome, PipelineError> {
    let patience = Patience {
        first: Duration::from_millis(250),
        max: Duration::from_secs(10),
        give_up: Some(Duration::from_secs(120)),
    };
    let opened = open_warehouse(&client, &decoder, &status, patience, &shutdown).await?;
    let (writer, coverage) = opened.ok_or(PipelineError::Stopped)?;
    let (path, format, slot) = (options.path.clone(), options.format, options.slot);
    let mut recording =
        tokio::task::spawn_blocking(move || recording::open(&path, format, slot)).await??;
    let progress = options
        .progress
        .then(|| progress::start(recording.position(), status.clone()));

    let (account_batches, account_rows) = mpsc::channel(ACCOUNT_QUEUE);
    if let Some(decoder) = options.accounts {
        recording.collect_accounts(Collector::new(decoder, account_batches));
    } else {
        drop(account_batches);
    }
    let (inputs, received) = blocking::sync_channel(INPUT_QUEUE);
    let reader = tokio::task::spawn_blocking(move || read(recording, &inputs));
    let (sender, batches) = mpsc::channel(BATCH_QUEUE);
    let stage = Stage::new(
        decoder,
        options.window,
        coverage,
        Report::new(),
        status.clone(),
        false,
    );
    let stop = shutdown.clone();
    let decoding = tokio::task::spawn_blocking(move || decode(stage, &received, &sender, &stop));
    let accounts = store_accounts(client, account_rows, &status, patience, &shutdown);
    let (stored, accounts) = tokio::join!(
        store(&writer, "recording", batches, &status, patience, &shutdown),
        accounts,
    );
    let decoded = decoding.await?;
    let read = reader.await?;
    drop(progress);
    status.update(|status| status.stopped = true);
    accounts?;
    let stored = stored?;
    let decoded = decoded?;
    Ok(outcome(&decoded, read, stored))
}

/// Reads ahead of the decoder. A failing file still delivers what is whole.
fn read(
    mut recording: Recording,
    inputs: &blocking::SyncSender<Result<Input, RecordingError>>,
) -> ReadStats {
    for input in recording.by_ref() {
        if inputs.send(input).is_err() {
            break;
        }
    }
    recording.stats()
}

/// Stores what the reader saw of accounts, until it ends.
async fn store_accounts(
    client: Client,
    mut batches: mpsc::Receiver<Vec<TableRows>>,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
) -> Result<(), PipelineError> {
    while let Some(tables) = batches.recv().await {
        let work = || accounts::insert(&client, &tables);
        insist(work, "accounts wait", status, patience, shutdown).await?;
    }
    Ok(())
}

struct Decoded {
    stage: Stage<Report>,
    damage: Option<String>,
}

fn decode(
    mut stage: Stage<Report>,
    inputs: &blocking::Receiver<Result<Input, RecordingError>>,
    batches: &mpsc::Sender<Work>,
    stop: &CancellationToken,
) -> Result<Decoded, PipelineError> {
    let mut damage = None;
    for input in inputs {
        match input {
            Ok(input) => stage.push(input)?,
            Err(RecordingError::Block { path, source }) => {
                return Err(RecordingError::Block { path, source }.into());
            }
            Err(error) => damage = Some(error.to_string()),
        }
        if !send(&mut stage, batches) {
            break;
        }
        if stop.is_cancelled() {
            damage = Some(
                "stopped before the end of the recording; running again goes on from there"
                    .to_owned(),
            );
            break;
        }
    }
    stage.finish(damage.is_none())?;
    send(&mut stage, batches);
    Ok(Decoded { stage, damage })
}

/// `false`: nobody takes them any more.
fn send(stage: &mut Stage<Report>, batches: &mpsc::Sender<Work>) -> bool {
    stage.work().all(|work| batches.blocking_send(work).is_ok())
}

fn outcome(decoded: &Decoded, read: ReadStats, stored: Stored) -> RecordingOutcome {
    let stage = &decoded.stage;
    let mut report = stage.observer.to_json();
    if let (Some(report), false) = (report.as_object_mut(), stage.gaps().is_empty()) {
        let gaps = stage
            .gaps()
            .iter()
            .map(|gap| json!({ "from": gap.after + 1, "to": gap.before - 1 }));
        report.insert("gaps".to_owned(), gaps.collect());
    }
    RecordingOutcome {
        report,
        gaps: stage.gaps().to_vec(),
        damage: decoded.damage.clone(),
        read,
        slots: stage.stats(),
        blocks: stored.blocks,
        rows: stored.rows,
    }
}
