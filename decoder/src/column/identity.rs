//! The columns that say where a row stands, kept row by row until the block is made.

use hypernode_schemas::table::IDENTITY;

use super::table::HeadColumn;
use crate::chain::Signature;

/// Where a row stands. One copy of these 96 bytes is far cheaper than writes to seven streams; the block's columns
/// are cut out of them once, straight into their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) signature: Signature,
    pub(crate) slot: u64,
    pub(crate) tx_index: u32,
    pub(crate) inner_ix: i32,
    pub(crate) ordinal: u32,
    pub(crate) block_time: u32,
    pub(crate) outer_ix: u16,
}

/// Number of the columns.
pub(super) const COLUMNS: usize = IDENTITY.len();

/// Whether a table's first columns are these.
pub(super) fn leads(columns: &[HeadColumn]) -> bool {
    columns.len() >= COLUMNS
        && IDENTITY
            .iter()
            .zip(columns)
            .all(|((name, _), column)| column.name == *name)
}

/// Appends column `number` of all rows, little-endian.
pub(super) fn column(rows: &[Identity], number: usize, out: &mut Vec<u8>) {
    match number {
        0 => cut(rows, out, |row| row.slot.to_le_bytes()),
        1 => cut(rows, out, |row| row.tx_index.to_le_bytes()),
        2 => cut(rows, out, |row| row.outer_ix.to_le_bytes()),
        3 => cut(rows, out, |row| row.inner_ix.to_le_bytes()),
        4 => cut(rows, out, |row| row.ordinal.to_le_bytes()),
        5 => cut(rows, out, |row| row.signature),
        _ => cut(rows, out, |row| row.block_time.to_le_bytes()),
    }
}

/// Values of one size, written to places that are made at once: no growth is checked per row.
#[inline]
fn cut<const N: usize>(rows: &[Identity], out: &mut Vec<u8>, value: impl Fn(&Identity) -> [u8; N]) {
    let start = out.len();
    out.resize(start + rows.len() * N, 0);
    let (places, _) = out
        .get_mut(start..)
        .unwrap_or_default()
        .as_chunks_mut::<N>();
    for (place, row) in places.iter_mut().zip(rows) {
        *place = value(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_in_the_order_of_the_contract() {
        let row = |n: u8| Identity {
            signature: [n; 64],
            slot: u64::from(n) << 40,
            tx_index: u32::from(n) << 24,
            inner_ix: -i32::from(n),
            ordinal: u32::from(n),
            block_time: u32::from(n) << 8,
            outer_ix: u16::from(n) << 8,
        };
        let rows = [row(1), row(2)];
        let written = |number| {
            let mut out = vec![9];
            column(&rows, number, &mut out);
            assert_eq!(out.remove(0), 9);
            out
        };
        let sizes: Vec<usize> = (0..COLUMNS).map(|n| written(n).len() / 2).collect();
        let wanted = IDENTITY.map(|(_, kind)| super::super::width(kind).unwrap());
        assert_eq!(sizes, wanted);
        assert_eq!(written(0)[8..], (2_u64 << 40).to_le_bytes());
        assert_eq!(written(3)[..4], (-1_i32).to_le_bytes());
        assert_eq!(written(5), [[1_u8; 64], [2; 64]].concat());
        assert_eq!(written(6)[4..], (2_u32 << 8).to_le_bytes());
    }
}
