//! What a session asks of the dispatcher of now.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::board::Denied;
use crate::ids::{JobId, NodeId};
use crate::job::{Manner, Outcome};
use crate::matching::NodeFacts;
use crate::service::{Center, Dispatch, DispatchError, Order, Told};

/// How long a request waits for a dispatcher that starts anew.
const PATIENCE: Duration = Duration::from_secs(30);
/// A pause before the dispatcher of now is looked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// A request.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Away,
    Down,
    Accept(JobId, u32),
    Reject(JobId, u32),
    Renew(JobId, u32),
    End(JobId, Option<u32>, Outcome, Vec<u8>),
    Submit(Box<Order>),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    Denied(Denied),
    /// There is no dispatcher.
    Nobody,
}

/// A node's tie to a dispatcher.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) told: mpsc::Receiver<Told>,
}

impl Request {
    async fn of(&self, node: NodeId, dispatch: &Dispatch) -> Result<(), DispatchError> {
        match self {
            Self::Away => dispatch.away(node).await,
            Self::Down => dispatch.down(node).await,
            Self::Accept(job, fence) => dispatch.accept(node, *job, *fence).await,
            Self::Reject(job, fence) => dispatch.reject(node, *job, *fence).await,
            Self::Renew(job, fence) => dispatch.renew(node, *job, *fence).await,
            Self::End(job, fence, outcome, kept) => {
                dispatch
                    .ended(node, *job, *fence, *outcome, kept.clone())
                    .await
            }
            Self::Submit(order) => dispatch.submit((**order).clone()).await.map(|_| ()),
        }
    }

    /// Asks the dispatcher of now, once.
    pub(super) async fn once(&self, node: NodeId, center: &Center) -> Reply {
        match center.now() {
            Ok(dispatch) => reply(&self.of(node, &dispatch).await),
            Err(_) => Reply::Nobody,
        }
    }
}

/// Ties the node to the dispatcher of now, or to the first that will be there; `None` when none comes in time.
pub(super) async fn link(center: &Center, facts: NodeFacts, manner: Manner) -> Option<Link> {
    let mut center = center.clone();
    let tie = async {
        loop {
            let dispatch = center.wait().await?;
            match dispatch.connect(facts.clone(), manner).await {
                Ok(told) => return Some(Link { told }),
                // It ended just now, and the next one is not there yet.
                Err(DispatchError::Ended) => tokio::time::sleep(PAUSE).await,
                Err(DispatchError::Denied(_)) => return None,
            }
        }
    };
    tokio::time::timeout(PATIENCE, tie).await.ok().flatten()
}

fn reply(result: &Result<(), DispatchError>) -> Reply {
    match result {
        Ok(()) => Reply::Done,
        Err(DispatchError::Denied(denied)) => Reply::Denied(*denied),
        Err(DispatchError::Ended) => Reply::Nobody,
    }
}
