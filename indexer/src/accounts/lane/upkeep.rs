//! What the lane sees to beside its queue: snapshots, coverage, closed accounts.

use std::sync::Arc;
use std::time::Duration;

use hypernode_decoder::chain::Pubkey;
use tokio::time::Instant;

use super::Lane;
use crate::accounts::closing;
use crate::accounts::coverage::{self, Coverage};
use crate::accounts::snapshot::{self, SnapshotError, Taken};

/// How long one look for closed accounts may keep the lane from its queue.
const ASK_TIME: Duration = Duration::from_secs(5);

impl Lane {
    /// Starts a snapshot that is due, and takes the result of one that is done.
    pub(super) async fn see_to_snapshot(&mut self) {
        if self
            .snapshot
            .as_ref()
            .is_some_and(|(_, task)| task.is_finished())
            && let Some((whole, done)) = self.snapshot.take()
        {
            match done.await {
                Ok(Ok(taken)) => self.snapshot_taken(&taken, whole),
                Ok(Err(error)) => self.snapshot_failed(&error),
                Err(error) => tracing::error!(%error, "a snapshot of accounts broke off"),
            }
        }
        let due = self.snapshot.is_none() && Instant::now() >= self.snapshot_at;
        let from = self.cover.snapshot_from();
        let Some((rpc, whole)) = self.rpc.clone().filter(|_| due).zip(from) else {
            return;
        };
        // A snapshot that fails is tried again; one that never ends holds nothing up.
        self.snapshot_at = Instant::now() + Duration::from_secs(1);
        let all_stored = self.rows.accounts() == 0 && self.pending.is_empty();
        self.behind.begins(all_stored);
        let client = self.client.clone();
        let decoder = Arc::clone(&self.options.decoder);
        let first = self.cover.gap().then_some(whole);
        let task =
            tokio::spawn(async move { snapshot::take(&client, &rpc, &decoder, first).await });
        self.snapshot = Some((whole, task));
    }

    fn snapshot_taken(&mut self, taken: &Taken, whole: u64) {
        let slots = taken.slots.iter().map(|(_, slot)| *slot);
        let slot = slots.clone().max().unwrap_or_default();
        let ends_gap = self.cover.gap();
        tracing::info!(
            slot,
            accounts = taken.accounts,
            changed = taken.written,
            closed = taken.closed,
            ends_gap,
            "snapshot of accounts"
        );
        for (program, slot) in &taken.slots {
            self.cover.snapshot(program, *slot, whole);
        }
        if self.cover.streamed() && (ends_gap || self.checked.is_none()) {
            self.checked = slots.min();
        }
        if let Some(slot) = self.behind.taken(slot) {
            self.look_from(slot);
        }
        self.snapshot_pauses.reset();
        let mut pause = self.options.snapshot_every;
        if self.cover.streamed() && self.cover.gap() {
            pause = pause.min(self.snapshot_pauses.next());
        }
        self.snapshot_at = Instant::now() + pause;
        let streamed = self.cover.streamed();
        self.status.accounts(|accounts| {
            accounts.snapshot_slot = slot;
            accounts.snapshot_accounts = taken.accounts;
            accounts.seen += taken.written;
            accounts.closed += taken.closed;
            accounts.message = accounts.message.take().filter(|_| !streamed);
        });
    }

    /// Closed accounts are looked for again from this slot on.
    pub(super) fn look_from(&mut self, slot: u64) {
        let before = slot.saturating_sub(1);
        self.checked = self.checked.map(|checked| checked.min(before));
    }

    fn snapshot_failed(&mut self, error: &SnapshotError) {
        let pause = self.snapshot_pauses.next();
        self.snapshot_at = Instant::now() + pause;
        tracing::warn!(%error, retry_in_ms = pause.as_millis() as u64, "no snapshot of accounts");
        self.say(Some(error.to_string()));
    }

    /// Writes down how far the stream is whole and stored; `growing`: and which slots pass without it.
    pub(super) async fn state(&mut self, growing: bool) {
        let statements = self.cover.statements(growing);
        let label = |program: &Pubkey| {
            let mut owners = self.options.decoder.owners();
            owners.find_map(|(label, owner)| (owner == program).then_some(label))
        };
        let rows: Vec<Coverage<'_>> = statements
            .into_iter()
            .filter_map(|(program, statement)| {
                Some(Coverage::statement(program, label(&program)?, statement))
            })
            .collect();
        match coverage::record(&self.client, &rows).await {
            Ok(()) => self.cover.written(),
            Err(error) => tracing::debug!(%error, "account coverage is written later"),
        }
    }

    /// Asks about accounts that instructions named and the stream did not.
    pub(super) async fn find_closed(&mut self) {
        let (Some(rpc), Some(since)) = (&self.rpc, self.checked) else {
            return;
        };
        // Only slots whose accounts are stored: an account that is merely on its way is no suspect.
        let served = self.status.get().as_of_slot;
        let until = self.cover.stored().map_or(0, |stored| stored.min(served));
        if until <= since || !self.cover.up() {
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
}
