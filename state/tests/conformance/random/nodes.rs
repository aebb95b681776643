//! Random nodes, tokens and daily secrets.

use hypernode_state::nodes::{
    GetNode, GetToken, ListNodes, ListTokens, NodeDrop, NodePut, TokenBind, TokenIssue,
    TokenRevoke, TokensSweep,
};
use hypernode_state::receipts::{DaySecretPut, DaySecretRecord, GetDaySecret, ListDaySecrets};
use hypernode_state::{Address, Digest, Op, Query, limits};
use proptest::option::of;
use proptest::prelude::*;

use super::{bytes, limit, name, number, time};
use crate::conformance::{address, digest};

fn id() -> impl Strategy<Value = String> {
    name("n", 3)
}

fn wallet() -> impl Strategy<Value = Address> {
    (0..2_u8).prop_map(address)
}

fn token() -> impl Strategy<Value = Digest> {
    (0..4_u8).prop_map(digest)
}

fn version() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..3_u64, 1 => number()]
}

fn day() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..3_u32, 1 => Just(u32::MAX)]
}

pub(crate) fn op() -> BoxedStrategy<Op> {
    prop_oneof![
        4 => (id(), version(), wallet(), of(wallet()), bytes(), time()).prop_map(
            |(id, version, wallet, chain, record, at)| {
                NodePut { id, version, wallet, chain, record, at }.into()
            }
        ),
        1 => (id(), version()).prop_map(|(id, version)| NodeDrop { id, version }.into()),
        3 => (token(), wallet(), time(), time())
            .prop_map(|(token, wallet, expires_at, at)| TokenIssue { token, wallet, expires_at, at }.into()),
        4 => (token(), id(), time()).prop_map(|(token, node, at)| TokenBind { token, node, at }.into()),
        1 => (token(), time()).prop_map(|(token, at)| TokenRevoke { token, at }.into()),
        1 => (time(), limit()).prop_map(|(now, limit)| TokensSweep { now, limit }.into()),
        1 => (day(), any::<u8>(), time()).prop_map(|(day, secret, at)| {
            let secret = DaySecretRecord { day, secret: [secret; 32], commitment: digest(secret), at };
            DaySecretPut { secret }.into()
        }),
    ]
    .boxed()
}

pub(crate) fn query() -> BoxedStrategy<Query> {
    prop_oneof![
        id().prop_map(|id| GetNode { id }.into()),
        (of(wallet()), of(id()), limit()).prop_map(|(wallet, after, limit)| {
            let limit = limit.min(limits::PAGE);
            ListNodes {
                wallet,
                after,
                limit,
            }
            .into()
        }),
        token().prop_map(|token| GetToken { token }.into()),
        (wallet(), limit()).prop_map(|(wallet, limit)| ListTokens { wallet, limit }.into()),
        day().prop_map(|day| GetDaySecret { day }.into()),
        (of(day()), limit()).prop_map(|(after, limit)| ListDaySecrets { after, limit }.into()),
    ]
    .boxed()
}
