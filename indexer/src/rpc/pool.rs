//! Several endpoints as one: asked in their order, each at its own pace, left alone for a while after it failed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hypernode_decoder::chain::Pubkey;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::blocks::{Commitment, Fetched};
use super::client::{Rpc, RpcError};
use crate::convert::Wanted;
use crate::geyser::Backoff;

/// Which endpoints, and how much is asked of each.
#[derive(Clone)]
pub struct PoolOptions {
    /// The first is asked first; the others where it fails or does not hold what is wanted. Never printed.
    pub urls: Vec<String>,
    /// Requests per second to each endpoint; 0 = as many as it takes.
    pub requests_per_second: f64,
    /// Requests under way at each endpoint.
    pub parallel: usize,
    /// First pause after a failure; it doubles up to `max_pause`, with jitter.
    pub first_pause: Duration,
    /// Longest pause that is not the endpoint's own wish.
    pub max_pause: Duration,
}

impl PoolOptions {
    /// What hosted endpoints commonly allow.
    #[must_use]
    pub fn new(urls: Vec<String>) -> Self {
        Self {
            urls,
            requests_per_second: 20.0,
            parallel: 8,
            first_pause: Duration::from_millis(250),
            max_pause: Duration::from_secs(30),
        }
    }
}

impl std::fmt::Debug for PoolOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolOptions")
            .field("endpoints", &self.urls.len())
            .field("requests_per_second", &self.requests_per_second)
            .field("parallel", &self.parallel)
            .finish_non_exhaustive()
    }
}

/// See the module. Cheap to clone; clones share pace and pauses.
#[derive(Debug, Clone)]
pub struct Pool {
    endpoints: Arc<[Endpoint]>,
    parallel: usize,
    wanted: Option<Arc<Wanted>>,
}

#[derive(Debug)]
struct Endpoint {
    rpc: Rpc,
    places: Semaphore,
    /// Time between requests.
    every: Duration,
    gate: Mutex<Gate>,
}

#[derive(Debug)]
struct Gate {
    /// When the next request may go out.
    next: Instant,
    /// Until when nothing is asked, and why.
    closed: Option<(Instant, RpcError)>,
    backoff: Backoff,
}

impl Pool {
    /// Does not connect yet.
    ///
    /// # Errors
    /// Without any endpoint, or when TLS cannot be set up.
    pub fn new(options: &PoolOptions) -> Result<Self, RpcError> {
        if options.urls.is_empty() {
            return Err(RpcError::lasting("client", "has no URL: set rpc.url"));
        }
        let parallel = options.parallel.clamp(1, 256);
        let every = Some(options.requests_per_second)
            .filter(|rate| rate.is_finite() && *rate > 0.0)
            .map_or(Duration::ZERO, |rate| {
                Duration::from_secs_f64((1.0 / rate).min(60.0))
            });
        let endpoints = options.urls.iter().map(|url| {
            Ok(Endpoint {
                rpc: Rpc::new(url)?,
                places: Semaphore::new(parallel),
                every,
                gate: Mutex::new(Gate {
                    next: Instant::now(),
                    closed: None,
                    backoff: Backoff::new(options.first_pause, options.max_pause),
                }),
            })
        });
        Ok(Self {
            endpoints: endpoints.collect::<Result<_, _>>()?,
            parallel,
            wanted: None,
        })
    }

    /// The same endpoints, whose blocks come without transactions that name none of these programs.
    #[must_use]
    pub fn only(&self, programs: impl IntoIterator<Item = Pubkey>) -> Self {
        Self {
            wanted: Some(Arc::new(Wanted::new(programs))),
            ..self.clone()
        }
    }

    /// Requests that one endpoint takes at once.
    #[must_use]
    pub fn parallel(&self) -> usize {
        self.parallel
    }

    /// The block of a slot, from the first endpoint that holds it whole. What none holds is said in the words of the one
    /// that came nearest, unless one that failed for the moment might hold it.
    ///
    /// # Errors
    /// When no endpoint says, or one that may hold it cannot be asked now.
    pub async fn block(&self, slot: u64, commitment: Commitment) -> Result<Fetched, RpcError> {
        let (mut said, mut failed): (Option<Fetched>, Option<RpcError>) = (None, None);
        for endpoint in self.endpoints.iter() {
            match endpoint
                .ask(|rpc| rpc.block_of(slot, commitment, self.wanted.clone()))
                .await
            {
                Ok(block @ Fetched::Block(_)) => return Ok(block),
                Ok(other) => {
                    if said
                        .as_ref()
                        .is_none_or(|said| weight(said) < weight(&other))
                    {
                        said = Some(other);
                    }
                }
                Err(error) => failed = Some(sooner(failed, error)),
            }
        }
        match (said, failed) {
            (Some(said), None) => Ok(said),
            (Some(said), Some(error)) if !error.retryable => Ok(said),
            (_, Some(error)) => Err(error),
            (None, None) => Err(RpcError::lasting("getBlock", "has no URL: set rpc.url")),
        }
    }

