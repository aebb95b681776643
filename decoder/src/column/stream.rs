//! One byte stream of a column: values, lengths and text, a null map, or array offsets.

/// Bytes written so far, and where the row being written began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    bytes: Vec<u8>,
    /// Elements so far, for a stream of array offsets.
    count: u64,
    mark: usize,
    mark_count: u64,
}

impl Stream {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the row in progress has written.
    pub(crate) fn row(&self) -> &[u8] {
        self.bytes.get(self.mark..).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len() + count, 0);
    }

    /// A `String` value: length as a varint, then the bytes.
    #[inline]
    pub(crate) fn string(&mut self, text: &[u8]) {
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend_from_slice(text);
    }

    /// The end of an array of `elements`: offsets are cumulative over the block.
    #[inline]
    pub(crate) fn array(&mut self, elements: u64) {
        self.count += elements;
        self.bytes.extend_from_slice(&self.count.to_le_bytes());
    }

    /// Makes the row in progress final.
    #[inline]
    pub(crate) fn commit(&mut self) {
        self.mark = self.bytes.len();
        self.mark_count = self.count;
    }

    /// Forgets the row in progress.
    pub(crate) fn rollback(&mut self) {
        self.bytes.truncate(self.mark);
        self.count = self.mark_count;
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
        self.commit();
    }
}

/// ClickHouse's varint: seven bits a byte, low ones first.
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
        s.rollback();
        s.array(1);
        assert_eq!(s.bytes(), [3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
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
}
