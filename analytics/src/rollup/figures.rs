//! Figures from sums and the changes after them. Small statements, put together here: planning one large one would take longer
//! than reading what they read.

use std::collections::BTreeMap;

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use super::kept::{Checkpoint, RECENT, TRIES, checkpoint};
use super::sql::{self, Which};
use crate::metrics::Figures;
use crate::query::{self, Error};

const WHAT: &str = "the network's figures";
const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;
const WEEK: u32 = 7 * DAY;

/// All figures up to `as_of`; `None` where the sums know too much or nothing.
pub(crate) async fn figures(client: &Client, as_of: u64) -> Result<Option<Figures>, Error> {
    for _ in 0..TRIES {
        let Some(kept) = checkpoint(client).await?.filter(|kept| kept.slot <= as_of) else {
            return Ok(None);
        };
        // Five questions at once: too much for its callers' own size.
        let sums = Box::pin(Sums::load(client, kept, as_of)).await?;
        // What is read of one step is of it alone.
        if checkpoint(client).await? == Some(kept) {
            return Ok(Some(sums.figures()));
        }
    }
    Ok(None)
}

/// A key of the sums over all time, or of part of a window.
#[derive(Row, Deserialize)]
struct Kept {
    what: String,
    job_type: String,
    state: String,
    ms: u64,
    n: i64,
    amount: i128,
}

/// What one event changed in its job.
#[derive(Row, Deserialize)]
struct JobChange {
    kind: String,
    time: u32,
    first: bool,
    state_before: String,
    state_after: String,
    type_before: String,
    type_after: String,
    locked: i128,
    completed_price: i128,
    run_before: i64,
    run_after: i64,
    wait_before: i64,
    wait_after: i64,
    paid: i128,
}

/// Nodes that became, and ceased to be, registered, active and departed.
#[derive(Row, Deserialize)]
struct NodeChanges {
    registered: i64,
    active: i64,
    departed: i64,
}

/// Jobs created, and base units paid, in a window.
#[derive(Debug, Default, Clone, Copy)]
struct Window {
    created: i64,
    paid: i128,
    nodes: u64,
}

#[derive(Debug, Default)]
struct Sums {
    now: u32,
    /// By type and state.
    jobs: BTreeMap<(String, String), i64>,
    flow: BTreeMap<String, i64>,
    nodes: BTreeMap<String, i64>,
    /// Jobs by milliseconds.
    run: BTreeMap<u64, i64>,
    wait: BTreeMap<u64, i64>,
    paid: i128,
    locked: i128,
    value: i128,
    day: Window,
    week: Window,
}

impl Sums {
    async fn load(client: &Client, checkpoint: Checkpoint, as_of: u64) -> Result<Self, Error> {
        let kept = checkpoint.slot;
        let which = Which::Touched(checkpoint.reach(kept + 1, RECENT));
        let sql = format!(
            "SELECT toUnixTimestamp(block_time) FROM blocks WHERE slot <= {as_of} ORDER BY slot DESC LIMIT 1"
        );
        let now: Option<u32> = query::rows(client, WHAT, &sql).await?.pop();
        let mut sums = Self {
            now: now.unwrap_or(0),
            ..Self::default()
        };
        let (day, week) = (sums.since(DAY), sums.since(WEEK));
        let nodes = format!(
            "SELECT uniqExactIf(node, at > {day}), uniqExactIf(node, at > {week}) FROM \
             (SELECT node, toUnixTimestamp(block_time) AS at FROM node_changes WHERE kind = 'NodeRegistered' \
                AND slot <= {kept} AND block_time > toDateTime({week}, 'UTC') \
              UNION ALL SELECT node, toUnixTimestamp(block_time) AS at FROM canonical_events WHERE kind = 'NodeRegistered' \
                AND slot > {kept} AND slot <= {as_of} AND node != toFixedString('', 32))"
        );
        let kept_sums = kept_sums();
        let (kept_sums, [day_sums, week_sums], tail, node_tail, registered) = tokio::try_join!(
            query::rows::<Kept>(client, WHAT, &kept_sums),
            windows(client, kept, [day, week]),
            tail(client, kept + 1, as_of, which),
            node_tail(client, kept + 1, as_of, which),
            query::row::<(u64, u64)>(client, WHAT, &nodes),
        )?;
        (sums.day, sums.week) = (day_sums, week_sums);
        (sums.day.nodes, sums.week.nodes) = registered;
        for row in kept_sums {
            sums.keep(row);
        }
        for change in tail {
            sums.change(&change, day, week);
        }
        for (state, n) in [
            ("registered", node_tail.registered),
            ("active", node_tail.active),
            ("departed", node_tail.departed),
        ] {
            *sums.nodes.entry(state.to_owned()).or_default() += n;
        }
        Ok(sums)
    }

