//! The statements that scores are computed with, put together from the files in `sql/`.

use crate::query::plain;

const SCORE: &str = include_str!("../sql/score_of_totals.sql");
const OF_SUMS: &str = include_str!("../sql/totals_of_sums.sql");
const OF_BATCH: &str = include_str!("../sql/totals_of_batch.sql");
const OF_EVIDENCE: &str = include_str!("../sql/sums_of_evidence.sql");
const BEFORE: &str = include_str!("../sql/sums_before.sql");

/// Columns of a pair's sums.
const COLUMNS: &str = "node, requester, good, bad, jobs_good, jobs_failed, jobs_expired, since_day";

/// Blocks whose evidence comes at once, and the day that it is weighed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) today: i64,
}

/// The statement that computes scores from nothing but evidence, of the nodes for which `nodes` holds, at a slot and its
/// day. `nodes` is a condition in SQL over `node`: never a stranger's text.
#[must_use]
pub fn scores_sql(as_of: u64, today: i64, nodes: &str) -> String {
    let evidence = evidence(&format!("slot <= {as_of} AND {nodes}"));
    let totals = plain(OF_SUMS).replace("{sums}", &sums(&evidence, today));
    score(&totals, as_of, today)
}

/// Scores of the nodes for which `nodes` holds, from the sums as they are kept.
pub(super) fn kept_scores(as_of: u64, today: i64, nodes: &str) -> String {
    let kept = format!("SELECT {COLUMNS} FROM reputation_sums FINAL WHERE {nodes}");
    score(&plain(OF_SUMS).replace("{sums}", &kept), as_of, today)
}

/// Scores of the nodes that a batch reaches, from what they had and what it brings.
pub(super) fn batch_scores(batch: Batch) -> String {
    let totals = plain(OF_BATCH)
        .replace("{before}", &plain(BEFORE))
        .replace("{fresh}", &fresh(batch));
    score(&within(&totals, batch), batch.to, batch.today)
}

/// The sums of the pairs that a batch reaches, from what they had and what it brings.
pub(super) fn batch_sums(batch: Batch) -> String {
    let before = format!("SELECT {COLUMNS} FROM ({})", plain(BEFORE));
    let fresh = format!("SELECT {COLUMNS} FROM ({})", fresh(batch));
    let both = format!(
        "SELECT node, requester, sum(good) AS of_good, sum(bad) AS of_bad, sum(jobs_good) AS of_jobs_good, \
         sum(jobs_failed) AS of_jobs_failed, sum(jobs_expired) AS of_jobs_expired, min(since_day) AS since \
         FROM ({before} UNION ALL {fresh}) GROUP BY node, requester"
    );
    let row = "toInt32({today}), node, requester, toUInt64({to}), of_good, of_bad, of_jobs_good, of_jobs_failed, \
               of_jobs_expired, since";
    within(&insert(row, &both), batch)
}

/// The sums of the pairs whose nodes `nodes` names, from nothing but evidence.
pub(super) fn all_sums(as_of: u64, today: i64, nodes: &str) -> String {
    let evidence = evidence(&format!("slot <= {as_of} AND {nodes}"));
    let row = format!(
        "toInt32({today}), node, requester, toUInt64({as_of}), good, bad, jobs_good, jobs_failed, jobs_expired, since_day"
    );
    insert(&row, &sums(&evidence, today))
}

fn insert(row: &str, from: &str) -> String {
    format!(
        "INSERT INTO reputation_sums (day, node, requester, slot, good, bad, jobs_good, jobs_failed, jobs_expired, \
         since_day) SELECT {row} FROM ({from})"
    )
}

fn evidence(condition: &str) -> String {
    format!(
        "SELECT node, requester, kind, units, reputation_evidence.day AS day_of FROM reputation_evidence FINAL \
         WHERE {condition}"
    )
}

/// What a batch brings. Without FINAL, so that slots can be left out before anything else is read.
fn fresh(batch: Batch) -> String {
    let evidence = "SELECT DISTINCT node, requester, reputation_evidence.day AS day_of, kind, program, job, units \
                    FROM reputation_evidence WHERE slot BETWEEN {from} AND {to}";
    sums(evidence, batch.today)
}

fn sums(evidence: &str, today: i64) -> String {
    plain(OF_EVIDENCE)
        .replace("{evidence}", evidence)
        .replace("{today}", &today.to_string())
}

fn score(totals: &str, as_of: u64, today: i64) -> String {
    plain(SCORE)
        .replace("{totals}", totals)
        .replace("{as_of}", &as_of.to_string())
        .replace("{today}", &today.to_string())
}

fn within(sql: &str, batch: Batch) -> String {
    sql.replace("{from}", &batch.from.to_string())
        .replace("{to}", &batch.to.to_string())
        .replace("{today}", &batch.today.to_string())
}

#[cfg(test)]
mod tests {
    use hypernode_score::{BASE, constants::CAP};

    use super::*;

    #[test]
    fn statements_are_whole_and_hold_the_published_weights() {
        let batch = Batch {
            from: 5,
            to: 6,
            today: 8,
        };
        let base: Vec<String> = BASE.iter().map(ToString::to_string).collect();
        for (sql, weighs, caps) in [
            (scores_sql(7, 8, "true"), true, true),
            (kept_scores(7, 8, "true"), false, true),
            (batch_scores(batch), true, true),
            (batch_sums(batch), true, false),
            (all_sums(7, 8, "true"), true, false),
        ] {
            assert!(!sql.contains(['{', '}']), "{sql}");
            let packed = sql.split_whitespace().collect::<String>();
            let weights = format!("[{}]ASbase", base.join(","));
            assert_eq!(packed.contains(&weights), weighs, "{sql}");
            assert_eq!(packed.contains(&format!("least({CAP},")), caps, "{sql}");
        }
    }
}
