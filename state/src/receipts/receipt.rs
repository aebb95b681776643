//! Match receipts.

use crate::ids::{Digest, UnixMs};
use crate::limits::{Bounded, Check, Checked, RECEIPT};

/// Adds the receipt of an offer or assignment; its number: ascending in the order of commits, from 1, never given twice.
/// Refused where the job has one for this fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptAdd {
    /// The job; it need not be there.
    pub job: String,
    /// The fence of the offer or assignment.
    pub fence: u32,
    /// Hash of the receipt, as it is signed.
    pub hash: Digest,
    /// The receipt; up to [`RECEIPT`] bytes.
    pub receipt: Vec<u8>,
    /// Over the hash.
    pub signature: [u8; 64],
    /// Now.
    pub at: UnixMs,
}

/// Receipts of a job by fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetReceipts {
    /// The job.
    pub job: String,
    /// Only fences greater than this; `None` for all.
    pub after: Option<u32>,
    /// At most so many; up to [`crate::limits::PAGE`].
    pub limit: u32,
}

/// Receipts of all jobs in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListReceipts {
    /// Only numbers greater than this; 0 for all.
    pub after: u64,
    /// At most so many; up to [`crate::limits::PAGE`].
    pub limit: u32,
}

/// A receipt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRecord {
    /// Its number.
    pub seq: u64,
    /// The job.
    pub job: String,
    /// The fence.
    pub fence: u32,
    /// Hash of the receipt.
    pub hash: Digest,
    /// The receipt.
    pub receipt: Vec<u8>,
    /// Over the hash.
    pub signature: [u8; 64],
    /// When it was added.
    pub at: UnixMs,
}

impl Bounded for ReceiptAdd {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("job", &self.job)?;
        check.blob("receipt", &self.receipt, RECEIPT)?;
        check.time("at", self.at)
    }
}

impl Bounded for GetReceipts {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("job", &self.job)?;
        check.page("limit", self.limit)
    }
}

impl Bounded for ListReceipts {
    fn check(&self, check: &mut Check) -> Checked {
        check.page("limit", self.limit)
    }
}
