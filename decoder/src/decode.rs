//! The decoder: blocks in, rows out.

use std::sync::Arc;

use hypernode_schemas::canonical::CanonicalMap;
use hypernode_schemas::table::TableSpec;

use crate::build;
use crate::canonical::Origin;
use crate::chain::{Block, Proof, Pubkey, Transaction};
use crate::column::{Head, RowWriter, Table};
use crate::core_tables::{COUNT, T_BLOCKS, T_CANONICAL, T_DEAD_LETTERS, T_EVENTS, T_TRANSACTIONS};
use crate::error::ConfigError;
use crate::idl::Idl;
use crate::observe::{Observer, Outcome, Record, TxOutcome};
use crate::plan;
use crate::program::{Program, Programs, View};
use crate::rows::Rows;
use crate::scan::{Flags, Found, NONE, Node, Trust, Via};

/// A program to index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramConfig {
    /// Name of its tables: `ev_<label>_<event>`.
    pub label: String,
    /// Its address, which overrides the IDL's.
    pub program_id: Pubkey,
    /// Its interface.
    pub idl: Idl,
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
}

impl Decoder {
    /// Compiles the plans of all events. Entries of the map for labels that are not configured are skipped.
    ///
    /// # Errors
    /// Programs that cannot live together, layouts that cannot become columns, map entries that name what
    /// the IDL lacks: [`ConfigError`] names both sides.
    pub fn new(
        programs: Vec<ProgramConfig>,
        canonical: &CanonicalMap,
        keep: Keep,
    ) -> Result<Self, ConfigError> {
        let built = build::build(programs, canonical)?;
        Ok(Self {
            programs: built.programs,
            keep,
            specs: built.specs,
            heads: built.heads.into(),
        })
    }

    /// The typed tables, to be created before rows are inserted: for each event `ev_<label>_<event>` and
    /// `ev_<label>_<event>_failed`.
    #[must_use]
    pub fn tables(&self) -> &[TableSpec] {
        &self.specs
    }

    /// Labels and ids of the configured programs, in the order given.
    pub fn programs(&self) -> impl Iterator<Item = (&str, &Pubkey)> {
        self.programs.list.iter().map(|p| (p.label.as_str(), &p.id))
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
        let mut nodes = Vec::new();
        for tx in &block.transactions {
            self.transaction(block, tx, rows, &mut nodes, observer, &mut stats);
        }
        if let Some(table) = rows.tables.get_mut(T_BLOCKS) {
            table
                .row()
                .u64(block.slot)
                .u64(block.parent_slot)
                .fixed(&block.blockhash)
                .fixed(&block.parent_blockhash)
                .u64(block.block_height.unwrap_or_default())
                .u32(seconds(block.block_time))
                .u64(block.executed_transaction_count)
                .u32(stats.transactions)
                .u32(stats.failed_transactions)
                .byte(match block.proof {
                    Proof::None => 0,
                    Proof::Count => 1,
                    Proof::Block => 2,
                });
            table.commit();
        }
        stats
    }

