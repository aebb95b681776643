//! One job's life, without the world around it.
//!
//! ```text
//! waiting ─► queued ─► offered ─► leased ─► completed | failed | dead
//!    │          ▲─────────┴──────────┘
//!    └──────────┴── cancelled, dead when nothing came of it, or elsewhere: others have it on chain
//! ```
//! [`Job::apply`] takes an event and the time, and gives the effects: what must be sent, paid, and told. It reads no
//! clock and draws no lot. A refused event changes nothing.
//!
//! The **fence** counts what was given out: it rises by one with each offer or assignment, and whatever a host says
//! must carry the fence of what it holds. So an answer to something that was given up is never taken for an answer to
//! what came after.

mod apply;
mod effect;
mod event;
mod pay;
mod retry;
mod rules;
mod state;
mod terms;

pub use effect::{Effect, Effects};
pub use event::{By, Event, Fault, Outcome, Refusal};
pub use pay::{Pay, Split, cost};
pub use rules::Rules;
pub(crate) use state::address;
pub use state::{Cause, Exclusion, Job, Lease, Manner, Stands, State};
pub use terms::{PRIORITIES, Terms};

#[cfg(test)]
mod tests;
