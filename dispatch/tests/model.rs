//! Every order of events, on a small world: one job, two hosts, messages that are late, doubled and out of order, a
//! connection that goes, and a dispatcher that looks at its timers whenever it likes.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

use std::collections::BTreeSet;

use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{
    By, Effect, Event, Fault, Job, Manner, Outcome, Pay, Refusal, Rules, State, Terms,
};
use hypernode_state::Address;
use stateright::{Checker, Model, Property};

/// Offers and assignments that are made.
const FENCES: u32 = 3;
/// Time passes in steps of this many ms, so many times.
const STEP_MS: i64 = 1_000;
const STEPS: i64 = 4;

/// Waits of a step or two.
fn rules() -> Rules {
    Rules {
        lease_ms: 2 * STEP_MS,
        slack_ms: STEP_MS,
        silent_run_ms: 2 * STEP_MS,
        input_ms: STEP_MS,
        queue_ms: 20 * STEP_MS,
        backoff_ms: 1,
        backoff_cap_ms: 1,
        offers: 5,
        exclude_failed_ms: STEP_MS,
        exclude_declined_ms: STEP_MS,
        poison_nodes: 2,
    }
}

/// What a host has said; it may arrive at any time, and more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Said {
    Accept(u8, u32),
    Reject(u8, u32),
    Renew(u8, u32),
    Completed(u8, u32),
    Broke(u8, u32),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    job: Job,
    at: i64,
    said: BTreeSet<Said>,
    /// Runs that hosts believe to have, by host and fence.
    runs: BTreeSet<(u8, u32)>,
    /// Offers that hosts have heard.
    offers: BTreeSet<(u8, u32)>,
    credits: u8,
    /// A result was taken of a run that was not the one in force.
    stale: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Act {
    Offer(u8),
    Assign(u8),
    Arrives(Said),
    Says(Said),
    Gone(u8),
    Cancel,
    Replay,
    Passes,
    Tick,
}

fn node(host: u8) -> NodeId {
    NodeId::uuid(u128::from(host) + 1)
}

fn host(node: NodeId) -> u8 {
    (0..2)
        .find(|host| self::node(*host) == node)
        .expect("one of two")
}

struct OneJob;

impl World {
    /// Whoever runs by this fence is the one that the record names, and its time is not over.
    fn holds(&self, of: u8, fence: u32) -> bool {
        match self.job.state {
            State::Leased(lease) => {
                lease.node == node(of)
                    && self.job.fence == fence
                    && self.at < lease.until.min(lease.deadline)
            }
            _ => false,
        }
    }

    fn apply(&mut self, event: &Event) -> Result<(), Refusal> {
        for effect in self.job.apply(event, self.at, &rules())? {
            match effect {
                Effect::Offer { node, fence, .. } => {
                    self.offers.insert((host(node), fence));
                }
                Effect::Run { node, fence, .. } => {
                    self.runs.insert((host(node), fence));
                }
                Effect::Credit { .. } => self.credits += 1,
                // What a host is told to stop it may have ended already: nothing relies on it.
                Effect::Stop { .. } | Effect::Withdraw { .. } | Effect::Missed { .. } => {}
            }
        }
        Ok(())
    }

    fn arrives(&mut self, said: Said) -> Result<(), Refusal> {
        let ended = |of, fence, outcome| Event::Ended {
            node: node(of),
            fence,
            outcome,
        };
        let event = match said {
            Said::Accept(of, fence) => Event::Accept {
                node: node(of),
                fence,
            },
            Said::Reject(of, fence) => Event::Reject {
                node: node(of),
                fence,
            },
            Said::Renew(of, fence) => Event::Renew {
                node: node(of),
                fence,
            },
            Said::Completed(of, fence) => ended(of, fence, Outcome::Completed),
            Said::Broke(of, fence) => ended(of, fence, Outcome::Failed(Fault::Job)),
        };
        let held = match said {
            Said::Completed(of, fence) | Said::Broke(of, fence) | Said::Renew(of, fence) => {
                self.holds(of, fence)
            }
            Said::Accept(..) | Said::Reject(..) => true,
        };
        self.apply(&event)?;
        self.stale |= !held;
        Ok(())
    }
}

