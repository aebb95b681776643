//! Named leases.

use std::sync::Arc;

use hypernode_state::leases::{
    GetLease, LeaseAcquire, LeaseRefusal, LeaseRelease, LeaseRenew, RequireLease,
};
use hypernode_state::tasks::GetTask;
use hypernode_state::{Refusal, Store, StoreError, StoreExt, Unit, UnixMs};

use super::refused;
use super::units::enqueue;

fn acquire(holder: &str, now: UnixMs) -> LeaseAcquire {
    LeaseAcquire {
        role: "payer".to_owned(),
        holder: holder.to_owned(),
        now,
        lease_ms: 100,
    }
}

fn renew(fence: u64, now: UnixMs) -> LeaseRenew {
    LeaseRenew {
        role: "payer".to_owned(),
        fence,
        now,
        lease_ms: 100,
    }
}

fn release(fence: u64) -> LeaseRelease {
    LeaseRelease {
        role: "payer".to_owned(),
        fence,
    }
}

fn is_lost(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Lease(LeaseRefusal::Lost { .. }))
}

pub(crate) async fn one_holder_at_a_time(store: Arc<dyn Store>) {
    assert!(is_lost(&refused(store.run(renew(1, 0)).await)));
    assert_eq!(store.run(acquire("a", 0)).await.unwrap().fence, 1);
    let why = refused(store.run(acquire("b", 99)).await);
    let held = LeaseRefusal::Held {
        role: "payer".to_owned(),
        holder: "a".to_owned(),
        until: 100,
    };
    assert_eq!(why, Refusal::Lease(held));
    // The same holder after a restart: the earlier one's fence is worth nothing then.
    assert_eq!(store.run(acquire("a", 50)).await.unwrap().fence, 2);
    assert!(is_lost(&refused(store.run(renew(1, 60)).await)));
    assert_eq!(store.run(renew(2, 60)).await.unwrap().until, 160);
    assert_eq!(store.run(acquire("b", 160)).await.unwrap().fence, 3);
    assert!(is_lost(&refused(store.run(release(2)).await)));
    store.run(release(3)).await.unwrap();
    assert!(is_lost(&refused(store.run(renew(3, 161)).await)));
    assert_eq!(store.run(acquire("c", 161)).await.unwrap().fence, 4);
    let lease = store
        .ask(GetLease {
            role: "payer".to_owned(),
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!((lease.holder.as_deref(), lease.until), (Some("c"), 261));
}

pub(crate) async fn a_lost_role_stops_its_units(store: Arc<dyn Store>) {
    store.run(acquire("a", 0)).await.unwrap();
    store.run(acquire("b", 100)).await.unwrap();
    let unit = |fence| {
        let mut unit = Unit::new();
        unit.push(RequireLease {
            role: "payer".to_owned(),
            fence,
        });
        unit.push(enqueue("x"));
        unit
    };
    let error = store.apply(unit(1)).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Refused { index: 0, why } if is_lost(why)),
        "{error}"
    );
    assert_eq!(
        store.ask(GetTask { id: "x".to_owned() }).await.unwrap(),
        None
    );
    store.apply(unit(2)).await.unwrap();
}

pub(crate) async fn a_clock_that_goes_back_does_not_free_a_role(store: Arc<dyn Store>) {
    store.run(acquire("a", 1_000)).await.unwrap();
    for now in [0, 999, 1_099] {
        refused(store.run(acquire("b", now)).await);
    }
    assert_eq!(store.run(renew(1, 10)).await.unwrap().until, 1_100);
}
