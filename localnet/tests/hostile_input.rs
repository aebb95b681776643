//! Arbitrary instruction data and account lists: programs refuse with a code and never fault.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use hypernode_localnet::svm::{
    instructions as ix, programs,
    splitter::{self, Shares},
    token::TOKEN_PROGRAM,
};
use hypernode_localnet_testing::world::{World, key, register};
use proptest::prelude::*;
use solana_sdk::{
    instruction::{AccountMeta, Instruction, InstructionError},
    pubkey::Pubkey,
    signature::Signer as _,
    transaction::TransactionError,
};

/// A world with one of everything, and instructions that are valid in it.
fn seeded() -> (World, Vec<Instruction>, Vec<Pubkey>) {
    let mut world = World::new();
    let me = key(1).pubkey();
    let node = register(&mut world, 1, "n");
    world.ok(ix::create_job(&me, "j", 0, 10, "r"), &[&key(1)]);
    let job = ix::job_address(&me, "j").unwrap();
    let tokens = world.hyper(&me, 1_000);
    let shares = Shares {
        operator: 80,
        treasury: 10,
        incentive: 5,
        orchestrator: 5,
    };
    world.ok(
        splitter::initialize(&me, &tokens, &tokens, shares),
        &[&key(1)],
    );
    world.pass(60);
    let payment = splitter::Payment {
        source: tokens,
        operator: tokens,
        treasury: tokens,
        incentive: tokens,
        orchestrator: tokens,
    };
    let settlement = ix::Settlement {
        client: tokens,
        operator: tokens,
        treasury: tokens,
        incentive: tokens,
    };
    let valid = vec![
        ix::register_node(&me, "n2", "s", "l"),
        ix::update_node_status(&node, &me, ix::NodeStatus::Offline),
        ix::heartbeat(&node, &me),
        ix::stake_for_node(&node, &me, 1),
        ix::deregister_node(&node, &me),
        ix::increment_jobs_completed(&node),
        ix::add_earnings(&node, 1),
        ix::create_job(&me, "j2", 0, 1, "r"),
        ix::assign_job(&job, &me, &me, "n"),
        ix::submit_result(&job, &me, &Pubkey::default(), "h", "u"),
        ix::settle_job(&job, &settlement, &me),
        ix::cancel_job(&job, &me),
        splitter::initialize(&me, &tokens, &tokens, shares),
        splitter::process_payment(&payment, &me, 100),
        splitter::update_config(&me, shares),
        splitter::withdraw_treasury(&me, &tokens, &tokens, 1),
    ];
    let accounts = vec![
        me,
        node,
        job,
        tokens,
        splitter::config_address(),
        TOKEN_PROGRAM,
        ix::SYSTEM_PROGRAM,
        programs::id("probe"),
        key(70).pubkey(),
    ];
    (world, valid, accounts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn programs_never_fault(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        tail in prop::collection::vec(any::<u8>(), 0..40),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 0..4),
        keep_name in prop::bool::weighted(0.9),
    ) {
        let (mut world, valid, accounts) = seeded();
        for mut instruction in valid {
            let start = if keep_name { 8 } else { 0 };
            for (at, byte) in &edits {
                let room = instruction.data.len().saturating_sub(start);
                if room > 0 {
                    instruction.data[start + at.index(room)] = *byte;
                }
            }
            if let Some(cut) = cut {
                let len = cut.index(instruction.data.len() + 1);
                instruction.data.truncate(len);
            }
            instruction.data.extend(&tail);
            for (at, with, writable) in &swaps {
                let at = at.index(instruction.accounts.len());
                let pubkey = *with.get(&accounts);
                let signer = pubkey == key(1).pubkey();
                instruction.accounts[at] = AccountMeta { pubkey, is_signer: signer, is_writable: *writable };
            }
            let transaction = world.sign(&[instruction.clone()], &[&key(1)]);
            // A change may make the transaction itself invalid (an account twice is fine, a locked one not).
            let Ok(done) = world.vm.execute(&transaction) else { continue };
            let faulted = matches!(
                done.err,
                Some(TransactionError::InstructionError(
                    _,
                    InstructionError::ProgramFailedToComplete | InstructionError::ComputationalBudgetExceeded
                ))
            );
            prop_assert!(!faulted, "{instruction:?}: {:?} {:#?}", done.err, done.logs);
        }
    }
}
