//! What a stream gets for a row that has no value for its column.

use crate::column::Stream;

/// The default of one stream, as ClickHouse fills a column that was added later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamDefault {
    /// So many zero bytes: numbers, fixed strings, the first value of an enum, the place under a null.
    Zeros(usize),
    /// A text of length 0.
    EmptyText,
    /// The end of an array without elements.
    Offsets,
    /// A null.
    Null,
    /// Nothing: the stream lies beneath an array's offsets.
    Nothing,
}

impl StreamDefault {
    /// Adds one row's default.
    #[inline]
    pub(crate) fn write(self, stream: &mut Stream) {
        match self {
            Self::Zeros(count) => stream.zeros(count),
            Self::EmptyText => stream.string(b""),
            Self::Offsets => stream.array(0),
            Self::Null => stream.push(1),
            Self::Nothing => {}
        }
    }
}
