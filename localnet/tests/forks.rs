//! A network that misbehaves (I-34): what is streamed beside the chain, and the one chain that remains.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use common::{call, http, next, options, rpc, subscribe};
use hypernode_localnet::{
    Localnet, Options,
    chain::{Chaos, keys_of},
};
use serde_json::{Value, json};
use yellowstone_grpc_client::GeyserGrpcClient;
use yellowstone_grpc_proto::{
    prelude::{
        CommitmentLevel, SlotStatus, SubscribeRequest, SubscribeRequestFilterBlocks,
        SubscribeRequestFilterBlocksMeta, SubscribeRequestFilterSlots,
        SubscribeRequestFilterTransactions, SubscribeUpdateBlock, subscribe_update::UpdateOneof,
    },
    tonic::Code,
};

fn named<T>(filter: T) -> HashMap<String, T> {
    HashMap::from([("t".to_owned(), filter)])
}

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

/// Everything that one subscription was sent.
#[derive(Default)]
struct Seen {
    blocks: BTreeMap<u64, SubscribeUpdateBlock>,
    transactions: BTreeMap<u64, Vec<(u64, Vec<u8>)>>,
    /// Transactions that came after their slot's meta.
    late: u64,
    metas: BTreeSet<u64>,
    statuses: BTreeMap<u64, Vec<SlotStatus>>,
}

impl Seen {
    fn with(&self, status: SlotStatus) -> BTreeSet<u64> {
        let slots = self.statuses.iter();
        slots
            .filter(|(_, seen)| seen.contains(&status))
            .map(|(slot, _)| *slot)
            .collect()
    }
}

/// Watches until a slot is completed.
async fn watch(url: String, request: SubscribeRequest, last: u64) -> Seen {
    let mut stream = subscribe(&url, request).await;
    let mut seen = Seen::default();
    loop {
        match next(&mut stream).await.unwrap() {
            UpdateOneof::Slot(slot) => {
                let status = slot.status();
                seen.statuses.entry(slot.slot).or_default().push(status);
                if slot.slot == last && status == SlotStatus::SlotCompleted {
                    return seen;
                }
            }
            UpdateOneof::Transaction(update) => {
                seen.late += u64::from(seen.metas.contains(&update.slot));
                let info = update.transaction.unwrap();
                let list = seen.transactions.entry(update.slot).or_default();
                list.push((info.index, info.signature));
            }
            UpdateOneof::Block(block) => {
                assert!(seen.blocks.insert(block.slot, block).is_none());
            }
            UpdateOneof::BlockMeta(meta) => assert!(seen.metas.insert(meta.slot)),
            other => panic!("unexpected {other:?}"),
        }
    }
}

/// The stored chain, checked: every block's parent is the one before it, and each balance goes on from where it was.
fn chain(net: &Localnet) -> BTreeMap<u64, SubscribeUpdateBlock> {
    let reader = net.chain().reader().unwrap();
    let mut blocks: BTreeMap<u64, SubscribeUpdateBlock> = BTreeMap::new();
    let mut balances: HashMap<[u8; 32], u64> = HashMap::new();
    for slot in reader.slots(1, u64::MAX, usize::MAX).unwrap() {
        let block = reader.block(slot).unwrap().unwrap();
        if let Some((parent, last)) = blocks.last_key_value() {
            assert_eq!(block.parent_slot, *parent);
            assert_eq!(block.parent_blockhash, last.blockhash);
            assert_eq!(
                block.block_height.unwrap().block_height,
                last.block_height.unwrap().block_height + 1
            );
        }
        for info in &block.transactions {
            let meta = info.meta.as_ref().unwrap();
            for ((key, before), after) in keys_of(info)
                .into_iter()
                .zip(&meta.pre_balances)
                .zip(&meta.post_balances)
            {
                if let Some(held) = balances.insert(key, *after) {
                    assert_eq!(held, *before, "slot {slot}: a branch left its trace");
                }
            }
        }
        blocks.insert(slot, block);
    }
    blocks
}

fn chaotic(dir: &std::path::Path, chaos: Chaos, last: u64) -> Options {
    Options {
        chaos: Some(chaos),
        last_slot: Some(last),
        slot_ms: 10,
        rate: 300.0,
        ..options(dir)
    }
}

