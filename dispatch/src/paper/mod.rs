//! Decisions as anybody may read them: the receipts of a job with their signatures, and the secrets of days that are over.

mod replay;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use hypernode_state::jobs::GetJob;
use hypernode_state::receipts::{GetReceipts, ReceiptRecord};
use hypernode_state::{Store, StoreError, StoreExt, limits};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::days::{Days, Published};
use crate::ids::JobId;
use crate::key::Key;

pub use replay::{Forged, Replayed};

/// Where decisions are read.
#[derive(Clone, Debug)]
pub struct Paper {
    store: Arc<dyn Store>,
    days: Arc<Days>,
    key: String,
}

/// What is told of a job's decisions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The job.
    pub job_id: JobId,
    /// The dispatcher's public key in base58: all signatures are its.
    pub key: String,
    /// Offers and assignments, by fence.
    pub decisions: Vec<Signed>,
    /// Where to go on: only fences greater than this were left out.
    pub next: Option<u32>,
}

/// A receipt with its signature.
#[derive(Debug, Serialize, Deserialize)]
pub struct Signed {
    /// Canonical JSON (RFC 8785); see [`crate::matching::Receipt`].
    pub receipt: Box<RawValue>,
    /// SHA-256 of it, as hex.
    pub hash: String,
    /// Over its bytes, by the dispatcher's key, in base58.
    pub signature: String,
    /// The secret of its day, as hex, once the day is over.
    pub secret: Option<String>,
}

/// Why nothing is told.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A receipt is not what was written.
    #[error("the receipt of job {job} for fence {fence} cannot be read: {error}")]
    Damaged {
        /// The job.
        job: String,
        /// The fence.
        fence: u32,
        /// Why.
        error: serde_json::Error,
    },
}

impl Paper {
    /// What is kept in `store`, signed by `key`.
    pub fn new(store: Arc<dyn Store>, days: Arc<Days>, key: &Key) -> Self {
        let key = key.public();
        Self { store, days, key }
    }

    /// The dispatcher's public key, in base58.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What may be known of the last `most` days and of those to come, latest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn days(&self, most: u32) -> Result<Vec<Published>, StoreError> {
        self.days.published(most).await
    }

    /// A job's decisions after a fence, at most [`limits::PAGE`]; `None` where there is no such job.
    ///
    /// # Errors
    /// [`PaperError`].
    pub async fn explain(
        &self,
        job: JobId,
        after: Option<u32>,
    ) -> Result<Option<Explained>, PaperError> {
        let id = job.to_string();
        let known = self.store.ask(GetJob {
            id: id.clone(),
            content: false,
            outcome: false,
        });
        if known.await?.is_none() {
            return Ok(None);
        }
        let limit = limits::PAGE;
        let kept = self.store.ask(GetReceipts {
            job: id,
            after,
            limit,
        });
        let kept = kept.await?;
        let mut decisions = Vec::with_capacity(kept.len());
        let mut secrets = HashMap::new();
        for receipt in &kept {
            decisions.push(self.signed(receipt, &mut secrets).await?);
        }
        let full = kept.len() == limit as usize;
        Ok(Some(Explained {
            job_id: job,
            key: self.key.clone(),
            decisions,
            next: kept.last().filter(|_| full).map(|last| last.fence),
        }))
    }

    /// A receipt with its day's secret; `secrets` are those that were asked for already.
    async fn signed(
        &self,
        kept: &ReceiptRecord,
        secrets: &mut HashMap<u32, Option<String>>,
    ) -> Result<Signed, PaperError> {
        #[derive(Deserialize)]
        struct Day {
            day: u32,
        }
        let damaged = |error| PaperError::Damaged {
            job: kept.job.clone(),
            fence: kept.fence,
            error,
        };
        let receipt: Box<RawValue> = serde_json::from_slice(&kept.receipt).map_err(damaged)?;
        let Day { day } = serde_json::from_slice(&kept.receipt).map_err(damaged)?;
        if let Entry::Vacant(secret) = secrets.entry(day) {
            let known = self.days.on(day).await?;
            secret.insert(known.and_then(|day| day.secret).map(hex::encode));
        }
        Ok(Signed {
            receipt,
            hash: hex::encode(kept.hash.0),
            signature: bs58::encode(kept.signature).into_string(),
            secret: secrets.get(&day).cloned().flatten(),
        })
    }
}
