//! Keeps changes and sums up with the finalized chain. One writer; it reads facts and writes its own tables only: changes
//! first, then their sums together with the checkpoint, which is one insert and one part.

use hypernode_warehouse::{Client, fail, settle_tables};

use super::kept::{self, Checkpoint};
use super::sql::{self, Which};
use crate::follow;
use crate::query::{self, Error};

/// Ledger rows of one step at most.
const ROWS: u64 = 4_096;

/// How much is done by one statement: it must fit into memory and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Events of one step, about, where something came before.
    pub events: u64,
    /// Events of one stretch of addresses, about, where nothing came before; there are at most 255 stretches.
    pub stretch: u64,
    /// Changes that are summed at once, about.
    pub changes: u64,
    /// Slots back from which all events are read; further back, of those jobs alone that began there.
    pub span: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            events: 250_000,
            stretch: 1_000_000,
            changes: 1_000_000,
            span: kept::RECENT,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Keeper {
    client: Client,
    sizes: Sizes,
    state: Option<State>,
}

/// The end of what is stored.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// The checkpoint; `None` before the first.
    kept: Option<Checkpoint>,
    /// Changes are stored up to this slot, summed or not.
    changes: u64,
    /// Newest change of the ledger that was heeded.
    seq: u64,
    /// Number of the last step.
    step: u64,
}

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Last slot that is summed now; `None`: nothing was to be done.
    pub slot: Option<u64>,
    /// The next step finds something to do, as far as is known.
    pub more: bool,
}

