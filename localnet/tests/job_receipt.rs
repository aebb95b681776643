//! job_receipt as the runtime executes it: events, account layout, error codes, tokens.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use anchor_lang::Event as _;
use hypernode_localnet::svm::{
    instructions::{self as ix, JobAccount, Settlement},
    types::job_receipt::events as job,
};
use hypernode_localnet_testing::world::{START, World, data, key, register};
use solana_sdk::{pubkey::Pubkey, signature::Signer as _};

fn job_account(world: &World, address: &Pubkey) -> JobAccount {
    ix::read(&world.vm.account(address).unwrap().data).unwrap()
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
