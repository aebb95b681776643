//! The statements, put together from the files in `sql/`.

use crate::query::{fill, plain};

/// Jobs that something is heard of in these slots.
const HEARD_OF: &str = "SELECT job FROM canonical_events WHERE slot BETWEEN {from} AND {to} \
    AND kind IN ('JobCreated', 'JobAssigned', 'JobCompleted', 'JobFailed', 'JobCancelled', 'PaymentDistributed')";
/// Events of jobs, by a condition.
const EVENTS: &str = "SELECT slot, tx_index, outer_ix, inner_ix, ordinal, kind, block_time, job, node, requester, operator, \
    job_type, price, duration, operator_amount, treasury_amount, incentive_amount FROM canonical_events \
    WHERE slot <= {to} AND job != toFixedString('', 32) \
    AND kind IN ('JobCreated', 'JobAssigned', 'JobCompleted', 'JobFailed', 'JobCancelled', 'PaymentDistributed')";
/// The same of nodes.
const TOUCHED_NODES: &str = "node IN (SELECT node FROM canonical_events WHERE slot BETWEEN {from} AND {to} \
    AND kind IN ('NodeRegistered', 'NodeStatusChanged', 'NodeDeregistered'))";
/// What a row of `metrics_hours` is known by.
const KEY: &str = "what, hour, job_type, state, node, requester, ms";

/// Which jobs and nodes are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    /// Those that something is heard of; what began before this slot (`reach`) is looked for in `job_starts`.
    Touched(u64),
    /// All of one stretch of addresses, of so many equal ones; for slots without anything before them.
    Stretch(u8, u8),
}

impl Which {
    fn named(self) -> String {
        match self {
            Self::Touched(since) => reached(HEARD_OF, since)
                .map(|jobs| format!("{EVENTS} AND {jobs}"))
                .join(" UNION ALL "),
            Self::Stretch(at, of) => format!("{EVENTS} AND {}", stretch("job", at, of)),
        }
    }

    /// What names no job is of no stretch: it goes with the first.
    fn unnamed(self) -> bool {
        matches!(self, Self::Touched(_) | Self::Stretch(0, _))
    }

    fn nodes(self) -> String {
        match self {
            Self::Touched(_) => TOUCHED_NODES.to_owned(),
            Self::Stretch(at, of) => stretch("node", at, of),
        }
    }
}

/// Addresses are as good as evenly spread: by their first byte, a stretch is one range of the projection.
fn stretch(column: &str, at: u8, of: u8) -> String {
    let bound = |at: u8| u16::from(at) * 256 / u16::from(of);
    let (from, to) = (bound(at), bound(at.saturating_add(1)));
    let from = format!("{column} >= unhex('{from:02x}{}')", "00".repeat(31));
    match to {
        256.. => from,
        to => format!("{from} AND {column} < unhex('{to:02x}{}')", "00".repeat(31)),
    }
}

/// Two conditions over events, for two reads: the jobs of `jobs` since a slot, which is read along the projection of the newest
/// parts alone; and before it, of those few that began there. `since` 0: there is no before.
pub(crate) fn reached(jobs: &str, since: u64) -> [String; 2] {
    let old = match since {
        0 => "false".to_owned(),
        since => format!(
            "slot < {since} AND job IN (SELECT job FROM job_starts WHERE slot < {since} AND job IN ({jobs}))"
        ),
    };
    [format!("slot >= {since} AND job IN ({jobs})"), old]
}

/// Changes of jobs by the events of these slots.
pub(super) fn job_changes(from: u64, to: u64, which: Which) -> String {
    let sql = plain(include_str!("../sql/job_changes.sql"))
        .replace("{named}", &which.named())
        .replace("{unnamed}", &which.unnamed().to_string());
    fill(&sql, &[("from", from), ("to", to)])
}

/// Changes of nodes by the events of these slots.
pub(super) fn node_changes(from: u64, to: u64, which: Which) -> String {
    let sql = plain(include_str!("../sql/node_changes.sql")).replace("{nodes}", &which.nodes());
    fill(&sql, &[("from", from), ("to", to)])
}

/// What changes of jobs add to the metrics; `changes`: a table, or a statement.
pub(super) fn job_rows(changes: &str) -> String {
    plain(include_str!("../sql/job_rows.sql")).replace("{changes}", &format!("({changes})"))
}

/// What changes of nodes add.
pub(super) fn node_rows(changes: &str) -> String {
    plain(include_str!("../sql/node_rows.sql")).replace("{changes}", &format!("({changes})"))
}

/// The rows in force of `metrics_hours` that fit a condition over their key. A key's newest row counts; FINAL, which says the
/// same, merges all parts by their whole key first and takes thrice as long.
pub(super) fn newest(condition: &str) -> String {
    format!(
        "SELECT {KEY}, argMax(rows.n, step) AS n, argMax(rows.amount, step) AS amount FROM metrics_hours AS rows \
         WHERE {condition} GROUP BY {KEY}"
    )
}

/// Adds the stored changes of slots `from..=to` to the sums (`sign` 1) or takes them away (-1), as one insert with the
/// checkpoint that is reached by it.
pub(super) fn sum(from: u64, to: u64, sign: i8, checkpoint: &str, step: u64) -> String {
    let stored = |table: &str| format!("SELECT * FROM {table} WHERE slot BETWEEN {from} AND {to}");
    let rows = format!(
        "SELECT what, arrayJoin([toDateTime(0, 'UTC'), toStartOfHour(time)]) AS hour, job_type, state, node, requester, ms, \
         {sign} * n AS n, {sign} * amount AS amount, true AS added FROM ({} UNION ALL {})",
        job_rows(&stored("job_changes")),
        node_rows(&stored("node_changes"))
    );
    // What was summed before is read by hours: computing the changes twice, for their keys first, costs more.
    let hours = format!(
        "SELECT toDateTime(0, 'UTC') UNION ALL \
         SELECT DISTINCT toStartOfHour(block_time) FROM job_changes WHERE slot BETWEEN {from} AND {to} UNION ALL \
         SELECT DISTINCT toStartOfHour(block_time) FROM node_changes WHERE slot BETWEEN {from} AND {to}"
    );
    format!(
        "INSERT INTO metrics_hours ({KEY}, n, amount, step, slot, seq) \
         SELECT {KEY}, sum(n) AS n, sum(amount) AS amount, {step} AS step, 0 AS slot, 0 AS seq FROM \
         ({rows} UNION ALL SELECT {KEY}, n, amount, false FROM metrics_hours FINAL \
          WHERE what != 'checkpoint' AND hour IN ({hours})) \
         GROUP BY {KEY} HAVING max(added) UNION ALL {checkpoint}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_cover_every_address_once() {
        let all = format!("job >= unhex('{}')", "00".repeat(32));
        assert_eq!(stretch("job", 0, 1), all);
        let of = 48;
        for at in 1..of {
            let end = stretch("job", at - 1, of);
            let end = end.rsplit("unhex").next().unwrap_or_default().to_owned();
            let start = stretch("job", at, of);
            assert!(start.contains(&end), "{start} begins at {end}");
        }
        assert!(!stretch("job", of - 1, of).contains('<'));
    }
}
