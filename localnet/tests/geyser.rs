//! Conformance of the Geyser server, seen with the client that indexers use.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use std::{collections::HashMap, time::Duration};

use common::{next, options, reach, start, subscribe};
use futures::{SinkExt, StreamExt};
use hypernode_localnet::Localnet;
use yellowstone_grpc_client::GeyserGrpcClient;
use yellowstone_grpc_proto::{
    prelude::{
        CommitmentLevel, SlotStatus, SubscribeRequest, SubscribeRequestFilterAccounts,
        SubscribeRequestFilterBlocks, SubscribeRequestFilterBlocksMeta,
        SubscribeRequestFilterEntry, SubscribeRequestFilterSlots,
        SubscribeRequestFilterTransactions, SubscribeRequestPing, subscribe_update::UpdateOneof,
    },
    tonic::Code,
};

fn named<T>(filter: T) -> HashMap<String, T> {
    HashMap::from([("t".to_owned(), filter)])
}

/// Everything about slots, blocks and transactions.
fn everything(level: CommitmentLevel) -> SubscribeRequest {
    SubscribeRequest {
        slots: named(SubscribeRequestFilterSlots {
            filter_by_commitment: None,
            interslot_updates: Some(true),
        }),
        transactions: named(SubscribeRequestFilterTransactions::default()),
        blocks: named(SubscribeRequestFilterBlocks::default()),
        blocks_meta: named(SubscribeRequestFilterBlocksMeta {}),
        commitment: Some(level.into()),
        ..Default::default()
    }
}

fn blocks(level: CommitmentLevel, from_slot: Option<u64>) -> SubscribeRequest {
    SubscribeRequest {
        blocks: named(SubscribeRequestFilterBlocks::default()),
        commitment: Some(level.into()),
        from_slot,
        ..Default::default()
    }
}

/// What a slot's messages look like in order, transactions counted once.
async fn sequence(net: &Localnet, level: CommitmentLevel, want: u64) -> Vec<String> {
    let mut stream = subscribe(&net.geyser_url(), everything(level)).await;
    let mut seen: HashMap<u64, Vec<String>> = HashMap::new();
    let mut first = None;
    loop {
        let (slot, what) = match next(&mut stream).await.unwrap() {
            UpdateOneof::Slot(s) => (
                s.slot,
                SlotStatus::try_from(s.status).unwrap().as_str_name(),
            ),
            UpdateOneof::Transaction(t) => (t.slot, "TX"),
            UpdateOneof::Block(b) => (b.slot, "BLOCK"),
            UpdateOneof::BlockMeta(m) => (m.slot, "META"),
            other => panic!("unexpected {other:?}"),
        };
        let list = seen.entry(slot).or_default();
        if what == "SLOT_CREATED_BANK" && first.is_none() {
            first = Some(slot + want);
        }
        if what != "TX" || list.last().is_none_or(|last| last != "TX") {
            list.push(what.to_owned());
        }
        let done = match level {
            CommitmentLevel::Finalized => "SLOT_FINALIZED",
            _ => "SLOT_CONFIRMED",
        };
        if Some(slot) == first && what == done {
            return seen.remove(&slot).unwrap();
        }
    }
}

