//! Any order of messages, any failing write and any restart leave every slot with exactly one statement.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const A: Pubkey = [1; 32];
const B: Pubkey = [2; 32];

/// The table: by program, kind and first slot, where a newer row replaces an older one.
#[derive(Debug, Default)]
struct Table(BTreeMap<(Pubkey, bool, u64), Statement>);

impl Table {
    fn insert(&mut self, rows: &[(Pubkey, Statement)]) {
        for (program, row) in rows {
            let key = (*program, row.kind == Kind::Observed, row.from);
            self.0.insert(key, *row);
        }
    }

    fn of(&self, program: Pubkey) -> Vec<Statement> {
        let rows = self.0.iter().filter(|(key, _)| key.0 == program);
        let mut rows: Vec<Statement> = rows.map(|(_, row)| *row).collect();
        rows.sort_by_key(|row| row.from);
        rows
    }

    fn last(&self, program: &Pubkey) -> Option<Statement> {
        self.of(*program).into_iter().max_by_key(|row| row.to)
    }

    /// Every slot from 0 to the last one is in one row.
    fn check(&self) {
        for program in [A, B] {
            let mut next = 0;
            for row in self.of(program) {
                assert_eq!(row.from, next, "hole or overlap: {:?}", self.of(program));
                assert!(row.to >= row.from, "empty: {row:?}");
                assert_eq!(row.kind == Kind::Unobserved, !row.reason.is_empty());
                next = row.to + 1;
            }
        }
    }

    fn text(&self, program: Pubkey) -> Vec<(bool, u64, u64, &'static str)> {
        let rows = self.of(program).into_iter();
        rows.map(|row| (row.kind == Kind::Observed, row.from, row.to, row.reason))
            .collect()
    }
}

fn cover(table: &Table, begin: Begin, snapshots: bool) -> Cover {
    Cover::new(begin, [A, B], snapshots, |program| table.last(program))
}

fn write(cover: &mut Cover, table: &mut Table, growing: bool) {
    table.insert(&cover.statements(growing));
    cover.written();
    table.check();
}

/// Slots that the stream tells, one after the other, with what is stored.
fn slots(cover: &mut Cover, slots: std::ops::Range<u64>) {
    for slot in slots {
        cover.update(slot);
        cover.confirmed(slot);
    }
    cover.stores(cover.drained());
}

/// I-24. The parts of one snapshot have slots of their own: each program is observed from its own on.
#[test]
fn programs_whose_parts_of_a_snapshot_have_other_slots_are_observed_from_their_own() {
    let mut table = Table::default();
    let mut run = cover(&table, Begin::Start, true);
    run.connected();
    slots(&mut run, 770..774);
    assert_eq!(run.snapshot_from(), Some(771));
    run.snapshot(&A, 774, 771);
    run.snapshot(&B, 777, 771);
    slots(&mut run, 774..790);
    write(&mut run, &mut table, false);
    let first = "before the first snapshot";
    assert_eq!(
        table.text(A),
        [(false, 0, 773, first), (true, 774, 788, "")]
    );
    assert_eq!(
        table.text(B),
        [(false, 0, 776, first), (true, 777, 788, "")]
    );

    // A run that ends right after its snapshot leaves no hole either.
    let mut next = cover(&table, Begin::Start, true);
    next.connected();
    slots(&mut next, 800..803);
    next.snapshot(&A, 803, 801);
    write(&mut next, &mut table, false);
    let mut last = cover(&table, Begin::Start, true);
    last.connected();
    slots(&mut last, 810..813);
    last.snapshot(&A, 812, 811);
    slots(&mut last, 813..820);
    write(&mut last, &mut table, false);
    assert_eq!(
        table.text(A)[2..],
        [
            (false, 789, 802, "start"),
            (false, 803, 811, "start"),
            (true, 812, 818, "")
        ]
    );
}

#[test]
fn what_was_observed_goes_on_over_a_change_of_idls_that_the_replay_spans() {
    let mut table = Table::default();
    let mut run = cover(&table, Begin::Start, true);
    run.connected();
    slots(&mut run, 10..12);
    run.snapshot(&A, 12, 11);
    slots(&mut run, 12..30);
    write(&mut run, &mut table, true);
    // The replay begins before the end of what was observed; B was never observed.
    let mut next = cover(&table, Begin::IdlChange, true);
    next.connected();
    slots(&mut next, 26..40);
    next.snapshot(&B, 35, 27);
    write(&mut next, &mut table, true);
    assert_eq!(table.text(A)[1..], [(true, 12, 38, "")]);
    let why = "before the first snapshot";
    assert_eq!(table.text(B)[0], (false, 0, 28, why));
    assert_eq!(table.text(B)[1].3, "the IDLs were changed");
    assert_eq!(table.text(B)[2], (true, 35, 38, ""));
    // A replay that does not reach so far leaves a gap with its cause.
    let mut next = cover(&table, Begin::IdlChange, true);
    next.connected();
    slots(&mut next, 50..60);
    next.snapshot(&A, 59, 51);
    slots(&mut next, 60..62);
    write(&mut next, &mut table, true);
    let gap = (false, 39, 58, "the IDLs were changed");
    assert_eq!(table.text(A)[2..], [gap, (true, 59, 60, "")]);
    // An ordinary start goes on with nothing.
    let mut next = cover(&table, Begin::Start, true);
    next.connected();
    slots(&mut next, 57..70);
    next.snapshot(&A, 69, 58);
    write(&mut next, &mut table, true);
    assert_eq!(table.text(A)[4], (false, 61, 68, "start"));
}

