//! `hypernode status`: what a running instance is doing.

use serde_json::Value;

use super::idl::counted;
use crate::cli::Status;
use crate::config;
use crate::exit::{Failure, Outcome, explain};
use crate::indexing::IdlStatus;
use crate::out::say;
use crate::pinned;
use crate::running::Running;

pub(crate) async fn run(args: &Status) -> Outcome {
    let settings = config::load(&args.common)?;
    let dir = settings.path("data.dir").unwrap_or_default();
    let Some(running) = Running::find(&dir) else {
        return Err(Failure::NotRunning(format!(
            "not running: no instance uses the data directory {}; start one with `hypernode up`, or name its directory with --data",
            dir.display()
        )));
    };
    let Asked { status, .. } = ask(&running).await?;
    if args.json {
        say!("{status}");
    } else {
        print_for_people(&running, &status);
    }
    let healthy = status["roles"]
        .as_object()
        .is_some_and(|roles| roles.values().all(|role| role["state"] != "stalled"));
    if healthy {
        Ok(())
    } else {
        Err(Failure::No("unhealthy: a role is stalled".to_owned()))
    }
}

/// What an instance answers.
pub(crate) struct Asked {
    pub(crate) status: Value,
    /// Of these, the indexer's part.
    pub(crate) indexer: Value,
}

/// The status that the instance's API reports.
pub(crate) async fn ask(running: &Running) -> Outcome<Asked> {
    let Some(api) = &running.endpoints.api else {
        return Err(Failure::No("the instance serves no API to ask".to_owned()));
    };
    let url = format!("{api}/internal/status");
    let mut client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(5))
        .no_proxy();
    if let Some(certificate) = &running.certificate {
        client = client.tls_backend_preconfigured(pinned::to(certificate)?);
    }
    let client = client.build();
    let broke = |error: reqwest::Error| {
        Failure::No(format!(
            "process {} runs but {url} does not answer: {}",
            running.pid,
            explain(&error.into())
        ))
    };
    let answer = client
        .map_err(broke)?
        .get(&url)
        .send()
        .await
        .map_err(broke)?;
    let status: Value = answer.json().await.map_err(broke)?;
    let indexer = status["roles"]["indexer"].clone();
    Ok(Asked { status, indexer })
}

fn print_for_people(running: &Running, status: &Value) {
    say!(
        "hypernode {} on {} (process {})",
        running.version,
        running.network,
        running.pid
    );
    if status["open_dev"] == true {
        say!("  open-dev   ON: anybody on this machine may change anything without signing in");
    }
    if let Some(roles) = status["roles"].as_object() {
        for (name, role) in roles {
            say!(
                "  {name:10} {:10} as of slot {}",
                text(&role["state"]),
                role["as_of_slot"]
            );
        }
    }
    let dispatch = &status["roles"]["dispatch"];
    if dispatch.is_object() {
        say!(
            "  jobs       {} queued of {} open, {} nodes; decisions are signed by {}",
            dispatch["queued"],
            dispatch["open"],
            dispatch["nodes"],
            text(&dispatch["key"])
        );
    }
    let indexer = &status["roles"]["indexer"];
    let idls = serde_json::from_value::<IdlStatus>(indexer["idls"].clone()).unwrap_or_default();
    // A refusal is the message where there is no other one.
    if let Some(message) = indexer["message"].as_str()
        && idls.refused.as_deref() != Some(message)
    {
        say!("  message    {message}");
    }
    if let Some(line) = fill_line(&indexer["fill"]) {
        say!("  {line}");
    }
    for line in idl_lines(&idls, &indexer["seen_slot"]) {
        say!("  {line}");
    }
    if let Some(endpoints) = status["endpoints"].as_object() {
        for (name, url) in endpoints {
            say!("  {name:10} {}", text(url));
        }
    }
}

/// How far a hole is filled, if there is one.
fn fill_line(fill: &Value) -> Option<String> {
    let number = |name: &str| fill[name].as_u64();
    let (from, to, done) = (number("from")?, number("to")?, number("done")?);
    let slots = to.saturating_sub(from) + 1;
    let rest = match (fill["stuck"].as_str(), number("eta_seconds")) {
        (Some(why), _) => format!("STUCK: {why}"),
        (None, Some(eta)) => format!(
            "{:.0} slots/s, {eta} s to go",
            fill["per_second"].as_f64().unwrap_or_default()
        ),
        (None, None) => "asking".to_owned(),
    };
    Some(format!(
        "gap        slots {from} to {to}: {done} of {slots} filled; {rest}"
    ))
}

/// Which IDLs are in force since when, and what became of changes.
fn idl_lines(idls: &IdlStatus, tip: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "IDLs       {}, {} taken up since the start",
        counted(idls.programs, "program"),
        counted(idls.changes, "change")
    )];
    for entry in &idls.versions {
        let since = match entry.since_slot {
            Some(slot) => format!("since slot {slot}"),
            None => "since the start".to_owned(),
        };
        let to_come = match (entry.begins_in, entry.superseded_at) {
            (Some(slots), _) => {
                format!("; BEGINS {slots} slots after the chain's tip (slot {tip})")
            }
            (None, Some(slot)) => format!("; of slots before {slot} only"),
            (None, None) => String::new(),
        };
        lines.push(format!(
            "  {:24} {since}, {}{to_come}",
            entry.name(),
            entry.file
        ));
    }
    let told = [("waiting", &idls.waiting), ("REFUSED", &idls.refused)];
    for (what, text) in told {
        if let Some(text) = text {
            lines.push(format!("  last change {what}: {text}"));
        }
    }
    lines
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexing::Entry;

    #[test]
    fn people_read_how_far_a_hole_is_filled_and_why_not_further() {
        assert_eq!(fill_line(&Value::Null), None);
        let mut fill = serde_json::json!({"from": 10, "to": 19, "done": 4, "per_second": 2.0, "eta_seconds": 3});
        let line = fill_line(&fill).unwrap();
        assert!(
            line.ends_with("4 of 10 filled; 2 slots/s, 3 s to go"),
            "{line}"
        );
        fill["stuck"] = "no source holds slot 14".into();
        assert!(
            fill_line(&fill)
                .unwrap()
                .contains("STUCK: no source holds slot 14")
        );
    }

    #[test]
    fn people_read_which_idls_run_since_when_and_what_failed() {
        let idls = IdlStatus {
            programs: 1,
            changes: 2,
            refused: Some("x.json: $: not JSON".into()),
            versions: vec![
                Entry {
                    label: "a".into(),
                    file: "f".into(),
                    ..Entry::default()
                },
                Entry {
                    label: "a".into(),
                    file: "g".into(),
                    from_slot: 900,
                    since_slot: Some(12),
                    begins_in: Some(800),
                    ..Entry::default()
                },
            ],
            ..IdlStatus::default()
        };
        let text = idl_lines(&idls, &Value::from(100)).join("\n");
        for part in [
            "1 program, 2 changes",
            "since the start, f\n",
            "a@900",
            "since slot 12, g; BEGINS 800 slots after the chain's tip (slot 100)",
            "last change REFUSED: x.json: $: not JSON",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
