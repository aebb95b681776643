//! Every rule of one chain.

use super::*;

#[test]
fn meta_may_overtake_its_transactions_and_they_may_come_in_any_order() {
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        [transaction(10, 2), meta(10, 9, 3), transaction(10, 0)],
    );
    assert_eq!(out, []);
    let out = feed(&mut machine, [transaction(10, 1), confirmed(10)]);
    assert_eq!(published(&out), [(10, Proof::Count, vec![0, 1, 2])]);
}

#[test]
fn without_a_reachable_count_meta_and_confirmation_close_a_slot_unproven() {
    let mut machine = from(9);
    assert_eq!(feed(&mut machine, [transaction(10, 4), meta(10, 9, 7)]), []);
    assert_eq!(
        published(&feed(&mut machine, [confirmed(10)])),
        [(10, Proof::None, vec![4])]
    );
}

#[test]
fn more_transactions_than_executed_never_leave() {
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        [
            transaction(10, 0),
            transaction(10, 1),
            meta(10, 9, 1),
            confirmed(10),
        ],
    );
    assert_eq!(out, []);
}

#[test]
fn a_confirmed_descendant_confirms_whatever_order_the_links_come_in() {
    let mut machine = from(9);
    let out = feed(&mut machine, [block(10, 9), block(11, 10), confirmed(12)]);
    assert_eq!(out, []);
    assert_eq!(slots(&feed(&mut machine, [block(12, 11)])), [10, 11, 12]);
    // The confirmation waits in a parent that is not there yet.
    assert_eq!(feed(&mut machine, [confirmed(14), block(14, 13)]), []);
    assert_eq!(slots(&feed(&mut machine, [block(13, 12)])), [13, 14]);
}

#[test]
fn a_parent_once_known_survives_a_message_without_one() {
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        [
            block(10, 9),
            status(11, Some(10), SlotStatus::Created),
            status(11, None, SlotStatus::Processed),
            confirmed(11),
        ],
    );
    assert_eq!(slots(&out), [10]);
}

#[test]
fn slots_jumped_over_are_proven_empty_and_their_ghosts_counted() {
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        [
            transaction(11, 0),
            transaction(11, 1),
            block(13, 9),
            confirmed(13),
        ],
    );
    assert_eq!(out[0], Output::Skipped { from: 10, to: 12 });
    assert_eq!(slots(&out), [13]);
    assert_eq!((machine.stats().ghosts, machine.stats().skipped), (2, 3));
    assert_eq!(feed(&mut machine, [transaction(11, 2)]), []);
    assert_eq!(machine.stats().late, 1);
}

// I-02.
#[test]
fn duplicates_change_nothing() {
    let once = [
        transaction(10, 0),
        meta(10, 9, 1),
        confirmed(10),
        block(11, 10),
        confirmed(11),
    ];
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        once.iter()
            .cloned()
            .flat_map(|input| [input.clone(), input]),
    );
    assert_eq!(
        published(&out),
        [(10, Proof::Count, vec![0]), (11, Proof::Block, vec![])]
    );
    assert_eq!(feed(&mut machine, once), []);
    assert_eq!(machine.stats().conflicts, 0);
}

// I-03.
#[test]
fn a_gap_stops_everything_behind_it_is_told_once_and_can_be_filled() {
    let mut machine = from(9);
    let mut out = Vec::new();
    for slot in 11..40 {
        out.extend(feed(&mut machine, [block(slot, slot - 1), confirmed(slot)]));
    }
    assert_eq!(
        out,
        [Output::Gap(Gap {
            after: 9,
            before: 11
        })]
    );
    assert_eq!(
        slots(&feed(&mut machine, [block(10, 9)])),
        (10..40).collect::<Vec<_>>()
    );
}

#[test]
fn the_end_of_the_source_turns_a_wait_into_a_gap() {
    let mut machine = from(9);
    assert_eq!(feed(&mut machine, [block(12, 11), confirmed(12)]), []);
    let mut out = Vec::new();
    machine.finish(&mut out);
    assert_eq!(
        out,
        [Output::Gap(Gap {
            after: 9,
            before: 12
        })]
    );
}

#[test]
fn the_first_proven_block_is_the_declared_start() {
    let mut machine = SlotMachine::new(Limits::default(), None);
    let out = feed(
        &mut machine,
        [
            transaction(4, 7),
            block(5, 4),
            confirmed(5),
            block(6, 5),
            confirmed(6),
        ],
    );
    assert_eq!(slots(&out), [5, 6]);
}

#[test]
fn the_same_slot_with_another_hash_is_held_and_told() {
    let other = Input::Block(Box::new(Block {
        slot: 10,
        parent_slot: 9,
        blockhash: hash(10, 1),
        parent_blockhash: hash(9, 0),
        ..Block::default()
    }));
    let mut machine = from(9);
    let out = feed(&mut machine, [block(10, 9), other.clone(), confirmed(10)]);
    assert_eq!(
        out,
        [Output::Equivocation {
            slot: 10,
            published: false
        }]
    );
    // Once it has died, the chain that lives may be told again.
    let out = feed(
        &mut machine,
        [
            status(10, None, SlotStatus::Dead),
            block(10, 9),
            confirmed(10),
        ],
    );
    assert_eq!(slots(&out), [10]);
    let out = feed(&mut machine, [other]);
    assert_eq!(
        out,
        [Output::Equivocation {
            slot: 10,
            published: true
        }]
    );
}

