//! What the decoder says became of calls in transactions that the machine executed and failed.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use hypernode_localnet::svm::{instructions as ix, probe::Probe};
use hypernode_localnet_testing::judge::{Verdict, judge};
use hypernode_localnet_testing::world::{World, key};
use solana_sdk::{
    instruction::Instruction,
    signature::{Keypair, Signer as _},
};

const OK: u8 = 1;
const ROLLED_BACK: u8 = 2;
const FAILED: u8 = 3;
const NOT_RUN: u8 = 4;

fn run(world: &mut World, outer: &[Instruction], signers: &[&Keypair]) -> Verdict {
    let done = world.run(outer, signers);
    world.pass(60);
    judge(&done, outer)
}

fn results(verdict: &Verdict, label: &str, instruction: &str) -> Vec<u8> {
    let table = format!("ix_{label}_{instruction}");
    verdict.column(&table, "result").concat()
}

#[test]
fn what_ended_well_before_the_failure_is_rolled_back_and_what_follows_it_never_ran() {
    let mut world = World::new();
    let client = key(1);
    let me = client.pubkey();
    let node = ix::node_address(&me, "n").unwrap();
    let outer = [
        ix::register_node(&me, "n", "s", "l"),
        Probe::new()
            .call(&ix::create_job(&me, "j", 0, 5, ""))
            .fail(6000)
            .build(),
        ix::heartbeat(&node, &me),
    ];
    let verdict = run(&mut world, &outer, &[&client]);
    assert!(!verdict.mismatch);
    let of = |instruction| results(&verdict, "node_registry", instruction);
    assert_eq!(of("register_node"), [ROLLED_BACK]);
    assert_eq!(
        results(&verdict, "job_receipt", "create_job"),
        [ROLLED_BACK]
    );
    assert_eq!(of("heartbeat"), [NOT_RUN]);
    assert_eq!(
        (verdict.rows("instructions"), verdict.rows("dead_letters")),
        (3, 0)
    );
    assert_eq!(verdict.rows("canonical_events"), 0);
}

#[test]
fn a_call_that_fails_fails_its_callers_too() {
    let mut world = World::new();
    let client = key(1);
    let me = client.pubkey();
    let create = ix::create_job(&me, "j", 0, 5, "");
    let verdict = run(&mut world, std::slice::from_ref(&create), &[&client]);
    assert_eq!(results(&verdict, "job_receipt", "create_job"), [OK]);
    assert_eq!(verdict.column("ix_job_receipt_create_job", "depth"), [[1]]);
    // A second job at that address: the program refuses, and with it the stranger that called.
    let outer = [
        ix::create_job(&me, "other", 0, 5, ""),
        Probe::new().log("x").call(&create).build(),
    ];
    let verdict = run(&mut world, &outer, &[&client]);
    let results = results(&verdict, "job_receipt", "create_job");
    assert_eq!(results, [ROLLED_BACK, FAILED]);
    let depths = verdict.column("ix_job_receipt_create_job", "depth");
    assert_eq!(depths, [[1], [2]]);
}

#[test]
fn a_cut_log_leaves_what_the_error_says() {
    let mut world = World::new();
    let client = key(1);
    let me = client.pubkey();
    let node = ix::node_address(&me, "n").unwrap();
    let outer = [
        Probe::new().flood(20, 1_000).build(),
        ix::register_node(&me, "n", "s", "l"),
        // The node is not its own owner.
        ix::heartbeat(&node, &key(2).pubkey()),
        ix::create_job(&me, "j", 0, 5, ""),
    ];
    let verdict = run(&mut world, &outer, &[&client, &key(2)]);
    assert!(verdict.truncated);
    let of = |instruction| results(&verdict, "node_registry", instruction);
    assert_eq!(of("register_node"), [ROLLED_BACK]);
    assert_eq!(of("heartbeat"), [FAILED]);
    assert_eq!(results(&verdict, "job_receipt", "create_job"), [NOT_RUN]);
}
