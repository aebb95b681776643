//! Match receipts: how each offer or assignment came about, and the daily secrets that their lots were drawn with.
//!
//! Neither is ever changed. Receipts go with their job ([`crate::jobs::JobsTrim`]); secrets stay.

mod days;
mod receipt;

pub use days::{DaySecretPut, DaySecretRecord, GetDaySecret, ListDaySecrets};
pub use receipt::{GetReceipts, ListReceipts, ReceiptAdd, ReceiptRecord};

use crate::area::area;

area!(
    Receipt,
    /// Changes of match receipts and daily secrets.
    ops ReceiptOp -> ReceiptReply {
        ReceiptAdd => u64,
        DaySecretPut => (),
    }
    /// Questions about match receipts and daily secrets.
    queries ReceiptQuery -> ReceiptAnswer {
        GetReceipts => Vec<ReceiptRecord>,
        ListReceipts => Vec<ReceiptRecord>,
        GetDaySecret => Option<DaySecretRecord>,
        ListDaySecrets => Vec<DaySecretRecord>,
    }
);

/// Why a receipt or secret is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptRefusal {
    /// This offer or assignment has a receipt.
    #[error("job {job} has a receipt for fence {fence} already (receipt {seq})")]
    Exists {
        /// The job.
        job: String,
        /// The fence.
        fence: u32,
        /// The number of the receipt.
        seq: u64,
    },
    /// The day has its secret, which is never another one.
    #[error("day {day} has its secret already")]
    DayTaken {
        /// Days since 1970-01-01.
        day: u32,
    },
}
