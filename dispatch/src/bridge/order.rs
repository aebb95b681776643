//! A job of the chain as it is handed to the dispatcher.

use hypernode_analytics::chain_jobs::{Created, OnChain};
use hypernode_state::{Address, Digest, UnixMs, limits};
use hypernode_wire::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::follow::Defaults;
use crate::board::Submission;
use crate::content::Content;
use crate::ids::{Id, JobId};
use crate::job::{Pay, Terms};
use crate::matching::Needs;
use crate::service::Order;

/// A job's content with what the chain says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chained {
    /// What was submitted; input and requirements are null until they come.
    #[serde(flatten)]
    pub content: Content,
    /// What the chain says.
    pub chain: OnChainTerms,
}

/// What the chain says of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnChainTerms {
    /// The chain's own string for it.
    pub label: String,
    /// SHA-256 of what is to come, in hex as its client wrote it.
    pub requirements_hash: String,
    /// Raw HYPER, as text: JSON numbers lose digits.
    pub price: String,
}

/// The order for a job that the chain says was created; `None` where its hash is not known: no input could be told to be
/// the right one.
pub(super) fn order(
    chain: &OnChain,
    now: UnixMs,
    defaults: &Defaults,
) -> Result<Option<Order>, serde_json::Error> {
    let Some(created) = &chain.created else {
        return Ok(None);
    };
    let Some(hash) = &created.requirements_hash else {
        return Ok(None);
    };
    let kind = kind(created);
    let content = Chained {
        content: Content {
            job_type: kind.clone(),
            model: "default".to_owned(),
            input: Value::Null,
            requirements: Value::Null,
            manifest: None,
            args: Args::new(),
        },
        chain: OnChainTerms {
            label: created.label.clone(),
            requirements_hash: hash.clone(),
            price: created.price.to_string(),
        },
    };
    let terms = Terms {
        owner: Address(created.client),
        // The day for its input begins with its block; a clock of the chain that runs ahead gives it no longer one.
        submitted_at: created.at.saturating_mul(1000).clamp(0, now),
        max_duration_s: defaults.max_duration_s,
        max_retries: defaults.max_retries,
        priority: defaults.priority,
        pay: Pay::OnChain(created.price),
    };
    Ok(Some(Order {
        submission: Submission {
            id: JobId(Id::Address(Address(chain.job))),
            terms,
            needs: Needs::default(),
            content: digest(hash),
            nonce: Vec::new(),
            waits: true,
            key: None,
        },
        kind,
        content: serde_json::to_vec(&content)?,
        beside: Vec::new(),
    }))
}

/// The type that is kept; of one that the map of events does not know only that.
fn kind(created: &Created) -> String {
    match created.job_type.len() {
        1..=limits::KIND if !created.job_type.contains('\0') => created.job_type.clone(),
        _ => "unknown".to_owned(),
    }
}

/// The hash's bytes, or those of a text that is no hash: no input has that one.
fn digest(hash: &str) -> Digest {
    let mut bytes = [0; 32];
    match hex::decode_to_slice(hash, &mut bytes) {
        Ok(()) => Digest(bytes),
        Err(_) => Digest(Sha256::digest(hash).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(job_type: &str, hash: Option<&str>, at: i64) -> OnChain {
        OnChain {
            job: [9; 32],
            created: Some(Created {
                client: [2; 32],
                label: "two\0lines\n".to_owned(),
                job_type: job_type.to_owned(),
                price: u64::MAX,
                at,
                requirements_hash: hash.map(str::to_owned),
            }),
            assigned: false,
            completed: false,
            failed: false,
            paid: false,
            cancelled: false,
        }
    }

    #[test]
    fn a_job_is_its_account_its_owner_the_client_its_pay_the_price() {
        let hash = "AB".repeat(32);
        let chain = chain("render", Some(&hash), 50);
        let order = order(&chain, 60_000, &Defaults::default())
            .expect("json")
            .expect("an order");
        let Submission {
            id,
            terms,
            waits,
            content,
            ..
        } = order.submission;
        assert_eq!(id.to_string(), bs58::encode([9; 32]).into_string());
        assert_eq!(
            (terms.owner, terms.pay, waits),
            (Address([2; 32]), Pay::OnChain(u64::MAX), true)
        );
        assert_eq!((terms.submitted_at, content), (50_000, Digest([0xab; 32])));
        let kept: Chained = serde_json::from_slice(&order.content).expect("chained");
        assert_eq!(kept.chain.requirements_hash, hash);
        assert_eq!(kept.chain.price, u64::MAX.to_string());
        // Who reads contents of any job reads this one.
        let plain: Content = serde_json::from_slice(&order.content).expect("content");
        assert_eq!((plain, order.kind.as_str()), (kept.content, "render"));
    }

    #[test]
    fn odd_jobs_are_kept_within_the_stores_limits() {
        for odd in [String::new(), "x".repeat(33), "a\0b".to_owned()] {
            let chain = chain(&odd, Some("no hash"), i64::MAX);
            let order = order(&chain, 7, &Defaults::default())
                .expect("json")
                .expect("an order");
            assert_eq!(
                (order.kind.as_str(), order.submission.terms.submitted_at),
                ("unknown", 7)
            );
        }
        let unknown = order(&chain("render", None, 0), 7, &Defaults::default());
        assert_eq!(unknown.expect("json"), None);
    }
}
