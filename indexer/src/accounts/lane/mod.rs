//! The lane: takes what the queue brings, stores it each second, and sees to it that snapshots are taken.

mod upkeep;

use std::time::Duration;

use hypernode_decoder::accounts::{AccountOutcome, AccountRows};
use hypernode_schemas::table::TableRows;
use hypernode_warehouse::Client;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::queue::{AccountReceiver, Item};
use super::rpc::Rpc;
use super::snapshot::{SnapshotError, Taken};
use super::{AccountOptions, store};
use crate::geyser::Backoff;
use crate::pipeline::StatusHandle;

/// Rows are stored this often, or when they are this large.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
const FLUSH_BYTES: usize = 8 << 20;
/// How often the end of what is observed is written down, and closed accounts are looked for.
const RECORD_EVERY: Duration = Duration::from_secs(3);
/// How long stopping may take.
const STOP_TIME: Duration = Duration::from_secs(10);

/// Runs until `shutdown`, then stores what is there. Never fails: what goes wrong is logged, in the status, and mended by
/// the next snapshot.
pub(crate) async fn run(
    options: AccountOptions,
    client: Client,
    receiver: AccountReceiver,
    status: StatusHandle,
    shutdown: CancellationToken,
) {
    let rpc = match options.rpc.as_deref().map(Rpc::new).transpose() {
        Ok(rpc) => rpc,
        Err(error) => {
            tracing::error!(%error, "no snapshots of accounts");
            None
        }
    };
    if rpc.is_none() {
        tracing::warn!(
            "no rpc.url: accounts are known from the first change that the stream shows, and closed ones stay open"
        );
    }
    let mut lane = Lane {
        rows: AccountRows::new(&options.decoder),
        pending: Vec::new(),
        store_again: None,
        store_pauses: Backoff::new(Duration::from_millis(500), Duration::from_secs(15)),
        streamed: true,
        up: false,
        first: None,
        gap: Some("start"),
        drained: None,
        stored: None,
        observed_from: None,
        snapshot: None,
        snapshot_at: Instant::now(),
        snapshot_pauses: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
        checked: None,
        options,
        client,
        rpc,
        status,
    };
    lane.run(receiver, &shutdown).await;
}

struct Lane {
    options: AccountOptions,
    client: Client,
    rpc: Option<Rpc>,
    status: StatusHandle,
    rows: AccountRows,
    /// Rows on their way that ClickHouse has not taken yet.
    pending: Vec<TableRows>,
    store_again: Option<Instant>,
    store_pauses: Backoff,
    /// Whether the stream brings accounts.
    streamed: bool,
    /// Whether the stream is up.
    up: bool,
    /// First slot that was confirmed since the stream is whole.
    first: Option<u64>,
    /// Why the next snapshot ends an unobserved interval.
    gap: Option<&'static str>,
    /// Slot up to which everything has been taken from the queue.
    drained: Option<u64>,
    /// Slot up to which everything is stored.
    stored: Option<u64>,
    /// First slot from which the stream is whole.
    observed_from: Option<u64>,
    snapshot: Option<JoinHandle<Result<Taken, SnapshotError>>>,
    snapshot_at: Instant,
    snapshot_pauses: Backoff,
    /// Slot up to which closed accounts were looked for.
    checked: Option<u64>,
}