impl Model for OneJob {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        let terms = Terms {
            owner: Address([1; 32]),
            submitted_at: 0,
            max_duration_s: 3,
            max_retries: 1,
            priority: 0,
            pay: Pay::UpTo(5),
        };
        vec![World {
            job: Job::queued(JobId::uuid(9), terms),
            at: 0,
            said: BTreeSet::new(),
            runs: BTreeSet::new(),
            offers: BTreeSet::new(),
            credits: 0,
            stale: false,
        }]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        for host in 0..2 {
            if world.job.fence < FENCES {
                acts.push(Act::Offer(host));
                acts.push(Act::Assign(host));
            }
            acts.push(Act::Gone(host));
        }
        for &(host, fence) in &world.offers {
            acts.push(Act::Says(Said::Accept(host, fence)));
            acts.push(Act::Says(Said::Reject(host, fence)));
        }
        for &(host, fence) in &world.runs {
            acts.push(Act::Says(Said::Renew(host, fence)));
            acts.push(Act::Says(Said::Completed(host, fence)));
            acts.push(Act::Says(Said::Broke(host, fence)));
        }
        acts.extend(world.said.iter().copied().map(Act::Arrives));
        acts.extend([Act::Cancel, Act::Replay, Act::Tick]);
        if world.at < STEPS * STEP_MS {
            acts.push(Act::Passes);
        }
    }

    fn next_state(&self, before: &World, act: Act) -> Option<World> {
        let mut world = before.clone();
        let done = match act {
            Act::Offer(host) => world.apply(&Event::Offer {
                node: node(host),
                ask: 1,
                until: world.at + STEP_MS,
            }),
            Act::Assign(host) => world.apply(&Event::Assign {
                node: node(host),
                ask: 1,
                manner: Manner::Silent,
            }),
            // It stays in the network: it may arrive again.
            Act::Arrives(said) => world.arrives(said),
            Act::Says(said) => {
                world.said.insert(said);
                Ok(())
            }
            Act::Gone(host) => world.apply(&Event::Gone { node: node(host) }),
            Act::Cancel => {
                let (by, running) = (By::Owner, true);
                world.apply(&Event::Cancel { by, running })
            }
            Act::Replay => world.apply(&Event::Replay),
            Act::Passes => {
                world.at += STEP_MS;
                Ok(())
            }
            Act::Tick => world.apply(&Event::Tick),
        };
        // A refused event must change nothing; then there is nothing new to look at.
        match done {
            Ok(()) => Some(world),
            Err(_) => {
                assert_eq!(&world, before, "a refused event changed something");
                None
            }
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            // I-44.
            Property::always("nobody is paid twice", |_, world: &World| {
                world.credits <= 1
            }),
            Property::always("whoever is paid has completed it", |_, world: &World| {
                let owed = matches!(world.job.state, State::Completed { cost: 1.., .. });
                (world.credits == 1) == owed
            }),
            // I-43.
            Property::always("nothing stale counts", |_, world: &World| !world.stale),
            // I-45.
            Property::always("what is open has a time", |_, world: &World| {
                world.job.is_over() != world.job.due(&rules()).is_some()
            }),
            Property::sometimes(
                "a job completes after its first host was lost",
                |_, world: &World| {
                    matches!(world.job.state, State::Completed { node, .. } if node == self::node(1))
                        && world.runs.contains(&(0, 1))
                },
            ),
            Property::sometimes("a job becomes poison", |_, world: &World| {
                matches!(world.job.state, State::Dead { .. }) && world.job.failed_on.len() == 2
            }),
        ]
    }

    fn within_boundary(&self, world: &World) -> bool {
        // What was said is bounded so that the whole is looked at in seconds: two messages are under way at most.
        world.said.len() <= 2
    }
}

#[test]
fn no_order_of_events_breaks_a_rule() {
    let checker = OneJob.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let (all, unique) = (checker.state_count(), checker.unique_state_count());
    assert!(
        unique > 50_000,
        "{unique} states: the world is too small to tell anything"
    );
    println!("{all} states looked at, {unique} of them different; no rule broken");
}
