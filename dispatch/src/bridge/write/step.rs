//! The four transactions of a job, as values and as messages.
//!
//! A message is read strictly: what it says is taken apart, put together again, and must give the same bytes. So there is one
//! message for each value, and nothing can hide in one that reads well: no further account, signer or instruction.

use solana_sdk::hash::Hash;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::message::Message;
use solana_sdk::pubkey::Pubkey;

use super::data::{Arguments, Reader};
use super::programs::{Programs, SYSTEM, TOKEN};

/// Bytes of a transaction at most; a message is smaller.
pub const PACKET: usize = 1_232;

/// First bytes of the calls.
const CREATE: [u8; 8] = [0xb2, 0x82, 0xd9, 0x6e, 0x64, 0x1b, 0x52, 0x77];
const ASSIGN: [u8; 8] = [0x25, 0xeb, 0x69, 0x0d, 0xc4, 0x3a, 0xf8, 0x0a];
const SUBMIT: [u8; 8] = [0xf0, 0x2a, 0x59, 0xb4, 0x0a, 0xef, 0x09, 0xd6];
const SETTLE: [u8; 8] = [0xf6, 0x9b, 0xdd, 0x22, 0xa8, 0x46, 0xad, 0x48];
/// SPL token's `Approve`.
const APPROVE: u8 = 4;

/// One of the transactions of a job. Whoever sends it pays its fee and is its first signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The client creates the job and lets the sender move its price.
    Create(Create),
    /// The node's owner takes it.
    Assign {
        /// The job's account.
        job: Pubkey,
        /// The node's owner: authority and operator in one.
        operator: Pubkey,
        /// The chain's string for the node.
        node: String,
    },
    /// The node's owner hands in the result.
    Submit {
        /// The job's account.
        job: Pubkey,
        /// The node's owner, who took the job.
        operator: Pubkey,
        /// SHA-256 of the result, in hex.
        result_hash: String,
    },
    /// The sender has the price distributed.
    Settle {
        /// The job's account.
        job: Pubkey,
        /// The client.
        client_purse: Pubkey,
        /// The node's owner.
        operator_purse: Pubkey,
    },
}

/// A job that is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// Who creates it and pays its rent.
    pub client: Pubkey,
    /// The chain's string for it, 1 to 32 bytes.
    pub label: String,
    /// 0 to 5.
    pub job_type: u8,
    /// Raw HYPER.
    pub price: u64,
    /// What the sender may move out of the client's purse from then on: a purse has one such sum, so it covers the client's
    /// other jobs too.
    pub approved: u64,
    /// SHA-256 of what is to be run, in hex.
    pub requirements_hash: String,
}

/// Why a message is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStep {
    /// Its bytes are no message without lookup tables.
    #[error("the bytes are not a legacy message")]
    Message,
    /// Another number of instructions, another program, other accounts.
    #[error("it is none of the transactions of a job: {0}")]
    Shape(&'static str),
    /// It reads like one, but is not written like it.
    #[error("it holds more than the transaction of a job does")]
    More,
}

impl Step {
    /// The message that `sender` pays for; `None` where the job has no address.
    #[must_use]
    pub fn message(
        &self,
        programs: &Programs,
        sender: &Pubkey,
        blockhash: Hash,
    ) -> Option<Message> {
        let instructions = match self {
            Self::Create(create) => vec![
                approve(programs, create, sender),
                self.call(programs, sender)?,
            ],
            _ => vec![self.call(programs, sender)?],
        };
        Some(Message::new_with_blockhash(
            &instructions,
            Some(sender),
            &blockhash,
        ))
    }

    /// Who signs it besides the sender.
    #[must_use]
    pub fn other_signer(&self) -> Option<Pubkey> {
        match self {
            Self::Create(create) => Some(create.client),
            Self::Assign { operator, .. } | Self::Submit { operator, .. } => Some(*operator),
            Self::Settle { .. } => None,
        }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`NoStep`].
    pub fn read(bytes: &[u8], programs: &Programs) -> Result<(Self, Message), NoStep> {
        if bytes.len() > PACKET {
            return Err(NoStep::Message);
        }
        let message: Message = bincode::deserialize(bytes).map_err(|_| NoStep::Message)?;
        let step = read(&message, programs)?;
        let sender = message.account_keys.first().ok_or(NoStep::Message)?;
        let again = step.message(programs, sender, message.recent_blockhash);
        match again {
            Some(again) if again.serialize() == bytes => Ok((step, again)),
            _ => Err(NoStep::More),
        }
    }

