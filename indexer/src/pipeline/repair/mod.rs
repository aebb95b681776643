//! Slots written from another source than the stream: stored ones again, taken back under a new epoch and stored anew by
//! the one writer (I-31); or those that are not stored, which is a backfill.
//!
//! A group of rows is fetched and decoded before the first of them is touched. What a process that dies leaves is a hole
//! that the same repair closes.

mod plan;
mod requests;

use std::sync::Arc;
use std::time::Duration;

use hypernode_decoder::chain::Block;
use hypernode_decoder::{Decoder, Keep, Rows};
use hypernode_schemas::table::TableRows;
use hypernode_warehouse::ledger::{Intervals, LedgerRow, rows_in};
use hypernode_warehouse::{Batch, Client, Ledger, Reason, Retraction};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use self::plan::{Stretch, holes, stretches};
pub(super) use self::requests::Requests;
use super::status::StatusHandle;
use super::store::{Patience, Rewrite, Work, store};
use super::{PipelineError, open_warehouse_but};
use crate::batch::{BULK_WINDOW, MAX_ROWS};
use crate::idl_sets::Decoders;
use crate::rpc::Commitment;
use crate::verify::{Said, Source, VerifyError};

/// Blocks that are taken back and written again together.
const BLOCKS: u64 = 512;

/// Slots that one request may span: some weeks of a chain. What is kept of a source grows with them.
pub const MOST_SLOTS: u64 = 10_000_000;

/// What is to be written again.
#[derive(Debug, Clone)]
pub struct RepairOptions {
    /// First slot; widened to whole ledger rows.
    pub from: u64,
    /// Last slot, likewise.
    pub to: u64,
    /// Where blocks come from.
    pub source: Source,
    /// Slots that are not stored, instead of those that are.
    pub missing: bool,
    /// The decoder's IDLs were named for this: otherwise each slot is decoded with those that made its rows.
    pub chosen: bool,
}

/// What was written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repaired {
    /// First slot.
    pub from: u64,
    /// Last slot.
    pub to: u64,
    /// Blocks.
    pub blocks: u64,
    /// Rows.
    pub rows: u64,
}

impl Repaired {
    /// In words; `missing`: of slots that were not stored.
    #[must_use]
    pub fn text(&self, missing: bool) -> String {
        let how = match (missing, self.blocks) {
            (true, 0) => {
                return format!(
                    "nothing to store: slots {} to {} hold no block that is not stored already",
                    self.from, self.to
                );
            }
            (true, _) => "filled",
            (false, _) => "written again",
        };
        format!(
            "slots {} to {} were {how}: {} blocks, {} rows",
            self.from, self.to, self.blocks, self.rows
        )
    }
}

/// Repairs a database that no indexer runs on. The newest ledger rows are compared with their tables as at any start,
/// except those that are to be written again.
///
/// # Errors
/// Those of [`super::run_live`], and when the source does not tell all of the slots for certain or is of another chain.
pub async fn run_repair(
    options: RepairOptions,
    decoder: Arc<Decoder>,
    client: Client,
    shutdown: CancellationToken,
    progress: impl Fn(u64) + Send,
) -> Result<Repaired, PipelineError> {
    let patience = Patience {
        first: Duration::from_millis(250),
        max: Duration::from_secs(10),
        give_up: Some(Duration::from_secs(120)),
    };
    let status = StatusHandle::new();
    let unchecked = Some((options.from, options.to));
    let opened =
        open_warehouse_but(&client, &decoder, &status, patience, &shutdown, unchecked).await?;
    let (writer, _) = opened.ok_or(PipelineError::Stopped)?;
    let (sender, work) = mpsc::channel(1);
    let out = sender.downgrade();
    let rewriting = async {
        let done = tokio::select! {
            done = rewrite(options, decoder, client, out, progress) => done.map_err(PipelineError::from),
            () = shutdown.cancelled() => Err(PipelineError::Stopped),
        };
        drop(sender);
        done
    };
    let storing = store(&writer, "repair", work, &status, patience, &shutdown);
    let (stored, done) = tokio::join!(storing, rewriting);
    stored?;
    done
}

