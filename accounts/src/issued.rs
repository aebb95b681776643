//! What nonces were issued for: kept with them, and compared when they come back.

use hypernode_state::accounts::{GetNonce, NoncePut, NonceRecord, NonceTake};
use hypernode_state::{Store, StoreExt, Unit};
use serde::{Deserialize, Serialize};

use crate::error::AccountError;
use crate::hosts::{HostChallenge, HostChange};
use crate::sign_in::NONCE;
use crate::siws::{Refusal, SignInMessage};

/// What a nonce was issued for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Issued {
    /// A wallet's sign-in.
    SignIn(SignInMessage),
    /// A wallet's change of a host key.
    HostChange(SignInMessage, HostChange),
    /// A host's proof of its key.
    Host(HostChallenge),
}

/// Keeps `issued` under `nonce` until `expires_at`.
pub(crate) async fn put(
    store: &dyn Store,
    nonce: &str,
    issued: &Issued,
    expires_at: i64,
) -> Result<(), AccountError> {
    // Strings in structs: cannot fail, and if it did the nonce would fit nothing.
    let issued = serde_json::to_vec(issued).unwrap_or_default();
    let nonce = NonceRecord {
        nonce: nonce.as_bytes().to_vec(),
        issued,
        expires_at,
    };
    Ok(store.run(NoncePut { nonce }).await?)
}

/// What `nonce` was issued for, while it is not used. Whoever acts on it takes it in the unit of what is done
/// ([`spend`]).
pub(crate) async fn look(store: &dyn Store, nonce: &str) -> Result<Issued, AccountError> {
    if nonce.len() != NONCE {
        return Err(Refusal::Replayed.into());
    }
    let found = store
        .ask(GetNonce {
            nonce: nonce.as_bytes().to_vec(),
        })
        .await?;
    found
        .and_then(|found| serde_json::from_slice(&found.issued).ok())
        .ok_or_else(|| Refusal::Replayed.into())
}

/// Takes `nonce` in `unit`: it is used if the unit happens, and the unit happens only if it was not used before.
pub(crate) fn spend(unit: &mut Unit, nonce: &str, now: i64) {
    unit.push(NonceTake {
        nonce: nonce.as_bytes().to_vec(),
        now,
    });
}

/// Takes `nonce`: whatever comes of it, it is used.
pub(crate) async fn take(store: &dyn Store, nonce: &str, now: i64) -> Result<Issued, AccountError> {
    // None of ours is longer; the store takes no more than it can hold.
    if nonce.len() != NONCE {
        return Err(Refusal::Replayed.into());
    }
    let taken = store
        .run(NonceTake {
            nonce: nonce.as_bytes().to_vec(),
            now,
        })
        .await?;
    serde_json::from_slice(&taken.issued).map_err(|_| Refusal::Replayed.into())
}
