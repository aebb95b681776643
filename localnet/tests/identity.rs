//! Canonical events of transactions that the machine executed: who and what they are about.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use anchor_lang::Event as _;
use hypernode_localnet::svm::{
    instructions::{self as ix, NodeStatus, Settlement},
    probe::Probe,
    programs,
    splitter::{self, Payment, Shares},
    types::hypernode_jobs::events as jobs,
};
use hypernode_localnet_testing::judge::{Verdict, judge};
use hypernode_localnet_testing::world::{START, World, key, register};
use solana_sdk::{
    instruction::Instruction,
    pubkey::Pubkey,
    signature::{Keypair, Signer as _},
};

/// Runs one instruction and tells the one canonical event that came of it.
fn canonical(world: &mut World, instruction: Instruction, signer: &Keypair) -> Row {
    let done = world.ok(instruction.clone(), &[signer]);
    world.pass(1);
    let verdict = judge(&done, &[instruction]);
    assert_eq!(verdict.rows("canonical_events"), 1);
    Row(verdict)
}

struct Row(Verdict);

impl Row {
    fn bytes(&self, column: &str) -> Vec<u8> {
        self.0.column("canonical_events", column).remove(0)
    }
    fn text(&self, column: &str) -> String {
        String::from_utf8(self.bytes(column)).unwrap()
    }
    fn number(&self, column: &str) -> u64 {
        u64::from_le_bytes(self.bytes(column).try_into().unwrap())
    }
    /// Asserts the kind and every key column that is not "none".
    fn is(&self, kind: u8, keys: &[(&str, Pubkey)]) {
        assert_eq!(self.bytes("kind"), [kind]);
        for column in [
            "job",
            "node",
            "requester",
            "operator",
            "authority",
            "treasury",
            "incentive",
        ] {
            let expected = keys
                .iter()
                .find(|(name, _)| *name == column)
                .map(|(_, key)| *key);
            assert_eq!(
                self.bytes(column),
                expected.unwrap_or_default().to_bytes(),
                "{column}"
            );
        }
    }
}

#[test]
fn a_nodes_life() {
    let mut world = World::new();
    let owner = key(2);
    let node = ix::node_address(&owner.pubkey(), "n").unwrap();
    let keys = [("node", node), ("operator", owner.pubkey())];
    let row = canonical(
        &mut world,
        ix::register_node(&owner.pubkey(), "n", "s", "l"),
        &owner,
    );
    row.is(1, &keys);
    assert_eq!(
        (row.text("node_name"), row.number("event_time")),
        ("n".into(), START as u64)
    );
    for (status, name) in [
        (NodeStatus::Online, "online"),
        (NodeStatus::Offline, "offline"),
        (NodeStatus::Suspended, "suspended"),
    ] {
        let row = canonical(
            &mut world,
            ix::update_node_status(&node, &owner.pubkey(), status),
            &owner,
        );
        row.is(2, &keys);
        assert_eq!(row.text("status"), name);
    }
    canonical(
        &mut world,
        ix::deregister_node(&node, &owner.pubkey()),
        &owner,
    )
    .is(3, &keys);
}

#[test]
fn a_jobs_life() {
    let mut world = World::new();
    let (client, operator, anyone) = (key(1), key(2), key(3));
    let node = register(&mut world, 2, "n");
    let job = ix::job_address(&client.pubkey(), "j").unwrap();
    let row = canonical(
        &mut world,
        ix::create_job(&client.pubkey(), "j", 3, 1000, "r"),
        &client,
    );
    row.is(4, &[("job", job), ("requester", client.pubkey())]);
    assert_eq!(
        (row.text("name"), row.text("job_type"), row.number("price")),
        ("j".into(), "vision_pipeline".into(), 1000)
    );

    let assign = ix::assign_job(&job, &anyone.pubkey(), &operator.pubkey(), "n");
    let row = canonical(&mut world, assign, &anyone);
    let (by, to) = (
        ("authority", anyone.pubkey()),
        ("operator", operator.pubkey()),
    );
    row.is(5, &[("job", job), ("node", node), to, by]);
    assert_eq!(row.text("node_name"), "n");

    let submit = ix::submit_result(&job, &operator.pubkey(), &operator.pubkey(), "hash", "url");
    let row = canonical(&mut world, submit, &operator);
    row.is(6, &[("job", job), to]);
    assert_eq!(
        (row.text("result_hash"), row.text("logs_url")),
        ("hash".into(), "url".into())
    );

    let tokens = Settlement {
        client: world.hyper(&client.pubkey(), 1000),
        operator: world.hyper(&operator.pubkey(), 0),
        treasury: Pubkey::new_from_array(hypernode_schemas::localnet::treasury()),
        incentive: Pubkey::new_from_array(hypernode_schemas::localnet::incentive_pool()),
    };
    let row = canonical(
        &mut world,
        ix::settle_job(&job, &tokens, &client.pubkey()),
        &client,
    );
    let by = ("authority", client.pubkey());
    row.is(
        9,
        &[
            ("job", job),
            ("treasury", tokens.treasury),
            ("incentive", tokens.incentive),
            by,
        ],
    );
    let amounts =
        ["operator_amount", "treasury_amount", "incentive_amount"].map(|column| row.number(column));
    assert_eq!(amounts, [800, 100, 50]);
}

