//! Reputation on the real engine: evidence from histories, and the statement's scores against the crate's and the page's.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use hypernode_analytics::reputation::{self, At, Keeper, Proof, Reputation};
use hypernode_score::{Entry, FeeAccounts, Key, Sums, Totals, constants::UNIT, score};
use hypernode_warehouse::Client;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use support::{EXTREME, LAST, block_time, execute, key, publish, signature_bytes, write_history};

fn accounts() -> Vec<FeeAccounts> {
    vec![FeeAccounts {
        first_slot: 0,
        last_slot: u64::MAX,
        treasury: key("treasury"),
        incentive: key("incentive"),
    }]
}

fn day(slot: u64) -> i32 {
    i32::try_from(block_time(slot) / 86_400).expect("small")
}

async fn keep(keeper: &mut Keeper) -> u64 {
    let mut evidence = 0;
    loop {
        let step = keeper.step().await.expect("a step");
        evidence += step.evidence;
        if step.slot.is_none() {
            return evidence;
        }
    }
}

async fn known(client: &Client, node: &str, slot: Option<u64>) -> Reputation {
    match reputation::at(client, &key(node), slot)
        .await
        .expect("an answer")
    {
        At::Known(known) => *known,
        At::Outside(range) => panic!("{slot:?} is outside {range:?}"),
    }
}

async fn evidence(client: &Client) -> Vec<(String, i32, String, String, u64, u64)> {
    let sql = "SELECT trimRight(toString(node), '\\0') AS n, day, toString(kind) AS k, \
               trimRight(toString(job), '\\0') AS j, units, slot FROM reputation_evidence FINAL ORDER BY slot, n, j";
    client.rows(sql).await.expect("rows")
}

// I-35.
#[tokio::test]
async fn evidence_is_what_histories_say_however_the_chain_is_cut() {
    let Some((client, _running)) = support::engine().await else {
        return;
    };
    let client = &client;
    assert_eq!(
        reputation::at(client, &key("node-1"), None)
            .await
            .expect("answer"),
        At::Outside(None)
    );
    write_history(client, LAST, 5).await;
    let mut keeper = Keeper::new(client.clone(), accounts());
    assert_eq!(keep(&mut keeper).await, 1);
    let paid = (
        "node-1".to_owned(),
        day(5),
        "good".to_owned(),
        "job-a".to_owned(),
        UNIT,
        5,
    );
    assert_eq!(evidence(client).await, std::slice::from_ref(&paid));
    assert_eq!(known(client, "node-1", None).await.score.value, 501);

    // A process that died between evidence and checkpoint.
    execute(
        client,
        "INSERT INTO reputation_evidence (node, day, kind, job, units, slot) \
         VALUES (toFixedString('node-2', 32), 3, 'good', toFixedString('job-z', 32), 7, 6)",
    )
    .await;
    publish(client, LAST + 1, EXTREME, EXTREME).await;
    let mut keeper = Keeper::new(client.clone(), accounts());
    // The day of job-d was over when it was cancelled; job-h's is not.
    assert_eq!(keep(&mut keeper).await, 1);
    let expired = (
        "node-1".to_owned(),
        day(5) + 1,
        "expired".to_owned(),
        "job-d".to_owned(),
        UNIT * 3 / 2,
        6,
    );
    assert_eq!(evidence(client).await, [paid.clone(), expired.clone()]);

    // Every slot since the first is answered, as of then.
    assert_eq!(known(client, "node-1", Some(4)).await.score.value, 364);
    assert_eq!(known(client, "node-1", Some(5)).await.score.value, 501);
    let now = known(client, "node-1", Some(LAST)).await;
    let mut sums = Sums::new(i64::from(day(LAST)));
    for (at, good, bad) in [(day(5), UNIT, 0), (day(5) + 1, 0, UNIT * 3 / 2)] {
        let (requester, day) = (key("client-1"), i64::from(at));
        sums.add(&Entry {
            requester,
            day,
            good,
            bad,
        });
    }
    assert_eq!(now.score, score(sums.totals()));
    assert_eq!(
        (now.jobs, now.requesters, now.owner),
        ([1, 0, 1], 1, Some(key("owner-1")))
    );
    // Known to nobody, deregistered, or without evidence: the prior.
    for node in ["nobody", "node-5", "node-2"] {
        assert_eq!(known(client, node, None).await.score.value, 364, "{node}");
    }
    assert!(!known(client, "node-5", None).await.registered);
    let outside = reputation::at(client, &key("node-1"), Some(EXTREME + 1)).await;
    assert_eq!(outside.expect("answer"), At::Outside(Some((1, EXTREME))));

    // The matchmaker's table says the same.
    let table: Vec<(String, u16, u64)> = client
        .rows("SELECT label, score, as_of_slot FROM reputation WHERE node_id = (SELECT node_id FROM nodes WHERE owner != '' AND label = 'gpu' ORDER BY node_id LIMIT 1)")
        .await
        .expect("rows");
    assert_eq!(table, [("gpu".to_owned(), now.score.value, EXTREME)]);

    the_list_says_what_each_node_has(client).await;
    proof_holds_what_the_score_follows_from(client).await;
    other_accounts_make_everything_anew(client, std::slice::from_ref(&expired)).await;
    slots_that_come_again_are_judged_again(client, &[paid, expired]).await;
}