fn signatures(blocks: &BTreeMap<u64, SubscribeUpdateBlock>) -> BTreeSet<Vec<u8>> {
    let transactions = blocks.values().flat_map(|block| &block.transactions);
    transactions.map(|info| info.signature.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn i_34_forks_dead_ghost_and_skipped_slots_leave_one_chain() {
    const LAST: u64 = 200;
    let dir = tempfile::tempdir().unwrap();
    let net = Localnet::start(chaotic(dir.path(), Chaos::new(5), LAST))
        .await
        .unwrap();
    let url = net.geyser_url();
    let at = |level| tokio::spawn(watch(url.clone(), everything(level), LAST));
    let processed = at(CommitmentLevel::Processed);
    let confirmed = at(CommitmentLevel::Confirmed);
    let (processed, confirmed) = (processed.await.unwrap(), confirmed.await.unwrap());
    let chain = chain(&net);
    let first = *confirmed.blocks.first_key_value().unwrap().0;
    let from = *processed.statuses.first_key_value().unwrap().0;

    // At confirmed nothing but the chain is told, and all of it but the last block, which no other confirmed.
    let told: Vec<u64> = confirmed.blocks.keys().copied().collect();
    let real: Vec<u64> = chain.range(first..LAST).map(|(slot, _)| *slot).collect();
    assert_eq!(told, real);
    assert!(
        confirmed
            .transactions
            .keys()
            .all(|slot| chain.contains_key(slot))
    );
    assert!(confirmed.late > 0, "a meta may overtake its transactions");

    // Orphans: whole blocks that the chain does not know, whose transactions it holds elsewhere.
    let orphans: BTreeMap<u64, SubscribeUpdateBlock> = processed
        .blocks
        .iter()
        .filter(|(slot, _)| !chain.contains_key(slot))
        .map(|(slot, block)| (*slot, block.clone()))
        .collect();
    assert!(orphans.len() > 5, "{}", orphans.len());
    assert!(
        orphans
            .values()
            .any(|block| orphans.contains_key(&block.parent_slot)),
        "a branch of two blocks"
    );
    let held = signatures(&chain);
    let left = signatures(&orphans);
    assert!(left.len() > 10);
    assert!(
        left.is_subset(&held),
        "what a branch executed, the chain executes again"
    );
    assert!(
        orphans
            .keys()
            .all(|slot| !processed.with(SlotStatus::SlotConfirmed).contains(slot))
    );

    let dead = processed.with(SlotStatus::SlotDead);
    assert!(!dead.is_empty());
    let without_meta = |slot: &u64| !processed.metas.contains(slot);
    assert!(dead.iter().all(without_meta));
    let ghosts: Vec<&u64> = processed
        .transactions
        .keys()
        .filter(|slot| without_meta(slot) && !dead.contains(slot))
        .collect();
    assert!(
        !ghosts.is_empty(),
        "transactions of which nothing more was heard"
    );
    assert!(ghosts.iter().all(|slot| !chain.contains_key(slot)));
    let skipped = (from..LAST)
        .filter(|slot| !processed.statuses.contains_key(slot))
        .count();
    assert!(skipped > 0);
    let twice = processed.statuses.values().filter(|seen| {
        seen.iter()
            .filter(|s| **s == SlotStatus::SlotCreatedBank)
            .count()
            == 2
    });
    assert!(twice.count() > 0);
    let orders = processed.transactions.values();
    assert!(
        orders
            .clone()
            .any(|list| list.windows(2).any(|pair| pair[1].0 < pair[0].0)),
        "out of the order of the index"
    );

    // A replay tells the chain too.
    let replayed = SubscribeRequest {
        from_slot: Some(60),
        ..everything(CommitmentLevel::Confirmed)
    };
    let mut stream = subscribe(&url, replayed).await;
    let mut told = Vec::new();
    let real: Vec<u64> = chain.range(60..LAST).map(|(slot, _)| *slot).collect();
    while told.len() < real.len() {
        if let UpdateOneof::Block(block) = next(&mut stream).await.unwrap() {
            told.push(block.slot);
        }
    }
    assert_eq!(told, real);

    // RPC knows the chain alone.
    let rpc_url = net.rpc_url();
    let listed = rpc(
        &rpc_url,
        "getBlocks",
        json!([1, null, {"commitment": "confirmed"}]),
    )
    .await;
    let wanted: Vec<u64> = chain.range(..LAST).map(|(slot, _)| *slot).collect();
    assert_eq!(listed, json!(wanted));
    for slot in orphans.keys().chain(ghosts).chain(&dead) {
        let answer = call(
            &rpc_url,
            "getBlock",
            json!([slot, {"commitment": "confirmed", "transactionDetails": "none"}]),
        )
        .await;
        assert_eq!(answer["error"]["code"], -32007, "{answer}");
    }
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_34_a_confirmed_block_may_die_where_that_is_asked_for() {
    const LAST: u64 = 120;
    let dir = tempfile::tempdir().unwrap();
    let chaos = Chaos {
        skipped: 0,
        dead: 0,
        ghost: 0,
        fork: 0,
        confirmed_death: 150,
        ..Chaos::new(3)
    };
    let options = Options {
        slot_ms: 40,
        ..chaotic(dir.path(), chaos, LAST)
    };
    let net = Localnet::start(options).await.unwrap();
    let watching = tokio::spawn(watch(
        net.geyser_url(),
        everything(CommitmentLevel::Confirmed),
        LAST,
    ));
    // Meanwhile RPC is asked for what is confirmed now, with one client: making one takes longer than a slot.
    let (rpc_url, client, mut shown) = (net.rpc_url(), http(), BTreeMap::new());
    let ask = async |method: &str, params: Value| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = client
            .post(&rpc_url)
            .header("content-type", "application/json");
        let text = request
            .body(body.to_string())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    while !watching.is_finished() {
        let slot = ask("getSlot", json!([{"commitment": "confirmed"}])).await["result"].take();
        let config = json!({"commitment": "confirmed", "transactionDetails": "none"});
        let block = ask("getBlock", json!([slot, config])).await;
        if let Some(Value::String(hash)) = block["result"].get("blockhash") {
            shown.insert(slot.as_u64().unwrap(), hash.clone());
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let seen = watching.await.unwrap();
    let chain = chain(&net);
    let gone: Vec<u64> = seen
        .blocks
        .keys()
        .filter(|slot| !chain.contains_key(slot))
        .copied()
        .collect();
    assert!(gone.len() > 3, "{gone:?}");
    let confirmed = seen.with(SlotStatus::SlotConfirmed);
    assert!(gone.iter().all(|slot| confirmed.contains(slot)));
    let dead = seen.with(SlotStatus::SlotDead);
    assert!(
        gone.iter().any(|slot| dead.contains(slot)),
        "some deaths are told"
    );
    assert!(gone.iter().any(|slot| !dead.contains(slot)), "some are not");
    assert!(
        gone.iter()
            .any(|slot| shown.get(slot) == seen.blocks.get(slot).map(|b| &b.blockhash)),
        "RPC told one while it lasted"
    );
    let config = json!({"commitment": "confirmed", "transactionDetails": "none"});
    let answer = call(&rpc_url, "getBlock", json!([gone[0], config])).await;
    assert_eq!(answer["error"]["code"], -32007);
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgetful_network_restarts_as_a_validator_does() {
    let dir = tempfile::tempdir().unwrap();
    let net = Localnet::start(chaotic(dir.path(), Chaos::new(9), 80))
        .await
        .unwrap();
    watch(net.geyser_url(), everything(CommitmentLevel::Processed), 80).await;
    let old = chain(&net);
    net.shutdown().await;

    let options = Options {
        slot_ms: 100,
        ..chaotic(dir.path(), Chaos::new(9), 150)
    };
    let net = Localnet::start(options).await.unwrap();
    let url = net.geyser_url();
    let watching = tokio::spawn(watch(
        url.clone(),
        everything(CommitmentLevel::Processed),
        150,
    ));
    let finalized = tokio::spawn(watch(
        url.clone(),
        everything(CommitmentLevel::Finalized),
        150,
    ));
    let mut client = GeyserGrpcClient::build_from_shared(url.clone())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let info = client.subscribe_replay_info().await.unwrap();
    assert_eq!(
        info.first_available,
        Some(u64::MAX),
        "nothing is sealed yet"
    );
    let replay = async |from| {
        let request = SubscribeRequest {
            from_slot: Some(from),
            ..everything(CommitmentLevel::Confirmed)
        };
        next(&mut subscribe(&url, request).await).await
    };
    let error = replay(79).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::Internal, "failed to get replay response")
    );
    common::reach(&net, 95).await;
    let error = replay(79).await.unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange);
    let first = client
        .subscribe_replay_info()
        .await
        .unwrap()
        .first_available
        .unwrap();
    assert!(
        error
            .message()
            .ends_with(&format!("last available: {first}")),
        "{error}"
    );
    assert!(first > 80, "slots of before the restart are lost");
    replay(first).await.unwrap();

    let (seen, finalized) = (watching.await.unwrap(), finalized.await.unwrap());
    let again: Vec<u64> = old
        .keys()
        .copied()
        .filter(|slot| seen.transactions.contains_key(slot))
        .collect();
    assert!(!again.is_empty(), "the ledger is executed again");
    assert!(
        again
            .iter()
            .all(|slot| !seen.metas.contains(slot) && !seen.statuses.contains_key(slot))
    );
    let roots = seen.with(SlotStatus::SlotFinalized);
    assert!(
        roots.iter().all(|slot| *slot > 80),
        "finality of the last 31 slots is never told"
    );
    assert!(!roots.is_empty());
    assert!(finalized.blocks.keys().all(|slot| *slot > 80));
    chain(&net);
    net.shutdown().await;
}
