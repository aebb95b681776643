//! The connector: from a request to an answer, stage after stage.

use std::sync::Arc;

use tokio::time::Instant;

use crate::answer::{Answer, Timings};
use crate::clock::Clock;
use crate::dial;
use crate::error::{BuildError, CallError, Stage};
use crate::exchange::{self, Exchanged};
use crate::limits::{Concurrency, Limits};
use crate::places::Places;
use crate::policy::Policy;
use crate::request::{Request, RequestError};
use crate::resolve::{Resolver, SystemResolver};
use crate::target::{Host, Target, TargetError};
use crate::tls::{Roots, Tls};

/// Calls strangers' addresses. Cheap to clone; clones share the places among calls under way.
#[derive(Clone, Debug)]
pub struct Connector {
    shared: Arc<Shared>,
    limits: Limits,
}

#[derive(Debug)]
struct Shared {
    policy: Policy,
    places: Places,
    resolver: Arc<dyn Resolver>,
    tls: Tls,
}

impl Connector {
    /// With the system's resolver and roots.
    ///
    /// # Errors
    /// When the system has no certificate store.
    pub fn system(
        policy: Policy,
        limits: Limits,
        concurrency: Concurrency,
    ) -> Result<Self, BuildError> {
        let resolver = Arc::new(SystemResolver::default());
        Self::new(policy, limits, concurrency, Roots::System, resolver)
    }

    /// With roots and a resolver of the caller's choice. What the resolver answers is judged all the same.
    ///
    /// # Errors
    /// When the roots cannot be read.
    pub fn new(
        policy: Policy,
        limits: Limits,
        concurrency: Concurrency,
        roots: Roots,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, BuildError> {
        let shared = Shared {
            policy,
            places: Places::new(concurrency),
            resolver,
            tls: Tls::new(roots)?,
        };
        Ok(Self {
            shared: Arc::new(shared),
            limits,
        })
    }

    /// The same connector, its policy and its places, with other limits.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            limits,
        }
    }

    /// Reads a URL as a call would, for its registration. Touches no network: what its name leads to is judged by each
    /// call.
    ///
    /// # Errors
    /// What is wrong with it, in words for its owner.
    pub fn check(&self, url: &str) -> Result<Target, TargetError> {
        Target::parse(url, &self.shared.policy)
    }

    /// Makes one call. Dropping the future ends it.
    ///
    /// # Errors
    /// The stage that ended it, and why. No redirect is followed and nothing is tried again.
    pub async fn call(&self, request: &Request) -> Result<Answer, CallError> {
        // The state of all stages is large, and callers hold many calls.
        Box::pin(self.stages(request)).await
    }

    async fn stages(&self, request: &Request) -> Result<Answer, CallError> {
        let shared = &*self.shared;
        let limits = &self.limits;
        let target = self.check(&request.url)?;
        if request.body.len() > limits.request_bytes {
            let most = limits.request_bytes;
            return Err(RequestError::BodyTooLarge { most }.into());
        }
        let message = exchange::message(&target, request)?;
        let _place = shared.places.among_all().map_err(CallError::Busy)?;
        let _name = match target.host() {
            Host::Name(name) => Some(shared.places.at_name(name).map_err(CallError::Busy)?),
            Host::Address(_) => None,
        };
        let clock = Clock::start(limits.total);
        let mut timings = Timings::default();

        let looking = dial::addresses(&target, &shared.policy, &*shared.resolver);
        let found = clock
            .within(Stage::Resolve, limits.resolve, looking)
            .await?;
        timings.resolve = clock.started.elapsed();

        let from = Instant::now();
        let dialled = dial::connect(
            &target,
            &shared.policy,
            &shared.places,
            &clock,
            limits,
            &found,
        )
        .await?;
        timings.connect = from.elapsed();
        let _address = dialled.place;

        let overflow = request.overflow;
        let exchanged = if target.is_https() {
            let from = Instant::now();
            let shaking = shared.tls.wrap(target.host(), dialled.stream);
            let stream = clock.within(Stage::Tls, limits.tls, shaking).await?;
            timings.tls = Some(from.elapsed());
            exchange::exchange(stream, message, overflow, limits, &clock).await?
        } else {
            exchange::exchange(dialled.stream, message, overflow, limits, &clock).await?
        };
        timings.total = clock.started.elapsed();
        let Exchanged {
            status,
            headers,
            body,
            truncated,
            first_byte,
        } = exchanged;
        timings.first_byte = first_byte;
        Ok(Answer {
            status,
            headers,
            body,
            truncated,
            timings,
            remote: dialled.remote,
        })
    }
}