async fn the_list_says_what_each_node_has(client: &Client) {
    let all = reputation::top(client, 1_000).await.expect("a list");
    assert_eq!(all.len(), 5, "registered nodes");
    assert!(all.is_sorted_by_key(|node| std::cmp::Reverse(node.score)));
    for node in &all {
        let mut key = [0; 32];
        five8::decode_32(&node.node_id, &mut key).expect("an address");
        let name = String::from_utf8_lossy(&key);
        let known = known(client, name.trim_end_matches('\0'), Some(node.as_of_slot)).await;
        let evidence = known.score.evidence;
        assert_eq!(
            (node.score, node.good, node.bad),
            (known.score.value, evidence.good, evidence.bad)
        );
        assert_eq!(
            [node.jobs_good, node.jobs_failed, node.jobs_expired],
            known.jobs
        );
        assert_eq!(
            Some(node.forge_raw),
            known.forge.map(|forge| forge.raw_hyper)
        );
    }
    // The matchmaker is told the same of all that have evidence.
    let judged = reputation::judged(client).await.expect("a slot");
    assert_eq!(judged, all.first().map(|one| one.as_of_slot));
    let told = reputation::standings(client).await.expect("a list");
    let scored = all.iter().filter(|one| one.good + one.bad > 0);
    let mut expected: Vec<(String, u16, u32)> = scored
        .map(|one| {
            let units = (one.good + one.bad) >> 20;
            (
                one.node_id.clone(),
                one.score,
                u32::try_from(units).expect("small"),
            )
        })
        .collect();
    let mut told: Vec<(String, u16, u32)> = told
        .iter()
        .map(|one| (reputation::base58(&one.node), one.score, one.evidence))
        .collect();
    expected.sort();
    told.sort();
    assert!(!told.is_empty());
    assert_eq!(told, expected);
    let first = reputation::top(client, 2).await.expect("a list");
    assert_eq!(first, all[..2]);
}

async fn proof_holds_what_the_score_follows_from(client: &Client) {
    let proof = reputation::proof(client, &key("node-1"), Some(LAST), 1).await;
    let proof: Proof = proof.expect("an answer").expect("a proof");
    assert_eq!((proof.page, proof.pages, proof.days.len()), (1, 1, 2));
    assert_eq!(proof.accounts, accounts());
    let job = &proof.days[0].jobs[0];
    assert_eq!((job.kind.as_str(), job.job), ("good", key("job-a")));
    assert_eq!(job.signature, signature_bytes(5, 2));
    let empty = reputation::proof(client, &key("node-1"), Some(LAST), 2).await;
    assert!(empty.expect("an answer").expect("a proof").days.is_empty());
}

async fn other_accounts_make_everything_anew(
    client: &Client,
    expected: &[(String, i32, String, String, u64, u64)],
) {
    let mut keeper = Keeper::new(client.clone(), Vec::new());
    keep(&mut keeper).await;
    assert_eq!(evidence(client).await, expected);
}

async fn slots_that_come_again_are_judged_again(
    client: &Client,
    expected: &[(String, i32, String, String, u64, u64)],
) {
    let mut keeper = Keeper::new(client.clone(), accounts());
    keep(&mut keeper).await;
    assert_eq!(evidence(client).await, expected);
    execute(
        client,
        "INSERT INTO retractions (seq, epoch, slot_lo, slot_hi, reason) VALUES (20, 1, 6, 6, 'repair')",
    )
    .await;
    // While its slots are away nothing beyond them counts.
    assert_eq!(keep(&mut keeper).await, 0);
    assert_eq!(evidence(client).await, expected[..1]);
    execute(
        client,
        &format!(
            "INSERT INTO ingest_ledger (slot_lo, slot_hi, window, last_block_slot, finalized_slot, epoch, seq) \
             VALUES (1, {EXTREME}, 4, {EXTREME}, {EXTREME}, 1, 21)"
        ),
    )
    .await;
    keep(&mut keeper).await;
    assert_eq!(evidence(client).await, expected);
}

