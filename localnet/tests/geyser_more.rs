//! The subscriptions beside the main one: transactions before their outcome, and the contact table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use std::collections::HashMap;

use common::{reach, start, subscribe};
use futures::{StreamExt as _, stream};
use yellowstone_grpc_proto::geyser::geyser_client::GeyserClient;
use yellowstone_grpc_proto::prelude::{
    CommitmentLevel, SubscribeDeshredRequest, SubscribeGossipRequest, SubscribeRequest,
    SubscribeRequestFilterDeshredTransactions, SubscribeRequestFilterSlots,
    SubscribeRequestFilterTransactions, SubscribeRequestPing,
    subscribe_update::UpdateOneof as Update, subscribe_update_deshred::UpdateOneof as Deshred,
    subscribe_update_gossip::UpdateOneof as Gossip,
};

fn named<T>(filter: T) -> HashMap<String, T> {
    HashMap::from([("t".to_owned(), filter)])
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_come_without_outcome_before_their_slot_is_processed() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 2).await;
    // The same slots as everybody sees them later; asked for first, so that none is missed.
    let processed = SubscribeRequest {
        transactions: named(SubscribeRequestFilterTransactions::default()),
        commitment: Some(CommitmentLevel::Confirmed.into()),
        ..Default::default()
    };
    let mut executed = subscribe(&net.geyser_url(), processed).await;
    let mut client = GeyserClient::connect(net.geyser_url()).await.unwrap();
    let ask = |ping| SubscribeDeshredRequest {
        deshred_transactions: named(SubscribeRequestFilterDeshredTransactions::default()),
        slots: named(SubscribeRequestFilterSlots::default()),
        ping,
    };
    let requests = stream::iter([ask(None), ask(Some(SubscribeRequestPing { id: 7 }))]);
    let requests = requests.chain(stream::pending());
    let mut shreds = client
        .subscribe_deshred(requests)
        .await
        .unwrap()
        .into_inner();
    let (mut early, mut pong) = (HashMap::new(), None);
    let (mut last, mut slots) = (0, 0);
    while slots < 4 {
        let update = shreds.next().await.unwrap().unwrap();
        match update.update_oneof.unwrap() {
            Deshred::DeshredTransaction(one) => {
                assert_eq!(update.filters, ["t"]);
                assert!(
                    one.slot > last,
                    "a slot's transactions come before its status"
                );
                let info = one.transaction.unwrap();
                early.insert(info.signature, (one.slot, info.transaction));
            }
            Deshred::Slot(slot) if slot.status == 0 => (last, slots) = (slot.slot, slots + 1),
            Deshred::Pong(one) => pong = Some(one.id),
            _ => {}
        }
    }
    assert_eq!(pong, Some(7));
    let mut found = 0;
    while found < early.len() {
        let update = executed.next().await.unwrap().unwrap();
        if let Some(Update::Transaction(one)) = update.update_oneof {
            let info = one.transaction.unwrap();
            assert!(info.meta.is_some());
            if let Some(known) = early.get(&info.signature) {
                assert_eq!(*known, (one.slot, info.transaction));
                found += 1;
            }
        }
    }
    assert!(found > 0);
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contact_table_comes_first_and_the_stream_ends_with_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    let mut client = GeyserClient::connect(net.geyser_url()).await.unwrap();
    let gossip = client.subscribe_gossip(SubscribeGossipRequest {}).await;
    let mut gossip = gossip.unwrap().into_inner();
    let first = gossip.next().await.unwrap().unwrap();
    let Some(Gossip::Snapshot(table)) = first.update_oneof else {
        panic!("{first:?}")
    };
    assert_eq!((first.seq, table.nodes.len()), (1, 1));
    assert_eq!(table.nodes[0].pubkey, net.genesis_hash());
    assert!(table.nodes[0].version_major > 0);
    tokio::join!(net.shutdown(), async {
        let end = gossip.next().await.unwrap().unwrap_err();
        assert_eq!(end.code(), tonic::Code::Unavailable);
    });
}
