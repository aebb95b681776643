//! A table under construction: its columns' streams, and the `Native` block they become.

use std::sync::Arc;

use hypernode_schemas::table::TableRows;

use super::identity::{self, Identity};
use super::pool::Pool;
use super::stream::{Kind, Stream, varint};
use super::width;

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
    /// Streams of the columns, without those of the identity.
    pub(crate) streams: Vec<Stream>,
    /// The identity columns' values, of a table that begins with them.
    identities: Vec<Identity>,
    /// Number of columns in `identities`.
    identified: usize,
    /// Streams that want to be told when a row is final.
    marked: Box<[u32]>,
    rows: u64,
    pool: Pool,
}

impl Table {
    pub(crate) fn new(head: Arc<Head>) -> Self {
        let identified = if identity::leads(&head.columns) {
            identity::COLUMNS
        } else {
            0
        };
        let kinds = head.columns.iter().skip(identified).flat_map(|column| {
            let kind = match (column.streams, width(&column.kind)) {
                (1, Some(width)) => Kind::Fixed(width),
                (1, None) if column.kind == "String" => Kind::Text,
                _ => Kind::Marked,
            };
            std::iter::repeat_n(kind, column.streams)
        });
        let marked = (0..)
            .zip(kinds.clone())
            .filter(|(_, kind)| *kind == Kind::Marked);
        Self {
            marked: marked.map(|(number, _)| number).collect(),
            streams: kinds.map(Stream::new).collect(),
            identities: Vec::new(),
            identified,
            rows: 0,
            pool: Pool::default(),
            head,
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes into the streams in order, from the first.
    pub(crate) fn row(&mut self) -> RowWriter<'_> {
        RowWriter {
            identities: &mut self.identities,
            streams: self.streams.iter_mut(),
        }
    }

    /// Begins a row of a table that starts with the identity, and gives the streams of its other columns.
    #[inline]
    pub(crate) fn identified(&mut self, identity: &Identity) -> &mut [Stream] {
        self.identities.push(*identity);
        &mut self.streams
    }

    #[inline]
    pub(crate) fn commit(&mut self) {
        // Most tables have no such stream: walking all of them cost more than writing them.
        for &number in &self.marked {
            if let Some(stream) = self.streams.get_mut(number as usize) {
                stream.commit();
            }
        }
        self.rows += 1;
    }

    pub(crate) fn rollback(&mut self) {
        let rows = self.rows;
        self.identities
            .truncate(usize::try_from(rows).unwrap_or(usize::MAX));
        self.streams.iter_mut().for_each(|s| s.rollback(rows));
    }

    pub(crate) fn clear(&mut self) {
        self.identities.clear();
        self.streams.iter_mut().for_each(Stream::clear);
        self.rows = 0;
    }

    /// The rows as one `Native` block; `None` without rows. The buffers stay for the next block.
    pub(crate) fn take(&mut self) -> Option<TableRows> {
        if self.rows == 0 {
            return None;
        }
        let size: usize = self.streams.iter().map(|s| s.bytes().len()).sum();
        let size = size + self.identities.len() * size_of::<Identity>();
        let mut native = self.pool.buffer(size + 64 * self.head.columns.len() + 16);
        varint(&mut native, self.head.columns.len() as u64);
        varint(&mut native, self.rows);
        let mut streams = self.streams.iter();
        for (number, column) in self.head.columns.iter().enumerate() {
            for text in [&column.name, &column.kind] {
                varint(&mut native, text.len() as u64);
                native.extend_from_slice(text.as_bytes());
            }
            if number < self.identified {
                identity::column(&self.identities, number, &mut native);
                continue;
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
    identities: &'a mut Vec<Identity>,
    streams: std::slice::IterMut<'a, Stream>,
}

impl RowWriter<'_> {
    /// The columns that say where the row stands, of a table that begins with them.
    #[inline]
    pub(crate) fn identity(&mut self, identity: &Identity) -> &mut Self {
        self.identities.push(*identity);
        self
    }

    /// A value of fixed size, already little-endian.
    #[inline]
    pub(crate) fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        if let Some(stream) = self.streams.next() {
            stream.extend(bytes);
        }
        self
    }

    /// A value whose size the compiler knows.
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> &mut Self {
        if let Some(stream) = self.streams.next() {
            stream.put(&bytes);
        }
        self
    }

    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) -> &mut Self {
        self.put([byte])
    }

    #[inline]
    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.put(value.to_le_bytes())
    }

    #[inline]
    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.put(value.to_le_bytes())
    }

    #[inline]
    pub(crate) fn string(&mut self, text: &[u8]) -> &mut Self {
        if let Some(stream) = self.streams.next() {
            stream.string(text);
        }
        self
    }

    /// An array of texts that are already written as values (two streams).
    pub(crate) fn strings(&mut self, count: u64, values: &[u8]) -> &mut Self {
        if let (Some(offsets), Some(elements)) = (self.streams.next(), self.streams.next()) {
            elements.extend(values);
            offsets.array(count);
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