    fn call(&self, programs: &Programs, sender: &Pubkey) -> Option<Instruction> {
        let (accounts, data) = match self {
            Self::Create(create) => (
                vec![
                    AccountMeta::new(programs.job(&create.client, &create.label)?, false),
                    AccountMeta::new(create.client, true),
                    AccountMeta::new_readonly(SYSTEM, false),
                ],
                Arguments::new(CREATE)
                    .text(&create.label)
                    .byte(create.job_type)
                    .number(create.price)
                    .text(&create.requirements_hash),
            ),
            Self::Assign {
                job,
                operator,
                node,
            } => (
                vec![
                    AccountMeta::new(*job, false),
                    AccountMeta::new_readonly(*operator, true),
                    AccountMeta::new_readonly(*operator, false),
                ],
                Arguments::new(ASSIGN).text(node),
            ),
            Self::Submit {
                job,
                operator,
                result_hash,
            } => (
                vec![
                    AccountMeta::new(*job, false),
                    AccountMeta::new(*operator, true),
                    AccountMeta::new_readonly(*operator, false),
                ],
                Arguments::new(SUBMIT).text(result_hash).text(""),
            ),
            Self::Settle {
                job,
                client_purse,
                operator_purse,
            } => (
                vec![
                    AccountMeta::new(*job, false),
                    AccountMeta::new(*client_purse, false),
                    AccountMeta::new(*operator_purse, false),
                    AccountMeta::new(programs.treasury, false),
                    AccountMeta::new(programs.incentive, false),
                    AccountMeta::new_readonly(*sender, true),
                    AccountMeta::new_readonly(TOKEN, false),
                ],
                Arguments::new(SETTLE),
            ),
        };
        Some(Instruction {
            program_id: programs.job_receipt,
            accounts,
            data: data.finish(),
        })
    }
}

fn approve(programs: &Programs, create: &Create, sender: &Pubkey) -> Instruction {
    let mut data = vec![APPROVE];
    data.extend(create.approved.to_le_bytes());
    Instruction {
        program_id: TOKEN,
        accounts: vec![
            AccountMeta::new(programs.purse(&create.client), false),
            AccountMeta::new_readonly(*sender, false),
            AccountMeta::new_readonly(create.client, true),
        ],
        data,
    }
}

/// What a message says; that it says nothing else is found by writing it again.
fn read(message: &Message, programs: &Programs) -> Result<Step, NoStep> {
    let call = message
        .instructions
        .last()
        .ok_or(NoStep::Shape("it does nothing"))?;
    // The library's own look-up panics where the index is out of range.
    let program = message.account_keys.get(usize::from(call.program_id_index));
    if program != Some(&programs.job_receipt) {
        return Err(NoStep::Shape("its last call is of another program"));
    }
    let account = |n: usize| {
        let index = call.accounts.get(n).copied().map(usize::from);
        let key = index.and_then(|index| message.account_keys.get(index));
        key.copied().ok_or(NoStep::Shape("accounts are missing"))
    };
    let (name, arguments) = call
        .data
        .split_first_chunk::<8>()
        .ok_or(NoStep::Shape("no call"))?;
    let mut arguments = Reader(arguments);
    let wrong = NoStep::Shape("its arguments cannot be read");
    Ok(match *name {
        CREATE => {
            let approve = message.instructions.first().ok_or(NoStep::More)?;
            let approved = approve
                .data
                .get(1..9)
                .and_then(|bytes| bytes.try_into().ok());
            let approved = approved.ok_or(NoStep::Shape("it approves nothing"))?;
            Step::Create(Create {
                client: account(1)?,
                label: arguments.text().ok_or(wrong)?,
                job_type: arguments.byte().ok_or(wrong)?,
                price: arguments.number().ok_or(wrong)?,
                approved: u64::from_le_bytes(approved),
                requirements_hash: arguments.text().ok_or(wrong)?,
            })
        }
        ASSIGN => Step::Assign {
            job: account(0)?,
            operator: account(1)?,
            node: arguments.text().ok_or(wrong)?,
        },
        SUBMIT => Step::Submit {
            job: account(0)?,
            operator: account(1)?,
            result_hash: arguments.text().ok_or(wrong)?,
        },
        SETTLE => Step::Settle {
            job: account(0)?,
            client_purse: account(1)?,
            operator_purse: account(2)?,
        },
        _ => return Err(NoStep::Shape("an unknown call")),
    })
}

#[cfg(test)]
mod tests;
