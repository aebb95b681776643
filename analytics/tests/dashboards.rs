//! Every panel runs on a real engine, empty and with the history computed by hand, and says of it what the figures say.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hypernode_analytics::metrics::Figures;
use hypernode_analytics::panels::{self, Cell, ChartKind, ColumnKind, Panel, Table};
use hypernode_analytics::{reputation, rollup};
use hypernode_warehouse::Client;
use support::{LAST, execute};

/// The hours from the first block of the history to the last, and one more.
const ALL: u64 = 9 * 24;

fn all() -> impl Iterator<Item = &'static Panel> {
    panels::groups().iter().flat_map(|group| &group.panels)
}

#[test]
fn every_file_is_a_panel_and_the_other_way_round() {
    let mut files = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboards");
    for group in fs::read_dir(&folder).expect("the folder") {
        let group = group.expect("an entry").path();
        for file in fs::read_dir(&group).into_iter().flatten() {
            let file = file.expect("an entry").path();
            if file.extension().is_some_and(|extension| extension == "sql") {
                let path = file.strip_prefix(&folder).expect("below it");
                files.insert(path.with_extension("").to_string_lossy().into_owned());
            }
        }
    }
    for (group, name, text) in panels::texts() {
        assert!(files.remove(&format!("{group}/{name}")), "{group}/{name}");
        if let Err(error) = panels::parse(text) {
            panic!("dashboards/{group}/{name}.sql: {error}");
        }
        assert!(panels::find(group, name).is_some());
        // Grafana and clients would take these for places of their own.
        assert!(!text.contains('$') && !text.contains('?'), "{group}/{name}");
    }
    assert!(files.is_empty(), "not in the registry: {files:?}");
}

/// Windows of one kind begin alike, so that a panel read beside another speaks of the same time.
#[test]
fn panels_over_time_agree_on_the_time() {
    for panel in all().filter(|panel| panel.header.chart.kind.is_over_time()) {
        let alike = all().filter(|other| {
            other.header.chart.kind.is_over_time()
                && other.header.basis == panel.header.basis
                && other.name != "evidence"
        });
        if panel.name == "evidence" {
            continue;
        }
        let window = |panel: &Panel| {
            let end = panel
                .header
                .statement
                .find(" AS first_step")
                .expect("a window");
            panel.header.statement[..end].to_owned()
        };
        for other in alike {
            assert_eq!(
                window(panel),
                window(other),
                "{} and {}",
                panel.name,
                other.name
            );
        }
    }
}

async fn run(client: &Client, panel: &Panel, hours: Option<u64>) -> Table {
    let values: Vec<u64> = panel
        .header
        .parameters
        .iter()
        .map(|one| match (one.name.as_str(), hours) {
            ("hours", Some(hours)) => hours.clamp(one.least, one.most),
            _ => one.default,
        })
        .collect();
    let table = panels::run(client, panel, &values).await;
    let table = table.unwrap_or_else(|error| panic!("{}/{}: {error}", panel.group, panel.name));
    check(panel, &table);
    table
}

/// What a chart needs is there, and of the kind that it needs.
fn check(panel: &Panel, table: &Table) {
    let chart = &panel.header.chart;
    let kind = |name: &str| {
        let at = table
            .column(name)
            .unwrap_or_else(|| panic!("{}: no column {name}", panel.name));
        table.columns[at].kind
    };
    for column in &chart.y {
        assert_eq!(kind(column), ColumnKind::Number, "{}: {column}", panel.name);
    }
    if let Some(x) = &chart.x {
        let is_time = matches!(kind(x), ColumnKind::Time | ColumnKind::Day);
        assert_eq!(is_time, chart.kind.is_over_time(), "{}: {x}", panel.name);
    }
    if chart.kind == ChartKind::Number {
        assert_eq!(table.rows.len(), 1, "{}", panel.name);
    }
}

/// The numbers of a column.
fn column(table: &Table, name: &str) -> Vec<f64> {
    let at = table
        .column(name)
        .unwrap_or_else(|| panic!("no column {name}"));
    let number = |row: &Vec<Cell>| match &row[at] {
        Cell::Number(number) => number.as_f64().expect("a number"),
        _ => f64::NAN,
    };
    table.rows.iter().map(number).collect()
}

fn sum(table: &Table, name: &str) -> f64 {
    column(table, name)
        .into_iter()
        .filter(|number| !number.is_nan())
        .sum()
}

fn last(table: &Table, name: &str) -> f64 {
    *column(table, name).last().expect("a row")
}

