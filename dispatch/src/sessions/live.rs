//! Which node has which connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hypernode_state::{Digest, UnixMs};
use hypernode_wire::{Dialect, SignAnswer};
use tokio::sync::{mpsc, oneshot};

use super::session::Here;
use crate::ids::NodeId;

/// What one connection is told by others.
#[derive(Debug)]
pub(super) enum Control {
    /// The node has another connection now.
    Replaced,
    /// What its last connection left behind may have overtaken this one: it is to be tied again.
    Tie,
    /// The host is to sign this.
    Sign {
        /// The bytes in base64.
        bytes: String,
        answer: oneshot::Sender<SignAnswer>,
    },
}

/// A connection, as others see it.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    /// No two connections have the same.
    pub(super) number: u64,
    /// When anything was last heard on it.
    pub(super) heard_at: Arc<AtomicI64>,
    pub(super) control: mpsc::Sender<Control>,
    pub(super) dialect: Dialect,
}

/// A node whose connection broke.
#[derive(Debug)]
pub(super) struct Parked {
    /// Of the connection that broke.
    pub(super) number: u64,
    pub(super) here: Box<Here>,
}

/// Another connection has the node, and lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Used;

/// Which node has which connection, and which ones broke a moment ago.
#[derive(Debug, Default)]
pub(super) struct Live {
    sockets: HashMap<NodeId, Socket>,
    parked: HashMap<NodeId, Parked>,
    /// What reopens a session, hashed; of which node, and the epoch of its tokens then.
    secrets: HashMap<Digest, (NodeId, u64)>,
    /// The same, by node.
    secret_of: HashMap<NodeId, Digest>,
}

impl Live {
    /// Makes `socket` the node's connection. What the node ran before its connection broke, if it broke just now.
    ///
    /// Two connections may come with one token, and no frame tells why. Programs that reconnect by themselves do so after
    /// their old connection died without our being told: that one is silent, for every program shows life each 10 to 15
    /// seconds, and the new one takes its place. If the old one was heard of lately, both live: the same token was given to
    /// two machines, and the second is refused as the old server refused it. A program that blocks while a job runs is
    /// silent too, but cannot open a connection meanwhile: then a second machine takes the place of a working one, whose
    /// job goes to another host. That is the price of not shutting a returning host out for five minutes.
    ///
    /// Whoever has proven a key, or has the session's secret, is the same host for certain: the latest connection is right.
    pub(super) fn claim(
        &mut self,
        node: NodeId,
        socket: Socket,
        proven: bool,
        now: UnixMs,
    ) -> Result<Option<Parked>, Used> {
        if let Some(other) = self.sockets.get(&node)
            && other.number != socket.number
        {
            let silent = now.saturating_sub(other.heard_at.load(Ordering::Relaxed));
            if !proven && silent <= quiet_ms(other.dialect) {
                return Err(Used);
            }
            // One that reads nothing will find out when it is given up.
            let _ = other.control.try_send(Control::Replaced);
        }
        self.sockets.insert(node, socket);
        Ok(self.parked.remove(&node))
    }

    /// Whether the connection has the node still.
    pub(super) fn has(&self, node: NodeId, number: u64) -> bool {
        self.sockets
            .get(&node)
            .is_some_and(|socket| socket.number == number)
    }

    /// The connection is gone, and what the node was is kept for a moment; whether it had the node still.
    pub(super) fn release(&mut self, node: NodeId, parked: Parked) -> bool {
        let had = self.drop_socket(node, parked.number);
        if had {
            self.parked.insert(node, parked);
        }
        had
    }

    /// The connection is not this node's any more; whether it was.
    pub(super) fn drop_socket(&mut self, node: NodeId, number: u64) -> bool {
        let had = self.has(node, number);
        if had {
            self.sockets.remove(&node);
        }
        had
    }

    /// The node's connection, if it has one, is to tie itself to the dispatcher again.
    pub(super) fn tie_again(&self, node: NodeId) {
        if let Some(socket) = self.sockets.get(&node) {
            let _ = socket.control.try_send(Control::Tie);
        }
    }

    /// The moment is over; whether the node has not come back.
    pub(super) fn unpark(&mut self, node: NodeId, number: u64) -> bool {
        let is_there = self
            .parked
            .get(&node)
            .is_some_and(|parked| parked.number == number);
        if is_there {
            self.parked.remove(&node);
            self.forget_secret(node);
        }
        is_there
    }

