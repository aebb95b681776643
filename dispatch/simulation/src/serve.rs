//! The dispatcher's side of what happens.

use hypernode_dispatch::board::{Denied, Input};
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{Effect, Manner, State};
use hypernode_dispatch::matching::{NodeFacts, Runs};
use hypernode_state::Address;
use rand::Rng;

use crate::dispatcher::{Dispatcher, Group};
use crate::events::{Conn, Happening, ToDispatcher, ToHost};
use crate::host::Kind;
use crate::world::World;

/// How long a node may be away.
const GRACE_MS: i64 = 5_000;

impl World {
    pub(crate) fn start(&mut self) {
        self.dispatchers += 1;
        let dispatcher = Dispatcher::start(self.dispatchers, &self.disk, self.now);
        // What nodes held before must be given up if they do not come back.
        let mut holders: Vec<NodeId> = dispatcher
            .board
            .jobs()
            .filter_map(|record| record.job.holder())
            .collect();
        holders.sort_unstable();
        holders.dedup();
        for node in holders {
            let over = Happening::GraceOver {
                dispatcher: self.dispatchers,
                node,
                conn: 0,
            };
            self.after(2 * GRACE_MS, over);
        }
        self.dispatcher = Some(dispatcher);
        self.settle();
    }

    /// The dispatcher dies; what was on its way to the disk is there or not.
    pub(crate) fn kill(&mut self) {
        let Some(dispatcher) = self.dispatcher.take() else {
            return;
        };
        self.tally.crashes += 1;
        if let Some(group) = dispatcher.underway
            && self.chance(500)
        {
            self.disk.keep(&group.step, &group.keys);
        }
        for conn in self.net.working() {
            self.cut(conn);
        }
        let down = self.lots.random_range(100..20_000);
        self.after(down, Happening::Start);
    }

    /// A group is on the disk: now it is acted upon.
    pub(crate) fn kept(&mut self, number: u64) {
        let group = match self.dispatcher.as_mut().filter(|d| d.number == number) {
            Some(dispatcher) => dispatcher.underway.take(),
            None => None,
        };
        let Some(group) = group else {
            return;
        };
        self.disk.keep(&group.step, &group.keys);
        self.release(group);
        self.settle();
    }

    fn release(&mut self, group: Group) {
        for (client, job) in group.answers {
            // An answer may be lost on its way; then the client asks again.
            if self.calm || !self.chance(100) {
                self.answered(client, job);
            }
        }
        for (conn, frame) in group.frames {
            self.send_down(conn, frame);
        }
        for (job, effect) in group.step.effects {
            let (node, frame) = match effect {
                Effect::Offer { node, fence, .. } => (node, ToHost::Offer { job, fence }),
                Effect::Run { node, fence, .. } => (node, ToHost::Run { job, fence }),
                Effect::Stop { node, fence } | Effect::Withdraw { node, fence } => {
                    (node, ToHost::Stop { job, fence })
                }
                Effect::Missed { .. } | Effect::Credit { .. } => continue,
            };
            let conn = self
                .dispatcher
                .as_ref()
                .and_then(|d| d.conns.get(&node).copied());
            if let Some(conn) = conn {
                self.send_down(conn, frame);
            }
        }
    }

    /// After each input: free nodes get jobs, what changed goes to the disk, and the timer is set.
    pub(crate) fn settle(&mut self) {
        let now = self.now;
        let Some(dispatcher) = self.dispatcher.as_mut() else {
            return;
        };
        let number = dispatcher.number;
        dispatcher.board.pump(now, &mut dispatcher.next.step);
        let begins = dispatcher.begin();
        let tick = dispatcher.board.next_tick();
        let sets = tick != dispatcher.tick;
        dispatcher.tick = tick;
        if begins {
            let slow = !self.calm && self.chance(20);
            let takes = match slow {
                true => self.lots.random_range(100..3_000),
                false => self.lots.random_range(1..8),
            };
            self.after(takes, Happening::Kept(number));
        }
        if let Some(tick) = tick.filter(|_| sets) {
            // A busy process looks at its timers late: then what is over is over all the same.
            let late = match !self.calm && self.chance(300) {
                true => self.lots.random_range(0..20_000),
                false => 0,
            };
            self.after((tick - now).max(1) + late, Happening::Tick(number));
        }
    }

    pub(crate) fn tick(&mut self, number: u64) {
        let now = self.now;
        if let Some(dispatcher) = self.dispatcher.as_mut().filter(|d| d.number == number) {
            dispatcher.tick = None;
            dispatcher.board.tick(now, &mut dispatcher.next.step);
            self.settle();
        }
    }

    pub(crate) fn grace_over(&mut self, number: u64, node: NodeId, conn: Conn) {
        let now = self.now;
        let Some(dispatcher) = self.dispatcher.as_mut().filter(|d| d.number == number) else {
            return;
        };
        let came_back = dispatcher.conns.get(&node).is_some_and(|now| *now != conn);
        if !came_back {
            dispatcher.conns.remove(&node);
            let _ = dispatcher
                .board
                .take(Input::Down { node }, now, &mut dispatcher.next.step);
            self.settle();
        }
    }

