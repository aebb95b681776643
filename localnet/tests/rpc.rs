//! JSON-RPC: the shapes of a Solana node, and agreement with Geyser about the same blocks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use common::{call, options, reach, rpc, start, subscribe};
use futures::StreamExt;
use hypernode_localnet::{Localnet, Options};
use serde_json::{Value, json};
use solana_sdk::{
    message::{Message, VersionedMessage},
    signature::{Keypair, Signer},
    transaction::VersionedTransaction,
};
use std::collections::HashMap;
use yellowstone_grpc_proto::prelude::{
    CommitmentLevel, SubscribeRequest, SubscribeRequestFilterBlocks, subscribe_update::UpdateOneof,
};

const CONFIRMED: &str = "confirmed";

fn full() -> Value {
    json!({"commitment": CONFIRMED, "encoding": "json", "maxSupportedTransactionVersion": 0})
}

fn b58(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn rpc_and_geyser_tell_the_same_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 60).await;
    let url = net.rpc_url();
    let request = SubscribeRequest {
        blocks: HashMap::from([("b".to_owned(), SubscribeRequestFilterBlocks::default())]),
        commitment: Some(CommitmentLevel::Confirmed.into()),
        from_slot: Some(1),
        ..Default::default()
    };
    let mut stream = subscribe(&net.geyser_url(), request).await;
    let mut slot = 0;
    while slot < 50 {
        let Some(UpdateOneof::Block(block)) = stream.next().await.unwrap().unwrap().update_oneof
        else {
            continue;
        };
        slot = block.slot;
        let json = rpc(&url, "getBlock", json!([slot, full()])).await;
        assert_eq!(json["blockhash"], block.blockhash);
        assert_eq!(json["previousBlockhash"], block.parent_blockhash);
        assert_eq!(json["parentSlot"], block.parent_slot);
        assert_eq!(
            json["blockHeight"],
            block.block_height.unwrap().block_height
        );
        assert_eq!(json["blockTime"], block.block_time.unwrap().timestamp);
        let transactions = json["transactions"].as_array().unwrap();
        assert_eq!(transactions.len(), block.transactions.len());
        for (json, info) in transactions.iter().zip(&block.transactions) {
            let meta = info.meta.as_ref().unwrap();
            let message = info.transaction.as_ref().unwrap().message.as_ref().unwrap();
            assert_eq!(json["transaction"]["signatures"][0], b58(&info.signature));
            assert_eq!(json["meta"]["logMessages"], json!(meta.log_messages));
            assert_eq!(json["meta"]["fee"], meta.fee);
            assert_eq!(json["meta"]["err"].is_null(), meta.err.is_none());
            assert_eq!(
                json["version"],
                if message.versioned {
                    json!(0)
                } else {
                    json!("legacy")
                }
            );
            let keys = json["transaction"]["message"]["accountKeys"]
                .as_array()
                .unwrap();
            assert!(
                keys.iter()
                    .zip(&message.account_keys)
                    .all(|(a, b)| a == &b58(b))
            );
            let loaded = json["meta"]["loadedAddresses"]["writable"]
                .as_array()
                .unwrap();
            assert_eq!(loaded.len(), meta.loaded_writable_addresses.len());
        }
    }
    // The first block of a chain may be empty; some of these are not.
    let signatures =
        json!({"transactionDetails": "signatures", "rewards": false, "commitment": CONFIRMED});
    let block = rpc(&url, "getBlock", json!([40, signatures])).await;
    assert!(block.get("rewards").is_none() && block.get("transactions").is_none());
    assert_eq!(
        rpc(&url, "getBlocks", json!([5, 9, {"commitment": CONFIRMED}])).await,
        json!([5, 6, 7, 8, 9])
    );
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_found_by_its_signature_and_by_its_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 60).await;
    let url = net.rpc_url();
    let program = net.program_ids()[1].1.to_string();
    let page = |config: Value| {
        let (url, program) = (url.clone(), program.clone());
        async move { rpc(&url, "getSignaturesForAddress", json!([program, config])).await }
    };
    let all = page(json!({"commitment": CONFIRMED})).await;
    let all = all.as_array().unwrap();
    assert!(all.len() > 10);
    let slots: Vec<_> = all.iter().map(|e| e["slot"].as_u64().unwrap()).collect();
    assert!(
        slots.windows(2).all(|pair| pair[0] >= pair[1]),
        "newest first"
    );
    // Pages join without hole or repetition.
    let first =
        page(json!({"commitment": CONFIRMED, "before": all[2]["signature"], "limit": 4})).await;
    assert_eq!(first.as_array().unwrap()[..], all[3..7]);
    let newer = page(json!({"commitment": CONFIRMED, "before": all[0]["signature"], "until": all[5]["signature"]})).await;
    assert_eq!(newer.as_array().unwrap()[..], all[1..5]);

    for entry in &all[..10] {
        let signature = entry["signature"].as_str().unwrap();
        for encoding in ["json", "jsonParsed", "base64", "base58"] {
            let config = json!({"commitment": CONFIRMED, "encoding": encoding, "maxSupportedTransactionVersion": 0});
            let found = rpc(&url, "getTransaction", json!([signature, config])).await;
            assert_eq!(found["slot"], entry["slot"]);
            assert_eq!(found["meta"]["err"], entry["err"]);
            if encoding == "base64" {
                // The bytes are the transaction: they verify against their signatures.
                let text = found["transaction"][0].as_str().unwrap();
                let bytes = base64_simd::STANDARD.decode_to_vec(text).unwrap();
                let sent: VersionedTransaction = bincode::deserialize(&bytes).unwrap();
                assert_eq!(sent.signatures[0].to_string(), signature);
                assert!(sent.verify_with_results().iter().all(|valid| *valid));
            }
        }
    }
    let statuses = rpc(
        &url,
        "getSignatureStatuses",
        json!([[all[0]["signature"], b58(&[7; 64])]]),
    )
    .await;
    assert_eq!(statuses["value"][0]["slot"], all[0]["slot"]);
    assert!(statuses["value"][1].is_null());
    let unknown = rpc(
        &url,
        "getTransaction",
        json!([b58(&[7; 64]), {"maxSupportedTransactionVersion": 0}]),
    )
    .await;
    assert!(unknown.is_null());
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_know_no_versions_are_told_so_and_errors_have_a_nodes_codes() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 80).await;
    let url = net.rpc_url();
    let mut refused = 0;
    for slot in 1..=70 {
        let answer = call(&url, "getBlock", json!([slot, {"commitment": CONFIRMED}])).await;
        refused += u32::from(answer["error"]["code"] == -32015);
    }
    assert!(refused > 0, "some blocks hold versioned transactions");
    let code = |method: &'static str, params: Value| {
        let url = url.clone();
        async move {
            call(&url, method, params).await["error"]["code"]
                .as_i64()
                .unwrap()
        }
    };
    assert_eq!(code("getBlock", json!([9_000_000])).await, -32004);
    assert_eq!(code("getBlock", json!(["x"])).await, -32602);
    assert_eq!(
        code("getBlock", json!([1, {"commitment": "processed"}])).await,
        -32602
    );
    assert_eq!(
        code("getSlot", json!([{"commitment": "max"}])).await,
        -32602
    );
    assert_eq!(
        code("getSlot", json!([{"minContextSlot": 9_000_000}])).await,
        -32016
    );
    assert_eq!(code("getAccountInfo", json!(["not base58!"])).await, -32602);
    assert_eq!(
        code("sendTransaction", json!(["AAAA", {"encoding": "base64"}])).await,
        -32602
    );
    assert_eq!(code("noSuchMethod", json!([])).await, -32601);

    let post = async |body: String| {
        let client = common::http();
        client.post(&url).body(body).send().await.unwrap()
    };
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "getHealth"},
        {"jsonrpc": "2.0", "id": "b", "method": "getGenesisHash", "params": []},
        {"jsonrpc": "2.0", "method": "getSlot"},
        5,
    ]);
    let answers: Value =
        serde_json::from_str(&post(batch.to_string()).await.text().await.unwrap()).unwrap();
    assert_eq!(
        answers.as_array().unwrap().len(),
        3,
        "a notification gets no answer"
    );
    assert_eq!(answers[0]["result"], "ok");
    assert_eq!(answers[1]["result"], b58(&net.genesis_hash()));
    assert_eq!(answers[2]["error"]["code"], -32600);
    let garbage: Value =
        serde_json::from_str(&post("{".to_owned()).await.text().await.unwrap()).unwrap();
    assert_eq!(garbage["error"]["code"], -32700);
    assert_eq!(post("x".repeat(60_000)).await.status(), 413);
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_shown_and_filtered() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 60).await;
    let url = net.rpc_url();
    let registry = net.program_ids()[0].1.to_string();
    let config = json!({"commitment": CONFIRMED, "encoding": "base64", "withContext": true});
    let nodes = rpc(&url, "getProgramAccounts", json!([registry, config])).await;
    let nodes = nodes["value"].as_array().unwrap();
    assert!(nodes.len() >= 4);
    let data = base64_simd::STANDARD
        .decode_to_vec(nodes[0]["account"]["data"][0].as_str().unwrap())
        .unwrap();
    // By the owner in the account's data.
    let filter = json!([registry, {"commitment": CONFIRMED, "encoding": "base64", "filters": [
        {"dataSize": data.len()}, {"memcmp": {"offset": 8, "bytes": b58(&data[8..40])}}]}]);
    let owned = rpc(&url, "getProgramAccounts", filter).await;
    assert!(!owned.as_array().unwrap().is_empty());
    assert!(owned.as_array().unwrap().len() < nodes.len());
    let one = rpc(
        &url,
        "getAccountInfo",
        json!([nodes[0]["pubkey"], {"encoding": "base64", "commitment": CONFIRMED}]),
    )
    .await;
    assert_eq!(one["value"]["owner"], registry);
    let slice = json!([nodes[0]["pubkey"], {"encoding": "base64", "commitment": CONFIRMED, "dataSlice": {"offset": 8, "length": 4}}]);
    let part = rpc(&url, "getAccountInfo", slice).await;
    assert_eq!(
        part["value"]["data"][0],
        base64_simd::STANDARD.encode_to_string(&data[8..12])
    );
    // The runtime's own accounts are there too.
    let token = rpc(
        &url,
        "getAccountInfo",
        json!(["TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", {"encoding": "base64"}]),
    )
    .await;
    assert_eq!(token["value"]["executable"], true);
    let nobody = rpc(&url, "getAccountInfo", json!([b58(&[9; 32])])).await;
    assert!(nobody["value"].is_null());
    net.shutdown().await;
}

