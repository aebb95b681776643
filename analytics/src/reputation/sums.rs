//! Scores as they are kept: made from all evidence once a day, brought forward by what each batch adds.

use hypernode_warehouse::Client;

use super::sql::{self, Batch};
use crate::query::{self, Error};

/// Pieces of evidence that are added up by one statement, about.
const AT_ONCE: u64 = 1 << 20;
/// Most statements: nodes are parted by the first byte of their addresses.
const PARTS: u64 = 256;

/// Makes the sums and scores of every node anew at a slot and its day, from `evidence` rows.
pub(super) async fn make(
    client: &Client,
    as_of: u64,
    today: i64,
    evidence: u64,
) -> Result<(), Error> {
    forget(client).await?;
    let parts = evidence.div_ceil(AT_ONCE).next_power_of_two().min(PARTS);
    let width = PARTS / parts;
    for part in 0..parts {
        let nodes = format!(
            "node BETWEEN unhex(rpad('{:02x}', 64, '0')) AND unhex(rpad('{:02x}', 64, 'f'))",
            part * width,
            (part + 1) * width - 1
        );
        run(client, &sql::all_sums(as_of, today, &nodes)).await?;
        insert_scores(client, &sql::kept_scores(as_of, today, &nodes)).await?;
    }
    Ok(())
}

/// Adds what a batch brings. Scores and sums must hold what came before it on its day, and nothing of it.
pub(super) async fn add(client: &Client, batch: Batch) -> Result<(), Error> {
    insert_scores(client, &sql::batch_scores(batch)).await?;
    run(client, &sql::batch_sums(batch)).await
}

/// Takes all sums away.
pub(super) async fn forget(client: &Client) -> Result<(), Error> {
    run(client, "TRUNCATE TABLE reputation_sums").await
}

/// Whether scores and sums hold just the `evidence` rows up to a slot, as weighed on its day: nothing of a step that did
/// not end.
pub(super) async fn are_whole(
    client: &Client,
    as_of: u64,
    today: i64,
    evidence: u64,
) -> Result<bool, Error> {
    let sql = "SELECT sum(jobs_good + jobs_failed + jobs_expired), max(slot), min(day), max(day) \
               FROM reputation_sums FINAL";
    let (jobs, newest, first, last): (u64, u64, i32, i32) =
        query::row(client, "the scores' sums", sql).await?;
    let sql = "SELECT max(as_of_slot) FROM reputation_scores";
    let scored: u64 = query::row(client, "the newest score", sql).await?;
    let of_today = evidence == 0 || (i64::from(first), i64::from(last)) == (today, today);
    Ok(jobs == evidence && of_today && newest.max(scored) <= as_of)
}

async fn insert_scores(client: &Client, sql: &str) -> Result<(), Error> {
    run(client, &format!("INSERT INTO reputation_scores {sql}")).await
}

async fn run(client: &Client, sql: &str) -> Result<(), Error> {
    query::execute_background(client, "scores", sql).await
}
