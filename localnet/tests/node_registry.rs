//! node_registry as the runtime executes it: events, account layout, error codes.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use anchor_lang::Event as _;
use hypernode_localnet::svm::{
    instructions::{self as ix, NodeAccount, NodeStatus},
    types::node_registry::events as node,
};
use hypernode_localnet_testing::world::{START, World, data, key, register};
use solana_sdk::{
    instruction::{AccountMeta, Instruction},
    pubkey::Pubkey,
    signature::Signer as _,
};

fn node_account(world: &World, address: &Pubkey) -> NodeAccount {
    ix::read(&world.vm.account(address).unwrap().data).unwrap()
}

#[test]
fn a_registered_node_is_an_account_and_an_event() {
    let mut world = World::new();
    let owner = key(1);
    let done = world.ok(
        ix::register_node(&owner.pubkey(), "node-ü", "h100x8", "Berlin, DE"),
        &[&owner],
    );
    let event = node::NodeRegistered {
        node_id: "node-ü".into(),
        owner: owner.pubkey(),
        timestamp: START,
    };
    assert_eq!(data(&done), [event.data()]);
    assert!(
        done.logs
            .contains(&"Program log: Instruction: RegisterNode".to_owned())
    );
    assert_eq!(
        done.inner.len(),
        1,
        "the account was created by a call of the system program"
    );

    let address = ix::node_address(&owner.pubkey(), "node-ü").unwrap();
    let account = world.vm.account(&address).unwrap();
    assert_eq!(
        (account.data.len(), account.lamports),
        (288, world.vm.rent(288))
    );
    let node = node_account(&world, &address);
    assert_eq!(node.owner, owner.pubkey());
    assert_eq!(
        (
            node.node_id.as_str(),
            node.gpu_specs_hash.as_str(),
            node.location.as_str()
        ),
        ("node-ü", "h100x8", "Berlin, DE")
    );
    assert_eq!((node.registered_at, node.last_heartbeat), (START, START));
    assert!(matches!(node.status, NodeStatus::Online));
    assert_eq!(
        (
            node.stake_amount,
            node.reputation_score,
            node.jobs_completed,
            node.total_earned
        ),
        (0, 100, 0, 0)
    );
    assert_eq!(
        Pubkey::create_program_address(
            &[
                b"node",
                owner.pubkey().as_ref(),
                "node-ü".as_bytes(),
                &[node.bump]
            ],
            &hypernode_localnet::svm::programs::id("node_registry")
        ),
        Ok(address)
    );
}

#[test]
fn a_node_lives_and_leaves() {
    let mut world = World::new();
    let owner = key(1);
    let address = register(&mut world, 1, "n");
    let done = world.ok(
        ix::update_node_status(&address, &owner.pubkey(), NodeStatus::Suspended),
        &[&owner],
    );
    let event = node::NodeStatusUpdated {
        node_id: "n".into(),
        status: NodeStatus::Suspended,
        timestamp: START,
    };
    assert_eq!(data(&done), [event.data()]);
    assert!(matches!(
        node_account(&world, &address).status,
        NodeStatus::Suspended
    ));

    let stranger = key(2); // nobody checks who raises these
    world.ok(ix::increment_jobs_completed(&address), &[&stranger]);
    world.ok(ix::add_earnings(&address, 7), &[&stranger]);
    world.ok(
        ix::stake_for_node(&address, &owner.pubkey(), 3_500_000_000),
        &[&owner],
    );
    let node = node_account(&world, &address);
    assert_eq!(
        (
            node.jobs_completed,
            node.total_earned,
            node.stake_amount,
            node.reputation_score
        ),
        (1, 7, 3_500_000_000, 131)
    );
    world.ok(
        ix::stake_for_node(&address, &owner.pubkey(), u64::MAX / 2),
        &[&owner],
    );
    assert_eq!(node_account(&world, &address).reputation_score, 1000);

    let before = world.vm.balance(&owner.pubkey());
    let done = world.ok(ix::deregister_node(&address, &owner.pubkey()), &[&owner]);
    let event = node::NodeDeregistered {
        node_id: "n".into(),
        owner: owner.pubkey(),
        timestamp: START,
    };
    assert_eq!(data(&done), [event.data()]);
    assert_eq!(world.vm.account(&address), None);
    assert_eq!(
        world.vm.balance(&owner.pubkey()),
        before + world.vm.rent(288) - done.fee
    );
    assert!(
        done.changed
            .iter()
            .any(|(key, account)| *key == address && account.lamports == 0)
    );
    world.refused(3012, ix::heartbeat(&address, &owner.pubkey()), &[&owner]);
    register(&mut world, 1, "n"); // the id is free again
}

