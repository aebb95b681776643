//! Account updates in a recording become rows, once however often it is read.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

#[path = "common/engine.rs"]
mod engine;
#[path = "common/geyser.rs"]
mod geyser;

use std::sync::Arc;

use hypernode_decoder::accounts::{AccountDecoder, AccountLayouts};
use hypernode_decoder::{ProgramConfig, idl};
use hypernode_indexer::bench::synthetic;
use hypernode_indexer::pipeline::{RecordingOptions, StatusHandle, run_recording};
use hypernode_schemas::accounts as map;
use hypernode_warehouse::migrate;
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use yellowstone_grpc_proto::geyser::{
    SubscribeUpdate, SubscribeUpdateAccount, SubscribeUpdateAccountInfo,
    subscribe_update::UpdateOneof,
};

const PROGRAM: [u8; 32] = [7; 32];

fn decoder() -> AccountDecoder {
    let json = hypernode_schemas::idl::text("node_registry").expect("IDL");
    let idl = idl::parse("node_registry", "built-in", json.as_bytes()).expect("IDL");
    let layouts = AccountLayouts {
        map: map::parse(map::TEXT).expect("map"),
        ..AccountLayouts::default()
    };
    let program = ProgramConfig::new("node_registry", PROGRAM, idl);
    AccountDecoder::new(&[program], &layouts).expect("decoder")
}

/// A node of the second design: online is 1 there.
fn node(status: u8, stake: u64) -> Vec<u8> {
    let mut data = vec![0x7d, 0xa6, 0x12, 0x92, 0xc3, 0x7f, 0x56, 0xdc];
    data.extend([9; 32]);
    for text in ["gpu-1", "specs", "uk"] {
        data.extend((text.len() as u32).to_le_bytes());
        data.extend(text.bytes());
    }
    data.extend([0; 16]);
    data.push(status);
    data.extend(stake.to_le_bytes());
    data.resize(232, 0);
    data
}

fn account(slot: u64, write_version: u64, owner: [u8; 32], data: Vec<u8>) -> SubscribeUpdate {
    geyser::wrap(UpdateOneof::Account(SubscribeUpdateAccount {
        account: Some(SubscribeUpdateAccountInfo {
            pubkey: vec![1; 32],
            lamports: 5,
            owner: owner.to_vec(),
            data,
            write_version,
            txn_signature: Some(vec![4; 64]),
            ..Default::default()
        }),
        slot,
        ..Default::default()
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn account_updates_of_a_recording_are_rows_once() {
    let blocks = Arc::new(synthetic::decoder().expect("decoder"));
    let Some(engine) = engine::start(&blocks).await else {
        return;
    };
    let accounts = Arc::new(decoder());
    migrate::evolve_tables(&engine.client, accounts.tables())
        .await
        .expect("tables");
    let mut updates = geyser::blocks(100..104);
    updates.insert(1, account(100, 3, PROGRAM, node(0, 10)));
    updates.insert(3, account(101, 5, PROGRAM, node(1, 20)));
    updates.insert(4, account(101, 6, PROGRAM, vec![0; 232]));
    updates.insert(5, account(101, 4, PROGRAM, node(2, 15)));
    updates.insert(6, account(102, 9, [8; 32], node(2, 99)));
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("accounts.bin");
    let mut bytes = Vec::new();
    for update in &updates {
        update.encode_length_delimited(&mut bytes).expect("encoded");
    }
    std::fs::write(&path, bytes).expect("written");
    for _ in 0..2 {
        let options = RecordingOptions {
            accounts: Some(Arc::clone(&accounts)),
            ..RecordingOptions::new(&path)
        };
        let outcome = run_recording(
            options,
            Arc::clone(&blocks),
            engine.client.clone(),
            StatusHandle::new(),
            CancellationToken::new(),
        );
        assert!(Box::pin(outcome).await.expect("indexed").is_whole());
    }
    let versions = "SELECT slot, write_version, layout, reason, source FROM account_versions FINAL ORDER BY slot, write_version";
    let wanted = "100\t3\tsecond\t\tstream\n101\t4\tsecond\t\tstream\n101\t5\tsecond\t\tstream\n\
                  101\t6\t\tuninitialised\tstream";
    assert_eq!(engine.text(versions).await, wanted);
    let facts = |as_of: u64| {
        format!("SELECT status, stake, slot, closed FROM node_account_facts(as_of = {as_of})")
    };
    assert_eq!(engine.text(&facts(100)).await, "offline\t10\t100\tfalse");
    assert_eq!(engine.text(&facts(102)).await, "online\t20\t101\tfalse");
    let typed = "SELECT count(), max(stake_amount) FROM acc_node_registry_NodeAccount_second FINAL";
    assert_eq!(engine.text(typed).await, "3\t20");
    let state = "SELECT reason, slot FROM account_states";
    assert_eq!(engine.text(state).await, "uninitialised\t101");
}
