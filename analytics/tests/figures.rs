//! Figures against a history whose figures were computed by hand.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]
#![allow(clippy::float_cmp, reason = "exact figures are expected")]

mod support;

use hypernode_analytics::metrics::Figures;
use hypernode_analytics::validation::{self, MAX_RECEIPTS};
use hypernode_analytics::{Finality, Watermark, activity, transaction};
use support::{EXTREME, LAST, base58, block_time, signature, signature_bytes};

#[tokio::test]
async fn an_empty_warehouse_has_empty_figures() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    assert_eq!(
        Watermark::load(&client).await.expect("watermark"),
        Watermark::default()
    );
    let figures = Figures::load(&client, 0).await.expect("figures");
    assert_eq!(
        figures,
        Figures {
            run_quantiles_ms: vec![0, 0, 0],
            wait_quantiles_ms: vec![0, 0, 0],
            ..Figures::default()
        }
    );
    assert!(
        validation::receipts(&client, 0, 50)
            .await
            .expect("receipts")
            .is_empty()
    );
    assert!(
        activity::recent_jobs(&client, 0)
            .await
            .expect("jobs")
            .is_empty()
    );
    assert!(
        activity::recent_nodes(&client, 0)
            .await
            .expect("nodes")
            .is_empty()
    );
    assert_eq!(
        transaction::find(&client, 0, &[1; 64])
            .await
            .expect("lookup"),
        None
    );
}

// I-12, I-15.
#[tokio::test]
async fn the_history_has_the_figures_computed_by_hand() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    support::write_history(&client, LAST, 5).await;

    let watermark = Watermark::load(&client).await.expect("watermark");
    assert_eq!(watermark.as_of(Finality::Confirmed), LAST);
    assert_eq!(watermark.as_of(Finality::Finalized), 5);
    assert_eq!(watermark.verified_at, 1_714_564_800_123);

    latest(&client).await;
    definitions_agree(&client).await;
    past(&client).await;
    extreme(&client).await;
    receipts(&client).await;
    lists(&client).await;
    lookup(&client).await;
    facts(&client).await;
    people(&client).await;

    // Known to be final further than it is served: only what is served counts.
    support::publish(&client, LAST + 1, LAST + 4, 1000).await;
    let watermark = Watermark::load(&client).await.expect("watermark");
    assert_eq!(watermark.as_of(Finality::Finalized), LAST + 4);

    // I-28: while a retraction is at work, what it takes back is not served, whatever is still there.
    let retract = |lo: u64| {
        format!(
            "INSERT INTO retractions (seq, epoch, slot_lo, slot_hi, head_slot) SELECT 99, 1, {lo}, {}, {}",
            LAST + 4,
            lo - 1
        )
    };
    support::execute(&client, &retract(LAST + 3)).await;
    let watermark = Watermark::load(&client).await.expect("watermark");
    assert_eq!(watermark.as_of(Finality::Confirmed), LAST + 2);
    assert_eq!(watermark.retracted, 99);
    support::execute(&client, "TRUNCATE TABLE retractions").await;
    support::execute(&client, &retract(LAST + 1)).await;
    let watermark = Watermark::load(&client).await.expect("watermark");
    assert_eq!(watermark.as_of(Finality::Confirmed), LAST);

    // While slots are written again, nothing beyond them is served; then everything is.
    support::execute(&client, "TRUNCATE TABLE retractions").await;
    let repair = format!(
        "INSERT INTO retractions (seq, epoch, slot_lo, slot_hi, reason) SELECT 100, 2, 1, {LAST}, 'repair'"
    );
    support::execute(&client, &repair).await;
    let delete = "ALTER TABLE ingest_ledger DELETE WHERE slot_lo = 1 SETTINGS mutations_sync = 2";
    support::execute(&client, delete).await;
    let watermark = Watermark::load(&client).await.expect("watermark");
    assert_eq!(watermark.as_of(Finality::Confirmed), 0);
    let again = format!("INSERT INTO ingest_ledger (slot_lo, slot_hi, epoch) SELECT 1, {LAST}, 2");
    support::execute(&client, &again).await;
    let watermark = Watermark::load(&client).await.expect("watermark");
    assert_eq!(watermark.as_of(Finality::Confirmed), LAST + 4);
}

