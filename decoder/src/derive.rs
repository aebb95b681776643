//! Program-derived addresses, remembered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::chain::Pubkey;

/// Addresses kept; beyond this the memory starts anew.
const MAX_KEPT: usize = 1 << 16;
/// Longest question that is remembered: a program and four full seeds.
const MAX_KEY: usize = 32 + 4 * 33;
/// Seeds that leave room for the bump, and bytes of each.
const MAX_SEEDS: usize = 15;
const MAX_SEED: usize = 32;

/// A program and its seeds, each behind its length; zeros behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key([u8; MAX_KEY]);

/// Answers of [`find`]. Holds its entries in place, so that asking again allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Derived(Mutex<HashMap<Key, Option<Pubkey>>>);

impl Derived {
    /// `find_program_address`. `None` where a seed is too long or no address exists.
    pub(crate) fn find(&self, program: &Pubkey, seeds: &[&[u8]]) -> Option<Pubkey> {
        let Some(key) = key(program, seeds) else {
            return find(program, seeds);
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&key) {
            return *known;
        }
        let address = find(program, seeds);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(key, address);
        address
    }
}

fn key(program: &Pubkey, seeds: &[&[u8]]) -> Option<Key> {
    let mut out = [0; MAX_KEY];
    let (head, mut rest) = out.split_first_chunk_mut()?;
    *head = *program;
    for seed in seeds {
        // Plus one: a seed of no bytes is not the end.
        let length = u8::try_from(seed.len() + 1).ok()?;
        let (first, after) = rest.split_first_mut()?;
        *first = length;
        let (place, after) = after.split_at_mut_checked(seed.len())?;
        place.copy_from_slice(seed);
        rest = after;
    }
    Some(Key(out))
}

/// The address that a program derives from seeds: the runtime's `find_program_address`, without its panics and allocations.
///
/// `None` where a seed is longer than 32 bytes, there are more than fifteen, or no address exists.
#[must_use]
pub fn find(program: &Pubkey, seeds: &[&[u8]]) -> Option<Pubkey> {
    if seeds.len() > MAX_SEEDS || seeds.iter().any(|seed| seed.len() > MAX_SEED) {
        return None;
    }
    let program = solana_sdk::pubkey::Pubkey::new_from_array(*program);
    (0..=u8::MAX).rev().find_map(|bump| {
        let bump = [bump];
        let mut all = [&[][..]; MAX_SEEDS + 1];
        all.get_mut(..seeds.len())?.copy_from_slice(seeds);
        *all.get_mut(seeds.len())? = &bump;
        let found =
            solana_sdk::pubkey::Pubkey::create_program_address(all.get(..=seeds.len())?, &program);
        found.ok().map(|address| address.to_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_the_runtimes_own() {
        let derived = Derived::default();
        let program = [7; 32];
        let long = [1_u8; 32];
        let cases: [&[&[u8]]; 6] = [
            &[],
            &[b""],
            &[b"node", &long, b"id"],
            &[&long, &long, &long, &long],
            &[&long, &long, &long, &long, &long],
            &[b"a", b"", b"b"],
        ];
        for seeds in cases {
            let id = solana_sdk::pubkey::Pubkey::new_from_array(program);
            let want = solana_sdk::pubkey::Pubkey::find_program_address(seeds, &id).0;
            for _ in 0..2 {
                assert_eq!(derived.find(&program, seeds), Some(want.to_bytes()));
            }
        }
        assert_eq!(derived.find(&program, &[&[0; 33]]), None);
        assert_eq!(derived.find(&program, &[&[0; 300]]), None);
        assert_eq!(derived.find(&program, &[&b"x"[..]; 16]), None);
    }
}