#[tokio::test]
async fn panels_say_what_the_figures_say() {
    let Some((client, engine)) = support::engine().await else {
        return;
    };
    let reader = &engine.reader;
    for panel in all() {
        let table = run(reader, panel, None).await;
        assert_eq!(table.as_of_slot, 0, "{}", panel.name);
        assert!(
            !panel.header.chart.kind.is_over_time() || table.rows.is_empty(),
            "{}: a window without a block is empty",
            panel.name
        );
    }

    support::write_history(&client, LAST, LAST).await;
    let mut sums = rollup::Keeper::new(client.clone());
    while sums.step().await.expect("a step").more {}
    let mut scores = reputation::Keeper::new(client.clone(), Vec::new());
    while scores.step().await.expect("a step").slot.is_some() {}
    let figures = Figures::load(&client, LAST).await.expect("figures");
    let panel = |group: &str, name: &str| panels::find(group, name).expect("a panel");
    let whole = |number: u64| f64::from(u32::try_from(number).expect("small"));

    // In short windows each change counts by itself, in long ones sums by the hour do; at the end both say the same.
    for hours in [1, 2, 12, 13, ALL, 8760] {
        let open = run(reader, panel("jobs", "open"), Some(hours)).await;
        assert_eq!(open.as_of_slot, LAST);
        for (name, figure) in [
            ("pending", figures.jobs_pending),
            ("running", figures.jobs_running),
            ("completed", figures.jobs_completed),
            ("failed", figures.jobs_failed),
            ("cancelled", figures.jobs_cancelled),
        ] {
            assert_eq!(last(&open, name), whole(figure), "{name} within {hours} h");
        }
        let nodes = run(reader, panel("network", "nodes"), Some(hours)).await;
        assert_eq!(
            last(&nodes, "registered"),
            whole(figures.nodes_registered),
            "{hours}"
        );
        assert_eq!(
            last(&nodes, "active"),
            whole(figures.nodes_active),
            "{hours}"
        );
        let locked = run(reader, panel("jobs", "value_locked"), Some(hours)).await;
        assert_eq!(
            last(&locked, "locked") * 1e6,
            figures.locked as f64,
            "{hours}"
        );
        let settled = run(reader, panel("jobs", "settled"), Some(hours)).await;
        assert_eq!(last(&settled, "completed"), whole(figures.jobs_completed));
        assert_eq!(last(&settled, "settled"), whole(figures.jobs_settled));
        // Job h was created and assigned in the last block.
        let flow = run(reader, panel("jobs", "flow"), Some(hours)).await;
        assert_eq!(last(&flow, "created"), 1.0, "{hours}");
    }

    let open = run(reader, panel("jobs", "open"), Some(ALL)).await;
    assert_eq!(open.rows.len(), 9 * 24);
    let before: f64 = ["pending", "running", "completed", "failed", "cancelled"]
        .map(|state| column(&open, state)[ALL as usize - 2])
        .iter()
        .sum();
    assert_eq!(before, 7.0, "job h was not there an hour before");

    let flow = run(reader, panel("jobs", "flow"), Some(ALL)).await;
    assert_eq!(sum(&flow, "created"), whole(figures.jobs_created));
    assert_eq!(sum(&flow, "completed"), whole(figures.jobs_completed));
    assert_eq!(
        sum(
            &run(reader, panel("jobs", "by_type"), Some(ALL)).await,
            "jobs"
        ),
        whole(figures.jobs_created)
    );
    assert_eq!(
        sum(&run(reader, panel("jobs", "by_state"), None).await, "jobs"),
        whole(figures.jobs_total)
    );
    assert_eq!(
        sum(
            &run(reader, panel("jobs", "run_time"), Some(ALL)).await,
            "jobs"
        ),
        whole(figures.runs)
    );
    assert_eq!(
        sum(
            &run(reader, panel("jobs", "queue_wait"), Some(ALL)).await,
            "jobs"
        ),
        whole(figures.waits)
    );

    let paid = run(reader, panel("jobs", "hyper_paid"), Some(ALL)).await;
    for (name, expected) in [("operators", 3.2), ("treasury", 0.4), ("incentives", 0.2)] {
        assert!((sum(&paid, name) - expected).abs() < 1e-9, "{name}");
    }
    let ever = run(reader, panel("network", "hyper_in_total"), None).await;
    assert_eq!(ever.rows[0][1], Cell::Text(figures.paid_total.to_string()));
    assert_eq!(
        sum(
            &run(reader, panel("network", "jobs_in_total"), None).await,
            "completed"
        ),
        whole(figures.jobs_completed)
    );

    // Job a counts for node 1, whose owner signed its result; job f names the node itself; nobody vouches for b.
    let top = run(reader, panel("nodes", "top_by_completions"), Some(ALL)).await;
    assert_eq!(top.rows[0][0], Cell::Text(support::base58("node-1")));
    assert_eq!(column(&top, "completions")[0], 2.0);

    let bands = run(reader, panel("nodes", "reputation_distribution"), None).await;
    assert_eq!(bands.rows.len(), 10);
    assert_eq!(sum(&bands, "nodes"), whole(figures.nodes_registered));

    // Client 1 created jobs a, c and d: two were completed, one cancelled, two are paid.
    let requesters = panel("nodes", "requesters");
    let table = panels::run(reader, requesters, &[ALL, 10, 6])
        .await
        .expect("rows");
    assert_eq!(table.rows[0][0], Cell::Text(support::base58("client-1")));
    for (name, expected) in [
        ("created", 3.0),
        ("completed", 2.0),
        ("cancelled", 1.0),
        ("settled", 2.0),
    ] {
        assert_eq!(column(&table, name)[0], expected, "{name}");
    }
    assert!((column(&table, "paid")[0] - 3.8).abs() < 1e-9);

    // A hole of three slots, then a batch that is not final: the sums stay where they are.
    support::publish(&client, LAST + 4, LAST + 7, LAST).await;
    let complete = run(reader, panel("indexer", "complete"), None).await;
    assert_eq!(
        (
            last(&complete, "missing_slots"),
            last(&complete, "complete")
        ),
        (3.0, 80.0)
    );
    assert_eq!(complete.as_of_slot, LAST + 7);
    assert_eq!(
        run(reader, panel("jobs", "open"), Some(24))
            .await
            .as_of_slot,
        LAST
    );
    execute(
        &client,
        "INSERT INTO gaps VALUES (9, 11, 'open', 'no answer', 'geyser', '2024-05-01 12:00:00.000'), \
         (9, 11, 'accepted', 'archive lost them', 'operator', '2024-05-01 13:00:00.000')",
    )
    .await;
    let gaps = run(reader, panel("indexer", "gaps"), None).await;
    assert_eq!(gaps.rows[0][3], Cell::Text("accepted".into()));
    assert_eq!(sum(&gaps, "slots"), 3.0);
    assert_eq!(
        sum(
            &run(reader, panel("indexer", "throughput"), Some(168)).await,
            "blocks"
        ),
        3.0
    );

    // Two batches, one of them with blocks, and what was given up between them.
    let certificates = run(reader, panel("indexer", "certificates"), None).await;
    let evidence = certificates.rows.iter().map(|row| match &row[0] {
        Cell::Text(text) => text.as_str(),
        _ => "",
    });
    let evidence: Vec<(&str, f64)> = evidence.zip(column(&certificates, "slots")).collect();
    assert_eq!(
        evidence,
        [
            ("test, proof: none", 8.0),
            ("test, proof: no block", 4.0),
            ("missing", 3.0)
        ]
    );

    // Every panel, everything within its bounds.
    for panel in all() {
        run(reader, panel, Some(1)).await;
        run(reader, panel, Some(u64::MAX)).await;
    }
    grafana(reader).await;
}

