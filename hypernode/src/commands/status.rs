//! `hypernode status`: what a running instance is doing.

use serde_json::Value;

use crate::cli::Status;
use crate::config;
use crate::exit::{Failure, Outcome};
use crate::out::say;
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
    let status = ask(&running).await?;
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

/// The status that the instance's API reports.
async fn ask(running: &Running) -> Outcome<Value> {
    let Some(api) = &running.endpoints.api else {
        return Err(Failure::No("the instance serves no API to ask".to_owned()));
    };
    let url = format!("{api}/internal/status");
    let client = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(5))
        .no_proxy()
        .build();
    let broke = |error: reqwest::Error| {
        Failure::No(format!(
            "process {} runs but {url} does not answer: {error}",
            running.pid
        ))
    };
    let answer = client
        .map_err(broke)?
        .get(&url)
        .send()
        .await
        .map_err(broke)?;
    answer.json().await.map_err(broke)
}

fn print_for_people(running: &Running, status: &Value) {
    say!(
        "hypernode {} on {} (process {})",
        running.version,
        running.network,
        running.pid
    );
    if let Some(roles) = status["roles"].as_object() {
        for (name, role) in roles {
            say!(
                "  {name:10} {:10} as of slot {}",
                text(&role["state"]),
                role["as_of_slot"]
            );
        }
    }
    if let Some(endpoints) = status["endpoints"].as_object() {
        for (name, url) in endpoints {
            say!("  {name:10} {}", text(url));
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
