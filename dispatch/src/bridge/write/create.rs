//! A job that is submitted here and created on chain: its client signs, this sender pays the fee and sends.

use base64_simd::STANDARD;
use hypernode_state::jobs::{GetJob, JobStates, ListJobs};
use hypernode_state::sends::SendAdd;
use hypernode_state::{Address, StoreError, StoreExt, limits};
use serde::Serialize;
use solana_sdk::pubkey::Pubkey;

use super::clerk::{Clerk, ClerkError};
use super::plan::{Kept, Plan, name};
use super::send::{Send, Signed};
use super::signer::ChildError;
use super::step::{Create, NoStep, Step};
use super::transaction::{self, NoTransaction};
use crate::board::Record;
use crate::bridge::order::{Chained, OnChainTerms};
use crate::content::Content;
use crate::ids::{Id, JobId};
use crate::job::{Pay, State};
use crate::service::Order;

/// Canonical job types by their number on chain.
const TYPES: [&str; 6] = [
    "llm_inference",
    "llm_fine_tuning",
    "rag_indexing",
    "vision_pipeline",
    "render",
    "generic_compute",
];

/// What a client wants to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The client.
    pub client: Address,
    /// The chain's string for it, 1 to 32 bytes.
    pub label: String,
    /// In the words of the interfaces; one that the chain has no number for is generic compute.
    pub job_type: String,
    /// Raw HYPER, from 1.
    pub price: u64,
    /// SHA-256 of what is to be run, in hex.
    pub requirements_hash: String,
}

/// What the client is to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsigned {
    /// The message in base64.
    pub unsigned: String,
    /// The transaction in base64, its signatures zero: what wallets sign.
    pub transaction: String,
    /// The job's account.
    pub job: JobId,
    /// When it is to be asked for again: block height.
    pub last_valid_block_height: u64,
}

