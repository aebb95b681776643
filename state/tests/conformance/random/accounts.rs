//! Random changes of accounts.

use hypernode_state::accounts::{
    ApiKeyCreate, ApiKeyRefund, ApiKeyRevoke, ApiKeyRotate, ApiKeySetCap, ApiKeySpend, ApiKeyTouch,
    AuditAppend, GetApiKey, GetHostKey, GetNonce, GetSession, GetWallet, HostKeyAdd, HostKeyRevoke,
    ListApiKeys, ListAudit, ListHostKeys, ListSessions, ListWallets, NewApiKey, NewSession,
    NewestAudit, NoncePurge, NoncePut, NonceRecord, NonceTake, RequireNoRole, RequireOther, Roles,
    SessionCreate, SessionPurge, SessionRevoke, SessionTouch, WalletEnsure, WalletGrant,
    WalletSignOut, WalletWithdraw,
};
use hypernode_state::{Address, Digest, Op, Query};
use proptest::option::of;
use proptest::prelude::*;

use super::{bytes, limit, name, number, span, time};
use crate::conformance::{address, digest};

fn wallet() -> impl Strategy<Value = Address> {
    (0..3_u8).prop_map(address)
}

fn host() -> impl Strategy<Value = Address> {
    (100..103_u8).prop_map(address)
}

fn token() -> impl Strategy<Value = Digest> {
    (0..4_u8).prop_map(digest)
}

fn roles() -> impl Strategy<Value = Roles> {
    proptest::sample::select(vec![Roles(1), Roles(2), Roles(3), Roles(u32::MAX)])
}

fn nonce() -> impl Strategy<Value = Vec<u8>> {
    (0..3_u8).prop_map(|n| vec![n])
}

fn id() -> impl Strategy<Value = String> {
    name("key", 4)
}

fn new_key() -> impl Strategy<Value = NewApiKey> {
    (id(), any::<u8>(), time(), of(time())).prop_map(|(id, secret, at, expires_at)| NewApiKey {
        id,
        secret: digest(secret),
        scopes: "a b".to_owned(),
        label: "ü".to_owned(),
        at,
        expires_at,
    })
}

pub(crate) fn op() -> BoxedStrategy<Op> {
    prop_oneof![
        2 => wallets(),
        1 => nonces(),
        2 => sessions(),
        3 => api_keys(),
        1 => hosts_and_trail(),
    ]
    .boxed()
}

fn wallets() -> BoxedStrategy<Op> {
    prop_oneof![
        4 => (wallet(), time()).prop_map(|(wallet, at)| WalletEnsure { wallet, at }.into()),
        1 => (wallet(), roles()).prop_map(|(wallet, roles)| WalletGrant { wallet, roles }.into()),
        1 => (wallet(), roles()).prop_map(|(wallet, roles)| WalletWithdraw { wallet, roles }.into()),
        1 => wallet().prop_map(|wallet| WalletSignOut { wallet }.into()),
        1 => roles().prop_map(|roles| RequireNoRole { roles }.into()),
        1 => (roles(), wallet()).prop_map(|(roles, besides)| RequireOther { roles, besides }.into()),
    ]
    .boxed()
}

fn nonces() -> BoxedStrategy<Op> {
    prop_oneof![
        (nonce(), bytes(), time()).prop_map(|(nonce, issued, expires_at)| {
            let nonce = NonceRecord {
                nonce,
                issued,
                expires_at,
            };
            NoncePut { nonce }.into()
        }),
        (nonce(), time()).prop_map(|(nonce, now)| NonceTake { nonce, now }.into()),
        (time(), limit()).prop_map(|(now, limit)| NoncePurge { now, limit }.into()),
    ]
    .boxed()
}

fn sessions() -> BoxedStrategy<Op> {
    prop_oneof![
        2 => (token(), wallet(), time(), span(), time()).prop_map(|(token, wallet, at, idle_ms, expires_at)| {
            let label = "phone".to_owned();
            let session = NewSession { token, wallet, at, idle_ms, expires_at, label };
            SessionCreate { session }.into()
        }),
        2 => (token(), time()).prop_map(|(token, now)| SessionTouch { token, now }.into()),
        1 => (token(), time()).prop_map(|(token, at)| SessionRevoke { token, at }.into()),
        1 => (time(), limit()).prop_map(|(before, limit)| SessionPurge { before, limit }.into()),
    ]
    .boxed()
}

fn api_keys() -> BoxedStrategy<Op> {
    prop_oneof![
        3 => (new_key(), wallet(), of(number())).prop_map(|(key, owner, cap)| ApiKeyCreate { key, owner, cap }.into()),
        2 => (id(), time(), new_key())
            .prop_map(|(old, old_ends_at, key)| ApiKeyRotate { old, old_ends_at, key }.into()),
        1 => (id(), time()).prop_map(|(id, at)| ApiKeyRevoke { id, at }.into()),
        1 => (id(), time()).prop_map(|(id, at)| ApiKeyTouch { id, at }.into()),
        1 => (id(), of(number())).prop_map(|(id, cap)| ApiKeySetCap { id, cap }.into()),
        4 => (id(), number(), time()).prop_map(|(id, amount, now)| ApiKeySpend { id, amount, now }.into()),
        2 => (id(), number()).prop_map(|(id, amount)| ApiKeyRefund { id, amount }.into()),
    ]
    .boxed()
}

fn hosts_and_trail() -> BoxedStrategy<Op> {
    prop_oneof![
        (host(), wallet(), of(host()), time()).prop_map(|(key, owner, node, at)| {
            let label = "rig".to_owned();
            HostKeyAdd {
                key,
                owner,
                node,
                label,
                at,
            }
            .into()
        }),
        (host(), time()).prop_map(|(key, at)| HostKeyRevoke { key, at }.into()),
        (time(), name("s", 2)).prop_map(|(at, subject)| {
            let (actor, action, detail) = ("operator".to_owned(), "test".to_owned(), String::new());
            AuditAppend {
                at,
                actor,
                action,
                subject,
                detail,
            }
            .into()
        }),
    ]
    .boxed()
}

pub(crate) fn query() -> BoxedStrategy<Query> {
    prop_oneof![
        wallet().prop_map(|wallet| GetWallet { wallet }.into()),
        (roles(), of(wallet()), limit()).prop_map(|(roles, after, limit)| ListWallets {
            roles,
            after,
            limit
        }
        .into()),
        nonce().prop_map(|nonce| GetNonce { nonce }.into()),
        token().prop_map(|token| GetSession { token }.into()),
        (wallet(), limit()).prop_map(|(wallet, limit)| ListSessions { wallet, limit }.into()),
        id().prop_map(|id| GetApiKey { id }.into()),
        (wallet(), of(id()), limit()).prop_map(|(owner, after, limit)| ListApiKeys {
            owner,
            after,
            limit
        }
        .into()),
        host().prop_map(|key| GetHostKey { key }.into()),
        (wallet(), of(host()), limit()).prop_map(|(owner, after, limit)| ListHostKeys {
            owner,
            after,
            limit
        }
        .into()),
        (of(name("s", 2)), of(0..6_u64), limit()).prop_map(|(who, before, limit)| NewestAudit {
            who,
            action: None,
            before,
            limit
        }
        .into()),
        (of(name("s", 2)), 0..4_u64, limit()).prop_map(|(subject, after, limit)| ListAudit {
            subject,
            after,
            limit
        }
        .into()),
    ]
    .boxed()
}
