//! The dispatcher: its key, its store and its day, what waits, who is there.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hypernode_dispatch::key::FILE;

use super::Finding;
use crate::view::Dispatch;

const AREA: &str = "dispatch";

/// Looks at the key that decisions are signed by, without making one.
pub(crate) fn key(dir: &Path) -> Finding {
    let path = dir.join(FILE);
    let shown = path.display();
    let mode = match std::fs::metadata(&path) {
        Ok(file) => file.permissions().mode() & 0o777,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::good(AREA, format!("{shown}: no key yet, a start makes one"));
        }
        Err(error) => {
            let fix =
                "let the instance's user read it; a lost key ends the proof of earlier decisions";
            return Finding::wrong(AREA, format!("{shown}: {error}"), fix);
        }
    };
    match mode & 0o077 {
        0 => Finding::good(
            AREA,
            format!("{shown}: the key is there, for its owner alone"),
        ),
        _ => Finding::wrong(
            AREA,
            format!(
                "{shown}: others can read the key that decisions are signed by (mode {mode:o})"
            ),
            "`chmod 600` it: no dispatcher starts with it as it is",
        ),
    }
}

/// Judges what a running dispatcher says of itself. `today`: days since 1970.
pub(crate) fn judge(now: &Dispatch, today: u64) -> Vec<Finding> {
    if now.state != "running" {
        return vec![Finding::note(
            AREA,
            "no jobs are given out just now",
            "it starts anew by itself; if it stays so, its log says what its store (state.db) lacks",
        )];
    }
    let seen = format!(
        "its store answers; {} hosts are connected, {} of {} open jobs wait for one",
        now.nodes, now.queued, now.open
    );
    let mut findings = vec![match (now.nodes, now.queued) {
        (0, 1..) => Finding::note(
            AREA,
            seen,
            "connect a host (docs/hosts.md), or see why nobody takes a job: GET /api/jobs/{id}/explain",
        ),
        _ => Finding::good(AREA, seen),
    }];
    findings.push(match now.day == today {
        true => Finding::good(
            AREA,
            format!("decisions are drawn with the secret of today (day {today})"),
        ),
        false => Finding::wrong(
            AREA,
            format!(
                "decisions are drawn with the secret of day {}, and today is day {today}",
                now.day
            ),
            "see the clock of this machine and the log: the secret of a day is made the day before",
        ),
    });
    if now.key.is_empty() {
        findings.push(Finding::wrong(
            AREA,
            "it has no key to sign decisions by",
            "stop it and start it again: a start makes one",
        ));
    }
    if now.facts.failing {
        findings.push(Finding::note(
            AREA,
            "its facts are not carried into ClickHouse just now: panels of dispatch stand still",
            "nothing is lost; see ClickHouse below, and the log",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Verdict;
    use super::*;

    fn told(dispatch: &serde_json::Value) -> Vec<Finding> {
        let now: Dispatch = serde_json::from_value(dispatch.clone()).unwrap();
        judge(&now, 20_000)
    }

    #[test]
    fn a_dispatcher_is_judged_by_store_hosts_queue_day_and_key() {
        let good = json!({"state": "running", "nodes": 2, "queued": 1, "open": 3, "day": 20_000, "key": "k"});
        let found = told(&good);
        assert!(
            found.iter().all(|one| one.verdict == Verdict::Good),
            "{found:?}"
        );
        assert!(
            found[0]
                .seen
                .contains("2 hosts are connected, 1 of 3 open jobs")
        );
        let with = |name: &str, value: serde_json::Value| {
            let mut dispatch = good.clone();
            dispatch[name] = value;
            told(&dispatch)
        };
        assert_eq!(with("nodes", json!(0))[0].verdict, Verdict::Note);
        assert_eq!(with("day", json!(19_999))[1].verdict, Verdict::Wrong);
        assert_eq!(with("key", json!(""))[2].verdict, Verdict::Wrong);
        let failing = with("facts", json!({"failing": true}));
        assert_eq!(failing[2].verdict, Verdict::Note);
        let starting = with("state", json!("starting"));
        assert_eq!((starting.len(), starting[0].verdict), (1, Verdict::Note));
        assert!([found, failing, starting].concat().iter().all(|one| {
            one.area == AREA && (one.verdict == Verdict::Good) == one.fix.is_none()
        }));
    }

    #[test]
    fn the_key_is_looked_at_and_not_made() {
        let folder = tempfile::tempdir().unwrap();
        assert!(key(folder.path()).seen.contains("no key yet"));
        let path = folder.path().join(FILE);
        assert!(!path.exists());
        std::fs::write(&path, [7; 32]).unwrap();
        for (mode, verdict) in [(0o600, Verdict::Good), (0o640, Verdict::Wrong)] {
            let mode_of = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode_of).unwrap();
            assert_eq!(key(folder.path()).verdict, verdict, "{mode:o}");
        }
    }
}