async fn latest(client: &hypernode_warehouse::Client) {
    let figures = Figures::load(client, LAST).await.expect("figures");
    let expected = Figures {
        as_of_time: block_time(LAST),
        // 1, 2, 3 (back), 4 (offline), 6; node 5 left.
        nodes_registered: 5,
        nodes_active: 4,
        nodes_departed: 1,
        nodes_24h: 0,
        // Node 3 came back on the sixth day.
        nodes_7d: 1,
        jobs_total: 8,
        // f and g are of a program that does not tell of creations.
        jobs_created: 6,
        jobs_pending: 1,   // e
        jobs_running: 1,   // h
        jobs_completed: 4, // a, b, c, f
        jobs_failed: 1,    // g
        jobs_cancelled: 1, // d
        jobs_settled: 2,   // a, c
        jobs_24h: 1,       // h
        jobs_7d: 1,
        job_types: [
            "generic_compute",
            "llm_inference",
            "rag_indexing",
            "render",
            "unknown",
            "unknown_9",
        ]
        .map(String::from)
        .to_vec(),
        job_type_counts: vec![1, 2, 1, 1, 2, 1],
        // b 2, e 5, h 6 HYPER.
        locked: 13_000_000,
        // a 1, b 2, c 3 HYPER, f 7 units.
        completed_price: 6_000_007,
        // a 10 s, f 12 s as it says, b from second 40 to the sixth day; c was never assigned.
        runs: 3,
        runs_ms: 10_000 + 12_000 + 518_360_000,
        run_quantiles_ms: vec![12_000, 518_360_000, 518_360_000],
        // a, b, d 10 s each, h none.
        waits: 4,
        waits_ms: 30_000,
        wait_quantiles_ms: vec![10_000; 3],
        payments: 2,
        // The PaymentProcessed of 3 × 777 is nowhere.
        paid_total: 950_000 + 2_850_000,
        paid_24h: 0,
        paid_7d: 0,
    };
    assert_eq!(figures, expected);
    assert_eq!(figures.jobs_of_other_types(), 3);
}

/// Every published query gives the published value, on the very slot.
async fn definitions_agree(client: &hypernode_warehouse::Client) {
    for slot in [1, 5, LAST] {
        let figures = Figures::load(client, slot).await.expect("figures");
        for figure in hypernode_analytics::definitions::all() {
            let sql = format!("SELECT toString(toUInt128(*)) FROM ({})", figure.sql(slot));
            let computed: Vec<String> = client.rows(&sql).await.expect("a value");
            let value = figure.value(&figures).expect("a value").to_string();
            assert_eq!(computed, [value], "{} at {slot}", figure.name);
            let evidence = figure.evidence(client, slot).await.expect("evidence");
            assert!(evidence.len() <= 20 && evidence.iter().all(|one| one.slot <= slot));
        }
    }
}

async fn past(client: &hypernode_warehouse::Client) {
    let figures = Figures::load(client, 5).await.expect("figures");
    let expected = Figures {
        as_of_time: block_time(5),
        nodes_registered: 4, // 1, 2, 4, 6
        nodes_active: 3,
        nodes_departed: 2, // 3 and 5
        // Both registrations of the departed count as registrations of the day.
        nodes_24h: 6,
        nodes_7d: 6,
        jobs_total: 6,
        jobs_created: 5,
        jobs_pending: 2, // c, settled too early, and e
        jobs_running: 3, // b, d, f
        jobs_completed: 1,
        jobs_failed: 0,
        jobs_cancelled: 0,
        jobs_settled: 2,
        jobs_24h: 5,
        jobs_7d: 5,
        job_types: [
            "generic_compute",
            "llm_inference",
            "rag_indexing",
            "render",
            "unknown",
        ]
        .map(String::from)
        .to_vec(),
        job_type_counts: vec![1, 2, 1, 1, 1],
        locked: 11_000_000, // b, d, e
        completed_price: 1_000_000,
        runs: 1,
        runs_ms: 10_000,
        run_quantiles_ms: vec![10_000; 3],
        waits: 3,
        waits_ms: 30_000,
        wait_quantiles_ms: vec![10_000; 3],
        payments: 2,
        paid_total: 3_800_000,
        paid_24h: 3_800_000,
        paid_7d: 3_800_000,
    };
    assert_eq!(figures, expected);
}

