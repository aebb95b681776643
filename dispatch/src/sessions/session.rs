//! One host's conversation, without its socket.
//!
//! What comes in are frames, what the dispatcher tells, and time; what comes out are [`Act`]s. Whoever drives it carries
//! them out in order and tells it what came of those that say so.

use std::collections::BTreeMap;

use hypernode_accounts::HostChallenge;
use hypernode_state::UnixMs;
use hypernode_wire::{
    Dialect, FrameError, Heartbeat, Inbound, JobRef, Outbound, Register, replies,
};

use super::act::{Act, Close};
use super::bucket::Bucket;
use super::config::SessionsConfig;
use crate::ids::{JobId, NodeId};

/// How often a host that works without a word counts as alive, and other things are looked at.
const TICK_MS: i64 = 5_000;

/// One host's conversation.
#[derive(Debug)]
pub struct Session {
    pub(super) config: SessionsConfig,
    /// The name that hosts sign for.
    pub(super) hub: String,
    pub(super) phase: Phase,
    opened_at: UnixMs,
    heard_at: UnixMs,
    bucket: Bucket,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Nobody knows who it is.
    New,
    /// It is to prove its key.
    Proving(Box<Register>, HostChallenge),
    /// It is being let in.
    Entering(Dialect),
    /// It is a node.
    In(Box<Here>),
}

/// A node that is here. It outlives its socket by the time that a host has to come back.
#[derive(Debug)]
pub struct Here {
    /// Its name in the registry.
    pub uuid: NodeId,
    /// Its name for dispatch.
    pub node: NodeId,
    /// How it speaks.
    pub dialect: Dialect,
    /// Whether it takes nothing new.
    pub draining: bool,
    /// What it runs.
    pub(super) runs: BTreeMap<JobId, Run>,
    /// What it was asked about, and when.
    pub(super) offers: BTreeMap<JobId, (u32, UnixMs)>,
    /// What it was last sent: the job of results that name none.
    pub(super) last_sent: Option<JobId>,
    /// When it gets its test job.
    pub(super) test_at: Option<UnixMs>,
}

/// A run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) fence: u32,
    pub(super) until: UnixMs,
    pub(super) deadline: UnixMs,
    /// Whether anything is paid for it.
    pub(super) paid: bool,
}

impl Here {
    /// A node that comes in; `untested`: its test job is to come.
    pub fn new(uuid: NodeId, node: NodeId, dialect: Dialect, test_at: Option<UnixMs>) -> Self {
        Self {
            uuid,
            node,
            dialect,
            draining: false,
            runs: BTreeMap::new(),
            offers: BTreeMap::new(),
            last_sent: None,
            test_at,
        }
    }
}

impl Session {
    /// A conversation that begins now. `hub`: the name that hosts sign for.
    pub fn new(config: SessionsConfig, hub: impl Into<String>, now: UnixMs) -> Self {
        Self {
            bucket: Bucket::full(&config, now),
            config,
            hub: hub.into(),
            phase: Phase::New,
            opened_at: now,
            heard_at: now,
        }
    }

    /// How it speaks; the first dialect before that is known.
    pub fn dialect(&self) -> Dialect {
        match &self.phase {
            Phase::New => Dialect::V1,
            Phase::Proving(register, _) => register.dialect,
            Phase::Entering(dialect) => *dialect,
            Phase::In(here) => here.dialect,
        }
    }

    /// The node, once it is in.
    pub fn here(&self) -> Option<&Here> {
        match &self.phase {
            Phase::In(here) => Some(here),
            _ => None,
        }
    }

    pub(super) fn here_mut(&mut self) -> Option<&mut Here> {
        match &mut self.phase {
            Phase::In(here) => Some(here),
            _ => None,
        }
    }

    /// Takes the node out: its socket is gone.
    pub fn leave(&mut self) -> Option<Box<Here>> {
        match std::mem::replace(&mut self.phase, Phase::New) {
            Phase::In(here) => Some(here),
            _ => None,
        }
    }

    /// Whether it runs anything.
    pub fn is_working(&self) -> bool {
        self.here().is_some_and(|here| !here.runs.is_empty())
    }

