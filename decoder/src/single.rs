//! One event's own table, filled record by record: what remains of a block's decoding when everything around the
//! record is taken away.

use hypernode_schemas::table::TableRows;

use crate::column::{Identity, Table};
use crate::decode::Decoder;
use crate::plan;
use crate::program::{EventEntry, Version};
use crate::scan;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Slot of the block.
    pub slot: u64,
    /// Its time in seconds since the epoch.
    pub block_time: u32,
    /// Position of the transaction in it.
    pub tx_index: u32,
    /// First signature of the transaction.
    pub signature: [u8; 64],
    /// Index of the outer instruction.
    pub outer_ix: u16,
    /// Index of the inner one, -1 for the outer itself.
    pub inner_ix: i32,
    /// Number of the record within its instruction.
    pub ordinal: u32,
}

/// Rows of one event's table `ev_<label>_<event>`. Nothing here proves who wrote a record: for records whose origin is
/// known, and for measuring.
#[derive(Debug)]
pub struct EventRows<'d> {
    version: &'d Version,
    event: &'d EventEntry,
    number: usize,
    table: Table,
    arena: Vec<u8>,
}

impl Decoder {
    /// Empty rows of that event in the newest version; `None` if there is no such label or event.
    #[must_use]
    pub fn event_rows(&self, label: &str, event: &str) -> Option<EventRows<'_>> {
        let version = self.labelled(label)?.versions.last()?;
        let (number, entry) = version
            .events
            .iter()
            .enumerate()
            .find(|(_, e)| e.name == event)?;
        let head = self.heads().get(crate::core_tables::COUNT + entry.table)?;
        Some(EventRows {
            version,
            event: entry,
            number,
            table: Table::new(head.clone()),
            arena: Vec::new(),
        })
    }
}

impl EventRows<'_> {
    /// Adds the record of a log line `Program data: …`; false if it is not this event.
    #[inline]
    pub fn line(&mut self, place: &Place, line: &str) -> bool {
        let mut arena = std::mem::take(&mut self.arena);
        arena.clear();
        let done = scan::record(line, &mut arena) && self.record(place, &arena);
        self.arena = arena;
        done
    }

    /// Adds a record, discriminator first; false if it is not this event.
    #[inline]
    pub fn record(&mut self, place: &Place, data: &[u8]) -> bool {
        let body = match self.version.event_lookup.find(data) {
            Some((number, body)) if number == self.number => body,
            _ => return false,
        };
        let streams = self.table.identified(&Identity {
            signature: place.signature,
            slot: place.slot,
            tx_index: place.tx_index,
            inner_ix: place.inner_ix,
            ordinal: place.ordinal,
            block_time: place.block_time,
            outer_ix: place.outer_ix,
        });
        self.event.fill(streams);
        let done = plan::run(&self.event.plan.ops, body, streams).is_ok();
        if done {
            self.table.commit();
        } else {
            self.table.rollback();
        }
        done
    }

    /// The rows as one `Native` block; `None` without rows. Buffers are reused.
    pub fn take(&mut self) -> Option<TableRows> {
        self.table.take()
    }
}