/// Evidence of one node: requester, age in days, whether good, units.
type Given = (u8, i64, bool, u64);

fn given() -> impl Strategy<Value = Vec<Given>> {
    let units = prop_oneof![
        1..=UNIT,
        Just(UNIT),
        UNIT..=UNIT * 3 / 2,
        Just(u64::MAX >> 8)
    ];
    let ages = prop_oneof![
        0..3_i64,
        0..400_i64,
        Just(359),
        Just(360),
        Just(361),
        Just(-1)
    ];
    proptest::collection::vec((0..6_u8, ages, any::<bool>(), units), 0..60)
}

// I-35.
/// The three implementations over the same evidence, inserted shuffled, in pieces, and some of it twice.
#[tokio::test]
async fn three_implementations_agree() {
    const NODES: u64 = 64;
    const TODAY: i64 = 20_000;
    let Some((client, _running)) = support::engine().await else {
        return;
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let nodes: Vec<Vec<Given>> = (0..NODES)
        .map(|_| given().new_tree(&mut runner).expect("a value").current())
        .collect();
    let mut values = Vec::new();
    for (node, rows) in nodes.iter().enumerate() {
        for (job, (requester, age, good, units)) in rows.iter().enumerate() {
            let kind = if *good {
                "good"
            } else {
                ["failed", "expired"][job % 2]
            };
            let row = format!(
                "(toFixedString('n{node}', 32), toFixedString('r{requester}', 32), {}, '{kind}', \
                 toFixedString('j{job}', 32), {units}, 9)",
                TODAY - age
            );
            if job % 5 == 0 {
                values.push(row.clone());
            }
            values.push(row);
        }
    }
    let order = proptest::strategy::Strategy::prop_shuffle(Just(values));
    let values = order.new_tree(&mut runner).expect("a value").current();
    for piece in values.chunks(97) {
        let sql =
            "INSERT INTO reputation_evidence (node, requester, day, kind, job, units, slot) VALUES";
        execute(&client, &format!("{sql} {}", piece.join(", "))).await;
    }
    let sql = reputation::scores_sql(9, TODAY, "true");
    let sql = format!(
        "SELECT trimRight(toString(node), '\\0') AS n, score, good, bad FROM ({sql}) ORDER BY n"
    );
    let computed: Vec<(String, u16, u64, u64)> = client.rows(&sql).await.expect("scores");
    let mut expected: Vec<(String, u16, u64, u64)> = nodes
        .iter()
        .enumerate()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(node, rows)| {
            let totals = sums(TODAY, rows);
            (
                format!("n{node}"),
                score(totals).value,
                totals.good,
                totals.bad,
            )
        })
        .collect();
    expected.sort();
    assert_eq!(computed, expected);
    let Some(page) = by_page(TODAY, &nodes) else {
        eprintln!("skipped: there is no node to run the page's part with");
        return;
    };
    let own: Vec<String> = nodes
        .iter()
        .map(|rows| {
            let totals = sums(TODAY, rows);
            format!("{} {} {}", totals.good, totals.bad, score(totals).value)
        })
        .collect();
    assert_eq!(page, own);
}

fn sums(today: i64, rows: &[Given]) -> Totals {
    let mut sums = Sums::new(today);
    for (requester, age, is_good, units) in rows {
        let requester: Key = [*requester; 32];
        let (good, bad) = if *is_good { (*units, 0) } else { (0, *units) };
        sums.add(&Entry {
            requester,
            day: today - age,
            good,
            bad,
        });
    }
    sums.totals()
}

/// What the page's implementation makes of it, a line for each node; `None` without Node.js.
fn by_page(today: i64, nodes: &[Vec<Given>]) -> Option<Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/reputation.js");
    let rows: Vec<String> = nodes
        .iter()
        .map(|rows| {
            let entries: Vec<String> = rows
                .iter()
                .map(|(requester, age, good, units)| {
                    let (good, bad) = if *good { (*units, 0) } else { (0, *units) };
                    format!(
                        "{{requester:'{requester}',day:{}n,good:{good}n,bad:{bad}n}}",
                        today - age
                    )
                })
                .collect();
            format!("[{}]", entries.join(","))
        })
        .collect();
    let program = format!(
        "import {{ sums, score }} from 'file://{path}';\n\
         for (const entries of [{}]) {{ const t = sums(entries, {today}n); \
         console.log(`${{t.good}} ${{t.bad}} ${{score(t).value}}`); }}",
        rows.join(",")
    );
    let mut child = Command::new("node")
        .args(["--input-type=module", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(program.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    Some(text.lines().map(str::to_owned).collect())
}