async fn extreme(client: &hypernode_warehouse::Client) {
    let figures = Figures::load(client, EXTREME).await.expect("figures");
    assert_eq!(figures.locked, 13_000_000 + 2 * u128::from(u64::MAX));
    assert_eq!(figures.nodes_registered, 5);

    // Within one transaction the instruction's place decides, inner ones after the outer, whatever is written first.
    for (outer, inner, kind) in [
        (10, 3, "NodeRegistered"),
        (10, -1, "NodeDeregistered"),
        (9, 12, "NodeRegistered"),
    ] {
        let sql = format!(
            "INSERT INTO canonical_events (slot, tx_index, outer_ix, inner_ix, kind, node) \
             VALUES ({EXTREME}, 9, {outer}, {inner}, '{kind}', toFixedString('node-7', 32))"
        );
        support::execute(client, &sql).await;
    }
    let figures = Figures::load(client, EXTREME).await.expect("figures");
    assert_eq!(
        figures.nodes_registered, 6,
        "registered by the last of the three"
    );
}

async fn receipts(client: &hypernode_warehouse::Client) {
    let receipts = validation::receipts(client, LAST, MAX_RECEIPTS)
        .await
        .expect("receipts");
    let ids: Vec<&str> = receipts
        .iter()
        .map(|receipt| receipt.job_id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            base58("job-c"),
            base58("job-f"),
            base58("job-b"),
            base58("job-a")
        ]
    );

    let [c, f, b, a] = receipts.as_slice() else {
        panic!("four receipts: {receipts:?}")
    };
    assert_eq!(a.label, "job-1");
    assert_eq!(a.job_type, "llm_inference");
    assert_eq!(a.price, 1_000_000);
    assert_eq!(a.node_id, base58("node-1"));
    assert_eq!(a.completed_by, base58("owner-1"));
    assert_eq!(a.result_hash, "hash-a");
    assert_eq!((a.slot, a.block_time), (5, block_time(5)));
    assert_eq!(a.signature, signature(5, 1));

    assert_eq!(b.label, "job-1", "the label is shared, the job is not");
    assert_eq!(b.node_id, "", "an impostor's completion is no node's");
    assert_eq!(b.completed_by, base58("impostor"));

    assert_eq!(c.node_id, "", "never assigned");
    assert_eq!(
        c.result_hash, "hash-\u{FFFD}-c",
        "bytes that are no text do not break the answer"
    );

    assert_eq!((f.job_type.as_str(), f.price), ("unknown", 7));
    assert_eq!(
        f.node_id,
        base58("node-1"),
        "the event names the node itself"
    );

    let two = validation::receipts(client, LAST, 2)
        .await
        .expect("receipts");
    assert_eq!(two, receipts[..2]);
    let then = validation::receipts(client, 5, MAX_RECEIPTS)
        .await
        .expect("receipts");
    assert_eq!(then, receipts[3..]);
    // Whichever slot the search for the newest begins at, they are the same.
    for as_of in LAST + 1_000..LAST + 1_030 {
        for (limit, count) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4)] {
            let some = validation::receipts(client, as_of, limit)
                .await
                .expect("receipts");
            assert_eq!(some, receipts[..count], "{limit} as of {as_of}");
        }
    }
    for figure in hypernode_analytics::definitions::all() {
        let of = async |as_of| figure.evidence(client, as_of).await.expect("evidence");
        // All of the fixture, without a search.
        let whole = of(1_000).await;
        assert_eq!(of(LAST + 1_020).await, whole, "{}", figure.name);
        assert_eq!(of(LAST + 100_000).await, whole, "{}", figure.name);
    }
}

