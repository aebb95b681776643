//! Writing to the chain: off unless the operator turns it on.
//!
//! The transactions of a job are [`Step`]s. Each is kept before it is sent ([`send`]) and carried by the [`Clerk`]; the
//! sender's part of its signature is given by a process of its own ([`signer`]) that looks into what it signs. Clients and
//! owners sign for themselves.

mod answer;
mod clerk;
mod create;
mod data;
mod hosts;
mod plan;
mod planner;
mod programs;
mod rpc;
pub mod send;
pub mod signer;
mod step;
mod transaction;

pub use answer::signature as signature_of;
pub use clerk::{Clerk, ClerkError, NotSigned, Owners, Sender, base64};
pub use create::{CreateError, Ready, Unsigned, Wanted};
pub use hosts::OnHosts;
pub use plan::{Kept, Plan, name};
pub use planner::{CONSUMER, PlanError, Planner, forget, result_hash};
pub use programs::{Programs, purse};
pub use rpc::{HttpRpc, Rpc, RpcError, Status, Tried};
pub use step::{Create, NoStep, PACKET, Step};
pub use transaction::{
    LONGEST, NoTransaction, read as read_transaction, write as write_transaction,
};
