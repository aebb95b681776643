//! Random tasks, messages, idempotency keys, named leases, cursors and transactions on their way.

use hypernode_state::cursors::{CursorMove, GetCursor};
use hypernode_state::idempotency::{
    GetIdempotency, IdempotencyAbandon, IdempotencyBegin, IdempotencyFinish, IdempotencyPurge,
};
use hypernode_state::leases::{GetLease, LeaseAcquire, LeaseRelease, LeaseRenew, RequireLease};
use hypernode_state::outbox::{
    Ack, Emit, ListConsumers, ReadOutbox, StartAt, Subscribe, TrimOutbox, Unsubscribe,
};
use hypernode_state::sends::{GetSend, OpenSends, SendAdd, SendPut};
use hypernode_state::tasks::{
    AfterFailure, Cancel, Claim, ClaimTask, Complete, CountTasks, Enqueue, ExpireLeases, Fail,
    GetTask, ListStaleFences, ListTasks, PurgeTasks, Renew, TaskState,
};
use hypernode_state::{Op, Query};
use proptest::prelude::*;

use super::{bytes, limit, name, number, span, time};
use crate::conformance::digest;

fn id() -> impl Strategy<Value = String> {
    name("t", 6)
}

fn queue() -> impl Strategy<Value = String> {
    name("q", 2)
}

fn worker() -> impl Strategy<Value = String> {
    name("w", 2)
}

fn fence() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 1..3_u64, 1 => number()]
}

pub(crate) fn task() -> BoxedStrategy<Op> {
    let then = prop_oneof![
        time().prop_map(|not_before| AfterFailure::Retry { not_before }),
        Just(AfterFailure::Dead)
    ];
    prop_oneof![
        4 => (queue(), id(), -2..3_i32, bytes(), time(), time()).prop_map(
            |(queue, id, priority, payload, not_before, now)| Enqueue { queue, id, priority, payload, not_before, now }.into()
        ),
        4 => (queue(), worker(), time(), span(), limit())
            .prop_map(|(queue, worker, now, lease_ms, limit)| Claim { queue, worker, now, lease_ms, limit }.into()),
        1 => (id(), worker(), time(), span())
            .prop_map(|(id, worker, now, lease_ms)| ClaimTask { id, worker, now, lease_ms }.into()),
        1 => (id(), fence(), time(), span())
            .prop_map(|(id, fence, now, lease_ms)| Renew { id, fence, now, lease_ms }.into()),
        3 => (id(), fence(), bytes(), time())
            .prop_map(|(id, fence, result, now)| Complete { id, fence, result, now }.into()),
        2 => (id(), fence(), bytes(), then, time())
            .prop_map(|(id, fence, reason, then, now)| Fail { id, fence, reason, then, now }.into()),
        1 => (id(), bytes(), time()).prop_map(|(id, reason, now)| Cancel { id, reason, now }.into()),
        2 => (time(), limit()).prop_map(|(now, limit)| ExpireLeases { now, limit }.into()),
        1 => (time(), limit()).prop_map(|(before, limit)| PurgeTasks { before, limit }.into()),
    ]
    .boxed()
}

fn topic() -> impl Strategy<Value = String> {
    name("topic", 2)
}

fn consumer() -> impl Strategy<Value = String> {
    name("c", 2)
}

pub(crate) fn outbox() -> BoxedStrategy<Op> {
    let from = prop_oneof![Just(StartAt::Oldest), Just(StartAt::Now)];
    prop_oneof![
        3 => (topic(), name("key", 3), bytes(), time())
            .prop_map(|(topic, key, payload, at)| Emit { topic, key, payload, at }.into()),
        2 => (topic(), consumer(), from)
            .prop_map(|(topic, consumer, from)| Subscribe { topic, consumer, from }.into()),
        1 => (topic(), consumer()).prop_map(|(topic, consumer)| Unsubscribe { topic, consumer }.into()),
        2 => (topic(), consumer(), prop_oneof![4 => 0..20_u64, 1 => number()])
            .prop_map(|(topic, consumer, upto)| Ack { topic, consumer, upto }.into()),
        1 => (topic(), limit()).prop_map(|(topic, limit)| TrimOutbox { topic, limit }.into()),
    ]
    .boxed()
}

