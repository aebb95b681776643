//! ClickHouse, and what is stored there.

use hypernode_warehouse::gaps::{self, GapState};
use hypernode_warehouse::library;

use super::Finding;
use crate::config::Settings;
use crate::reach::Reached;
use crate::running::Running;
use crate::store;

/// Reasons of dead letters that are named.
const REASONS: usize = 3;

pub(crate) async fn look(settings: &Settings, running: Option<&Running>) -> Vec<Finding> {
    let area = "clickhouse";
    let external = match store::external(settings) {
        Ok(external) => external.is_some(),
        Err(failure) => {
            let fix = "name a file that this user can read";
            return vec![Finding::wrong(area, failure.to_string(), fix)];
        }
    };
    if !external && running.is_none() {
        return vec![engine(settings)];
    }
    let reached = match Reached::open(settings, false).await {
        Ok(reached) => reached,
        Err(failure) => {
            let fix = "see clickhouse.* in `hypernode config check`";
            return vec![Finding::wrong(area, failure.to_string(), fix)];
        }
    };
    let findings = stored(&reached).await;
    reached.close().await;
    findings
}

/// The embedded engine, before anything runs.
fn engine(settings: &Settings) -> Finding {
    let area = "clickhouse";
    if let Some(binary) = settings.path("clickhouse.binary") {
        return if binary.is_file() {
            Finding::good(area, format!("{}", binary.display()))
        } else {
            let seen = format!("clickhouse.binary {} is not a file", binary.display());
            Finding::wrong(area, seen, "name the server's executable, or unset the key")
        };
    }
    match library::locate(settings.path("clickhouse.library").as_deref()) {
        Ok(Some(path)) => Finding::good(
            area,
            format!("embedded {}, {}", library::VERSION, path.display()),
        ),
        Ok(None) => Finding::note(
            area,
            "the embedded engine's library is not here yet",
            "the first start fetches it (178 MB); `hypernode fetch-engine` does it now",
        ),
        Err(error) => Finding::wrong(
            area,
            error.to_string(),
            "name a copy with clickhouse.library, or unset the key to have it fetched",
        ),
    }
}

async fn stored(reached: &Reached) -> Vec<Finding> {
    let client = &reached.client;
    if let Err(error) = client.ping().await {
        let fix = "see that it runs, and clickhouse.url, clickhouse.user, clickhouse.password";
        return vec![Finding::wrong("clickhouse", error.to_string(), fix)];
    }
    let mut findings = vec![Finding::good("clickhouse", "answers")];
    match gaps::list(client).await {
        Err(error) => findings.push(Finding::note(
            "gaps",
            error.to_string(),
            "`hypernode migrate` makes the tables of this version",
        )),
        Ok(rows) => {
            let open: Vec<_> = rows
                .iter()
                .filter(|row| row.state == GapState::Open.name())
                .collect();
            findings.push(match open.first() {
                None => Finding::good("gaps", "none is open"),
                Some(first) => Finding::wrong(
                    "gaps",
                    format!(
                        "{} open, the first from slot {} to {}: {}",
                        open.len(),
                        first.slot_lo,
                        first.slot_hi,
                        first.reason
                    ),
                    "add an archive to rpc.fallback_urls; at last `hypernode gap accept`",
                ),
            });
        }
    }
    findings.extend(dead_letters(reached).await);
    findings
}

async fn dead_letters(reached: &Reached) -> Option<Finding> {
    let sql = format!(
        "SELECT toString(label), toString(reason), count() FROM dead_letters GROUP BY 1, 2 ORDER BY 3 DESC LIMIT {REASONS}"
    );
    let rows: Vec<(String, String, u64)> = reached.client.rows(&sql).await.ok()?;
    let reasons: Vec<String> = rows
        .into_iter()
        .map(|(label, reason, count)| format!("{count} of {label} ({reason})"))
        .collect();
    if reasons.is_empty() {
        return Some(Finding::good("dead letters", "none"));
    }
    Some(Finding::note(
        "dead letters",
        reasons.join(", "),
        "a program changed its layout, or its IDL is wrong: `hypernode idl list`, then `hypernode idl add`",
    ))
}
