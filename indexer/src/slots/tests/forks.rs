//! What has left and must be withdrawn, and what must not leave: dead slots, sibling forks, equivocation, restarts,
//! slots given up.

use super::*;

fn equivocation(slot: u64, published: bool) -> Output {
    Output::Equivocation { slot, published }
}

#[test]
fn a_published_slot_that_dies_takes_what_follows_it_along() {
    let mut machine = from(9);
    let chain = (10..14).flat_map(|slot| [block(slot, slot - 1), confirmed(slot)]);
    assert_eq!(slots(&feed(&mut machine, chain)), [10, 11, 12, 13]);
    assert_eq!(feed(&mut machine, [dead(12)]), [retract(12, 11)]);
    assert_eq!(machine.stats().retracted, 2);
    let out = feed(&mut machine, [block(14, 11), confirmed(14)]);
    assert_eq!(out[0], Output::Skipped { from: 12, to: 13 });
    assert_eq!(slots(&out), [14]);
}

#[test]
fn of_two_confirmed_siblings_only_a_final_one_leaves() {
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        [
            status(10, Some(9), SlotStatus::Confirmed),
            status(11, Some(9), SlotStatus::Confirmed),
            meta(10, 9, 1),
            meta(11, 9, 1),
            transaction(11, 0),
        ],
    );
    // One of them is there; the other could still come.
    assert_eq!(slots(&out), [10]);
    let mut machine = from(8);
    let out = feed(
        &mut machine,
        [
            block(10, 9),
            block(11, 9),
            confirmed(10),
            confirmed(11),
            block(9, 8),
        ],
    );
    assert_eq!(slots(&out), [9]);
    assert_eq!(out.last(), Some(&equivocation(11, false)));
    assert_eq!(slots(&feed(&mut machine, [finalized(11)])), [11]);
}

#[test]
fn a_final_sibling_withdraws_the_one_that_has_left() {
    let mut machine = from(9);
    let out = feed(
        &mut machine,
        [block(10, 9), confirmed(10), block(11, 10), confirmed(11)],
    );
    assert_eq!(slots(&out), [10, 11]);
    // Confirmed alone does not outweigh what was confirmed before.
    assert_eq!(feed(&mut machine, [block(12, 9), confirmed(12)]), []);
    let out = feed(&mut machine, [finalized(12)]);
    assert_eq!(out[0], retract(10, 9));
    assert_eq!(slots(&out), [12]);
    assert_eq!(out.last(), Some(&Output::Finalized(12)));
}

#[test]
fn a_final_descendant_that_jumps_over_what_has_left_withdraws_it() {
    let mut machine = from(9);
    let chain = [block(10, 9), block(11, 10), confirmed(11)];
    assert_eq!(slots(&feed(&mut machine, chain)), [10, 11]);
    // 14's ancestor 12 attaches to 10: 11 was never part of the final chain. The link is learnt last.
    let out = feed(&mut machine, [finalized(14), block(14, 13), block(13, 12)]);
    assert_eq!(out, []);
    let out = feed(&mut machine, [block(12, 10)]);
    assert_eq!(out[0], retract(11, 10));
    assert_eq!(slots(&out), [12, 13, 14]);
}

#[test]
fn the_branch_that_the_final_chain_took_is_asked_for_when_it_is_not_here() {
    let mut machine = from(9);
    let chain = [block(11, 9), confirmed(11)];
    assert_eq!(slots(&feed(&mut machine, chain)), [11]);
    // Its parent 10 was passed over when 11 left: it is a gap now.
    let out = feed(&mut machine, [block(12, 10), finalized(12)]);
    assert_eq!(out, [retract(11, 9)]);
    let mut out = Vec::new();
    machine.finish(&mut out);
    assert_eq!(
        out,
        [Output::Gap(Gap {
            after: 9,
            before: 12
        })]
    );
    assert_eq!(slots(&feed(&mut machine, [block(10, 9)])), [10, 12]);
}

