//! The decoder: blocks in, rows out.

use std::collections::HashMap;
use std::sync::Arc;

use hypernode_schemas::canonical::CanonicalMap;
use hypernode_schemas::table::TableSpec;

use crate::build;
use crate::call::{Caller, Ended, Failure};
use crate::chain::{Block, Pubkey};
use crate::column::Head;
use crate::core_tables::{self, T_BLOCKS, T_TRANSACTIONS};
use crate::error::ConfigError;
use crate::idl::Idl;
use crate::idl_set::IdlSet;
use crate::observe::{Observer, Outcome, Record, TxOutcome};
use crate::program::{Program, Programs, View};
use crate::rows::Rows;
use crate::scan::{Flags, Found, NONE, Node, Scanner, recycle};
use crate::write::{Place, Writer, block_row, transaction_row};

/// A program to index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramConfig {
    /// Name of its tables: `ev_<label>_<event>`.
    pub label: String,
    /// Its address, which overrides the IDL's.
    pub program_id: Pubkey,
    /// Its interface over time: at least one version, ascending by slot.
    pub versions: Vec<IdlVersion>,
}

/// A program's interface from one slot until the next version's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdlVersion {
    /// First slot that it describes.
    pub from_slot: u64,
    /// The interface.
    pub idl: Idl,
}

impl ProgramConfig {
    /// A program with one interface, valid from the first slot.
    pub fn new(label: impl Into<String>, program_id: Pubkey, idl: Idl) -> Self {
        Self {
            label: label.into(),
            program_id,
            versions: vec![IdlVersion { from_slot: 0, idl }],
        }
    }
}

/// Which transactions get a row in `transactions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Those whose static or loaded keys name a configured program.
    Matching,
    /// All.
    All,
}

/// What a block came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlockStats {
    /// Rows in `transactions`.
    pub transactions: u32,
    /// Of these, failed ones.
    pub failed_transactions: u32,
    /// Decoded events, those of failed transactions included.
    pub events: u32,
    /// Rows in `instructions`, those of failed transactions included.
    pub instructions: u32,
    /// Dead letters.
    pub dead_letters: u32,
    /// Events followed by bytes that their IDL does not know.
    pub trailing: u32,
    /// Transactions whose log was cut.
    pub truncated: u32,
    /// Transactions whose log and instructions do not agree.
    pub mismatched: u32,
}

/// Decodes blocks by a fixed set of programs. Cheap to share between threads behind an [`Arc`].
#[derive(Debug)]
pub struct Decoder {
    programs: Programs,
    keep: Keep,
    specs: Vec<TableSpec>,
    heads: Arc<[Arc<Head>]>,
    idls: IdlSet,
}

impl Decoder {
    /// Compiles the plans of all events and instructions. Entries of the map for labels that are not configured are skipped.
    ///
    /// # Errors
    /// Programs that cannot live together, layouts that cannot become columns, map entries that name what
    /// the IDL lacks: [`ConfigError`] names both sides.
    pub fn new(
        programs: Vec<ProgramConfig>,
        canonical: &CanonicalMap,
        keep: Keep,
    ) -> Result<Self, ConfigError> {
        let idls = IdlSet::new(&programs);
        let built = build::build(programs, canonical)?;
        let heads = core_tables::heads().into_iter().chain(built.tables.heads);
        Ok(Self {
            programs: built.programs,
            keep,
            specs: built.tables.specs,
            heads: heads.collect(),
            idls,
        })
    }

    /// Which transactions it keeps.
    #[must_use]
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// What it decodes with.
    #[must_use]
    pub fn idls(&self) -> &IdlSet {
        &self.idls
    }

    /// The typed tables, to be created before rows are inserted: for each event `ev_<label>_<event>` and
    /// `ev_<label>_<event>_failed`, for each instruction `ix_<label>_<instruction>`. A layout that does not fit in
    /// the table of an earlier version has its own, with `_v2`, `_v3` behind the event's or instruction's name.
    #[must_use]
    pub fn tables(&self) -> &[TableSpec] {
        &self.specs
    }

    /// Gives typed tables the names under which a database holds them: wanted name to actual one. [`Rows`] made
    /// before do not belong to the decoder any more.
    pub fn rename_tables(&mut self, actual: &HashMap<String, String>) {
        for spec in &mut self.specs {
            if let Some(name) = actual.get(&spec.name) {
                spec.name.clone_from(name);
            }
        }
        let renamed = |head: &Arc<Head>| match actual.get(&head.name) {
            Some(name) => Arc::new(Head {
                name: name.clone(),
                columns: head.columns.clone(),
            }),
            None => Arc::clone(head),
        };
        self.heads = self.heads.iter().map(renamed).collect();
    }

    /// Labels and ids of the configured programs, in the order given.
    pub fn programs(&self) -> impl Iterator<Item = (&str, &Pubkey)> {
        self.programs.list.iter().map(|p| (p.label.as_str(), &p.id))
    }

    pub(crate) fn catalogue(&self) -> &Programs {
        &self.programs
    }

    pub(crate) fn labelled(&self, label: &str) -> Option<&Program> {
        self.programs.list.iter().find(|p| p.label == label)
    }

    pub(crate) fn heads(&self) -> &Arc<[Arc<Head>]> {
        &self.heads
    }

    /// Decodes a block into rows. Blocks must come in slot order. Never fails: what cannot be decoded becomes
    /// a dead letter and a count.
    pub fn decode_block(
        &self,
        block: &Block,
        rows: &mut Rows,
        observer: &mut dyn Observer,
    ) -> BlockStats {
        debug_assert!(rows.belongs_to(self), "rows of another decoder");
        let mut stats = BlockStats::default();
        observer.block(block);
        let mut nodes = recycle(std::mem::take(&mut rows.nodes));
        for tx in &block.transactions {
            self.transaction(Place { block, tx }, rows, &mut nodes, observer, &mut stats);
        }
        rows.nodes = recycle(nodes);
        if let Some(table) = rows.tables.get_mut(T_BLOCKS) {
            block_row(block, &stats, table);
        }
        stats
    }

