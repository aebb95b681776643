//! HNR-1 of every node, from finalized facts (docs/reputation.md): evidence is derived and stored as the chain becomes
//! final, scores are computed from it by SQL.

mod accounts;
mod answer;
mod evidence;
mod keeper;
mod proof;
mod roots;
mod sql;
mod standings;
mod sums;
mod top;

pub(crate) use accounts::write as write_accounts;
pub use accounts::{BadAccounts, base58, parse as fee_accounts};
pub use answer::{At, Reputation, at};
pub use hypernode_score::FeeAccounts;
pub use hypernode_score::constants::VERSION;
pub use keeper::{Keeper, Step};
pub use proof::{DayEvidence, JobEvidence, MAX_PAGE, Proof, proof};
pub use roots::{NodePath, Root, between as roots_between, newest as newest_root, sha256};
pub use sql::scores_sql;
pub use standings::{Standing, judged, standings};
pub use top::{MAX_TOP, Ranked, top};
