//! From blocks to the figures that people see, through the whole pipeline and a real engine.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

#[path = "common/engine.rs"]
mod engine;
#[path = "../../decoder/tests/it/support/twins.rs"]
mod twins;

use std::sync::Arc;

use engine::TestEngine;
use hypernode_analytics::metrics::Figures;
use hypernode_decoder::Decoder;
use hypernode_decoder::chain::{Block, Proof};
use hypernode_indexer::batch::BULK_WINDOW;
use hypernode_indexer::pipeline::run_blocks;
use hypernode_localnet::svm::instructions as ix;
use hypernode_localnet_testing::world::{START, World, key};
use hypernode_warehouse::Writer;
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::{Keypair, Signer as _};

/// An engine that holds these blocks; `None` where there is none.
async fn stored(decoder: Decoder, blocks: Vec<Block>) -> Option<TestEngine> {
    let engine = engine::start(&decoder).await?;
    let writer = Writer::new(engine.client.clone());
    run_blocks(blocks, Arc::new(decoder), &writer, BULK_WINDOW)
        .await
        .expect("stored");
    Some(engine)
}

async fn figures(engine: &TestEngine, as_of: u64) -> Figures {
    Figures::load(&engine.client, as_of).await.expect("figures")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_without_events_has_the_figures_of_one_with_events() {
    let mut seen = Vec::new();
    for loud in [false, true] {
        let blocks = twins::blocks(loud);
        let last = blocks.last().expect("blocks").slot;
        let Some(engine) = stored(twins::decoder(loud), blocks).await else {
            return;
        };
        let events = engine.text("SELECT count() FROM events").await;
        assert_eq!(events, if loud { "16" } else { "0" });
        let nodes = engine.text("SELECT * FROM nodes ORDER BY node_id").await;
        let jobs = engine.text("SELECT * FROM jobs ORDER BY job_id").await;
        assert_eq!((nodes.lines().count(), jobs.lines().count()), (3, 3));
        seen.push((nodes, jobs, figures(&engine, last).await));
    }
    assert_eq!(seen[0], seen[1]);
    let figures = &seen[0].2;
    assert_eq!(
        (
            figures.nodes_registered,
            figures.nodes_active,
            figures.nodes_departed
        ),
        (2, 2, 1)
    );
    assert_eq!((figures.jobs_total, figures.jobs_created), (3, 3));
    assert_eq!((figures.jobs_completed, figures.jobs_cancelled), (2, 1));
    assert_eq!((figures.payments, figures.paid_total), (1, 95));
}

/// Transactions that the machine executed, each in a block of its own.
struct Chain {
    world: World,
    blocks: Vec<Block>,
}

impl Chain {
    fn run(&mut self, instruction: Instruction, signer: &Keypair) {
        let done = self.world.ok(instruction.clone(), &[signer]);
        self.world.pass(40);
        let slot = self.blocks.len() as u64 + 1;
        self.blocks.push(Block {
            slot,
            parent_slot: slot - 1,
            blockhash: [slot as u8; 32],
            parent_blockhash: [slot as u8 - 1; 32],
            block_time: Some(START + 40 * slot as i64),
            block_height: Some(slot),
            executed_transaction_count: 1,
            proof: Proof::Block,
            transactions: vec![hypernode_localnet_testing::judge::delivered(
                &done,
                &[instruction],
            )],
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_joined_by_address_not_by_name() {
    let mut chain = Chain {
        world: World::new(),
        blocks: Vec::new(),
    };
    let (clients, owners) = ([key(1), key(3)], [key(2), key(4)]);
    let (jobs, nodes) = (
        [0, 1].map(|i| ix::job_address(&clients[i].pubkey(), "job").unwrap()),
        [0, 1].map(|i| ix::node_address(&owners[i].pubkey(), "gpu").unwrap()),
    );
    for owner in &owners {
        let register = ix::register_node(&owner.pubkey(), "gpu", "specs", "Berlin");
        chain.run(register, owner);
    }
    for (client, price) in clients.iter().zip([100, 200]) {
        let create = ix::create_job(&client.pubkey(), "job", 0, price, "");
        chain.run(create, client);
    }
    // The first node takes its job itself; the second is given one by the client, who may sign too.
    for (i, signer) in [&owners[0], &clients[1]].into_iter().enumerate() {
        let assign = ix::assign_job(&jobs[i], &signer.pubkey(), &owners[i].pubkey(), "gpu");
        chain.run(assign, signer);
    }
    // The first job's result is the node's own, the second's a stranger's: the program takes both.
    for (i, signer) in [&owners[0], &key(5)].into_iter().enumerate() {
        let submit = ix::submit_result(&jobs[i], &signer.pubkey(), &owners[i].pubkey(), "h", "u");
        chain.run(submit, signer);
    }
    let last = chain.blocks.len() as u64;
    let Some(engine) = stored(hypernode_localnet_testing::judge::decoder(), chain.blocks).await
    else {
        return;
    };
    let letters = engine.text("SELECT count() FROM dead_letters").await;
    assert_eq!(letters, "0");

    let sql = "SELECT job_id, label, requester, price, state, node_id, node_label, operator, consent, completed_by, \
               completion_node_id FROM jobs ORDER BY price";
    let row = |i: usize, price: u64, by: &Keypair, consent: bool, credited: &str| {
        let owner = owners[i].pubkey();
        let (client, by) = (clients[i].pubkey(), by.pubkey());
        format!(
            "{}\tjob\t{client}\t{price}\tcompleted\t{}\tgpu\t{owner}\t{}\t{by}\t{credited}",
            jobs[i],
            nodes[i],
            u8::from(consent)
        )
    };
    let rows = [
        row(0, 100, &owners[0], true, &nodes[0].to_string()),
        // Nobody is credited with what an impostor submitted.
        row(1, 200, &key(5), false, ""),
    ];
    // The reader takes the blank at the end off.
    assert_eq!(engine.text(sql).await, rows.join("\n").trim_end());

    let sql = "SELECT node_id, label, owner, active FROM nodes ORDER BY registered_slot";
    let row = |i: usize| format!("{}\tgpu\t{}\t1", nodes[i], owners[i].pubkey());
    assert_eq!(engine.text(sql).await, [row(0), row(1)].join("\n"));

    let figures = figures(&engine, last).await;
    assert_eq!((figures.nodes_registered, figures.nodes_active), (2, 2));
    assert_eq!((figures.jobs_created, figures.jobs_completed), (2, 2));
    assert_eq!((figures.completed_price, figures.payments), (300, 0));
    // Before the impostor came, the second job was running.
    let earlier = Figures::load(&engine.client, last - 1)
        .await
        .expect("figures");
    assert_eq!((earlier.jobs_completed, earlier.jobs_running), (1, 1));
}