/// Two jobs in a minute and a half, one of them given up, and what two looks at the load saw.
const TOLD: [&str; 4] = [
    "INSERT INTO dispatch_jobs (seq, at, job, state, kind, node, ran_ms, cost) VALUES \
     (1, '2024-05-01 12:00:00.000', 'a', 'queued', 'llm_inference', '', 0, 0), \
     (2, '2024-05-01 12:00:00.000', 'b', 'queued', 'llm_inference', '', 0, 0), \
     (3, '2024-05-01 12:00:01.000', 'a', 'leased', '', 'n', 0, 0), \
     (5, '2024-05-01 12:00:04.000', 'a', 'completed', '', 'n', 3000, 30000), \
     (9, '2024-05-01 12:01:30.000', 'b', 'dead', '', '', 0, 0)",
    // Jobs of the chain that this dispatcher gave to nobody: taken by others, cancelled by their client.
    "INSERT INTO dispatch_jobs (seq, at, job, state, kind, cause) VALUES \
     (11, '2024-05-01 12:00:02.000', 'c', 'waiting', 'render', ''), \
     (12, '2024-05-01 12:00:03.000', 'd', 'waiting', 'render', ''), \
     (13, '2024-05-01 12:00:06.000', 'c', 'elsewhere', '', 'assigned'), \
     (14, '2024-05-01 12:00:08.000', 'c', 'elsewhere', '', 'completed'), \
     (15, '2024-05-01 12:00:09.000', 'd', 'cancelled', '', 'chain')",
    "INSERT INTO dispatch_attempts (seq, n, at, job, fence, what, node, fault, wait_ms) VALUES \
     (3, 0, '2024-05-01 12:00:01.000', 'a', 1, 'offered', 'n', '', 0), \
     (3, 1, '2024-05-01 12:00:01.000', 'a', 1, 'run', 'n', '', 1000), \
     (4, 0, '2024-05-01 12:00:02.000', 'b', 1, 'offered', 'm', '', 0), \
     (4, 1, '2024-05-01 12:00:02.000', 'b', 1, 'missed', 'm', 'declined', 0), \
     (7, 0, '2024-05-01 12:01:01.000', 'b', 2, 'missed', 'm', 'expired', 0), \
     (8, 0, '2024-05-01 12:01:02.000', 'b', 2, 'refused', 'm', 'stale', 0)",
    "INSERT INTO dispatch_load VALUES (6, '2024-05-01 12:00:30.000', 2, 8, 2, 1, 2), \
     (10, '2024-05-01 12:01:31.000', 2, 8, 4, 0, 0)",
];