    /// What reopens the node's session from now on.
    pub(super) fn set_secret(&mut self, node: NodeId, secret: Digest, epoch: u64) {
        self.forget_secret(node);
        self.secrets.insert(secret, (node, epoch));
        self.secret_of.insert(node, secret);
    }

    pub(super) fn forget_secret(&mut self, node: NodeId) {
        if let Some(secret) = self.secret_of.remove(&node) {
            self.secrets.remove(&secret);
        }
    }

    /// The node whose session this reopens, and the epoch of its tokens when the session began.
    pub(super) fn of_secret(&self, secret: Digest) -> Option<(NodeId, u64)> {
        self.secrets.get(&secret).copied()
    }

    /// How to reach the node.
    pub(super) fn control(&self, node: NodeId) -> Option<mpsc::Sender<Control>> {
        Some(self.sockets.get(&node)?.control.clone())
    }

    /// Connections of nodes, by dialect.
    pub(super) fn count(&self) -> HashMap<Dialect, usize> {
        let mut counts = HashMap::new();
        for socket in self.sockets.values() {
            *counts.entry(socket.dialect).or_insert(0) += 1;
        }
        counts
    }
}

/// A connection of a program that shows life so often looks dead when nothing was heard for this long, in ms: half as long
/// again as its own period.
fn quiet_ms(dialect: Dialect) -> i64 {
    match dialect {
        Dialect::V2 | Dialect::V3 | Dialect::V4 => 15_000,
        Dialect::V1 | Dialect::Aware => 22_500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(number: u64, heard_at: i64) -> (Socket, mpsc::Receiver<Control>) {
        let (control, told) = mpsc::channel(1);
        let heard_at = Arc::new(AtomicI64::new(heard_at));
        (
            Socket {
                number,
                heard_at,
                control,
                dialect: Dialect::V2,
            },
            told,
        )
    }

    #[test]
    fn the_second_live_connection_is_refused_and_a_silent_one_is_replaced() {
        let (mut live, node) = (Live::default(), NodeId::uuid(1));
        let (first, mut told) = socket(1, 0);
        assert!(live.claim(node, first.clone(), false, 0).is_ok());
        // Registering again on the same socket is no second one.
        assert!(live.claim(node, first, false, 1).is_ok());
        let (second, _second) = socket(2, 15_000);
        assert_eq!(
            live.claim(node, second.clone(), false, 15_000).err(),
            Some(Used)
        );
        assert!(live.has(node, 1) && told.try_recv().is_err());
        assert!(live.claim(node, second, false, 15_001).is_ok());
        assert!(live.has(node, 2) && matches!(told.try_recv(), Ok(Control::Replaced)));
        // The old one goes without taking the node with it.
        assert!(!live.drop_socket(node, 1) && live.drop_socket(node, 2));
    }

    #[test]
    fn whoever_proves_to_be_the_host_is_let_in_at_once() {
        let (mut live, node) = (Live::default(), NodeId::uuid(1));
        let (first, _first) = socket(1, 0);
        let (second, _second) = socket(2, 0);
        assert!(live.claim(node, first, true, 0).is_ok());
        assert!(live.claim(node, second, true, 0).is_ok());
        assert!(live.has(node, 2));
    }

    #[test]
    fn a_secret_opens_one_session_and_ends_with_it() {
        let (mut live, node) = (Live::default(), NodeId::uuid(1));
        live.set_secret(node, Digest([1; 32]), 4);
        live.set_secret(node, Digest([2; 32]), 5);
        assert_eq!(live.of_secret(Digest([1; 32])), None);
        assert_eq!(live.of_secret(Digest([2; 32])), Some((node, 5)));
        let (socket, _told) = socket(7, 0);
        let parked = |number| Parked {
            number,
            here: Box::new(Here::new(node, node, Dialect::Aware, None)),
        };
        assert!(live.claim(node, socket, true, 0).is_ok());
        assert!(!live.release(node, parked(6)) && live.release(node, parked(7)));
        assert!(!live.unpark(node, 6), "another connection broke meanwhile");
        assert!(live.unpark(node, 7) && !live.unpark(node, 7));
        assert_eq!(live.of_secret(Digest([2; 32])), None);
    }
}
