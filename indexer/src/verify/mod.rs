//! Stored slots beside an independent source: decoded anew by the same decoder into a scratch database, compared row by
//! row (I-31).

mod compare;
mod scratch;
mod source;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use hypernode_decoder::chain::Block;
use hypernode_decoder::{Decoder, Rows};
use hypernode_schemas::clickhouse::LEDGER_TABLES;
use hypernode_warehouse::ledger::{Intervals, rows_in};
use hypernode_warehouse::{Client, Ledger, WarehouseError};
use tokio::sync::mpsc;

pub use compare::{Difference, Kind};
pub use source::Source;

use crate::idl_sets::Decoders;
use crate::recording::RecordingError;
use crate::rpc::RpcError;
use compare::{Columns, Part};
use scratch::Scratch;
pub(crate) use source::Said;

/// Rows that are compared at once.
const ROWS: u64 = 200_000;
/// Blocks that are compared at once.
const BLOCKS: usize = 512;
/// Notes about a source that are kept.
const NOTES: usize = 20;

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The endpoint does not answer.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// ClickHouse.
    #[error("warehouse: {0}")]
    Warehouse(#[from] WarehouseError),
    /// A task did not end by itself.
    #[error("a task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// A range that cannot be written again.
    #[error("{0}")]
    Range(String),
}

/// What is to be compared.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// First slot.
    pub from: u64,
    /// Last slot.
    pub to: u64,
    /// The other source.
    pub source: Source,
    /// Differences that are listed at most.
    pub most: usize,
    /// The decoder's IDLs were named for this: otherwise each slot is decoded with those that made its rows.
    pub chosen: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Slots of the range that were compared.
    pub compared: Intervals,
    /// Slots that are not stored.
    pub not_stored: Vec<(u64, u64)>,
    /// Stored slots of which the source says nothing for certain.
    pub not_in_source: Vec<(u64, u64)>,
    /// Blocks of the source that were decoded.
    pub blocks: u64,
    /// Rows that they make.
    pub rows: u64,
    /// Rows that differ: the first ones.
    pub differences: Vec<Difference>,
    /// How many differ.
    pub total: u64,
    /// What the source said beside its blocks.
    pub notes: Vec<String>,
}

impl Verified {
    /// Whether something was compared and nothing differs.
    #[must_use]
    pub fn matches(&self) -> bool {
        self.total == 0 && !self.compared.is_empty()
    }
}

/// Compares; `progress` is told each slot that is done.
///
/// # Errors
/// When the source or ClickHouse does not answer.
pub async fn verify(
    options: VerifyOptions,
    decoder: Arc<Decoder>,
    client: Client,
    progress: impl Fn(u64) + Send,
) -> Result<Verified, VerifyError> {
    let stored = Ledger::load(&client).await?.intervals().clone();
    let (from, to) = (options.from, options.to);
    let made_by = rows_in(&client, from, to).await?;
    let made_by = made_by.iter().map(|row| (row.slot_hi, row.idls)).collect();
    let decoders = Decoders::new(client.clone(), Arc::clone(&decoder), options.chosen);
    let scratch = Scratch::create(client.clone()).await?;
    let mut run = Run {
        options,
        rows: Rows::new(&decoder),
        decoders,
        decoder,
        made_by,
        client,
        stored,
        scratch,
        columns: Columns::default(),
        known: Intervals::default(),
        from,
        waiting: Vec::new(),
        out: Verified::default(),
    };
    let done = run.work(progress).await;
    let dropped = run.scratch.drop().await;
    done?;
    dropped?;
    let mut out = run.out;
    out.not_stored = without(&[(from, to)], &run.stored);
    out.not_in_source = without(&without(&[(from, to)], &run.known), &inverse(&run.stored));
    out.differences.sort();
    Ok(out)
}

struct Run {
    options: VerifyOptions,
    decoders: Decoders,
    /// The one of the slots at hand.
    decoder: Arc<Decoder>,
    /// Last slots of the ledger rows ahead, in order, each with its set of IDLs.
    made_by: VecDeque<(u64, [u8; 32])>,
    client: Client,
    /// What the ledger covers.
    stored: Intervals,
    scratch: Scratch,
    columns: Columns,
    /// What the source is certain of.
    known: Intervals,
    rows: Rows,
    /// First slot that is not compared yet.
    from: u64,
    /// Slots of blocks that are decoded and not compared yet.
    waiting: Vec<u64>,
    out: Verified,
}