    fn transaction<'a>(
        &self,
        block: &Block,
        tx: &'a Transaction,
        rows: &mut Rows,
        nodes: &mut Vec<Node<'a>>,
        observer: &mut dyn Observer,
        stats: &mut BlockStats,
    ) {
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
        self.records(block, tx, rows, nodes, observer, stats);
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

    /// Writes the records by key, and shows them to the observer in execution order.
    fn records(
        &self,
        block: &Block,
        tx: &Transaction,
        rows: &mut Rows,
        nodes: &[Node<'_>],
        observer: &mut dyn Observer,
        stats: &mut BlockStats,
    ) {
        let Rows {
            tables,
            scanner,
            order,
            ..
        } = rows;
        let (found, arena) = (&scanner.found, &scanner.arena);
        if found.is_empty() {
            return;
        }
        order.clear();
        order.extend(0..found.len() as u32);
        let key = |f: &Found| (f.outer_ix, f.inner_ix, f.ordinal);
        if !found.is_sorted_by_key(key) {
            order.sort_by_key(|&i| found.get(i as usize).map(key));
        }
        let mut outcomes = vec![(Outcome::Unconfigured, None); found.len()];
        for &i in order.iter() {
            let Some(record) = found.get(i as usize) else {
                continue;
            };
            let Some(program) = (record.slot != NONE)
                .then(|| self.programs.get(record.slot))
                .flatten()
            else {
                continue;
            };
            let mut writer = Writer {
                block,
                tx,
                record,
                program,
                programs: &self.programs,
                nodes,
                data: arena.get(record.data.clone()).unwrap_or_default(),
                tables,
            };
            let outcome = writer.write();
            match outcome.0 {
                Outcome::Decoded { trailing } => {
                    stats.events += 1;
                    stats.trailing += u32::from(trailing > 0);
                }
                _ => stats.dead_letters += 1,
            }
            if let Some(place) = outcomes.get_mut(i as usize) {
                *place = outcome;
            }
        }
        for (record, (outcome, event)) in found.iter().zip(outcomes) {
            let program = (record.slot != NONE)
                .then(|| self.programs.get(record.slot))
                .flatten();
            observer.record(&Record {
                slot: block.slot,
                tx,
                program: &record.program,
                label: program.map(|p| p.label.as_str()),
                event,
                via: record.via,
                outer_ix: record.outer_ix,
                inner_ix: record.inner_ix,
                ordinal: record.ordinal,
                data: arena.get(record.data.clone()).unwrap_or_default(),
                outcome,
            });
        }
    }
}

/// One record on its way to its tables.
struct Writer<'a, 't> {
    block: &'a Block,
    tx: &'a Transaction,
    record: &'a Found,
    program: &'a Program,
    programs: &'a Programs,
    nodes: &'a [Node<'a>],
    data: &'a [u8],
    tables: &'t mut [Table],
}

impl<'a> Writer<'a, '_> {
    fn write(&mut self) -> (Outcome, Option<&'a str>) {
        let program = self.program;
        let known = program.event(self.data);
        let name = known.map(|(event, _)| event.name.as_str());
        let suspect = match self.record.trust {
            Trust::Proven => None,
            Trust::AfterTruncation => {
                Some(("after_truncation", "the log was cut before this line"))
            }
            Trust::AfterMismatch => {
                Some(("log_mismatch", "log and instructions part before this line"))
            }
            Trust::WrongAuthority => Some((
                "event_authority",
                "a self-call not signed by the event authority",
            )),
        };
        if let Some((reason, detail)) = suspect {
            self.dead_letter(name, reason, detail);
            return (Outcome::Suspect, name);
        }
        if self.record.bad_base64 {
            self.dead_letter(None, "bad_base64", "the line is not base64");
            return (Outcome::DeadLetter, None);
        }
        let Some((event, body)) = known else {
            let shortest = program.events.iter().map(|e| e.discriminator.len()).min();
            let short = shortest.is_none_or(|length| self.data.len() < length);
            let reason = if short {
                "short"
            } else {
                "unknown_discriminator"
            };
            self.dead_letter(None, reason, "");
            return (Outcome::DeadLetter, None);
        };
        let success = self.tx.err.is_none();
        let table = COUNT + event.table + usize::from(!success);
        let identity = Identity {
            block: self.block,
            tx: self.tx,
            record: self.record,
        };
        let Some((before, typed, _)) = split(self.tables, table) else {
            return (Outcome::DeadLetter, name);
        };
        identity.write(&mut typed.row());
        let streams = typed
            .streams
            .get_mut(IDENTITY_STREAMS..)
            .unwrap_or_default();
        match plan::run(&event.plan.ops, body, streams) {
            Ok(rest) => {
                let trailing = u32::try_from(rest.len()).unwrap_or(u32::MAX);
                let ix = self.nodes.get(self.record.node as usize).map(|n| n.ix);
                if let (Some(canonical), true, Some(table)) =
                    (&event.canonical, success, before.get_mut(T_CANONICAL))
                {
                    let mut row = table.row();
                    identity.write(&mut row);
                    row.fixed(&canonical.kind.to_le_bytes())
                        .fixed(&program.id)
                        .string(program.label.as_bytes());
                    let origin = Origin {
                        tx: self.tx,
                        programs: self.programs,
                        program,
                        ix,
                        streams,
                    };
                    canonical.write(&origin, &mut row);
                    table.commit();
                }
                typed.commit();
                if let Some(table) = before.get_mut(T_EVENTS) {
                    let mut row = table.row();
                    identity.write(&mut row);
                    let accounts = ix.map(|ix| ix.accounts.as_slice()).unwrap_or_default();
                    let missing: &[u8] = &[0; 32];
                    let keys = &self.tx.keys;
                    row.fixed(&program.id)
                        .string(program.label.as_bytes())
                        .string(event.name.as_bytes())
                        .byte(via(self.record.via))
                        .byte(u8::from(success))
                        .array(
                            accounts.iter().map(|&a| {
                                keys.get(usize::from(a)).map_or(missing, |k| k.as_slice())
                            }),
                        )
                        .u32(trailing)
                        .string(self.data);
                    table.commit();
                }
                (Outcome::Decoded { trailing }, name)
            }
            Err(error) => {
                typed.rollback();
                let owner = event.plan.owners.get(error.stream as usize);
                let detail = format!(
                    "field `{}`: {}",
                    owner.map_or("", String::as_str),
                    error.fault
                );
                self.dead_letter(name, "decode", &detail);
                (Outcome::DeadLetter, name)
            }
        }
    }

    fn dead_letter(&mut self, event: Option<&str>, reason: &str, detail: &str) {
        let Some(table) = self.tables.get_mut(T_DEAD_LETTERS) else {
            return;
        };
        let mut row = table.row();
        Identity {
            block: self.block,
            tx: self.tx,
            record: self.record,
        }
        .write(&mut row);
        row.fixed(&self.program.id)
            .string(self.program.label.as_bytes())
            .string(event.unwrap_or_default().as_bytes())
            .byte(via(self.record.via))
            .byte(u8::from(self.tx.err.is_none()))
            .string(reason.as_bytes())
            .string(detail.as_bytes())
            .string(self.data);
        table.commit();
    }
}