impl Lane {
    async fn run(&mut self, mut receiver: AccountReceiver, shutdown: &CancellationToken) {
        let mut flush = tokio::time::interval(FLUSH_EVERY);
        let mut record = tokio::time::interval(RECORD_EVERY);
        for timer in [&mut flush, &mut record] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            // While ClickHouse takes nothing, the queue is what waits, and drops.
            let room = self.rows.bytes() < FLUSH_BYTES;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                _ = flush.tick() => self.tick(&receiver).await,
                _ = record.tick() => self.record().await,
                item = receiver.items.recv(), if room => match item {
                    Some(item) => self.item(item).await,
                    None => break,
                },
            }
        }
        if let Some(snapshot) = self.snapshot.take() {
            snapshot.abort();
        }
        let end = async {
            while let Ok(item) = receiver.items.try_recv() {
                self.item(item).await;
            }
            self.flush().await;
            self.record_observed().await;
        };
        if tokio::time::timeout(STOP_TIME, end).await.is_err() {
            tracing::warn!("accounts were not stored in time: the next start records a gap");
        }
    }

    async fn item(&mut self, item: Item) {
        match item {
            Item::Update(seen, _permit) => {
                let outcome = self.options.decoder.decode(&seen.version(), &mut self.rows);
                if outcome != AccountOutcome::Foreign && self.rows.bytes() >= FLUSH_BYTES {
                    self.flush().await;
                }
            }
            Item::Confirmed(slot, _permit) => {
                self.first.get_or_insert(slot);
                self.drained = Some(slot.saturating_sub(1)).max(self.drained);
                if self.rpc.is_none() && self.gap.is_some() && self.up && self.streamed {
                    self.begin_without_snapshot(slot).await;
                }
            }
            Item::Connected => {
                self.up = true;
                self.snapshot_at = Instant::now();
            }
            Item::Refused(reason) => {
                self.streamed = false;
                self.broken("the server sends no accounts").await;
                self.say(Some(format!(
                    "the Geyser server sends no accounts ({reason}): snapshots are all there is"
                )));
            }
            Item::Disconnected => {
                self.up = false;
                self.broken("the stream was down").await;
            }
        }
    }

    async fn tick(&mut self, receiver: &AccountReceiver) {
        if let Some(dropped) = receiver.dropped() {
            tracing::warn!(
                updates = dropped.updates,
                from = dropped.from,
                "account updates dropped: they came faster than ClickHouse takes them; a snapshot follows"
            );
            self.status
                .accounts(|accounts| accounts.dropped += dropped.updates);
            let before = dropped.from.saturating_sub(1);
            self.drained = self.drained.map(|slot| slot.min(before));
            self.stored = self.stored.map(|slot| slot.min(before));
            self.broken("updates were dropped").await;
            self.snapshot_at = Instant::now();
        }
        self.flush().await;
        self.see_to_snapshot().await;
    }

    /// The stream is not whole any more: what is observed ends here.
    async fn broken(&mut self, why: &'static str) {
        self.flush().await;
        self.record_observed().await;
        self.observed_from = None;
        self.first = None;
        self.gap = self.gap.or(Some(why));
        // One that is under way may lie before the break.
        if let Some(snapshot) = self.snapshot.take() {
            snapshot.abort();
        }
    }

    async fn flush(&mut self) {
        if self.store_again.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let drained = self.drained;
        if self.pending.is_empty() {
            let count = self.rows.accounts();
            self.pending = self.rows.take();
            if count > 0 {
                self.status.accounts(|accounts| accounts.seen += count);
            }
        } else if self.rows.accounts() > 0 {
            // Newer rows wait for older ones.
            return self.store(None).await;
        }
        self.store(drained).await;
    }

    /// Stores what is pending; `drained` is then stored.
    async fn store(&mut self, drained: Option<u64>) {
        if let Err(error) = store::insert(&self.client, &self.pending).await {
            let pause = self.store_pauses.next();
            self.store_again = Some(Instant::now() + pause);
            tracing::warn!(%error, retry_in_ms = pause.as_millis() as u64, "accounts wait for ClickHouse");
            self.say(Some(error.to_string()));
            if !error.is_retryable() {
                self.pending.clear();
                self.observed_from = None;
                self.first = None;
                self.gap = self.gap.or(Some("rows were refused"));
                self.snapshot_at = Instant::now() + pause;
            }
            return;
        }
        if self.store_again.take().is_some() {
            self.store_pauses.reset();
            self.say(None);
        }
        self.pending.clear();
        self.stored = drained.or(self.stored);
    }

    fn say(&self, message: Option<String>) {
        self.status.accounts(|accounts| accounts.message = message);
    }
}
