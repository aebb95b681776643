//! A job that is submitted here and created on chain: its client signs, this sender pays the fee and sends.

use base64_simd::STANDARD;
use hypernode_state::jobs::{GetJob, JobStates, ListJobs};
use hypernode_state::sends::SendAdd;
use hypernode_state::{Address, StoreError, StoreExt, limits};
use serde::Serialize;
use solana_sdk::pubkey::Pubkey;

use super::clerk::{Clerk, ClerkError};
use super::plan::{Kept, Plan, name};
use super::rpc::Rpc;
use super::send::{Send, Signed};
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
    /// Who pays the fee and may move the price: the dispatcher's key.
    pub fee_payer: String,
    /// What that key may move in all from then on, raw HYPER: the price, and those of the client's other open jobs.
    pub approved: String,
    /// The last block height that takes it: 150 blocks from its making, a minute or so. Then it is to be asked for again.
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
    #[error("the transaction does not carry the client's signature of these bytes")]
    Unsigned,
    /// The account is taken.
    #[error("a job of this label was created before: choose another label")]
    Taken,
    /// Another one of the client's is on its way, and says what may be moved, too: the later of the two in a block counts.
    #[error(
        "another job of this wallet is on its way to the chain: send this request again in a moment"
    )]
    Underway,
    /// It approves another sum than the client's open jobs may cost together: less would leave one unpaid, more is nobody's due.
    #[error(
        "the transaction approves {approved}, and the wallet's open jobs with this one may cost {needed} (base units): ask for the bytes to sign again"
    )]
    Approves {
        /// What it approves.
        approved: u64,
        /// What it must.
        needed: u64,
    },
    /// It could never be settled.
    #[error(
        "the price is {price}, and this dispatcher settles {most} base units in a day (chain.daily_hyper): ask for less"
    )]
    Price {
        /// What was asked for.
        price: u64,
        /// What the signer settles in a day.
        most: u64,
    },
    /// The client's purse does not bear it.
    #[error(
        "the wallet's HYPER account {purse} holds {held} base units, and its open jobs with this one may cost {needed}: fill it first"
    )]
    Purse {
        /// The account.
        purse: String,
        /// What it holds.
        held: u64,
        /// What is needed.
        needed: u64,
    },
    /// Its blockhash is over, or another network's.
    #[error(
        "the transaction's blockhash is over or unknown: ask for the bytes again, and sign them within a minute"
    )]
    Blockhash,
    /// The chain would refuse it.
    #[error(
        "the chain would refuse the transaction: {0}; see that the wallet holds SOL for the job's rent and a HYPER account, and that the label is new"
    )]
    Refused(String),
    /// The sender has nothing to pay fees with.
    #[error(
        "the dispatcher's key holds too little SOL to pay the fee: ask again when its operator has filled it"
    )]
    Sender,
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
    job: JobId,
    client: String,
    signed: Signed,
}

impl Ready {
    /// The job's account.
    #[must_use]
    pub fn job(&self) -> JobId {
        self.job
    }
}

