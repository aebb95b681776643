//! The one consumer that carries messages into the warehouse.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hypernode_state::outbox::{Ack, Message, ReadOutbox, StartAt, Subscribe, TrimOutbox};
use hypernode_state::{Seldom, Store, StoreError, StoreExt, UnixMs};
use hypernode_warehouse::{Client, WarehouseError, fail, settle_tables};
use tokio_util::sync::CancellationToken;

use super::receipts::Receipts;
use super::rows::Rows;
use crate::service::{Clock, TOPIC};

/// Its name among the topic's consumers.
const CONSUMER: &str = "warehouse";
/// Messages of one batch.
const BATCH: u32 = 1_000;
/// Time to gather messages: each batch is a part on ClickHouse's disk.
const GATHER: Duration = Duration::from_secs(1);
/// After an error.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a batch under way may take when the instance stops.
const LAST: Duration = Duration::from_secs(10);

/// Why a batch was not carried over. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The store's.
    #[error("the outbox: {0}")]
    Store(#[from] StoreError),
    /// The warehouse's.
    #[error("the warehouse: {0}")]
    Warehouse(#[from] WarehouseError),
}

/// How far it is.
#[derive(Debug, Default)]
pub struct Progress {
    acked: AtomicU64,
    carried: AtomicU64,
    failing: AtomicBool,
}

impl Progress {
    /// The last message that is in the warehouse for certain.
    pub fn acked(&self) -> u64 {
        self.acked.load(Relaxed)
    }

    /// Messages carried over by this process.
    pub fn carried(&self) -> u64 {
        self.carried.load(Relaxed)
    }

    /// Whether the last attempt failed.
    pub fn failing(&self) -> bool {
        self.failing.load(Relaxed)
    }
}

/// See the module. Only one may be at work on a store and a warehouse: that of the store's dispatcher.
#[derive(Debug)]
pub struct Forwarder {
    store: Arc<dyn Store>,
    client: Client,
    progress: Arc<Progress>,
    receipts: Receipts,
    /// What it has acknowledged; `None` before it has looked.
    acked: Option<u64>,
    /// Rows beyond `acked` may be there.
    doubt: bool,
}

impl Forwarder {
    /// From the outbox of `store` into the tables behind `client`.
    pub fn new(store: Arc<dyn Store>, client: Client, progress: Arc<Progress>) -> Self {
        Self {
            store,
            client,
            progress,
            receipts: Receipts::default(),
            acked: None,
            doubt: true,
        }
    }

    /// Carries messages over until `stop`.
    pub async fn run(mut self, clock: Clock, stop: CancellationToken) {
        let told = Seldom::new();
        loop {
            let done = {
                let step = self.round(clock());
                tokio::pin!(step);
                tokio::select! {
                    done = &mut step => done,
                    // A batch under way ends, if it does so soon: else the next start looks.
                    () = stop.cancelled() => {
                        let _ = tokio::time::timeout(LAST, step).await;
                        return;
                    }
                }
            };
            self.progress.failing.store(done.is_err(), Relaxed);
            let wait = match done {
                Ok(full) if full => continue,
                Ok(_) => GATHER,
                Err(error) => {
                    if told.now() {
                        tracing::warn!("facts of dispatch are carried over later: {error}");
                    }
                    AGAIN
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Carries a batch of messages and one of receipts over, and makes roots of days that are over at `now`; whether more is
    /// waiting.
    ///
    /// # Errors
    /// [`ForwardError`].
    pub async fn round(&mut self, now: UnixMs) -> Result<bool, ForwardError> {
        let messages = self.step().await?;
        let receipts = self
            .receipts
            .step(self.store.as_ref(), &self.client)
            .await?;
        if !receipts {
            self.receipts.close_days(&self.client, now).await?;
        }
        Ok(messages || receipts)
    }

    /// Carries one batch of messages over; whether more is waiting. After an error the next step looks at what is there.
    ///
    /// # Errors
    /// [`ForwardError`].
    pub async fn step(&mut self) -> Result<bool, ForwardError> {
        let acked = match self.acked {
            Some(acked) => acked,
            None => {
                let subscribe = Subscribe {
                    topic: TOPIC.to_owned(),
                    consumer: CONSUMER.to_owned(),
                    from: StartAt::Oldest,
                };
                let acked = self.store.run(subscribe).await?;
                self.progress.acked.store(acked, Relaxed);
                *self.acked.insert(acked)
            }
        };
        let read = ReadOutbox {
            topic: TOPIC.to_owned(),
            after: acked,
            limit: BATCH,
        };
        let messages = self.store.ask(read).await?;
        let Some(last) = messages.last().map(|message| message.seq) else {
            return Ok(false);
        };
        self.write(&messages, acked, last).await?;
        let ack = Ack {
            topic: TOPIC.to_owned(),
            consumer: CONSUMER.to_owned(),
            upto: last,
        };
        self.store.run(ack).await?;
        fail::point("facts.acked");
        (self.acked, self.doubt) = (Some(last), false);
        self.progress.acked.store(last, Relaxed);
        let carried = messages.len() as u64;
        self.progress.carried.fetch_add(carried, Relaxed);
        Ok(carried == u64::from(BATCH))
    }

    /// Removes messages that every consumer of the topic has acknowledged; whether more are left.
    ///
    /// # Errors
    /// The store's.
    pub async fn trim(store: &dyn Store) -> Result<bool, StoreError> {
        let topic = TOPIC.to_owned();
        let limit = hypernode_state::limits::MANY;
        let removed = store.run(TrimOutbox { topic, limit }).await?;
        Ok(removed == u64::from(limit))
    }

    async fn write(
        &mut self,
        messages: &[Message],
        after: u64,
        last: u64,
    ) -> Result<(), ForwardError> {
        let mut rows = Rows::of(messages);
        if self.doubt {
            self.leave_out_what_is_there(&mut rows, after, last).await?;
        }
        // Whatever happens from here on, the next attempt must look.
        self.doubt = true;
        if !rows.jobs.is_empty() {
            self.client.insert_rows("dispatch_jobs", &rows.jobs).await?;
        }
        fail::point("facts.jobs");
        if !rows.attempts.is_empty() {
            self.client
                .insert_rows("dispatch_attempts", &rows.attempts)
                .await?;
        }
        fail::point("facts.attempts");
        if !rows.load.is_empty() {
            self.client.insert_rows("dispatch_load", &rows.load).await?;
        }
        fail::point("facts.load");
        if !rows.rechecks.is_empty() {
            self.client
                .insert_rows("dispatch_rechecks", &rows.rechecks)
                .await?;
        }
        fail::point("facts.rechecks");
        Ok(())
    }

    async fn leave_out_what_is_there(
        &self,
        rows: &mut Rows,
        after: u64,
        last: u64,
    ) -> Result<(), WarehouseError> {
        // An insert whose client died may still be at work.
        settle_tables(&self.client, "dispatch_").await?;
        let between = format!("seq > {after} AND seq <= {last}");
        // The time tells a message from one of the same number in a store that was put back from a backup.
        let sql = format!("SELECT seq, at, job FROM dispatch_jobs WHERE {between}");
        let there: HashSet<(u64, i64, String)> =
            self.client.rows(&sql).await?.into_iter().collect();
        rows.jobs
            .retain(|row| !there.contains(&(row.seq, row.at, row.job.clone())));
        let sql = format!("SELECT seq, n, at, job FROM dispatch_attempts WHERE {between}");
        let there: HashSet<(u64, u32, i64, String)> =
            self.client.rows(&sql).await?.into_iter().collect();
        rows.attempts
            .retain(|row| !there.contains(&(row.seq, row.n, row.at, row.job.clone())));
        let sql = format!("SELECT seq, at FROM dispatch_load WHERE {between}");
        let there: HashSet<(u64, i64)> = self.client.rows(&sql).await?.into_iter().collect();
        let sql = format!("SELECT seq, at FROM dispatch_rechecks WHERE {between}");
        let again: HashSet<(u64, i64)> = self.client.rows(&sql).await?.into_iter().collect();
        rows.rechecks
            .retain(|row| !again.contains(&(row.seq, row.at)));
        rows.load.retain(|row| !there.contains(&(row.seq, row.at)));
        Ok(())
    }
}
