//! What is signed: a function of the message, of what was signed before, and of the caps.

use serde::{Deserialize, Serialize};
use solana_sdk::pubkey::Pubkey;

use super::book::{Book, Job};
use crate::bridge::write::{NoStep, Programs, Step};

/// Lamports of each signature.
const FEE: u64 = 5_000;
/// Open jobs that are remembered.
const MOST_JOBS: usize = 100_000;

/// What a day may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Fees, in lamports.
    pub lamports: u64,
    /// Prices of jobs that are settled, in raw HYPER.
    pub hyper: u64,
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// What is written to.
    pub programs: Programs,
    /// Whose key it is.
    pub sender: Pubkey,
    /// What a day may cost.
    pub caps: Caps,
}

/// What was signed, as it is written down before the signature is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Entry {
    /// Days since 1970.
    pub day: u32,
    /// Fees, in lamports.
    pub lamports: u64,
    /// Raw HYPER that is moved.
    pub hyper: u64,
    /// The job's account, in base58.
    pub job: String,
    /// What it says of the job.
    pub what: What,
}

/// What a signed message says of a job. Keys in base58.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is created.
    Created {
        /// By whom.
        client: String,
        /// Raw HYPER.
        price: u64,
    },
    /// Somebody takes it.
    Assigned,
    /// Its result is handed in.
    Submitted {
        /// By whom.
        operator: String,
    },
    /// It is paid.
    Settled,
}

/// Why something is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is none of the transactions of a job.
    #[error(transparent)]
    NoStep(#[from] NoStep),
    /// Another one pays for it.
    #[error("its fee is not paid by this key")]
    Payer,
    /// This key would act as a client or an owner.
    #[error("this key signs for no client and no owner")]
    Role,
    /// A value that no honest one has.
    #[error("{0}")]
    Value(&'static str),
    /// A settlement of what did not pass here, or to somebody else.
    #[error("{0}")]
    Settlement(&'static str),
    /// The day's cap.
    #[error("the day's cap of {cap} {unit} would be passed: {spent} are spent, and this is {more}")]
    Cap {
        /// The cap.
        cap: u64,
        /// Of what.
        unit: &'static str,
        /// So far.
        spent: u64,
        /// By this.
        more: u64,
    },
    /// Too many open jobs.
    #[error("{MOST_JOBS} jobs are open: none is added before some are settled")]
    Full,
}

impl Policy {
    /// Whether the message is signed on that day; what is to be written down before.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn judge(&self, message: &[u8], book: &Book, day: u32) -> Result<Entry, Refused> {
        let (step, message) = Step::read(message, &self.programs)?;
        if message.account_keys.first() != Some(&self.sender) {
            return Err(Refused::Payer);
        }
        if step.other_signer() == Some(self.sender) {
            return Err(Refused::Role);
        }
        let (job, what, hyper) = self.judge_step(&step, book)?;
        let lamports = FEE.saturating_mul(u64::from(message.header.num_required_signatures));
        let (spent, moved) = book.spent(day);
        within("lamports of fees", self.caps.lamports, spent, lamports)?;
        within("raw HYPER of settled jobs", self.caps.hyper, moved, hyper)?;
        Ok(Entry {
            day,
            lamports,
            hyper,
            job: job.to_string(),
            what,
        })
    }

    fn judge_step(&self, step: &Step, book: &Book) -> Result<(Pubkey, What, u64), Refused> {
        Ok(match step {
            Step::Create(create) => {
                let job = self.programs.job(&create.client, &create.label);
                let job = job.ok_or(Refused::Value("the job's label is over 32 bytes"))?;
                if create.approved < create.price {
                    return Err(Refused::Value("less than the price is approved"));
                }
                let (client, price) = (create.client.to_string(), create.price);
                match book.job(&job) {
                    Some(known) if known.price != price => {
                        return Err(Refused::Value("the job was created at another price"));
                    }
                    None if book.jobs() >= MOST_JOBS => return Err(Refused::Full),
                    _ => {}
                }
                (job, What::Created { client, price }, 0)
            }
            Step::Assign { job, .. } => (*job, What::Assigned, 0),
            Step::Submit { job, operator, .. } => {
                let operator = operator.to_string();
                (*job, What::Submitted { operator }, 0)
            }
            Step::Settle {
                job,
                client_purse,
                operator_purse,
            } => {
                let known = book.job(job);
                let known = known.ok_or(Refused::Settlement(
                    "the job was not created through this key",
                ))?;
                self.judge_purses(known, client_purse, operator_purse)?;
                (*job, What::Settled, known.price)
            }
        })
    }

    /// The price comes from the client, and goes to whoever handed in the result.
    fn judge_purses(&self, known: &Job, client: &Pubkey, operator: &Pubkey) -> Result<(), Refused> {
        let worker = known
            .operator
            .ok_or(Refused::Settlement("no result of the job passed here"))?;
        if self.programs.purse(&known.client) != *client {
            return Err(Refused::Settlement(
                "it does not pay from the purse of the job's client",
            ));
        }
        if self.programs.purse(&worker) != *operator {
            return Err(Refused::Settlement(
                "it does not pay whoever handed in the result",
            ));
        }
        Ok(())
    }
}

fn within(unit: &'static str, cap: u64, spent: u64, more: u64) -> Result<(), Refused> {
    match spent.saturating_add(more) > cap {
        true => Err(Refused::Cap {
            cap,
            unit,
            spent,
            more,
        }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
