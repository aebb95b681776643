//! Keeps evidence and scores up with the finalized chain. One writer, beside the indexer's; it reads facts and writes its
//! own tables only: evidence, then scores, then the checkpoint that makes both count. A day that is over gets its root.

use std::collections::VecDeque;

use clickhouse::Row;
use hypernode_score::{FeeAccounts, constants::VERSION, day, forge};
use hypernode_warehouse::{Client, fail, settle_tables};
use serde::{Deserialize, Serialize};

use super::accounts;
use super::evidence::{self, Block, Span};
use super::sql::Batch;
use super::{roots, sums};
use crate::follow;
use crate::query::{self, Error};
use crate::rollup::kept::{SPAN, reach};

/// Blocks of one step at most.
const BLOCKS: u64 = 4_096;
/// Canonical events of one step, about: what is judged at once must fit into memory and time.
const EVENTS: u64 = 100_000;
/// How far scores have come.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) slot: u64,
    pub(super) block_time: i64,
    pub(super) evidence: u64,
    pub(super) seq: u64,
    pub(super) version: u32,
    pub(super) fee_accounts: String,
}

/// The newest checkpoint.
pub(super) async fn newest(client: &Client) -> Result<Option<Checkpoint>, Error> {
    let sql = "SELECT slot, block_time, evidence, seq, version, fee_accounts FROM reputation_checkpoints \
               ORDER BY slot DESC LIMIT 1";
    Ok(query::rows(client, "the scores' checkpoint", sql)
        .await?
        .pop())
}

/// See the module.
#[derive(Debug)]
pub struct Keeper {
    client: Client,
    accounts: Vec<FeeAccounts>,
    /// The same as text.
    written: String,
    /// Slots back from which all events are read.
    span: u64,
    state: Option<State>,
}

/// The end of what is stored.
#[derive(Debug, Clone, Default)]
struct State {
    /// Last slot that was judged.
    slot: Option<u64>,
    /// The greatest block time up to it.
    time: i64,
    evidence: u64,
    seq: u64,
    /// Every node's score is to be made from all evidence: a new day, or a step that did not end.
    all: bool,
    /// Days that are over and have no root yet, each with its last slot.
    due: VecDeque<(i32, u64)>,
    /// Last slot of the days that have one.
    closed: Option<u64>,
}

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Rows of evidence written.
    pub evidence: u64,
    /// Slot of the last block that was judged; `None`: nothing was to be judged.
    pub slot: Option<u64>,
    /// The next step finds something to judge, as far as is known.
    pub more: bool,
}

impl Keeper {
    /// A keeper for the warehouse behind `client`, which must be allowed to write. Settlements prove a payment only to
    /// `accounts`.
    #[must_use]
    pub fn new(client: Client, accounts: Vec<FeeAccounts>) -> Self {
        let written = accounts::write(&accounts);
        Self {
            client,
            accounts,
            written,
            span: SPAN,
            state: None,
        }
    }

    /// The same, reading all events of fewer slots: further back, of those jobs alone that began there.
    #[must_use]
    pub fn spanning(self, span: u64) -> Self {
        Self { span, ..self }
    }

    /// Judges blocks that have become final: at most some thousands, none beyond the end of a day. After an error the
    /// next step begins with what is stored.
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

    /// The newest checkpoint; what lies beyond it is of a step that did not end.
    async fn load(&self) -> Result<State, Error> {
        settle_tables(&self.client, "reputation_").await?;
        self.fill_costs().await?;
        let kept = newest(&self.client).await?;
        let other =
            |kept: &Checkpoint| (kept.version, &kept.fee_accounts) != (VERSION, &self.written);
        let slot = kept.as_ref().map(|kept| kept.slot);
        let end = slot.map_or_else(String::new, |slot| format!(" AND slot <= {slot}"));
        let sql = format!("SELECT countIf(true{end}), count() FROM reputation_evidence");
        let (counted, all): (u64, u64) = query::row(&self.client, "evidence", &sql).await?;
        let counted = if slot.is_some() { counted } else { 0 };
        if let Some(kept) = &kept
            && (other(kept) || counted != kept.evidence)
        {
            tracing::warn!(
                evidence = counted,
                of = kept.evidence,
                "scores are computed anew: the definition, the fee accounts or the evidence is another"
            );
            self.forget_from(0).await?;
            return Ok(State {
                all: true,
                ..State::default()
            });
        }
        if all > counted {
            self.forget_from(slot.map_or(0, |slot| slot + 1)).await?;
        }
        let Some(kept) = kept else {
            return Ok(State {
                all: true,
                ..State::default()
            });
        };
        let today = day(kept.block_time);
        let whole = sums::are_whole(&self.client, kept.slot, today, kept.evidence).await?;
        let (due, closed) = roots::due(&self.client, today).await?;
        Ok(State {
            slot: Some(kept.slot),
            time: kept.block_time,
            evidence: kept.evidence,
            seq: kept.seq,
            all: !whole,
            due,
            closed,
        })
    }

