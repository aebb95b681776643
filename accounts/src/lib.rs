//! Who someone is and what they may do: sign-in with Solana, sessions, keys, roles, limits.
//!
//! [`Accounts`] does what changes state, [`Authenticator`] tells who sends a token, [`rights`] says who may what,
//! [`limits`] how much. No HTTP here. Time is an argument (Unix milliseconds).
#![forbid(unsafe_code)]

mod accounts;
mod api_keys;
mod auth;
pub mod bench;
mod credential;
mod error;
mod host_keys;
mod hosts;
mod issued;
pub mod limits;
pub mod operators;
mod public_key;
pub mod rights;
mod secret;
mod sessions;
mod sign_in;
pub mod siws;
pub mod time;
mod trail;

pub use accounts::{Accounts, BadHubName};
pub use api_keys::{CreatedKey, KEYS, KeyRequest, LONGEST_GRACE};
pub use auth::{Authenticator, FRESH_MS, PLACES, Unauthenticated};
pub use credential::{Credential, KeyId, NotACredential};
pub use error::AccountError;
pub use hosts::{HostChallenge, HostChange, HostConsent, HostProof, HostRefusal};
pub use public_key::{NotAKey, PublicKey};
pub use secret::{Fingerprint, NoRandomness, Secret, random_bytes, random_text};
pub use sessions::Lifetime;
pub use sign_in::SignedIn;
