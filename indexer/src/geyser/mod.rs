//! The live source: Yellowstone Geyser gRPC, with a reconnect policy of its own.
//!
//! `blocks` filtered to the configured programs (each message is one whole block with the matching transactions: its
//! parent links prove continuity), `slots` in every status, `blocks_meta`, `accounts` by owner; at commitment confirmed. The task only
//! receives and passes on, through a queue bounded by bytes: a slow consumer makes the server cut the stream, and the
//! stream is taken up again from the last published slot.

mod backoff;
mod codec;
mod endpoint;
mod failure;
mod probe;
mod request;
mod source;
mod wire;

use std::fmt;
use std::time::Duration;

use hypernode_decoder::chain::Pubkey;
use tokio::sync::OwnedSemaphorePermit;

use crate::slots::Input;
pub(crate) use backoff::Backoff;
pub(crate) use codec::Wire;
pub use probe::{Probe, probe};
pub use source::run;
pub use wire::Update;

/// A Geyser server.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// `http://` or `https://` address.
    pub url: String,
    /// Token of the service. Never printed.
    pub x_token: Option<String>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("url", &self.url)
            .field("x_token", &self.x_token.as_ref().map(|_| "(set)"))
            .finish()
    }
}

/// How to reach a Geyser server, and what to ask of it.
#[derive(Clone)]
pub struct GeyserOptions {
    /// `http://` or `https://` address.
    pub url: String,
    /// Token of the service. Never printed.
    pub x_token: Option<String>,
    /// Servers of the same network, asked in this order while those before them fail.
    pub fallbacks: Vec<Server>,
    /// Programs whose transactions are wanted.
    pub program_ids: Vec<Pubkey>,
    /// Programs whose accounts are wanted.
    pub account_owners: Vec<Pubkey>,
    /// Slot to start from when nothing is indexed yet; `None` starts at the tip.
    pub from_slot: Option<u64>,
    /// Slots asked for again before the last published one.
    pub overlap: u64,
    /// Time with nothing but pings after which the connection counts as dead.
    pub idle: Duration,
    /// First pause before reconnecting; it doubles up to `max_pause`, with jitter.
    pub first_pause: Duration,
    /// Longest pause before reconnecting.
    pub max_pause: Duration,
    /// Bytes of messages that may wait for the pipeline.
    pub buffer_bytes: usize,
}

impl GeyserOptions {
    /// Defaults for everything but the address.
    #[must_use]
    pub fn new(url: impl Into<String>, program_ids: Vec<Pubkey>) -> Self {
        Self {
            url: url.into(),
            x_token: None,
            fallbacks: Vec::new(),
            program_ids,
            account_owners: Vec::new(),
            from_slot: None,
            overlap: 4,
            idle: Duration::from_secs(30),
            first_pause: Duration::from_millis(250),
            max_pause: Duration::from_secs(30),
            buffer_bytes: 64 << 20,
        }
    }
}

impl fmt::Debug for GeyserOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeyserOptions")
            .field("url", &self.url)
            .field("x_token", &self.x_token.as_ref().map(|_| "(set)"))
            .field("fallbacks", &self.fallbacks)
            .field("programs", &self.program_ids.len())
            .field("from_slot", &self.from_slot)
            .finish_non_exhaustive()
    }
}

/// Why the source gave up. Everything else is retried for ever.
#[derive(Debug, thiserror::Error)]
pub enum GeyserError {
    /// The address is no address.
    #[error("geyser URL {url:?} is invalid: {reason}")]
    Url {
        /// The address.
        url: String,
        /// The cause.
        reason: String,
    },
    /// The token is no header value.
    #[error("the Geyser x-token holds characters that a header cannot carry")]
    Token,
    /// The server refuses the token.
    #[error("the Geyser server at {url} refuses access ({reason}): set the right x-token")]
    Refused {
        /// The address.
        url: String,
        /// What the server says.
        reason: String,
    },
}

/// What the source tells the pipeline.
#[derive(Debug)]
pub enum Event {
    /// A message; the permit frees its share of the source's buffer when dropped.
    Update(Update, Option<OwnedSemaphorePermit>),
    /// A message that an earlier run received and did not store.
    Kept(Update),
    /// What another source says; the permit frees its room when dropped.
    Inputs(Vec<Input>, Option<OwnedSemaphorePermit>),
    /// The stream is up, from this slot on (`None`: from the tip).
    Connected {
        /// First slot asked for.
        from_slot: Option<u64>,
    },
    /// The stream is down until the next attempt.
    Disconnected {
        /// Why.
        reason: String,
        /// Pause before the next attempt.
        retry_in: Duration,
    },
    /// The server does not serve account updates: the stream goes on without them.
    AccountsRefused {
        /// What it says.
        reason: String,
    },
    /// The server no longer holds the slots after the last published one.
    ReplayLost {
        /// First slot wanted.
        wanted: u64,
        /// First slot that the server still holds, if it says so.
        available: Option<u64>,
    },
}

impl Event {
    /// Bytes that it takes, roughly.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Update(update, _) | Self::Kept(update) => update.size(),
            _ => 0,
        }
    }

    /// The same message once more; what is none is said once.
    pub(crate) fn copy(&self) -> Option<Self> {
        match self {
            Self::Update(update, _) | Self::Kept(update) => {
                Some(Self::Update(update.clone(), None))
            }
            _ => None,
        }
    }
}
