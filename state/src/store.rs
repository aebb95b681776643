//! The trait that each implementation keeps, and its typed face.

use std::path::PathBuf;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::error::{BackupError, StoreError};
use crate::unit::{Answer, Query, Replies, TypedOp, TypedQuery, Unit};

/// A transactional store. Several processes may use one; what one has acknowledged the others read.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Carries out a unit. The answer comes when it is on disk; a future that is dropped before then leaves the
    /// outcome open, for the unit may be under way.
    ///
    /// # Errors
    /// [`StoreError`]; after every one but [`StoreError::Io`] and [`StoreError::Closed`] the unit left no trace.
    fn apply(&self, unit: Unit) -> BoxFuture<'_, Result<Replies, StoreError>>;

    /// Answers from what is committed: at least everything that was acknowledged before the call.
    ///
    /// # Errors
    /// [`StoreError`].
    fn read(&self, query: Query) -> BoxFuture<'_, Result<Answer, StoreError>>;

    /// Writes a copy of one moment to `to`, which must not exist, while the store goes on working. What is there
    /// in the end was opened and checked.
    ///
    /// # Errors
    /// [`BackupError`]; then nothing is left at `to`.
    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<BackupReport, BackupError>>;
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupReport {
    /// Bytes of the copy.
    pub bytes: u64,
    /// The newest migration in it.
    pub schema: u32,
    /// How long it took, with its check.
    pub took: Duration,
}

/// One operation, one query: typed.
pub trait StoreExt: Store {
    /// Carries out one operation as a unit of its own.
    ///
    /// # Errors
    /// As [`Store::apply`].
    fn run<O: TypedOp>(
        &self,
        op: O,
    ) -> impl Future<Output = Result<O::Reply, StoreError>> + Send + use<'_, Self, O> {
        let mut unit = Unit::new();
        let slot = unit.push(op);
        let applied = self.apply(unit);
        async move { applied.await?.take(slot) }
    }

    /// Asks one query.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn ask<Q: TypedQuery>(
        &self,
        query: Q,
    ) -> impl Future<Output = Result<Q::Answer, StoreError>> + Send + use<'_, Self, Q> {
        let read = self.read(query.into());
        async move { Q::answer(read.await?).ok_or(StoreError::NoReply { index: 0 }) }
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
