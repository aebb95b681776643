//! The bridge from the chain: what clients created there becomes a job here, once, and what the chain takes back goes.
//!
//! Nothing that happened is acted upon by itself. A change of the index only says which jobs to look at: then what is in
//! force about each on chain is compared with what is kept of it here ([`verdict`]). So a change may be told twice, late,
//! or after a crash, and a fork may take back what it will: the same jobs come out.

mod cashier;
mod follow;
mod index;
mod input;
mod order;
mod verdict;
pub mod write;

pub use cashier::{Cashier, PAYMENTS};
pub use follow::{Bridge, BridgeError, CURSOR, Defaults};
pub use index::{Index, Told, Warehouse};
pub use input::{Body, Inbox, InputError, Waiting, waiting};
pub use order::{Chained, OnChainTerms};
pub use verdict::{Known, Verdict, verdict};