    /// Whether it runs the job by this fence.
    pub fn runs(&self, job: JobId, fence: u32) -> bool {
        let run = self.here().and_then(|here| here.runs.get(&job));
        run.is_some_and(|run| run.fence == fence)
    }

    /// The socket lives: a ping or pong of the protocol below.
    pub fn alive(&mut self, now: UnixMs) {
        self.heard_at = now;
    }

    /// A frame of the host.
    pub fn frame(&mut self, bytes: &[u8], now: UnixMs) -> Vec<Act> {
        self.heard_at = now;
        if !self.bucket.take(&self.config, bytes.len(), now) {
            let error = Outbound::error(Close::Flood.reason());
            return vec![Act::Send(error), Act::Close(Close::Flood)];
        }
        match Inbound::parse(bytes, &self.config.limits()) {
            Ok(frame) => {
                let mut acts = match self.here() {
                    Some(_) => vec![Act::Beat],
                    None => Vec::new(),
                };
                self.take(frame, now, &mut acts);
                acts
            }
            Err(error) => vec![refused(&error, self.dialect())],
        }
    }

    fn take(&mut self, frame: Inbound, now: UnixMs, acts: &mut Vec<Act>) {
        match frame {
            Inbound::Register(register) => self.register(*register, now, acts),
            Inbound::Auth { signature, ts } => self.prove(&signature, ts, now, acts),
            Inbound::Heartbeat(heartbeat) => self.heartbeat(&heartbeat, now, acts),
            Inbound::JobResult(result) => self.result(&result, acts),
            Inbound::Pong => {}
            Inbound::Accept(job) => self.answer(&job, true, now, acts),
            Inbound::Reject { job, .. } => self.answer(&job, false, now, acts),
            Inbound::Progress(progress) => self.progress(progress, acts),
            Inbound::Log(chunk) => self.log(chunk, acts),
            Inbound::Drain => match self.here_mut() {
                Some(here) => {
                    here.draining = true;
                    acts.push(Act::Away);
                    acts.push(Act::Send(Outbound::ack()));
                }
                None => acts.push(error(replies::NODE_INVALID)),
            },
            Inbound::Signed(signed) => acts.push(Act::Signed(signed)),
        }
    }

    fn heartbeat(&mut self, heartbeat: &Heartbeat, now: UnixMs, acts: &mut Vec<Act>) {
        let Some(here) = self.here_mut() else {
            // Programs that begin to beat before they are told their id name none: that must not end them.
            acts.push(match heartbeat.node {
                None => Act::Send(Outbound::ack()),
                Some(_) => error(replies::NODE_INVALID),
            });
            return;
        };
        let is_its =
            |name: &String| *name == here.uuid.to_string() || *name == here.node.to_string();
        if heartbeat.node.as_ref().is_some_and(|name| !is_its(name)) {
            acts.push(error(replies::NODE_INVALID));
            return;
        }
        if let Some(stats) = &heartbeat.stats
            && let Ok(stats) = serde_json::to_value(stats)
        {
            acts.push(Act::Tell(stats));
        }
        if here.dialect.renews_leases() {
            let named = heartbeat.running.iter().filter_map(job);
            let renewed: Vec<_> = named.collect();
            if !renewed.is_empty() {
                acts.push(Act::Renew(renewed));
            }
            // An offer that was never answered is over long ago.
            here.offers
                .retain(|_, (_, at)| now.saturating_sub(*at) < 60_000);
        }
        acts.push(Act::Send(Outbound::ack()));
    }

    /// A lease was renewed, or is the host's no longer.
    pub fn renewed(&mut self, job: JobId, fence: u32, still: bool, now: UnixMs) -> Vec<Act> {
        let lease_ms = self.config.lease_ms;
        let Some(here) = self.here_mut() else {
            return Vec::new();
        };
        if !still {
            here.runs.remove(&job);
            return vec![Act::Send(Outbound::JobCancel {
                job: job.to_string(),
            })];
        }
        let until = now.saturating_add(lease_ms);
        // A run that was begun on another server is known by its renewals.
        let run = here.runs.entry(job).or_insert(Run {
            fence,
            until,
            deadline: UnixMs::MAX,
            paid: true,
        });
        run.until = until.min(run.deadline);
        vec![Act::Send(Outbound::Lease {
            job: job.to_string(),
            fence,
            until_ms: run.until.max(0).unsigned_abs(),
        })]
    }

