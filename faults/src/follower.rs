//! A consumer of `changes since cursor`, which follows an indexer through its deaths: what it holds in the end must be what
//! a clean run stores.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hypernode_analytics::changes::{self, Change, Cursor, Event};
use hypernode_warehouse::Client;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::compare::Difference;
use crate::store::Store;

/// Between questions.
const EVERY: Duration = Duration::from_millis(700);
/// Changes asked for at once.
const LIMIT: u64 = 100;

/// An event by its identity: slot, transaction, instruction, record; with kind and signature.
type Known = (u64, u32, u16, i32, u32, String, String);

/// What the consumer holds, and what was wrong on the way.
#[derive(Debug, Default)]
struct Held {
    cursor: Cursor,
    events: BTreeSet<Known>,
    wrong: Vec<String>,
    /// Retractions that were applied.
    retractions: u64,
}

/// The running consumer.
#[derive(Debug)]
pub(crate) struct Follower {
    task: JoinHandle<Held>,
    stop: CancellationToken,
}

impl Follower {
    /// Follows what `store` gets from an indexer.
    pub(crate) fn start(store: &Store) -> Self {
        let stop = CancellationToken::new();
        let (client, stopped) = (store.client.clone(), stop.clone());
        let task = tokio::spawn(async move {
            let mut held = Held::default();
            while !stopped.is_cancelled() {
                // There may be no tables yet, or no engine for a while.
                let _ = held.follow(&client).await;
                tokio::select! {
                    () = tokio::time::sleep(EVERY) => {}
                    () = stopped.cancelled() => {}
                }
            }
            held
        });
        Self { task, stop }
    }

    /// Reads to the end and compares with the clean run up to slot `to`; adds what differs to `difference`. Gives the
    /// retractions that it was told.
    ///
    /// # Errors
    /// What ClickHouse said.
    pub(crate) async fn finish(
        self,
        store: &Store,
        to: u64,
        difference: &mut Difference,
    ) -> Result<u64> {
        self.stop.cancel();
        let mut held = self.task.await.context("the consumer of changes")?;
        held.follow(&store.client).await?;
        let sql = format!(
            "SELECT slot, tx_index, outer_ix, inner_ix, ordinal, toString(kind), base58Encode(signature) \
             FROM canonical_events WHERE slot <= {to}"
        );
        let clean: BTreeSet<Known> = store.truth.rows(&sql).await?.into_iter().collect();
        held.events.retain(|event| event.0 <= to);
        let apart = held.events.symmetric_difference(&clean).count() + held.wrong.len();
        difference.rows += clean.len() as u64;
        difference.add_derived("changes since a cursor", apart as u64, to);
        difference.lines.extend(held.wrong);
        Ok(held.retractions)
    }
}

impl Held {
    async fn follow(&mut self, client: &Client) -> Result<()> {
        loop {
            let answer = changes::changes(client, self.cursor, LIMIT).await?;
            for change in &answer.changes {
                self.apply(change);
            }
            self.cursor = answer.next.parse()?;
            if !answer.more {
                return Ok(());
            }
        }
    }

    fn apply(&mut self, change: &Change) {
        let events = change.events.iter().map(known);
        if change.change == "insert" {
            for event in events {
                let told = format!("change {}: {event:?} came a second time", change.seq);
                if !self.events.insert(event) {
                    self.wrong.push(told);
                }
            }
            return;
        }
        let events: BTreeSet<Known> = events.collect();
        for event in &events {
            self.events.remove(event);
        }
        if change.more {
            return;
        }
        self.retractions += 1;
        // All of its slots go: what the retraction does not name would never have been taken back by name.
        let (from, to) = (change.from, change.to);
        let left: Vec<Known> = self
            .events
            .iter()
            .filter(|event| (from..=to).contains(&event.0))
            .cloned()
            .collect();
        for event in left {
            let seq = change.seq;
            self.wrong
                .push(format!("change {seq} does not name {event:?}"));
            self.events.remove(&event);
        }
    }
}

fn known(event: &Event) -> Known {
    (
        event.slot,
        event.tx_index,
        event.outer_ix,
        event.inner_ix,
        event.ordinal,
        event.kind.clone(),
        event.signature.clone(),
    )
}
