//! Figures from kept sums against the definitions over all facts, on the real engine: over histories as no sane client would
//! write them, however the chain is cut into steps, through restarts, steps that died, and slots that come again.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use hypernode_analytics::activity::recent_nodes;
use hypernode_analytics::metrics::Figures;
use hypernode_analytics::rollup::{Keeper, Sizes};
use hypernode_warehouse::Client;
use support::execute;

/// Slots of a history.
const SLOTS: u64 = 36;
/// Slots of a ledger row.
const WINDOW: u64 = 4;

/// Numbers that are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.roll(choices.len() as u64);
        choices[usize::try_from(at).expect("small")]
    }
}

/// The block times of all slots: they mostly rise, by seconds or by days, and sometimes fall.
fn times(dice: &mut Dice) -> Vec<u64> {
    let mut time = 1_760_000_000_u64;
    let mut times = vec![time];
    for _ in 0..SLOTS {
        let step = dice.of(&[0, 1, 7, 59, 3_600, 4_000, 40_000]);
        time = if dice.roll(9) == 0 {
            time - 3_000
        } else {
            time + step
        };
        times.push(time);
    }
    times
}

/// One row of events in any order that a chain could hold them, sane or not.
fn event(dice: &mut Dice, slot: u64, index: u64, time: u64) -> String {
    let kind = dice.of(&[
        "NodeRegistered",
        "NodeStatusChanged",
        "NodeDeregistered",
        "JobCreated",
        "JobCreated",
        "JobAssigned",
        "JobAssigned",
        "JobCompleted",
        "JobCompleted",
        "JobFailed",
        "JobCancelled",
        "PaymentDistributed",
        "PaymentDistributed",
        "PaymentProcessed",
    ]);
    let is_node = kind.starts_with("Node");
    let job = match dice.roll(12) {
        _ if is_node => String::new(),
        0 if kind == "PaymentDistributed" => String::new(),
        n => format!(
            "{}job",
            char::from(b'!' + 11 * u8::try_from(n).expect("small"))
        ),
    };
    let node = match dice.roll(5) {
        0 if !is_node => String::new(),
        n => format!("node-{n}"),
    };
    let operator = dice.of(&["", "owner-1", "owner-2"]);
    let job_type = dice.of(&["render", "llm_inference", "unknown_9"]);
    let price = dice.of(&[0, 1, 1_000_000, u64::MAX]);
    let amount = dice.of(&[0, 7, u64::MAX]);
    let duration = dice.of(&[0, 0, 12, -5, i64::MAX, i64::MIN]);
    let status = dice.of(&["online", "offline", ""]);
    format!(
        "({slot}, {index}, 0, -1, 0, {time}, '{kind}', toFixedString('{job}', 32), toFixedString('{node}', 32), \
         toFixedString('{operator}', 32), '{job_type}', '{status}', {price}, {amount}, {price}, {amount}, {duration})"
    )
}

/// Stores the slots `from..=to`, then their ledger rows.
async fn store(
    client: &Client,
    dice: &mut Dice,
    times: &[u64],
    (from, to): (u64, u64),
    seq: &mut u64,
) {
    let mut events = Vec::new();
    let mut blocks = Vec::new();
    for slot in from..=to {
        let time = times[usize::try_from(slot).expect("small")];
        for index in 0..dice.roll(6) {
            events.push(event(dice, slot, index, time));
        }
        blocks.push(format!("({slot}, {slot} - 1, {time})"));
    }
    if !events.is_empty() {
        let columns = "slot, tx_index, outer_ix, inner_ix, ordinal, block_time, kind, job, node, operator, job_type, \
                       status, price, operator_amount, treasury_amount, incentive_amount, duration";
        let rows = events.join(", ");
        execute(
            client,
            &format!("INSERT INTO canonical_events ({columns}) VALUES {rows}"),
        )
        .await;
    }
    let rows = blocks.join(", ");
    execute(
        client,
        &format!("INSERT INTO blocks (slot, parent_slot, block_time) VALUES {rows}"),
    )
    .await;
    for low in (from..=to).step_by(usize::try_from(WINDOW).expect("small")) {
        *seq += 1;
        let high = (low + WINDOW - 1).min(to);
        let finalized = high.saturating_sub(6);
        execute(
            client,
            &format!(
                "INSERT INTO ingest_ledger (slot_lo, slot_hi, window, last_block_slot, blocks, finalized_slot, source, \
                 written_at, seq, epoch) VALUES ({low}, {high}, 4, {high}, 4, {finalized}, 'test', now64(3), {seq}, {seq})"
            ),
        )
        .await;
    }
}

