//! `hypernode bench store|accounts`: what state and accounts cost.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hypernode_accounts::bench::{SignIns, Tokens, sign_ins, tokens};
use hypernode_indexer::bench::{Measurement, machine};
use hypernode_state::bench::{Regime, bench};
use hypernode_state::sqlite::Options;
use hypernode_state::{SqliteStore, Store};

use crate::exit::{Failure, OrCannotStart as _, Outcome};

/// Tasks claimed and completed, durably, beside one commit for each operation.
pub(super) async fn store(folder: &Path, long: bool) -> Outcome<Vec<Measurement>> {
    let mut lines = Vec::new();
    for per_claim in [1, 8] {
        let regime = Regime {
            per_claim,
            tasks: if long { 2_000_000 } else { 300_000 },
            single: Duration::from_secs(if long { 20 } else { 4 }),
            ..Regime::default()
        };
        let folder = folder.join(format!("store-{per_claim}"));
        let found = tokio::task::spawn_blocking(move || bench(&folder, regime)).await;
        let found = found.map_err(|error| Failure::Broke(error.into()))?;
        let found = found.map_err(|error| Failure::Broke(error.into()))?;
        lines.push(Measurement {
            bench: "store",
            figure: found.pairs_per_second,
            unit: "pairs/s",
            floor: Some(found.single_pairs_per_second),
            ratio: Some(found.ratio),
            regime: format!(
                "SQLite, WAL, synchronous=FULL; {} tasks burnt down by {} callers, {per_claim} to a claim; a pair is claimed and \
                 completed, both on disk; floor: one commit for each operation",
                regime.tasks, regime.callers
            ),
            machine: machine(),
        });
    }
    Ok(lines)
}

/// Sign-ins verified by one core, and what a token adds to a request.
pub(super) async fn accounts(folder: &Path, long: bool) -> Outcome<Vec<Measurement>> {
    let time = Duration::from_secs(if long { 60 } else { 10 });
    let signed = tokio::task::spawn_blocking(move || sign_ins(time)).await;
    let signed = signed.map_err(|error| Failure::Broke(error.into()))?;
    let SignIns {
        per_second,
        signatures_per_second,
    } = signed.map_err(|error| Failure::Broke(error.into()))?;
    let path = folder.join("state.db");
    let opened = tokio::task::spawn_blocking(|| SqliteStore::open(path, Options::default())).await;
    let store: Arc<dyn Store> =
        Arc::new(opened.or_cannot_start("store")?.or_cannot_start("store")?);
    let Tokens {
        p50_us,
        p99_us,
        max_us,
        hash_us,
        requests,
        cold_p50_us,
    } = tokens(store, time)
        .await
        .map_err(|error| Failure::Broke(error.into()))?;
    Ok(vec![
        Measurement {
            bench: "accounts",
            figure: per_second,
            unit: "sign-ins/s",
            floor: Some(signatures_per_second),
            ratio: Some(per_second / signatures_per_second),
            regime: "one core: text read, every field compared, ed25519 strict; no store; floor: the signature alone".into(),
            machine: machine(),
        },
        Measurement {
            bench: "accounts",
            figure: p99_us,
            unit: "us",
            floor: Some(hash_us),
            ratio: Some(hash_us / p99_us),
            regime: format!(
                "who sends a token, p99 of {requests}; p50 {p50_us} us, longest {max_us} us; the first time in a process \
                 {cold_p50_us} us (p50); floor: the token's hash alone"
            ),
            machine: machine(),
        },
    ])
}
