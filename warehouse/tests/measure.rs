//! Figures, printed on demand: `cargo test --release -p hypernode-warehouse --test measure -- --ignored --nocapture`.
#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use std::time::{Duration, Instant};

use common::batches::{batch, things};
use hypernode_schemas::table::TableSpec;
use hypernode_warehouse::{Batch, Client, Writer, migrate};

/// Resident memory of a process in MiB: all, private, of files.
fn resident(pid: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name)).unwrap_or("");
        line.split_whitespace()
            .nth(1)
            .and_then(|v| v.parse::<u64>().ok())
            .unwrap_or(0)
            / 1024
    };
    format!(
        "{} MiB resident ({} private, {} of files), {} threads",
        field("VmRSS"),
        field("RssAnon"),
        field("RssFile"),
        {
            let line = status
                .lines()
                .find(|l| l.starts_with("Threads"))
                .unwrap_or("");
            line.split_whitespace().nth(1).unwrap_or("?").to_owned()
        }
    )
}

fn many(count: usize) -> Vec<TableSpec> {
    let named = |i| TableSpec {
        name: format!("ev_m{i}_Thing"),
        ..common::batches::spec()
    };
    (0..count).map(named).collect()
}

fn spread(base: &Batch, tables: &[TableSpec]) -> Batch {
    let mut batch = base.clone();
    let rows = base.tables[0].clone();
    for spec in tables {
        let mut rows = rows.clone();
        rows.table.clone_from(&spec.name);
        batch.tables.insert(0, rows);
    }
    batch
}

#[tokio::test]
#[ignore = "takes 70 s; prints figures"]
async fn memory_under_small_batches() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let tables = many(14);
    migrate::evolve_tables(&t.client, &tables).await.unwrap();
    let writer = Writer::new(t.client.clone());
    let started = Instant::now();
    let mut slot = 4;
    let seconds = std::env::var("SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(60);
    let mut times = Vec::new();
    while started.elapsed() < Duration::from_secs(seconds) {
        let batch = spread(&batch(&t.client, slot, slot + 3).await, &tables);
        let written = writer.write(&batch).await.unwrap();
        times.push(written.time);
        slot += 4;
        for _ in 0..3 {
            let _ = t
                .reader
                .text(
                    "SELECT count(), uniqExact(tx_index) FROM ev_m3_Thing",
                    "JSON",
                )
                .await;
        }
        tokio::time::sleep(Duration::from_millis(1600).saturating_sub(written.time)).await;
        if slot % 40 == 0 {
            println!(
                "{:>4} s: {}",
                started.elapsed().as_secs(),
                resident(t.engine.pid().unwrap())
            );
        }
    }
    times.sort();
    println!(
        "write of 16 tables: median {:?}, worst {:?}",
        times[times.len() / 2],
        times[times.len() - 1]
    );
    println!("end: {}", resident(t.engine.pid().unwrap()));
}

async fn rate(client: &Client, what: &str, rows: u64, work: impl Future<Output = ()>) {
    let _ = client;
    let started = Instant::now();
    work.await;
    let time = started.elapsed();
    println!(
        "{what}: {:.0} rows/s ({rows} rows in {time:?})",
        rows as f64 / time.as_secs_f64()
    );
}

