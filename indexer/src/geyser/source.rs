//! The reconnect policy: which server is asked, from which slot, and what each end of a stream means.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;

use super::endpoint::Endpoints;
use super::failure::{Failure, classify};
use super::request;
use super::wire::Connection;
use super::{Event, GeyserError, GeyserOptions, Server, Update};
use crate::convert;

/// Bytes per permit of the buffer.
const PERMIT_BYTES: usize = 1024;

/// Receives until `shutdown`; `published` carries the last published slot, from which a new stream is asked for. A change
/// of `resync` ends the stream at hand: something is missing, and a new one may bring it.
///
/// # Errors
/// Only where trying again cannot help: a bad address, or every server refuses its token.
pub async fn run(
    options: GeyserOptions,
    published: watch::Receiver<Option<u64>>,
    resync: watch::Receiver<u64>,
    events: mpsc::Sender<Event>,
    shutdown: CancellationToken,
) -> Result<(), GeyserError> {
    // Several TLS providers may be linked in; without a choice the library panics.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let brought = *published.borrow();
    let mut source = Source {
        buffer: Arc::new(Semaphore::new((options.buffer_bytes / PERMIT_BYTES).max(1))),
        endpoints: Endpoints::new(&options, Instant::now()),
        brought,
        options,
        published,
        resync,
        events,
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        result = source.forever() => result,
    }
}

struct Source {
    options: GeyserOptions,
    published: watch::Receiver<Option<u64>>,
    resync: watch::Receiver<u64>,
    events: mpsc::Sender<Event>,
    buffer: Arc<Semaphore>,
    endpoints: Endpoints,
    /// Highest block that any stream has brought.
    brought: Option<u64>,
}

/// Nobody listens any more.
struct Gone;

/// What one stream has brought.
#[derive(Default)]
struct Brought {
    /// When its first message came.
    up: Option<Instant>,
    /// A block beyond all before it.
    news: bool,
}