    async fn extend(&self, mut state: State) -> Result<(State, Step), Error> {
        state = self.heed_changes(state).await?;
        let Some(start) = follow::start(&self.client).await? else {
            return Ok((state, Step::default()));
        };
        let after = state.slot.map_or(start, |slot| slot + 1);
        let end = follow::covered(&self.client, after, state.seq, BLOCKS).await?;
        let Some(end) = end else {
            return Ok((state, Step::default()));
        };
        let mut blocks = self.blocks(after, end).await?;
        let mut time = state.time;
        let mut days = blocks.iter().map(|block| {
            time = time.max(i64::from(block.time));
            day(time)
        });
        // A day's last score is that of its last block, however the chain is cut into steps.
        let today = days.next();
        let rest = days.position(|other| Some(other) != today);
        if let Some(rest) = rest {
            blocks.truncate(rest + 1);
        }
        let Some(today) = today else {
            return Ok((state, Step::default()));
        };
        let before = day(state.time);
        if let (Some(slot), Ok(day)) = (state.slot, i32::try_from(before))
            && i64::from(day) < today
        {
            state.due.push_back((day, slot));
        }
        while let Some((day, last)) = state.due.pop_front() {
            let first = state.closed.map_or(start, |slot| slot + 1);
            roots::close(&self.client, day, first, last).await?;
            state.closed = Some(last);
        }
        let span = Span {
            blocks: &blocks,
            time_before: state.time,
        };
        let since = reach(&self.client, span.first(), self.span).await?;
        let rows = evidence::new(&self.client, span, &self.accounts, since).await?;
        let what = "evidence of jobs";
        if !rows.is_empty() {
            query::insert(&self.client, what, "reputation_evidence", &rows).await?;
            fail::point("reputation.evidence");
        }
        let total = state.evidence + rows.len() as u64;
        if state.all || before != today {
            sums::make(&self.client, span.last(), today, total).await?;
            fail::point("reputation.scores");
        } else if !rows.is_empty() {
            let (from, to) = (after, span.last());
            sums::add(&self.client, Batch { from, to, today }).await?;
            fail::point("reputation.scores");
        }
        let kept = Checkpoint {
            slot: span.last(),
            block_time: span.time(),
            evidence: total,
            seq: state.seq,
            version: VERSION,
            fee_accounts: self.written.clone(),
        };
        query::insert(
            &self.client,
            what,
            "reputation_checkpoints",
            std::slice::from_ref(&kept),
        )
        .await?;
        fail::point("reputation.checkpoint");
        let step = Step {
            evidence: rows.len() as u64,
            slot: Some(kept.slot),
            // The end of what is covered may hold no block: then one step finds nothing.
            more: kept.slot < end || blocks.len() as u64 >= BLOCKS,
        };
        let state = State {
            slot: Some(kept.slot),
            time: kept.block_time,
            evidence: kept.evidence,
            seq: kept.seq,
            all: false,
            ..state
        };
        Ok((state, step))
    }

    /// Slots that come again take what followed from them with them.
    async fn heed_changes(&self, state: State) -> Result<State, Error> {
        let last = state.slot.unwrap_or(0);
        let heeded = follow::heed(&self.client, state.seq, last, async |from| {
            self.forget_from(from).await?;
            self.load().await
        });
        Ok(match heeded.await? {
            Some((again, seq)) => State {
                seq,
                ..again.unwrap_or(state)
            },
            None => state,
        })
    }

    /// Removes what follows from slots from `slot` on: checkpoints first, what lies beyond the newest one does not count.
    async fn forget_from(&self, slot: u64) -> Result<(), Error> {
        for (table, column) in [
            ("reputation_roots", "last_slot"),
            ("reputation_checkpoints", "slot"),
            ("reputation_evidence", "slot"),
            ("reputation_scores", "as_of_slot"),
            ("reputation_paths", "last_slot"),
        ] {
            let sql = format!(
                "ALTER TABLE {table} DELETE WHERE {column} >= {slot} SETTINGS mutations_sync = 2"
            );
            query::execute_background(&self.client, "taking scores back", &sql).await?;
        }
        sums::forget(&self.client).await
    }

    async fn blocks(&self, from: u64, to: u64) -> Result<Vec<Block>, Error> {
        let sql = format!(
            "SELECT slot FROM canonical_events WHERE slot BETWEEN {from} AND {to} \
             ORDER BY slot LIMIT 1 OFFSET {EVENTS}"
        );
        let full: Option<u64> = query::rows(&self.client, "the size of a step", &sql)
            .await?
            .pop();
        let to = full.map_or(to, |slot| slot.max(from));
        let sql = format!(
            "SELECT slot, toUnixTimestamp(block_time) AS time FROM blocks WHERE slot BETWEEN {from} AND {to} \
             ORDER BY slot LIMIT {BLOCKS}"
        );
        query::rows(&self.client, "final blocks", &sql).await
    }

    /// What each score costs to forge, for those who read tables.
    async fn fill_costs(&self) -> Result<(), Error> {
        #[derive(Row, Serialize)]
        struct Cost {
            score: u16,
            units: u32,
            requesters: u32,
        }
        let filled: u64 = query::row(
            &self.client,
            "costs",
            "SELECT count() FROM reputation_forge",
        )
        .await?;
        if filled > 0 {
            return Ok(());
        }
        let costs: Vec<Cost> = (0..=1000)
            .filter_map(|score| {
                let cost = forge(score)?;
                Some(Cost {
                    score,
                    units: u32::try_from(cost.units).ok()?,
                    requesters: u32::try_from(cost.requesters).ok()?,
                })
            })
            .collect();
        query::insert(&self.client, "costs", "reputation_forge", &costs).await
    }
}
