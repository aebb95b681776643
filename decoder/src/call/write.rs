//! Rows of one call.

use super::{CallEntry, Ended, FIXED, Typed};
use crate::canonical::Origin;
use crate::chain::Pubkey;
use crate::column::{Identity, Stream, Table};
use crate::core_tables::{COUNT, T_CANONICAL, T_INSTRUCTIONS};
use crate::detail::Detail;
use crate::plan;
use crate::program::{Program, Programs, Version, fill};
use crate::scan::{MAX_HEIGHT, Node};
use crate::write::{DeadLetter, Place, VIA_CALL};

/// Ordinal of what follows from a call itself: it comes after the call's events.
pub(crate) const ORDINAL: u32 = u32::MAX;

/// One call on its way to its tables.
pub(crate) struct Caller<'a, 't> {
    pub(crate) at: Place<'a>,
    pub(crate) node: &'a Node<'a>,
    pub(crate) nodes: &'a [Node<'a>],
    pub(crate) ended: Ended,
    pub(crate) program: &'a Program,
    pub(crate) version: Option<&'a Version>,
    pub(crate) programs: &'a Programs,
    pub(crate) tables: &'t mut [Table],
}

impl<'a> Caller<'a, '_> {
    /// Writes the call; false if it became a dead letter.
    pub(crate) fn write(&mut self) -> bool {
        let data = self.node.ix.data.as_slice();
        let Some(version) = self.version else {
            return self.dead_letter("", "no_version", "the slot is before the first IDL version");
        };
        if version.calls.is_empty() {
            // Nothing says what the program can be asked: the call is kept as it is.
            self.row(None, data.len());
            return true;
        }
        let Some((number, entry, args)) = version.call(data) else {
            let short = data.len() < version.call_lookup.shortest();
            let reason = if short {
                "short"
            } else {
                "unknown_discriminator"
            };
            return self.dead_letter("", reason, "");
        };
        let Some(typed) = &entry.typed else {
            self.row(Some(entry), args.len());
            return true;
        };
        match self.typed(number, entry, typed, args) {
            Ok(trailing) => {
                self.row(Some(entry), trailing);
                true
            }
            Err(detail) => self.dead_letter(&entry.name, "decode", detail.text()),
        }
    }

    fn identity(&self, ordinal: u32) -> Identity {
        self.at.identity(self.node.outer, self.node.inner, ordinal)
    }

    fn accounts(&self) -> impl Iterator<Item = &'a Pubkey> + use<'a> {
        let keys = &self.at.tx.keys;
        let indexes = self.node.ix.accounts.iter();
        indexes.map(|&index| keys.get(usize::from(index)).unwrap_or(&[0; 32]))
    }

    #[allow(
        clippy::result_large_err,
        reason = "a detail is text on the stack: faults cost no heap"
    )]
    /// The row in the instruction's own table, and what follows from it; tells how many bytes follow the arguments.
    fn typed(
        &mut self,
        number: usize,
        entry: &CallEntry,
        typed: &Typed,
        args: &[u8],
    ) -> Result<usize, Detail> {
        let (identity, follows) = (self.identity(0), self.identity(ORDINAL));
        let accounts = self.accounts();
        let (core, own) = self.tables.split_at_mut(COUNT.min(self.tables.len()));
        let Some(table) = own.get_mut(typed.table) else {
            return Err(Detail::new(format_args!("no table")));
        };
        let mut row = table.row();
        row.identity(&identity)
            .byte(self.ended as u8)
            .byte(u8::try_from(self.node.height).unwrap_or(u8::MAX));
        let streams = table.streams.get_mut(FIXED.len()..).unwrap_or_default();
        typed.write_accounts(accounts, &self.program.id, streams);
        fill(&typed.lacking, streams);
        let rest = match plan::run(&typed.plan.ops, args, streams) {
            Ok(rest) => rest,
            Err(error) => {
                table.rollback();
                let owner = typed.plan.owners.get(error.stream as usize);
                let owner = owner.map_or("", String::as_str);
                return Err(Detail::new(format_args!(
                    "argument `{owner}`: {}",
                    error.fault
                )));
            }
        };
        if let (Some(canonical), Ended::Ok, Some(facts)) =
            (&entry.canonical, self.ended, core.get_mut(T_CANONICAL))
        {
            let origin = Origin {
                tx: self.at.tx,
                programs: self.programs,
                program: self.program,
                ix: Some(self.node.ix),
                called: Some(number),
                streams,
            };
            canonical.write(&follows, &origin, facts);
        }
        table.commit();
        Ok(rest.len())
    }

    /// The row in `instructions`.
    fn row(&mut self, entry: Option<&CallEntry>, trailing: usize) {
        let identity = self.identity(0);
        let (names, values) =
            entry.map_or((0, &[][..]), |e| e.names.first(self.node.ix.accounts.len()));
        let accounts = self.accounts();
        let mut path = [[0; 2]; MAX_HEIGHT];
        let path = self.path(&mut path);
        let caller = match self.node.inner {
            ..0 => None,
            _ => self.nodes.get(self.node.parent as usize),
        };
        let Some(table) = self.tables.get_mut(T_INSTRUCTIONS) else {
            return;
        };
        let mut row = table.row();
        row.identity(&identity)
            .fixed(&self.program.id)
            .string(self.program.label.as_bytes())
            .string(entry.map_or(b"", |e| e.name.as_bytes()))
            .byte(u8::try_from(self.node.height).unwrap_or(u8::MAX))
            .array(path.iter().map(<[u8; 2]>::as_slice))
            .fixed(caller.map_or(&[0; 32], |node| node.program))
            .byte(self.ended as u8)
            .array(accounts.map(<[u8; 32]>::as_slice))
            .strings(names, values)
            .u32(u32::try_from(trailing).unwrap_or(u32::MAX))
            .string(&self.node.ix.data);
        table.commit();
    }

    /// The outer instruction's number, then at each height which call of its caller it is.
    fn path<'b>(&self, out: &'b mut [[u8; 2]; MAX_HEIGHT]) -> &'b [[u8; 2]] {
        let (mut node, mut first) = (self.node, out.len());
        loop {
            first = first.saturating_sub(1);
            let number = if node.inner < 0 {
                node.outer
            } else {
                node.child
            };
            if let Some(place) = out.get_mut(first) {
                *place = number.to_le_bytes();
            }
            match self.nodes.get(node.parent as usize) {
                Some(parent) if node.inner >= 0 && first > 0 => node = parent,
                _ => break,
            }
        }
        out.get(first..).unwrap_or_default()
    }

    fn dead_letter(&mut self, name: &str, reason: &str, detail: &str) -> bool {
        let letter = DeadLetter {
            identity: self.identity(ORDINAL),
            success: self.at.tx.err.is_none(),
            program: self.program,
            name,
            via: VIA_CALL,
            reason,
            detail,
            data: &self.node.ix.data,
        };
        letter.write(self.tables);
        false
    }
}

impl Typed {
    /// Named accounts, then the others. One that is not given is none, as is an optional one in whose place Anchor's
    /// clients put the program itself.
    fn write_accounts<'k>(
        &self,
        mut given: impl Iterator<Item = &'k Pubkey>,
        program: &Pubkey,
        streams: &mut [Stream],
    ) {
        for &(first, optional) in &self.accounts {
            let key = given.next().filter(|key| !optional || *key != program);
            let mut at = first as usize;
            if optional {
                if let Some(nulls) = streams.get_mut(at) {
                    nulls.push(u8::from(key.is_none()));
                }
                at += 1;
            }
            if let Some(keys) = streams.get_mut(at) {
                keys.extend(key.unwrap_or(&[0; 32]));
            }
        }
        let at = self.remaining as usize;
        let mut count = 0;
        if let Some(keys) = streams.get_mut(at + 1) {
            for key in given {
                keys.extend(key);
                count += 1;
            }
        }
        if let Some(offsets) = streams.get_mut(at) {
            offsets.array(count);
        }
    }
}