#[test]
fn a_confirmed_child_decides_between_two_versions_of_its_parent() {
    for child_first in [false, true] {
        let mut machine = from(9);
        let rivals = [block(10, 9), version(10, 1, 9, 0)];
        let child = [version(11, 0, 10, 1), confirmed(11)];
        let inputs: Vec<Input> = if child_first {
            child.into_iter().chain(rivals).collect()
        } else {
            rivals.into_iter().chain(child).collect()
        };
        let out = feed(&mut machine, inputs);
        assert_eq!(
            held(&out),
            [(10, hash(10, 1)), (11, hash(11, 0))],
            "{child_first} {out:?}"
        );
    }
}

#[test]
fn a_verdict_decides_between_rivals_and_refuses_the_others_from_then_on() {
    let mut machine = from(9);
    let rivals = [block(10, 9), version(10, 1, 9, 0), confirmed(10)];
    let out = feed(&mut machine, rivals);
    assert_eq!(out, [equivocation(10, false)]);
    let verdict = Input::Verdict {
        slot: 10,
        blockhash: hash(10, 1),
    };
    let out = feed(&mut machine, [verdict.clone(), verdict, block(10, 9)]);
    assert_eq!(held(&out), [(10, hash(10, 1))]);
}

#[test]
fn a_verdict_withdraws_the_wrong_version_that_has_left() {
    let mut machine = from(9);
    let chain = [block(10, 9), block(11, 10), confirmed(11)];
    let mut out = feed(&mut machine, chain);
    let verdict = Input::Verdict {
        slot: 10,
        blockhash: hash(10, 1),
    };
    out.extend(feed(&mut machine, [verdict]));
    assert_eq!(out.last(), Some(&retract(10, 9)));
    out.extend(feed(
        &mut machine,
        [
            block(10, 9),
            version(10, 1, 9, 0),
            version(11, 1, 10, 1),
            confirmed(11),
        ],
    ));
    assert_eq!(held(&out), [(10, hash(10, 1)), (11, hash(11, 1))]);
}

#[test]
fn a_final_child_that_names_another_hash_withdraws_its_parent() {
    let mut machine = from(9);
    let mut out = feed(&mut machine, [block(10, 9), confirmed(10)]);
    out.extend(feed(&mut machine, [version(11, 0, 10, 1), confirmed(11)]));
    assert_eq!(out.last(), Some(&equivocation(11, false)));
    out.extend(feed(&mut machine, [finalized(11)]));
    assert_eq!(out.last(), Some(&retract(10, 9)));
    out.extend(feed(&mut machine, [version(10, 1, 9, 0)]));
    assert_eq!(held(&out), [(10, hash(10, 1)), (11, hash(11, 0))]);
}

#[test]
fn what_is_final_is_never_withdrawn() {
    let mut machine = from(9);
    let chain = [block(10, 9), block(11, 10), finalized(11)];
    assert_eq!(slots(&feed(&mut machine, chain)), [10, 11]);
    let contradiction = |slot| Output::Contradiction { slot };
    assert_eq!(feed(&mut machine, [dead(11)]), [contradiction(11)]);
    let out = feed(&mut machine, [block(12, 9), finalized(12)]);
    assert_eq!(out, [contradiction(12)]);
    let verdict = Input::Verdict {
        slot: 10,
        blockhash: hash(10, 7),
    };
    assert_eq!(feed(&mut machine, [verdict]), [contradiction(10)]);
    assert_eq!(machine.head().map(|head| head.slot), Some(11));
}

#[test]
fn what_is_forgotten_is_never_withdrawn_by_halves() {
    let limits = Limits {
        remembered: 2,
        ..Limits::default()
    };
    let mut machine = SlotMachine::new(limits, from(9).head());
    let chain = (10..15).flat_map(|slot| [block(slot, slot - 1), confirmed(slot)]);
    feed(&mut machine, chain);
    let out = feed(&mut machine, [block(16, 10), finalized(16)]);
    assert_eq!(out, [Output::Contradiction { slot: 16 }]);
    assert_eq!(feed(&mut machine, [dead(14)]), [retract(14, 13)]);
}