#[test]
fn without_accounts_in_the_stream_every_slot_is_unobserved_for_that_reason() {
    for snapshots in [false, true] {
        let mut table = Table::default();
        let mut run = cover(&table, Begin::Start, snapshots);
        run.refused();
        run.connected();
        slots(&mut run, 5..9);
        write(&mut run, &mut table, true);
        run.snapshot(&A, 8, 5);
        slots(&mut run, 9..20);
        write(&mut run, &mut table, true);
        assert_eq!(table.text(A), [(false, 0, 18, REFUSED)]);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Connected,
    Disconnected,
    Refused,
    Update(u64),
    Confirmed(u64),
    Dropped(u64, u64),
    Lost,
    Stores,
    Snapshot(bool, u64),
    /// Written, written without an answer, or not written.
    Write(bool, u8),
    /// The process ends here and another begins.
    Restart(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0..60_u64;
    prop_oneof![
        3 => Just(Step::Connected),
        1 => Just(Step::Disconnected),
        1 => Just(Step::Refused),
        3 => slot.clone().prop_map(Step::Update),
        8 => slot.clone().prop_map(Step::Confirmed),
        1 => (slot.clone(), 0..5_u64).prop_map(|(from, more)| Step::Dropped(from, from + more)),
        1 => Just(Step::Lost),
        5 => Just(Step::Stores),
        5 => (any::<bool>(), slot).prop_map(|(a, slot)| Step::Snapshot(a, slot)),
        6 => (any::<bool>(), 0..3_u8).prop_map(|(growing, how)| Step::Write(growing, how)),
        1 => any::<bool>().prop_map(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// I-24.
    #[test]
    fn any_order_of_messages_tiles_the_slots(
        snapshots in any::<bool>(),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut table = Table::default();
        let mut run = cover(&table, Begin::Start, snapshots);
        for step in steps {
            match step {
                Step::Connected => run.connected(),
                Step::Disconnected => run.disconnected(),
                Step::Refused => run.refused(),
                Step::Update(slot) => run.update(slot),
                Step::Confirmed(slot) => run.confirmed(slot),
                Step::Dropped(from, to) => run.dropped(from, to),
                Step::Lost => run.lost(),
                Step::Stores => run.stores(run.drained()),
                Step::Snapshot(a, slot) => {
                    if let Some(whole) = run.snapshot_from() {
                        run.snapshot(if a { &A } else { &B }, slot, whole);
                    }
                }
                Step::Write(growing, how) => {
                    let rows = run.statements(growing);
                    if how < 2 {
                        table.insert(&rows);
                    }
                    if how == 0 {
                        run.written();
                    }
                }
                Step::Restart(idls) => {
                    let begin = if idls { Begin::IdlChange } else { Begin::Start };
                    run = cover(&table, begin, snapshots);
                }
            }
            table.check();
        }
        // Nothing passes in silence: what the stream told has its statement.
        let seen = run.confirmed.and_then(|slot| slot.checked_sub(1));
        write(&mut run, &mut table, true);
        for (program, tiles) in &run.programs {
            let stated = table.last(program).map(|row| row.to);
            let due = if tiles.observed() { None } else { seen };
            prop_assert!(stated >= due, "{stated:?} {due:?}");
        }
    }

    /// What is stated as observed did come by the stream and was stored.
    #[test]
    fn only_what_came_and_was_stored_is_observed(
        snapshots in any::<bool>(),
        happens in prop::collection::vec((0..12_u8, 0..6_u64), 1..150),
    ) {
        let mut table = Table::default();
        let mut run = cover(&table, Begin::Start, snapshots);
        let (mut stored, mut waiting) = (BTreeSet::new(), BTreeSet::new());
        let (mut tip, mut up) = (10_u64, false);
        for (what, n) in happens {
            match what {
                // Down, or up again in the middle of a slot or with a replay.
                0 if up => {
                    run.disconnected();
                    up = false;
                }
                0 | 1 if !up => {
                    up = true;
                    run.connected();
                    if n % 2 == 0 {
                        for slot in tip.saturating_sub(n)..=tip {
                            waiting.insert(slot);
                            run.update(slot);
                            run.confirmed(slot);
                        }
                    } else {
                        // Its update went by before.
                        run.confirmed(tip);
                    }
                }
                2 => {
                    run.stores(run.drained());
                    stored.append(&mut waiting);
                }
                3 => {
                    if let Some(whole) = run.snapshot_from() {
                        run.snapshot(&A, tip + n, whole);
                        run.snapshot(&B, tip, whole);
                    }
                }
                4 => write(&mut run, &mut table, n > 2),
                5 if up && n == 0 => {
                    tip += 1;
                    run.dropped(tip, tip);
                    run.confirmed(tip);
                }
                6 if n == 0 => {
                    waiting.clear();
                    run.lost();
                }
                7 if n == 0 => {
                    let begin = if snapshots { Begin::IdlChange } else { Begin::Start };
                    run = cover(&table, begin, snapshots);
                    waiting.clear();
                    up = false;
                }
                _ => {
                    tip += 1;
                    if up {
                        waiting.insert(tip);
                        run.update(tip);
                        run.confirmed(tip);
                    }
                }
            }
        }
        write(&mut run, &mut table, true);
        for row in [A, B].into_iter().flat_map(|program| table.of(program)) {
            if row.kind == Kind::Observed {
                for slot in row.from..=row.to {
                    prop_assert!(stored.contains(&slot), "{slot} of {row:?} never came");
                }
            }
        }
    }
}