impl Run {
    async fn work(&mut self, progress: impl Fn(u64)) -> Result<(), VerifyError> {
        let (sender, mut said) = mpsc::channel(16);
        let (from, to) = (self.options.from, self.options.to);
        let source = tokio::spawn(self.options.source.clone().say(from, to, sender));
        while let Some(said) = said.recv().await {
            match said {
                Said::Note(note) => {
                    if self.out.notes.len() < NOTES {
                        self.out.notes.push(note);
                    }
                }
                Said::Block(block) => {
                    know(&mut self.known, &block, to);
                    if block.slot > to {
                        continue;
                    }
                    progress(block.slot);
                    self.choose_decoder(block.slot).await?;
                    self.decoder.decode_block(&block, &mut self.rows, &mut ());
                    self.waiting.push(block.slot);
                    if self.waiting.len() >= BLOCKS || self.rows.rows() >= ROWS {
                        self.compare(block.slot).await?;
                    }
                }
            }
        }
        source.await??;
        self.compare(to).await
    }

    /// Where other IDLs made the rows from this slot on: what is decoded so far is compared, and those go on.
    async fn choose_decoder(&mut self, slot: u64) -> Result<(), VerifyError> {
        while self.made_by.front().is_some_and(|(last, _)| *last < slot) {
            self.made_by.pop_front();
        }
        let Some((_, set)) = self.made_by.front() else {
            return Ok(());
        };
        let decoder = self.decoders.of(*set).await?;
        if !Arc::ptr_eq(&decoder, &self.decoder) {
            self.compare(slot.saturating_sub(1)).await?;
            self.rows = Rows::new(&decoder);
            self.decoder = decoder;
        }
        Ok(())
    }

    /// Compares up to slot `to`.
    async fn compare(&mut self, to: u64) -> Result<(), VerifyError> {
        let ranges = both(&[(self.from, to)], &self.stored);
        let ranges: Vec<(u64, u64)> = both(&ranges, &self.known);
        let rows = self.rows.take();
        // What came from the source beyond what is stored is not compared, and does not count.
        let of_ranges = |slot: &u64| ranges.iter().any(|(lo, hi)| (lo..=hi).contains(&slot));
        let blocks = self.waiting.drain(..).filter(of_ranges).count();
        self.out.blocks += blocks as u64;
        self.from = to.saturating_add(1);
        if ranges.is_empty() {
            return Ok(());
        }
        self.scratch.clear().await?;
        let mut tables: BTreeSet<String> = BTreeSet::new();
        for rows in rows {
            self.out.rows += rows.rows;
            tables.insert(rows.table.clone());
            self.scratch.insert(rows).await?;
        }
        let slots: Vec<String> = ranges
            .iter()
            .map(|(lo, hi)| format!("slot BETWEEN {lo} AND {hi}"))
            .collect();
        let slots = slots.join(" OR ");
        tables.extend(self.filled(&slots).await?);
        let matching = self.matching(&ranges, &slots).await?;
        for name in &tables {
            let part = Part {
                table: name,
                slots: &slots,
                stored: matching.as_deref().filter(|_| name == "transactions"),
                most: self.options.most.saturating_sub(self.out.differences.len()),
            };
            let found =
                compare::table(&self.client, &mut self.scratch, &mut self.columns, part).await?;
            self.out.differences.extend(found.0);
            self.out.total += found.1;
        }
        for (lo, hi) in ranges {
            self.out.compared.insert(lo, hi);
        }
        Ok(())
    }

    /// Tables of the decoder that hold rows of these slots.
    async fn filled(&self, slots: &str) -> Result<Vec<String>, WarehouseError> {
        let typed = self.decoder.tables().iter().map(|spec| spec.name.as_str());
        let names: BTreeSet<&str> = LEDGER_TABLES.iter().copied().chain(typed).collect();
        let mut parts = Vec::with_capacity(names.len());
        for name in names {
            let text = name.replace('\\', "\\\\").replace('\'', "\\'");
            let table = hypernode_schemas::table::quote(name);
            parts.push(format!(
                "SELECT '{text}' AS t FROM {table} WHERE {slots} GROUP BY t"
            ));
        }
        let mut filled = Vec::new();
        for some in parts.chunks(200) {
            filled.extend(
                self.client
                    .rows::<String>(&some.join(" UNION ALL "))
                    .await?,
            );
        }
        Ok(filled)
    }

