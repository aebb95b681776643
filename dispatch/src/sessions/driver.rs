//! One socket: what is heard goes to its session, what the session wants is done.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::{Sink, SinkExt as _, Stream, StreamExt as _, future};
use hypernode_state::accounts::GetHostKey;
use hypernode_state::jobs::{JobStates, ListJobs};
use hypernode_state::{Address, StoreExt, UnixMs};
use hypernode_wire::{Dialect, Outbound, RenderError, SignAnswer};
use tokio::sync::{mpsc, oneshot, watch};

use super::act::{Act, Close, End};
use super::hub::{Heard, Hub, Sent, Stop};
use super::live::{Control, Socket};
use super::logs::Piece;
use super::request::{Link, Reply, Request, link};
use super::session::Session;
use super::test_job;
use super::work::Work;
use crate::board::Record;
use crate::ids::{JobId, NodeId};
use crate::job::{Fault, Manner, Outcome, State};
use crate::matching::Runs;
use crate::service::{Told, code};

/// Messages from others that may wait.
const CONTROLS: usize = 8;
/// Things that a host may be asked to sign at a time.
const ASKED: usize = 16;
/// How often the key of a host is looked at: it may be revoked while its socket stays open.
const KEY_MS: i64 = 60_000;
/// Jobs of a node that are looked for after a dispatcher started anew.
const HELD: u32 = 64;
/// Acts of one event at most: each leads to a few more, and none to itself.
const ACTS: usize = 10_000;

/// One socket.
pub(super) struct Driver<O> {
    pub(super) hub: Hub,
    pub(super) number: u64,
    pub(super) session: Session,
    pub(super) link: Option<Link>,
    pub(super) claimed: Option<Claimed>,
    out: O,
    heard_at: Arc<AtomicI64>,
    control: mpsc::Sender<Control>,
    controls: mpsc::Receiver<Control>,
    stop: watch::Receiver<Stop>,
    asked: HashMap<String, oneshot::Sender<SignAnswer>>,
    asks: u64,
    key_seen_at: UnixMs,
}

/// The node that a socket has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claimed {
    pub(super) uuid: NodeId,
    pub(super) node: NodeId,
    /// Of the node's tokens when it came in.
    pub(super) epoch: u64,
    pub(super) key: Option<Address>,
}

/// What happens next.
enum Event {
    Heard(Option<Heard>),
    Told(Option<Told>),
    Control(Option<Control>),
    Stop,
    Tick,
}

impl<O: Sink<Sent> + Send + Unpin> Driver<O> {
    pub(super) fn new(hub: Hub, number: u64, out: O) -> Self {
        let now = hub.0.now();
        let (control, controls) = mpsc::channel(CONTROLS);
        Self {
            session: Session::new(*hub.config(), hub.0.setup.name.clone(), now),
            stop: hub.0.stopping(),
            hub,
            number,
            link: None,
            claimed: None,
            out,
            heard_at: Arc::new(AtomicI64::new(now)),
            control,
            controls,
            asked: HashMap::new(),
            asks: 0,
            key_seen_at: now,
        }
    }

    pub(super) fn socket(&self, dialect: Dialect) -> Socket {
        Socket {
            number: self.number,
            heard_at: self.heard_at.clone(),
            control: self.control.clone(),
            dialect,
        }
    }

    pub(super) async fn run(
        mut self,
        mut incoming: impl Stream<Item = Heard> + Send + Unpin,
    ) -> Close {
        let close = loop {
            let event = self.next(&mut incoming).await;
            let acts = match event {
                Event::Heard(None) => break Close::Gone,
                Event::Control(Some(Control::Replaced)) => break Close::Replaced,
                event => self.take(event).await,
            };
            if let Err(close) = self.perform(acts).await {
                break close;
            }
            match &*self.stop.borrow() {
                Stop::No => {}
                Stop::Soon(_) if self.session.is_working() => {}
                Stop::Soon(_) | Stop::Now => break Close::Stopping,
            }
        };
        if close != Close::Gone {
            // Who reads nothing any more is not waited for.
            let _ = self.write(Sent::Close(close.code(), close.reason())).await;
        }
        if let Some(here) = self.session.leave() {
            self.link = None;
            self.hub.left(here, self.number, close).await;
        }
        close
    }

