//! What the lane sees to beside its queue: snapshots, coverage, closed accounts.

use std::sync::Arc;
use std::time::Duration;

use hypernode_warehouse::WarehouseError;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Lane;
use crate::accounts::closing;
use crate::accounts::coverage::{self, Coverage, Kind};
use crate::accounts::snapshot::{self, Gap, SnapshotError, Taken};

/// How long one look for closed accounts may keep the lane from its queue.
const ASK_TIME: Duration = Duration::from_secs(5);

impl Lane {
    /// Starts a snapshot that is due, and takes the result of one that is done.
    pub(super) async fn see_to_snapshot(&mut self) {
        if self.snapshot.as_ref().is_some_and(JoinHandle::is_finished)
            && let Some(done) = self.snapshot.take()
        {
            match done.await {
                Ok(Ok(taken)) => self.snapshot_taken(taken),
                Ok(Err(error)) => self.snapshot_failed(&error),
                Err(error) => tracing::error!(%error, "a snapshot of accounts broke off"),
            }
        }
        let due = self.up && self.snapshot.is_none() && Instant::now() >= self.snapshot_at;
        let Some((rpc, first)) = self.rpc.clone().filter(|_| due).zip(self.first) else {
            return;
        };
        // A snapshot that fails is tried again; one that never ends holds nothing up.
        self.snapshot_at = Instant::now() + Duration::from_secs(1);
        let (client, decoder, gap) = (
            self.client.clone(),
            Arc::clone(&self.options.decoder),
            self.gap.map(|reason| Gap { reason, first }),
        );
        self.snapshot = Some(tokio::spawn(async move {
            snapshot::take(&client, &rpc, &decoder, gap).await
        }));
    }

    fn snapshot_taken(&mut self, taken: Taken) {
        tracing::info!(
            slot = taken.slot,
            accounts = taken.accounts,
            changed = taken.written,
            closed = taken.closed,
            reason = self.gap.unwrap_or("regular"),
            "snapshot of accounts"
        );
        // Without a stream every snapshot ends an interval of its own.
        if self.streamed && self.gap.take().is_some() {
            self.observed_from = Some(taken.slot);
            self.checked = Some(taken.slot);
        }
        self.snapshot_at = Instant::now() + self.options.snapshot_every;
        self.snapshot_pauses.reset();
        self.status.accounts(|accounts| {
            accounts.snapshot_slot = taken.slot;
            accounts.snapshot_accounts = taken.accounts;
            accounts.seen += taken.written;
            accounts.closed += taken.closed;
            accounts.message = accounts.message.take().filter(|_| !self.streamed);
        });
    }

    fn snapshot_failed(&mut self, error: &SnapshotError) {
        let pause = self.snapshot_pauses.next();
        self.snapshot_at = Instant::now() + pause;
        tracing::warn!(%error, retry_in_ms = pause.as_millis() as u64, "no snapshot of accounts");
        self.say(Some(error.to_string()));
    }

    /// Without an endpoint, what is observed begins with the first slot that the stream tells.
    pub(super) async fn begin_without_snapshot(&mut self, slot: u64) {
        let last = match coverage::last(&self.client).await {
            Ok(last) => last,
            Err(error) => return self.say(Some(error.to_string())),
        };
        let reason = self.gap.unwrap_or_default();
        let rows: Vec<Coverage<'_>> = self
            .options
            .decoder
            .owners()
            .filter_map(|(label, program)| {
                let from = last.get(program).map_or(0, |slot| slot + 1);
                let to = slot.checked_sub(1).filter(|to| from <= *to)?;
                Some(coverage_row(
                    label,
                    program,
                    Kind::Unobserved,
                    from,
                    to,
                    reason,
                ))
            })
            .collect();
        match coverage::record(&self.client, &rows).await {
            Ok(()) => {
                self.gap = None;
                self.observed_from = Some(slot);
            }
            Err(error) => self.say(Some(error.to_string())),
        }
    }

    pub(super) async fn record(&mut self) {
        self.record_observed().await;
        self.find_closed().await;
    }

    /// Writes down how far the stream is whole and stored.
    pub(super) async fn record_observed(&mut self) {
        let (Some(from), Some(to)) = (self.observed_from, self.stored) else {
            return;
        };
        if to < from {
            return;
        }
        let owners = self.options.decoder.owners();
        let rows: Vec<Coverage<'_>> = owners
            .map(|(label, program)| coverage_row(label, program, Kind::Observed, from, to, ""))
            .collect();
        if let Err(error) = coverage::record(&self.client, &rows).await {
            self.wait_for_warehouse(&error);
        }
    }

    /// Asks about accounts that instructions named and the stream did not.
    async fn find_closed(&mut self) {
        let (Some(rpc), Some(since)) = (&self.rpc, self.checked) else {
            return;
        };
        // Only slots whose accounts are stored: an account that is merely on its way is no suspect.
        let served = self.status.get().as_of_slot;
        let until = self.stored.map_or(0, |stored| stored.min(served));
        if until <= since || !self.up {
            return;
        }
        let found = closing::find(&self.client, rpc, &self.options.decoder, since, until);
        match tokio::time::timeout(ASK_TIME, found).await {
            Err(_) => tracing::debug!("closed accounts are looked for again later"),
            Ok(Ok(closed)) => {
                self.checked = Some(until);
                self.status.accounts(|accounts| {
                    accounts.seen += closed;
                    accounts.closed += closed;
                });
            }
            Ok(Err(error)) => tracing::debug!(%error, "closed accounts are looked for again later"),
        }
    }

    fn wait_for_warehouse(&self, error: &WarehouseError) {
        tracing::debug!(%error, "account coverage is written later");
    }
}

fn coverage_row<'a>(
    label: &'a str,
    program: &[u8; 32],
    kind: Kind,
    from: u64,
    to: u64,
    reason: &'static str,
) -> Coverage<'a> {
    Coverage {
        program: *program,
        label,
        kind,
        from,
        to,
        accounts: 0,
        reason,
    }
}