    /// As [`Rpc::slots`], of the first endpoint that answers. One that has forgotten old slots leaves them out: parent
    /// links show it.
    ///
    /// # Errors
    /// When none answers.
    pub async fn slots(
        &self,
        from: u64,
        to: u64,
        commitment: Commitment,
    ) -> Result<Vec<u64>, RpcError> {
        self.first(|rpc| async move { rpc.slots(from, to, commitment).await })
            .await
    }

    /// As [`Rpc::tip`], of the first endpoint that answers.
    ///
    /// # Errors
    /// When none answers.
    pub async fn tip(&self, commitment: Commitment) -> Result<u64, RpcError> {
        self.first(|rpc| async move { rpc.tip(commitment).await })
            .await
    }

    /// As [`Rpc::genesis_hash`], of the first endpoint that answers.
    ///
    /// # Errors
    /// When none answers.
    pub async fn genesis_hash(&self) -> Result<String, RpcError> {
        self.first(|rpc| async move { rpc.genesis_hash().await })
            .await
    }

    /// The oldest block that any endpoint still holds, of those that answer.
    ///
    /// # Errors
    /// When none answers.
    pub async fn first_available(&self) -> Result<u64, RpcError> {
        let (mut oldest, mut failed): (Option<u64>, Option<RpcError>) = (None, None);
        for endpoint in self.endpoints.iter() {
            match endpoint.ask(Rpc::first_available).await {
                Ok(slot) => oldest = Some(oldest.map_or(slot, |oldest| oldest.min(slot))),
                Err(error) => failed = Some(sooner(failed, error)),
            }
        }
        oldest.ok_or_else(|| failed.unwrap_or_else(no_endpoint))
    }

    async fn first<T, F: Future<Output = Result<T, RpcError>>>(
        &self,
        ask: impl Fn(Rpc) -> F,
    ) -> Result<T, RpcError> {
        let mut failed: Option<RpcError> = None;
        for endpoint in self.endpoints.iter() {
            match endpoint.ask(|rpc| ask(rpc.clone())).await {
                Ok(answer) => return Ok(answer),
                Err(error) => failed = Some(sooner(failed, error)),
            }
        }
        Err(failed.unwrap_or_else(no_endpoint))
    }
}

fn no_endpoint() -> RpcError {
    RpcError::lasting("client", "has no URL: set rpc.url")
}

/// How much an answer without a block tells.
fn weight(said: &Fetched) -> u8 {
    match said {
        Fetched::Skipped => 0,
        Fetched::NotAvailable(_) => 1,
        Fetched::MetaMissing(_) => 2,
        Fetched::Block(_) => 3,
    }
}

/// The error after which it is worth asking again first.
fn sooner(one: Option<RpcError>, other: RpcError) -> RpcError {
    match one {
        Some(one) if !other.retryable => one,
        Some(one) if one.retryable && one.retry_after <= other.retry_after => one,
        _ => other,
    }
}

impl Endpoint {
    async fn ask<'a, T, F: Future<Output = Result<T, RpcError>>>(
        &'a self,
        ask: impl FnOnce(&'a Rpc) -> F,
    ) -> Result<T, RpcError> {
        self.open()?;
        let _place = self.place().await?;
        let at = {
            let mut gate = self.gate();
            let at = gate.next.max(Instant::now());
            gate.next = at + self.every;
            at
        };
        tokio::time::sleep_until(at).await;
        // Another request may have been refused meanwhile.
        self.open()?;
        let answer = ask(&self.rpc).await;
        match &answer {
            Ok(_) => {
                let mut gate = self.gate();
                gate.backoff.reset();
            }
            Err(error) if error.retryable => self.close(error),
            Err(_) => {}
        }
        answer.map_err(|error| self.when(error))
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, RpcError> {
        let place = self.places.acquire().await;
        place.map_err(|_| RpcError::lasting("client", "is closed"))
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may be asked now; if not, when.
    fn open(&self) -> Result<(), RpcError> {
        let gate = self.gate();
        match &gate.closed {
            Some((until, why)) if *until > Instant::now() => Err(RpcError {
                retry_after: Some(*until - Instant::now()),
                ..why.clone()
            }),
            _ => Ok(()),
        }
    }

    /// Nothing is asked for as long as the endpoint wishes, or for a pause that grows.
    fn close(&self, error: &RpcError) {
        let mut gate = self.gate();
        let now = Instant::now();
        let closed = gate.closed.as_ref().map(|(until, _)| *until);
        // Requests that were under way together fail together: one pause.
        if error.retry_after.is_none() && closed.is_some_and(|until| until > now) {
            return;
        }
        let pause = error.retry_after.unwrap_or_else(|| gate.backoff.next());
        let until = closed.map_or(now + pause, |until| until.max(now + pause));
        gate.closed = Some((until, error.clone()));
    }

    /// The error with the time after which it is worth asking again.
    fn when(&self, error: RpcError) -> RpcError {
        match self.open() {
            Err(closed) if error.retryable => RpcError {
                retry_after: closed.retry_after,
                ..error
            },
            _ => error,
        }
    }
}
