//! Scores as they are kept, batch by batch, against the statement over all evidence; and each day's root against a tree that
//! is built here: over histories of several days, however the chain is cut, through restarts, steps that died, and slots that
//! come again.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use hypernode_analytics::reputation::{
    self, Keeper, NodePath, Proof, Root, newest_root, roots_between, scores_sql, sha256,
};
use hypernode_analytics::rollup;
use hypernode_score::tree::{Day, Hash, Leaf, climb, node_hash};
use hypernode_score::{FeeAccounts, Key};
use hypernode_warehouse::Client;
use serde_json::{Value, json};
use support::{execute, key};

/// Slots of a history.
const SLOTS: u64 = 48;
const DAY: i64 = 86_400;

/// Numbers that are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn accounts() -> Vec<FeeAccounts> {
    vec![FeeAccounts {
        first_slot: 0,
        last_slot: u64::MAX,
        treasury: key("treasury"),
        incentive: key("incentive"),
    }]
}

/// A history: the time of each slot, and its rows of events.
struct History {
    times: Vec<u64>,
    events: BTreeMap<u64, Vec<String>>,
}

impl History {
    /// Jobs that are paid, fail, or are left until their day is over; some by requesters that come again and again.
    fn new(dice: &mut Dice) -> Self {
        let mut time = 1_760_000_000_u64;
        let mut times = vec![time];
        for _ in 0..SLOTS {
            let steps = [1, 60, 3_600, 20_000, 50_000];
            time += steps[usize::try_from(dice.roll(5)).expect("small")];
            times.push(time);
        }
        let mut history = Self {
            times,
            events: BTreeMap::new(),
        };
        for job in 0..90 {
            history.job(dice, job);
        }
        history
    }

    fn job(&mut self, dice: &mut Dice, job: u64) {
        let (node, requester) = (dice.roll(5), dice.roll(4));
        let price = [1_000_000, 40_000, 400_000][usize::try_from(dice.roll(3)).expect("small")];
        let mut slot = 1 + dice.roll(SLOTS / 2);
        let owner = format!("owner-{node}");
        let of = |kind: &str, requester: &str, node: &str, operator: &str, price: u64, fee: u64| {
            let (treasury, incentive) = match fee {
                0 => ("", ""),
                _ => ("treasury", "incentive"),
            };
            let fixed = |text: &str| format!("toFixedString('{text}', 32)");
            format!(
                "'{kind}', {}, {}, {}, {}, {}, {price}, {}, {}, {fee}, {fee}",
                fixed(&format!("{job}-job")),
                fixed(requester),
                fixed(node),
                fixed(operator),
                fixed(operator),
                fixed(treasury),
                fixed(incentive),
            )
        };
        let node = format!("{node}-node");
        let requester = format!("requester-{requester}");
        let mut rows = vec![
            of("JobCreated", &requester, "", "", price, 0),
            of("JobAssigned", "", &node, &owner, 0, 0),
        ];
        match dice.roll(4) {
            0 => rows.push(of("JobFailed", "", &node, "", 0, 0)),
            1 => {}
            _ => {
                rows.push(of("JobCompleted", "", "", &owner, 0, 0));
                rows.push(of("PaymentDistributed", "", "", "", 0, price / 20));
            }
        }
        for row in rows {
            self.events.entry(slot).or_default().push(row);
            slot = (slot + dice.roll(6)).min(SLOTS);
        }
    }

    /// Stores the slots `from..=to`, all of them final but the last three.
    async fn store(&self, client: &Client, (from, to): (u64, u64), seq: u64) {
        let time = |slot: u64| self.times[usize::try_from(slot).expect("small")];
        let mut rows = Vec::new();
        for (slot, events) in self.events.range(from..=to) {
            for (index, event) in events.iter().enumerate() {
                rows.push(format!(
                    "({slot}, {index}, 0, -1, 0, {}, toFixedString('{slot}-{index}', 64), {event})",
                    time(*slot)
                ));
            }
        }
        let columns = "slot, tx_index, outer_ix, inner_ix, ordinal, block_time, signature, kind, job, requester, node, \
                       operator, authority, price, treasury, incentive, treasury_amount, incentive_amount";
        if !rows.is_empty() {
            let rows = rows.join(", ");
            let sql = format!("INSERT INTO canonical_events ({columns}) VALUES {rows}");
            execute(client, &sql).await;
        }
        let blocks: Vec<String> = (from..=to)
            .map(|slot| format!("({slot}, {slot} - 1, {})", time(slot)))
            .collect();
        let blocks = blocks.join(", ");
        execute(
            client,
            &format!("INSERT INTO blocks (slot, parent_slot, block_time) VALUES {blocks}"),
        )
        .await;
        let finalized = to.saturating_sub(3);
        execute(
            client,
            &format!(
                "INSERT INTO ingest_ledger (slot_lo, slot_hi, window, last_block_slot, blocks, finalized_slot, source, \
                 written_at, seq, epoch) VALUES ({from}, {to}, 4, {to}, 4, {finalized}, 'test', now64(3), {seq}, {seq})"
            ),
        )
        .await;
    }
}

