//! What is kept of a transaction: what it is for, and where it stands.

use serde::{Deserialize, Serialize};
use solana_sdk::pubkey::Pubkey;

use super::programs::Programs;
use super::send::Send;
use super::step::Step;
use crate::ids::{JobId, NodeId};

/// What is kept of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The job that it is about.
    pub job: JobId,
    /// What it is for.
    pub plan: Plan,
    /// Where it stands.
    pub send: Send,
}

/// What a transaction is for. Keys in base58.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "plan")]
pub enum Plan {
    /// The client creates the job: it came signed.
    Create {
        /// The client.
        client: String,
    },
    /// The node's owner takes it.
    Assign {
        /// The node.
        node: NodeId,
        /// Its owner.
        operator: String,
        /// The chain's string for it.
        label: String,
    },
    /// The node's owner hands in the result.
    Submit {
        /// The node.
        node: NodeId,
        /// Its owner.
        operator: String,
        /// SHA-256 of the result, in hex.
        result_hash: String,
    },
    /// The price is distributed.
    Settle {
        /// The client.
        client: String,
        /// The node's owner.
        operator: String,
    },
}

impl Plan {
    /// The plan's word, the first part of its name in the store.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Assign { .. } => "assign",
            Self::Submit { .. } => "submit",
            Self::Settle { .. } => "settle",
        }
    }

    /// The node whose owner has to sign.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Self::Assign { node, .. } | Self::Submit { node, .. } => Some(*node),
            Self::Create { .. } | Self::Settle { .. } => None,
        }
    }

    /// What must be on chain before.
    #[must_use]
    pub fn after(&self) -> Option<&'static str> {
        match self {
            Self::Create { .. } | Self::Assign { .. } => None,
            Self::Submit { .. } => Some("assign"),
            Self::Settle { .. } => Some("submit"),
        }
    }

    /// The step that is signed; `None` for one that comes signed, and for keys that are none.
    pub(super) fn step(&self, job: JobId, programs: &Programs) -> Option<Step> {
        let job: Pubkey = job.to_string().parse().ok()?;
        let key = |text: &str| text.parse::<Pubkey>().ok();
        Some(match self {
            Self::Create { .. } => return None,
            Self::Assign {
                operator, label, ..
            } => Step::Assign {
                job,
                operator: key(operator)?,
                node: label.clone(),
            },
            Self::Submit {
                operator,
                result_hash,
                ..
            } => Step::Submit {
                job,
                operator: key(operator)?,
                result_hash: result_hash.clone(),
            },
            Self::Settle { client, operator } => Step::Settle {
                job,
                client_purse: programs.purse(&key(client)?),
                operator_purse: programs.purse(&key(operator)?),
            },
        })
    }
}

/// The name of a job's transaction in the store.
#[must_use]
pub fn name(word: &str, job: JobId) -> String {
    format!("{word}:{job}")
}
