//! Recomputes a published reputation from chain RPC alone, without any table of ours, and says whether it is the same.
//!
//! [`published`] reads what an API states, with its evidence. [`audit`] finds the same on chain: the node's registration by
//! the signatures of its account, its owner's transactions by the owner's, and every job that one of them gave to the node
//! by the job's; all of it decoded as an indexer does and judged by [`hypernode_score`]. [`Report`] holds both, and what
//! differs.
//!
//! What it trusts: the RPC endpoint, which may leave transactions out, and the network that it is given (program ids, IDLs
//! by hash, fee accounts), which the report states. From the API it takes nothing but the numbers under test and, where
//! no other is given, that network.
#![forbid(unsafe_code)]

mod audit;
mod chain;
mod compare;
mod difference;
mod error;
mod events;
mod facts;
mod http;
mod idls;
mod keys;
mod native;
pub mod network;
mod progress;
pub mod published;
mod recompute;
mod report;
mod roots;
mod rpc;

pub use audit::{Audit, audit};
pub use difference::{Difference, Side};
pub use error::AuditError;
pub use idls::UsedIdl;
pub use keys::{Key, Signature, parse_key, show_key, show_signature};
pub use network::Network;
pub use progress::Progress;
pub use recompute::{Evidence, Figures, Kind};
pub use report::{Report, Source};
pub use roots::Rooted;
pub use rpc::RpcError;
