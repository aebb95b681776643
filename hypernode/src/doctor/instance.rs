//! The running instance, by what it says of itself.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Finding, dispatch};
use crate::commands::status;
use crate::running::Running;
use crate::view::Snapshot;

/// Slots that may lie between the tip and what is stored: a minute.
const BEHIND: u64 = 150;
/// Milliseconds for a batch beyond which ClickHouse is slow.
const SLOW: u64 = 5_000;

pub(crate) async fn look(running: &Running) -> Vec<Finding> {
    let area = "instance";
    let asked = match status::ask(running).await {
        Ok(asked) => asked,
        Err(_) if running.endpoints.api.is_none() => {
            let seen = format!(
                "process {} runs the indexer alone, and serves no API to ask",
                running.pid
            );
            return vec![Finding::good(area, seen)];
        }
        Err(failure) => {
            return vec![Finding::wrong(
                area,
                failure.to_string(),
                "see its log; stop it and start it again: nothing stored is lost",
            )];
        }
    };
    match Snapshot::read(asked.status) {
        Ok(now) => judge(running.pid, &now),
        Err(error) => vec![Finding::note(
            area,
            format!(
                "process {} says what this version does not read: {error}",
                running.pid
            ),
            "use its own `hypernode doctor`",
        )],
    }
}

fn judge(pid: u32, now: &Snapshot) -> Vec<Finding> {
    let area = "instance";
    let indexer = &now.roles.indexer;
    let seen = format!(
        "process {pid} is {}, stored up to slot {} of {}",
        indexer.state, indexer.as_of_slot, indexer.seen_slot
    );
    let why = indexer.message.clone().unwrap_or_default();
    let fix = match indexer.state.as_str() {
        "stalled" => Some(
            "slots are missing that no source holds: `hypernode gap list`, add an archive to rpc.fallback_urls, at last `hypernode gap accept`",
        ),
        "paused" => Some("it takes nothing more: make room on the disk, or see to ClickHouse"),
        "waiting_for_warehouse" => Some("ClickHouse takes no rows: see that it runs and has room"),
        "reconnecting" => Some("the stream is down: see geyser below"),
        _ => None,
    };
    let mut findings = vec![match fix {
        Some(fix) => Finding::wrong(area, format!("{seen}: {why}"), fix),
        None => Finding::good(area, seen),
    }];
    if now.open_dev {
        findings.push(Finding::note(
            "open-dev",
            "anybody on this machine may change anything without signing in",
            "start it without --open-dev (api.open_dev) where others work",
        ));
    }
    let behind = indexer.confirmed_slot.saturating_sub(indexer.as_of_slot);
    if indexer.state == "running" && behind > BEHIND {
        findings.push(Finding::note(
            "lag",
            format!("{behind} confirmed slots are not stored yet"),
            "if it grows, ClickHouse or this machine is too slow: see storing in `hypernode top`",
        ));
    }
    let storing = &indexer.storing;
    let slow = storing.batches > 0 && storing.p99_ms.is_none_or(|within| within > SLOW);
    if slow {
        findings.push(Finding::note(
            "storing",
            "of a hundred batches some take more than 5 s",
            "give ClickHouse a faster disk, or less else to do",
        ));
    }
    if let Some(now) = &now.roles.dispatch {
        findings.extend(dispatch::judge(now, today()));
    }
    if let Some(why) = &indexer.accounts.message {
        findings.push(Finding::note(
            "accounts",
            why,
            "see rpc.url and what the server serves",
        ));
    }
    findings
}

/// Days since 1970.
fn today() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs() / 86_400
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use serde_json::json;

    fn told(indexer: &serde_json::Value) -> Vec<Finding> {
        let status =
            json!({"version": "0", "network": "n", "roles": {"indexer": indexer}, "endpoints": {}});
        judge(7, &Snapshot::read(status).unwrap())
    }

    #[test]
    fn each_state_that_needs_a_person_says_what_to_do() {
        for state in ["stalled", "paused", "waiting_for_warehouse", "reconnecting"] {
            let found = told(&json!({"state": state, "message": "because"}));
            assert_eq!(found[0].verdict, Verdict::Wrong, "{state}");
            assert!(found[0].seen.ends_with("because") && found[0].fix.is_some());
        }
        let good = told(
            &json!({"state": "running", "as_of_slot": 5, "seen_slot": 6, "confirmed_slot": 6}),
        );
        assert_eq!(good.len(), 1, "{good:?}");
        let open = json!({"open_dev": true, "roles": {"indexer": {"state": "running"}}});
        let found = judge(7, &Snapshot::read(open).unwrap());
        assert_eq!(found[1].area, "open-dev");
        let idle =
            json!({"roles": {"indexer": {"state": "running"}, "dispatch": {"state": "starting"}}});
        let found = judge(7, &Snapshot::read(idle).unwrap());
        assert_eq!(found[1].area, "dispatch");
        let late = told(&json!({
            "state": "running", "as_of_slot": 5, "confirmed_slot": 600,
            "storing": {"batches": 1, "p50_ms": 1, "p99_ms": null, "retries": 0},
        }));
        let areas: Vec<_> = late.iter().map(|one| one.area).collect();
        assert_eq!(areas, ["instance", "lag", "storing"]);
    }
}