/// A keeper of scores that reads all events of a few slots only, where the sums' keeper, beside it, knows the jobs of before.
fn keeper(client: &Client) -> Keeper {
    Keeper::new(client.clone(), accounts()).spanning(4)
}

async fn keep(keeper: &mut Keeper) {
    while keeper.step().await.expect("a step").slot.is_some() {}
}

async fn checkpoint(client: &Client) -> Option<(u64, i64)> {
    let sql = "SELECT slot, block_time FROM reputation_checkpoints ORDER BY slot DESC LIMIT 1";
    client.rows(sql).await.expect("rows").pop()
}

type Scored = (String, u16, u64, u64, u32, u64, u64, u64, i32);

/// The newest score of each node as it is kept, and as all evidence gives it.
async fn same(client: &Client, what: &str) {
    let Some((slot, time)) = checkpoint(client).await else {
        return;
    };
    let today = time.div_euclid(DAY);
    let columns = "trimRight(toString(node), '\\0') AS name, score, good, bad, requesters, jobs_good, jobs_failed, \
                   jobs_expired, since_day";
    let kept =
        format!("SELECT {columns} FROM reputation_scores FINAL WHERE day = {today} ORDER BY name");
    let made = format!(
        "SELECT {columns} FROM ({}) ORDER BY name",
        scores_sql(slot, today, "true")
    );
    let kept: Vec<Scored> = client.rows(&kept).await.expect("kept");
    let made: Vec<Scored> = client.rows(&made).await.expect("made");
    assert_eq!(kept, made, "{what}, slot {slot}");
}