    fn transaction<'a>(
        &self,
        at: Place<'a>,
        rows: &mut Rows,
        nodes: &mut Vec<Node<'a>>,
        observer: &mut dyn Observer,
        stats: &mut BlockStats,
    ) {
        let Place { block, tx } = at;
        let matching = tx
            .keys
            .iter()
            .any(|key| self.programs.slot_of(key).is_some());
        let kept = matching || self.keep == Keep::All;
        let wants_all = observer.wants_all();
        if !kept && !wants_all {
            return;
        }
        let view = View {
            programs: &self.programs,
            at: block.slot,
            wants_all,
        };
        let flags = rows.scanner.scan(tx, &view, nodes);
        stats.truncated += u32::from(flags.truncated);
        stats.mismatched += u32::from(flags.mismatch);
        if kept {
            stats.transactions += 1;
            stats.failed_transactions += u32::from(tx.err.is_some());
            if let Some(table) = rows.tables.get_mut(T_TRANSACTIONS) {
                transaction_row(block, tx, &flags, table);
            }
        }
        self.write(at, rows, nodes, &flags, stats);
        self.show(at, rows, observer);
        observer.transaction(&TxOutcome {
            slot: block.slot,
            tx,
            kept,
            logs_missing: flags.logs_missing,
            log_truncated: flags.truncated,
            log_mismatch: flags.mismatch,
            disbelieved: flags.disbelieved,
        });
    }

    /// Writes records and calls by key. A call comes after the records that it emitted.
    fn write<'a>(
        &self,
        at: Place<'a>,
        rows: &mut Rows,
        nodes: &'a [Node<'a>],
        flags: &Flags,
        stats: &mut BlockStats,
    ) {
        let key = |f: &Found| (f.outer_ix, f.inner_ix, f.ordinal);
        let place = |n: &Node<'_>| (n.outer, n.inner);
        let Rows {
            tables,
            scanner,
            order,
            calls,
            ..
        } = rows;
        let Scanner {
            found,
            arena,
            progress,
            ..
        } = scanner;
        order.clear();
        order.extend(0..found.len() as u32);
        if !found.is_sorted_by_key(key) {
            // By number where keys are equal, as a stable sort would; that one asks for memory.
            order.sort_unstable_by_key(|&i| (found.get(i as usize).map(key), i));
        }
        calls.clear();
        let ours = |n: &Node<'_>| n.slot != NONE && n.event.is_none();
        calls.extend((0..).zip(nodes).filter(|(_, n)| ours(n)).map(|(i, _)| i));
        // Only a source that lists inner instructions in disorder makes this a search.
        if flags.mismatch {
            calls.sort_unstable_by_key(|&i: &u32| (nodes.get(i as usize).map(place), i));
        }
        let failure = Failure::of(at.tx, flags);
        let call = |number: u32, tables: &mut [_], stats: &mut BlockStats| {
            let node = nodes.get(number as usize);
            let Some((node, program)) = node.and_then(|n| Some((n, self.programs.get(n.slot)?)))
            else {
                return;
            };
            let end = progress.get(number as usize).map(|p| p.end);
            let ended = failure.map_or(Ended::Ok, |failure| {
                failure.of_call(node, number, end.unwrap_or_default())
            });
            let mut caller = Caller {
                at,
                node,
                nodes,
                ended,
                program,
                version: program.at(at.block.slot),
                programs: &self.programs,
                tables,
            };
            match caller.write() {
                true => stats.instructions += 1,
                false => stats.dead_letters += 1,
            }
        };
        let mut left = calls.as_slice();
        for &i in order.iter() {
            let Some(record) = found.get_mut(i as usize) else {
                continue;
            };
            while let Some((&number, rest)) = left.split_first()
                && nodes
                    .get(number as usize)
                    .is_none_or(|n| place(n) < (record.outer_ix, record.inner_ix))
            {
                call(number, tables, stats);
                left = rest;
            }
            let Some(program) = self.programs.get(record.slot) else {
                continue;
            };
            let mut writer = Writer {
                at,
                record,
                program,
                version: program.at(at.block.slot),
                programs: &self.programs,
                nodes,
                data: arena.get(record.data.clone()).unwrap_or_default(),
                tables,
            };
            (record.outcome, record.event) = writer.write();
            match record.outcome {
                Outcome::Decoded { trailing } => {
                    stats.events += 1;
                    stats.trailing += u32::from(trailing > 0);
                }
                _ => stats.dead_letters += 1,
            }
        }
        for &number in left {
            call(number, tables, stats);
        }
    }

    /// Shows the records to the observer in execution order.
    fn show(&self, at: Place<'_>, rows: &Rows, observer: &mut dyn Observer) {
        let Scanner { found, arena, .. } = &rows.scanner;
        for record in found {
            let program = self.programs.get(record.slot);
            let version = program.and_then(|p| p.at(at.block.slot));
            let event = version.and_then(|v| v.events.get(record.event?));
            observer.record(&Record {
                slot: at.block.slot,
                tx: at.tx,
                program: &record.program,
                label: program.map(|p| p.label.as_str()),
                event: event.map(|e| e.name.as_str()),
                via: record.via,
                outer_ix: record.outer_ix,
                inner_ix: record.inner_ix,
                ordinal: record.ordinal,
                data: arena.get(record.data.clone()).unwrap_or_default(),
                outcome: record.outcome,
            });
        }
    }
}