    /// Where a window of so many seconds begins: what is later is in it.
    fn since(&self, seconds: u32) -> u32 {
        self.now.saturating_sub(seconds)
    }

    fn keep(&mut self, row: Kept) {
        match row.what.as_str() {
            "jobs" => *self.jobs.entry((row.job_type, row.state)).or_default() += row.n,
            "flow" => *self.flow.entry(row.state).or_default() += row.n,
            "nodes" => *self.nodes.entry(row.state).or_default() += row.n,
            "run" => *self.run.entry(row.ms).or_default() += row.n,
            "wait" => *self.wait.entry(row.ms).or_default() += row.n,
            "paid" => self.paid += row.amount,
            "locked" => self.locked += row.amount,
            "value" => self.value += row.amount,
            _ => {}
        }
    }

    /// The same as `sql/job_rows.sql` adds, of what figures need.
    fn change(&mut self, change: &JobChange, day: u32, week: u32) {
        let before = (change.type_before.clone(), change.state_before.clone());
        let after = (change.type_after.clone(), change.state_after.clone());
        if before != after {
            if change.state_before != "none" {
                *self.jobs.entry(before).or_default() -= 1;
            }
            *self.jobs.entry(after).or_default() += 1;
        }
        let created = i64::from(change.first && change.kind == "JobCreated");
        if change.first {
            *self.flow.entry(change.kind.clone()).or_default() += 1;
        }
        if change.kind == "PaymentDistributed" {
            *self.flow.entry("payments".to_owned()).or_default() += 1;
        }
        for (window, since) in [(&mut self.day, day), (&mut self.week, week)] {
            if change.time > since {
                window.created += created;
                window.paid += change.paid;
            }
        }
        self.paid += change.paid;
        self.locked += change.locked;
        self.value += change.completed_price;
        for (times, before, after) in [
            (&mut self.run, change.run_before, change.run_after),
            (&mut self.wait, change.wait_before, change.wait_after),
        ] {
            if let Ok(before) = u64::try_from(before) {
                *times.entry(before).or_default() -= 1;
            }
            if let Ok(after) = u64::try_from(after) {
                *times.entry(after).or_default() += 1;
            }
        }
    }

    fn figures(self) -> Figures {
        let of = |from: &BTreeMap<String, i64>, name: &str| whole(from.get(name).copied());
        let state = |names: &[&str]| {
            let jobs = self.jobs.iter();
            let jobs = jobs.filter(|((_, state), _)| names.contains(&state.as_str()));
            whole(Some(jobs.map(|(_, n)| n).sum()))
        };
        let mut types: BTreeMap<&str, i64> = BTreeMap::new();
        for ((job_type, _), n) in &self.jobs {
            *types.entry(job_type).or_default() += n;
        }
        types.retain(|_, n| *n > 0);
        let (runs, waits) = (Times::new(&self.run), Times::new(&self.wait));
        let amount = |amount: i128| u128::try_from(amount).unwrap_or(0);
        Figures {
            as_of_time: self.now,
            nodes_registered: of(&self.nodes, "registered"),
            nodes_active: of(&self.nodes, "active"),
            nodes_departed: of(&self.nodes, "departed"),
            nodes_24h: self.day.nodes,
            nodes_7d: self.week.nodes,
            jobs_total: whole(Some(self.jobs.values().sum())),
            jobs_created: of(&self.flow, "JobCreated"),
            jobs_pending: state(&["created", "unknown"]),
            jobs_running: state(&["assigned"]),
            jobs_completed: state(&["completed"]),
            jobs_failed: state(&["failed"]),
            jobs_cancelled: state(&["cancelled"]),
            jobs_settled: of(&self.flow, "PaymentDistributed"),
            jobs_24h: whole(Some(self.day.created)),
            jobs_7d: whole(Some(self.week.created)),
            job_types: types.keys().map(|name| (*name).to_owned()).collect(),
            job_type_counts: types.values().map(|n| whole(Some(*n))).collect(),
            locked: amount(self.locked),
            completed_price: amount(self.value),
            runs: runs.jobs,
            runs_ms: runs.sum,
            run_quantiles_ms: runs.quantiles(),
            waits: waits.jobs,
            waits_ms: waits.sum,
            wait_quantiles_ms: waits.quantiles(),
            payments: of(&self.flow, "payments"),
            paid_total: amount(self.paid),
            paid_24h: amount(self.day.paid),
            paid_7d: amount(self.week.paid),
        }
    }
}

