//! Every order in which the messages of a small network can come, with every one of them lost or doubled, and a restart
//! at any moment: checked against the invariants by `stateright`.

use stateright::{Checker, Model, Property};

use super::*;

/// Messages that may come in any order.
struct Scenario {
    messages: Vec<Input>,
    /// What must have left when all of them have come.
    expected: Vec<(u64, [u8; 32])>,
    /// Messages that may come twice.
    doubled: usize,
    /// Restarts from what was held.
    restarts: u8,
}

/// The machine, what its consumer holds, and what is still to come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    machine: SlotMachine,
    held: Vec<Link>,
    /// Highest slot told as final: nothing up to it may be withdrawn.
    last_final: u64,
    broken: Option<&'static str>,
    /// One bit for each message that is still to come.
    to_come: u32,
    doubled: usize,
    restarts: u8,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    Deliver(usize),
    /// Delivered, and it will come again.
    Double(usize),
    Restart,
}

const START: u64 = 9;

impl Scenario {
    fn check(self) -> usize {
        let checker = self.checker().spawn_bfs().join();
        checker.assert_properties();
        checker.unique_state_count()
    }
}

impl State {
    fn follow(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Publish(block) => {
                    let last = self
                        .held
                        .last()
                        .map_or((START, hash(START, 0)), |link| (link.slot, link.blockhash));
                    if (block.parent_slot, block.parent_blockhash) != last {
                        self.broken =
                            Some("I-01: a block left that does not follow the one before");
                    }
                    if block.slot <= last.0 {
                        self.broken = Some("I-02: a slot left twice");
                    }
                    self.held.push(Link {
                        slot: block.slot,
                        blockhash: block.blockhash,
                        parent_slot: block.parent_slot,
                        parent_blockhash: block.parent_blockhash,
                    });
                }
                Output::Retract { from, .. } => {
                    if from <= self.last_final {
                        self.broken = Some("a final block was withdrawn");
                    }
                    self.held.retain(|link| link.slot < from);
                }
                Output::Finalized(slot) => {
                    if slot < self.last_final {
                        self.broken = Some("finality fell");
                    }
                    self.last_final = slot;
                }
                _ => {}
            }
        }
    }
}

impl Model for Scenario {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            machine: from(START),
            held: Vec::new(),
            last_final: 0,
            broken: None,
            to_come: (1 << self.messages.len()) - 1,
            doubled: self.doubled,
            restarts: self.restarts,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for message in 0..self.messages.len() {
            if state.to_come & 1 << message != 0 {
                actions.push(Action::Deliver(message));
                if state.doubled > 0 {
                    actions.push(Action::Double(message));
                }
            }
        }
        if state.restarts > 0 && state.to_come != 0 {
            actions.push(Action::Restart);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Deliver(message) | Action::Double(message) => {
                let mut out = Vec::new();
                state
                    .machine
                    .push(self.messages.get(message)?.clone(), &mut out);
                state.follow(out);
                if action == Action::Deliver(message) {
                    state.to_come &= !(1 << message);
                } else {
                    state.doubled -= 1;
                }
            }
            Action::Restart => {
                // What was under way is sent again: sources replay from the last stored slot on.
                let head = state.held.last().map_or(START, |link| link.slot);
                let blockhash = state
                    .held
                    .last()
                    .map_or(hash(START, 0), |link| link.blockhash);
                let head = Head {
                    slot: head,
                    blockhash: Some(blockhash),
                };
                state.machine = SlotMachine::resume(Limits::default(), Some(head), &state.held);
                state.to_come = (1 << self.messages.len()) - 1;
                state.restarts -= 1;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("I-01, I-02, finality", |_, state: &State| {
                state.broken.is_none()
            }),
            Property::always("the books are right", |_, state: &State| {
                state.machine.consistent()
            }),
            Property::always(
                "all that came makes the chain",
                |model: &Self, state: &State| {
                    let held: Vec<_> = state.held.iter().map(|l| (l.slot, l.blockhash)).collect();
                    state.to_come != 0 || held == model.expected
                },
            ),
            Property::always(
                "I-03: nothing unconfirmed leaves",
                |model: &Self, state: &State| {
                    // In every scenario the confirmations are single messages.
                    state.held.is_empty()
                        || model.messages.iter().enumerate().any(|(n, input)| {
                            matches!(
                                input,
                                Input::Status {
                                    status: SlotStatus::Confirmed | SlotStatus::Finalized,
                                    ..
                                }
                            ) && (state.to_come & 1 << n == 0
                                || state.doubled < model.doubled
                                || state.restarts < model.restarts)
                        })
                },
            ),
        ]
    }
}