#[tokio::test]
#[ignore = "prints figures"]
async fn native_and_row_binary_and_the_writer() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let (blocks, per_slot, span) = (20u64, 400, 256);
    let rows = span * per_slot;
    let mut natives = Vec::new();
    for i in 0..blocks {
        natives.push(things(&t.client, i * span, (i + 1) * span - 1, per_slot).await);
    }
    let mut binaries = Vec::new();
    t.client
        .execute("CREATE TABLE load AS ev_test_Thing")
        .await
        .unwrap();
    for block in &natives {
        t.client.execute("TRUNCATE TABLE load").await.unwrap();
        t.client
            .insert_native("load", block.native.clone(), "")
            .await
            .unwrap();
        binaries.push(
            t.client
                .text("SELECT * FROM load", "RowBinary")
                .await
                .unwrap(),
        );
    }
    println!("{} bytes a row", natives[0].native.len() as u64 / rows);
    let raw = t.client.raw();
    for round in 0..2 {
        t.client.execute("TRUNCATE TABLE load").await.unwrap();
        rate(&t.client, "Native", rows * blocks, async {
            for (i, block) in natives.iter().enumerate() {
                let token = format!("n{round}{i}");
                t.client
                    .insert_native("load", block.native.clone(), &token)
                    .await
                    .unwrap();
            }
        })
        .await;
        t.client.execute("TRUNCATE TABLE load").await.unwrap();
        rate(&t.client, "RowBinary", rows * blocks, async {
            for (i, block) in binaries.iter().enumerate() {
                let mut insert = raw
                    .insert_formatted_with("INSERT INTO load FORMAT RowBinary")
                    .with_setting("insert_deduplication_token", format!("b{round}{i}"));
                insert.send(block.clone()).await.unwrap();
                insert.end().await.unwrap();
            }
        })
        .await;
        let client = &t.client;
        t.client.execute("TRUNCATE TABLE load").await.unwrap();
        rate(&t.client, "Native, two at once", rows * blocks, async {
            use futures::stream::{self, StreamExt as _};
            stream::iter(natives.iter().enumerate())
                .map(|(i, block)| async move {
                    let token = format!("p{round}{i}");
                    client
                        .insert_native("load", block.native.clone(), &token)
                        .await
                        .unwrap();
                })
                .buffer_unordered(2)
                .collect::<Vec<_>>()
                .await;
        })
        .await;
        for sql in [
            "TRUNCATE TABLE ev_test_Thing",
            "TRUNCATE TABLE ingest_ledger",
        ] {
            t.client.execute(sql).await.unwrap();
        }
        let writer = Writer::new(t.client.clone());
        let mut batches = Vec::new();
        for (i, block) in natives.iter().enumerate() {
            let mut batch = batch(&t.client, 0, 0).await;
            batch.slot_lo = i as u64 * span;
            batch.slot_hi = batch.slot_lo + span - 1;
            batch.tables = vec![block.clone()];
            batches.push(batch);
        }
        rate(
            &t.client,
            "writer (one table, read-back, ledger)",
            rows * blocks,
            async {
                for batch in &batches {
                    writer.write(batch).await.unwrap();
                }
            },
        )
        .await;
        println!("{}", resident(t.engine.pid().unwrap()));
    }
}

#[tokio::test]
#[ignore = "prints figures"]
async fn start_and_recovery_with_many_tables() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let clock = Instant::now();
    let tables = many(200);
    migrate::evolve_tables(&t.client, &tables).await.unwrap();
    println!("200 tables made in {:?}", clock.elapsed());
    let writer = Writer::new(t.client.clone());
    for i in 0..3 {
        let batch = spread(&batch(&t.client, 4 * i, 4 * i + 3).await, &tables[..60]);
        println!(
            "write of 62 tables: {:?}",
            writer.write(&batch).await.unwrap().time
        );
    }
    t.engine.shutdown().await;
    let clock = Instant::now();
    let t = common::engine_in(t.dir).await.unwrap();
    println!("start: {:?}", clock.elapsed());
    let clock = Instant::now();
    migrate::migrate(&t.client).await.unwrap();
    println!("migrate: {:?}", clock.elapsed());
    let clock = Instant::now();
    migrate::evolve_tables(&t.client, &tables).await.unwrap();
    println!("compare: {:?}", clock.elapsed());
    let clock = Instant::now();
    let recovery = hypernode_warehouse::recover::recover(&t.client, &[])
        .await
        .unwrap();
    println!(
        "recover: {:?} {} verified",
        clock.elapsed(),
        recovery.verified
    );
    println!("{}", resident(t.engine.pid().unwrap()));
}
