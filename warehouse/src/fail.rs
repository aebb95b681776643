//! Fail points: places where a test lets the process die. `HYPERNODE_FAIL=POINT[:N]` aborts it when it passes there for
//! the N-th time (1 by default). Unset, a point costs one load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every point: of tables and queues before any row, of a batch in the order in which it passes them, of recovery and
/// retractions, of what lies beside the ledger.
pub const POINTS: &[&str] = &[
    "migrate.step",
    "migrate.recorded",
    "evolve.table",
    "wal.appended",
    "wal.removed",
    "live.published",
    "store.taken",
    "writer.ahead",
    "writer.insert.before",
    "writer.insert.table",
    "writer.insert.after",
    "writer.ledger.before",
    "writer.ledger.after",
    "writer.remove",
    "recover.epoch",
    "recover.table",
    "retract.commit",
    "retract.keep",
    "retract.remove",
    "retract.replace",
    "retract.ledger",
    "gap.recorded",
    "account.table",
    "digest.header",
    "digest.leaves",
    "digest.checkpoint",
    "reputation.evidence",
    "reputation.scores",
    "reputation.checkpoint",
    "metrics.changes",
    "metrics.sums",
];

/// Points of what is no ingest: the dispatcher's facts on their way here.
pub const OTHERS: &[&str] = &[
    "facts.jobs",
    "facts.attempts",
    "facts.load",
    "facts.rechecks",
    "facts.acked",
    "facts.receipts",
];

#[derive(Debug)]
struct Armed {
    point: String,
    left: AtomicU64,
}

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

/// Passes a point of [`POINTS`] or [`OTHERS`].
pub fn point(name: &'static str) {
    debug_assert!(
        POINTS.contains(&name) || OTHERS.contains(&name),
        "{name} is not listed"
    );
    let Some(armed) = ARMED.get_or_init(armed) else {
        return;
    };
    if armed.point == name && armed.left.fetch_sub(1, Ordering::Relaxed) == 1 {
        // No destructor may run: this stands for a kill.
        std::process::abort();
    }
}

fn armed() -> Option<Armed> {
    parse(&std::env::var("HYPERNODE_FAIL").ok()?)
}

fn parse(text: &str) -> Option<Armed> {
    let (point, left) = text.split_once(':').unwrap_or((text, "1"));
    let left = left.parse().ok().filter(|left| *left > 0);
    let known = POINTS.contains(&point) || OTHERS.contains(&point);
    match left.filter(|_| known) {
        Some(left) => Some(Armed {
            point: point.to_owned(),
            left: AtomicU64::new(left),
        }),
        None => {
            tracing::error!(
                HYPERNODE_FAIL = text,
                "names no fail point and is ignored; there are: {}",
                [POINTS, OTHERS].concat().join(", ")
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_armed_by_its_name_and_number() {
        let armed = |text| parse(text).map(|armed| (armed.point, armed.left.into_inner()));
        assert_eq!(armed("store.taken"), Some(("store.taken".to_owned(), 1)));
        assert_eq!(armed("store.taken:7"), Some(("store.taken".to_owned(), 7)));
        for wrong in ["", "nowhere", "store.taken:0", "store.taken:x"] {
            assert_eq!(armed(wrong), None, "{wrong}");
        }
    }
}
