//! One socket: what is heard goes to its session, what the session wants is done.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::{Sink, SinkExt as _, Stream, StreamExt as _, future};
use hypernode_state::accounts::GetHostKey;
use hypernode_state::{Address, StoreExt, UnixMs};
use hypernode_wire::{Dialect, Outbound, RenderError, SignAnswer};
use tokio::sync::{mpsc, oneshot, watch};

use super::act::{Act, Close};
use super::hub::{Heard, Hub, Sent, Stop};
use super::live::{Control, Socket};
use super::request::Link;
use super::session::{Session, error};
use super::work::Work;
use crate::ids::{JobId, NodeId};
use crate::service::Told;

/// Messages from others that may wait.
const CONTROLS: usize = 8;
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
    pub(super) asked: HashMap<String, oneshot::Sender<SignAnswer>>,
    pub(super) asks: u64,
    /// What the host is asked about.
    pub(super) offered: HashMap<JobId, Work>,
    key_seen_at: UnixMs,
    /// It was tied to a dispatcher that started anew while something was asked: what that one's predecessor kept and never
    /// told is still to be told.
    pub(super) is_behind: bool,
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
            offered: HashMap::new(),
            key_seen_at: now,
            is_behind: false,
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
            if std::mem::take(&mut self.is_behind) {
                let acts = Box::pin(self.catch_up()).await;
                if let Err(close) = self.perform(acts).await {
                    break close;
                }
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
                    true => vec![error("Invalid token"), Act::Close(Close::Revoked)],
                    false => self.session.frame(&bytes, now),
                }
            }
            Event::Heard(Some(Heard::TooLong)) => {
                vec![error("Invalid message format"), Act::Close(Close::TooLong)]
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
            return vec![error("Invalid token"), Act::Close(Close::Revoked)];
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
        if now.saturating_sub(self.key_seen_at) < self.hub.config().key_ms {
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