/// An actor's key, derived as the network derives it: tests need somebody with money.
fn client(seed: u64) -> Keypair {
    let parts: [&[u8]; 4] = [
        b"hypernode-localnet actor",
        &seed.to_le_bytes(),
        b"client",
        &[0],
    ];
    Keypair::new_from_array(solana_sdk::hash::hashv(&parts).to_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_transaction_is_simulated_executed_and_not_executed_twice() {
    let dir = tempfile::tempdir().unwrap();
    let net = Localnet::start(Options {
        rate: 0.0,
        ..options(dir.path())
    })
    .await
    .unwrap();
    reach(&net, 3).await;
    let url = net.rpc_url();
    let payer = client(7);
    let to = solana_sdk::pubkey::Pubkey::new_from_array([42; 32]);
    let latest = rpc(
        &url,
        "getLatestBlockhash",
        json!([{"commitment": CONFIRMED}]),
    )
    .await;
    let blockhash: solana_sdk::hash::Hash = latest["value"]["blockhash"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let transfer = |lamports: u64, blockhash| {
        // The system program's transfer.
        let data = [2u32.to_le_bytes().as_slice(), &lamports.to_le_bytes()].concat();
        let accounts = vec![
            solana_sdk::instruction::AccountMeta::new(payer.pubkey(), true),
            solana_sdk::instruction::AccountMeta::new(to, false),
        ];
        let program_id = solana_sdk::pubkey::Pubkey::default();
        let instruction = solana_sdk::instruction::Instruction {
            program_id,
            accounts,
            data,
        };
        let message =
            Message::new_with_blockhash(&[instruction], Some(&payer.pubkey()), &blockhash);
        VersionedTransaction::try_new(VersionedMessage::Legacy(message), &[&payer]).unwrap()
    };
    let text = |transaction: &VersionedTransaction| {
        base64_simd::STANDARD.encode_to_string(bincode::serialize(transaction).unwrap())
    };
    let base64 = json!({"encoding": "base64"});
    let good = transfer(2_000_000, blockhash);
    let simulated = rpc(&url, "simulateTransaction", json!([text(&good), base64])).await;
    assert!(simulated["value"]["err"].is_null(), "{simulated}");
    assert!(simulated["value"]["unitsConsumed"].as_u64().unwrap() > 0);
    assert_eq!(
        rpc(
            &url,
            "getBalance",
            json!([to.to_string(), {"commitment": "processed"}])
        )
        .await["value"],
        0
    );

    let signature = rpc(&url, "sendTransaction", json!([text(&good), base64])).await;
    let tip = net.chain().tip().0;
    reach(&net, tip + 3).await;
    let balance = rpc(
        &url,
        "getBalance",
        json!([to.to_string(), {"commitment": CONFIRMED}]),
    )
    .await;
    assert_eq!(balance["value"], 2_000_000);
    let status = rpc(&url, "getSignatureStatuses", json!([[signature]])).await;
    assert!(status["value"][0]["err"].is_null());
    let again = call(&url, "sendTransaction", json!([text(&good), base64])).await;
    assert_eq!(again["error"]["code"], -32002);
    assert_eq!(again["error"]["data"]["err"], "AlreadyProcessed");

    // Preflight tells what would fail; without it the failure is in the block.
    let too_much = transfer(u64::MAX / 2, blockhash);
    let refused = call(&url, "sendTransaction", json!([text(&too_much), base64])).await;
    assert_eq!(refused["error"]["code"], -32002);
    assert_eq!(
        refused["error"]["data"]["err"],
        json!({"InstructionError": [0, {"Custom": 1}]})
    );
    assert!(
        !refused["error"]["data"]["logs"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let skip = json!({"encoding": "base64", "skipPreflight": true});
    let signature = rpc(&url, "sendTransaction", json!([text(&too_much), skip])).await;
    let tip = net.chain().tip().0;
    reach(&net, tip + 3).await;
    let found = rpc(
        &url,
        "getTransaction",
        json!([signature, {"commitment": CONFIRMED}]),
    )
    .await;
    assert_eq!(
        found["meta"]["err"],
        json!({"InstructionError": [0, {"Custom": 1}]})
    );
    assert_eq!(found["meta"]["status"]["Err"], found["meta"]["err"]);

    let stale = transfer(1, solana_sdk::hash::Hash::new_from_array([1; 32]));
    let refused = call(&url, "sendTransaction", json!([text(&stale), base64])).await;
    assert_eq!(refused["error"]["data"]["err"], "BlockhashNotFound");
    let mut forged = transfer(3, blockhash);
    forged.signatures[0] = solana_sdk::signature::Signature::from([5; 64]);
    let refused = call(&url, "sendTransaction", json!([text(&forged), base64])).await;
    assert_eq!(refused["error"]["code"], -32003);
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_breaks_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 40).await;
    let url = net.rpc_url();
    let address = net.program_ids()[0].1.to_string();
    let odd = [
        json!(null),
        json!(-1),
        json!(u64::MAX),
        json!(1.5),
        json!(""),
        json!("x".repeat(2_000)),
        json!([]),
        json!({}),
        json!(true),
        json!(address),
        json!(7),
        json!([address]),
        json!({"limit": 0}),
        json!({"limit": u64::MAX}),
        json!({"commitment": "confirmed", "dataSlice": {"offset": u64::MAX, "length": u64::MAX}, "encoding": "base64"}),
        json!({"commitment": "confirmed", "filters": [{"memcmp": {"offset": u64::MAX, "bytes": "1"}}], "encoding": "base64"}),
        json!({"commitment": "confirmed", "filters": [{"memcmp": {}}]}),
        json!({"encoding": "nothing"}),
        json!({"commitment": "confirmed", "before": address}),
        json!({"maxSupportedTransactionVersion": u64::MAX}),
    ];
    let methods = [
        "getAccountInfo",
        "getBalance",
        "getBlock",
        "getBlockHeight",
        "getBlockTime",
        "getBlocks",
        "getBlocksWithLimit",
        "getEpochInfo",
        "getLatestBlockhash",
        "getMinimumBalanceForRentExemption",
        "getMultipleAccounts",
        "getProgramAccounts",
        "getSignatureStatuses",
        "getSignaturesForAddress",
        "getSlot",
        "getTransaction",
        "isBlockhashValid",
        "sendTransaction",
        "simulateTransaction",
    ];
    let client = common::http();
    for method in methods {
        let mut batch = Vec::new();
        for first in &odd {
            for second in &odd {
                batch.push(
                    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": [first, second]}),
                );
            }
        }
        for part in batch.chunks(10) {
            let answer = client
                .post(&url)
                .body(json!(part).to_string())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "{method}");
            let answers: Vec<Value> = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            for (request, answer) in part.iter().zip(&answers) {
                let code = answer["error"]["code"].as_i64();
                assert!(
                    code != Some(-32603),
                    "{request} is not the server's fault: {answer}"
                );
            }
        }
    }
    assert_eq!(rpc(&url, "getHealth", json!([])).await, "ok");
    net.shutdown().await;
}
