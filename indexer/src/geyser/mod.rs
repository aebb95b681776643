//! The live source: Yellowstone Geyser gRPC, with a reconnect policy of its own.
//!
//! `blocks` filtered to the configured programs (each message is one whole block with the matching transactions: its
//! parent links prove continuity), `slots` in every status, `blocks_meta`, `accounts` by owner; at commitment confirmed. The task only
//! receives and passes on, through a queue bounded by bytes: a slow consumer makes the server cut the stream, and the
//! stream is taken up again from the last published slot.

mod backoff;
mod codec;
mod failure;
mod request;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use hypernode_decoder::chain::Pubkey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tonic::transport::ClientTlsConfig;
use tonic::{Code, Status};
use yellowstone_grpc_client::{GeyserGrpcClient, InterceptorXToken};
use yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;

use crate::slots::Input;
pub(crate) use backoff::Backoff;
pub(crate) use codec::Wire;
use failure::{Failure, classify};
use wire::Connection;
pub use wire::Update;

/// How to reach a Geyser server, and what to ask of it.
#[derive(Clone)]
pub struct GeyserOptions {
    /// `http://` or `https://` address.
    pub url: String,
    /// Token of the service. Never printed.
    pub x_token: Option<String>,
    /// Programs whose transactions are wanted.
    pub program_ids: Vec<Pubkey>,
    /// Programs whose accounts are wanted.
    pub account_owners: Vec<Pubkey>,
    /// Slot to start from when nothing is indexed yet; `None` starts at the tip.
    pub from_slot: Option<u64>,
    /// Slots asked for again before the last published one.
    pub overlap: u64,
    /// Silence (pings included) after which the connection counts as dead.
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

/// Receives until `shutdown`; `published` carries the last published slot, from which a new stream is asked for. A change
/// of `resync` ends the stream at hand: something is missing, and a new one may bring it.
///
/// # Errors
/// Only where trying again cannot help: a bad address, a refused token.
pub async fn run(
    options: GeyserOptions,
    published: watch::Receiver<Option<u64>>,
    resync: watch::Receiver<u64>,
    events: mpsc::Sender<Event>,
    shutdown: CancellationToken,
) -> Result<(), GeyserError> {
    // Several TLS providers may be linked in; without a choice the library panics.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut source = Source {
        buffer: Arc::new(Semaphore::new((options.buffer_bytes / PERMIT_BYTES).max(1))),
        backoff: Backoff::new(options.first_pause, options.max_pause),
        options,
        published,
        resync,
        events,
        lost: None,
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        result = source.forever() => result,
    }
}

/// Bytes per permit of the buffer.
const PERMIT_BYTES: usize = 1024;

struct Source {
    options: GeyserOptions,
    published: watch::Receiver<Option<u64>>,
    resync: watch::Receiver<u64>,
    events: mpsc::Sender<Event>,
    buffer: Arc<Semaphore>,
    backoff: Backoff,
    /// The replay that the server refused: (first slot wanted, first slot it holds).
    lost: Option<(u64, Option<u64>)>,
}

impl Source {
    async fn forever(&mut self) -> Result<(), GeyserError> {
        loop {
            let from_slot = self.first_slot();
            let failure = match self.stream(from_slot).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            match failure {
                Failure::Fatal(error) => return Err(error),
                Failure::Unserved(reason) if !self.options.account_owners.is_empty() => {
                    tracing::error!(
                        reason,
                        "the Geyser server refuses the subscription: trying without accounts"
                    );
                    self.options.account_owners.clear();
                    if self.tell(Event::AccountsRefused { reason }).await.is_err() {
                        return Ok(());
                    }
                }
                Failure::ReplayLost { available } => {
                    let wanted = from_slot.unwrap_or(0);
                    // The overlap alone may be what is too old.
                    let needed = self.next_slot().unwrap_or(wanted);
                    if available.is_none_or(|first| first > needed) || wanted == needed {
                        tracing::error!(
                            wanted = needed,
                            available,
                            "the Geyser server no longer holds the slots after the last indexed one"
                        );
                        if self
                            .tell(Event::ReplayLost {
                                wanted: needed,
                                available,
                            })
                            .await
                            .is_err()
                        {
                            return Ok(());
                        }
                    }
                    self.lost = Some((needed, available.map(|first| first.max(needed))));
                    // The window moves on: without a pause this would be asked thousands of times.
                    tokio::time::sleep(self.backoff.next()).await;
                }
                Failure::Retry(reason) | Failure::Unserved(reason) => {
                    let retry_in = self.backoff.next();
                    tracing::warn!(
                        url = self.options.url,
                        reason,
                        retry_in_ms = retry_in.as_millis() as u64,
                        "geyser stream is down"
                    );
                    if self
                        .tell(Event::Disconnected { reason, retry_in })
                        .await
                        .is_err()
                    {
                        return Ok(());
                    }
                    tokio::time::sleep(retry_in).await;
                }
            }
        }
    }