/// Streams of the identity columns: each is one.
const IDENTITY_STREAMS: usize = hypernode_schemas::table::IDENTITY.len();

/// The columns that say where a record stands.
struct Identity<'a> {
    block: &'a Block,
    tx: &'a Transaction,
    record: &'a Found,
}

impl Identity<'_> {
    fn write(&self, row: &mut RowWriter<'_>) {
        row.u64(self.block.slot)
            .u32(self.tx.index)
            .fixed(&self.record.outer_ix.to_le_bytes())
            .fixed(&self.record.inner_ix.to_le_bytes())
            .u32(self.record.ordinal)
            .fixed(&self.tx.signature)
            .u32(seconds(self.block.block_time));
    }
}

fn transaction_row(block: &Block, tx: &Transaction, flags: &Flags, table: &mut Table) {
    table
        .row()
        .u64(block.slot)
        .u32(tx.index)
        .fixed(&tx.signature)
        .u32(seconds(block.block_time))
        .byte(u8::from(tx.err.is_none()))
        .string(tx.err.as_deref().unwrap_or_default())
        .fixed(&tx.version.to_le_bytes())
        .u64(tx.fee)
        .u64(tx.compute_units.unwrap_or_default())
        .fixed(tx.keys.first().unwrap_or(&[0; 32]))
        .byte(u8::from(flags.logs_missing))
        .byte(u8::from(flags.truncated))
        .byte(u8::from(flags.mismatch));
    table.commit();
}

fn via(via: Via) -> u8 {
    match via {
        Via::Log => 1,
        Via::Cpi => 2,
    }
}

/// Block time as ClickHouse's `DateTime`: 0 if unknown, and held inside its range.
fn seconds(time: Option<i64>) -> u32 {
    time.map_or(0, |t| u32::try_from(t.max(0)).unwrap_or(u32::MAX))
}

/// The tables before one, that one, and those after it.
fn split(tables: &mut [Table], at: usize) -> Option<(&mut [Table], &mut Table, &mut [Table])> {
    let (before, rest) = tables.split_at_mut_checked(at)?;
    let (one, after) = rest.split_first_mut()?;
    Some((before, one, after))
}
