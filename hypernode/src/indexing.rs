//! The live indexer's role: it runs until it is stopped, and takes up changed IDLs on the way.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hypernode_decoder::chain::Pubkey;
use hypernode_indexer::accounts::AccountOptions;
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::pipeline::{self, LiveOptions, StatusHandle};
use hypernode_warehouse::Client;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::exit::{Failure, Outcome};
use crate::idls::{Sources, Watch, check, onchain};
use crate::programs::{Decoders, Programs, Rules};
use crate::rpc::Rpc;
use crate::store;

/// Slots still to be stored at which a run may be replaced. An indexer that keeps up has fewer, one whose queues are
/// full has more: what waits before them would take longer to store than sources remember (commonly 150 slots).
const NEAR: u64 = 16;
/// Longest pause between attempts to reach an absent ClickHouse.
const MAX_PAUSE: Duration = Duration::from_secs(15);

/// What is known about IDLs, for `status`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct IdlStatus {
    /// Programs that are decoded.
    pub(crate) programs: usize,
    /// Changes taken up since the start.
    pub(crate) changes: u64,
    /// What is wrong with the last change, while the IDLs of before are in force.
    pub(crate) refused: Option<String>,
}

/// Turns changed IDL files into decoders.
#[derive(Debug)]
pub(crate) struct Reload {
    watch: Watch,
    rules: Rules,
    programs: Programs,
    /// Configured programs without an IDL.
    missing: Vec<(String, Pubkey)>,
    status: Arc<Mutex<IdlStatus>>,
}

/// What reading all IDLs comes to.
struct Read {
    programs: Programs,
    decoder: Decoders,
    missing: Vec<(String, Pubkey)>,
}

impl Reload {
    /// Reads the IDLs for the first time, with their decoder. At a start every error is fatal.
    pub(crate) fn new(sources: Sources, rules: Rules) -> Outcome<(Self, Decoders)> {
        let watch = Watch::new(sources);
        let Read {
            programs,
            decoder,
            missing,
        } = read(watch.sources(), &rules).map_err(Failure::CannotStart)?;
        for notice in &programs.notices {
            tracing::warn!("{notice}");
        }
        let status = IdlStatus {
            programs: programs.configs.len(),
            ..IdlStatus::default()
        };
        let reload = Self {
            watch,
            rules,
            programs,
            missing,
            status: Arc::new(Mutex::new(status)),
        };
        Ok((reload, decoder))
    }

    /// Looks for the IDLs of configured programs that no folder has; the decoder with those that are on chain, if any.
    pub(crate) async fn look_up(
        self,
        rpc: Option<&Rpc>,
        data_dir: &Path,
        decoder: Decoders,
    ) -> Outcome<(Self, Decoders)> {
        let mut found = false;
        for (label, program) in &self.missing {
            match onchain::look_up(rpc, label, program, data_dir).await {
                Ok(line) => {
                    tracing::info!("{line}");
                    found = true;
                }
                Err(line) => tracing::warn!("{line}"),
            }
        }
        if found {
            Self::new(self.watch.sources().clone(), self.rules)
        } else {
            Ok((self, decoder))
        }
    }

    /// The status now and later.
    pub(crate) fn status(&self) -> Arc<Mutex<IdlStatus>> {
        Arc::clone(&self.status)
    }

    /// The decoder after the next good change, with its tables made. Bad changes are told and passed over.
    async fn next(&mut self, client: &Client) -> Decoders {
        loop {
            self.watch.changed().await;
            let (sources, rules) = (self.watch.sources().clone(), self.rules.clone());
            let read = tokio::task::spawn_blocking(move || read(&sources, &rules)).await;
            let read = read.unwrap_or_else(|error| Err(error.to_string()));
            let (programs, mut decoder) = match read {
                Ok(read) => (read.programs, read.decoder),
                Err(why) => {
                    self.refuse(why);
                    continue;
                }
            };
            if programs.configs == self.programs.configs {
                self.tell(|status| status.refused = None);
                continue;
            }
            if let Err(why) = make_room(client, &mut decoder).await {
                self.refuse(why);
                continue;
            }
            let old: BTreeSet<&str> = labels(&self.programs);
            for label in labels(&programs).difference(&old) {
                tracing::info!(
                    program = label,
                    "indexed from the next slot on; what came before is not fetched"
                );
            }
            for label in old.difference(&labels(&programs)) {
                tracing::info!(program = label, "no longer indexed; its tables stay");
            }
            self.programs = programs;
            self.tell(|status| status.refused = None);
            return decoder;
        }
    }

    /// The last change is what runs from now on.
    fn in_force(&self) {
        let count = self.programs.configs.len();
        self.tell(|status| {
            status.programs = count;
            status.changes += 1;
        });
    }