/// Why a job is not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Not what it must be.
    #[error("{0}")]
    Value(&'static str),
    /// It is no transaction.
    #[error(transparent)]
    Bytes(#[from] NoTransaction),
    /// It is another one.
    #[error("the transaction is not the one to be signed: {0}")]
    Step(#[from] NoStep),
    /// It says something else than the request.
    #[error("the transaction's {field} is {signed}, and the request's {asked}")]
    Differs {
        /// Of what.
        field: &'static str,
        /// As it was signed.
        signed: String,
        /// As it was asked for.
        asked: String,
    },
    /// A signature of the client is missing.
    #[error("the transaction does not carry the client's signature")]
    Unsigned,
    /// The account is taken.
    #[error("a job of this label was created before: choose another label")]
    Taken,
    /// The signer, the chain or the store.
    #[error(transparent)]
    Clerk(#[from] ClerkError),
}

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> Self {
        Self::Clerk(error.into())
    }
}

/// A signed creation that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The job's account.
    pub job: JobId,
    client: String,
    signed: Signed,
}

impl Clerk {
    /// What the client is to sign.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn unsigned(&self, wanted: &Wanted) -> Result<Unsigned, CreateError> {
        let approved = self.owed(wanted.client).await?.saturating_add(wanted.price);
        let step = self.step(wanted, approved)?;
        let endpoint = self.endpoints.first();
        let endpoint =
            endpoint.ok_or(CreateError::Value("no endpoint of the chain is configured"))?;
        let (blockhash, last_valid_block_height) =
            endpoint.blockhash().await.map_err(ClerkError::from)?;
        let message = step.message(&self.programs, &self.sender.key(), blockhash);
        let message = message.ok_or(CreateError::Value("label must be 1 to 32 bytes"))?;
        let bytes = message.serialize();
        let signers = message.header.num_required_signatures;
        // The count fits a byte: there are two.
        let mut transaction = vec![signers];
        transaction.resize(1 + 64 * usize::from(signers), 0);
        transaction.extend(&bytes);
        Ok(Unsigned {
            unsigned: STANDARD.encode_to_string(&bytes),
            transaction: STANDARD.encode_to_string(transaction),
            job: self.job(wanted)?,
            last_valid_block_height,
        })
    }

    /// Looks into what the client signed, and adds this sender's signature. Nothing is kept and nothing sent yet.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn ready(&self, wanted: &Wanted, transaction: &str) -> Result<Ready, CreateError> {
        let (bytes, signatures) = transaction::read(transaction)?;
        let (step, message) = Step::read(&bytes, &self.programs)?;
        let Step::Create(create) = &step else {
            return Err(CreateError::Value("the transaction creates no job"));
        };
        self.compare(wanted, create, message.account_keys.first())?;
        let client = create.client;
        let place = message.account_keys.iter().position(|key| *key == client);
        let theirs = place.and_then(|place| signatures.get(place)).copied();
        let theirs = theirs.filter(|signature| signature.verify(client.as_ref(), &bytes));
        let theirs = theirs.ok_or(CreateError::Unsigned)?;
        let job = self.job(wanted)?;
        let known = GetJob {
            id: job.to_string(),
            content: false,
            outcome: false,
        };
        if self.find("create", job).await?.is_some() || self.store.ask(known).await?.is_some() {
            return Err(CreateError::Taken);
        }
        let endpoint = self.endpoints.first();
        let endpoint =
            endpoint.ok_or(CreateError::Value("no endpoint of the chain is configured"))?;
        // Of the client's blockhash no more is known than that it is older than the newest, and ends before it.
        let (_, last_valid) = endpoint.blockhash().await.map_err(ClerkError::from)?;
        let ours = self
            .sender
            .sign(&bytes)
            .await
            .map_err(|error| match error {
                ChildError::Refused(_) | ChildError::Gone(_) => ClerkError::from(error),
            })?;
        let all = [(client, theirs), (self.sender.key(), ours)];
        let bytes = transaction::write(&message, &all).ok_or(CreateError::Unsigned)?;
        Ok(Ready {
            job,
            client: client.to_string(),
            signed: Signed {
                bytes,
                signature: ours.to_string(),
                last_valid,
            },
        })
    }

    /// The order of a job that is to be created on chain: it waits until it is, and what is sent is kept in the unit that
    /// keeps the job.
    ///
    /// # Errors
    /// [`CreateError::Clerk`] where the order's content is not what dispatch writes.
    pub fn order(&self, order: Order, wanted: &Wanted, ready: Ready) -> Result<Order, CreateError> {
        let unreadable = |_| ClerkError::Record(ready.job.to_string());
        let content: Content = serde_json::from_slice(&order.content).map_err(unreadable)?;
        let chained = Chained {
            content,
            chain: OnChainTerms {
                label: wanted.label.clone(),
                requirements_hash: wanted.requirements_hash.clone(),
                price: wanted.price.to_string(),
            },
        };
        let mut submission = order.submission;
        submission.id = ready.job;
        submission.waits = true;
        submission.terms.pay = Pay::OnChain(wanted.price);
        let plan = Plan::Create {
            client: ready.client,
        };
        let kept = Kept {
            job: ready.job,
            plan,
            send: Send::signed(ready.signed),
        };
        let add = SendAdd {
            id: name(kept.plan.word(), ready.job),
            record: serde_json::to_vec(&kept).map_err(unreadable)?,
            at: (self.clock)(),
        };
        let mut beside = order.beside;
        beside.push(add.into());
        Ok(Order {
            submission,
            kind: order.kind,
            content: serde_json::to_vec(&chained).map_err(unreadable)?,
            beside,
        })
    }

    fn step(&self, wanted: &Wanted, approved: u64) -> Result<Step, CreateError> {
        if wanted.price == 0 {
            return Err(CreateError::Value(
                "a job on chain has a price of at least one base unit",
            ));
        }
        if wanted.label.is_empty() || wanted.label.contains('\0') {
            return Err(CreateError::Value("label must be 1 to 32 bytes"));
        }
        Ok(Step::Create(Create {
            client: Pubkey::new_from_array(wanted.client.0),
            label: wanted.label.clone(),
            job_type: number(&wanted.job_type),
            price: wanted.price,
            approved,
            requirements_hash: wanted.requirements_hash.clone(),
        }))
    }

    fn job(&self, wanted: &Wanted) -> Result<JobId, CreateError> {
        let client = Pubkey::new_from_array(wanted.client.0);
        let job = self.programs.job(&client, &wanted.label);
        let job = job.ok_or(CreateError::Value("label must be 1 to 32 bytes"))?;
        Ok(JobId(Id::Address(Address(job.to_bytes()))))
    }

    /// Every field of what was signed against what was asked for.
    fn compare(
        &self,
        wanted: &Wanted,
        signed: &Create,
        payer: Option<&Pubkey>,
    ) -> Result<(), CreateError> {
        let same = |field, signed: String, asked: String| match signed == asked {
            true => Ok(()),
            false => Err(CreateError::Differs {
                field,
                signed,
                asked,
            }),
        };
        let payer = payer.map(ToString::to_string).unwrap_or_default();
        same("fee payer", payer, self.sender.key().to_string())?;
        same(
            "client",
            signed.client.to_string(),
            wanted.client.to_string(),
        )?;
        same("label", signed.label.clone(), wanted.label.clone())?;
        same(
            "job type",
            signed.job_type.to_string(),
            number(&wanted.job_type).to_string(),
        )?;
        same("price", signed.price.to_string(), wanted.price.to_string())?;
        let (hash, asked) = (
            signed.requirements_hash.clone(),
            wanted.requirements_hash.clone(),
        );
        same("requirements hash", hash, asked)?;
        match signed.approved < signed.price {
            true => Err(CreateError::Value(
                "the transaction approves less than the price",
            )),
            false => Ok(()),
        }
    }

    /// What the client's other jobs may still cost: one purse lets one sender move one sum.
    async fn owed(&self, client: Address) -> Result<u64, CreateError> {
        let list = ListJobs {
            owner: Some(client),
            kind: None,
            node: None,
            states: JobStates::ALL,
            before: None,
            limit: limits::PAGE,
        };
        let mut owed = 0_u64;
        for job in self.store.ask(list).await?.jobs {
            let Ok(record) = serde_json::from_slice::<Record>(&job.record) else {
                continue;
            };
            let Pay::OnChain(price) = record.job.terms.pay else {
                continue;
            };
            let completed = matches!(record.job.state, State::Completed { .. });
            if !job.open && !completed || self.find("create", record.job.id).await?.is_none() {
                continue;
            }
            let settled = self.find("settle", record.job.id).await?;
            if settled.is_none_or(|kept| kept.send.is_open()) {
                owed = owed.saturating_add(price);
            }
        }
        Ok(owed)
    }
}

fn number(job_type: &str) -> u8 {
    let place = TYPES.iter().position(|known| *known == job_type);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(5)
}