impl Clerk {
    /// What the client is to sign.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn unsigned(&self, wanted: &Wanted) -> Result<Unsigned, CreateError> {
        self.affordable(wanted)?;
        let job = self.job(wanted)?;
        self.is_new(job).await?;
        let (owed, _) = self.owed(wanted.client).await?;
        let approved = owed.saturating_add(wanted.price);
        let step = self.step(wanted, approved)?;
        let endpoint = self.endpoint()?;
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
            job,
            fee_payer: self.sender.key().to_string(),
            approved: approved.to_string(),
            last_valid_block_height,
        })
    }

    /// A price beyond the signer's whole day would be run, and wait for its settlement for ever.
    fn affordable(&self, wanted: &Wanted) -> Result<(), CreateError> {
        let (price, most) = (wanted.price, self.most_price);
        if price > most {
            return Err(CreateError::Price { price, most });
        }
        Ok(())
    }

    /// Looks into what the client signed, and adds this sender's signature. Nothing is kept and nothing sent yet.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn ready(&self, wanted: &Wanted, transaction: &str) -> Result<Ready, CreateError> {
        self.affordable(wanted)?;
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
        self.is_new(job).await?;
        let (owed, underway) = self.owed(wanted.client).await?;
        if underway {
            return Err(CreateError::Underway);
        }
        let needed = owed.saturating_add(wanted.price);
        if create.approved != needed {
            let approved = create.approved;
            return Err(CreateError::Approves { approved, needed });
        }
        let endpoint = self.endpoint()?;
        self.would_pass(endpoint, transaction, &client, needed)
            .await?;
        // Of the client's blockhash no more is known than that it is older than the newest, and ends before it.
        let (_, last_valid) = endpoint.blockhash().await.map_err(ClerkError::from)?;
        let ours = self.sender.sign(&bytes).await.map_err(ClerkError::from)?;
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
        submission.terms.owner = wanted.client;
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
        Ok(())
    }

    fn endpoint(&self) -> Result<&dyn Rpc, CreateError> {
        let first = self.endpoints.first().map(AsRef::as_ref);
        first.ok_or(CreateError::Value("no endpoint of the chain is configured"))
    }

    /// Whether nobody has used the label here before.
    async fn is_new(&self, job: JobId) -> Result<(), CreateError> {
        let known = GetJob {
            id: job.to_string(),
            content: false,
            outcome: false,
        };
        if self.find("create", job).await?.is_some() || self.store.ask(known).await?.is_some() {
            return Err(CreateError::Taken);
        }
        Ok(())
    }

    /// Whether the chain as it stands would take it. The block decides; but who asks is told now what can be told now, and
    /// no signature is spent on what comes to nothing.
    async fn would_pass(
        &self,
        endpoint: &dyn Rpc,
        transaction: &str,
        client: &Pubkey,
        needed: u64,
    ) -> Result<(), CreateError> {
        let purse = self.programs.purse(client);
        let tried = endpoint.simulate(transaction, &purse);
        let tried = tried.await.map_err(ClerkError::from)?;
        match tried.error.as_deref() {
            None => {}
            Some("BlockhashNotFound") => return Err(CreateError::Blockhash),
            Some("AccountNotFound" | "InsufficientFundsForFee") => return Err(CreateError::Sender),
            Some(error) => return Err(CreateError::Refused(error.to_owned())),
        }
        let held = tried.held.unwrap_or(0);
        match held < needed {
            true => Err(CreateError::Purse {
                purse: purse.to_string(),
                held,
                needed,
            }),
            false => Ok(()),
        }
    }

    /// What the client's other jobs may still cost, for one purse lets one sender move one sum; and whether one of them is
    /// still on its way to the chain.
    async fn owed(&self, client: Address) -> Result<(u64, bool), CreateError> {
        let list = ListJobs {
            owner: Some(client),
            kind: None,
            node: None,
            states: JobStates::ALL,
            before: None,
            limit: limits::PAGE,
        };
        let (mut owed, mut underway) = (0_u64, false);
        for job in self.store.ask(list).await?.jobs {
            let Ok(record) = serde_json::from_slice::<Record>(&job.record) else {
                continue;
            };
            let Pay::OnChain(price) = record.job.terms.pay else {
                continue;
            };
            let completed = matches!(record.job.state, State::Completed { .. });
            if !job.open && !completed {
                continue;
            }
            let Some(create) = self.find("create", record.job.id).await? else {
                continue;
            };
            underway |= create.send.is_open() && !create.send.is_confirmed();
            let settled = self.find("settle", record.job.id).await?;
            if settled.is_none_or(|kept| kept.send.is_open()) {
                owed = owed.saturating_add(price);
            }
        }
        Ok((owed, underway))
    }
}

fn number(job_type: &str) -> u8 {
    let place = TYPES.iter().position(|known| *known == job_type);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(5)
}