#[test]
fn equal_names_are_not_equal_jobs() {
    let mut world = World::new();
    let jobs: Vec<Vec<u8>> = [1, 3]
        .map(|n| {
            canonical(
                &mut world,
                ix::create_job(&key(n).pubkey(), "same", 0, 5, ""),
                &key(n),
            )
            .bytes("job")
        })
        .to_vec();
    assert_ne!(jobs[0], jobs[1]);
}

#[test]
fn a_node_id_that_no_node_can_have_names_none() {
    let mut world = World::new();
    let (client, operator) = (key(1), key(2));
    let job = ix::job_address(&client.pubkey(), "j").unwrap();
    canonical(
        &mut world,
        ix::create_job(&client.pubkey(), "j", 0, 1, ""),
        &client,
    );
    let long = "x".repeat(33);
    let row = canonical(
        &mut world,
        ix::assign_job(&job, &client.pubkey(), &operator.pubkey(), &long),
        &client,
    );
    row.is(
        5,
        &[
            ("job", job),
            ("operator", operator.pubkey()),
            ("authority", client.pubkey()),
        ],
    );
    let row = canonical(&mut world, ix::cancel_job(&job, &client.pubkey()), &client);
    row.is(8, &[("job", job), ("requester", client.pubkey())]);
}

#[test]
fn identity_holds_inside_a_strangers_call() {
    let mut world = World::new();
    let client = key(1);
    let create = ix::create_job(&client.pubkey(), "j", 0, 1, "");
    let row = canonical(
        &mut world,
        Probe::new().log("x").call(&create).build(),
        &client,
    );
    row.is(
        4,
        &[
            ("job", ix::job_address(&client.pubkey(), "j").unwrap()),
            ("requester", client.pubkey()),
        ],
    );
}

#[test]
fn the_job_market_names_job_and_node_itself() {
    let mut world = World::new();
    let (job, node) = (key(60).pubkey(), key(61).pubkey());
    let market = || Probe::at(programs::id("hypernode_jobs"));
    let keys = [("job", job), ("node", node)];
    let assigned = jobs::JobAssignedEvent {
        job,
        node,
        timestamp: 7,
    }
    .data();
    canonical(&mut world, market().data(&[&assigned]).build(), &key(1)).is(5, &keys);
    let completed = jobs::JobCompletedEvent {
        job,
        node,
        price: 9,
        duration: 61,
        timestamp: 8,
    }
    .data();
    let row = canonical(&mut world, market().event(&completed).build(), &key(1));
    row.is(6, &keys);
    assert_eq!(
        (
            row.number("price"),
            row.number("duration"),
            row.number("event_time")
        ),
        (9, 61, 8)
    );
    let failed = jobs::JobFailedEvent {
        job,
        node,
        duration: 5,
        timestamp: 9,
    }
    .data();
    canonical(&mut world, market().data(&[&failed]).build(), &key(1)).is(7, &keys);
}

#[test]
fn a_payment_without_a_job_stays_apart() {
    let mut world = World::new();
    let (authority, payer) = (key(1), key(2));
    let shares = Shares {
        operator: 80,
        treasury: 10,
        incentive: 5,
        orchestrator: 5,
    };
    let tokens = Payment {
        source: world.hyper(&payer.pubkey(), 1_000),
        operator: world.hyper(&key(3).pubkey(), 0),
        treasury: world.hyper(&authority.pubkey(), 0),
        incentive: world.hyper(&key(4).pubkey(), 0),
        orchestrator: world.hyper(&key(5).pubkey(), 0),
    };
    world.ok(
        splitter::initialize(
            &authority.pubkey(),
            &tokens.treasury,
            &tokens.incentive,
            shares,
        ),
        &[&authority],
    );
    let row = canonical(
        &mut world,
        splitter::process_payment(&tokens, &payer.pubkey(), 200),
        &payer,
    );
    row.is(
        10,
        &[
            ("treasury", tokens.treasury),
            ("incentive", tokens.incentive),
            ("authority", payer.pubkey()),
        ],
    );
    let amounts = [
        "price",
        "operator_amount",
        "treasury_amount",
        "incentive_amount",
    ]
    .map(|column| row.number(column));
    assert_eq!(amounts, [200, 160, 20, 10]);
}