fn without_tx(sequence: &[String]) -> Vec<&str> {
    sequence
        .iter()
        .map(String::as_str)
        .filter(|what| *what != "TX")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_slot_come_in_the_order_of_the_real_plugin() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 3).await;
    let (created, processed, completed, confirmed, finalized) = (
        "SLOT_CREATED_BANK",
        "SLOT_PROCESSED",
        "SLOT_COMPLETED",
        "SLOT_CONFIRMED",
        "SLOT_FINALIZED",
    );
    let at = |level| sequence(&net, level, 3);
    assert_eq!(
        without_tx(&at(CommitmentLevel::Processed).await),
        [created, "BLOCK", "META", processed, completed, confirmed]
    );
    let seen = at(CommitmentLevel::Confirmed).await;
    assert_eq!(
        without_tx(&seen),
        [created, processed, completed, "BLOCK", "META", confirmed]
    );
    if let Some(tx) = seen.iter().position(|what| what == "TX") {
        assert_eq!(tx, 3, "transactions come before their block: {seen:?}");
    }
    assert_eq!(
        without_tx(&at(CommitmentLevel::Finalized).await),
        [
            created, processed, completed, confirmed, "BLOCK", "META", finalized
        ]
    );
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filtering_slots_by_commitment_hides_everything_else() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    let request = SubscribeRequest {
        slots: named(SubscribeRequestFilterSlots {
            filter_by_commitment: Some(true),
            interslot_updates: Some(true),
        }),
        commitment: Some(CommitmentLevel::Finalized.into()),
        ..Default::default()
    };
    let mut stream = subscribe(&net.geyser_url(), request).await;
    let mut last = None;
    for _ in 0..5 {
        let UpdateOneof::Slot(slot) = next(&mut stream).await.unwrap() else {
            panic!()
        };
        assert_eq!(slot.status(), SlotStatus::SlotFinalized);
        assert!(last.is_none_or(|last| slot.slot == last + 1));
        assert_eq!(slot.parent, Some(slot.slot - 1));
        last = Some(slot.slot);
    }
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_block_subscription_sends_every_block_with_matching_transactions_only() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 60).await;
    let program = net
        .program_ids()
        .iter()
        .find(|(label, _)| *label == "job_receipt")
        .unwrap()
        .1;
    let request = SubscribeRequest {
        blocks: named(SubscribeRequestFilterBlocks {
            account_include: vec![program.to_string()],
            ..Default::default()
        }),
        commitment: Some(CommitmentLevel::Confirmed.into()),
        from_slot: Some(1),
        ..Default::default()
    };
    let mut stream = subscribe(&net.geyser_url(), request).await;
    let (mut kept, mut executed) = (0, 0);
    for slot in 1..=58 {
        let UpdateOneof::Block(block) = next(&mut stream).await.unwrap() else {
            panic!()
        };
        assert_eq!((block.slot, block.parent_slot), (slot, slot - 1));
        kept += block.transactions.len() as u64;
        executed += block.executed_transaction_count;
        for info in &block.transactions {
            let keys = hypernode_localnet::chain::keys_of(info);
            assert!(keys.contains(&program.to_bytes()));
        }
    }
    assert!(kept > 0, "jobs are created");
    assert!(
        kept < executed,
        "and other things happen: {kept} of {executed}"
    );
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_slot_replays_without_hole_or_repetition_and_refuses_what_it_must() {
    let dir = tempfile::tempdir().unwrap();
    let net = Localnet::start(hypernode_localnet::Options {
        replay_slots: 40,
        ..options(dir.path())
    })
    .await
    .unwrap();
    reach(&net, 60).await;
    let url = net.geyser_url();
    for level in [
        CommitmentLevel::Processed,
        CommitmentLevel::Confirmed,
        CommitmentLevel::Finalized,
    ] {
        let from = net.chain().tip().0 - 35;
        let mut stream = subscribe(&url, blocks(level, Some(from))).await;
        for slot in from..from + 60 {
            let UpdateOneof::Block(block) = next(&mut stream).await.unwrap() else {
                panic!()
            };
            assert_eq!(block.slot, slot, "{level:?}");
        }
    }
    let mut old = subscribe(&url, blocks(CommitmentLevel::Confirmed, Some(1))).await;
    let error = next(&mut old).await.unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange);
    assert!(error.message().contains("last available: "), "{error}");
    let ahead = net.chain().tip().0 + 1_000;
    let mut future = subscribe(&url, blocks(CommitmentLevel::Confirmed, Some(ahead))).await;
    let error = next(&mut future).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert_eq!(error.message(), "failed to get replay response");

    let mut client = GeyserGrpcClient::build_from_shared(url)
        .unwrap()
        .connect()
        .await
        .unwrap();
    let first = client
        .subscribe_replay_info()
        .await
        .unwrap()
        .first_available
        .unwrap();
    let tip = net.chain().tip().0;
    assert!((tip - 45..=tip - 38).contains(&first), "{first} of {tip}");
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered_and_changes_nothing_and_a_second_request_replaces_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    let mut client = GeyserGrpcClient::build_from_shared(net.geyser_url())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let (mut sink, mut stream) = client.subscribe().await.unwrap();
    let first = stream.next().await.unwrap().unwrap().update_oneof;
    assert!(
        matches!(first, Some(UpdateOneof::Ping(_))),
        "a ping comes at once"
    );
    sink.send(blocks(CommitmentLevel::Processed, None))
        .await
        .unwrap();
    assert!(matches!(next(&mut stream).await, Ok(UpdateOneof::Block(_))));
    let metas = SubscribeRequest {
        blocks_meta: named(SubscribeRequestFilterBlocksMeta {}),
        ..Default::default()
    };
    sink.send(SubscribeRequest {
        ping: Some(SubscribeRequestPing { id: 9 }),
        ..metas.clone()
    })
    .await
    .unwrap();
    loop {
        match next(&mut stream).await.unwrap() {
            UpdateOneof::Pong(pong) => break assert_eq!(pong.id, 9),
            UpdateOneof::Block(_) => {}
            other => panic!("the ping's filters took effect: {other:?}"),
        }
    }
    assert!(matches!(next(&mut stream).await, Ok(UpdateOneof::Block(_))));
    sink.send(metas).await.unwrap();
    while let UpdateOneof::Block(_) = next(&mut stream).await.unwrap() {}
    for _ in 0..5 {
        assert!(matches!(
            next(&mut stream).await,
            Ok(UpdateOneof::BlockMeta(_))
        ));
    }
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_come_with_their_block_and_count_its_transactions() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 30).await;
    let mut request = blocks(CommitmentLevel::Confirmed, Some(5));
    request.entry = named(SubscribeRequestFilterEntry::default());
    for filter in request.blocks.values_mut() {
        filter.include_entries = Some(true);
    }
    let mut stream = subscribe(&net.geyser_url(), request).await;
    let (mut entries, mut executed) = (Vec::new(), 0);
    for _ in 0..20 {
        let block = loop {
            match next(&mut stream).await.unwrap() {
                UpdateOneof::Entry(entry) => entries.push(entry),
                UpdateOneof::Block(block) => break block,
                other => panic!("unexpected {other:?}"),
            }
        };
        assert_eq!(block.entries, entries);
        assert_eq!(block.entries_count, entries.len() as u64);
        let counted: u64 = entries.iter().map(|e| e.executed_transaction_count).sum();
        assert_eq!(counted, block.executed_transaction_count);
        executed += counted;
        entries.clear();
    }
    assert!(executed > 0);
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_demanded_of_everybody() {
    let dir = tempfile::tempdir().unwrap();
    let net = Localnet::start(hypernode_localnet::Options {
        x_token: Some("secret".to_owned()),
        ..options(dir.path())
    })
    .await
    .unwrap();
    let connect = async |token: Option<&str>| {
        GeyserGrpcClient::build_from_shared(net.geyser_url())
            .unwrap()
            .x_token(token.map(str::to_owned))
            .unwrap()
            .connect()
            .await
            .unwrap()
    };
    connect(Some("secret")).await.get_version().await.unwrap();
    for token in [None, Some("wrong")] {
        let mut client = connect(token).await;
        let error = client.get_version().await.unwrap_err().to_string();
        assert!(error.contains("No valid auth token"), "{error}");
        let subscribed = client
            .subscribe_once(blocks(CommitmentLevel::Confirmed, None))
            .await;
        assert!(subscribed.is_err());
    }
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_cut_after_what_was_queued() {
    let dir = tempfile::tempdir().unwrap();
    let net = Localnet::start(hypernode_localnet::Options {
        queue_messages: 8,
        slot_ms: 5,
        ..options(dir.path())
    })
    .await
    .unwrap();
    // A window of a few bytes keeps everything in the server's queue until the client reads.
    let mut client = GeyserGrpcClient::build_from_shared(net.geyser_url())
        .unwrap()
        .initial_stream_window_size(64)
        .initial_connection_window_size(64)
        .connect()
        .await
        .unwrap();
    let request = everything(CommitmentLevel::Processed);
    let mut stream = client.subscribe_once(request).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut slots = Vec::new();
    let error = loop {
        match next(&mut stream).await {
            Ok(UpdateOneof::BlockMeta(meta)) => slots.push(meta.slot),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Code::Internal);
    assert!(
        error.message().contains("lagged to send an update"),
        "{error}"
    );
    assert!(
        slots.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{slots:?}"
    );
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_filters_are_refused_and_a_stopping_server_says_unavailable() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    let request = SubscribeRequest {
        blocks: named(SubscribeRequestFilterBlocks {
            account_include: vec!["HyPErNoDePaymEntSpLiTtErProGramId1234567".to_owned()],
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut stream = subscribe(&net.geyser_url(), request).await;
    let error = next(&mut stream).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);

    let mut stream = subscribe(&net.geyser_url(), blocks(CommitmentLevel::Confirmed, None)).await;
    next(&mut stream).await.unwrap();
    let stopping = tokio::spawn(net.shutdown());
    let error = loop {
        if let Err(error) = next(&mut stream).await {
            break error;
        }
    };
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn account_updates_carry_the_state_that_the_block_left() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 40).await;
    let program = net.program_ids()[1].1;
    let request = SubscribeRequest {
        accounts: named(SubscribeRequestFilterAccounts {
            owner: vec![program.to_string()],
            ..Default::default()
        }),
        commitment: Some(CommitmentLevel::Confirmed.into()),
        from_slot: Some(1),
        ..Default::default()
    };
    let mut stream = subscribe(&net.geyser_url(), request).await;
    let (mut version, mut latest) = (0, HashMap::new());
    loop {
        let UpdateOneof::Account(update) = next(&mut stream).await.unwrap() else {
            panic!()
        };
        if update.slot > 40 {
            break;
        }
        let account = update.account.unwrap();
        assert_eq!(account.owner, program.to_bytes());
        assert!(account.write_version > version, "write versions grow");
        version = account.write_version;
        latest.insert(account.pubkey.clone(), (update.slot, account));
    }
    assert!(latest.len() > 5);
    let reader = net.chain().reader().unwrap();
    for (slot, account) in latest.values() {
        let block = reader.block(*slot).unwrap().unwrap();
        let signature = account.txn_signature.as_ref().unwrap();
        let cause = block
            .transactions
            .iter()
            .find(|t| t.signature == *signature)
            .unwrap();
        let keys = hypernode_localnet::chain::keys_of(cause);
        assert!(keys.iter().any(|key| key.as_slice() == account.pubkey));
    }
    net.shutdown().await;
}
