//! The queue beside a list that is searched from end to end.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn address(number: u8) -> Address {
    Address([number; 32])
}

fn entry(ticket: Ticket, class: u32, owner: u8, priority: u8, since: i64) -> Entry {
    Entry {
        ticket,
        class: ClassId(class),
        owner: address(owner),
        priority,
        since,
    }
}

/// Takes the first of class 0, until nothing is left.
fn drain(queue: &mut Queue, now: i64) -> Vec<Ticket> {
    std::iter::from_fn(|| {
        let (ticket, _) = queue.first(ClassId(0), now)?;
        assert!(queue.take(ticket));
        Some(ticket)
    })
    .collect()
}

#[test]
fn owners_take_turns_however_many_jobs_they_have() {
    let mut queue = Queue::default();
    for ticket in 0..100 {
        queue.push(&entry(ticket, 0, 1, 5, 0));
    }
    queue.push(&entry(100, 0, 2, 5, 0));
    queue.push(&entry(101, 0, 2, 5, 0));
    let order = drain(&mut queue, 0);
    assert_eq!(order[..5], [0, 100, 1, 101, 2]);
    assert_eq!(order.len(), 102);
}

#[test]
fn weights_are_turns_in_a_round() {
    let mut queue = Queue::default();
    queue.weigh(address(1), 3);
    for n in 0..40 {
        queue.push(&entry(2 * n, 0, 1, 0, 0));
        queue.push(&entry(2 * n + 1, 0, 2, 0, 0));
    }
    let of_first = drain(&mut queue, 0)
        .iter()
        .take(40)
        .filter(|t| **t % 2 == 0)
        .count();
    assert!((29..=31).contains(&of_first), "{of_first} of 40");
}

#[test]
fn urgent_jobs_are_first_until_others_have_waited_their_way_up() {
    let mut queue = Queue::default();
    queue.push(&entry(0, 0, 1, 0, 0));
    let minutes = |n: i64| n * LEVEL_MS;
    queue.push(&entry(1, 0, 2, 9, minutes(8)));
    assert_eq!(queue.first(ClassId(0), minutes(8)).map(|f| f.0), Some(1));
    // After nine minutes both are at the highest level, where the turn decides, and then the age.
    assert_eq!(queue.first(ClassId(0), minutes(9)).map(|f| f.0), Some(0));
}

#[test]
fn leaving_and_coming_again_is_no_way_to_the_front() {
    let mut queue = Queue::default();
    for ticket in 0..10 {
        queue.push(&entry(ticket, 0, 1, 0, 0));
    }
    let mut taken = Vec::new();
    for ticket in 10..20 {
        queue.push(&entry(ticket, 0, 2, 0, 0));
        let (first, _) = queue.first(ClassId(0), 0).expect("a job");
        queue.take(first);
        taken.push(first >= 10);
    }
    let of_second = taken.iter().filter(|second| **second).count();
    assert_eq!(of_second, 5, "{taken:?}");
}

#[test]
fn owners_are_forgotten_when_they_are_through() {
    let mut queue = Queue::default();
    for n in 0..10_000_u64 {
        let mut owner = [0; 32];
        owner[..8].copy_from_slice(&n.to_le_bytes());
        let owner = Address(owner);
        queue.push(&Entry {
            owner,
            ..entry(n, 0, 0, 0, 0)
        });
        let (first, _) = queue.first(ClassId(0), 0).expect("a job");
        queue.take(first);
    }
    assert!(queue.owners.known() < 4, "{} owners", queue.owners.known());
    assert!(queue.classes.is_empty() && queue.places.is_empty());
}

/// The definition, without any index.
#[derive(Default)]
struct Model {
    waiting: Vec<Entry>,
    turns: HashMap<Address, u64>,
    held: Vec<Address>,
    now: u64,
    risen: i64,
}

impl Model {
    fn push(&mut self, entry: Entry) {
        let joins = !self.waiting.iter().any(|e| e.owner == entry.owner);
        let turn = self.turns.entry(entry.owner).or_insert(self.now);
        if joins {
            *turn = (*turn).max(self.now);
        }
        self.waiting.push(entry);
    }

