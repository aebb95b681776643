//! Match receipts as a list, daily secrets as a map.

use std::collections::BTreeMap;

use hypernode_state::receipts::{
    DaySecretRecord, ReceiptAnswer, ReceiptOp, ReceiptQuery, ReceiptRecord, ReceiptRefusal,
    ReceiptReply,
};

use super::{Stop, few};

#[derive(Debug, Clone, Default)]
pub(crate) struct Receipts {
    last: u64,
    receipts: Vec<ReceiptRecord>,
    days: BTreeMap<u32, DaySecretRecord>,
}

impl Receipts {
    pub(crate) fn run(&mut self, op: &ReceiptOp) -> Result<ReceiptReply, Stop> {
        Ok(match op {
            ReceiptOp::ReceiptAdd(op) => {
                let mut of_job = self.receipts.iter().filter(|r| r.job == op.job);
                if let Some(ReceiptRecord { seq, .. }) = of_job.find(|r| r.fence == op.fence) {
                    let (job, fence, seq) = (op.job.clone(), op.fence, *seq);
                    return Err(ReceiptRefusal::Exists { job, fence, seq }.into());
                }
                self.last += 1;
                self.receipts.push(ReceiptRecord {
                    seq: self.last,
                    job: op.job.clone(),
                    fence: op.fence,
                    hash: op.hash,
                    receipt: op.receipt.clone(),
                    signature: op.signature,
                    at: op.at,
                });
                ReceiptReply::ReceiptAdd(self.last)
            }
            ReceiptOp::DaySecretPut(op) => {
                let day = op.secret.day;
                if self.days.contains_key(&day) {
                    return Err(ReceiptRefusal::DayTaken { day }.into());
                }
                self.days.insert(day, op.secret.clone());
                ReceiptReply::DaySecretPut(())
            }
        })
    }

    pub(crate) fn forget(&mut self, job: &str) {
        self.receipts.retain(|receipt| receipt.job != job);
    }

    pub(crate) fn ask(&self, query: &ReceiptQuery) -> ReceiptAnswer {
        match query {
            ReceiptQuery::GetReceipts(query) => {
                let of_job = self.receipts.iter().filter(|r| r.job == query.job);
                let fits = of_job.filter(|r| query.after.is_none_or(|after| r.fence > after));
                let mut fits: Vec<_> = fits.cloned().collect();
                fits.sort_by_key(|receipt| receipt.fence);
                ReceiptAnswer::GetReceipts(few(fits.into_iter(), query.limit))
            }
            ReceiptQuery::ListReceipts(query) => {
                let after = self.receipts.iter().filter(|r| r.seq > query.after);
                ReceiptAnswer::ListReceipts(few(after.cloned(), query.limit))
            }
            ReceiptQuery::GetDaySecret(query) => {
                ReceiptAnswer::GetDaySecret(self.days.get(&query.day).cloned())
            }
            ReceiptQuery::ListDaySecrets(query) => {
                let days = self.days.values();
                let after =
                    days.filter(|secret| query.after.is_none_or(|after| secret.day > after));
                ReceiptAnswer::ListDaySecrets(few(after.cloned(), query.limit))
            }
        }
    }
}
