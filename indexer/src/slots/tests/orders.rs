//! Random chains in random order.

use proptest::prelude::*;

use super::*;

/// A chain after slot 9: how many slots are skipped before each block, and how many transactions it has.
fn chain() -> impl Strategy<Value = Vec<(u64, u32)>> {
    prop::collection::vec((0_u64..3, 0_u32..4), 1..24)
}

/// All messages of a chain, with ghosts in skipped slots.
fn messages(chain: &[(u64, u32)], atomic: bool) -> (Vec<Input>, Vec<u64>) {
    let (mut inputs, mut expected, mut parent) = (Vec::new(), Vec::new(), 9);
    for &(skip, count) in chain {
        let slot = parent + 1 + skip;
        if skip > 0 {
            inputs.push(transaction(parent + 1, 0));
        }
        if atomic {
            inputs.push(block(slot, parent));
        } else {
            inputs.extend((0..count).map(|index| transaction(slot, index)));
            inputs.push(meta(slot, parent, u64::from(count)));
        }
        inputs.push(status(slot, Some(parent), SlotStatus::Processed));
        expected.push(slot);
        parent = slot;
    }
    // Only the tip is confirmed by itself: descent must do the rest.
    inputs.push(confirmed(parent));
    (inputs, expected)
}

proptest! {
    // I-02.
    #[test]
    fn any_order_and_any_duplication_publishes_the_same_chain(
        chain in chain(),
        atomic: bool,
        seed in prop::collection::vec(any::<prop::sample::Index>(), 256),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..32),
    ) {
        let (mut inputs, expected) = messages(&chain, atomic);
        for index in again {
            inputs.push(index.get(&inputs).clone());
        }
        for at in (1..inputs.len()).rev() {
            inputs.swap(at, seed[at % seed.len()].index(at + 1));
        }
        if !atomic {
            // Confirmation closes what a count could still prove: single transactions must not come after it.
            inputs.sort_by_key(|input| matches!(input, Input::Status { status: SlotStatus::Confirmed, .. }));
        }
        let mut machine = from(9);
        let out = feed(&mut machine, inputs);
        let blocks = published(&out);
        prop_assert_eq!(blocks.iter().map(|(slot, ..)| *slot).collect::<Vec<_>>(), expected);
        for ((_, proof, indexes), (_, count)) in blocks.iter().zip(&chain) {
            if !atomic {
                prop_assert_eq!(*proof, Proof::Count);
                prop_assert_eq!(indexes, &(0..*count).collect::<Vec<_>>());
            }
        }
        prop_assert_eq!(machine.open_slots(), 0);
    }

    // I-01, I-03.
    #[test]
    fn a_lost_block_never_lets_a_later_one_leave(
        chain in chain(),
        lost in any::<prop::sample::Index>(),
    ) {
        let (inputs, expected) = messages(&chain, true);
        let lost = *lost.get(&expected);
        let inputs = inputs.into_iter().filter(|input| !matches!(input, Input::Block(block) if block.slot == lost));
        let mut machine = from(9);
        let out = feed(&mut machine, inputs);
        let reached = slots(&out);
        prop_assert!(reached.iter().all(|slot| *slot < lost));
        prop_assert!(reached.len() <= expected.iter().position(|slot| *slot == lost).unwrap_or(0));
    }

    // I-01, I-02.
    #[test]
    fn no_input_makes_it_fail_or_break_the_order(
        raw in prop::collection::vec((0_u8..9, 0_u64..24, 0_u64..24, 0_u8..2, 0_u32..4), 0..200),
    ) {
        let inputs = raw.into_iter().map(|(kind, slot, parent, salt, index)| match kind {
            0 => transaction(slot, index),
            1 => Input::Meta(BlockMeta {
                slot,
                parent_slot: parent,
                blockhash: hash(slot, salt),
                parent_blockhash: hash(parent, 0),
                executed_transaction_count: u64::from(index),
                ..BlockMeta::default()
            }),
            2 => block(slot, parent),
            3 => status(slot, Some(parent), SlotStatus::Finalized),
            4 => dead(slot),
            6 => version(slot, salt, parent, 1 - salt),
            7 => Input::Verdict { slot, blockhash: hash(slot, salt) },
            8 => Input::GiveUp { from: slot, to: parent },
            _ => confirmed(slot),
        });
        let mut machine = SlotMachine::new(Limits { open_slots: 8, ..Limits::default() }, None);
        let out = feed(&mut machine, inputs);
        // It asserts that every block links to what is held.
        held(&out);
        prop_assert_eq!(machine.stats().violations, 0);
        prop_assert!(machine.open_slots() <= 8);
    }
}