impl Keeper {
    /// A keeper for the warehouse behind `client`, which must be allowed to write.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self::sized(client, Sizes::default())
    }

    /// The same, with other sizes.
    #[must_use]
    pub fn sized(client: Client, sizes: Sizes) -> Self {
        Self {
            client,
            sizes,
            state: None,
        }
    }

    /// Sums blocks that have become final. After an error the next step begins with what is stored.
    ///
    /// # Errors
    /// When the warehouse does not answer.
    pub async fn step(&mut self) -> Result<Step, Error> {
        let state = match self.state.take() {
            Some(state) => state,
            None => self.load().await?,
        };
        let (state, step) = self.extend(state).await?;
        self.state = Some(state);
        Ok(step)
    }

    /// The checkpoint; changes beyond it are of a step that did not end.
    async fn load(&self) -> Result<State, Error> {
        for table in ["job_changes", "node_changes", "metrics_hours"] {
            settle_tables(&self.client, table).await?;
        }
        let kept = kept::checkpoint(&self.client).await?;
        let next = kept.map_or(0, |kept| kept.slot + 1);
        self.remove_changes(next).await?;
        Ok(State {
            kept,
            changes: kept.map_or(0, |kept| kept.slot),
            seq: kept.map_or(0, |kept| kept.seq),
            step: kept.map_or(0, |kept| kept.step),
        })
    }

    async fn extend(&self, state: State) -> Result<(State, Step), Error> {
        let last = state.kept.map_or(0, |kept| kept.slot);
        let heeded = follow::heed(&self.client, state.seq, last, async |from| {
            self.forget_from(from).await?;
            self.load().await
        });
        let mut state = match heeded.await? {
            Some((again, seq)) => State {
                seq,
                ..again.unwrap_or(state)
            },
            None => state,
        };
        let Some(start) = follow::start(&self.client).await? else {
            return Ok((state, Step::default()));
        };
        let after = state.kept.map_or(start, |kept| kept.slot + 1);
        let mut whole = true;
        if state.changes < after {
            let end = follow::covered(&self.client, after, state.seq, ROWS).await?;
            let Some(end) = end else {
                return Ok((state, Step::default()));
            };
            (state.changes, whole) = self.write_changes(state.kept, start, after, end).await?;
        }
        let end = self.full(after, state.changes).await?;
        state = self.sum(state, after, end).await?;
        let step = Step {
            slot: Some(end),
            more: end < state.changes || !whole,
        };
        Ok((state, step))
    }

    /// Writes the changes of some slots from `after` on. Gives the last of them, and whether that is `end`.
    async fn write_changes(
        &self,
        kept: Option<Checkpoint>,
        start: u64,
        after: u64,
        end: u64,
    ) -> Result<(u64, bool), Error> {
        let since = kept.map_or(0, |kept| kept.reach(after, self.sizes.span));
        let first = after <= start;
        let to = match first {
            true => end,
            false => self.cut(after, end).await?,
        };
        let stretches = match first {
            true => self.stretches(after, to).await?,
            false => 1,
        };
        for at in 0..stretches {
            let which = match first {
                true => Which::Stretch(at, stretches),
                false => Which::Touched(since),
            };
            for (table, changes) in [
                ("job_changes", sql::job_changes(after, to, which)),
                ("node_changes", sql::node_changes(after, to, which)),
            ] {
                let sql = format!("INSERT INTO {table} {changes}");
                query::execute_background(&self.client, "changes of jobs and nodes", &sql).await?;
            }
        }
        fail::point("metrics.changes");
        Ok((to, to >= end))
    }

    /// The last slot of a step that holds about [`Sizes::events`].
    async fn cut(&self, from: u64, to: u64) -> Result<u64, Error> {
        let sql = format!(
            "SELECT slot FROM canonical_events WHERE slot BETWEEN {from} AND {to} \
             ORDER BY slot LIMIT 1 OFFSET {}",
            self.sizes.events
        );
        let full: Option<u64> = query::rows(&self.client, "the size of a step", &sql)
            .await?
            .pop();
        Ok(full.map_or(to, |slot| slot.max(from)))
    }

    async fn stretches(&self, from: u64, to: u64) -> Result<u8, Error> {
        let sql =
            format!("SELECT count() FROM canonical_events WHERE slot BETWEEN {from} AND {to}");
        let events: u64 = query::row(&self.client, "the size of the history", &sql).await?;
        Ok(u8::try_from(events.div_ceil(self.sizes.stretch.max(1)))
            .map_or(255, |stretches| stretches.max(1)))
    }

    /// The last slot of `from..=to` up to which there are about [`Sizes::changes`].
    async fn full(&self, from: u64, to: u64) -> Result<u64, Error> {
        let sql = format!(
            "SELECT slot FROM job_changes WHERE slot BETWEEN {from} AND {to} ORDER BY slot LIMIT 1 OFFSET {}",
            self.sizes.changes
        );
        let full: Option<u64> = query::rows(&self.client, "the size of a sum", &sql)
            .await?
            .pop();
        Ok(full.map_or(to, |slot| slot.max(from)))
    }

    async fn sum(&self, state: State, from: u64, to: u64) -> Result<State, Error> {
        let step = state.step + 1;
        let kept = Checkpoint {
            slot: to,
            seq: state.seq,
            step,
        };
        let sql = sql::sum(from, to, 1, &kept.row(), step);
        query::execute_background(&self.client, "sums of changes", &sql).await?;
        fail::point("metrics.sums");
        Ok(State {
            kept: Some(kept),
            step,
            ..state
        })
    }

    /// Takes away what slots from `from` on have added: from the sums first, with the checkpoint.
    async fn forget_from(&self, from: u64) -> Result<(), Error> {
        let Some(kept) = kept::checkpoint(&self.client).await? else {
            return Ok(());
        };
        let sql = format!("SELECT count() FROM job_changes WHERE slot >= {from}");
        let changes: u64 = query::row(&self.client, "changes to take back", &sql).await?;
        if changes > self.sizes.changes {
            // From the start is quicker, and needs no memory for all of it at once.
            return self.forget_all().await;
        }
        let step = kept.step + 1;
        let back = Checkpoint {
            slot: from.saturating_sub(1),
            step,
            ..kept
        };
        let sql = sql::sum(from, kept.slot, -1, &back.row(), step);
        query::execute_background(&self.client, "taking sums back", &sql).await?;
        self.remove_changes(from).await
    }

    async fn forget_all(&self) -> Result<(), Error> {
        tracing::warn!("network metrics are summed anew: old slots were stored again");
        // The checkpoint goes with the sums, and changes without one do not count.
        for table in ["metrics_hours", "job_changes", "node_changes"] {
            let sql = format!("TRUNCATE TABLE {table}");
            query::execute_background(&self.client, "starting anew", &sql).await?;
        }
        Ok(())
    }

    async fn remove_changes(&self, from: u64) -> Result<(), Error> {
        for table in ["job_changes", "node_changes"] {
            let sql = format!("SELECT count() FROM {table} WHERE slot >= {from}");
            let rows: u64 = query::row(&self.client, "changes beyond the checkpoint", &sql).await?;
            if rows > 0 {
                let sql = format!(
                    "ALTER TABLE {table} DELETE WHERE slot >= {from} SETTINGS mutations_sync = 2"
                );
                query::execute_background(&self.client, "taking changes back", &sql).await?;
            }
        }
        Ok(())
    }
}