/// Fetches, decodes, and has the writer behind `out` replace the rows.
///
/// # Errors
/// When the source does not tell all of the slots for certain, or is of another chain. What was not written yet is then
/// as it was.
pub(super) async fn rewrite(
    options: RepairOptions,
    decoder: Arc<Decoder>,
    client: Client,
    out: mpsc::WeakSender<Work>,
    progress: impl Fn(u64),
) -> Result<Repaired, VerifyError> {
    if options.to.saturating_sub(options.from) >= MOST_SLOTS {
        let why = format!("a request may span {MOST_SLOTS} slots at most: ask for fewer at a time");
        return Err(VerifyError::Range(why));
    }
    let stored = Ledger::load(&client).await?.intervals().clone();
    if !options.missing {
        let rows = rows_in(&client, options.from, options.to).await?;
        let planned = stretches(rows, &stored, options.from, options.to);
        let planned = planned.map_err(VerifyError::Range)?;
        return one(&options, planned, &decoder, &client, &out, &progress).await;
    }
    let mut all = Repaired {
        from: options.from,
        to: options.to,
        blocks: 0,
        rows: 0,
    };
    for hole in holes(&stored, options.from, options.to) {
        let done = one(&options, hole, &decoder, &client, &out, &progress).await?;
        all.blocks += done.blocks;
        all.rows += done.rows;
    }
    Ok(all)
}

/// Does it for slots that follow one another.
async fn one(
    options: &RepairOptions,
    planned: Vec<Stretch>,
    decoder: &Arc<Decoder>,
    client: &Client,
    out: &mpsc::WeakSender<Work>,
    progress: &impl Fn(u64),
) -> Result<Repaired, VerifyError> {
    let (client, out) = (client.clone(), out.clone());
    let (Some(first), Some(last)) = (planned.first(), planned.last()) else {
        return Err(VerifyError::Range("no slot is to be repaired".into()));
    };
    let (from, to) = (first.slot_lo, last.slot_hi);
    let before = match from.checked_sub(1) {
        Some(end) => rows_in(&client, end, end).await?.pop(),
        None => None,
    };
    let after = match to.checked_add(1) {
        Some(next) => rows_in(&client, next, next).await?.pop(),
        None => None,
    };
    let mut decoders = Decoders::new(client.clone(), Arc::clone(decoder), options.chosen);
    // What follows a row belongs to it where nothing else is known: a hole that an interrupted repair left.
    let set = before.as_ref().map_or([0; 32], |row| row.idls);
    let set = if options.missing { [0; 32] } else { set };
    let decoder = decoders.of(set).await?;
    let mut work = Repair {
        name: options.source.name(),
        rows: Rows::new(&decoder),
        decoders,
        decoder,
        client,
        out,
        before,
        after,
        planned: planned.into_iter().collect(),
        known: Intervals::default(),
        blocks: Vec::new(),
        last: None,
        group: Vec::new(),
        taken: Vec::new(),
        hollow: None,
        finalized: 0,
        writing: None,
        done: Repaired {
            from,
            to: from,
            blocks: 0,
            rows: 0,
        },
        notes: Vec::new(),
    };
    if let (true, Source::Rpc(rpc)) = (options.missing, &options.source) {
        // What is asked for after this is final as far as here.
        work.finalized = rpc.tip(Commitment::Finalized).await?;
    }
    let (sender, mut said) = mpsc::channel(16);
    let decoder = &work.decoder;
    let source = match options.source.clone() {
        // One decoder for all of it: what names none of its programs need not be read.
        Source::Rpc(rpc) if options.missing && decoder.keep() == Keep::Matching => {
            Source::Rpc(rpc.only(decoder.programs().map(|(_, id)| *id)))
        }
        source => source,
    };
    let source = tokio::spawn(source.say(from, to, sender));
    while let Some(said) = said.recv().await {
        match said {
            Said::Note(note) => work.notes.push(note),
            Said::Block(block) => {
                progress(block.slot.min(to));
                work.block(*block, to).await?;
            }
        }
    }
    source.await??;
    work.finish(to).await
}

/// A block by its links.
#[derive(Debug, Clone, Copy)]
struct Place {
    slot: u64,
    blockhash: [u8; 32],
    parent_slot: u64,
    parent_blockhash: [u8; 32],
}

/// A group on its way into the tables.
struct Writing {
    answer: oneshot::Receiver<Result<(), String>>,
    rows: u64,
    blocks: u64,
}

struct Repair {
    name: &'static str,
    decoders: Decoders,
    /// The one of the stretch at hand.
    decoder: Arc<Decoder>,
    client: Client,
    out: mpsc::WeakSender<Work>,
    /// The ledger rows around the range.
    before: Option<LedgerRow>,
    after: Option<LedgerRow>,
    /// What is still to be done, in order.
    planned: std::collections::VecDeque<Stretch>,
    /// Slots that the source is certain of.
    known: Intervals,
    rows: Rows,
    /// Blocks of the stretch at hand.
    blocks: Vec<Place>,
    /// The block before.
    last: Option<Place>,
    /// Batches that go together, and the bounds of the ledger rows that they replace.
    group: Vec<Batch>,
    taken: Vec<(u64, u64)>,
    /// First of the slots right before the next batch that hold no block and are in no batch: they go with it.
    hollow: Option<u64>,
    writing: Option<Writing>,
    /// Highest slot known to be final, for slots that were not stored.
    finalized: u64,
    done: Repaired,
    notes: Vec<String>,
}

