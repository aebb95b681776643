//! How far back the newest of something lie.
//!
//! Asked for the newest fifty up to a slot, the engine takes the projection that has the fewest marks, whatever its order,
//! reads all of history from it and sorts. With a first slot the table's own order is the shortest way: what it reads then
//! does not grow with history. So the first slot is looked for, in ever wider reaches.

use hypernode_warehouse::Client;

use crate::query::{self, Error};

/// The first reach, in slots: some minutes.
const FIRST: u64 = 1 << 10;
/// Each further one is so many times as wide: three statements pass four million slots.
const WIDER: u64 = 1 << 6;

/// First slots of ever wider reaches up to `as_of`; the last is 0.
pub(crate) fn reaches(as_of: u64) -> impl Iterator<Item = u64> {
    let mut reach = Some(FIRST);
    std::iter::from_fn(move || {
        let from = as_of.saturating_sub(reach?);
        reach = reach
            .map(|reach| reach.saturating_mul(WIDER))
            .filter(|_| from > 0);
        Some(from)
    })
}

/// A slot from which on `counted` over the canonical events that fit `condition` is at least `enough`, up to `as_of`; 0 where
/// it is less over all of them.
///
/// # Errors
/// When the warehouse does not answer.
pub(crate) async fn since(
    client: &Client,
    as_of: u64,
    counted: &str,
    condition: &str,
    enough: u64,
) -> Result<u64, Error> {
    for from in reaches(as_of).take_while(|from| *from > 0) {
        let sql = format!(
            "SELECT toUInt64({counted}) FROM canonical_events WHERE slot >= {from} AND slot <= {as_of} AND {condition}"
        );
        let found: u64 = query::row(client, "where the newest begin", &sql).await?;
        if found >= enough {
            return Ok(from);
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaches_grow_and_end_with_all_of_history() {
        let of = |as_of| reaches(as_of).collect::<Vec<_>>();
        assert_eq!(of(0), [0]);
        assert_eq!(of(1_024), [0]);
        assert_eq!(of(70_000), [68_976, 4_464, 0]);
        assert_eq!(of(u64::MAX).last(), Some(&0));
        assert!(of(400_000_000).len() < 7);
    }
}