impl Source {
    async fn forever(&mut self) -> Result<(), GeyserError> {
        while let Some(one) = self.endpoints.current() {
            let (server, accounts) = (one.server.clone(), one.accounts);
            let from_slot = self.first_slot();
            let mut brought = Brought::default();
            let ended = self
                .stream(&server, accounts, from_slot, &mut brought)
                .await;
            // A server that ends each stream at once is asked ever less; one that sends the same block again, too.
            if brought.news
                || brought
                    .up
                    .is_some_and(|up| up.elapsed() >= self.options.max_pause)
            {
                self.endpoints.progressed();
            }
            let ended = match ended {
                Ok(Gone) => return Ok(()),
                Err(failure) => self.ended(failure, &server, from_slot).await?,
            };
            if ended.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What the end of a stream means; then it is waited until the next one may be asked for. `Err(Gone)` inside: nobody
    /// listens any more.
    async fn ended(
        &mut self,
        failure: Failure,
        server: &Server,
        from_slot: Option<u64>,
    ) -> Result<Result<(), Gone>, GeyserError> {
        let now = Instant::now();
        let reason = match failure {
            Failure::Fatal(error @ GeyserError::Refused { .. }) => {
                let why = error.to_string();
                if !self.endpoints.refused(why.clone(), now) {
                    return Err(error);
                }
                tracing::error!("{why}; another server is asked meanwhile");
                why
            }
            Failure::Fatal(error) => return Err(error),
            Failure::Unserved(reason)
                if !self.options.account_owners.is_empty()
                    && self.endpoints.current().is_some_and(|one| one.accounts) =>
            {
                tracing::error!(
                    url = server.url,
                    reason,
                    "the Geyser server refuses the subscription: trying without accounts"
                );
                if let Some(one) = self.endpoints.current_mut() {
                    one.accounts = false;
                }
                return Ok(self.tell(Event::AccountsRefused { reason }).await);
            }
            Failure::ReplayLost { available } => {
                match self.lost(server, from_slot, available, now).await {
                    Ok(reason) => reason,
                    Err(gone) => return Ok(Err(gone)),
                }
            }
            Failure::Retry(reason) | Failure::Unserved(reason) => {
                self.endpoints.failed(now);
                reason
            }
        };
        let retry_in = self.endpoints.next(now);
        tracing::warn!(
            url = server.url,
            reason,
            next = self.endpoints.current().map(|one| one.server.url.as_str()),
            retry_in_ms = retry_in.as_millis() as u64,
            "geyser stream is down"
        );
        let told = self.tell(Event::Disconnected { reason, retry_in }).await;
        if told.is_ok() {
            tokio::time::sleep(retry_in).await;
        }
        Ok(told)
    }

    /// The server no longer holds what is asked for. That is told when no other one may hold it.
    async fn lost(
        &mut self,
        server: &Server,
        from_slot: Option<u64>,
        available: Option<u64>,
        now: Instant,
    ) -> Result<String, Gone> {
        let wanted = from_slot.unwrap_or(0);
        // The overlap alone may be what is too old.
        let needed = self.next_slot().unwrap_or(wanted);
        let reason = format!("the server no longer holds slots from {needed} on");
        // The window moves on: what it begins with now is asked for at once, and if that is gone too, the tip. RPC fills
        // what lies before.
        let again = self.endpoints.lose(needed, available);
        if again || self.endpoints.others_may_hold(needed) {
            self.endpoints.failed(now);
        }
        let really = available.is_none_or(|first| first > needed) || wanted == needed;
        if really && !self.endpoints.others_may_hold(needed) {
            tracing::error!(
                url = server.url,
                wanted = needed,
                available,
                "no Geyser server holds the slots after the last indexed one any more"
            );
            let wanted = needed;
            self.tell(Event::ReplayLost { wanted, available }).await?;
        }
        Ok(reason)
    }

    /// First slot that is not published yet.
    fn next_slot(&self) -> Option<u64> {
        self.published.borrow().map(|slot| slot.saturating_add(1))
    }

    /// Where to ask the current server to start.
    fn first_slot(&self) -> Option<u64> {
        let next = self.next_slot();
        if let Some((wanted, available)) = self.endpoints.current().and_then(|one| one.lost)
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

    async fn tell(&self, event: Event) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| Gone)
    }

    /// One connection, until it fails.
    async fn stream(
        &mut self,
        server: &Server,
        accounts: bool,
        from_slot: Option<u64>,
        brought: &mut Brought,
    ) -> Result<Gone, Failure> {
        let connection = Connection::open(server).await?;
        let owners = match accounts {
            true => self.options.account_owners.as_slice(),
            false => &[],
        };
        let request = request::subscribe(&self.options.program_ids, owners, from_slot);
        let (mut sink, mut stream) = match self.in_time(connection.subscribe(request)).await? {
            Ok(opened) => opened,
            Err(status) => return Err(failure(&status, &connection, server, from_slot).await),
        };
        self.resync.mark_unchanged();
        let mut heard = Instant::now();
        loop {
            let next = tokio::select! {
                biased;
                Ok(()) = self.resync.changed() => return Err(Failure::Retry("a block is missing: asking again".into())),
                next = tokio::time::timeout_at(heard + self.options.idle, stream.next()) => next,
            };
            let update = match next {
                Err(_) => return Err(silent(self.options.idle)),
                Ok(None) => return Err(Failure::Retry("the server ended the stream".into())),
                Ok(Some(Err(status))) => {
                    return Err(failure(&status, &connection, server, from_slot).await);
                }
                Ok(Some(Ok(update))) => update,
            };
            if let Update::Other(other) = &update
                && let Some(UpdateOneof::Ping(_) | UpdateOneof::Pong(_)) | None = other.update_oneof
            {
                // Load balancers of hosted services end connections on which a client says nothing. A node that stands
                // still pings, too: that alone does not keep the stream.
                if let Some(UpdateOneof::Ping(_)) = other.update_oneof {
                    let _ = sink.send(request::pong()).await;
                }
                continue;
            }
            if brought.up.is_none() {
                brought.up = Some(Instant::now());
                tracing::info!(url = server.url, from_slot, "geyser stream is up");
                if self.tell(Event::Connected { from_slot }).await.is_err() {
                    return Ok(Gone);
                }
            }
            if let Update::Block(block) = &update {
                let slot = convert::slot_of_block(block);
                brought.news |= slot > self.brought;
                self.brought = self.brought.max(slot);
            }
            if self.pass_on(update).await.is_err() {
                return Ok(Gone);
            }
            // Only now: time spent waiting for room is not the server's.
            heard = Instant::now();
        }
    }

    /// Hands an update over when there is room for it.
    async fn pass_on(&self, update: Update) -> Result<(), Gone> {
        let all = (self.options.buffer_bytes / PERMIT_BYTES).max(1);
        let size = (update.size() / PERMIT_BYTES).clamp(1, all);
        let permits = u32::try_from(size).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.buffer).acquire_many_owned(permits).await;
        let permit = room.map_err(|_| Gone)?;
        self.tell(Event::Update(update, Some(permit))).await
    }

    /// A server that accepts a connection and then says nothing must not hold up everything.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::time::timeout(self.options.idle, work)
            .await
            .map_err(|_| silent(self.options.idle))
    }
}

fn silent(idle: Duration) -> Failure {
    Failure::Retry(format!("nothing received for {idle:?}"))
}

/// What a status means. A refused replay is asked about: the server names the first slot it holds.
async fn failure(
    status: &Status,
    connection: &Connection,
    server: &Server,
    from_slot: Option<u64>,
) -> Failure {
    match classify(status, &server.url, from_slot.is_some()) {
        Failure::ReplayLost { available: None } if status.code() == Code::OutOfRange => {
            let asked = tokio::time::timeout(Duration::from_secs(10), connection.replay_info());
            let info = asked.await.ok().and_then(Result::ok).flatten();
            Failure::ReplayLost {
                // The largest number stands for "nothing yet".
                available: info.filter(|slot| *slot != u64::MAX),
            }
        }
        other => other,
    }
}
