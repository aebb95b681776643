//! A job is submitted.

use hypernode_accounts::limits::{Class, LimitKey};
use hypernode_accounts::{KeyId, PublicKey, random_bytes};
use hypernode_state::accounts::{ApiKeyRefund, ApiKeySpend};
use hypernode_state::{Address, Digest, StoreExt};
use serde_json::{Map, Value};
use sha2::Digest as _;

use super::chain::OnChain;
use super::repeat::{Begun, Turn};
use super::{Desk, DeskError, JobView, Wanted};
use crate::board::{Denied, Submission};
use crate::bridge::write::CreateError;
use crate::ids::JobId;
use crate::job::{Job, Rules, Terms};
use crate::service::{DispatchError, Order};

/// Who submits a job, and what.
#[derive(Clone, Copy, Debug)]
pub struct Submit<'a> {
    /// Whose job it is: who asks has been made sure of.
    pub owner: Address,
    /// The API key that it comes by, whose cap counts.
    pub key: Option<KeyId>,
    /// What is wanted.
    pub body: &'a Map<String, Value>,
    /// By which a repeated request is known, 1 to 128 bytes.
    pub repeat: Option<&'a str>,
    /// Whether whoever let it in has counted it as one of the owner's submissions.
    pub counted: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The answer: of the first request, where this one repeats it.
    pub answer: Vec<u8>,
    /// Whether it repeats one.
    pub repeated: bool,
}

impl Desk {
    /// Takes a job in; it is on disk when this returns, with the answer that `answer` makes of it.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn submit(
        &self,
        submit: Submit<'_>,
        answer: impl FnOnce(&JobView) -> Vec<u8>,
    ) -> Result<Submitted, DeskError> {
        let (owner, now) = (submit.owner, self.now());
        let turn = match submit.repeat {
            None => None,
            Some(key) => {
                let body = hash(submit.body)?;
                let store = self.store.as_ref();
                match self.underway.begin(store, (owner, key), body, now).await? {
                    Begun::Works(turn) => Some(turn),
                    Begun::Answered(answer) => {
                        return Ok(Submitted {
                            answer,
                            repeated: true,
                        });
                    }
                }
            }
        };
        let wanted = Wanted::read(submit.body, owner, &self.catalog, &self.limits)?;
        if !submit.counted {
            self.pace(owner)?;
        }
        self.take_in(&submit, wanted, turn, answer).await
    }

    /// How often a wallet may submit.
    pub(super) fn pace(&self, owner: Address) -> Result<(), DeskError> {
        let caller = LimitKey::Account(PublicKey(owner.0));
        let verdict = self.limiter.take(Class::Submit, &caller);
        match verdict.allowed {
            true => Ok(()),
            false => Err(DeskError::TooFast(verdict.retry_after)),
        }
    }

    async fn take_in(
        &self,
        submit: &Submit<'_>,
        wanted: Wanted,
        turn: Option<Turn>,
        answer: impl FnOnce(&JobView) -> Vec<u8>,
    ) -> Result<Submitted, DeskError> {
        let _turn = match &wanted.chain {
            Some(_) => Some(self.creation(submit.owner).await),
            None => None,
        };
        let signed = self.signed(submit.owner, &wanted).await?;
        let id = match &signed {
            Some((_, _, ready)) => ready.job(),
            None => JobId::uuid(u128::from_be_bytes(random_bytes()?)),
        };
        let unwritable = |error: serde_json::Error| DeskError::Record {
            job: id.to_string(),
            error: error.to_string(),
        };
        let content = serde_json::to_vec(&wanted.content).map_err(unwritable)?;
        let terms = Terms {
            owner: submit.owner,
            submitted_at: self.now(),
            max_duration_s: wanted.max_duration_s,
            max_retries: wanted.max_retries,
            priority: wanted.priority,
            pay: wanted.pay(),
        };
        let view = JobView {
            number: 0,
            kind: wanted.content.job_type.clone(),
            created_at: terms.submitted_at,
            job: match signed {
                // Until when is not told.
                Some(_) => Job::waiting(id, terms, &Rules::default()),
                None => Job::queued(id, terms),
            },
            content: wanted.content,
            outcome: None,
            chain: wanted.chain.as_ref().map(OnChain::terms),
        };
        let answer = answer(&view);
        let dispatch = self.center.now()?;
        // A price on chain is the wallet's own to pay, and is never given back: the cap bounds what a key asks for.
        let spent = match &wanted.chain {
            Some(chain) => chain.price,
            None => wanted.budget,
        };
        let paying = submit.key.filter(|_| spent > 0);
        let order = Order {
            submission: Submission {
                id,
                terms,
                needs: wanted.needs,
                content: Digest(sha2::Sha256::digest(&content).into()),
                nonce: wanted.nonce,
                waits: false,
                key: paying
                    .filter(|_| terms.pay.reserved() > 0)
                    .map(|key| key.to_string()),
            },
            kind: view.kind,
            content,
            beside: turn
                .as_ref()
                .map_or_else(Vec::new, |turn| turn.finish(answer.clone())),
        };
        let is_chained = signed.is_some();
        let order = match signed {
            Some((clerk, on_chain, ready)) => clerk.order(order, &on_chain, ready)?,
            None => order,
        };
        if let Some(key) = paying {
            self.spend(key, spent).await?;
        }
        match dispatch.submit(order).await {
            Ok(_) => Ok(Submitted {
                answer,
                repeated: false,
            }),
            Err(error) => {
                // Only what was refused for certain is given back: of a dispatcher that ended nobody knows yet, and a cap
                // must never be passed.
                if let (Some(key), DispatchError::Denied(_)) = (paying, &error) {
                    self.give_back(key, spent).await;
                }
                Err(match error {
                    // The bridge, or the same request, was faster.
                    DispatchError::Denied(Denied::KnownJob) if is_chained => {
                        CreateError::Taken.into()
                    }
                    error => error.into(),
                })
            }
        }
    }

    /// Counts a budget against a key's cap.
    async fn spend(&self, key: KeyId, amount: u64) -> Result<(), DeskError> {
        let spend = ApiKeySpend {
            id: key.to_string(),
            amount,
            now: self.now(),
        };
        match self.store.run(spend).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.into() {
                hypernode_accounts::AccountError::Store(error) => DeskError::Store(error),
                refused => DeskError::Key(refused),
            }),
        }
    }

    async fn give_back(&self, key: KeyId, amount: u64) {
        let id = key.to_string();
        if let Err(error) = self.store.run(ApiKeyRefund { id, amount }).await {
            tracing::warn!("a budget of {amount} stays counted against API key {key}: {error}");
        }
    }
}

/// Of a request's body, whatever the order of its fields.
fn hash(body: &Map<String, Value>) -> Result<Digest, DeskError> {
    let bytes = serde_json_canonicalizer::to_vec(body);
    let bytes = bytes.map_err(|error| DeskError::Wrong(format!("the body: {error}")))?;
    Ok(Digest(sha2::Sha256::digest(bytes).into()))
}
