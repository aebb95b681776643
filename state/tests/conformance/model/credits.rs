//! Credits as a list; sums are summed up each time.

use hypernode_state::UnixMs;
use hypernode_state::credits::{
    CreditAnswer, CreditOp, CreditQuery, CreditRecord, CreditRefusal, CreditReply, Earner, Earnings,
};

use super::{Stop, few};

#[derive(Debug, Clone, Default)]
pub(crate) struct Credits(Vec<CreditRecord>);

fn is_of(by: &Earner, credit: &CreditRecord) -> bool {
    match by {
        Earner::All => true,
        Earner::Node(node) => credit.node == *node,
        Earner::Wallet(wallet) => credit.wallet == *wallet,
    }
}

impl Credits {
    pub(crate) fn run(&mut self, op: &CreditOp) -> Result<CreditReply, Stop> {
        let CreditOp::CreditAdd(op) = op;
        if let Some(before) = self.0.iter().find(|credit| credit.job == op.job) {
            return Err(CreditRefusal::Exists {
                job: before.job.clone(),
                seq: before.seq,
                node: before.node.clone(),
                fence: before.fence,
            }
            .into());
        }
        let cost = op.cost;
        let seq = self.0.len() as u64 + 1;
        self.0.push(CreditRecord {
            seq,
            job: op.job.clone(),
            fence: op.fence,
            node: op.node.clone(),
            wallet: op.wallet,
            cost,
            operator: op.operator,
            treasury: op.treasury,
            incentive: op.incentive,
            orchestrator: op.orchestrator,
            at: op.at,
        });
        Ok(CreditReply::CreditAdd(seq))
    }

    fn earned(&self, by: &Earner) -> Earnings {
        let of = || self.0.iter().filter(|credit| is_of(by, credit));
        of().fold(Earnings::default(), |sums, credit| Earnings {
            credits: sums.credits + 1,
            cost: sums.cost.saturating_add(credit.cost),
            operator: sums.operator.saturating_add(credit.operator),
        })
    }

    /// Whether a job has a credit younger than this.
    pub(crate) fn younger(&self, job: &str, than: UnixMs) -> bool {
        let mut of_job = self.0.iter().filter(|credit| credit.job == job);
        of_job.any(|credit| credit.at > than)
    }

    pub(crate) fn ask(&self, query: &CreditQuery) -> CreditAnswer {
        match query {
            CreditQuery::GetCredit(query) => {
                let found = self.0.iter().find(|credit| credit.job == query.job);
                CreditAnswer::GetCredit(found.cloned())
            }
            CreditQuery::ListCredits(query) => {
                let fits = self.0.iter().filter(|credit| is_of(&query.by, credit));
                let after = fits.filter(|credit| credit.seq > query.after);
                CreditAnswer::ListCredits(few(after.cloned(), query.limit))
            }
            CreditQuery::Earned(query) => CreditAnswer::Earned(self.earned(&query.by)),
        }
    }
}