    async fn next(&mut self, incoming: &mut (impl Stream<Item = Heard> + Unpin)) -> Event {
        let now = self.hub.0.now();
        let wait = self.session.next_tick(now).unsigned_abs();
        let told = async {
            match &mut self.link {
                Some(link) => link.told.recv().await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            heard = incoming.next() => Event::Heard(heard),
            told = told => Event::Told(told),
            control = self.controls.recv() => Event::Control(control),
            Ok(()) = self.stop.changed() => Event::Stop,
            () = tokio::time::sleep(Duration::from_millis(wait)) => Event::Tick,
        }
    }

    async fn take(&mut self, event: Event) -> Vec<Act> {
        let now = self.hub.0.now();
        match event {
            Event::Heard(Some(Heard::Frame(bytes))) => {
                self.heard_at.store(now, Ordering::Relaxed);
                match self.is_revoked() {
                    true => vec![
                        super::session::error("Invalid token"),
                        Act::Close(Close::Revoked),
                    ],
                    false => self.session.frame(&bytes, now),
                }
            }
            Event::Heard(Some(Heard::TooLong)) => {
                vec![
                    super::session::error("Invalid message format"),
                    Act::Close(Close::TooLong),
                ]
            }
            Event::Heard(_) => {
                self.heard_at.store(now, Ordering::Relaxed);
                self.session.alive(now);
                Vec::new()
            }
            Event::Told(Some(told)) => Box::pin(self.told(told)).await,
            // The dispatcher has ended, or gave this connection up because it took nothing for too long.
            Event::Told(None) => Box::pin(self.tie_again()).await,
            Event::Control(Some(Control::Sign { bytes, answer })) => {
                self.ask_to_sign(bytes, answer)
            }
            Event::Control(Some(Control::Tie)) => {
                Box::pin(self.tie()).await;
                Vec::new()
            }
            Event::Control(_) => Vec::new(),
            Event::Stop => match &*self.stop.borrow_and_update() {
                Stop::Soon(reason) => self.session.drain(reason),
                _ => Vec::new(),
            },
            Event::Tick => Box::pin(self.tick(now)).await,
        }
    }

    async fn tick(&mut self, now: UnixMs) -> Vec<Act> {
        if self.is_revoked() || self.is_key_revoked(now).await {
            return vec![
                super::session::error("Invalid token"),
                Act::Close(Close::Revoked),
            ];
        }
        if self.link.is_none() && self.session.here().is_some() {
            return self.tie_again().await;
        }
        self.session.tick(now)
    }

    fn is_revoked(&self) -> bool {
        self.claimed
            .is_some_and(|claimed| self.hub.nodes().epoch(claimed.uuid) != Some(claimed.epoch))
    }

    async fn is_key_revoked(&mut self, now: UnixMs) -> bool {
        let Some(key) = self.claimed.and_then(|claimed| claimed.key) else {
            return false;
        };
        if now.saturating_sub(self.key_seen_at) < KEY_MS {
            return false;
        }
        self.key_seen_at = now;
        let record = self.hub.0.setup.store.ask(GetHostKey { key }).await;
        record.is_ok_and(|record| record.is_some_and(|record| record.revoked_at.is_some()))
    }

    /// Does what the session wants, in order, and what it wants because of that.
    async fn perform(&mut self, acts: Vec<Act>) -> Result<(), Close> {
        let mut queue: VecDeque<Act> = acts.into();
        for _ in 0..ACTS {
            let Some(act) = queue.pop_front() else {
                return Ok(());
            };
            let more = match act {
                Act::Send(frame) => {
                    self.send(&frame).await?;
                    continue;
                }
                Act::Close(close) => return Err(close),
                act => Box::pin(self.act(act)).await,
            };
            for act in more.into_iter().rev() {
                queue.push_front(act);
            }
        }
        Err(Close::Flood)
    }

    async fn act(&mut self, act: Act) -> Vec<Act> {
        let now = self.hub.0.now();
        match act {
            Act::Enter(enter) => return Box::pin(self.enter(*enter)).await,
            Act::Accept(job, fence) => {
                if self.ask(&Request::Accept(job, fence)).await != Reply::Done {
                    return self.session.too_late(job);
                }
            }
            Act::Reject(job, fence) => {
                self.ask(&Request::Reject(job, fence)).await;
            }
            Act::Renew(jobs) => return self.renew(jobs, now).await,
            Act::End(end) => return self.end(*end).await,
            Act::Away => {
                self.ask(&Request::Away).await;
            }
            Act::Changed => self.tie().await,
            Act::Test => self.test(now).await,
            Act::Signed(signed) => {
                if let Some(answer) = self.asked.remove(&signed.request) {
                    let _ = answer.send(signed.answer);
                }
            }
            act => self.note(act),
        }
        Vec::new()
    }

    /// What is only written down.
    fn note(&self, act: Act) {
        let Some(claimed) = self.claimed else {
            return;
        };
        let nodes = self.hub.nodes();
        match act {
            Act::Beat => nodes.beat(claimed.uuid),
            Act::Tell(stats) => nodes.told(claimed.uuid, stats),
            Act::Answered(ms) => nodes.answered_in(claimed.uuid, ms),
            Act::Lapsed => nodes.ran(claimed.uuid, false),
            Act::Log(job, piece) => self.hub.logs().put(job, claimed.uuid, piece),
            _ => {}
        }
    }

    /// Leases are renewed side by side: they share a commit.
    async fn renew(&mut self, jobs: Vec<(JobId, u32)>, now: UnixMs) -> Vec<Act> {
        let Some(node) = self.session.here().map(|here| here.node) else {
            return Vec::new();
        };
        let center = &self.hub.0.setup.center;
        let asked = jobs.into_iter().map(|(job, fence)| async move {
            (
                job,
                fence,
                Request::Renew(job, fence).once(node, center).await,
            )
        });
        let mut acts = Vec::new();
        for (job, fence, reply) in future::join_all(asked).await {
            match reply {
                // Nothing is known: the next heartbeat asks again.
                Reply::Nobody => {}
                reply => acts.extend(self.session.renewed(job, fence, reply == Reply::Done, now)),
            }
        }
        acts
    }

    /// A run ended. Whatever the dispatcher goes through meanwhile, the result is not lost while the socket lives.
    async fn end(&mut self, end: End) -> Vec<Act> {
        let End {
            job,
            fence,
            outcome,
            mut kept,
            answered,
        } = end;
        if kept.logs.is_empty()
            && let Some(tail) = self.hub.logs().tail(job)
        {
            // What was streamed need not be sent twice.
            (kept.logs, kept.logs_cut) = (text(&tail.output), tail.cut);
        }
        let request = Request::End(job, fence, outcome, kept.bytes());
        let reply = self.ask(&request).await;
        if reply == Reply::Nobody {
            return vec![super::session::error(
                "the dispatcher is starting anew: send the result again in a moment",
            )];
        }
        let counts = reply == Reply::Done;
        if counts && let Some(claimed) = self.claimed {
            match outcome {
                Outcome::Completed => self.hub.nodes().ran(claimed.uuid, true),
                Outcome::Failed(Fault::Node) => self.hub.nodes().ran(claimed.uuid, false),
                Outcome::Failed(_) => {}
            }
            self.hub.logs().end(job);
        }
        self.session.ended(job, counts, answered)
    }

    /// Asks the dispatcher of now; of one that starts anew, when it has.
    async fn ask(&mut self, request: &Request) -> Reply {
        let Some(node) = self.session.here().map(|here| here.node) else {
            return Reply::Nobody;
        };
        for _ in 0..3 {
            let reply = request.once(node, &self.hub.0.setup.center).await;
            if reply != Reply::Nobody {
                return reply;
            }
            self.tie().await;
        }
        Reply::Nobody
    }

    /// Ties the node to the dispatcher of now.
    pub(super) async fn tie(&mut self) {
        let Some((here, view)) = self
            .session
            .here()
            .and_then(|here| Some((here, self.hub.nodes().get(here.uuid)?)))
        else {
            return;
        };
        let mut facts = view.facts((self.hub.0.setup.standing)(&view));
        facts.id = here.node;
        let (dialect, draining, node) = (here.dialect, here.draining, here.node);
        facts.runs = runs(dialect);
        let manner = match dialect.renews_leases() {
            true => Manner::Renewed,
            false => Manner::Silent,
        };
        self.link = link(&self.hub.0.setup.center, facts, manner).await;
        if draining {
            Request::Away.once(node, &self.hub.0.setup.center).await;
        }
    }

    /// The dispatcher started anew. What it gave the node and never told is told now.
    async fn tie_again(&mut self) -> Vec<Act> {
        self.link = None;
        // Whoever is given up again and again asks no faster than this.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.tie().await;
        let Some(node) = self
            .session
            .here()
            .map(|here| here.node)
            .filter(|_| self.link.is_some())
        else {
            return Vec::new();
        };
        let store = self.hub.0.setup.store.clone();
        let held = ListJobs {
            owner: None,
            kind: None,
            node: Some(node.to_string()),
            states: leased(),
            before: None,
            limit: HELD,
        };
        let Ok(page) = store.ask(held).await else {
            return Vec::new();
        };
        let mut acts = Vec::new();
        for kept in page.jobs {
            let Ok(record) = serde_json::from_slice::<Record>(&kept.record) else {
                continue;
            };
            let (job, fence) = (record.job.id, record.job.fence);
            let State::Leased(lease) = record.job.state else {
                continue;
            };
            if lease.node == node && !self.session.runs(job, fence) {
                let told = Told::Run {
                    job,
                    fence,
                    until: lease.until,
                    deadline: lease.deadline,
                };
                acts.extend(self.told(told).await);
            }
        }
        acts
    }

    /// What the dispatcher tells.
    async fn told(&mut self, told: Told) -> Vec<Act> {
        let now = self.hub.0.now();
        match told {
            Told::Offer { job, fence, until } => {
                let work = self.work(job).await;
                self.session.offered(job, fence, until, work.as_ref(), now)
            }
            Told::Withdraw { job, fence } => self.session.withdrawn(job, fence),
            Told::Run {
                job,
                fence,
                until,
                deadline,
            } => {
                let work = self.work(job).await;
                self.session
                    .given(job, fence, until, deadline, work.as_ref())
            }
            Told::Stop { job, fence } => {
                self.hub.logs().end(job);
                self.session.stopped(job, fence, now)
            }
        }
    }

    async fn work(&self, job: JobId) -> Option<Work> {
        let setup = &self.hub.0.setup;
        match Work::read(setup.store.as_ref(), &setup.catalog, job).await {
            Ok(work) => work,
            Err(error) => {
                tracing::warn!("job {job} cannot be read, and is sent to no host now: {error}");
                None
            }
        }
    }

    async fn test(&mut self, now: UnixMs) {
        let Some(claimed) = self.claimed else {
            return;
        };
        match self.hub.nodes().begin_test(claimed.uuid).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!("node {} gets no test job now: {error}", claimed.node);
                return;
            }
        }
        let wallet = self
            .hub
            .nodes()
            .get(claimed.uuid)
            .map(|view| view.node.wallet);
        let order = wallet.map(|wallet| test_job::order(claimed.node, wallet, now));
        if let Some(Ok(order)) = order {
            let reply = self.ask(&Request::Submit(Box::new(order))).await;
            if reply != Reply::Done {
                tracing::warn!("node {} gets no test job: {reply:?}", claimed.node);
            }
        }
    }

    fn ask_to_sign(&mut self, bytes: String, answer: oneshot::Sender<SignAnswer>) -> Vec<Act> {
        self.asked.retain(|_, answer| !answer.is_closed());
        let understands = self
            .session
            .dialect()
            .understands(hypernode_wire::Kind::Sign);
        if !understands || self.asked.len() >= ASKED {
            return Vec::new();
        }
        self.asks += 1;
        let request = format!("{}-{}", self.number, self.asks);
        self.asked.insert(request.clone(), answer);
        vec![Act::Send(Outbound::Sign { request, bytes })]
    }

    async fn send(&mut self, frame: &Outbound) -> Result<(), Close> {
        match frame.render(self.session.dialect()) {
            Ok(text) => self.write(Sent::Text(text)).await,
            // Old programs print what they do not know; it would only clutter their logs.
            Err(RenderError::NotUnderstood { .. }) => Ok(()),
            Err(error) => {
                tracing::error!("a frame was not sent: {error}");
                Ok(())
            }
        }
    }

    /// Nothing is queued: whoever does not read is waited for, for a while, and given up.
    async fn write(&mut self, sent: Sent) -> Result<(), Close> {
        let patience = Duration::from_millis(self.hub.config().write_ms);
        match tokio::time::timeout(patience, self.out.send(sent)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Close::Gone),
            Err(_) => Err(Close::Slow),
        }
    }
}

/// What hosts of a dialect may be sent.
fn runs(dialect: Dialect) -> Runs {
    match dialect {
        Dialect::Aware => Runs::Free,
        dialect if dialect.fakes_results() => Runs::Named,
        _ => Runs::Manifests,
    }
}

fn leased() -> JobStates {
    let lease = State::Leased(crate::job::Lease {
        node: NodeId::uuid(0),
        ask: 0,
        since: 0,
        until: 0,
        deadline: 0,
        manner: Manner::Renewed,
    });
    JobStates::default().with(code(&lease))
}

fn text(output: &[Piece]) -> String {
    let texts = output.iter().filter_map(|piece| match piece {
        Piece::Output { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}
