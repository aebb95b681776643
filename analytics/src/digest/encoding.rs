//! What a leaf is computed from: a block's place in the chain and its canonical events, as bytes.
//!
//! An event is the columns of [`COLUMNS`] in ClickHouse's `RowBinary`: integers little-endian, fixed strings as they are,
//! other strings after their length as LEB128. So anyone can have the engine print what is hashed.

use sha2::{Digest as _, Sha256};

/// SHA-256.
pub type Hash = [u8; 32];

/// First byte of a leaf's preimage.
const BLOCK: u8 = 0x00;
/// First byte of the preimage of a leaf for slots that were given up.
const MISSING: u8 = 0x03;

/// Columns of `canonical_events` in the order of the encoding. The label is a name that each indexer chooses: left out.
pub(super) const COLUMNS: [&str; 28] = [
    "slot",
    "tx_index",
    "outer_ix",
    "inner_ix",
    "ordinal",
    "signature",
    "block_time",
    "kind",
    "program",
    "job",
    "node",
    "requester",
    "operator",
    "authority",
    "treasury",
    "incentive",
    "name",
    "node_name",
    "job_type",
    "status",
    "price",
    "operator_amount",
    "treasury_amount",
    "incentive_amount",
    "duration",
    "result_hash",
    "logs_url",
    "event_time",
];

/// Widths of the columns; `None`: a string with its length before it.
const WIDTHS: [Option<usize>; 28] = [
    Some(8),
    Some(4),
    Some(2),
    Some(4),
    Some(4),
    Some(64),
    Some(4),
    Some(1),
    Some(32),
    Some(32),
    Some(32),
    Some(32),
    Some(32),
    Some(32),
    Some(32),
    Some(32),
    None,
    None,
    None,
    None,
    Some(8),
    Some(8),
    Some(8),
    Some(8),
    Some(8),
    None,
    None,
    Some(8),
];

/// A block's links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) slot: u64,
    pub(super) blockhash: Hash,
    pub(super) parent_slot: u64,
    pub(super) parent_blockhash: Hash,
}

/// The leaf of a block: its links, then the length in bytes of its events and these in the order of the chain, each as
/// described above.
#[must_use]
pub fn block_leaf(
    slot: u64,
    blockhash: &Hash,
    parent_slot: u64,
    parent_blockhash: &Hash,
    events: &[&[u8]],
) -> Hash {
    let length: usize = events.iter().map(|event| event.len()).sum();
    let mut hasher = Sha256::new()
        .chain_update([BLOCK])
        .chain_update(slot.to_le_bytes())
        .chain_update(blockhash)
        .chain_update(parent_slot.to_le_bytes())
        .chain_update(parent_blockhash)
        .chain_update((length as u64).to_le_bytes());
    for event in events {
        hasher.update(event);
    }
    hasher.finalize().into()
}

/// The leaf of slots that the operator gave up: they stand in the digest as what they are.
#[must_use]
pub fn missing_leaf(from: u64, to: u64) -> Hash {
    Sha256::new()
        .chain_update([MISSING])
        .chain_update(from.to_le_bytes())
        .chain_update(to.to_le_bytes())
        .finalize()
        .into()
}

/// Takes the next event off the bytes of many; its slot and its own bytes. `None`: the bytes end within it.
pub(super) fn next_event<'a>(bytes: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let all = *bytes;
    let mut at = 0_usize;
    for width in WIDTHS {
        let width = match width {
            Some(width) => width,
            None => length(all, &mut at)?,
        };
        at = at.checked_add(width)?;
    }
    let (event, rest) = all.split_at_checked(at)?;
    let slot = u64::from_le_bytes(event.get(..8)?.try_into().ok()?);
    *bytes = rest;
    Some((slot, event))
}

/// A LEB128 number at `at`, which moves behind it.
fn length(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0_usize;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event whose strings have these lengths.
    fn event(slot: u64, lengths: [usize; 6]) -> Vec<u8> {
        let mut lengths = lengths.into_iter();
        let mut bytes = Vec::new();
        for width in WIDTHS {
            match width {
                Some(width) if bytes.is_empty() => bytes.extend(&slot.to_le_bytes()[..width]),
                Some(width) => bytes.extend(std::iter::repeat_n(7, width)),
                None => {
                    let length = lengths.next().unwrap_or(0);
                    let mut left = length;
                    while left >= 0x80 {
                        bytes.push((left & 0x7f) as u8 | 0x80);
                        left >>= 7;
                    }
                    bytes.push(left as u8);
                    bytes.extend(std::iter::repeat_n(b'x', length));
                }
            }
        }
        bytes
    }

    #[test]
    fn events_are_told_apart_and_cut_ones_refused() {
        let events = [
            event(5, [0; 6]),
            event(5, [1, 127, 128, 300, 70_000, 0]),
            event(6, [3; 6]),
        ];
        let all = events.concat();
        let mut rest = all.as_slice();
        for (slot, event) in [5, 5, 6].into_iter().zip(&events) {
            assert_eq!(next_event(&mut rest), Some((slot, event.as_slice())));
        }
        assert!(rest.is_empty());
        for end in 0..events[1].len() {
            assert_eq!(next_event(&mut &events[1][..end]), None, "{end}");
        }
        // A length without end, and one beyond any memory.
        let mut hostile = event(1, [0; 6]);
        hostile.truncate(WIDTHS[..16].iter().flatten().sum());
        hostile.extend([0xff; 16]);
        assert_eq!(next_event(&mut hostile.as_slice()), None);
    }

    #[test]
    fn columns_and_widths_are_those_of_the_table() {
        assert_eq!(COLUMNS.len(), WIDTHS.len());
        let strings: Vec<&str> = COLUMNS
            .iter()
            .zip(WIDTHS)
            .filter(|(_, width)| width.is_none())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(
            strings,
            [
                "name",
                "node_name",
                "job_type",
                "status",
                "result_hash",
                "logs_url"
            ]
        );
    }
}