#[test]
fn a_final_status_of_a_slot_that_was_jumped_over_is_told_and_changes_nothing() {
    let mut machine = from(9);
    let chain = [block(10, 9), confirmed(10), block(12, 10), confirmed(12)];
    feed(&mut machine, chain);
    assert_eq!(
        feed(&mut machine, [finalized(11)]),
        [equivocation(11, true)]
    );
}

#[test]
fn a_machine_that_is_told_what_is_stored_withdraws_from_it() {
    let link = |slot: u64| Link {
        slot,
        blockhash: hash(slot, 0),
        parent_slot: slot - 1,
        parent_blockhash: hash(slot - 1, 0),
    };
    let stored: Vec<Link> = (5..10).map(link).collect();
    let mut machine = SlotMachine::resume(Limits::default(), from(9).head(), &stored);
    assert_eq!(feed(&mut machine, [block(8, 7)]), []);
    assert_eq!(machine.stats().duplicates, 1);
    let out = feed(&mut machine, [block(10, 7), finalized(10)]);
    assert_eq!(out[0], retract(8, 7));
    assert_eq!(slots(&out), [10]);
}

#[test]
fn a_restarted_validator_sends_slots_again_without_meta_and_never_finalizes_the_last_ones() {
    let mut machine = from(9);
    let chain = (10..13).flat_map(|slot| [block(slot, slot - 1), confirmed(slot)]);
    assert_eq!(slots(&feed(&mut machine, chain)), [10, 11, 12]);
    // The ghost of the slot in flight, the ledger executed anew, then the next block.
    let again = [transaction(13, 0), transaction(11, 0), transaction(12, 5)];
    assert_eq!(feed(&mut machine, again), []);
    let out = feed(&mut machine, [block(40, 12), finalized(40)]);
    assert_eq!(slots(&out), [40]);
    assert_eq!(out.last(), Some(&Output::Finalized(40)));
    assert_eq!(machine.stats().ghosts, 1);
}

#[test]
fn slots_given_up_are_told_and_what_follows_attaches_to_any_of_them() {
    let mut machine = from(9);
    let chain = (14..24).flat_map(|slot| [block(slot, slot - 1), confirmed(slot)]);
    let out = feed(&mut machine, chain);
    assert_eq!(
        out,
        [Output::Gap(Gap {
            after: 9,
            before: 14
        })]
    );
    // Not from the hole's beginning: nothing happens.
    assert_eq!(feed(&mut machine, [Input::GiveUp { from: 11, to: 13 }]), []);
    let out = feed(&mut machine, [Input::GiveUp { from: 10, to: 13 }]);
    assert_eq!(out[0], Output::Missing { from: 10, to: 13 });
    assert_eq!(slots(&out), (14..24).collect::<Vec<_>>());
    assert_eq!(machine.stats().missing, 4);
    // What was given up never comes in late.
    assert_eq!(feed(&mut machine, [block(12, 11), confirmed(12)]), []);
}

#[test]
fn slots_are_given_up_in_steps_before_anything_follows() {
    let mut machine = from(9);
    assert_eq!(
        feed(
            &mut machine,
            [
                Input::GiveUp { from: 10, to: 12 },
                Input::GiveUp { from: 10, to: 15 }
            ]
        ),
        [
            Output::Missing { from: 10, to: 12 },
            Output::Missing { from: 13, to: 15 }
        ]
    );
    let out = feed(&mut machine, [block(18, 11), confirmed(18)]);
    assert_eq!(out[0], Output::Skipped { from: 16, to: 17 });
    assert_eq!(slots(&out), [18]);
}

#[test]
fn a_position_beyond_any_block_is_refused() {
    let mut machine = from(9);
    assert_eq!(feed(&mut machine, [transaction(10, u32::MAX)]), []);
    assert_eq!((machine.stats().conflicts, machine.held()), (1, 1));
}