    /// A connection is gone: its node has a while to come back.
    pub(crate) fn lost(&mut self, conn: Conn) {
        let now = self.now;
        let Some(dispatcher) = self.dispatcher.as_mut() else {
            return;
        };
        let Some(node) = dispatcher.nodes.remove(&conn) else {
            return;
        };
        // It may be back by another connection already.
        if dispatcher.conns.get(&node) != Some(&conn) {
            return;
        }
        let _ = dispatcher
            .board
            .take(Input::Away { node }, now, &mut dispatcher.next.step);
        let dispatcher = dispatcher.number;
        let over = Happening::GraceOver {
            dispatcher,
            node,
            conn,
        };
        self.after(GRACE_MS, over);
        self.settle();
    }

    pub(crate) fn received(&mut self, conn: Conn, frame: ToDispatcher) {
        let Some(link) = self.net.get(conn).copied() else {
            return;
        };
        let serves = self
            .dispatcher
            .as_ref()
            .is_some_and(|d| d.number == link.dispatcher);
        if link.broken || !serves {
            return;
        }
        match frame {
            ToDispatcher::Register { host } => self.registered(conn, host),
            frame => {
                let node = self
                    .dispatcher
                    .as_ref()
                    .and_then(|d| d.nodes.get(&conn).copied());
                if let Some(node) = node {
                    self.said(conn, node, frame);
                }
            }
        }
        self.settle();
    }

    fn registered(&mut self, conn: Conn, host: usize) {
        let now = self.now;
        let host = &self.hosts[host];
        let manner = match host.kind {
            Kind::Aware => Manner::Renewed,
            Kind::Exits | Kind::Returns => Manner::Silent,
        };
        let facts = NodeFacts {
            id: host.node,
            owner: Address([9; 32]),
            online: true,
            model: "RTX 4090".to_owned(),
            vram_mb: 24_576,
            capabilities: Vec::new(),
            reputation: 364,
            evidence: 0,
            stake: 0,
            completed: 0,
            failed: 0,
            rtt_ms: 50,
            ask: host.ask,
            slots: host.slots,
            running: 0,
            sandboxed: false,
            runs: Runs::Manifests,
        };
        let node = host.node;
        let Some(dispatcher) = self.dispatcher.as_mut() else {
            return;
        };
        dispatcher.nodes.insert(conn, node);
        dispatcher.conns.insert(node, conn);
        let input = Input::Up {
            facts: Box::new(facts),
            manner,
        };
        let _ = dispatcher.board.take(input, now, &mut dispatcher.next.step);
    }

    fn said(&mut self, conn: Conn, node: NodeId, frame: ToDispatcher) {
        match frame {
            ToDispatcher::Register { .. } => {}
            ToDispatcher::Heartbeat { running } => {
                for (job, fence) in running {
                    let renew = Input::Renew { node, job, fence };
                    if self.take(renew).is_err() {
                        self.frame(conn, ToHost::Stop { job, fence });
                    }
                }
            }
            ToDispatcher::Accept { job, fence } => {
                if self.take(Input::Accept { node, job, fence }).is_err() {
                    self.frame(conn, ToHost::Stop { job, fence });
                }
            }
            ToDispatcher::Reject { job, fence } => {
                let _ = self.take(Input::Reject { node, job, fence });
            }
            ToDispatcher::Ended {
                job,
                fence,
                outcome,
            } => {
                let held = self.held_by(node, job, fence);
                let ended = Input::Ended {
                    node,
                    job,
                    fence,
                    outcome,
                };
                match self.take(ended) {
                    Ok(()) => self.tally.stale_accepted += u64::from(!held),
                    Err(_) => self.tally.refused += 1,
                }
                self.frame(conn, ToHost::Settled { job });
            }
        }
    }

    /// Whether the node has the job by this fence, as the record says.
    fn held_by(&self, node: NodeId, job: JobId, fence: Option<u32>) -> bool {
        let job = self.dispatcher.as_ref().and_then(|d| d.board.job(job));
        job.is_some_and(|job| match job.state {
            State::Leased(lease) => {
                lease.node == node
                    && fence.is_none_or(|fence| fence == job.fence)
                    && self.now < lease.until
                    && self.now < lease.deadline
            }
            _ => false,
        })
    }

    pub(crate) fn take(&mut self, input: Input) -> Result<(), Denied> {
        let now = self.now;
        match self.dispatcher.as_mut() {
            Some(dispatcher) => dispatcher.board.take(input, now, &mut dispatcher.next.step),
            None => Err(Denied::UnknownJob),
        }
    }

    /// A frame that goes out with the next group.
    fn frame(&mut self, conn: Conn, frame: ToHost) {
        if let Some(dispatcher) = self.dispatcher.as_mut() {
            dispatcher.next.frames.push((conn, frame));
        }
    }

    /// An operator replays what is dead.
    pub(crate) fn replay(&mut self) {
        let failed = |state| matches!(state, State::Dead { .. } | State::Failed { .. });
        let mut dead: Vec<_> = self
            .disk
            .records
            .values()
            .filter(|r| failed(r.job.state))
            .cloned()
            .collect();
        dead.sort_by_key(|record| record.spec.ticket);
        for record in dead {
            let _ = self.take(Input::Replay(Box::new(record)));
        }
        self.settle();
    }
}
