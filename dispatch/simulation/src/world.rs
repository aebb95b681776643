//! The whole of it: what happens is taken in the order of its time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{Fault, Outcome, State};
use hypernode_state::UnixMs;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::client::Client;
use crate::disk::Disk;
use crate::dispatcher::Dispatcher;
use crate::events::{Conn, Happening, ToDispatcher, ToHost};
use crate::host::{Host, Kind, Vice};
use crate::net::{Net, Way};
use crate::tally::Tally;

/// Some time in 2026.
pub(crate) const START: UnixMs = 1_780_000_000_000;
const MINUTE: i64 = 60_000;
/// Faults end then; all that is left must end by itself.
const FAULTS_MS: i64 = 12 * MINUTE;
/// Nothing may take longer than this after the faults: longest waits in the queue, and longest runs.
const END_MS: i64 = 30 * 60 * MINUTE;

/// The whole of it.
pub(crate) struct World {
    pub(crate) now: UnixMs,
    pub(crate) lots: ChaCha8Rng,
    order: BinaryHeap<Reverse<(UnixMs, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    last: u64,
    pub(crate) calm: bool,
    pub(crate) disk: Disk,
    pub(crate) net: Net,
    pub(crate) dispatcher: Option<Dispatcher>,
    pub(crate) dispatchers: u64,
    pub(crate) hosts: Vec<Host>,
    pub(crate) clients: Vec<Client>,
    pub(crate) names: u128,
    pub(crate) tally: Tally,
    /// Clients without an answer.
    pub(crate) unanswered: usize,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut world = Self {
            now: START,
            lots: ChaCha8Rng::seed_from_u64(seed),
            order: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            last: 0,
            calm: false,
            disk: Disk::default(),
            net: Net::default(),
            dispatcher: None,
            dispatchers: 0,
            hosts: Vec::new(),
            clients: Vec::new(),
            names: 0,
            tally: Tally::default(),
            unanswered: 0,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        self.at(0, Happening::Start);
        for host in 0..self.lots.random_range(2..8) {
            let kind = self.pick(&[Kind::Aware, Kind::Aware, Kind::Exits, Kind::Returns]);
            let vice = self.pick(&[
                Vice::None,
                Vice::None,
                Vice::Repeats,
                Vice::Idles,
                Vice::Lies,
                Vice::Dawdles,
            ]);
            let slots = match kind {
                Kind::Aware => self.lots.random_range(1..4),
                Kind::Exits | Kind::Returns => 1,
            };
            let node = NodeId::uuid(self.name());
            let ask = self.lots.random_range(1..50_000);
            self.hosts.push(Host {
                kind,
                vice,
                slots,
                ask,
                node,
                life: 0,
                conn: None,
                running: Default::default(),
                results: Default::default(),
                heard: Vec::new(),
            });
            self.within(20_000, Happening::Connect(host));
            if vice == Vice::Lies {
                self.within(MINUTE, Happening::Lie(host));
            }
        }
        self.unanswered = self.lots.random_range(5..60);
        for client in 0..self.unanswered {
            let cancels = self.chance(50);
            let this = Client {
                answer: None,
                cancels,
                owner: self.lots.random_range(0..5),
                budget: self.pick(&[0, 1_000, 1_000_000, u64::MAX]),
                max_duration_s: self.pick(&[1, 60, 400, 3_600]),
                max_retries: self.lots.random_range(0..5),
                priority: self.lots.random_range(0..10),
            };
            self.clients.push(this);
            self.within(FAULTS_MS - MINUTE, Happening::Submit(client));
        }
        for _ in 0..self.lots.random_range(0..5) {
            self.within(FAULTS_MS, Happening::Kill);
        }
        for _ in 0..self.lots.random_range(0..4) {
            let host = self.lots.random_range(0..self.hosts.len());
            self.within(FAULTS_MS, Happening::Crash(host));
        }
        for _ in 0..self.lots.random_range(0..4) {
            self.within(FAULTS_MS, Happening::Replay);
        }
        self.at(FAULTS_MS, Happening::Calm);
        // Whatever died in the storm and could still be replayed is, once.
        self.at(FAULTS_MS + MINUTE, Happening::Replay);
    }

    /// Lives to the end and counts.
    pub(crate) fn run(mut self) -> Tally {
        while let Some(Reverse((at, number))) = self.order.pop() {
            if at > START + END_MS || (self.calm && self.is_over()) {
                break;
            }
            self.now = at;
            if let Some(happening) = self.happenings.remove(&number) {
                self.happen(happening);
            }
        }
        self.count();
        self.tally
    }

    /// Everybody has an answer, and every job has ended.
    fn is_over(&self) -> bool {
        let settled = self
            .dispatcher
            .as_ref()
            .is_some_and(|d| d.underway.is_none());
        self.now > START + FAULTS_MS + 2 * MINUTE
            && self.unanswered == 0
            && settled
            && self
                .disk
                .records
                .values()
                .all(|record| record.job.is_over())
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Start => self.start(),
            Happening::Kill => self.kill(),
            Happening::Kept(dispatcher) => self.kept(dispatcher),
            Happening::Tick(dispatcher) => self.tick(dispatcher),
            Happening::GraceOver {
                dispatcher,
                node,
                conn,
            } => self.grace_over(dispatcher, node, conn),
            Happening::Up(conn, frame) => self.received(conn, frame),
            Happening::Down(conn, frame) => self.told(conn, frame),
            Happening::Break(conn) => self.cut(conn),
            Happening::LostByDispatcher(conn) => self.lost(conn),
            Happening::LostByHost(conn) => self.alone(conn),
            Happening::Connect(host) => self.connect(host),
            Happening::Heartbeat { host, life } => self.heartbeat(host, life),
            Happening::Through {
                host,
                life,
                job,
                fence,
            } => self.through(host, life, job, fence),
            Happening::Think {
                host,
                life,
                job,
                fence,
                takes,
            } => self.thought(host, life, job, fence, takes),
            Happening::Crash(host) => self.crash(host),
            Happening::Lie(host) => self.lie(host),
            Happening::Submit(client) => self.ask(client),
            Happening::Cancel(client) => self.withdraw(client),
            Happening::Replay => self.replay(),
            Happening::Calm => self.calm = true,
        }
    }

