//! Who carries transactions to the chain: takes what is open in the store a step further, again and again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD;
use futures::future::BoxFuture;
use futures::{StreamExt as _, stream};
use hypernode_state::sends::{GetSend, OpenSends, SendAdd, SendPut, SendRecord, SendRefusal};
use hypernode_state::{Refusal, Seldom, Store, StoreError, StoreExt, limits};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Signature;

use super::plan::{Kept, Plan, name};
use super::programs::Programs;
use super::rpc::{Rpc, RpcError};
use super::send::{Event, Next, Send, Signed, Stage};
use super::signer::{Child, ChildError};
use super::transaction;
use crate::ids::{JobId, NodeId};
use crate::job::By;
use crate::service::{Center, Clock, DispatchError};

/// Between turns.
const PAUSE: Duration = Duration::from_millis(700);
/// Transactions that are carried at once.
const AT_ONCE: usize = 32;
/// Something that nobody signs for so long is given up.
const PATIENCE_MS: i64 = 3_600_000;

/// Why an owner's signature is not to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSigned {
    /// The node is not connected, or does not answer: asked again later.
    Away,
    /// It does not sign that.
    Refused(String),
}

/// Owners of nodes: each signs on its own host.
pub trait Owners: std::marker::Send + Sync + fmt::Debug {
    /// The signature of a message by `owner`, who owns `node`.
    fn sign<'a>(
        &'a self,
        node: NodeId,
        owner: &'a Pubkey,
        request: &'a str,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Signature, NotSigned>>;
}

/// Signs as the sender.
pub trait Sender: std::marker::Send + Sync + fmt::Debug {
    /// Whose signatures it gives.
    fn key(&self) -> Pubkey;

    /// The key's signature of a message.
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Signature, ChildError>>;
}

