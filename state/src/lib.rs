//! The transactional store: one trait, an implementation on SQLite, a conformance suite that each implementation passes.
//!
//! A change is data: a [`Unit`] is a list of operations that happen all or not at all, each with its own precondition.
//! The first operation that is refused names itself ([`StoreError::Refused`]) and the whole unit leaves no trace. A reply
//! means that the unit is on disk. Since units are data, every implementation carries out the same thing, and the suite
//! in `tests/conformance` replays random ones against a plain model.
//!
//! ```text
//! store.run(SessionCreate { .. }).await?      one operation, its typed reply
//! store.ask(GetSession { .. }).await?         one query, its typed answer
//!
//! let mut unit = Unit::new();                 several at once
//! unit.push(NonceTake { .. });
//! let session = unit.push(SessionCreate { .. });
//! let mut replies = store.apply(unit).await?;
//! let session = replies.take(session)?;
//! ```
//!
//! Time is an argument everywhere (Unix milliseconds): the store reads no clock.
#![forbid(unsafe_code)]

pub mod accounts;
mod area;
pub mod bench;
pub mod budgets;
pub mod credits;
pub mod cursors;
mod error;
pub mod idempotency;
mod ids;
pub mod jobs;
pub mod leases;
pub mod limits;
pub mod nodes;
pub mod outbox;
pub mod receipts;
mod seldom;
pub mod sends;
pub mod sqlite;
mod store;
pub mod tasks;
mod unit;

pub use error::{BackupError, OpenError, Refusal, RestoreError, StoreError};
pub use ids::{Address, Digest, UnixMs};
pub use seldom::Seldom;
pub use sqlite::SqliteStore;
pub use store::{BackupReport, Store, StoreExt};
pub use unit::{Answer, Op, Query, Replies, Reply, Slot, TypedOp, TypedQuery, Unit};
