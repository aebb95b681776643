//! Thousands of tables, as IDLs of thousands of events bring them, on the real engine: every statement that names them
//! all is taken.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use common::batches::{batch, spec};
use hypernode_schemas::table::{Column, TableRows, TableSpec};
use hypernode_warehouse::migrate::{evolve_tables, migrate};
use hypernode_warehouse::recover::recover;
use hypernode_warehouse::{Batch, Client, Writer};

/// Their names alone are 220 KB: any statement that says each once with a word beside it passes ClickHouse's 256 KiB.
const TABLES: usize = 1_100;

fn specs() -> Vec<TableSpec> {
    let one = spec();
    (0..TABLES)
        .map(|number| TableSpec {
            name: format!("ev_test_{number:0192}"),
            ..one.clone()
        })
        .collect()
}

/// A batch with rows in every one of these tables.
async fn everywhere(client: &Client, tables: &[TableSpec]) -> Batch {
    let mut all = batch(client, 100, 103).await;
    let things = all.tables.remove(0);
    let rows = tables.iter().map(|table| TableRows {
        table: table.name.clone(),
        ..things.clone()
    });
    all.tables.extend(rows);
    all
}

// I-05, I-07, I-08.
#[tokio::test]
async fn more_tables_than_one_statement_can_name_are_made_written_verified_and_recovered() {
    let Some(t) = common::engine().await else {
        return;
    };
    migrate(&t.client).await.unwrap();
    let tables = specs();
    let made = evolve_tables(&t.client, &tables).await.unwrap();
    assert_eq!(made.created, TABLES);
    let batch = everywhere(&t.client, &tables).await;
    Writer::new(t.client.clone()).write(&batch).await.unwrap();
    // A start: the ledger row is verified in all tables, and a row that it does not cover is found in the last one.
    let last = &tables[TABLES - 1].name;
    let stray = format!("INSERT INTO {last} SELECT * REPLACE (999 AS slot) FROM {last} LIMIT 1");
    t.client.execute(&stray).await.unwrap();
    let found = recover(&t.client, &[]).await.unwrap();
    assert_eq!(found.verified, 1);
    assert_eq!(found.removed, [(last.clone(), 1)]);
    // A table among the many that was changed behind the ledger is still noticed.
    let gone = format!("ALTER TABLE {last} DELETE WHERE slot = 101 SETTINGS mutations_sync = 2");
    t.client.execute(&gone).await.unwrap();
    let error = recover(&t.client, &[]).await.unwrap_err().to_string();
    assert!(error.contains(last.as_str()), "{error}");
}

/// A checksum names a column that came later four times: its statement is longer than the table's own.
#[tokio::test]
async fn a_table_of_a_thousand_later_columns_is_summed_and_one_too_wide_to_be_loaded_again_is_refused()
 {
    let Some(t) = common::engine().await else {
        return;
    };
    migrate(&t.client).await.unwrap();
    let field = |number: usize| Column {
        name: format!("field_{number:0150}"),
        kind: "Nullable(UInt8)".into(),
    };
    let mut wide = vec![spec()];
    evolve_tables(&t.client, &wide).await.unwrap();
    wide[0].columns.extend((0..1_000).map(field));
    let lines = evolve_tables(&t.client, &wide).await.unwrap().lines;
    assert_eq!(lines.len(), 1_000);
    let batch = batch(&t.client, 100, 103).await;
    Writer::new(t.client.clone()).write(&batch).await.unwrap();
    assert_eq!(recover(&t.client, &[]).await.unwrap().verified, 1);
    // The engine reads a table's statement again at each start, and then knows no setting of ours.
    wide[0].name = "ev_test_Wider".into();
    wide[0].columns.extend((1_000..2_000).map(field));
    let error = evolve_tables(&t.client, &wide).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    let name = "SELECT count() FROM system.tables WHERE name = 'ev_test_Wider'";
    assert_eq!(t.text(name).await, "0");
}
