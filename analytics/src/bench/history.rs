//! A made-up history of any length, in the tables as the indexer would have left it.

use hypernode_warehouse::Client;

use crate::query::{self, Error, fill};

/// Events of one job.
pub(super) const EVENTS: u64 = 4;
/// Jobs created in a slot.
pub(super) const PER_SLOT: u64 = 4;
/// Unix seconds of slot 0.
const START: u64 = 1_760_000_000;
/// Jobs written at once.
const CHUNK: u64 = 250_000;
/// Nodes of the network.
pub(super) const NODES: u64 = 10_000;

/// How far it goes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct History {
    /// Jobs that were created.
    pub(super) jobs: u64,
}

impl History {
    /// The slot in which the last job is created: up to here the history is dense.
    pub(super) fn end(self) -> u64 {
        self.jobs / PER_SLOT
    }

    /// The one that is there.
    pub(super) async fn found(client: &Client) -> Result<Self, Error> {
        let end: u64 = query::row(client, "the history", "SELECT max(slot) FROM blocks").await?;
        Ok(Self {
            jobs: end * PER_SLOT,
        })
    }

    /// Writes the events of jobs up to `jobs`, and blocks up to their end.
    pub(super) async fn grow(&mut self, client: &Client, jobs: u64) -> Result<(), Error> {
        if self.jobs == 0 {
            let sql = format!(
                "INSERT INTO canonical_events (slot, tx_index, outer_ix, inner_ix, ordinal, block_time, kind, program, label, \
                 node, operator, node_name) SELECT 1, number, 0, -1, 0, toDateTime({START}, 'UTC'), 'NodeRegistered', \
                 toFixedString('program', 32), 'node_registry', \
                 toFixedString(concat(sipHash128(number, 2), sipHash128(number, 3)), 32) AS whom, whom, \
                 concat('node-', toString(number)) FROM numbers({NODES})"
            );
            run(client, &sql).await?;
        }
        let before = self.end();
        while self.jobs < jobs {
            let to = (self.jobs + CHUNK).min(jobs);
            let values = [("from", self.jobs), ("to", to), ("start", START)];
            run(
                client,
                &fill(include_str!("../sql/bench_events.sql"), &values),
            )
            .await?;
            self.jobs = to;
        }
        let (from, to) = (before + 1, self.end());
        let sql = format!(
            "INSERT INTO blocks (slot, parent_slot, block_time) SELECT number, number - 1, \
             toDateTime({START} + intDiv(number * 2, 5), 'UTC') FROM numbers({from}, {to} - {from} + 1)"
        );
        run(client, &sql).await
    }

    /// Says that the slots `from..=to` are stored, and which is the last final one.
    pub(super) async fn publish(
        client: &Client,
        (from, to): (u64, u64),
        finalized: u64,
    ) -> Result<(), Error> {
        let sql = format!(
            "INSERT INTO ingest_ledger (slot_lo, slot_hi, window, last_block_slot, blocks, finalized_slot, source, written_at) \
             SELECT {from}, {to}, 4, {to}, toUInt32({to} - {from} + 1), {finalized}, 'bench', now64(3)"
        );
        run(client, &sql).await
    }

    /// Writes evidence and checkpoints of the scores as of slot `to`, one for each day, as their keeper would have left them;
    /// of the days that are over, the last one has no root yet.
    pub(super) async fn judged(
        self,
        client: &Client,
        fee_accounts: &str,
        to: u64,
    ) -> Result<(), Error> {
        for first in (0..self.jobs).step_by(usize::try_from(CHUNK).unwrap_or(usize::MAX)) {
            let last = (first + CHUNK).min(self.jobs);
            let values = [
                ("from", 0),
                ("to", to),
                ("first", first),
                ("last", last),
                ("start", START),
            ];
            let sql = fill(include_str!("../sql/bench_evidence.sql"), &values);
            run(client, &sql).await?;
        }
        let sql = format!(
            "INSERT INTO reputation_checkpoints (slot, block_time, evidence, seq, version, fee_accounts) \
             SELECT last, {START} + intDiv(last * 2, 5), sum(n) OVER (ORDER BY last), (SELECT max(seq) FROM ingest_ledger), 1, \
             '{fee_accounts}' FROM (SELECT max(number) AS last, intDiv({START} + intDiv(number * 2, 5), 86400) AS day \
             FROM numbers(1, {to}) GROUP BY day) AS days LEFT JOIN (SELECT intDiv({START} + intDiv(slot * 2, 5), 86400) AS day, \
             count() AS n FROM reputation_evidence GROUP BY day) AS counted USING (day)"
        );
        run(client, &sql).await?;
        let sql = "INSERT INTO reputation_roots (day, first_slot, last_slot, nodes, evidence, version, root) \
                   SELECT toInt32(intDiv(block_time, 86400)), 1, slot, 0, 0, 1, toFixedString('made up', 32) \
                   FROM reputation_checkpoints ORDER BY slot DESC LIMIT 1 OFFSET 2";
        run(client, sql).await
    }
}

pub(super) async fn run(client: &Client, sql: &str) -> Result<(), Error> {
    query::execute_background(client, "a made-up history", sql).await
}
