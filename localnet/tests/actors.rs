//! What the actors do, seen on the chain: every event, failures, calls, versioned transactions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

mod common;

use std::{collections::BTreeMap, time::Duration};

use common::{options, reach, start};
use hypernode_localnet::{Localnet, Options, chain::keys_of};
use sha2::{Digest, Sha256};
use yellowstone_grpc_proto::prelude::SubscribeUpdateTransactionInfo;

/// Logs and inner instructions of a transaction as payloads of events.
fn payloads(info: &SubscribeUpdateTransactionInfo) -> Vec<Vec<u8>> {
    const TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];
    let meta = info.meta.as_ref().unwrap();
    let logs = meta
        .log_messages
        .iter()
        .filter_map(|line| line.strip_prefix("Program data: "))
        .map(|text| base64_simd::STANDARD.decode_to_vec(text).unwrap());
    let calls = meta
        .inner_instructions
        .iter()
        .flat_map(|group| &group.instructions)
        .filter_map(|ix| ix.data.strip_prefix(&TAG).map(<[u8]>::to_vec));
    logs.chain(calls).collect()
}

fn discriminator(event: &str) -> [u8; 8] {
    let hash = Sha256::digest(format!("event:{event}"));
    hash[..8].try_into().unwrap()
}

async fn transactions(net: &Localnet, from: u64, to: u64) -> Vec<SubscribeUpdateTransactionInfo> {
    reach(net, to).await;
    let reader = net.chain().reader().unwrap();
    (from..=to)
        .flat_map(|slot| reader.block(slot).unwrap().unwrap().transactions)
        .collect()
}

fn succeeded(info: &SubscribeUpdateTransactionInfo) -> bool {
    info.meta.as_ref().unwrap().err.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_the_programs_can_tell_happens() {
    let dir = tempfile::tempdir().unwrap();
    let busy = Options {
        rate: 500.0,
        ..options(dir.path())
    };
    let net = Localnet::start(busy).await.unwrap();
    let all = transactions(&net, 1, 300).await;
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let names = [
        "NodeRegistered",
        "NodeStatusUpdated",
        "NodeDeregistered",
        "JobCreatedEvent",
        "JobAssignedEvent",
        "JobCompletedEvent",
        "JobCancelledEvent",
        "PaymentDistributedEvent",
        "SplitterInitializedEvent",
        "PaymentProcessedEvent",
        "ConfigUpdatedEvent",
        "TreasuryWithdrawalEvent",
        "JobFailedEvent",
        "RecoverEvent",
        "StakeEvent",
        "UnstakeEvent",
        "ClaimEvent",
    ];
    for info in all.iter().filter(|info| succeeded(info)) {
        for payload in payloads(info) {
            for name in names {
                if payload.starts_with(&discriminator(name)) {
                    *count.entry(name).or_default() += 1;
                }
            }
        }
    }
    for name in names {
        assert!(count.contains_key(name), "{name} never happened: {count:?}");
    }
    let failed = all.iter().filter(|info| !succeeded(info)).count();
    assert!(
        failed > 0 && failed * 5 < all.len(),
        "{failed} of {} failed",
        all.len()
    );
    let message = |info: &SubscribeUpdateTransactionInfo| {
        info.transaction.as_ref().unwrap().message.clone().unwrap()
    };
    assert!(all.iter().any(|info| message(info).versioned));
    assert!(
        all.iter()
            .any(|info| !message(info).address_table_lookups.is_empty())
    );
    assert!(all.iter().any(|info| {
        let groups = &info.meta.as_ref().unwrap().inner_instructions;
        groups.iter().any(|group| {
            group
                .instructions
                .iter()
                .any(|ix| ix.stack_height == Some(3))
        })
    }));
    // Money moves: the treasury gets its tenth.
    let treasury = net.chain().reader().unwrap();
    let held = treasury
        .account(
            &net.treasury(),
            hypernode_localnet::chain::Commitment::Processed,
        )
        .unwrap()
        .unwrap();
    assert!(u64::from_le_bytes(held.data[64..72].try_into().unwrap()) > 0);
    net.shutdown().await;
}

/// The programs and discriminators of a chain's events, in order, without what depends on the clock.
async fn story(options: Options, slots: u64) -> Vec<(u64, bool, Vec<[u8; 32]>, Vec<Vec<u8>>)> {
    let net = Localnet::start(options).await.unwrap();
    reach(&net, slots).await;
    let reader = net.chain().reader().unwrap();
    let mut story = Vec::new();
    for slot in 1..=slots {
        for info in reader.block(slot).unwrap().unwrap().transactions {
            let heads = payloads(&info)
                .iter()
                .map(|p| p[..p.len().min(12)].to_vec())
                .collect();
            story.push((slot, succeeded(&info), keys_of(&info), heads));
        }
    }
    net.shutdown().await;
    story
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_tells_one_story_and_another_seed_another() {
    let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let one = story(options(dirs[0].path()), 40).await;
    let two = story(options(dirs[1].path()), 40).await;
    let differs = one.iter().zip(&two).position(|(a, b)| a != b);
    assert!(one == two, "the stories part at transaction {differs:?}");
    let other = story(
        Options {
            seed: 8,
            ..options(dirs[2].path())
        },
        40,
    )
    .await;
    assert!(one != other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_settled_within_five_seconds_of_every_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut from = 1;
    for start in 0..2 {
        let began = std::time::Instant::now();
        let quiet = Options {
            slot_ms: 400,
            rate: 1.0,
            ..options(dir.path())
        };
        let net = Localnet::start(quiet).await.unwrap();
        let wanted = discriminator("PaymentDistributedEvent");
        'waiting: loop {
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "start {start}: no job was settled"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
            let tip = net.chain().tip().0;
            for info in transactions(&net, from, tip).await {
                if succeeded(&info) && payloads(&info).iter().any(|p| p.starts_with(&wanted)) {
                    break 'waiting;
                }
            }
            from = tip.max(1);
        }
        net.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_on_their_way_are_finished_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let net = start(dir.path()).await;
    reach(&net, 60).await;
    net.shutdown().await;
    let net = start(dir.path()).await;
    let resumed = net.chain().tip().0;
    let created = discriminator("JobCreatedEvent");
    let settled = discriminator("PaymentDistributedEvent");
    let jobs = |list: &[SubscribeUpdateTransactionInfo], event: [u8; 8]| -> Vec<Vec<u8>> {
        let names = list
            .iter()
            .filter(|info| succeeded(info))
            .flat_map(payloads);
        names
            .filter(|p| p.starts_with(&event))
            .map(|p| p[8..12 + p[8] as usize].to_vec())
            .collect()
    };
    let before = transactions(&net, 1, resumed).await;
    let after = transactions(&net, resumed + 1, resumed + 80).await;
    let open: Vec<_> = jobs(&before, created)
        .into_iter()
        .filter(|job| !jobs(&before, settled).contains(job))
        .collect();
    let finished = jobs(&after, settled);
    assert!(!open.is_empty());
    assert!(open.iter().any(|job| finished.contains(job)));
    // New jobs have new names: nothing is created twice by one client.
    assert!(after.iter().filter(|info| !succeeded(info)).count() * 5 < after.len());
    net.shutdown().await;
}