async fn lists(client: &hypernode_warehouse::Client) {
    let jobs = activity::recent_jobs(client, LAST).await.expect("jobs");
    assert_eq!(jobs.len(), 8);
    let newest = &jobs[0];
    assert_eq!(newest.job_id, base58("job-h"));
    assert_eq!(
        (
            newest.state.as_str(),
            newest.created_at,
            newest.completed_at
        ),
        ("assigned", block_time(8), 0)
    );
    assert_eq!(newest.tx_signature, signature(8, 0));
    let a = jobs
        .iter()
        .find(|job| job.job_id == base58("job-a"))
        .expect("job a");
    assert_eq!(
        (a.state.as_str(), a.completed_at),
        ("completed", block_time(5))
    );
    assert_eq!(a.tx_signature, signature(5, 1));

    let nodes = activity::recent_nodes(client, LAST).await.expect("nodes");
    assert_eq!(nodes.len(), 6);
    assert_eq!(nodes[0].node_id, base58("node-3"), "back, so newest");
    assert_eq!(nodes[0].node_status, "online");
    let find = |name| {
        nodes
            .iter()
            .find(|node| node.node_id == base58(name))
            .expect("a node")
    };
    assert_eq!(find("node-1").jobs_completed, 2, "a and f");
    assert_eq!(
        find("node-2").jobs_completed,
        0,
        "the impostor's does not count"
    );
    assert_eq!(find("node-4").node_status, "offline");
    assert_eq!(find("node-5").node_status, "deregistered");
    assert_eq!(find("node-1").node_label, find("node-2").node_label);
}

async fn lookup(client: &hypernode_warehouse::Client) {
    let (found, events) = transaction::find(client, LAST, &signature_bytes(5, 2))
        .await
        .expect("lookup")
        .expect("the transaction");
    assert_eq!(
        (found.slot, found.tx_index, found.success, found.fee),
        (5, 2, true, 5000)
    );
    assert_eq!(found.fee_payer, base58("payer"));
    let [event] = events.as_slice() else {
        panic!("one event: {events:?}")
    };
    assert_eq!(event.meaning, "PaymentDistributed");
    assert_eq!(event.job_id, base58("job-a"));
    assert_eq!(event.paid, 950_000);
    // Above the watermark nothing is served.
    assert_eq!(
        transaction::find(client, 4, &signature_bytes(5, 2))
            .await
            .expect("lookup"),
        None
    );
}

async fn facts(client: &hypernode_warehouse::Client) {
    let consent: Vec<String> = client
        .raw()
        .query("SELECT base58Encode(job) FROM job_facts(as_of = 8) WHERE consent ORDER BY job")
        .fetch_all()
        .await
        .expect("consents");
    assert_eq!(consent, [base58("job-a"), base58("job-d"), base58("job-h")]);
    let treasuries: Vec<String> = client
        .raw()
        .query("SELECT base58Encode(treasury_account) FROM job_facts(as_of = 8) WHERE settled ORDER BY job")
        .fetch_all()
        .await
        .expect("accounts");
    assert_eq!(treasuries, [base58("treasury"), base58("treasury")]);
}

async fn people(client: &hypernode_warehouse::Client) {
    for (view, rows) in [("nodes", 6_u64), ("jobs", 8), ("payments", 2)] {
        let count: u64 = client
            .raw()
            .query(&format!("SELECT count() FROM {view}"))
            .fetch_one()
            .await
            .expect("a view");
        assert_eq!(count, rows, "{view} at the served slot");
    }
    let states: Vec<String> = client
        .raw()
        .query("SELECT concat(label, ' ', state) FROM jobs WHERE label != '' ORDER BY created_slot, job_id")
        .fetch_all()
        .await
        .expect("states");
    assert_eq!(states.len(), 6);
    assert!(states.contains(&"job-4 cancelled".to_owned()));
}
