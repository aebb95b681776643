//! Uses of tokens that are still to be noted in the store, so that no request waits for the disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hypernode_state::accounts::{ApiKeyTouch, SessionTouch};
use hypernode_state::{Store, StoreError, StoreExt};

use crate::credential::Credential;
use crate::secret::Fingerprint;

/// Uses that may wait; more are not noted, and due again with the next lookup.
const WAITING: usize = 4096;

/// Uses that wait.
#[derive(Debug, Default)]
pub(super) struct Touches(Mutex<HashMap<Fingerprint, (Credential, i64)>>);

impl Touches {
    /// Notes that `credential` was used at `now`.
    pub(super) fn add(&self, credential: Credential, now: i64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING {
            waiting.insert(credential.fingerprint(), (credential, now));
        }
    }

    /// Writes what waits. What the store refuses (ended meanwhile) is dropped.
    pub(super) async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // All at once: the store makes few commits of them.
        let writes = waiting.into_values().map(|(credential, now)| async move {
            let written = match credential {
                Credential::Session(token) => store
                    .run(SessionTouch {
                        token: token.into(),
                        now,
                    })
                    .await
                    .map(drop),
                Credential::Key(id, _) => {
                    store
                        .run(ApiKeyTouch {
                            id: id.to_string(),
                            at: now,
                        })
                        .await
                }
                // Its node's signs of life say when it was used.
                Credential::Node(_) => Ok(()),
            };
            match written {
                Err(error) if error.refusal().is_none() => Err(error),
                _ => Ok(()),
            }
        });
        futures::future::join_all(writes)
            .await
            .into_iter()
            .collect()
    }
}
