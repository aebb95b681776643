//! Our programs as the runtime executes them: events, account layouts, error codes, tokens.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

mod world;

use anchor_lang::Event as _;
use hypernode_localnet::svm::{
    instructions::{self as ix, JobAccount, NodeAccount, NodeStatus, Settlement},
    splitter::{self, Payment, Shares, SplitterConfig},
    types::{job_receipt::events as job, node_registry::events as node},
};
use solana_sdk::{
    instruction::{AccountMeta, Instruction},
    pubkey::Pubkey,
    signature::Signer as _,
};
use world::{START, World, data, key};

fn register(world: &mut World, owner: u8, id: &str) -> Pubkey {
    let owner = key(owner);
    world.ok(
        ix::register_node(&owner.pubkey(), id, "specs", "Berlin"),
        &[&owner],
    );
    ix::node_address(&owner.pubkey(), id).unwrap()
}

fn node_account(world: &World, address: &Pubkey) -> NodeAccount {
    ix::read(&world.vm.account(address).unwrap().data).unwrap()
}

fn job_account(world: &World, address: &Pubkey) -> JobAccount {
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

/// A world with a job: client 1, operator 2 with a node, everyone's HYPER.
struct Job {
    world: World,
    job: Pubkey,
    tokens: Settlement,
}

fn new_job(price: u64) -> Job {
    let mut world = World::new();
    let (client, operator) = (key(1), key(2));
    let tokens = Settlement {
        client: world.hyper(&client.pubkey(), 1_000_000),
        operator: world.hyper(&operator.pubkey(), 0),
        treasury: Pubkey::new_from_array(hypernode_schemas::localnet::treasury()),
        incentive: Pubkey::new_from_array(hypernode_schemas::localnet::incentive_pool()),
    };
    register(&mut world, 2, "n");
    let done = world.ok(
        ix::create_job(&client.pubkey(), "j-1", 4, price, "req"),
        &[&client],
    );
    let event = job::JobCreatedEvent {
        job_id: "j-1".into(),
        client: client.pubkey(),
        job_type: 4,
        price,
        timestamp: START,
    };
    assert_eq!(data(&done), [event.data()]);
    Job {
        world,
        job: ix::job_address(&client.pubkey(), "j-1").unwrap(),
        tokens,
    }
}

#[test]
fn a_job_from_creation_to_settlement() {
    let Job {
        mut world,
        job: address,
        tokens,
    } = new_job(333_333);
    let (client, operator, anyone) = (key(1), key(2), key(3));
    let account = world.vm.account(&address).unwrap();
    assert_eq!(
        (account.data.len(), account.lamports),
        (404, world.vm.rent(404))
    );

    world.pass(5);
    let done = world.ok(
        ix::assign_job(&address, &anyone.pubkey(), &operator.pubkey(), "n"),
        &[&anyone],
    );
    let event = job::JobAssignedEvent {
        job_id: "j-1".into(),
        node_id: "n".into(),
        node_operator: operator.pubkey(),
        timestamp: START + 5,
    };
    assert_eq!(data(&done), [event.data()]);

    world.pass(60);
    let done = world.ok(
        ix::submit_result(
            &address,
            &operator.pubkey(),
            &operator.pubkey(),
            "hash",
            "ipfs://x",
        ),
        &[&operator],
    );
    let event = job::JobCompletedEvent {
        job_id: "j-1".into(),
        operator: operator.pubkey(),
        result_hash: "hash".into(),
        logs_url: "ipfs://x".into(),
        timestamp: START + 65,
    };
    assert_eq!(data(&done), [event.data()]);
    let stored = job_account(&world, &address);
    assert_eq!(
        (
            stored.status,
            stored.created_at,
            stored.completed_at,
            stored.payment_settled
        ),
        (3, START, START + 65, false)
    );
    assert_eq!(
        (
            stored.assigned_node,
            stored.client,
            stored.price,
            stored.job_type
        ),
        (operator.pubkey(), client.pubkey(), 333_333, 4)
    );
    assert_eq!(
        (
            stored.result_hash.as_str(),
            stored.logs_url.as_str(),
            stored.requirements_hash.as_str()
        ),
        ("hash", "ipfs://x", "req")
    );

    let done = world.ok(
        ix::settle_job(&address, &tokens, &client.pubkey()),
        &[&client],
    );
    let event = job::PaymentDistributedEvent {
        job_id: "j-1".into(),
        operator_amount: 266_666,
        treasury_amount: 33_333,
        incentive_amount: 16_666,
        timestamp: START + 65,
    };
    assert_eq!(data(&done), [event.data()]);
    assert_eq!(
        done.inner
            .iter()
            .map(|(outer, group)| (*outer, group.len()))
            .collect::<Vec<_>>(),
        [(0, 3)]
    );
    assert_eq!(world.tokens(&tokens.operator), 266_666);
    assert_eq!(world.tokens(&tokens.treasury), 33_333);
    assert_eq!(world.tokens(&tokens.incentive), 16_666);
    assert_eq!(
        world.tokens(&tokens.client),
        1_000_000 - 266_666 - 33_333 - 16_666
    );
    let stored = job_account(&world, &address);
    assert!(stored.payment_settled);
    assert_eq!(
        Pubkey::create_program_address(
            &[b"job", client.pubkey().as_ref(), b"j-1", &[stored.bump]],
            &hypernode_localnet::svm::programs::id("job_receipt")
        ),
        Ok(address)
    );

    world.pass(1);
    world.refused(
        6008,
        ix::settle_job(&address, &tokens, &client.pubkey()),
        &[&client],
    );
    world.refused(6004, ix::cancel_job(&address, &client.pubkey()), &[&client]);
}

#[test]
fn a_cancelled_job_stays_cancelled() {
    let Job {
        mut world,
        job: address,
        tokens,
    } = new_job(100);
    let (client, operator) = (key(1), key(2));
    world.refused(
        6009,
        ix::cancel_job(&address, &operator.pubkey()),
        &[&operator],
    );
    let done = world.ok(ix::cancel_job(&address, &client.pubkey()), &[&client]);
    let event = job::JobCancelledEvent {
        job_id: "j-1".into(),
        client: client.pubkey(),
        timestamp: START,
    };
    assert_eq!(data(&done), [event.data()]);
    assert_eq!(job_account(&world, &address).status, 5);
    world.pass(1);
    world.refused(6004, ix::cancel_job(&address, &client.pubkey()), &[&client]);
    world.refused(
        6005,
        ix::assign_job(&address, &client.pubkey(), &operator.pubkey(), "n"),
        &[&client],
    );
    world.refused(
        6007,
        ix::settle_job(&address, &tokens, &client.pubkey()),
        &[&client],
    );
}

#[test]
fn job_receipt_refuses_with_its_codes() {
    let Job {
        mut world,
        job: address,
        tokens,
    } = new_job(100);
    let (client, operator, anyone) = (key(1), key(2), key(3));
    let long = "x".repeat(129);
    let create = |id: &str, kind: u8, price: u64, requirements: &str| {
        ix::create_job(&client.pubkey(), id, kind, price, requirements)
    };
    world.refused(6000, create(&long[..33], 0, 1, ""), &[&client]);
    world.refused(6003, create("k", 6, 1, ""), &[&client]);
    world.refused(6010, create("k", 0, 0, ""), &[&client]);
    world.refused(6011, create("k", 0, 1, &long[..65]), &[&client]);
    world.pass(1);
    world.refused(0, create("j-1", 0, 1, ""), &[&client]);
    let submit = |node: &Pubkey, hash: &str, url: &str| {
        ix::submit_result(&address, &operator.pubkey(), node, hash, url)
    };
    world.refused(6006, submit(&Pubkey::default(), "h", ""), &[&operator]);
    world.refused(6009, submit(&operator.pubkey(), "h", ""), &[&operator]);
    world.ok(
        ix::assign_job(&address, &anyone.pubkey(), &operator.pubkey(), "n"),
        &[&anyone],
    );
    world.pass(1);
    world.refused(
        6005,
        ix::assign_job(&address, &anyone.pubkey(), &operator.pubkey(), "n"),
        &[&anyone],
    );
    world.refused(6009, submit(&anyone.pubkey(), "h", ""), &[&operator]);
    world.refused(6012, submit(&operator.pubkey(), "", ""), &[&operator]);
    world.refused(
        6012,
        submit(&operator.pubkey(), &long[..65], ""),
        &[&operator],
    );
    world.refused(6013, submit(&operator.pubkey(), "h", &long), &[&operator]);
    world.refused(
        6007,
        ix::settle_job(&address, &tokens, &client.pubkey()),
        &[&client],
    );
    world.ok(
        submit(&operator.pubkey(), &long[..64], &long[..128]),
        &[&operator],
    );
    world.pass(1);
    world.refused(6006, submit(&operator.pubkey(), "h", ""), &[&operator]);
    // Anyone may settle, but the token program lets only the owner spend: its code 4.
    let done = world.refused(
        4,
        ix::settle_job(&address, &tokens, &anyone.pubkey()),
        &[&anyone],
    );
    assert!(data(&done).is_empty());
    assert_eq!(world.tokens(&tokens.operator), 0);
    let elsewhere = Settlement {
        treasury: tokens.operator,
        ..tokens
    };
    world.ok(
        ix::settle_job(&address, &elsewhere, &client.pubkey()),
        &[&client],
    );
    assert_eq!(
        world.tokens(&tokens.operator),
        90,
        "treasury and incentive accounts are the caller's choice"
    );
}

const SHARES: Shares = Shares {
    operator: 80,
    treasury: 10,
    incentive: 5,
    orchestrator: 5,
};

#[test]
fn a_payment_is_split_and_the_treasury_emptied() {
    let mut world = World::new();
    let (authority, payer) = (key(1), key(2));
    let treasury = world.hyper(&authority.pubkey(), 0);
    let tokens = Payment {
        source: world.hyper(&payer.pubkey(), 1_000),
        operator: world.hyper(&key(3).pubkey(), 0),
        treasury,
        incentive: world.hyper(&key(4).pubkey(), 0),
        orchestrator: world.hyper(&key(5).pubkey(), 0),
    };
    let wrong = Shares {
        operator: 81,
        ..SHARES
    };
    let initialize =
        |shares| splitter::initialize(&authority.pubkey(), &treasury, &tokens.incentive, shares);
    world.refused(
        3012,
        splitter::process_payment(&tokens, &payer.pubkey(), 1),
        &[&payer],
    );
    world.refused(6000, initialize(wrong), &[&authority]);
    let done = world.ok(initialize(SHARES), &[&authority]);
    let mut expected = vec![0xe8, 0x52, 0xdb, 0xd9, 0x12, 0x55, 0x0a, 0x76];
    expected.extend(authority.pubkey().to_bytes());
    expected.extend([80, 10, 5, 5]);
    expected.extend(START.to_le_bytes());
    assert_eq!(data(&done), [expected]);
    let config =
        SplitterConfig::read(&world.vm.account(&splitter::config_address()).unwrap().data).unwrap();
    assert_eq!(
        (config.authority, config.treasury, config.shares),
        (authority.pubkey().to_bytes(), treasury.to_bytes(), SHARES)
    );
    world.pass(1);
    world.refused(0, initialize(SHARES), &[&authority]);

    let done = world.ok(
        splitter::process_payment(&tokens, &payer.pubkey(), 999),
        &[&payer],
    );
    let event = splitter::PaymentProcessed {
        total_amount: 999,
        operator_amount: 799,
        treasury_amount: 99,
        incentive_amount: 49,
        orchestrator_amount: 49,
        timestamp: START + 1,
    };
    assert_eq!(
        data(&done),
        [[
            splitter::PAYMENT_PROCESSED.to_vec(),
            borsh::to_vec(&event).unwrap()
        ]
        .concat()]
    );
    assert_eq!(world.tokens(&tokens.source), 4, "dust stays with the payer");
    assert_eq!(world.tokens(&tokens.orchestrator), 49);
    world.refused(
        6002,
        splitter::process_payment(&tokens, &payer.pubkey(), 0),
        &[&payer],
    );
    world.refused(
        6004,
        splitter::process_payment(&tokens, &payer.pubkey(), 5),
        &[&payer],
    );
    world.refused(
        6005,
        splitter::process_payment(&tokens, &payer.pubkey(), u64::MAX),
        &[&payer],
    );

    world.refused(
        6001,
        splitter::update_config(&payer.pubkey(), SHARES),
        &[&payer],
    );
    world.refused(
        6000,
        splitter::update_config(&authority.pubkey(), wrong),
        &[&authority],
    );
    let even = Shares {
        operator: 25,
        treasury: 25,
        incentive: 25,
        orchestrator: 25,
    };
    let done = world.ok(
        splitter::update_config(&authority.pubkey(), even),
        &[&authority],
    );
    assert_eq!(
        data(&done)[0][..12],
        [
            0xf5, 0x9e, 0x81, 0x63, 0x3c, 0x64, 0xd6, 0xdc, 25, 25, 25, 25
        ]
    );

    let withdraw =
        |who: &Pubkey, amount| splitter::withdraw_treasury(who, &treasury, &tokens.source, amount);
    world.refused(6001, withdraw(&payer.pubkey(), 1), &[&payer]);
    world.refused(6002, withdraw(&authority.pubkey(), 0), &[&authority]);
    world.refused(6004, withdraw(&authority.pubkey(), 100), &[&authority]);
    let done = world.ok(withdraw(&authority.pubkey(), 99), &[&authority]);
    assert_eq!(data(&done)[0][16..48], tokens.source.to_bytes());
    assert_eq!(
        (world.tokens(&treasury), world.tokens(&tokens.source)),
        (0, 103)
    );
}

#[test]
fn equal_machines_give_equal_results() {
    let run = || {
        let mut world = World::new();
        let owner = key(1);
        world.ok(ix::register_node(&owner.pubkey(), "n", "s", "l"), &[&owner])
    };
    assert_eq!(run(), run());
}
