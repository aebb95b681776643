//! Requests that may be repeated: one of a key works at a time, and what it was answered is kept with what it did.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hypernode_state::idempotency::{
    GetIdempotency, IdempotencyBegin, IdempotencyFinish, IdempotencyPurge, IdempotencyRecord,
};
use hypernode_state::{Address, Digest, Op, Store, StoreError, StoreExt, UnixMs};

use super::DeskError;

/// How long a key belongs to its first request.
const KEPT_MS: i64 = 24 * 3_600_000;
/// Nobody takes over what is begun and finished in one unit.
const HOLD_MS: i64 = 60_000;
/// Keys that are removed at a time.
const PURGED: u32 = 1_000;

/// Requests that are being worked on. Bounded by the number of all requests.
#[derive(Debug, Default)]
pub(super) struct Underway(Mutex<HashSet<(Address, String)>>);

/// The turn of one request; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    of: (Address, String),
    body: Digest,
    now: UnixMs,
    underway: Arc<Underway>,
}

/// What a key is good for.
#[derive(Debug)]
pub(super) enum Begun {
    /// To work.
    Works(Turn),
    /// To be answered as before.
    Answered(Vec<u8>),
}

impl Underway {
    fn set(&self) -> MutexGuard<'_, HashSet<(Address, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn of a request of `owner` under `key`, whose hash is `body`.
    pub(super) async fn begin(
        self: &Arc<Self>,
        store: &dyn Store,
        (owner, key): (Address, &str),
        body: Digest,
        now: UnixMs,
    ) -> Result<Begun, DeskError> {
        let of = (owner, key.to_owned());
        if !self.set().insert(of.clone()) {
            return Err(DeskError::InFlight);
        }
        let turn = Turn {
            of,
            body,
            now,
            underway: Arc::clone(self),
        };
        let known = store.ask(GetIdempotency {
            owner: owner.to_string(),
            key: key.to_owned(),
        });
        let known: Option<IdempotencyRecord> = known.await?;
        match known.filter(|record| now < record.expires_at) {
            None => Ok(Begun::Works(turn)),
            Some(record) if record.body != body => Err(DeskError::KeyReused),
            Some(IdempotencyRecord {
                response: Some(response),
                ..
            }) => Ok(Begun::Answered(response)),
            // Begun and finished in one unit: there is nothing in between.
            Some(_) => Err(DeskError::InFlight),
        }
    }
}

impl Turn {
    /// What keeps `response` for whoever repeats the request.
    pub(super) fn finish(&self, response: Vec<u8>) -> Vec<Op> {
        let (owner, key) = (self.of.0.to_string(), self.of.1.clone());
        let begin = IdempotencyBegin {
            owner: owner.clone(),
            key: key.clone(),
            body: self.body,
            now: self.now,
            hold_ms: HOLD_MS,
            expires_at: self.now.saturating_add(KEPT_MS),
        };
        let finish = IdempotencyFinish {
            owner,
            key,
            attempt: None,
            response,
        };
        vec![begin.into(), finish.into()]
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.underway.set().remove(&self.of);
    }
}

/// Removes keys whose time is over.
pub(super) async fn purge(store: &dyn Store, now: UnixMs) -> Result<(), StoreError> {
    let purge = IdempotencyPurge { now, limit: PURGED };
    while store.run(purge.clone()).await? == u64::from(PURGED) {}
    Ok(())
}
