//! `hypernode bench match|queue`: what choosing a machine costs, and what a job's whole way costs.

use std::path::Path;
use std::time::Duration;

use hypernode_dispatch::bench::{self, PathRegime};
use hypernode_indexer::bench::{Measurement, machine};
use hypernode_state::bench::{JobRegime, jobs};

use crate::exit::{Failure, Outcome};

/// Choices by one core.
pub(super) async fn matches(long: bool) -> Outcome<Vec<Measurement>> {
    let time = Duration::from_secs(if long { 60 } else { 12 });
    let mut lines = Vec::new();
    for nodes in [5_000, 100_000] {
        let found = tokio::task::spawn_blocking(move || bench::matches(nodes, time)).await;
        let found = found.map_err(|error| Failure::Broke(error.into()))?;
        let regime = format!(
            "one core, {nodes} nodes, six kinds of jobs, {:.0} nodes pass on average; a slot taken and one freed for each, new \
             facts of a node every 16; floor: a plain loop in floating point",
            found.eligible
        );
        lines.push(Measurement {
            bench: "match",
            figure: found.per_second,
            unit: "matches/s",
            floor: Some(found.plain_per_second),
            ratio: Some(found.per_second / found.plain_per_second),
            regime: regime.clone(),
            machine: machine(),
        });
        lines.push(Measurement {
            bench: "match",
            figure: found.p99_us,
            unit: "us",
            floor: None,
            ratio: None,
            regime: format!(
                "p99; p50 {:.1} us, longest {:.0} us; {regime}",
                found.p50_us, found.max_us
            ),
            machine: machine(),
        });
    }
    Ok(lines)
}

/// Jobs on their whole way, beside the store's part of it alone.
pub(super) async fn queue(folder: &Path, long: bool) -> Outcome<Vec<Measurement>> {
    let regime = PathRegime {
        jobs: if long { 400_000 } else { 60_000 },
        ..PathRegime::default()
    };
    let found = bench::paths(folder, regime).await;
    let found = found.map_err(|error| Failure::Broke(error.into()))?;
    let below = folder.join("store");
    let store = tokio::task::spawn_blocking(move || jobs(&below, JobRegime::default())).await;
    let store = store.map_err(|error| Failure::Broke(error.into()))?;
    let store = store.map_err(|error| Failure::Broke(error.into()))?;
    Ok(vec![Measurement {
        bench: "queue",
        figure: found.per_second,
        unit: "jobs/s",
        floor: Some(store.paths_per_second),
        ratio: Some(found.per_second / store.paths_per_second),
        regime: format!(
            "{} jobs, {} submitters, {} hosts of {} slots; submitted, matched with a signed receipt, offered, taken, completed, \
             credited; SQLite, WAL, synchronous=FULL; submission on disk p50 {:.1} ms, p99 {:.1} ms; floor: the store's part of \
             it by {} callers of one unit each",
            regime.jobs,
            regime.submitters,
            regime.hosts,
            regime.slots,
            found.submit_p50_ms,
            found.submit_p99_ms,
            store.regime.submitters
        ),
        machine: machine(),
    }])
}