#[tokio::test]
async fn panels_of_dispatch_say_what_was_told() {
    let Some((client, engine)) = support::engine().await else {
        return;
    };
    for sql in TOLD {
        execute(&client, sql).await;
    }
    let of = async |name: &str| {
        let panel = panels::find("dispatch", name).expect("a panel");
        run(&engine.reader, panel, Some(1)).await
    };
    let minutes = |table: &Table, name: &str| {
        let column = column(table, name);
        assert_eq!(column.len(), 60, "{name}");
        column[58..].to_vec()
    };
    let flow = of("flow").await;
    assert_eq!(minutes(&flow, "submitted"), [2.0, 0.0]);
    assert_eq!(minutes(&flow, "completed"), [1.0, 0.0]);
    assert_eq!(minutes(&flow, "failed"), [0.0, 1.0]);
    assert_eq!(minutes(&flow, "cancelled"), [0.0, 0.0]);
    let wait = of("queue_wait").await;
    for name in ["p50", "p95", "p99"] {
        assert_eq!(minutes(&wait, name)[0], 1.0, "{name}");
        assert!(minutes(&wait, name)[1].is_nan(), "no run began");
    }
    assert_eq!(minutes(&of("run_time").await, "p99")[0], 3.0);
    let offers = of("offers").await;
    assert_eq!(minutes(&offers, "offered"), [2.0, 0.0]);
    assert_eq!(minutes(&offers, "declined"), [1.0, 0.0]);
    let lost = of("lost").await;
    assert_eq!(minutes(&lost, "expired"), [0.0, 1.0]);
    assert_eq!(minutes(&lost, "stale_answers"), [0.0, 1.0]);
    let used = of("utilisation").await;
    assert_eq!(minutes(&used, "utilisation"), [25.0, 50.0]);
    let states = of("by_state").await;
    assert_eq!((sum(&states, "jobs"), states.rows.len()), (2.0, 8));
    let of_state = |name: &str| {
        let row = states
            .rows
            .iter()
            .position(|row| row[0] == Cell::Text(name.into()));
        column(&states, "jobs")[row.expect("a state")]
    };
    assert_eq!((of_state("completed"), of_state("dead")), (1.0, 1.0));
}

/// What Grafana would send is what the engine understands: variables replaced as Grafana replaces them.
async fn grafana(reader: &Client) {
    for (path, text) in panels::grafana_files() {
        let Ok(dashboard) = serde_json::from_str::<serde_json::Value>(&text) else {
            continue;
        };
        for panel in dashboard["panels"].as_array().expect("panels") {
            let sql = panel["targets"][0]["rawSql"].as_str().expect("a query");
            let sql = sql
                .replace("${__to}", "1714564800000")
                .replace("${__from}", "1714561200001")
                .replace("${top}", "20")
                .replace("${decimals}", "6");
            assert!(
                !sql.contains("${") && !sql.contains("{hours"),
                "{path}: {sql}"
            );
            let answer = reader.text(&sql, "Null").await;
            assert!(answer.is_ok(), "{path}, {}: {answer:?}", panel["title"]);
        }
    }
}

#[test]
fn grafana_files_are_what_the_panels_make() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboards/grafana");
    for (path, text) in panels::grafana_files() {
        let stored = fs::read_to_string(folder.join(&path)).unwrap_or_default();
        assert!(
            stored == text,
            "dashboards/grafana/{path} is out of date: cargo run -p hypernode-analytics --example grafana"
        );
    }
    let count = |folder: &Path| fs::read_dir(folder).expect("a folder").count();
    assert_eq!(
        count(&folder),
        panels::groups().len() + 1,
        "files that no group makes"
    );
}