    /// Recordings keep transactions that name no configured program, too; those are not compared. `None`: there are none.
    async fn matching(
        &mut self,
        ranges: &[(u64, u64)],
        slots: &str,
    ) -> Result<Option<String>, WarehouseError> {
        let (Some((lo, _)), Some((_, hi))) = (ranges.first(), ranges.last()) else {
            return Ok(None);
        };
        let rows = rows_in(&self.client, *lo, *hi).await?;
        if !rows.iter().any(|row| row.source == "recording") {
            return Ok(None);
        }
        let of_source = self.scratch.table("transactions").await?;
        let known = format!("(slot, tx_index) IN (SELECT slot, tx_index FROM {of_source})");
        let named = ["events", "instructions", "dead_letters"].map(|table| {
            format!("(slot, tx_index) IN (SELECT slot, tx_index FROM {table} WHERE {slots})")
        });
        Ok(Some(format!("{known} OR {}", named.join(" OR "))))
    }
}

/// What a block proves: itself, and that the slots between it and its parent are empty.
fn know(known: &mut Intervals, block: &Block, to: u64) {
    known.insert(block.parent_slot.saturating_add(1), block.slot.min(to));
}

/// The parts of `ranges` that lie in the set.
fn both(ranges: &[(u64, u64)], set: &Intervals) -> Vec<(u64, u64)> {
    let mut out = Vec::new();
    for (lo, hi) in ranges {
        let parts = set.iter().map(|(from, to)| (from.max(*lo), to.min(*hi)));
        out.extend(parts.filter(|(from, to)| from <= to));
    }
    out
}

/// The parts of `ranges` that lie outside of the set.
fn without(ranges: &[(u64, u64)], set: &Intervals) -> Vec<(u64, u64)> {
    both(ranges, &inverse(set))
}

/// All slots that are not in the set.
fn inverse(set: &Intervals) -> Intervals {
    let mut out = Intervals::default();
    let mut from = 0;
    for (lo, hi) in set.iter() {
        if lo > from {
            out.insert(from, lo - 1);
        }
        from = hi.saturating_add(1);
        if hi == u64::MAX {
            return out;
        }
    }
    out.insert(from, u64::MAX);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(u64, u64)]) -> Intervals {
        let mut set = Intervals::default();
        ranges.iter().for_each(|(lo, hi)| set.insert(*lo, *hi));
        set
    }

    #[test]
    fn ranges_are_cut_by_sets_and_what_lies_outside_is_named() {
        let stored = set(&[(10, 19), (30, 39)]);
        assert_eq!(both(&[(15, 34)], &stored), [(15, 19), (30, 34)]);
        assert_eq!(without(&[(5, 45)], &stored), [(5, 9), (20, 29), (40, 45)]);
        assert_eq!(without(&[(12, 13)], &stored), []);
        assert_eq!(inverse(&set(&[(0, u64::MAX)])), Intervals::default());
    }

    #[test]
    fn only_what_parent_links_prove_is_known() {
        let block = |slot, parent_slot| Block {
            slot,
            parent_slot,
            ..Block::default()
        };
        let mut known = Intervals::default();
        // 12 is skipped, says 13; 14 and 15 are missing in the source: 16 names 15.
        know(&mut known, &block(11, 10), 19);
        know(&mut known, &block(13, 11), 19);
        know(&mut known, &block(16, 15), 19);
        assert_eq!(known, set(&[(11, 13), (16, 16)]));
        // The first block beyond the range tells whether its end is empty; it may itself follow one that is missing.
        let mut other = known.clone();
        know(&mut other, &block(21, 18), 19);
        assert_eq!(other, set(&[(11, 13), (16, 16), (19, 19)]));
        know(&mut other, &block(25, 22), 19);
        know(&mut known, &block(21, 16), 19);
        assert_eq!(known, set(&[(11, 13), (16, 19)]));
    }
}
