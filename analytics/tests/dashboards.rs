//! Every panel runs on a real engine, says what it is, and agrees with the figures.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clickhouse::Row;
use hypernode_analytics::metrics::Figures;
use hypernode_warehouse::Client;
use serde::Deserialize;
use support::LAST;

fn panels() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboards");
    fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| {
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(path).expect("text"))
        })
        .collect()
}

/// The statement without its comments, which the client would search for parameters of its own.
fn statement(panel: &str) -> String {
    let lines = panel
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_panel_says_what_it_shows() {
    let panels = panels();
    assert!(panels.len() >= 3);
    for (name, text) in panels {
        for (line, key) in text.lines().zip(["title", "unit", "chart", "parameters"]) {
            assert!(line.starts_with(&format!("-- {key}: ")), "{name}: {line}");
        }
        // Every parameter of the query is described, with its default.
        for (_, after) in text.match_indices('{').map(|(at, _)| text.split_at(at + 1)) {
            let (parameter, kind) = after
                .split_once('}')
                .expect("an end")
                .0
                .split_once(':')
                .expect("a type");
            let described = format!("{parameter} {kind} = ");
            assert!(
                text.lines()
                    .nth(3)
                    .expect("parameters")
                    .contains(&described),
                "{name}: {described}"
            );
        }
    }
}

#[derive(Row, Deserialize)]
struct Jobs {
    hour: u32,
    state: String,
    jobs: i64,
}

#[derive(Row, Deserialize)]
struct Paid {
    hour: u32,
    operators: f64,
    treasury: f64,
    incentives: f64,
    payments: u64,
    base_units: u128,
}

#[derive(Row, Deserialize)]
struct Lag {
    minute: u32,
    served_slot: u64,
    missing_slots: i64,
    lag_seconds: i64,
    not_final_slots: i64,
    blocks: u64,
}

#[tokio::test]
async fn panels_agree_with_the_figures() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    // An empty warehouse is no error.
    jobs(&client, 24).await;
    paid(&client, 24).await;
    assert!(lag(&client).await.is_empty());

    support::write_history(&client, LAST, 5).await;
    let figures = Figures::load(&client, LAST).await.expect("figures");

    let rows = jobs(&client, 24).await;
    assert_eq!(rows.len(), 24 * 5);
    let last = rows.iter().map(|row| row.hour).max().expect("an hour");
    assert_eq!(last, support::block_time(LAST) / 3600 * 3600);
    let at_the_end: BTreeMap<&str, i64> = rows
        .iter()
        .filter(|row| row.hour == last)
        .map(|row| (row.state.as_str(), row.jobs))
        .collect();
    let count = |number: u64| i64::try_from(number).expect("small");
    assert_eq!(at_the_end["pending"], count(figures.jobs_pending));
    assert_eq!(at_the_end["completed"], count(figures.jobs_completed));
    assert_eq!(at_the_end["failed"], count(figures.jobs_failed));
    assert_eq!(at_the_end["cancelled"], count(figures.jobs_cancelled));
    assert_eq!(at_the_end["running"], count(figures.jobs_running));
    // Before the newest hour job h was not there.
    let before: i64 = rows
        .iter()
        .filter(|row| row.hour == last - 3600)
        .map(|row| row.jobs)
        .sum();
    assert_eq!(before, 7);

    // Nine days reach back to the payments.
    let rows = paid(&client, 9 * 24).await;
    assert_eq!(rows.len(), 9 * 24);
    assert_eq!(
        rows.iter().map(|row| row.base_units).sum::<u128>(),
        figures.paid_total
    );
    assert_eq!(
        rows.iter().map(|row| row.payments).sum::<u64>(),
        figures.payments
    );
    let hour = rows
        .iter()
        .find(|row| row.payments > 0)
        .expect("the hour of the payments");
    assert_eq!(hour.hour, support::block_time(5) / 3600 * 3600);
    let parts = [hour.operators, hour.treasury, hour.incentives];
    for (part, expected) in parts.into_iter().zip([3.2, 0.4, 0.2]) {
        assert!((part - expected).abs() < 1e-9, "{part} is not {expected}");
    }

    // A hole of three slots, then a batch that is not final.
    support::publish(&client, LAST + 4, LAST + 7, LAST).await;
    let rows = lag(&client).await;
    let [row] = rows.as_slice() else {
        panic!("one minute")
    };
    assert_eq!((row.minute, row.served_slot), (1_714_564_800, LAST + 7));
    assert_eq!((row.missing_slots, row.not_final_slots), (3, 7));
    assert!(row.lag_seconds > 0 && row.blocks == 16);
}

async fn jobs(client: &Client, hours: u32) -> Vec<Jobs> {
    let sql = format!(
        "SELECT toUnixTimestamp(hour) AS hour, state, jobs FROM ({})",
        statement(&panels()["jobs_by_state"])
    );
    client
        .raw()
        .query(&sql)
        .param("hours", hours)
        .fetch_all()
        .await
        .expect("the panel runs")
}

async fn paid(client: &Client, hours: u32) -> Vec<Paid> {
    let sql = format!(
        "SELECT toUnixTimestamp(hour) AS hour, operators, treasury, incentives, payments, base_units FROM ({})",
        statement(&panels()["hyper_paid_by_hour"])
    );
    let query = client
        .raw()
        .query(&sql)
        .param("hours", hours)
        .param("decimals", 6);
    query.fetch_all().await.expect("the panel runs")
}

async fn lag(client: &Client) -> Vec<Lag> {
    let sql = format!(
        "SELECT toUnixTimestamp(minute) AS minute, served_slot, missing_slots, lag_seconds, not_final_slots, blocks FROM ({})",
        statement(&panels()["indexer_lag"])
    );
    client
        .raw()
        .query(&sql)
        .param("minutes", 60)
        .fetch_all()
        .await
        .expect("the panel runs")
}
