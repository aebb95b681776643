//! Rows of the core and typed tables, one record, transaction or block at a time.

use crate::canonical::Origin;
use crate::chain::{Block, Instruction, Proof, Transaction};
use crate::column::{Identity, Table};
use crate::core_tables::{COUNT, T_CANONICAL, T_DEAD_LETTERS, T_EVENTS};
use crate::decode::BlockStats;
use crate::detail::Detail;
use crate::observe::Outcome;
use crate::plan;
use crate::program::{EventEntry, Program, Programs, Version};
use crate::scan::{Flags, Found, Node, Trust, Via};

/// One record on its way to its tables.
pub(crate) struct Writer<'a, 't> {
    pub(crate) at: Place<'a>,
    pub(crate) record: &'a Found,
    pub(crate) program: &'a Program,
    pub(crate) version: Option<&'a Version>,
    pub(crate) programs: &'a Programs,
    pub(crate) nodes: &'a [Node<'a>],
    pub(crate) data: &'a [u8],
    pub(crate) tables: &'t mut [Table],
}

impl<'a> Writer<'a, '_> {
    /// Writes the record; tells what became of it, and which event of its version it is.
    pub(crate) fn write(&mut self) -> (Outcome, Option<usize>) {
        let known = self.version.and_then(|version| version.event(self.data));
        let number = known.map(|(number, _, _)| number);
        let doubt = match self.record.trust {
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
        if let Some((reason, detail)) = doubt {
            self.dead_letter(known.map(|(_, event, _)| event), reason, detail);
            return (Outcome::Suspect, number);
        }
        let (reason, detail) = match (known, self.version) {
            _ if self.record.bad_base64 => ("bad_base64", "the line is not base64"),
            (Some((_, event, body)), _) => return (self.event(event, body), number),
            (None, None) => ("no_version", "the slot is before the first IDL version"),
            (None, Some(version)) if self.data.len() < version.event_lookup.shortest() => {
                ("short", "")
            }
            (None, Some(_)) => ("unknown_discriminator", ""),
        };
        self.dead_letter(None, reason, detail);
        (Outcome::DeadLetter, None)
    }

    fn identity(&self) -> Identity {
        let record = self.record;
        self.at
            .identity(record.outer_ix, record.inner_ix, record.ordinal)
    }

    /// Decodes into the event's own table, and on success adds the rows that follow from it.
    fn event(&mut self, event: &EventEntry, body: &[u8]) -> Outcome {
        let success = self.at.tx.err.is_none();
        let table = COUNT + event.table + usize::from(!success);
        let identity = self.identity();
        let Some((core, typed)) = self.tables.split_at_mut_checked(table) else {
            return Outcome::DeadLetter;
        };
        let Some(typed) = typed.first_mut() else {
            return Outcome::DeadLetter;
        };
        let streams = typed.identified(&identity);
        event.fill(streams);
        let rest = match plan::run(&event.plan.ops, body, streams) {
            Ok(rest) => rest,
            Err(error) => {
                typed.rollback();
                let owner = event.plan.owners.get(error.stream as usize);
                let owner = owner.map_or("", String::as_str);
                let detail = Detail::new(format_args!("field `{owner}`: {}", error.fault));
                self.dead_letter(Some(event), "decode", detail.text());
                return Outcome::DeadLetter;
            }
        };
        let ix = self.nodes.get(self.record.node as usize).map(|n| n.ix);
        if let (Some(canonical), true, Some(table)) =
            (&event.canonical, success, core.get_mut(T_CANONICAL))
        {
            let called = ix.zip(self.version);
            let origin = Origin {
                tx: self.at.tx,
                programs: self.programs,
                program: self.program,
                ix,
                called: called.and_then(|(ix, v)| v.call(&ix.data).map(|(number, _, _)| number)),
                streams,
            };
            canonical.write(&identity, &origin, table);
        }
        typed.commit();
        let trailing = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        self.event_row(event, ix, trailing);
        Outcome::Decoded { trailing }
    }

    /// The row in `events`.
    fn event_row(&mut self, event: &EventEntry, ix: Option<&Instruction>, trailing: u32) {
        let identity = self.identity();
        let Some(table) = self.tables.get_mut(T_EVENTS) else {
            return;
        };
        let mut row = table.row();
        row.identity(&identity);
        let (keys, missing) = (&self.at.tx.keys, [0; 32]);
        let account = |&index: &u8| keys.get(usize::from(index)).unwrap_or(&missing).as_slice();
        let accounts = ix.map(|ix| ix.accounts.as_slice()).unwrap_or_default();
        row.fixed(&self.program.id)
            .string(self.program.label.as_bytes())
            .string(event.name.as_bytes())
            .byte(via(self.record.via))
            .byte(u8::from(self.at.tx.err.is_none()))
            .array(accounts.iter().map(account))
            .u32(trailing)
            .string(self.data);
        table.commit();
    }

    fn dead_letter(&mut self, event: Option<&EventEntry>, reason: &str, detail: &str) {
        let letter = DeadLetter {
            identity: self.identity(),
            success: self.at.tx.err.is_none(),
            program: self.program,
            name: event.map_or("", |e| e.name.as_str()),
            via: via(self.record.via),
            reason,
            detail,
            data: self.data,
        };
        letter.write(self.tables);
    }
}

/// A record or call that could not be decoded, or not be believed.
pub(crate) struct DeadLetter<'a> {
    pub(crate) identity: Identity,
    /// Whether its transaction succeeded.
    pub(crate) success: bool,
    pub(crate) program: &'a Program,
    /// The event or instruction, '' if unknown.
    pub(crate) name: &'a str,
    pub(crate) via: u8,
    pub(crate) reason: &'a str,
    pub(crate) detail: &'a str,
    pub(crate) data: &'a [u8],
}

impl DeadLetter<'_> {
    pub(crate) fn write(&self, tables: &mut [Table]) {
        let Some(table) = tables.get_mut(T_DEAD_LETTERS) else {
            return;
        };
        let mut row = table.row();
        row.identity(&self.identity);
        row.fixed(&self.program.id)
            .string(self.program.label.as_bytes())
            .string(self.name.as_bytes())
            .byte(self.via)
            .byte(u8::from(self.success))
            .string(self.reason.as_bytes())
            .string(self.detail.as_bytes())
            .string(self.data);
        table.commit();
    }
}

/// A transaction in its block.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) block: &'a Block,
    pub(crate) tx: &'a Transaction,
}

impl Place<'_> {
    pub(crate) fn identity(self, outer_ix: u16, inner_ix: i32, ordinal: u32) -> Identity {
        Identity {
            signature: self.tx.signature,
            slot: self.block.slot,
            tx_index: self.tx.index,
            inner_ix,
            ordinal,
            block_time: seconds(self.block.block_time),
            outer_ix,
        }
    }
}

pub(crate) fn transaction_row(block: &Block, tx: &Transaction, flags: &Flags, table: &mut Table) {
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

/// `via` of a call.
pub(crate) const VIA_CALL: u8 = 3;

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

pub(crate) fn block_row(block: &Block, stats: &BlockStats, table: &mut Table) {
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