    /// An offer is taken or not.
    fn answer(&mut self, named: &JobRef, takes: bool, now: UnixMs, acts: &mut Vec<Act>) {
        let Some(here) = self.here_mut() else {
            acts.push(error(replies::JOB_NOT_FOUND));
            return;
        };
        let offered = job(named).and_then(|(job, fence)| {
            here.offers
                .remove(&job)
                .filter(|(offered, _)| *offered == fence)
                .map(|(_, at)| (job, fence, at))
        });
        let Some((job, fence, at)) = offered else {
            acts.push(error(replies::JOB_NOT_FOUND));
            return;
        };
        let took = now.saturating_sub(at).clamp(0, 60_000);
        acts.push(Act::Answered(took.try_into().unwrap_or(0)));
        acts.push(match takes {
            true => Act::Accept(job, fence),
            false => Act::Reject(job, fence),
        });
    }

    /// What was wanted of the dispatcher is no longer to be had: the offer was withdrawn, the fence is an older one.
    pub fn too_late(&mut self, job: JobId) -> Vec<Act> {
        match self.here_mut() {
            Some(here) if here.dialect.can_cancel() => {
                here.runs.remove(&job);
                vec![Act::Send(Outbound::JobCancel {
                    job: job.to_string(),
                })]
            }
            _ => Vec::new(),
        }
    }

    /// This server stops: who understands it is told, and nobody gets anything new.
    pub fn drain(&mut self, reason: &str) -> Vec<Act> {
        let Some(here) = self.here_mut() else {
            return Vec::new();
        };
        here.draining = true;
        let mut acts = vec![Act::Away];
        if here.dialect.understands(hypernode_wire::Kind::Drain) {
            acts.push(Act::Send(Outbound::Drain {
                reason: reason.to_owned(),
            }));
        }
        acts
    }

    /// Time has passed.
    pub fn tick(&mut self, now: UnixMs) -> Vec<Act> {
        let silent = now.saturating_sub(self.heard_at);
        let config = self.config;
        let opened_at = self.opened_at;
        let Phase::In(here) = &mut self.phase else {
            return match now.saturating_sub(opened_at) >= config.unregistered_ms {
                true => vec![Act::Close(Close::Unregistered)],
                false => Vec::new(),
            };
        };
        // Programs that block while a job runs say nothing for as long as it may take, and must not be closed for that.
        here.runs
            .retain(|_, run| run.deadline.saturating_add(config.slack_ms) > now);
        if here.runs.is_empty() && silent >= config.idle_ms {
            return vec![Act::Close(Close::Silent)];
        }
        let mut acts = Vec::new();
        if !here.dialect.renews_leases() && !here.runs.is_empty() {
            acts.push(Act::Beat);
        }
        if here.test_at.is_some_and(|at| at <= now) {
            here.test_at = None;
            acts.push(Act::Test);
        }
        acts
    }

    /// How long until [`Session::tick`] has something to do, in ms.
    pub fn next_tick(&self, now: UnixMs) -> i64 {
        let due = match &self.phase {
            Phase::In(here) => here.test_at,
            _ => Some(self.opened_at.saturating_add(self.config.unregistered_ms)),
        };
        let wait = due.map_or(TICK_MS, |due| due.saturating_sub(now));
        wait.clamp(1, TICK_MS)
    }
}

/// The job and fence that a frame names; none where the name cannot be one of ours.
pub(super) fn job(named: &JobRef) -> Option<(JobId, u32)> {
    Some((named.job.parse().ok()?, named.fence))
}

pub(super) fn error(message: &str) -> Act {
    Act::Send(Outbound::error(message))
}

/// Old programs know a few texts; who writes a new one is told what is wrong.
fn refused(why: &FrameError, dialect: Dialect) -> Act {
    match dialect {
        Dialect::Aware => error(&format!("{}: {why}", why.reply())),
        _ => error(why.reply()),
    }
}