#[test]
fn a_child_of_another_chain_is_held() {
    let mut machine = from(9);
    let foreign = Input::Block(Box::new(Block {
        slot: 10,
        parent_slot: 9,
        blockhash: hash(10, 0),
        parent_blockhash: hash(9, 5),
        ..Block::default()
    }));
    let out = feed(&mut machine, [foreign, confirmed(10)]);
    assert_eq!(
        out,
        [Output::Equivocation {
            slot: 10,
            published: false
        }]
    );
}

#[test]
fn a_dead_slot_unblocks_and_one_that_had_left_is_told() {
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        [
            transaction(10, 0),
            status(10, None, SlotStatus::Dead),
            block(11, 9),
            confirmed(11),
        ],
    );
    assert_eq!(out[0], Output::Dead { slot: 10 });
    assert_eq!(slots(&out), [11]);
    let out = feed(&mut machine, [status(11, None, SlotStatus::Dead)]);
    assert_eq!(
        out,
        [Output::Retract {
            from: 11,
            head: Head {
                slot: 9,
                blockhash: Some(hash(9, 0))
            }
        }]
    );
    // The chain that lives goes on from there.
    let out = feed(&mut machine, [block(12, 9), confirmed(12)]);
    assert_eq!(slots(&out), [12]);
}

#[test]
fn finality_covers_ancestors_never_falls_and_waits_for_the_head() {
    let mut machine = from(9);
    let out = feed(&mut machine, [block(10, 9), finalized(11)]);
    assert_eq!(out, []);
    let out = feed(&mut machine, [block(11, 10), finalized(10)]);
    assert_eq!(slots(&out), [10, 11]);
    assert_eq!(out.last(), Some(&Output::Finalized(11)));
    assert_eq!(
        out.iter()
            .filter(|output| matches!(output, Output::Finalized(_)))
            .count(),
        1
    );
}

#[test]
fn memory_is_bounded_and_the_lowest_slots_stay() {
    let limits = Limits {
        open_slots: 16,
        ..Limits::default()
    };
    let mut machine = SlotMachine::new(limits, from(9).head());
    let mut out = feed(
        &mut machine,
        (0..10_000).map(|n| transaction(u64::MAX - n, 0)),
    );
    assert_eq!(machine.open_slots(), 16);
    for slot in 10..200 {
        out.extend(feed(&mut machine, [block(slot, slot - 1), confirmed(slot)]));
    }
    assert_eq!(slots(&out), (10..200).collect::<Vec<_>>());
    assert!(machine.stats().evicted > 0);
}

#[test]
fn meta_and_confirmation_that_overtake_a_whole_block_do_not_close_its_slot() {
    let limits = Limits {
        whole_blocks: true,
        ..Limits::default()
    };
    let mut machine = SlotMachine::new(limits, from(9).head());
    let out = feed(&mut machine, [meta(10, 9, 5), confirmed(10)]);
    assert_eq!(out, []);
    assert_eq!(slots(&feed(&mut machine, [block(10, 9)])), [10]);
    // Without being told, the first block tells.
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        [block(10, 9), confirmed(10), meta(11, 10, 5), confirmed(11)],
    );
    assert_eq!(slots(&out), [10]);
    assert_eq!(slots(&feed(&mut machine, [block(11, 10)])), [11]);
}

#[test]
fn transactions_that_contradict_each_other_wait_for_a_whole_block() {
    let mut machine = from(9);
    let Input::Transaction {
        slot,
        mut transaction,
    } = transaction(10, 0)
    else {
        return;
    };
    transaction.signature[0] ^= 1;
    let other = Input::Transaction { slot, transaction };
    let first = self::transaction(10, 0);
    let out = feed(&mut machine, [first, other, meta(10, 9, 1), confirmed(10)]);
    assert_eq!(
        out,
        [Output::Equivocation {
            slot: 10,
            published: false
        }]
    );
    assert_eq!(slots(&feed(&mut machine, [block(10, 9)])), [10]);
}

#[test]
fn transactions_held_are_bounded_too() {
    let limits = Limits {
        open_transactions: 50,
        ..Limits::default()
    };
    let mut machine = SlotMachine::new(limits, from(9).head());
    for slot in 20..60 {
        feed(&mut machine, (0..10).map(|index| transaction(slot, index)));
        assert!(machine.held() <= 50);
    }
    assert!(machine.stats().evicted > 0);
    let out = feed(
        &mut machine,
        (10..15).flat_map(|slot| [block(slot, slot - 1), confirmed(slot)]),
    );
    assert_eq!(slots(&out), [10, 11, 12, 13, 14]);
}

#[test]
fn a_block_that_names_itself_or_a_later_slot_as_parent_is_refused() {
    let mut machine = from(9);
    assert_eq!(
        feed(
            &mut machine,
            [block(10, 10), meta(11, 12, 0), confirmed(11), confirmed(10)]
        ),
        []
    );
    assert_eq!(machine.stats().conflicts, 2);
}
