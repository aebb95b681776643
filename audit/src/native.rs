//! The decoder's rows of one table, read back: ClickHouse's `Native` layout, as far as canonical events use it.

use std::collections::HashMap;

use hypernode_schemas::table::TableRows;

/// The columns of a block by name.
#[derive(Debug)]
pub(crate) struct Columns<'a> {
    /// Rows of the block.
    pub(crate) rows: usize,
    columns: HashMap<&'a str, Column<'a>>,
}

#[derive(Debug)]
enum Column<'a> {
    /// Values of so many bytes, one behind the other.
    Fixed(usize, &'a [u8]),
    Texts(Vec<&'a [u8]>),
}

impl<'a> Columns<'a> {
    /// `None` where the block is cut, or holds a column of a kind that is not read here.
    pub(crate) fn read(rows: &'a TableRows) -> Option<Self> {
        let mut at = &rows.native[..];
        let count = varint(&mut at)?;
        let rows = varint(&mut at)?;
        let mut columns = HashMap::new();
        for _ in 0..count {
            let name = std::str::from_utf8(text(&mut at)?).ok()?;
            let kind = std::str::from_utf8(text(&mut at)?).ok()?;
            let column = match width(kind) {
                Some(width) => Column::Fixed(width, take(&mut at, rows.checked_mul(width)?)?),
                None if kind == "String" => {
                    let texts = (0..rows).map(|_| text(&mut at));
                    Column::Texts(texts.collect::<Option<_>>()?)
                }
                None => return None,
            };
            columns.insert(name, column);
        }
        at.is_empty().then_some(Self { rows, columns })
    }

    /// A value of `N` bytes.
    pub(crate) fn fixed<const N: usize>(&self, column: &str, row: usize) -> Option<[u8; N]> {
        match self.columns.get(column)? {
            Column::Fixed(width, bytes) if *width == N => {
                let start = row.checked_mul(N)?;
                bytes.get(start..start.checked_add(N)?)?.try_into().ok()
            }
            _ => None,
        }
    }

    /// A text.
    pub(crate) fn text(&self, column: &str, row: usize) -> Option<&'a [u8]> {
        match self.columns.get(column)? {
            Column::Texts(texts) => texts.get(row).copied(),
            Column::Fixed(..) => None,
        }
    }
}

/// Bytes of each value of a kind.
fn width(kind: &str) -> Option<usize> {
    if let Some(length) = kind.strip_prefix("FixedString(") {
        return length.strip_suffix(')')?.parse().ok();
    }
    match kind {
        "UInt64" | "Int64" => Some(8),
        "UInt32" | "Int32" | "DateTime('UTC')" => Some(4),
        "UInt16" => Some(2),
        _ if kind.starts_with("Enum8(") => Some(1),
        _ => None,
    }
}

fn take<'a>(at: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = at.split_at_checked(length)?;
    *at = rest;
    Some(taken)
}

fn varint(at: &mut &[u8]) -> Option<usize> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = *take(at, 1)?.first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return usize::try_from(value).ok();
        }
    }
    None
}

fn text<'a>(at: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = varint(at)?;
    take(at, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(columns: &[(&str, &str, &[u8])], rows: u8) -> TableRows {
        let mut native = vec![columns.len() as u8, rows];
        for (name, kind, bytes) in columns {
            for text in [name, kind] {
                native.push(text.len() as u8);
                native.extend(text.as_bytes());
            }
            native.extend(*bytes);
        }
        TableRows {
            table: "t".into(),
            rows: u64::from(rows),
            native: native.into(),
        }
    }

    #[test]
    fn values_are_found_by_column_and_row() {
        let columns: [(&str, &str, &[u8]); 3] = [
            ("n", "UInt16", &[1, 0, 2, 0]),
            ("name", "String", &[2, b'h', b'o', 0]),
            ("k", "FixedString(3)", b"abcdef"),
        ];
        let block = block(&columns, 2);
        let read = Columns::read(&block).unwrap();
        assert_eq!((read.rows, read.fixed("n", 1)), (2, Some([2, 0])));
        assert_eq!(read.text("name", 0), Some(&b"ho"[..]));
        assert_eq!(read.fixed::<3>("k", 1), Some(*b"def"));
        assert_eq!(read.fixed::<2>("k", 1), None);
        assert_eq!(read.fixed::<3>("k", 2), None);
        assert_eq!(read.text("n", 0), None);
    }

    #[test]
    fn what_is_cut_or_unknown_is_not_read() {
        assert!(Columns::read(&block(&[("n", "UInt16", &[1, 0, 2])], 2)).is_none());
        assert!(Columns::read(&block(&[("n", "UInt16", &[1, 0, 2, 0, 9])], 2)).is_none());
        assert!(Columns::read(&block(&[("n", "Array(UInt8)", &[1])], 1)).is_none());
        assert!(Columns::read(&block(&[("n", "String", &[0xff; 12])], 1)).is_none());
    }
}