impl Repair {
    async fn block(&mut self, block: Block, to: u64) -> Result<(), VerifyError> {
        let place = Place {
            slot: block.slot,
            blockhash: block.blockhash,
            parent_slot: block.parent_slot,
            parent_blockhash: block.parent_blockhash,
        };
        self.known
            .insert(block.parent_slot.saturating_add(1), block.slot.min(to));
        while self
            .planned
            .front()
            .is_some_and(|stretch| stretch.slot_hi < block.slot)
        {
            self.close().await?;
        }
        if block.slot > to {
            return Ok(());
        }
        if let Some(last) = self.last
            && last.slot == place.parent_slot
            && last.blockhash != place.parent_blockhash
        {
            let why = format!("the source contradicts itself at slot {}", place.slot);
            return Err(VerifyError::Range(why));
        }
        if let (None, Some(row)) = (self.last, &self.before)
            && (row.last_block_slot, row.last_blockhash)
                != (place.parent_slot, place.parent_blockhash)
        {
            return Err(other_chain(row.last_block_slot, place.slot));
        }
        if self.blocks.is_empty() {
            self.choose_decoder().await?;
        }
        self.decoder.decode_block(&block, &mut self.rows, &mut ());
        self.blocks.push(place);
        self.last = Some(place);
        if self.rows.rows() >= MAX_ROWS {
            self.split(place.slot).await?;
        }
        Ok(())
    }

    /// Slots of a hole that make many rows become several batches.
    async fn split(&mut self, at: u64) -> Result<(), VerifyError> {
        let Some(rest) = self.planned.front_mut() else {
            return Ok(());
        };
        if rest.row.is_some() || at >= rest.slot_hi {
            return Ok(());
        }
        let first = Stretch {
            slot_hi: at,
            ..rest.clone()
        };
        rest.slot_lo = at + 1;
        rest.part += 1;
        self.planned.push_front(first);
        self.close().await
    }

    /// A stretch begins: its rows are made again by the IDLs that made them.
    async fn choose_decoder(&mut self) -> Result<(), VerifyError> {
        let row = self
            .planned
            .front()
            .and_then(|stretch| stretch.row.as_ref());
        let Some(set) = row.map(|row| row.idls) else {
            return Ok(());
        };
        let decoder = self.decoders.of(set).await?;
        if !Arc::ptr_eq(&decoder, &self.decoder) {
            self.rows = Rows::new(&decoder);
            self.decoder = decoder;
        }
        Ok(())
    }

