//! One dispatcher of a store at a time: a lease whose number is asked for in every unit, so that one who lost it without
//! noticing changes nothing.

use std::time::Duration;

use hypernode_state::leases::{LeaseAcquire, LeaseRefusal, LeaseRelease, LeaseRenew, RequireLease};
use hypernode_state::{Refusal, Store, StoreError, StoreExt};

use super::{Clock, ServiceError};

/// What is leased.
pub const ROLE: &str = "dispatch";
/// A lease that is not renewed ends after this: then another takes over.
const LEASE_MS: i64 = 15_000;
/// Between renewals.
const RENEW: Duration = Duration::from_secs(4);

/// Takes the role for `holder`; the fence. The same holder takes it from itself: a process that was killed does not keep
/// the next one waiting.
pub(super) async fn take(
    store: &dyn Store,
    holder: &str,
    clock: &Clock,
) -> Result<u64, ServiceError> {
    let wanted = LeaseAcquire {
        role: ROLE.to_owned(),
        holder: holder.to_owned(),
        now: clock(),
        lease_ms: LEASE_MS,
    };
    match store.run(wanted).await {
        Ok(lease) => Ok(lease.fence),
        Err(StoreError::Refused {
            why: Refusal::Lease(LeaseRefusal::Held { holder, .. }),
            ..
        }) => Err(ServiceError::Elsewhere { holder }),
        Err(error) => Err(error.into()),
    }
}

/// What every unit of the holder begins with.
pub(super) fn required(fence: u64) -> RequireLease {
    RequireLease {
        role: ROLE.to_owned(),
        fence,
    }
}

/// Renews until that is refused.
pub(super) async fn renew(store: &dyn Store, fence: u64, clock: &Clock) -> ServiceError {
    loop {
        tokio::time::sleep(RENEW).await;
        let renewal = LeaseRenew {
            role: ROLE.to_owned(),
            fence,
            now: clock(),
            lease_ms: LEASE_MS,
        };
        match store.run(renewal).await {
            Ok(_) => {}
            // The units themselves wait for room and turns; while they are kept, the fence is good.
            Err(
                error @ (StoreError::Busy { .. }
                | StoreError::Locked { .. }
                | StoreError::DiskFull { .. }),
            ) => tracing::warn!("the lease of dispatch is renewed later: {error}"),
            Err(error) => return error.into(),
        }
    }
}

/// Gives the role back, so that another need not wait for its end.
pub(super) async fn give_back(store: &dyn Store, fence: u64) {
    let role = ROLE.to_owned();
    if let Err(error) = store.run(LeaseRelease { role, fence }).await {
        tracing::debug!("the lease of dispatch ends by itself: {error}");
    }
}