    /// First slot that is not published yet.
    fn next_slot(&self) -> Option<u64> {
        self.published.borrow().map(|slot| slot.saturating_add(1))
    }

    /// Where to ask the server to start.
    fn first_slot(&self) -> Option<u64> {
        let next = self.next_slot();
        if let Some((wanted, available)) = self.lost
            && next.or(self.options.from_slot).unwrap_or(0) <= wanted
        {
            return available;
        }
        match next {
            // Nothing before the first slot wanted is.
            Some(next) => {
                let least = self.options.from_slot.unwrap_or(0).min(next);
                Some(next.saturating_sub(self.options.overlap).max(least))
            }
            None => self.options.from_slot,
        }
    }

    async fn tell(&self, event: Event) -> Result<(), ()> {
        self.events.send(event).await.map_err(drop)
    }

    /// One connection, until it fails (`Ok`: nobody listens any more).
    async fn stream(&mut self, from_slot: Option<u64>) -> Result<(), Failure> {
        let connection = self.connect().await?;
        let request = request::subscribe(
            &self.options.program_ids,
            &self.options.account_owners,
            from_slot,
        );
        let (mut sink, mut stream) = connection
            .subscribe(request)
            .await
            .map_err(|status| classify(&status, &self.options.url, from_slot.is_some()))?;
        self.resync.mark_unchanged();
        let mut told = false;
        loop {
            let next = tokio::select! {
                biased;
                Ok(()) = self.resync.changed() => return Err(Failure::Retry("a block is missing: asking again".into())),
                next = tokio::time::timeout(self.options.idle, stream.next()) => next,
            };
            let update = match next {
                Err(_) => {
                    let reason = format!("nothing received for {:?}", self.options.idle);
                    return Err(Failure::Retry(reason));
                }
                Ok(None) => return Err(Failure::Retry("the server ended the stream".into())),
                Ok(Some(Err(status))) => {
                    return Err(self.stream_failure(&status, &connection, from_slot).await);
                }
                Ok(Some(Ok(update))) => update,
            };
            if let Update::Other(other) = &update
                && let Some(UpdateOneof::Ping(_) | UpdateOneof::Pong(_)) | None = other.update_oneof
            {
                // Load balancers of hosted services end connections on which a client says nothing.
                if let Some(UpdateOneof::Ping(_)) = other.update_oneof {
                    let _ = sink.send(request::pong()).await;
                }
                continue;
            }
            if !told {
                told = true;
                self.backoff.reset();
                tracing::info!(url = self.options.url, from_slot, "geyser stream is up");
                if self.tell(Event::Connected { from_slot }).await.is_err() {
                    return Ok(());
                }
            }
            let size = (update.size() / PERMIT_BYTES)
                .max(1)
                .min(self.options.buffer_bytes / PERMIT_BYTES)
                .max(1);
            let permits = u32::try_from(size).unwrap_or(u32::MAX);
            let Ok(permit) = Arc::clone(&self.buffer).acquire_many_owned(permits).await else {
                return Ok(());
            };
            if self
                .tell(Event::Update(update, Some(permit)))
                .await
                .is_err()
            {
                return Ok(());
            }
        }
    }

    /// A refused replay is asked about: the server names the first slot it holds.
    async fn stream_failure(
        &self,
        status: &Status,
        connection: &Connection,
        from_slot: Option<u64>,
    ) -> Failure {
        match classify(status, &self.options.url, from_slot.is_some()) {
            Failure::ReplayLost { available: None } if status.code() == Code::OutOfRange => {
                let info = connection.replay_info().await.ok().flatten();
                Failure::ReplayLost {
                    // The largest number stands for "nothing yet".
                    available: info.filter(|slot| *slot != u64::MAX),
                }
            }
            other => other,
        }
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let url = || self.options.url.clone();
        let invalid = |reason: String| Failure::Fatal(GeyserError::Url { url: url(), reason });
        let mut builder = GeyserGrpcClient::build_from_shared(url())
            .map_err(|error| invalid(error.to_string()))?
            .x_token(self.options.x_token.clone())
            .map_err(|_| Failure::Fatal(GeyserError::Token))?
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(Duration::from_secs(15))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true)
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(10));
        if self.options.url.starts_with("https:") {
            builder = builder
                .tls_config(ClientTlsConfig::new().with_native_roots())
                .map_err(|error| invalid(error.to_string()))?;
        }
        let token = InterceptorXToken {
            x_token: builder.x_token.take(),
            x_request_snapshot: false,
        };
        let channel = builder.endpoint.connect().await.map_err(|error| {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(next) = cause {
                text = format!("{text}: {next}");
                cause = next.source();
            }
            Failure::Retry(text)
        })?;
        Ok(Connection { channel, token })
    }
}