/// Sums of numbers of jobs never fall below nothing.
fn whole(n: Option<i64>) -> u64 {
    n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

/// Durations and how many jobs took each.
struct Times {
    by_ms: Vec<(u64, u64)>,
    jobs: u64,
    sum: u128,
}

impl Times {
    fn new(from: &BTreeMap<u64, i64>) -> Self {
        let by_ms: Vec<(u64, u64)> = from
            .iter()
            .map(|(ms, n)| (*ms, whole(Some(*n))))
            .filter(|(_, n)| *n > 0)
            .collect();
        Self {
            jobs: by_ms.iter().map(|(_, n)| n).sum(),
            sum: by_ms
                .iter()
                .map(|(ms, n)| u128::from(*ms) * u128::from(*n))
                .sum(),
            by_ms,
        }
    }

    /// Nearest ranks, by the engine's own arithmetic: `quantilesExactWeighted`.
    fn quantiles(&self) -> Vec<u64> {
        let rank = |level: f64| (self.jobs as f64 * level).ceil() as u64;
        [0.5, 0.95, 0.99]
            .map(|level| {
                let mut left = rank(level);
                let reached = self.by_ms.iter().find(|(_, n)| {
                    left = left.saturating_sub(*n);
                    left == 0
                });
                reached.or(self.by_ms.last()).map_or(0, |(ms, _)| *ms)
            })
            .to_vec()
    }
}

/// The sums over all time.
fn kept_sums() -> String {
    let sums = sql::newest(
        "hour = toDateTime(0, 'UTC') AND what IN ('flow', 'jobs', 'locked', 'nodes', 'paid', 'run', 'value', 'wait')",
    );
    format!(
        "SELECT toString(what) AS what, if(what = 'jobs', toString(job_type), '') AS job_type, toString(state) AS state, ms, \
         sum(n) AS n, sum(amount) AS amount FROM ({sums}) GROUP BY what, job_type, state, ms"
    )
}

/// What lies in each window up to the checkpoint: whole hours, and the changes of the hour in which it begins.
async fn windows(client: &Client, kept: u64, since: [u32; 2]) -> Result<[Window; 2], Error> {
    let windows = since.map(async |since| {
        let hour = since / HOUR * HOUR;
        let sums = sql::newest(&format!(
            "what IN ('flow', 'paid') AND hour > toDateTime({hour}, 'UTC')"
        ));
        let sql = format!(
            "SELECT sum(created), sum(paid) FROM \
             (SELECT sumIf(n, what = 'flow' AND state = 'JobCreated') AS created, sumIf(amount, what = 'paid') AS paid \
              FROM ({sums}) \
              UNION ALL SELECT toInt64(countIf(first AND kind = 'JobCreated')), \
                sumIf(toInt128(operator_amount) + toInt128(treasury_amount) + toInt128(incentive_amount), \
                  kind = 'PaymentDistributed') FROM job_changes \
              WHERE slot <= {kept} AND block_time > toDateTime({since}, 'UTC') \
                AND block_time < toDateTime({hour} + {HOUR}, 'UTC'))"
        );
        let (created, paid) = query::row::<(i64, i128)>(client, WHAT, &sql).await?;
        Ok::<_, Error>(Window {
            created,
            paid,
            nodes: 0,
        })
    });
    let [day, week] = windows;
    let (day, week) = tokio::try_join!(day, week)?;
    Ok([day, week])
}

async fn tail(client: &Client, from: u64, to: u64, which: Which) -> Result<Vec<JobChange>, Error> {
    let sql = format!(
        "SELECT toString(kind) AS kind, toUnixTimestamp(block_time) AS time, toBool(first) AS first, \
         toString(state_before) AS state_before, toString(state_after) AS state_after, \
         toString(type_before) AS type_before, toString(type_after) AS type_after, locked, completed_price, \
         run_before, run_after, wait_before, wait_after, if(kind = 'PaymentDistributed', \
         toInt128(operator_amount) + toInt128(treasury_amount) + toInt128(incentive_amount), 0) AS paid FROM ({})",
        sql::job_changes(from, to, which)
    );
    query::rows(client, WHAT, &sql).await
}

async fn node_tail(
    client: &Client,
    from: u64,
    to: u64,
    which: Which,
) -> Result<NodeChanges, Error> {
    let sql = format!(
        "SELECT sum(toInt64(registered_after) - toInt64(registered_before)) AS registered, \
         sum(toInt64(active_after) - toInt64(active_before)) AS active, \
         sum(toInt64(departed_after) - toInt64(departed_before)) AS departed FROM ({})",
        sql::node_changes(from, to, which)
    );
    query::row(client, WHAT, &sql).await
}
