//! One byte stream of a column: values, lengths and text, a null map, or array offsets.

/// Bytes written so far, and where the row being written began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    bytes: Vec<u8>,
    /// Elements so far, for a stream of array offsets; values, for a stream of text.
    count: u64,
    mark: usize,
    mark_count: u64,
    kind: Kind,
}

/// How the start of the row in progress is known. Only the last kind costs anything per row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// One value of so many bytes in every row: rows × width.
    Fixed(usize),
    /// One text in every row: it marks its own start.
    Text,
    /// Anything else: marked when a row is final.
    #[default]
    Marked,
}

impl Stream {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the row in progress has written.
    pub(crate) fn row(&self) -> &[u8] {
        let start = match self.kind {
            Kind::Fixed(width) => self.bytes.len().saturating_sub(width),
            Kind::Text | Kind::Marked => self.mark,
        };
        self.bytes.get(start..).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A value whose size the compiler knows: a move instead of a call.
    #[inline]
    pub(crate) fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len() + count, 0);
    }

    /// A `String` value: length as a varint, then the bytes.
    #[inline]
    pub(crate) fn string(&mut self, text: &[u8]) {
        self.begin_text();
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend_from_slice(text);
    }

    /// As [`Stream::string`] with the first `length` bytes of `input`. What follows the text in the input is copied
    /// along and cut off again: a copy of fixed size is a few moves, one of unknown size is a call.
    #[inline]
    pub(crate) fn string_of(&mut self, input: &[u8], length: usize) {
        if length <= 32
            && let Some(block) = input.first_chunk::<32>()
        {
            self.block(block, length);
        } else if length <= 64
            && let Some(block) = input.first_chunk::<64>()
        {
            self.block(block, length);
        } else {
            self.string(input.get(..length).unwrap_or_default());
        }
    }

    /// A text that begins a block; lengths below 128 are one byte.
    #[inline]
    fn block<const N: usize>(&mut self, block: &[u8; N], length: usize) {
        self.begin_text();
        let end = self.bytes.len() + 1 + length;
        self.bytes.reserve(1 + N);
        self.bytes.push(length as u8);
        self.bytes.extend_from_slice(block);
        self.bytes.truncate(end);
    }

    #[inline]
    fn begin_text(&mut self) {
        if self.kind == Kind::Text {
            self.mark = self.bytes.len();
            self.count += 1;
        }
    }

    /// The end of an array of `elements`: offsets are cumulative over the block.
    #[inline]
    pub(crate) fn array(&mut self, elements: u64) {
        self.count += elements;
        self.bytes.extend_from_slice(&self.count.to_le_bytes());
    }

    /// Makes the row in progress final, in a stream that has to be marked.
    #[inline]
    pub(super) fn commit(&mut self) {
        self.mark = self.bytes.len();
        self.mark_count = self.count;
    }

    /// Forgets the row in progress, which comes after `rows` rows.
    pub(super) fn rollback(&mut self, rows: u64) {
        match self.kind {
            Kind::Fixed(width) => {
                let rows = usize::try_from(rows).unwrap_or(usize::MAX);
                self.bytes.truncate(rows.saturating_mul(width));
            }
            Kind::Text if self.count > rows => {
                self.bytes.truncate(self.mark);
                self.count = rows;
            }
            Kind::Text => {}
            Kind::Marked => {
                self.bytes.truncate(self.mark);
                self.count = self.mark_count;
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
        self.commit();
    }
}

/// Appends a `String` value, for streams that take it as it is.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    varint(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// ClickHouse's varint: seven bits a byte, low ones first.
#[inline]
pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The text of a single `String` value as [`Stream::string`] wrote it.
pub(crate) fn read_string(mut row: &[u8]) -> Option<&[u8]> {
    let mut length = 0_usize;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = row.split_first()?;
        row = rest;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return row.get(..length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rolled_back_row_leaves_nothing() {
        let mut s = Stream::default();
        s.array(3);
        s.commit();
        s.array(5);
        s.rollback(1);
        s.array(1);
        assert_eq!(s.bytes(), [3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn rows_of_plain_values_and_text_are_known_without_marks() {
        let mut fixed = Stream::new(Kind::Fixed(4));
        fixed.put(&[1; 4]);
        fixed.extend(&[2; 4]);
        assert_eq!(fixed.row(), [2; 4]);
        fixed.rollback(1);
        fixed.rollback(1);
        assert_eq!(fixed.bytes(), [1; 4]);

        let mut text = Stream::new(Kind::Text);
        text.string(b"one");
        // Rolled back before it was reached: the row before stays.
        text.rollback(1);
        assert_eq!(text.bytes(), b"\x03one");
        text.string(b"two");
        assert_eq!(read_string(text.row()), Some(&b"two"[..]));
        text.rollback(1);
        text.rollback(1);
        assert_eq!(text.bytes(), b"\x03one");
        text.clear();
        text.string(b"");
        text.rollback(0);
        assert_eq!(text.bytes(), b"");
    }

    #[test]
    fn strings_read_back() {
        for n in [0, 1, 127, 128, 300, 70_000] {
            let mut s = Stream::default();
            let text = vec![7; n];
            s.string(&text);
            assert_eq!(read_string(s.row()), Some(text.as_slice()));
        }
        assert_eq!(read_string(&[0x80]), None);
        assert_eq!(read_string(&[5, 1]), None);
    }

    #[test]
    fn text_copied_in_blocks_is_the_same_text() {
        let input: Vec<u8> = (0..=255).collect();
        for end in [0, 31, 32, 33, 64, 65, 200, 256] {
            let input = &input[..end];
            for length in 0..=end {
                let (mut one, mut other) = (Stream::default(), Stream::default());
                one.string_of(input, length);
                other.string(&input[..length]);
                assert_eq!(one.bytes(), other.bytes(), "{length} of {end}");
            }
        }
    }
}
