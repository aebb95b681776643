//! Sign-in with Solana: a wallet proves that it holds an address by signing a text that we issued.

mod challenge;
mod envelope;
mod message;
mod verify;

pub use challenge::{Chain, PolicyError, SignInPolicy, Site};
pub use envelope::{BadEnvelope, open};
pub use message::{LONGEST, MalformedText, SignInMessage};
pub use verify::{Field, Refusal, SignInOutput, Signed, read, verify};
pub(crate) use verify::{answers, genuine};