    fn refuse(&self, why: String) {
        tracing::error!("changed IDLs are refused, those of before stay in force: {why}");
        self.tell(|status| status.refused = Some(why));
    }

    fn tell(&self, change: impl FnOnce(&mut IdlStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn labels(programs: &Programs) -> BTreeSet<&str> {
    let labels = programs.configs.iter();
    labels.map(|config| config.label.as_str()).collect()
}

/// Everything from files to a decoder; `Err` is what a person must read.
fn read(sources: &Sources, rules: &Rules) -> Result<Read, String> {
    let versions = sources
        .load()
        .map_err(|refusals| format!("IDL {}", check::text(&refusals)))?;
    let missing = rules.without_idl(&versions);
    let (programs, decoder) = rules.all(versions)?;
    Ok(Read {
        programs,
        decoder,
        missing,
    })
}

/// Waits for a ClickHouse that is not there; whoever waits with it may drop this at any time.
async fn make_room(client: &Client, decoder: &mut Decoders) -> Result<(), String> {
    let mut pause = Duration::from_millis(500);
    loop {
        match store::make_room(client, decoder).await {
            Ok(()) => return Ok(()),
            Err(error) if !error.is_retryable() => return Err(error.to_string()),
            Err(error) => {
                tracing::warn!(%error, retry_in = ?pause, "changed IDLs wait for ClickHouse");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

/// What the role needs.
pub(crate) struct Indexing {
    /// The source; its programs are the decoder's.
    pub(crate) geyser: GeyserOptions,
    pub(crate) client: Client,
    pub(crate) status: StatusHandle,
    /// JSON-RPC endpoint of the same network, if any.
    pub(crate) rpc: Option<String>,
    /// Time between snapshots of accounts.
    pub(crate) snapshot_every: Duration,
    /// Genesis hash, base58.
    pub(crate) genesis: String,
    /// The tables are made already.
    pub(crate) prepared: bool,
}

impl Indexing {
    /// Runs until `stop`. When IDLs change, the run at hand ends in order (its open window is closed with what is
    /// proven) and another one goes on from the ledger with the new decoder: no block is lost or stored twice.
    pub(crate) async fn run(
        self,
        mut decoder: Decoders,
        mut reload: Reload,
        stop: CancellationToken,
    ) -> Outcome {
        if !self.prepared && !self.prepare(&mut decoder, &stop).await? {
            return Ok(());
        }
        let mut changed = false;
        loop {
            let run_stop = stop.child_token();
            let mut geyser = self.geyser.clone();
            geyser.program_ids = decoder.blocks.programs().map(|(_, id)| *id).collect();
            let options = LiveOptions {
                geyser,
                source: "geyser".to_owned(),
                accounts: decoder.accounts.map(|decoder| AccountOptions {
                    snapshot_every: self.snapshot_every,
                    after_idl_change: changed,
                    ..AccountOptions::new(Arc::new(decoder), self.rpc.clone())
                }),
            };
            let run = Box::pin(pipeline::run_live(
                options,
                Arc::new(decoder.blocks),
                self.client.clone(),
                self.status.clone(),
                run_stop.clone(),
            ));
            let mut run = run;
            decoder = tokio::select! {
                ended = &mut run => return ended.map_err(|error| Failure::Broke(error.into())),
                next = async {
                    let next = reload.next(&self.client).await;
                    self.caught_up().await;
                    next
                } => next,
            };
            run_stop.cancel();
            run.await.map_err(|error| Failure::Broke(error.into()))?;
            if stop.is_cancelled() {
                return Ok(());
            }
            reload.in_force();
            changed = true;
            tracing::info!("IDLs have changed: indexing goes on with the new ones");
        }
    }

    /// Waits until little of what the source sent is still to be stored: what a run has not stored
    /// when it ends is streamed again, and sources replay a short while only.
    async fn caught_up(&self) {
        let mut told = false;
        loop {
            let now = self.status.get();
            let behind = now.confirmed_slot.saturating_sub(now.as_of_slot);
            if behind <= NEAR {
                return;
            }
            if !told {
                tracing::info!(
                    slots = behind,
                    "changed IDLs wait until indexing has caught up"
                );
                told = true;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Makes the tables, waiting for a ClickHouse that is not there yet; `false` if stopped meanwhile.
    async fn prepare(&self, decoder: &mut Decoders, stop: &CancellationToken) -> Outcome<bool> {
        let mut pause = Duration::from_millis(500);
        loop {
            let error = match store::prepare(&self.client, decoder, &self.genesis).await {
                Ok(()) => return Ok(true),
                Err(error) => error,
            };
            if !error.is_retryable() {
                return Err(Failure::start("tables", error));
            }
            tracing::warn!(%error, retry_in = ?pause, "ClickHouse is not ready; nothing is lost meanwhile");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return Ok(false),
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }
}
