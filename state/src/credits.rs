//! What nodes earned: one credit for a job, for ever.
//!
//! Credits are only added, and outlive their jobs. Amounts are raw units over the whole range of `u64`; the sums of each
//! node, each wallet and all together are kept with them, and stay at the end of the range where they would pass it: no
//! credit is refused for what others earned before.

use crate::area::area;
use crate::ids::{Address, UnixMs};
use crate::limits::{Bounded, Check, Checked};

area!(
    Credit,
    /// Changes of credits.
    ops CreditOp -> CreditReply {
        CreditAdd => u64,
    }
    /// Questions about credits.
    queries CreditQuery -> CreditAnswer {
        GetCredit => Option<CreditRecord>,
        ListCredits => Vec<CreditRecord>,
        Earned => Earnings,
    }
);

/// Credits a node for a job; the credit's number. The four parts add up to the cost at most: on chain a rest stays with the
/// client. Refused where the job has a credit, or a sum would not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditAdd {
    /// The job; it need not be there.
    pub job: String,
    /// The fence by which the node held it.
    pub fence: u32,
    /// The node.
    pub node: String,
    /// The node's wallet.
    pub wallet: Address,
    /// What the job cost.
    pub cost: u64,
    /// The node's part.
    pub operator: u64,
    /// The treasury's part.
    pub treasury: u64,
    /// The part for incentives.
    pub incentive: u64,
    /// The orchestrator's part.
    pub orchestrator: u64,
    /// Now.
    pub at: UnixMs,
}

/// Who earned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earner {
    /// All together.
    All,
    /// A node.
    Node(String),
    /// A wallet, with all its nodes.
    Wallet(Address),
}

/// The credit of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCredit {
    /// The job.
    pub job: String,
}

/// Credits in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListCredits {
    /// Whose.
    pub by: Earner,
    /// Only numbers greater than this; 0 for all.
    pub after: u64,
    /// At most so many; up to [`crate::limits::PAGE`].
    pub limit: u32,
}

/// The sums of somebody's credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earned {
    /// Whose.
    pub by: Earner,
}

/// A credit as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditRecord {
    /// Its number, ascending in the order of commits, from 1, without holes.
    pub seq: u64,
    /// The job.
    pub job: String,
    /// The fence by which the node held it.
    pub fence: u32,
    /// The node.
    pub node: String,
    /// The node's wallet then.
    pub wallet: Address,
    /// What the job cost.
    pub cost: u64,
    /// The node's part.
    pub operator: u64,
    /// The treasury's part.
    pub treasury: u64,
    /// The part for incentives.
    pub incentive: u64,
    /// The orchestrator's part.
    pub orchestrator: u64,
    /// When.
    pub at: UnixMs,
}

/// Sums of credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Earnings {
    /// How many.
    pub credits: u64,
    /// Of what the jobs cost.
    pub cost: u64,
    /// Of the nodes' parts.
    pub operator: u64,
}

impl Earnings {
    /// With one credit more. A sum that would not fit stays at the end of its range.
    #[must_use]
    pub fn with(self, cost: u64, operator: u64) -> Self {
        Self {
            credits: self.credits.saturating_add(1),
            cost: self.cost.saturating_add(cost),
            operator: self.operator.saturating_add(operator),
        }
    }
}

/// Why a credit is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreditRefusal {
    /// The job was credited before.
    #[error("job {job} was credited to node {node} at fence {fence} before (credit {seq})")]
    Exists {
        /// The job.
        job: String,
        /// The number of its credit.
        seq: u64,
        /// Who has the credit.
        node: String,
        /// By which fence.
        fence: u32,
    },
}

impl Bounded for CreditAdd {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("job", &self.job)?;
        check.id("node", &self.node)?;
        let parts = [
            self.operator,
            self.treasury,
            self.incentive,
            self.orchestrator,
        ];
        let sum = parts.into_iter().try_fold(0_u64, u64::checked_add);
        let fits = sum.is_some_and(|sum| sum <= self.cost);
        check.that("cost", fits, "be no less than the sum of its parts")?;
        check.time("at", self.at)
    }
}

impl Bounded for Earner {
    fn check(&self, check: &mut Check) -> Checked {
        match self {
            Self::Node(node) => check.id("node", node),
            Self::All | Self::Wallet(_) => Ok(()),
        }
    }
}

impl Bounded for GetCredit {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("job", &self.job)
    }
}

impl Bounded for ListCredits {
    fn check(&self, check: &mut Check) -> Checked {
        self.by.check(check)?;
        check.page("limit", self.limit)
    }
}

impl Bounded for Earned {
    fn check(&self, check: &mut Check) -> Checked {
        self.by.check(check)
    }
}
