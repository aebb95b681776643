//! All sockets of hosts.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::{Sink, Stream};
use hypernode_state::{Store, UnixMs};
use hypernode_wire::{Catalog, Dialect, SignAnswer};
use tokio::sync::{oneshot, watch};

use super::act::Close;
use super::config::SessionsConfig;
use super::driver::Driver;
use super::live::{Control, Live};
use super::logs::Logs;
use super::seats::{NoSeat, Seat, Seats};
use crate::ids::NodeId;
use crate::nodes::{NodeView, Nodes, Standing};
use crate::service::{Center, Clock};

/// How long a host may think about what it is to sign.
const SIGN: Duration = Duration::from_secs(30);
/// How often a stop looks whether all are gone.
const LOOK: Duration = Duration::from_millis(20);

/// What the chain says of a node.
pub type StandingOf = Arc<dyn Fn(&NodeView) -> Standing + Send + Sync>;

/// What a hub needs.
#[derive(Clone)]
pub struct HubSetup {
    /// Limits and times.
    pub config: SessionsConfig,
    /// The name that hosts sign for.
    pub name: String,
    /// Who the nodes are.
    pub nodes: Nodes,
    /// Where the dispatcher of now is found.
    pub center: Center,
    /// Where jobs are read.
    pub store: Arc<dyn Store>,
    /// What hosts may be told to run.
    pub catalog: Arc<Catalog>,
    /// What the chain says of nodes.
    pub standing: StandingOf,
    /// The time.
    pub clock: Clock,
}

/// All sockets of hosts. Clones share it.
#[derive(Clone)]
pub struct Hub(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) setup: HubSetup,
    pub(super) logs: Logs,
    live: Mutex<Live>,
    seats: Seats,
    numbers: AtomicU64,
    stop: watch::Sender<Stop>,
}

/// Whether the server stops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Stop {
    /// It does not.
    #[default]
    No,
    /// It does, once what runs has ended. Why.
    Soon(String),
    /// Now.
    Now,
}

/// What is heard on a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A frame, text or binary.
    Frame(Bytes),
    /// A ping or pong of the protocol below.
    Alive,
    /// A frame that is longer than any may be: nothing after it can be read.
    TooLong,
}

/// What is sent on a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A frame.
    Text(String),
    /// The end: close code and reason.
    Close(u16, &'static str),
}

/// How much goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hubbub {
    /// Sockets, registered or not.
    pub sockets: u32,
    /// Nodes that have one, by dialect.
    pub nodes: HashMap<Dialect, usize>,
}

/// Why nothing was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The node has no connection.
    #[error("the node is not connected: start its host program")]
    Away,
    /// Its program does not know how to sign.
    #[error("the node did not answer: only lease-aware host programs with an owner key sign")]
    Unanswered,
}

impl std::fmt::Debug for HubSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubSetup")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sockets = self.0.seats.count();
        f.debug_struct("Hub")
            .field("sockets", &sockets)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub without sockets yet.
    pub fn new(setup: HubSetup) -> Self {
        let (job, all) = (setup.config.log_bytes, setup.config.all_log_bytes);
        Self(Arc::new(Inner {
            logs: Logs::new(job as usize, all as usize),
            setup,
            live: Mutex::new(Live::default()),
            seats: Seats::default(),
            numbers: AtomicU64::new(1),
            stop: watch::Sender::new(Stop::No),
        }))
    }

    /// A seat for a socket of `address`: to be taken before it is opened.
    ///
    /// # Errors
    /// Why there is none.
    pub fn seat(&self, address: IpAddr) -> Result<Seat, NoSeat> {
        if *self.0.stop.borrow() != Stop::No {
            return Err(NoSeat::Stopping);
        }
        let config = &self.0.setup.config;
        self.0
            .seats
            .take(address, config.most_per_address, config.most_sockets)
    }

    /// Drives a socket to its end: what is heard comes in, what is sent goes out. Frames longer than
    /// [`SessionsConfig::frame_bytes`] are to be refused by whoever reads the socket.
    pub async fn run<I, O>(&self, seat: Seat, incoming: I, outgoing: O) -> Close
    where
        I: Stream<Item = Heard> + Send + Unpin,
        O: Sink<Sent> + Send + Unpin,
    {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let close = Driver::new(self.clone(), number, outgoing)
            .run(incoming)
            .await;
        drop(seat);
        close
    }

    /// What running jobs write.
    pub fn logs(&self) -> &Logs {
        &self.0.logs
    }

    /// Who the nodes are.
    pub fn nodes(&self) -> &Nodes {
        &self.0.setup.nodes
    }

    /// Limits and times.
    pub fn config(&self) -> &SessionsConfig {
        &self.0.setup.config
    }

    /// How much goes on.
    pub fn hubbub(&self) -> Hubbub {
        Hubbub {
            sockets: self.0.seats.count(),
            nodes: self.0.live().count(),
        }
    }

    /// Has a node's owner key sign `bytes` (base64) on its host.
    ///
    /// # Errors
    /// When the node is not there or does not answer.
    pub async fn sign(&self, node: NodeId, bytes: String) -> Result<SignAnswer, SignError> {
        let uuid = self
            .nodes()
            .get(node)
            .map(|view| view.node.id)
            .ok_or(SignError::Away)?;
        let control = self.0.live().control(uuid).ok_or(SignError::Away)?;
        let (answer, answered) = oneshot::channel();
        let asked = control.send(Control::Sign { bytes, answer });
        let answer = tokio::time::timeout(SIGN, async {
            asked.await.ok()?;
            answered.await.ok()
        });
        answer.await.ok().flatten().ok_or(SignError::Unanswered)
    }

    /// Stops: hosts that understand it are told, nobody gets anything new, sockets whose jobs have ended are closed, and
    /// after `patience` the others too. Their jobs are theirs still: hosts that come back after a restart go on.
    pub async fn stop(&self, reason: &str, patience: Duration) {
        self.0.stop.send_replace(Stop::Soon(reason.to_owned()));
        let gone = async {
            while self.0.seats.count() > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(patience, gone).await.is_err() {
            self.0.stop.send_replace(Stop::Now);
        }
    }
}

impl Inner {
    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stopping(&self) -> watch::Receiver<Stop> {
        self.stop.subscribe()
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow() != Stop::No
    }

    pub(super) fn now(&self) -> UnixMs {
        (self.setup.clock)()
    }
}