pub(crate) fn idempotency() -> BoxedStrategy<Op> {
    let owner = || name("o", 2);
    let key = || name("k", 2);
    let attempt = || prop_oneof![4 => 1..8_u64, 1 => number()];
    prop_oneof![
        3 => (owner(), key(), 0..2_u8, time(), span(), time()).prop_map(
            |(owner, key, body, now, hold_ms, expires_at)| {
                let body = digest(body);
                IdempotencyBegin { owner, key, body, now, hold_ms, expires_at }.into()
            }
        ),
        2 => (owner(), key(), proptest::option::of(attempt()), bytes()).prop_map(
            |(owner, key, attempt, response)| IdempotencyFinish { owner, key, attempt, response }.into()
        ),
        1 => (owner(), key(), attempt())
            .prop_map(|(owner, key, attempt)| IdempotencyAbandon { owner, key, attempt }.into()),
        1 => (time(), limit()).prop_map(|(now, limit)| IdempotencyPurge { now, limit }.into()),
    ]
    .boxed()
}

pub(crate) fn lease() -> BoxedStrategy<Op> {
    let role = || name("r", 2);
    prop_oneof![
        (role(), name("h", 2), time(), span()).prop_map(|(role, holder, now, lease_ms)| {
            LeaseAcquire {
                role,
                holder,
                now,
                lease_ms,
            }
            .into()
        }),
        (role(), fence(), time(), span()).prop_map(|(role, fence, now, lease_ms)| LeaseRenew {
            role,
            fence,
            now,
            lease_ms
        }
        .into()),
        (role(), fence()).prop_map(|(role, fence)| LeaseRelease { role, fence }.into()),
        (role(), fence()).prop_map(|(role, fence)| RequireLease { role, fence }.into()),
    ]
    .boxed()
}

pub(crate) fn cursor() -> BoxedStrategy<Op> {
    let position = || name("p", 2);
    (
        name("c", 2),
        proptest::option::of(position()),
        position(),
        time(),
    )
        .prop_map(|(name, from, to, at)| CursorMove { name, from, to, at }.into())
        .boxed()
}

pub(crate) fn send() -> BoxedStrategy<Op> {
    let id = || name("s", 3);
    prop_oneof![
        (id(), bytes(), time()).prop_map(|(id, record, at)| SendAdd { id, record, at }.into()),
        (id(), 0..4_u64, any::<bool>(), bytes(), time()).prop_map(
            |(id, version, open, record, at)| {
                SendPut {
                    id,
                    version,
                    open,
                    record,
                    at,
                }
                .into()
            }
        ),
    ]
    .boxed()
}

pub(crate) fn query() -> BoxedStrategy<Query> {
    let state = proptest::sample::select(&TaskState::ALL[..]);
    prop_oneof![
        id().prop_map(|id| GetTask { id }.into()),
        (queue(), state, number(), limit()).prop_map(|(queue, state, after, limit)| ListTasks {
            queue,
            state,
            after,
            limit
        }
        .into()),
        queue().prop_map(|queue| CountTasks { queue }.into()),
        (id(), limit()).prop_map(|(id, limit)| ListStaleFences { id, limit }.into()),
        (topic(), number(), limit()).prop_map(|(topic, after, limit)| ReadOutbox {
            topic,
            after,
            limit
        }
        .into()),
        (topic(), limit()).prop_map(|(topic, limit)| ListConsumers { topic, limit }.into()),
        (name("o", 2), name("k", 2)).prop_map(|(owner, key)| GetIdempotency { owner, key }.into()),
        name("r", 2).prop_map(|role| GetLease { role }.into()),
        name("c", 2).prop_map(|name| GetCursor { name }.into()),
        name("s", 3).prop_map(|id| GetSend { id }.into()),
        (0..4_u64, 1..4_u32).prop_map(|(after, limit)| OpenSends { after, limit }.into()),
    ]
    .boxed()
}