#[test]
fn a_node_whose_address_got_lamports_first_can_register() {
    let mut world = World::new();
    let address = ix::node_address(&key(1).pubkey(), "n").unwrap();
    world
        .vm
        .set_account(address, hypernode_localnet::svm::genesis::wallet(1))
        .unwrap();
    assert_eq!(register(&mut world, 1, "n"), address);
    assert_eq!(world.vm.balance(&address), world.vm.rent(288));
}

#[test]
fn node_registry_refuses_with_its_codes() {
    let mut world = World::new();
    let (owner, other) = (key(1), key(2));
    let long = "x".repeat(65);
    let register_node = |id: &str, specs: &str, location: &str| {
        ix::register_node(&owner.pubkey(), id, specs, location)
    };
    world.refused(6000, register_node(&long[..33], "s", "l"), &[&owner]);
    world.refused(6001, register_node("n", "", "l"), &[&owner]);
    world.refused(6001, register_node("n", &long, "l"), &[&owner]);
    world.refused(6002, register_node("n", "s", &long), &[&owner]);
    let address = register(&mut world, 1, "n");
    world.pass(1);
    world.refused(0, register_node("n", "s", "l"), &[&owner]); // the system program's: account in use
    world.refused(
        6005,
        ix::stake_for_node(&address, &owner.pubkey(), 0),
        &[&owner],
    );
    let done = world.refused(6006, ix::heartbeat(&address, &other.pubkey()), &[&other]);
    assert!(
        done.logs
            .iter()
            .any(|line| line.contains("Error Code: UnauthorizedNotOwner. Error Number: 6006."))
    );
    world.refused(6008, ix::heartbeat(&address, &owner.pubkey()), &[&owner]);
    world.pass(28);
    world.refused(6008, ix::heartbeat(&address, &owner.pubkey()), &[&owner]);
    world.pass(1);
    world.ok(ix::heartbeat(&address, &owner.pubkey()), &[&owner]);
    assert_eq!(node_account(&world, &address).last_heartbeat, START + 30);
    world.ok(
        ix::update_node_status(&address, &owner.pubkey(), NodeStatus::Offline),
        &[&owner],
    );
    world.pass(30);
    world.refused(6003, ix::heartbeat(&address, &owner.pubkey()), &[&owner]);
    world.ok(
        ix::update_node_status(&address, &owner.pubkey(), NodeStatus::Suspended),
        &[&owner],
    );
    world.refused(6007, ix::heartbeat(&address, &owner.pubkey()), &[&owner]);
}

#[test]
fn anchors_own_codes_for_malformed_instructions() {
    let mut world = World::new();
    let owner = key(1);
    let address = register(&mut world, 1, "n");
    let good = ix::update_node_status(&address, &owner.pubkey(), NodeStatus::Offline);
    let with = |change: &dyn Fn(&mut Instruction)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    world.refused(101, with(&|i| i.data[0] ^= 1), &[&owner]);
    world.refused(101, with(&|i| i.data.truncate(7)), &[&owner]);
    world.refused(102, with(&|i| i.data[8] = 3), &[&owner]);
    world.refused(102, with(&|i| i.data.truncate(8)), &[&owner]);
    world.refused(
        2000,
        with(&|i| i.accounts[0].is_writable = false),
        &[&owner],
    );
    world.refused(3005, with(&|i| i.accounts.truncate(1)), &[&owner]);
    world.refused(
        3010,
        with(&|i| i.accounts[1] = AccountMeta::new_readonly(key(2).pubkey(), false)),
        &[&owner],
    );
    world.refused(
        3012,
        with(&|i| i.accounts[0].pubkey = key(99).pubkey()),
        &[&owner],
    );
    world.refused(
        3007,
        with(&|i| i.accounts[0].pubkey = key(2).pubkey()),
        &[&owner],
    );
    let mut bad_text = ix::register_node(&owner.pubkey(), "ab", "s", "l");
    bad_text.data[12] = 0xff;
    world.refused(102, bad_text, &[&owner]);
    let mut long_text = ix::register_node(&owner.pubkey(), "ab", "s", "l");
    long_text.data[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    world.refused(102, long_text, &[&owner]);
    let mut wrong_seeds = ix::register_node(&owner.pubkey(), "ab", "s", "l");
    wrong_seeds.accounts[0].pubkey = address;
    world.refused(2006, wrong_seeds, &[&owner]);
    let mut wrong_program = ix::register_node(&owner.pubkey(), "ab", "s", "l");
    wrong_program.accounts[2].pubkey = key(2).pubkey();
    world.refused(3008, wrong_program, &[&owner]);
    // A job's account is not a node's, though one owner and size could be forged.
    let mut other = world.vm.account(&address).unwrap();
    other.data[0] ^= 1;
    world.vm.set_account(key(50).pubkey(), other).unwrap();
    world.refused(
        3002,
        with(&|i| i.accounts[0].pubkey = key(50).pubkey()),
        &[&owner],
    );
}
