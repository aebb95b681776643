//! A table under construction: its columns' streams, and the `Native` block they become.

use std::sync::Arc;

use hypernode_schemas::table::TableRows;

use super::pool::Pool;
use super::stream::{Stream, varint};

/// Name and columns of a table, shared by all builders of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) columns: Vec<HeadColumn>,
}

/// A column and how many streams it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeadColumn {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) streams: usize,
}

/// Rows of one table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    head: Arc<Head>,
    pub(crate) streams: Vec<Stream>,
    rows: u64,
    pool: Pool,
}

impl Table {
    pub(crate) fn new(head: Arc<Head>) -> Self {
        let streams = head.columns.iter().map(|c| c.streams).sum();
        Self {
            head,
            streams: vec![Stream::default(); streams],
            rows: 0,
            pool: Pool::default(),
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes into the streams in order, from the first.
    pub(crate) fn row(&mut self) -> RowWriter<'_> {
        RowWriter {
            streams: self.streams.iter_mut(),
        }
    }

    pub(crate) fn commit(&mut self) {
        self.streams.iter_mut().for_each(Stream::commit);
        self.rows += 1;
    }

    pub(crate) fn rollback(&mut self) {
        self.streams.iter_mut().for_each(Stream::rollback);
    }

    pub(crate) fn clear(&mut self) {
        self.streams.iter_mut().for_each(Stream::clear);
        self.rows = 0;
    }

    /// The rows as one `Native` block; `None` without rows. The buffers stay for the next block.
    pub(crate) fn take(&mut self) -> Option<TableRows> {
        if self.rows == 0 {
            return None;
        }
        let size: usize = self.streams.iter().map(|s| s.bytes().len()).sum();
        let mut native = self.pool.buffer(size + 64 * self.head.columns.len() + 16);
        varint(&mut native, self.head.columns.len() as u64);
        varint(&mut native, self.rows);
        let mut streams = self.streams.iter();
        for column in &self.head.columns {
            for text in [&column.name, &column.kind] {
                varint(&mut native, text.len() as u64);
                native.extend_from_slice(text.as_bytes());
            }
            for stream in streams.by_ref().take(column.streams) {
                native.extend_from_slice(stream.bytes());
            }
        }
        let rows = TableRows {
            table: self.head.name.clone(),
            rows: self.rows,
            native: self.pool.share(native),
        };
        self.clear();
        Some(rows)
    }
}

/// Fills one row of a table whose columns are known in advance, stream by stream.
pub(crate) struct RowWriter<'a> {
    streams: std::slice::IterMut<'a, Stream>,
}

impl RowWriter<'_> {
    /// A value of fixed size, already little-endian.
    #[inline]
    pub(crate) fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        if let Some(stream) = self.streams.next() {
            stream.extend(bytes);
        }
        self
    }

    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) -> &mut Self {
        self.fixed(&[byte])
    }

    #[inline]
    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.fixed(&value.to_le_bytes())
    }

    #[inline]
    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.fixed(&value.to_le_bytes())
    }

    #[inline]
    pub(crate) fn string(&mut self, text: &[u8]) -> &mut Self {
        if let Some(stream) = self.streams.next() {
            stream.string(text);
        }
        self
    }

    /// An array of fixed-size values (two streams).
    pub(crate) fn array<'b>(&mut self, values: impl Iterator<Item = &'b [u8]>) -> &mut Self {
        if let (Some(offsets), Some(elements)) = (self.streams.next(), self.streams.next()) {
            let mut count = 0;
            for value in values {
                elements.extend(value);
                count += 1;
            }
            offsets.array(count);
        }
        self
    }
}
