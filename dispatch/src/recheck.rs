//! Runs that are made again: of a sample of completed jobs, on a host of another owner, at nobody's cost. Whether both returned
//! the same is recorded; nothing else follows from it.

use std::sync::Arc;

use hypernode_state::credits::GetCredit;
use hypernode_state::jobs::{GetJob, JobWhole};
use hypernode_state::{Address, Digest, Seldom, Store, StoreError, StoreExt, UnixMs};
use rand::Rng as _;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::board::{Record, Submission};
use crate::ids::{JobId, NodeId};
use crate::job::{Pay, State, Terms};
use crate::outcome::{Kept, Verdict, compare};
use crate::service::facts::{self, Rechecked};
use crate::service::{Center, Change, Clock, Order};

/// Whose second runs are: nobody can sign for this address.
pub const OWNER: Address = Address([0; 32]);
/// What the nonce of a second run begins with; the first run's job follows.
const MARK: &[u8] = b"recheck|";

/// See the module.
#[derive(Clone)]
pub struct Recheck {
    /// Where jobs and results are kept.
    pub store: Arc<dyn Store>,
    /// Who gives out second runs.
    pub center: Center,
    /// The time.
    pub clock: Clock,
    /// So many of a thousand paid jobs; 0 for none.
    pub permille: u32,
}

impl std::fmt::Debug for Recheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recheck")
            .field("permille", &self.permille)
            .finish_non_exhaustive()
    }
}

/// The job that a second run is of.
fn first_of(record: &Record) -> Option<JobId> {
    if record.job.terms.owner != OWNER {
        return None;
    }
    let name = record.spec.nonce.strip_prefix(MARK)?;
    std::str::from_utf8(name).ok()?.parse().ok()
}

impl Recheck {
    /// Follows jobs until `stop`. Who falls behind samples fewer.
    pub async fn run(self, stop: CancellationToken) {
        let told = Seldom::new();
        let mut changes = self.center.changes().listen();
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = stop.cancelled() => return,
            };
            let done = match change {
                Ok(change) => self.look(&change).await,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = done
                && told.now()
            {
                tracing::warn!("a second run is left out: {error}");
            }
        }
    }

    async fn look(&self, change: &Change) -> Result<(), StoreError> {
        let record = &change.record;
        if !record.job.is_over() {
            return Ok(());
        }
        if let Some(first) = first_of(record) {
            return self.judge(first, record).await;
        }
        let completed = matches!(record.job.state, State::Completed { .. });
        if completed && rand::rng().random_range(0..1_000) < self.permille {
            self.again(record).await?;
        }
        Ok(())
    }

    async fn whole(&self, job: JobId, content: bool) -> Result<Option<JobWhole>, StoreError> {
        let get = GetJob {
            id: job.to_string(),
            content,
            outcome: true,
        };
        self.store.ask(get).await
    }

    /// Gives the job out a second time.
    async fn again(&self, record: &Record) -> Result<(), StoreError> {
        let job = record.job.id;
        // Whom the first run was paid to does not get the second; what only its submitter's hosts may run stays there.
        let credit = self.store.ask(GetCredit {
            job: job.to_string(),
        });
        let (Some(credit), None) = (credit.await?, record.spec.needs.owner) else {
            return Ok(());
        };
        let Some(whole) = self.whole(job, true).await? else {
            return Ok(());
        };
        let order = order(record, credit.wallet, whole, (self.clock)());
        if let Ok(dispatch) = self.center.now() {
            // A dispatcher that starts anew, or has too much open, leaves this one out.
            let _ = dispatch.submit(order).await;
        }
        Ok(())
    }

    /// Records what the two runs came to.
    async fn judge(&self, first: JobId, record: &Record) -> Result<(), StoreError> {
        let copy = record.job.id;
        let (one, two) = (
            self.whole(first, false).await?,
            self.whole(copy, false).await?,
        );
        let kept = |whole: &Option<JobWhole>| {
            let outcome = whole.as_ref().and_then(|whole| whole.outcome.as_deref());
            outcome.map(Kept::read).unwrap_or_default()
        };
        let (verdict, second) = match record.job.state {
            State::Completed { node, .. } => (compare(&kept(&one), &kept(&two)), Some(node)),
            _ => (Verdict::Undecidable, None),
        };
        let node = one.as_ref().and_then(|whole| whole.job.node.clone());
        let node: Option<NodeId> = node.and_then(|name| name.parse().ok());
        let rechecked = Rechecked {
            at: (self.clock)(),
            job: first,
            rechecked: verdict,
            copy,
            kind: one.map(|whole| whole.job.kind).unwrap_or_default(),
            node,
            second,
        };
        if let Ok(fact) = facts::rechecked(&rechecked) {
            self.store.run(fact).await?;
        }
        Ok(())
    }
}

/// The second run of a job: the same work, for nobody's money, on hosts of another wallet.
fn order(record: &Record, paid: Address, whole: JobWhole, now: UnixMs) -> Order {
    let mut needs = record.spec.needs.clone();
    needs.max_ask = None;
    needs.not_owner = Some(paid);
    let nonce = [MARK, record.job.id.to_string().as_bytes()].concat();
    Order {
        submission: Submission {
            id: JobId::uuid(rand::rng().random()),
            terms: Terms {
                owner: OWNER,
                submitted_at: now,
                max_retries: 1,
                priority: 0,
                pay: Pay::Nothing,
                ..record.job.terms
            },
            needs,
            content: Digest(record.spec.content.0),
            nonce,
            waits: false,
            key: None,
        },
        kind: whole.job.kind,
        content: whole.content.unwrap_or_default(),
        beside: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn results_are_compared_as_values() {
        let kept = |result: Value| Kept {
            result,
            ..Kept::default()
        };
        let of = |one: Value, two: Value| compare(&kept(one), &kept(two));
        assert_eq!(
            of(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1.0})),
            Verdict::Equal
        );
        assert_eq!(of(json!({"a": 1}), json!({"a": 2})), Verdict::Different);
        assert_eq!(of(json!("x"), json!(null)), Verdict::Undecidable);
        assert_eq!(of(json!(null), json!(null)), Verdict::Undecidable);
    }
}