impl Sender for Child {
    fn key(&self) -> Pubkey {
        Child::key(self)
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Signature, ChildError>> {
        Box::pin(Child::sign(self, message))
    }
}

/// Why a turn was not finished; the next one begins where it began.
#[derive(Debug, thiserror::Error)]
pub enum ClerkError {
    /// The store.
    #[error("transactions wait for the store: {0}")]
    Store(#[from] StoreError),
    /// The chain.
    #[error("transactions wait for the chain: {0}")]
    Rpc(#[from] RpcError),
    /// The signer.
    #[error("transactions wait for the signer: {0}")]
    Signer(#[from] ChildError),
    /// A record.
    #[error("the transaction {0} as it is kept cannot be read or written")]
    Record(String),
}

/// Carries transactions.
#[derive(Clone)]
pub struct Clerk {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// Endpoints of one chain, at least one. All must have searched before one is given up.
    pub endpoints: Vec<Arc<dyn Rpc>>,
    /// The sender.
    pub sender: Arc<dyn Sender>,
    /// Owners of nodes.
    pub owners: Arc<dyn Owners>,
    /// What is written to.
    pub programs: Programs,
    /// The highest price that the sender settles, raw HYPER: what it may move in a day.
    pub most_price: u64,
    /// Who is told that a job will not be created.
    pub center: Center,
    /// The time.
    pub clock: Clock,
}

impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clerk")
            .field("programs", &self.programs)
            .finish_non_exhaustive()
    }
}

impl Clerk {
    /// Carries until it is dropped.
    pub async fn run(self) {
        let seldom = Seldom::new();
        loop {
            if let Err(error) = self.turn().await
                && seldom.now()
            {
                tracing::warn!("{error}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes every open transaction a step further. One that cannot go on does not hold the others up.
    ///
    /// # Errors
    /// The last of [`ClerkError`].
    pub async fn turn(&self) -> Result<(), ClerkError> {
        let (mut after, mut last) = (0, Ok(()));
        // Owners take their time: each of the others goes on meanwhile.
        loop {
            let limit = limits::PAGE;
            let open = self.store.ask(OpenSends { after, limit }).await?;
            let Some(end) = open.last() else {
                return last;
            };
            after = end.number;
            let mut each = stream::iter(open)
                .map(|record| self.advance(record))
                .buffer_unordered(AT_ONCE);
            while let Some(done) = each.next().await {
                if let Err(error) = done {
                    last = Err(error);
                }
            }
        }
    }

    /// Plans a transaction; nothing happens where there is one for this.
    ///
    /// # Errors
    /// [`ClerkError`].
    pub async fn plan(&self, job: JobId, plan: Plan, send: Send) -> Result<bool, ClerkError> {
        let id = name(plan.word(), job);
        let kept = Kept { job, plan, send };
        let add = SendAdd {
            record: write(&id, &kept)?,
            id,
            at: (self.clock)(),
        };
        match self.store.run(add).await {
            Ok(_) => Ok(true),
            Err(StoreError::Refused {
                why: Refusal::Send(SendRefusal::Exists { .. }),
                ..
            }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A job's transaction of this plan.
    ///
    /// # Errors
    /// [`ClerkError`].
    pub async fn find(&self, word: &str, job: JobId) -> Result<Option<Kept>, ClerkError> {
        let id = name(word, job);
        match self.store.ask(GetSend { id }).await? {
            Some(record) => read(&record).map(Some),
            None => Ok(None),
        }
    }

    async fn advance(&self, record: SendRecord) -> Result<(), ClerkError> {
        let mut kept = read(&record)?;
        let event = match kept.send.next() {
            Next::Rest => None,
            Next::Sign => self.sign(&kept, &record).await?,
            Next::Send(signed) => {
                // Whether it arrives is told by the chain alone.
                for endpoint in &self.endpoints {
                    if let Err(error) = endpoint.send(&signed.bytes).await {
                        tracing::debug!("{}: {error}", record.id);
                    }
                }
                self.look(&signed).await?
            }
            Next::Watch(signed) => self.look(&signed).await?,
        };
        let Some(event) = event else {
            return Ok(());
        };
        // Clients sign once; the others are here to sign again.
        let may_sign = !matches!(kept.plan, Plan::Create { .. });
        if kept.send.step(event, may_sign) {
            if let Stage::Failed { why } = &kept.send.stage {
                tracing::warn!("the transaction {} is given up: {why}", record.id);
                if let Plan::Create { .. } = kept.plan
                    && !self.cancelled(kept.job).await
                {
                    return Ok(());
                }
            }
            let put = SendPut {
                id: record.id.clone(),
                version: record.version,
                open: kept.send.is_open(),
                record: write(&record.id, &kept)?,
                at: (self.clock)(),
            };
            self.store.run(put).await?;
        }
        Ok(())
    }

    /// A job that is not created is not waited for; whether the dispatcher was there to hear it.
    async fn cancelled(&self, job: JobId) -> bool {
        let Ok(dispatch) = self.center.now() else {
            return false;
        };
        let done = dispatch.cancel(job, By::Chain, false).await;
        !matches!(done, Err(DispatchError::Ended))
    }

    /// What became of a transaction. The final height is asked for first: what is unknown after it was passed stays unknown.
    async fn look(&self, signed: &Signed) -> Result<Option<Event>, ClerkError> {
        let mut final_height = u64::MAX;
        for endpoint in &self.endpoints {
            final_height = final_height.min(endpoint.final_height().await?);
        }
        let (mut seen, mut unanswered) = (None, None);
        for endpoint in &self.endpoints {
            match endpoint.status(&signed.signature).await {
                Ok(Some(status)) => {
                    let better = seen.as_ref().is_none_or(|(level, _)| *level < status.level);
                    if better {
                        seen = Some((status.level, status.error));
                    }
                }
                Ok(None) => {}
                Err(error) => unanswered = Some(error),
            }
        }
        let signature = signed.signature.clone();
        Ok(match (seen, unanswered) {
            (Some((level, error)), _) => Some(Event::Seen {
                signature,
                error,
                level,
            }),
            (None, Some(error)) => return Err(error.into()),
            (None, None) => Some(Event::Unknown {
                signature,
                final_height,
            }),
        })
    }

    /// Has a planned one signed, when what it follows is on chain.
    async fn sign(&self, kept: &Kept, record: &SendRecord) -> Result<Option<Event>, ClerkError> {
        let job = kept.job;
        let waited = (self.clock)().saturating_sub(record.created_at);
        let too_long = |why: String| (waited > PATIENCE_MS).then_some(Event::Refused(why));
        if let Some(before) = kept.plan.after() {
            match self.find(before, job).await?.map(|kept| kept.send) {
                Some(send) if send.is_confirmed() => {}
                Some(send) if send.is_open() => return Ok(None),
                _ => {
                    let why = format!("the job's {before} is not on chain");
                    return Ok(Some(Event::Refused(why)));
                }
            }
        }
        let Some(step) = kept.plan.step(job, &self.programs) else {
            return Ok(Some(Event::Refused("there is no such step".to_owned())));
        };
        let Some(endpoint) = self.endpoints.first() else {
            return Ok(None);
        };
        let (blockhash, last_valid) = endpoint.blockhash().await?;
        let sender = self.sender.key();
        let Some(message) = step.message(&self.programs, &sender, blockhash) else {
            return Ok(Some(Event::Refused("the job has no address".to_owned())));
        };
        let bytes = message.serialize();
        let mut signatures = Vec::new();
        if let (Some(owner), Some(node)) = (step.other_signer(), kept.plan.node()) {
            match self.owners.sign(node, &owner, &record.id, &bytes).await {
                Ok(signature) => signatures.push((owner, signature)),
                Err(NotSigned::Away) => {
                    return Ok(too_long("the node's owner does not sign".to_owned()));
                }
                Err(NotSigned::Refused(why)) => {
                    return Ok(Some(Event::Refused(format!(
                        "the node's owner refuses: {why}"
                    ))));
                }
            }
        }
        let ours = match self.sender.sign(&bytes).await {
            Ok(signature) => signature,
            // A cap is another one tomorrow.
            Err(ChildError::Refused(why)) => match too_long(why.clone()) {
                Some(event) => return Ok(Some(event)),
                None => return Err(ChildError::Refused(why).into()),
            },
            Err(error) => return Err(error.into()),
        };
        signatures.push((sender, ours));
        let Some(whole) = transaction::write(&message, &signatures) else {
            return Ok(Some(Event::Refused(
                "a signature is not of the message".to_owned(),
            )));
        };
        Ok(Some(Event::Signed(Signed {
            bytes: whole,
            signature: ours.to_string(),
            last_valid,
        })))
    }
}

/// A message in base64, as frames carry it.
#[must_use]
pub fn base64(message: &[u8]) -> String {
    STANDARD.encode_to_string(message)
}

fn read(record: &SendRecord) -> Result<Kept, ClerkError> {
    serde_json::from_slice(&record.record).map_err(|_| ClerkError::Record(record.id.clone()))
}

fn write(id: &str, kept: &Kept) -> Result<Vec<u8>, ClerkError> {
    serde_json::to_vec(kept).map_err(|_| ClerkError::Record(id.to_owned()))
}