fn usual(slots: &[u64]) -> Vec<(u64, [u8; 32])> {
    slots.iter().map(|slot| (*slot, hash(*slot, 0))).collect()
}

#[test]
fn blocks_with_a_skipped_slot_and_a_ghost() {
    let states = Scenario {
        messages: vec![
            block(10, 9),
            transaction(11, 0),
            block(12, 10),
            block(13, 12),
            status(13, Some(12), SlotStatus::Processed),
            confirmed(13),
            finalized(12),
        ],
        expected: usual(&[10, 12, 13]),
        doubled: 2,
        restarts: 1,
    }
    .check();
    assert!(states > 1_000, "{states}");
}

#[test]
fn single_transactions_closed_by_their_count() {
    let states = Scenario {
        messages: vec![
            transaction(10, 1),
            transaction(10, 0),
            meta(10, 9, 2),
            transaction(12, 0),
            meta(12, 10, 1),
            // It confirms both, and comes when their transactions may still be on the way.
            status(13, Some(12), SlotStatus::Finalized),
            meta(13, 12, 0),
        ],
        expected: Vec::new(),
        doubled: 1,
        restarts: 0,
    };
    // A count can be overtaken by the confirmation; only whole blocks cannot. So the end is not one chain here.
    let checker = states.checker().spawn_bfs().join();
    checker.assert_no_discovery("I-01, I-02, finality");
    checker.assert_no_discovery("the books are right");
    assert!(
        checker.unique_state_count() > 200,
        "{}",
        checker.unique_state_count()
    );
}

#[test]
fn a_fork_that_the_final_chain_leaves() {
    let states = Scenario {
        messages: vec![
            block(10, 9),
            block(11, 10),
            confirmed(11),
            block(12, 10),
            block(13, 12),
            finalized(13),
        ],
        expected: usual(&[10, 12, 13]),
        doubled: 1,
        restarts: 1,
    }
    .check();
    assert!(states > 500, "{states}");
}

#[test]
fn a_slot_with_two_versions_and_a_final_child() {
    let states = Scenario {
        messages: vec![
            block(10, 9),
            version(10, 1, 9, 0),
            confirmed(10),
            version(11, 0, 10, 1),
            finalized(11),
            Input::Verdict {
                slot: 10,
                blockhash: hash(10, 1),
            },
            version(10, 1, 9, 0),
        ],
        expected: vec![(10, hash(10, 1)), (11, hash(11, 0))],
        doubled: 0,
        restarts: 0,
    };
    let checker = states.checker().spawn_bfs().join();
    checker.assert_no_discovery("I-01, I-02, finality");
    checker.assert_no_discovery("the books are right");
    assert!(checker.unique_state_count() > 100);
}

#[test]
fn a_slot_that_dies_and_its_sibling() {
    let states = Scenario {
        messages: vec![
            block(10, 9),
            confirmed(10),
            block(11, 10),
            confirmed(11),
            block(12, 10),
            finalized(12),
        ],
        expected: usual(&[10, 12]),
        doubled: 2,
        restarts: 1,
    }
    .check();
    assert!(states > 500, "{states}");
}
