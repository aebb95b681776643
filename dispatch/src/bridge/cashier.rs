//! Credits of jobs on chain: what a settlement that no fork can take back has distributed, once for each job.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hypernode_analytics::payments::{Payment, Place};
use hypernode_analytics::reputation::FeeAccounts;
use hypernode_state::credits::{CreditAdd, CreditRefusal};
use hypernode_state::cursors::{CursorMove, GetCursor};
use hypernode_state::jobs::GetJob;
use hypernode_state::{Address, Refusal, Seldom, Store, StoreError, StoreExt};
use solana_sdk::pubkey::Pubkey;

use super::follow::BridgeError;
use super::index::Index;
use super::write::purse;
use crate::board::Record;
use crate::ids::{Id, JobId, NodeId};
use crate::job::{Pay, State};
use crate::service::Clock;

/// The cursor's name in the store.
pub const PAYMENTS: &str = "bridge.payments";
/// Between looks at an index that has nothing new: a settlement is final half a minute after it happened anyway.
const PAUSE: Duration = Duration::from_secs(2);

/// Credits what the chain has paid.
#[derive(Clone)]
pub struct Cashier {
    /// The index.
    pub index: Arc<dyn Index>,
    /// Where jobs and credits are kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// The network's own accounts: a settlement that pays others proves nothing.
    pub fees: Vec<FeeAccounts>,
    /// The mint of HYPER, which makes an owner's account known by the owner.
    pub mint: Pubkey,
}

impl fmt::Debug for Cashier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cashier").finish_non_exhaustive()
    }
}

impl Cashier {
    /// Credits until it is dropped.
    pub async fn run(self) {
        let seldom = Seldom::new();
        loop {
            match self.round().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    if seldom.now() {
                        tracing::warn!("credits of jobs on chain: {error}");
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One round: settlements since the cursor are credited, then the cursor moves. Whether there is more at once.
    ///
    /// # Errors
    /// [`BridgeError`]; the round may be begun again at any time.
    pub async fn round(&self) -> Result<bool, BridgeError> {
        let name = PAYMENTS.to_owned();
        let kept = self.store.ask(GetCursor { name }).await?;
        let kept = kept.map(|cursor| cursor.position);
        let place = kept.as_ref().and_then(|at| at.parse::<Place>().ok());
        let told = self.index.payments(place).await?;
        for payment in &told.payments {
            self.credit(payment).await?;
        }
        if place != Some(told.next) {
            let step = CursorMove {
                name: PAYMENTS.to_owned(),
                from: kept,
                to: told.next.to_string(),
                at: (self.clock)(),
            };
            self.store.run(step).await?;
        }
        Ok(told.more)
    }

    /// Credits a settlement to the node that did the job here, if the chain says that it did, and that its owner was paid.
    async fn credit(&self, payment: &Payment) -> Result<(), BridgeError> {
        let job = JobId(Id::Address(Address(payment.job)));
        let get = GetJob {
            id: job.to_string(),
            content: false,
            outcome: false,
        };
        let Some(whole) = self.store.ask(get).await? else {
            return Ok(());
        };
        let record = serde_json::from_slice::<Record>(&whole.job.record);
        let record = record.map_err(|error| BridgeError::Record {
            job,
            error: error.to_string(),
        })?;
        let (State::Completed { node, .. }, Pay::OnChain(price)) =
            (record.job.state, record.job.terms.pay)
        else {
            return Ok(());
        };
        if let Some(why) = self.says_otherwise(payment, node, price) {
            tracing::warn!("the settlement of job {job} is not credited: {why}");
            return Ok(());
        }
        let add = CreditAdd {
            job: job.to_string(),
            fence: record.job.fence,
            node: node.to_string(),
            wallet: Address(payment.operator),
            cost: price,
            operator: payment.operator_amount,
            treasury: payment.treasury_amount,
            incentive: payment.incentive_amount,
            // The chain distributes nothing more: the rest stays with the client.
            orchestrator: 0,
            at: (self.clock)(),
        };
        match self.store.run(add).await {
            Ok(_) => Ok(()),
            Err(StoreError::Refused {
                why: Refusal::Credit(CreditRefusal::Exists { .. }),
                ..
            }) => Ok(()),
            Err(StoreError::Refused { why, .. }) => {
                tracing::warn!("the settlement of job {job} is not credited: {why}");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Why a settlement is none for what `node` did here.
    fn says_otherwise(&self, payment: &Payment, node: NodeId, price: u64) -> Option<&'static str> {
        if node != NodeId(Id::Address(Address(payment.node))) {
            return Some(
                "on chain the job is assigned to another node than the one that did it here",
            );
        }
        let fees = self.fees.iter();
        let mut fees =
            fees.filter(|fees| fees.received(payment.slot, &payment.treasury, &payment.incentive));
        if fees.next().is_none() {
            return Some(
                "its fee went to other accounts than the network's (network.fee_accounts)",
            );
        }
        let owner = Pubkey::new_from_array(payment.operator);
        if purse(&owner, &self.mint).to_bytes() != payment.purse {
            return Some("the node's part went to another account than its owner's");
        }
        let sum = payment
            .operator_amount
            .checked_add(payment.treasury_amount)
            .and_then(|sum| sum.checked_add(payment.incentive_amount));
        match sum {
            Some(sum) if sum <= price => None,
            _ => Some("it distributes more than the price"),
        }
    }
}