    /// Breaks a connection: each side learns of it in its own time.
    pub(crate) fn cut(&mut self, conn: Conn) {
        if !self.net.cut(conn) {
            return;
        }
        let soon = |world: &mut Self| match world.chance(300) {
            // The other side is gone without a word: only silence tells.
            true => world.lots.random_range(10_000..60_000),
            false => world.lots.random_range(0..2_000),
        };
        let (here, there) = (soon(self), soon(self));
        self.after(here, Happening::LostByDispatcher(conn));
        self.after(there, Happening::LostByHost(conn));
    }

    pub(crate) fn send_up(&mut self, conn: Conn, frame: ToDispatcher) {
        if let Some(at) = self.arrival(conn, Way::Up) {
            self.set(at, Happening::Up(conn, frame));
        }
    }

    pub(crate) fn send_down(&mut self, conn: Conn, frame: ToHost) {
        if let Some(at) = self.arrival(conn, Way::Down) {
            self.set(at, Happening::Down(conn, frame));
        }
    }

    fn arrival(&mut self, conn: Conn, way: Way) -> Option<UnixMs> {
        let slow = !self.calm && self.chance(50);
        let delay = match slow {
            true => self.lots.random_range(200..8_000),
            false => self.lots.random_range(1..150),
        };
        self.net.arrival(conn, way, self.now, delay)
    }

    /// How a run ends.
    pub(crate) fn outcome(&mut self) -> Outcome {
        let fault = |fault| Outcome::Failed(fault);
        match self.lots.random_range(0..100) {
            0..5 => fault(Fault::Node),
            5..10 => fault(Fault::Passing),
            10..16 => fault(Fault::Job),
            16..18 => fault(Fault::Permanent),
            _ => Outcome::Completed,
        }
    }

    fn count(&mut self) {
        let mut credits: BTreeMap<JobId, u64> = BTreeMap::new();
        for (job, ..) in &self.disk.credits {
            *credits.entry(*job).or_default() += 1;
        }
        self.tally.paid_twice += credits.values().map(|n| n - 1).sum::<u64>();
        // One job for each request, and for each job that completed for money one credit.
        let requests = self.disk.keys.len() as u64;
        self.tally.paid_twice += (self.disk.records.len() as u64).saturating_sub(requests);
        for client in &self.clients {
            let Some(job) = client.answer else {
                self.tally.not_ended += 1;
                continue;
            };
            self.tally.jobs += 1;
            match self.disk.records.get(&job).map(|record| record.job.state) {
                None => self.tally.jobs_lost += 1,
                Some(State::Completed { cost, .. }) => {
                    self.tally.completed += 1;
                    let credited = credits.contains_key(&job);
                    self.tally.jobs_lost += u64::from((cost > 0) != credited);
                }
                Some(_) if self.disk.records[&job].job.is_over() => {
                    // Whoever did not complete is not paid.
                    self.tally.paid_twice += credits.get(&job).copied().unwrap_or(0);
                }
                Some(_) => self.tally.not_ended += 1,
            }
        }
    }

    pub(crate) fn name(&mut self) -> u128 {
        self.names += 1;
        (self.names << 64) | u128::from(self.lots.random::<u64>())
    }

    /// True in so many of a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.lots.random_range(0..1000) < per_mille
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.lots.random_range(0..from.len())]
    }

    /// At a time since the start.
    fn at(&mut self, since: i64, happening: Happening) {
        self.set(START + since, happening);
    }

    /// At some time within `ms` from now.
    pub(crate) fn within(&mut self, ms: i64, happening: Happening) {
        let after = self.lots.random_range(0..ms);
        self.after(after, happening);
    }

    pub(crate) fn after(&mut self, ms: i64, happening: Happening) {
        self.set(self.now + ms, happening);
    }

    fn set(&mut self, at: UnixMs, happening: Happening) {
        self.last += 1;
        self.happenings.insert(self.last, happening);
        self.order.push(Reverse((at, self.last)));
    }
}
