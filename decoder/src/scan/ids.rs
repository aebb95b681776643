//! Base58 of program ids, remembered: the same few programs fill every log.

use crate::chain::Pubkey;

const ENTRIES: usize = 128;
/// Longest base58 of 32 bytes.
const MAX_TEXT: usize = 44;

/// A direct-mapped cache of decoded ids. What it holds changes speed, never results.
#[derive(Debug)]
pub(super) struct Ids {
    entries: Box<[Entry]>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    text: [u8; MAX_TEXT],
    /// 0 = empty.
    length: usize,
    key: Pubkey,
}

impl Default for Ids {
    fn default() -> Self {
        let empty = Entry {
            text: [0; MAX_TEXT],
            length: 0,
            key: [0; 32],
        };
        Self {
            entries: vec![empty; ENTRIES].into(),
        }
    }
}

impl Ids {
    /// The key that `id` is in base58; `None` if it is none.
    #[inline]
    pub(super) fn decode(&mut self, id: &str) -> Option<Pubkey> {
        let text = id.as_bytes();
        // 32 bytes take at least as many digits.
        if text.len() < 32 || text.len() > MAX_TEXT {
            return None;
        }
        let first = u64::from_le_bytes(*text.first_chunk()?);
        let last = u64::from_le_bytes(*text.last_chunk()?);
        let mixed = (first ^ last.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let entry = self.entries.get_mut((mixed >> 57) as usize)?;
        if entry.length == text.len() && entry.text.get(..text.len()) == Some(text) {
            return Some(entry.key);
        }
        let mut key = [0; 32];
        five8::decode_32(id, &mut key).ok()?;
        entry.text.get_mut(..text.len())?.copy_from_slice(text);
        entry.length = text.len();
        entry.key = key;
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembered_ids_are_the_decoded_ones() {
        let mut ids = Ids::default();
        for round in 0..2 {
            for n in 0..1000_u16 {
                let mut key = [n as u8; 32];
                key[0] = (n >> 8) as u8;
                let text = solana_sdk::pubkey::Pubkey::new_from_array(key).to_string();
                assert_eq!(ids.decode(&text), Some(key), "round {round}");
                assert_eq!(ids.decode(&text), Some(key));
            }
        }
        for wrong in [
            "",
            "0OIl",
            &"1".repeat(31),
            &"1".repeat(33),
            &"z".repeat(44),
            &"é".repeat(20),
        ] {
            assert_eq!(ids.decode(wrong), None, "{wrong}");
        }
    }
}
