//! The hosts' side of what happens.

use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::Outcome;
use rand::Rng;

use crate::events::{Conn, Happening, ToDispatcher, ToHost};
use crate::host::{Kind, Vice};
use crate::world::World;

/// Most of what a liar remembers.
const MEMORY: usize = 20;

impl World {
    pub(crate) fn connect(&mut self, host: usize) {
        let Some(dispatcher) = self.dispatcher.as_ref().map(|d| d.number) else {
            self.within(5_000, Happening::Connect(host));
            return;
        };
        if self.hosts[host].conn.is_some() {
            return;
        }
        let conn = self.net.open(host, dispatcher);
        self.hosts[host].conn = Some(conn);
        self.send_up(conn, ToDispatcher::Register { host });
        if self.hosts[host].is_aware() {
            // What was being done goes on, and what was done is said again.
            let results = self.hosts[host].results.clone();
            self.say_running(host);
            for (job, (fence, outcome)) in results {
                let fence = Some(fence);
                let ended = ToDispatcher::Ended {
                    job,
                    fence,
                    outcome,
                };
                self.send_up(conn, ended);
            }
        }
        let life = self.hosts[host].life;
        self.after(15_000, Happening::Heartbeat { host, life });
        if !self.calm && self.chance(600) {
            self.within(240_000, Happening::Break(conn));
        }
    }

    fn say_running(&mut self, host: usize) {
        let running = self.hosts[host].running.iter().copied().collect();
        self.say(host, ToDispatcher::Heartbeat { running });
    }

    fn say(&mut self, host: usize, frame: ToDispatcher) {
        let Some(conn) = self.hosts[host].conn else {
            return;
        };
        if self.hosts[host].vice == Vice::Repeats {
            self.send_up(conn, frame.clone());
        }
        self.send_up(conn, frame);
    }

    pub(crate) fn heartbeat(&mut self, host: usize, life: u64) {
        let this = &self.hosts[host];
        if this.life != life || this.conn.is_none() {
            return;
        }
        // A program that blocks says nothing while it runs.
        if this.is_aware() || this.running.is_empty() {
            self.say_running(host);
        }
        self.after(15_000, Happening::Heartbeat { host, life });
    }

    pub(crate) fn told(&mut self, conn: Conn, frame: ToHost) {
        let Some(host) = self
            .net
            .get(conn)
            .filter(|link| !link.broken)
            .map(|link| link.host)
        else {
            return;
        };
        if self.hosts[host].conn != Some(conn) {
            return;
        }
        match frame {
            ToHost::Offer { job, fence } => self.asked(host, job, fence),
            ToHost::Run { job, fence } => self.given(host, job, fence),
            ToHost::Stop { job, fence } => {
                self.hosts[host].running.remove(&(job, fence));
            }
            ToHost::Settled { job } => {
                self.hosts[host].results.remove(&job);
            }
        }
    }

    fn remember(&mut self, host: usize, job: JobId, fence: u32) {
        let heard = &mut self.hosts[host].heard;
        heard.push((job, fence));
        if heard.len() > MEMORY {
            heard.remove(0);
        }
    }

    fn asked(&mut self, host: usize, job: JobId, fence: u32) {
        self.remember(host, job, fence);
        let takes = self.calm || self.chance(900);
        let slow = !self.calm && (self.hosts[host].vice == Vice::Dawdles || self.chance(50));
        let thinks = match slow {
            true => self.lots.random_range(500..5_000),
            false => self.lots.random_range(1..300),
        };
        let life = self.hosts[host].life;
        let thought = Happening::Think {
            host,
            life,
            job,
            fence,
            takes,
        };
        self.after(thinks, thought);
    }

    pub(crate) fn thought(&mut self, host: usize, life: u64, job: JobId, fence: u32, takes: bool) {
        if self.hosts[host].life != life {
            return;
        }
        let answer = match takes {
            true => ToDispatcher::Accept { job, fence },
            false => ToDispatcher::Reject { job, fence },
        };
        self.say(host, answer);
    }

    fn given(&mut self, host: usize, job: JobId, fence: u32) {
        self.remember(host, job, fence);
        if !self.hosts[host].running.insert((job, fence)) {
            return;
        }
        if self.hosts[host].vice == Vice::Idles && !self.calm {
            return;
        }
        let long = !self.calm && self.chance(100);
        let runs = match long {
            true => self.lots.random_range(60_000..600_000),
            false => self.lots.random_range(10..40_000),
        };
        let life = self.hosts[host].life;
        let through = Happening::Through {
            host,
            life,
            job,
            fence,
        };
        self.after(runs, through);
    }

    pub(crate) fn through(&mut self, host: usize, life: u64, job: JobId, fence: u32) {
        let this = &mut self.hosts[host];
        if this.life != life || !this.running.remove(&(job, fence)) {
            return;
        }
        let outcome = self.outcome();
        let aware = self.hosts[host].is_aware();
        if aware {
            self.hosts[host].results.insert(job, (fence, outcome));
        }
        let fence = aware.then_some(fence);
        let ended = ToDispatcher::Ended {
            job,
            fence,
            outcome,
        };
        self.say(host, ended);
    }

    /// The connection is gone.
    pub(crate) fn alone(&mut self, conn: Conn) {
        let Some(host) = self.net.get(conn).map(|link| link.host) else {
            return;
        };
        if self.hosts[host].conn != Some(conn) {
            return;
        }
        match self.hosts[host].kind {
            Kind::Aware => {
                self.hosts[host].conn = None;
                self.within(4_000, Happening::Connect(host));
            }
            // It ran on, but the result goes nowhere: nobody is there to take it.
            Kind::Returns => {
                self.hosts[host].forget();
                self.after(5_000, Happening::Connect(host));
            }
            Kind::Exits => self.reborn(host),
        }
    }

    /// Started again by its owner, under a new token: another node.
    fn reborn(&mut self, host: usize) {
        let node = NodeId::uuid(self.name());
        self.hosts[host].forget();
        self.hosts[host].node = node;
        self.within(30_000, Happening::Connect(host));
    }

    pub(crate) fn crash(&mut self, host: usize) {
        if let Some(conn) = self.hosts[host].conn {
            self.cut(conn);
        }
        match self.hosts[host].kind {
            Kind::Exits => self.reborn(host),
            Kind::Aware | Kind::Returns => {
                self.hosts[host].forget();
                self.within(60_000, Happening::Connect(host));
            }
        }
    }

    /// A result of something that it does not run, by a fence that it makes up.
    pub(crate) fn lie(&mut self, host: usize) {
        if self.calm {
            return;
        }
        let heard = self.hosts[host].heard.clone();
        if !heard.is_empty() && self.hosts[host].conn.is_some() {
            let (job, fence) = self.pick(&heard);
            let fence = match self.lots.random_range(0..4) {
                0 => Some(fence),
                1 => Some(fence + 1),
                2 => Some(self.lots.random_range(0..6)),
                _ => None,
            };
            let outcome = Outcome::Completed;
            let ended = ToDispatcher::Ended {
                job,
                fence,
                outcome,
            };
            self.say(host, ended);
        }
        self.within(20_000, Happening::Lie(host));
    }
}