    fn first(&mut self, class: ClassId, now: i64) -> Option<Ticket> {
        self.risen = self.risen.max(highest(now));
        let ready = self
            .waiting
            .iter()
            .filter(|e| e.class == class && !self.held.contains(&e.owner));
        let key = |e: &&Entry| {
            let minute = e.minute();
            let level = if minute <= self.risen {
                i64::MIN
            } else {
                minute
            };
            (level, self.turns[&e.owner], e.owner, minute, e.ticket)
        };
        ready.min_by_key(key).map(|e| e.ticket)
    }

    fn take(&mut self, ticket: Ticket) {
        let at = self
            .waiting
            .iter()
            .position(|e| e.ticket == ticket)
            .expect("waits");
        let entry = self.waiting.remove(at);
        let turn = self.turns.get_mut(&entry.owner).expect("known");
        self.now = self.now.max(*turn);
        *turn += 1 << 20;
        self.rest();
    }

    fn rest(&mut self) {
        if self.waiting.is_empty() {
            let last = self.turns.values().copied().max().unwrap_or(0);
            self.now = self.now.max(last);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push {
        class: u32,
        owner: u8,
        priority: u8,
        ago: i64,
    },
    Take {
        class: u32,
    },
    Remove {
        nth: usize,
    },
    Hold {
        owner: u8,
    },
    Release {
        owner: u8,
    },
    Pass {
        ms: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (class, owner) = (|| 0_u32..3, || 0_u8..5);
    prop_oneof![
        6 => (class(), owner(), 0_u8..11, 0_i64..200_000)
            .prop_map(|(class, owner, priority, ago)| Step::Push { class, owner, priority, ago }),
        6 => class().prop_map(|class| Step::Take { class }),
        1 => any::<usize>().prop_map(|nth| Step::Remove { nth }),
        1 => owner().prop_map(|owner| Step::Hold { owner }),
        1 => owner().prop_map(|owner| Step::Release { owner }),
        2 => (0_i64..150_000).prop_map(|ms| Step::Pass { ms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// I-46.
    #[test]
    fn the_queue_is_what_the_definition_says(steps in prop::collection::vec(step(), 0..80)) {
        let (mut queue, mut model) = (Queue::default(), Model { risen: i64::MIN, ..Model::default() });
        let (mut now, mut ticket) = (1_000_000_000_i64, 0);
        for step in steps {
            match step {
                Step::Push { class, owner, priority, ago } => {
                    let entry = entry(ticket, class, owner, priority, now - ago);
                    ticket += 1;
                    queue.push(&entry);
                    model.push(entry);
                }
                Step::Take { class } => {
                    let found = queue.first(ClassId(class), now);
                    let expected = model.first(ClassId(class), now);
                    // Owners at the same turn are in the order of their places, which the model does not know.
                    let key = |t: Ticket| {
                        let e = model.waiting.iter().find(|e| e.ticket == t).expect("waits");
                        let minute = e.minute();
                        let level = if minute <= model.risen { i64::MIN } else { minute };
                        (level, model.turns[&e.owner])
                    };
                    prop_assert_eq!(found.map(|f| key(f.0)), expected.map(key));
                    if let Some((ticket, _)) = found {
                        let owner = model.waiting.iter().find(|e| e.ticket == ticket).expect("waits").owner;
                        let oldest = model.waiting.iter()
                            .filter(|e| e.owner == owner && e.class == ClassId(class) && key(e.ticket).0 == key(ticket).0)
                            .min_by_key(|e| (e.minute(), e.ticket))
                            .map(|e| e.ticket);
                        prop_assert_eq!(Some(ticket), oldest);
                        prop_assert!(queue.take(ticket));
                        model.take(ticket);
                    }
                }
                Step::Remove { nth } if !model.waiting.is_empty() => {
                    let at = nth % model.waiting.len();
                    let ticket = model.waiting.remove(at).ticket;
                    model.rest();
                    prop_assert!(queue.remove(ticket));
                    prop_assert!(!queue.remove(ticket));
                }
                Step::Remove { .. } => {}
                Step::Hold { owner } => {
                    queue.hold(address(owner));
                    model.held.push(address(owner));
                }
                Step::Release { owner } => {
                    queue.release(address(owner));
                    model.held.retain(|o| *o != address(owner));
                }
                Step::Pass { ms } => now += ms,
            }
            prop_assert_eq!(queue.len(), model.waiting.len());
        }
    }
}