/// The root of a tree by its definition: the left part is the largest power of two below the whole.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => [0; 32],
        [one] => *one,
        more => {
            let left = (more.len() / 2 + more.len() % 2).next_power_of_two();
            let (left, right) = more.split_at(left);
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

/// All evidence of a node as its proof lists it, page by page, and the roots beside it.
async fn proven(client: &Client, node: &Key) -> (Proof, Vec<Leaf>) {
    let proof = reputation::proof(client, node, None, 1).await;
    let proof = proof.expect("an answer").expect("a proof");
    assert_eq!(proof.pages, 1);
    let mut leaves = Vec::new();
    for day in &proof.days {
        for job in &day.jobs {
            leaves.push(Leaf {
                node: *node,
                requester: day.requester,
                day: day.day,
                kind: match job.kind.as_str() {
                    "good" => 1,
                    "failed" => 2,
                    _ => 3,
                },
                program: job.program,
                job: job.job,
                units: job.units,
                slot: job.slot,
                signature: job.signature,
            });
        }
    }
    (proof, leaves)
}

/// Every day that is over has the root of the evidence that began to count on it; every node's evidence climbs there.
async fn rooted(client: &Client, seed: u64) -> Vec<Root> {
    let roots = roots_between(client, 0, i32::MAX, 1_000)
        .await
        .expect("roots");
    assert_eq!(
        newest_root(client).await.expect("a root"),
        roots.last().copied()
    );
    let (slot, time) = checkpoint(client).await.expect("a checkpoint");
    let today = i32::try_from(time.div_euclid(DAY)).expect("small");
    assert!(
        roots
            .iter()
            .all(|root| root.day < today && root.last_slot < slot),
        "seed {seed}, slot {slot} of day {today}: {roots:?}"
    );
    assert!(
        roots
            .windows(2)
            .all(|two| two[0].last_slot + 1 == two[1].first_slot)
    );
    assert_eq!(roots.first().map(|root| root.first_slot), Some(1));
    let mut by_day: BTreeMap<i32, Vec<Hash>> = BTreeMap::new();
    let mut under = 0;
    for number in 0..5 {
        let node = key(&format!("{number}-node"));
        let (proof, leaves) = proven(client, &node).await;
        let day_of = |leaf: &Leaf| {
            let mut of = roots.iter();
            of.find(|root| (root.first_slot..=root.last_slot).contains(&leaf.slot))
        };
        let mut days: BTreeMap<i32, Vec<Hash>> = BTreeMap::new();
        for leaf in &leaves {
            if let Some(root) = day_of(leaf) {
                days.entry(root.day).or_default().push(leaf.hash(sha256));
            }
        }
        let listed: Vec<i32> = proof.roots.iter().map(|(root, _)| root.day).collect();
        assert_eq!(
            listed,
            days.keys().copied().collect::<Vec<_>>(),
            "seed {seed}"
        );
        for (day, path) in &proof.roots {
            let own = &days[&day.day];
            under += own.len() as u64;
            assert_eq!((path.evidence, path.root), (own.len() as u64, root(own)));
            let hash = node_hash(sha256, &node, path.evidence, &path.root);
            by_day.entry(day.day).or_default().push(hash);
            assert_eq!(climbed(day, path, hash), Some(day.root), "seed {seed}");
            assert_ne!(climbed(day, path, [9; 32]), Some(day.root), "a forged leaf");
        }
    }
    for day in &roots {
        let nodes = by_day.remove(&day.day).unwrap_or_default();
        assert_eq!(day.nodes, nodes.len() as u64);
        assert_eq!(header(day).root(sha256, &root(&nodes)), day.root);
    }
    assert_eq!(roots.iter().map(|day| day.evidence).sum::<u64>(), under);
    roots
}

/// What the page finds wrong with the roots of a node: nothing, or in words; `None` without Node.js.
fn by_page(node: &Key, proof: &Proof, leaves: &[Leaf]) -> Option<String> {
    let pieces: Vec<Value> = leaves
        .iter()
        .map(|leaf| {
            json!({
                "requester": text(&leaf.requester), "day": leaf.day, "kind": (["good", "failed", "expired"][usize::from(leaf.kind) - 1]),
                "program": text(&leaf.program), "job": text(&leaf.job), "units": leaf.units.to_string(), "slot": leaf.slot,
                "signature": signature(&leaf.signature),
            })
        })
        .collect();
    let roots: Vec<Value> = proof
        .roots
        .iter()
        .map(|(root, path)| {
            json!({
                "day": root.day, "first_slot": root.first_slot, "last_slot": root.last_slot, "version": root.version,
                "nodes": root.nodes, "root": hex::encode(root.root), "place": path.place,
                "of_node": {}, "path": path.path.iter().map(hex::encode).collect::<Vec<_>>(),
            })
        })
        .collect();
    let program = format!(
        "import {{ underRoots }} from 'file://{}/../web/roots.js';\n\
         const pieces = {}.map((piece) => ({{ ...piece, units: BigInt(piece.units) }}));\n\
         console.log((await underRoots('{}', pieces, {})).join('; '));",
        env!("CARGO_MANIFEST_DIR"),
        json!(pieces),
        text(node),
        json!(roots)
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
    Some(
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .trim()
            .to_owned(),
    )
}

fn text(key: &Key) -> String {
    let mut out = [0; 44];
    let length = five8::encode_32(key, &mut out);
    String::from_utf8(out[..usize::from(length)].to_vec()).expect("base58 is ASCII")
}

fn signature(bytes: &[u8; 64]) -> String {
    let mut out = [0; 88];
    let length = five8::encode_64(bytes, &mut out);
    String::from_utf8(out[..usize::from(length)].to_vec()).expect("base58 is ASCII")
}

async fn the_page_agrees(client: &Client) {
    for number in 0..5 {
        let node = key(&format!("{number}-node"));
        let (proof, mut leaves) = proven(client, &node).await;
        leaves.reverse();
        let Some(said) = by_page(&node, &proof, &leaves) else {
            eprintln!("skipped: there is no node to run the page's part with");
            return;
        };
        assert_eq!(said, "");
        if let Some(changed) = leaves
            .iter_mut()
            .find(|leaf| leaf.slot <= proof.roots[0].0.last_slot)
        {
            changed.units += 1;
            let said = by_page(&node, &proof, &leaves).expect("as before");
            assert!(said.contains("does not lead to"), "{said}");
        }
    }
}

fn header(root: &Root) -> Day {
    Day {
        version: root.version,
        day: root.day,
        first_slot: root.first_slot,
        last_slot: root.last_slot,
        nodes: root.nodes,
    }
}

fn climbed(day: &Root, path: &NodePath, leaf: Hash) -> Option<Hash> {
    let top = climb(sha256, leaf, path.place, day.nodes, &path.path)?;
    Some(header(day).root(sha256, &top))
}

// I-35, I-37.
#[tokio::test]
async fn kept_scores_and_roots_are_those_of_all_evidence_however_the_chain_is_cut() {
    let Some((client, _running)) = support::engine().await else {
        return;
    };
    let client = &client;
    for seed in 1..=2_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for table in [
            "canonical_events",
            "blocks",
            "ingest_ledger",
            "retractions",
            "metrics_hours",
            "job_changes",
            "node_changes",
            "job_starts",
            "reputation_evidence",
            "reputation_scores",
            "reputation_sums",
            "reputation_checkpoints",
            "reputation_roots",
            "reputation_paths",
        ] {
            execute(client, &format!("TRUNCATE TABLE {table}")).await;
        }
        let nodes: Vec<String> = (0..5)
            .map(|n| {
                format!(
                    "(1, 1000, 'NodeRegistered', toFixedString('{n}-node', 32), toFixedString('owner-{n}', 32))"
                )
            })
            .collect();
        let sql = "INSERT INTO canonical_events (slot, tx_index, kind, node, operator) VALUES";
        execute(client, &format!("{sql} {}", nodes.join(", "))).await;
        let history = History::new(&mut dice);
        let (mut keeper, mut sums) = (keeper(client), rollup::Keeper::new(client.clone()));
        let (mut stored, mut seq, mut rows) = (0, 0, Vec::new());
        while stored < SLOTS {
            let to = (stored + 1 + dice.roll(9)).min(SLOTS);
            seq += 1;
            history.store(client, (stored + 1, to), seq).await;
            rows.push(stored + 1);
            stored = to;
            if dice.roll(3) == 0 {
                died(client, dice.roll(3)).await;
                keeper = self::keeper(client);
            }
            // Sometimes the sums lag behind.
            if dice.roll(3) > 0 {
                while sums.step().await.expect("a step").slot.is_some() {}
            }
            keep(&mut keeper).await;
            same(client, &format!("seed {seed}")).await;
        }
        let roots = rooted(client, seed).await;
        assert!(roots.len() > 3, "{roots:?}");
        the_page_agrees(client).await;

        // All at once gives the same.
        for table in [
            "metrics_hours",
            "reputation_checkpoints",
            "reputation_roots",
            "reputation_paths",
        ] {
            execute(client, &format!("TRUNCATE TABLE {table}")).await;
        }
        // Without the sums, and all events read.
        keep(&mut Keeper::new(client.clone(), accounts())).await;
        same(client, "at once").await;
        assert_eq!(rooted(client, seed).await, roots);

        // Slots that come again take the roots over them with them, and bring the same ones back.
        seq += 1;
        let from = rows[rows.len() / 2];
        execute(
            client,
            &format!(
                "INSERT INTO retractions (seq, epoch, slot_lo, slot_hi, reason) VALUES ({seq}, {seq}, {from}, {SLOTS}, 'repair')"
            ),
        )
        .await;
        keep(&mut keeper).await;
        let left = roots_between(client, 0, i32::MAX, 1_000)
            .await
            .expect("roots");
        let (slot, time) = checkpoint(client).await.expect("a checkpoint");
        assert_eq!(slot, from - 1);
        let today = time.div_euclid(DAY);
        let over: Vec<Root> = roots
            .iter()
            .filter(|root| i64::from(root.day) < today)
            .copied()
            .collect();
        assert!((1..roots.len()).contains(&over.len()), "{over:?}");
        assert_eq!(left, over);
        same(client, "taken back").await;
        seq += 1;
        execute(
            client,
            &format!(
                "INSERT INTO ingest_ledger (slot_lo, slot_hi, window, last_block_slot, finalized_slot, epoch, seq) \
                 VALUES ({from}, {SLOTS}, 4, {SLOTS}, {SLOTS} - 3, {seq}, {seq})"
            ),
        )
        .await;
        keep(&mut keeper).await;
        same(client, "come again").await;
        assert_eq!(rooted(client, seed).await, roots);
    }
}

/// What a process that died within a step leaves.
async fn died(client: &Client, how: u64) {
    let Some((slot, time)) = checkpoint(client).await else {
        return;
    };
    let today = time.div_euclid(DAY);
    let (next, node) = (slot + 1, "toFixedString('0-node', 32)");
    execute(
        client,
        &format!(
            "INSERT INTO reputation_evidence (node, day, kind, job, units, slot) \
             VALUES ({node}, {today}, 'good', toFixedString('none', 32), 7, {next})"
        ),
    )
    .await;
    if how > 0 {
        execute(
            client,
            &format!(
                "INSERT INTO reputation_scores (node, day, as_of_slot, version, score) VALUES ({node}, {today}, {next}, 1, 999)"
            ),
        )
        .await;
    }
    if how > 1 {
        execute(
            client,
            &format!("INSERT INTO reputation_sums (day, node, slot, good) VALUES ({today}, {node}, {next}, 77777777777)"),
        )
        .await;
    }
    // As merges would do in time: what is replaced is gone.
    for table in ["reputation_scores", "reputation_sums"] {
        execute(client, &format!("OPTIMIZE TABLE {table} FINAL")).await;
    }
}
