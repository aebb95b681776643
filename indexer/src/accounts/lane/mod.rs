//! The lane: takes what the queue brings, stores it each second, and sees to it that snapshots are taken.

mod behind;
mod upkeep;

use std::time::Duration;

use hypernode_decoder::accounts::{AccountOutcome, AccountRows};
use hypernode_schemas::table::TableRows;
use hypernode_warehouse::Client;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use self::behind::Behind;
use super::cover::{Begin, Cover};
use super::queue::{AccountReceiver, Item};
use super::rpc::Rpc;
use super::snapshot::{SnapshotError, Taken};
use super::{AccountOptions, coverage, store};
use crate::geyser::Backoff;
use crate::pipeline::StatusHandle;

/// Rows are stored this often, or when they are this large (or a quarter of the queue, if that is less).
const FLUSH_EVERY: Duration = Duration::from_secs(1);
const FLUSH_BYTES: usize = 8 << 20;
/// How often the end of what is observed is written down, and closed accounts are looked for.
const RECORD_EVERY: Duration = Duration::from_secs(3);
/// How long stopping may take.
const STOP_TIME: Duration = Duration::from_secs(4);
/// How long a gap may last before its slots are stated; most end sooner, by a snapshot.
const PATIENCE: Duration = Duration::from_secs(10);

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
    let Some(cover) = recall(&options, rpc.is_some(), &client, &shutdown).await else {
        return;
    };
    let mut lane = Lane {
        rows: AccountRows::new(&options.decoder),
        pending: Vec::new(),
        store_again: None,
        store_pauses: Backoff::new(Duration::from_millis(500), Duration::from_secs(15)),
        flush_bytes: FLUSH_BYTES.min(options.queue_bytes / 4).max(1),
        cover,
        gap_since: Instant::now(),
        snapshot: None,
        snapshot_at: Instant::now(),
        snapshot_pauses: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
        behind: Behind::default(),
        checked: None,
        options,
        client,
        rpc,
        status,
    };
    lane.run(receiver, &shutdown).await;
}

/// What was stated before this run; `None` if stopped while ClickHouse does not answer.
async fn recall(
    options: &AccountOptions,
    snapshots: bool,
    client: &Client,
    shutdown: &CancellationToken,
) -> Option<Cover> {
    let mut pauses = Backoff::new(Duration::from_millis(250), Duration::from_secs(15));
    let last = loop {
        let error = match coverage::last(client).await {
            Ok(last) => break last,
            Err(error) => error,
        };
        tracing::warn!(%error, "accounts wait for ClickHouse");
        tokio::select! {
            () = tokio::time::sleep(pauses.next()) => {}
            () = shutdown.cancelled() => return None,
        }
    };
    let begin = if options.after_idl_change {
        Begin::IdlChange
    } else {
        Begin::Start
    };
    let owners = options.decoder.owners().map(|(_, program)| *program);
    let last = |program: &_| last.get(program).copied();
    Some(Cover::new(begin, owners, snapshots, last))
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
    flush_bytes: usize,
    /// What is known of the slots.
    cover: Cover,
    /// Since when some program is not observed.
    gap_since: Instant,
    /// The snapshot being taken, and the slot from which the stream was whole when it began.
    snapshot: Option<(u64, JoinHandle<Result<Taken, SnapshotError>>)>,
    snapshot_at: Instant,
    snapshot_pauses: Backoff,
    /// Whether the last snapshot knew of everything before it.
    behind: Behind,
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
            let room = self.rows.bytes() < self.flush_bytes;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                _ = flush.tick() => {
                    self.take_note_of_dropped(&receiver).await;
                    self.flush().await;
                    self.see_to_snapshot().await;
                }
                _ = record.tick() => {
                    self.take_note_of_dropped(&receiver).await;
                    let growing = self.gap_since.elapsed() > PATIENCE || !self.cover.streamed();
                    self.state(growing).await;
                    self.find_closed().await;
                }
                item = receiver.items.recv(), if room => match item {
                    Some(item) => self.item(item, &receiver).await,
                    None => break,
                },
            }
        }
        self.abort_snapshot();
        let end = async {
            while let Ok(item) = receiver.items.try_recv() {
                self.item(item, &receiver).await;
            }
            self.take_note_of_dropped(&receiver).await;
            self.flush().await;
            self.state(true).await;
        };
        if tokio::time::timeout(STOP_TIME, end).await.is_err() {
            tracing::warn!("accounts were not stored in time: the next start records a gap");
        }
    }

    async fn item(&mut self, item: Item, receiver: &AccountReceiver) {
        match item {
            Item::Update(seen, _permit) => {
                self.cover.update(seen.slot());
                if let Some(slot) = self.behind.update(seen.slot()) {
                    self.look_from(slot);
                }
                let outcome = self.options.decoder.decode(&seen.version(), &mut self.rows);
                if outcome != AccountOutcome::Foreign && self.rows.bytes() >= self.flush_bytes {
                    self.flush().await;
                }
            }
            Item::Confirmed(slot, _permit) => {
                // What was dropped before this was said must not count as said.
                self.take_note_of_dropped(receiver).await;
                self.cover.confirmed(slot);
            }
            Item::Connected => {
                self.cover.connected();
                self.snapshot_at = Instant::now();
            }
            Item::Refused(reason) => {
                self.broken(Cover::refused).await;
                self.say(Some(format!(
                    "the Geyser server sends no accounts ({reason}): snapshots are all there is"
                )));
            }
            Item::Disconnected => self.broken(Cover::disconnected).await,
        }
    }

    async fn take_note_of_dropped(&mut self, receiver: &AccountReceiver) {
        let Some(dropped) = receiver.dropped() else {
            return;
        };
        tracing::warn!(
            updates = dropped.updates,
            from = dropped.from,
            to = dropped.to,
            "account updates dropped: they came faster than ClickHouse takes them; a snapshot follows"
        );
        self.status
            .accounts(|accounts| accounts.dropped += dropped.updates);
        self.broken(|cover| cover.dropped(dropped.from, dropped.to))
            .await;
        self.snapshot_at = Instant::now();
    }

    /// The stream is not whole any more: what is observed ends here.
    async fn broken(&mut self, how: impl FnOnce(&mut Cover)) {
        self.flush().await;
        if !self.cover.gap() {
            self.gap_since = Instant::now();
        }
        how(&mut self.cover);
        // One that is under way may lie before the break.
        self.abort_snapshot();
    }

    async fn flush(&mut self) {
        if self.store_again.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let drained = self.cover.drained();
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
                if !self.cover.gap() {
                    self.gap_since = Instant::now();
                }
                self.cover.lost();
                self.abort_snapshot();
                self.snapshot_at = Instant::now() + pause;
            }
            return;
        }
        if self.store_again.take().is_some() {
            self.store_pauses.reset();
            self.say(None);
        }
        self.pending.clear();
        self.cover.stores(drained);
    }

    fn abort_snapshot(&mut self) {
        if let Some((_, snapshot)) = self.snapshot.take() {
            snapshot.abort();
        }
    }

    fn say(&self, message: Option<String>) {
        self.status.accounts(|accounts| accounts.message = message);
    }
}
