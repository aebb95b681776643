//! What is to be written of a job, from what happens to it here: taken by a node of the chain, completed by it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hypernode_state::jobs::GetJob;
use hypernode_state::outbox::{Ack, Message, ReadOutbox, StartAt, Subscribe, Unsubscribe};
use hypernode_state::{Address, Seldom, Store, StoreError, StoreExt, limits};
use sha2::{Digest, Sha256};

use super::clerk::{Clerk, ClerkError};
use super::plan::Plan;
use super::send::Send;
use crate::bridge::Index;
use crate::ids::{Id, JobId, NodeId};
use crate::job::State;
use crate::outcome::Kept as Outcome;
use crate::service::TOPIC;
use crate::service::facts::Fact;

/// The consumer's name in the outbox.
pub const CONSUMER: &str = "bridge";
/// Between looks at an outbox that has nothing new.
const PAUSE: Duration = Duration::from_millis(300);
/// Bytes of a node's string on chain that has an address.
const LABEL: usize = 32;

/// Reads what happens to jobs, and plans what is to be written.
#[derive(Clone)]
pub struct Planner {
    /// Who carries it.
    pub clerk: Clerk,
    /// Who knows nodes of the chain.
    pub index: Arc<dyn Index>,
}

impl fmt::Debug for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planner").finish_non_exhaustive()
    }
}

/// Why a message was not dealt with; it is read again.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The store, mostly.
    #[error(transparent)]
    Clerk(#[from] ClerkError),
    /// The index did not answer.
    #[error("transactions wait for the index: {0}")]
    Index(#[from] hypernode_analytics::Error),
}

impl From<hypernode_state::StoreError> for PlanError {
    fn from(error: hypernode_state::StoreError) -> Self {
        Self::Clerk(error.into())
    }
}

/// Nobody plans here any more: the outbox keeps nothing for it.
///
/// # Errors
/// When the store does not answer.
pub async fn forget(store: &dyn Store) -> Result<(), StoreError> {
    let unsubscribe = Unsubscribe {
        topic: TOPIC.to_owned(),
        consumer: CONSUMER.to_owned(),
    };
    match store.run(unsubscribe).await {
        // There was none.
        Ok(()) | Err(StoreError::Refused { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

impl Planner {
    /// Plans until it is dropped.
    pub async fn run(self) {
        let seldom = Seldom::new();
        loop {
            match self.round().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    if seldom.now() {
                        tracing::warn!("{error}");
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Deals with the next messages; whether there may be more at once.
    ///
    /// # Errors
    /// [`PlanError`]; messages up to the one that failed are dealt with.
    pub async fn round(&self) -> Result<bool, PlanError> {
        let (topic, consumer) = (TOPIC.to_owned(), CONSUMER.to_owned());
        let subscribe = Subscribe {
            topic: topic.clone(),
            consumer: consumer.clone(),
            from: StartAt::Now,
        };
        let after = self.clerk.store.run(subscribe).await?;
        let limit = limits::PAGE;
        let read = ReadOutbox {
            topic: topic.clone(),
            after,
            limit,
        };
        let messages = self.clerk.store.ask(read).await?;
        let mut upto = after;
        let mut failed = Ok(messages.len() == limit as usize);
        for message in &messages {
            match self.deal_with(message).await {
                Ok(()) => upto = message.seq,
                Err(error) => {
                    failed = Err(error);
                    break;
                }
            }
        }
        if upto > after {
            let ack = Ack {
                topic,
                consumer,
                upto,
            };
            self.clerk.store.run(ack).await?;
        }
        failed
    }

    async fn deal_with(&self, message: &Message) -> Result<(), PlanError> {
        let Ok(Fact::Changed(changed)) = serde_json::from_slice(&message.payload) else {
            return Ok(());
        };
        let job = changed.job;
        if !matches!(job.0, Id::Address(_)) {
            return Ok(());
        }
        match changed.state {
            State::Leased(lease) => self.taken(job, lease.node).await,
            State::Completed { node, .. } => {
                // A short run is told only when it is over.
                self.taken(job, node).await?;
                self.completed(job, node).await
            }
            _ => Ok(()),
        }
    }

    /// Whoever takes it first is written; it can be taken only once.
    async fn taken(&self, job: JobId, node: NodeId) -> Result<(), PlanError> {
        let Id::Address(account) = node.0 else {
            return Ok(());
        };
        if self.clerk.find("assign", job).await?.is_some() {
            return Ok(());
        }
        let Some(known) = self.index.node(account).await? else {
            return Ok(());
        };
        if known.label.len() > LABEL {
            return Ok(());
        }
        let plan = Plan::Assign {
            node,
            operator: Address(known.owner).to_string(),
            label: known.label,
        };
        self.clerk.plan(job, plan, Send::planned()).await?;
        Ok(())
    }

    async fn completed(&self, job: JobId, here: NodeId) -> Result<(), PlanError> {
        let Some(Plan::Assign { node, operator, .. }) =
            self.clerk.find("assign", job).await?.map(|kept| kept.plan)
        else {
            return Ok(());
        };
        // Another one took it on chain: this result has no place there.
        if node != here {
            return Ok(());
        }
        let whole = GetJob {
            id: job.to_string(),
            content: false,
            outcome: true,
        };
        let Some(outcome) = self
            .clerk
            .store
            .ask(whole)
            .await?
            .and_then(|whole| whole.outcome)
        else {
            return Ok(());
        };
        let plan = Plan::Submit {
            node,
            operator: operator.clone(),
            result_hash: result_hash(&outcome),
        };
        self.clerk.plan(job, plan, Send::planned()).await?;
        // The price can be moved only where the client let this sender move it.
        if let Some(Plan::Create { client }) =
            self.clerk.find("create", job).await?.map(|kept| kept.plan)
        {
            let plan = Plan::Settle { client, operator };
            self.clerk.plan(job, plan, Send::planned()).await?;
        }
        Ok(())
    }
}

/// SHA-256 of the result in canonical JSON, in hex; of what is kept, where that holds no result that has such a form.
#[must_use]
pub fn result_hash(outcome: &[u8]) -> String {
    let kept: Option<Outcome> = serde_json::from_slice(outcome).ok();
    let canonical = kept.and_then(|kept| serde_json_canonicalizer::to_vec(&kept.result).ok());
    hex::encode(Sha256::digest(canonical.as_deref().unwrap_or(outcome)))
}
