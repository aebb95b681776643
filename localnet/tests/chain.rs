//! The chain survives restarts and kills.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use std::time::Duration;

use common::{call, options, reach, rpc, start};
use hypernode_localnet::{Localnet, LocalnetError};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_chain_goes_on_from_its_last_block() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 40).await;
    let genesis = net.genesis_hash();
    let old = net.chain().block(39).unwrap().unwrap();
    net.shutdown().await;

    let net = start(dir.path()).await;
    assert_eq!(net.genesis_hash(), genesis);
    let first = net.chain().tip().0;
    assert!(first >= 40);
    reach(&net, first + 3).await;
    assert_eq!(net.chain().block(39).unwrap().unwrap(), old);
    let mut parent = None;
    for slot in 35..=first + 2 {
        let block = net
            .chain()
            .block(slot)
            .unwrap()
            .expect("no slot is skipped");
        if let Some((hash, time)) = parent {
            assert_eq!(block.parent_blockhash, hash);
            assert!(block.block_time.unwrap().timestamp >= time);
        }
        parent = Some((block.blockhash.clone(), block.block_time.unwrap().timestamp));
    }
    net.shutdown().await;

    let fresh = hypernode_localnet::Options {
        fresh: true,
        ..options(dir.path())
    };
    let net = Localnet::start(fresh).await.unwrap();
    assert_ne!(
        net.genesis_hash(),
        genesis,
        "another chain is another network"
    );
    reach(&net, 1).await;
    assert!(net.chain().tip().0 < 40);
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_use_is_refused_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    let again = Localnet::start(options(dir.path())).await;
    assert!(
        matches!(again, Err(LocalnetError::Locked { .. })),
        "{again:?}"
    );
    let fresh = hypernode_localnet::Options {
        fresh: true,
        ..options(dir.path())
    };
    let again = Localnet::start(fresh).await;
    assert!(
        matches!(again, Err(LocalnetError::Locked { .. })),
        "{again:?}"
    );

    let other = tempfile::tempdir().unwrap();
    let rpc: std::net::SocketAddr = net.rpc_url()[7..].parse().unwrap();
    let taken = hypernode_localnet::Options {
        rpc,
        ..options(other.path())
    };
    let error = Localnet::start(taken).await.unwrap_err();
    assert!(
        matches!(
            error,
            LocalnetError::Port {
                key: "localnet.rpc_port",
                ..
            }
        ),
        "{error}"
    );
    reach(&net, net.chain().tip().0 + 2).await;
    net.shutdown().await;
}

/// Runs as the child of the next test; alone it has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_is_killed() {
    let Ok(dir) = std::env::var("LOCALNET_KILLED_DIR") else {
        return;
    };
    let net = Localnet::start(hypernode_localnet::Options {
        slot_ms: 3,
        ..options(dir.as_ref())
    })
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_chain_goes_on_from_its_last_whole_block() {
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..4u64 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_is_killed", "--nocapture"])
            .env("LOCALNET_KILLED_DIR", dir.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(1_500 + 137 * round)).await;
        child.kill().unwrap();
        child.wait().unwrap();

        let net = start(dir.path()).await;
        let tip = net.chain().tip().0;
        assert!(
            tip > last,
            "the child of round {round} stored blocks after slot {last}"
        );
        reach(&net, tip + 3).await;
        // Every block is whole, and every transaction is found where its index says.
        let reader = net.chain().reader().unwrap();
        for slot in last + 1..=tip + 3 {
            let block = reader.block(slot).unwrap().unwrap();
            assert_eq!(block.parent_slot, slot - 1);
            let header = reader.header(slot).unwrap().unwrap();
            assert_eq!(block.transactions.len(), header.transactions as usize);
            for info in &block.transactions {
                let signature = info.signature.as_slice().try_into().unwrap();
                let position = reader.position(signature).unwrap().unwrap();
                assert_eq!(
                    (position.slot, u64::from(position.index)),
                    (slot, info.index)
                );
            }
        }
        last = net.chain().tip().0;
        net.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_read_as_they_were_at_each_commitment() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 50).await;
    let url = net.rpc_url();
    // A wallet that pays in nearly every block: its balance falls, so the older level shows more.
    let reader = net.chain().reader().unwrap();
    let tip = reader.tip();
    let payer = (tip.at(hypernode_localnet::chain::Commitment::Finalized) + 1..=tip.0)
        .filter_map(|slot| reader.block(slot).unwrap())
        .flat_map(|block| block.transactions)
        .map(|info| hypernode_localnet::chain::keys_of(&info)[0])
        .next()
        .expect("somebody paid a fee in the last 31 slots");
    let payer = solana_sdk::pubkey::Pubkey::new_from_array(payer);
    use hypernode_localnet::chain::Commitment;
    let at = |level| reader.account(&payer, level).unwrap().unwrap().lamports;
    assert_ne!(at(Commitment::Processed), at(Commitment::Finalized));
    // The view does not move when the chain does.
    let before = at(Commitment::Processed);
    reach(&net, tip.0 + 5).await;
    assert_eq!(at(Commitment::Processed), before);
    let balance = rpc(
        &url,
        "getBalance",
        json!([payer.to_string(), {"commitment": "processed"}]),
    );
    assert!(balance.await["value"].as_u64().is_some());
    let unknown = call(&url, "getNothing", json!([])).await;
    assert_eq!(unknown["error"]["code"], -32601);
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_refused_and_replaced_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("localnet/chain.redb");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, vec![0x5a; 100_000]).unwrap();
    let error = Localnet::start(options(dir.path()))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("chain.redb") || error.contains("store"),
        "{error}"
    );
    let fresh = hypernode_localnet::Options {
        fresh: true,
        ..options(dir.path())
    };
    let net = Localnet::start(fresh).await.unwrap();
    reach(&net, 2).await;
    net.shutdown().await;
}