    /// Makes the batch of the stretch at hand.
    async fn close(&mut self) -> Result<(), VerifyError> {
        let Some(stretch) = self.planned.pop_front() else {
            return Ok(());
        };
        let (lo, hi) = (stretch.slot_lo, stretch.slot_hi);
        let blocks = std::mem::take(&mut self.blocks);
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return self.empty(&stretch);
        };
        if !self.known.covers(lo, hi) {
            return Err(self.unknown(lo, hi));
        }
        if self.planned.is_empty() {
            self.fits(last, stretch.row.as_ref())?;
        }
        let tables: Vec<TableRows> = self.rows.take();
        let row = stretch.row.as_ref();
        let lo = self.hollow.take().unwrap_or(lo);
        let window = row.map_or(BULK_WINDOW, |row| row.window);
        let whole = hi
            .saturating_add(1)
            .is_multiple_of(u64::from(window.max(1)));
        if row.is_some() {
            self.taken.push((stretch.slot_lo, hi));
        }
        self.done.to = hi;
        self.group.push(Batch {
            slot_lo: lo,
            slot_hi: hi,
            window,
            part: row.map_or(stretch.part, |row| row.part),
            partial: row.map_or(!whole, |row| row.partial),
            parent_slot: first.parent_slot,
            parent_blockhash: first.parent_blockhash,
            last_block_slot: last.slot,
            last_blockhash: last.blockhash,
            blocks: blocks.len() as u32,
            finalized_slot: row.map_or(self.finalized, |row| row.finalized_slot),
            source: self.name.to_owned(),
            idls: self.decoder.idls().hash(),
            tables,
        });
        let held: u64 = self.group.iter().map(|batch| u64::from(batch.blocks)).sum();
        let rows: u64 = self.group.iter().map(Batch::rows).sum();
        if held >= BLOCKS || rows >= MAX_ROWS {
            self.send(self.planned.is_empty()).await?;
        }
        Ok(())
    }

    /// A stretch of which the source has no block: right for a hole, if that is proven.
    fn empty(&mut self, stretch: &Stretch) -> Result<(), VerifyError> {
        let (lo, hi) = (stretch.slot_lo, stretch.slot_hi);
        if stretch.row.is_some() || !self.known.covers(lo, hi) {
            return Err(self.unknown(lo, hi));
        }
        match self.group.last_mut() {
            Some(batch) if batch.slot_hi.saturating_add(1) == lo => batch.slot_hi = hi,
            _ => self.hollow = self.hollow.or(Some(lo)),
        }
        match self.last {
            Some(last) if self.planned.is_empty() => self.fits(&last, None),
            _ => Ok(()),
        }
    }

    fn unknown(&self, lo: u64, hi: u64) -> VerifyError {
        let notes = self.notes.iter().take(3).cloned().collect::<Vec<_>>();
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!(" ({})", notes.join("; "))
        };
        VerifyError::Range(format!(
            "the source does not tell slots {lo} to {hi} whole{notes}: these and later ones are left as they were"
        ))
    }

    /// What follows in the ledger must go on from the last block that is written.
    fn fits(&self, last: &Place, row: Option<&LedgerRow>) -> Result<(), VerifyError> {
        let stands = match (&self.after, row) {
            (Some(after), _) => (after.parent_slot, after.parent_blockhash),
            // The newest row: a running indexer goes on from its last block.
            (None, Some(row)) => (row.last_block_slot, row.last_blockhash),
            (None, None) => return Ok(()),
        };
        if stands == (last.slot, last.blockhash) {
            return Ok(());
        }
        Err(other_chain(stands.0, last.slot))
    }

    /// Without `all` the last batch of a hole stays here: slots without a block may follow, which belong to it.
    async fn send(&mut self, all: bool) -> Result<(), VerifyError> {
        let keeps = !all && self.taken.is_empty() && self.group.len() > 1;
        let last = if keeps { self.group.pop() } else { None };
        let batches = std::mem::replace(&mut self.group, last.into_iter().collect());
        let taken = std::mem::take(&mut self.taken);
        let (Some(first), Some(last)) = (batches.first(), batches.last()) else {
            return Ok(());
        };
        let retraction = Retraction {
            slot_lo: first.slot_lo,
            slot_hi: last.slot_hi,
            head_slot: first.parent_slot,
            head_blockhash: first.parent_blockhash,
            reason: Reason::Repair,
        };
        let rows: u64 = batches.iter().map(Batch::rows).sum();
        let blocks: u64 = batches.iter().map(|batch| u64::from(batch.blocks)).sum();
        let (done, answer) = oneshot::channel();
        let rewrite = Rewrite {
            client: self.client.clone(),
            taken,
            retraction,
            batches,
            done,
        };
        let stopping = || VerifyError::Range("the indexer is stopping".into());
        // Held for this moment only: the writer ends when nobody can send any more.
        let out = self.out.upgrade().ok_or_else(stopping)?;
        // One group is written while the next one is fetched and decoded.
        self.written().await?;
        out.send(Work::Rewrite(Box::new(rewrite)))
            .await
            .map_err(|_| stopping())?;
        self.writing = Some(Writing {
            answer,
            rows,
            blocks,
        });
        Ok(())
    }

    /// Waits for the group that is being written.
    async fn written(&mut self) -> Result<(), VerifyError> {
        let Some(writing) = self.writing.take() else {
            return Ok(());
        };
        let stopping = |_| VerifyError::Range("the indexer is stopping".into());
        let answer = writing.answer.await.map_err(stopping)?;
        answer.map_err(VerifyError::Range)?;
        self.done.rows += writing.rows;
        self.done.blocks += writing.blocks;
        Ok(())
    }

    async fn finish(mut self, to: u64) -> Result<Repaired, VerifyError> {
        while !self.planned.is_empty() {
            self.close().await?;
        }
        self.send(true).await?;
        self.written().await?;
        self.done.to = to;
        Ok(self.done)
    }
}

fn other_chain(stored: u64, source: u64) -> VerifyError {
    VerifyError::Range(format!(
        "the source is of another chain than what is stored: its block {source} does not fit block {stored} here; \
         nothing of it was written"
    ))
}
