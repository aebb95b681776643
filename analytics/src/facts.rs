//! The facts of a few jobs, without reading all of history: the view `job_facts`, bounded by where these jobs began.

use hypernode_schemas::clickhouse::migrations;
use hypernode_warehouse::Client;

use crate::query::{self, Error, plain};
use crate::rollup::kept;

/// The migration that the view's statement stands in.
const VIEW: &str = "job_facts_with_wait";
/// What bounds the events that it reads.
const BOUND: &str = "WHERE slot <= {as_of:UInt64}";

/// The view's statement over events of slots `since..=as_of`.
pub(crate) fn job_facts(as_of: u64, since: u64) -> String {
    let file = migrations().iter().find(|file| file.name == VIEW);
    let text = plain(file.map_or("", |file| file.sql));
    let select = text.split_once(" AS\n").map_or("", |(_, select)| select);
    select.replace(BOUND, &format!("WHERE slot >= {since} AND slot <= {as_of}"))
}

/// The first slot that holds anything of the jobs that `jobs` selects, as far as is known; 0: it could be any.
pub(crate) async fn since(client: &Client, jobs: &str) -> Result<u64, Error> {
    let newest = kept::reach(client, u64::MAX, 0).await?;
    if newest == 0 {
        return Ok(0);
    }
    // What is not there began after what is kept.
    let sql = format!("SELECT count(), min(slot) FROM job_starts WHERE job IN ({jobs})");
    let (known, first): (u64, u64) = query::row(client, "where jobs began", &sql).await?;
    Ok(if known > 0 { first.min(newest) } else { newest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_views_statement_is_bounded_once() {
        let sql = job_facts(9, 7);
        assert!(sql.trim_start().starts_with("SELECT"), "{sql}");
        assert_eq!(sql.matches("WHERE slot >= 7 AND slot <= 9").count(), 1);
        assert!(!sql.contains("{as_of"), "{sql}");
    }
}