async fn keep(keeper: &mut Keeper) {
    while keeper.step().await.expect("a step").slot.is_some() {}
}

async fn checkpoint(client: &Client) -> u64 {
    let sql = "SELECT max(slot) FROM metrics_hours FINAL WHERE what = 'checkpoint'";
    client.rows::<u64>(sql).await.expect("rows")[0]
}

async fn same(client: &Client, seed: u64, to: u64) {
    for slot in [to, checkpoint(client).await] {
        let kept = Figures::load(client, slot).await.expect("figures");
        let all = Figures::of_all_facts(client, slot).await.expect("figures");
        assert_eq!(kept, all, "seed {seed}, slot {slot}");
        completions(client, slot).await;
    }
}

/// The newest nodes are answered with completions from the sums: no more than there are.
async fn completions(client: &Client, slot: u64) {
    let sql = format!("SELECT count() FROM job_facts(as_of = {slot}) WHERE completed");
    let all = client.rows::<u64>(&sql).await.expect("rows")[0];
    let nodes = recent_nodes(client, slot).await.expect("nodes");
    assert!(nodes.iter().map(|node| node.jobs_completed).sum::<u64>() <= all);
}

// I-36.
#[tokio::test]
async fn kept_figures_are_those_of_all_facts_however_the_chain_is_cut() {
    let Some((client, _running)) = support::engine().await else {
        return;
    };
    let client = &client;
    for seed in 1..=3_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for table in [
            "canonical_events",
            "blocks",
            "ingest_ledger",
            "retractions",
            "job_changes",
            "node_changes",
            "metrics_hours",
        ] {
            execute(client, &format!("TRUNCATE TABLE {table}")).await;
        }
        let times = times(&mut dice);
        let (mut stored, mut seq) = (0, 0);
        // Stretches, cuts and taking everything back at once are for long histories: small sizes bring them about.
        let sizes = Sizes {
            events: dice.of(&[12, 250_000]),
            stretch: dice.of(&[4, 1_000_000]),
            changes: dice.of(&[5, 1_000_000]),
            span: dice.of(&[0, 5, 1_000_000]),
        };
        let mut keeper = Keeper::sized(client.clone(), sizes);
        while stored < SLOTS {
            let to = (stored + WINDOW * (1 + dice.roll(4))).min(SLOTS);
            store(client, &mut dice, &times, (stored + 1, to), &mut seq).await;
            stored = to;
            if dice.roll(3) == 0 {
                // A process that died between changes and sums.
                execute(
                    client,
                    "INSERT INTO job_changes (slot, job, state_after, run_after) VALUES (9000, 'x', 'completed', 5)",
                )
                .await;
                keeper = Keeper::sized(client.clone(), sizes);
            }
            keep(&mut keeper).await;
            same(client, seed, stored).await;
        }
        assert_eq!(checkpoint(client).await, SLOTS - 6, "all that is final");

        // Slots in the middle are written anew, with other events.
        let (from, to) = (17, 24);
        seq += 1;
        execute(
            client,
            &format!(
                "INSERT INTO retractions (seq, epoch, slot_lo, slot_hi, reason) VALUES ({seq}, {seq}, {from}, {to}, 'repair')"
            ),
        )
        .await;
        for table in ["canonical_events", "blocks"] {
            let sql = format!(
                "ALTER TABLE {table} DELETE WHERE slot BETWEEN {from} AND {to} SETTINGS mutations_sync = 2"
            );
            execute(client, &sql).await;
        }
        let sql = format!(
            "ALTER TABLE ingest_ledger DELETE WHERE slot_lo BETWEEN {from} AND {to} SETTINGS mutations_sync = 2"
        );
        execute(client, &sql).await;
        keep(&mut keeper).await;
        assert_eq!(
            checkpoint(client).await,
            from - 1,
            "nothing beyond the hole"
        );
        store(client, &mut dice, &times, (from, to), &mut seq).await;
        keep(&mut keeper).await;
        assert_eq!(checkpoint(client).await, SLOTS - 6);
        same(client, seed, SLOTS).await;
    }
}
