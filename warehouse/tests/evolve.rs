//! Tables that follow their IDLs, on the real engine: nothing stored changes, nothing is dropped.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use common::batches::{batch, spec};
use hypernode_schemas::table::{Column, TableSpec};
use hypernode_warehouse::migrate::{Placement, evolve_tables};
use hypernode_warehouse::recover::recover;
use hypernode_warehouse::{Client, Writer};

/// The test table's layout with further columns.
fn with(more: &[(&str, &str)]) -> TableSpec {
    let mut spec = spec();
    spec.columns.extend(more.iter().map(|(name, kind)| Column {
        name: (*name).into(),
        kind: (*kind).into(),
    }));
    spec
}

/// An event's pair of tables, with one field of its own.
fn pair(field: &str, kind: &str) -> Vec<TableSpec> {
    let mut one = with(&[(field, kind)]);
    one.name = "ev_test_Pair".into();
    let failed = TableSpec {
        name: "ev_test_Pair_failed".into(),
        ..one.clone()
    };
    vec![one, failed]
}

async fn evolve(client: &Client, specs: &[TableSpec]) -> Placement {
    evolve_tables(client, specs).await.unwrap()
}

fn unchanged() -> Placement {
    Placement::default()
}

/// Every kind of column that an IDL can bring. Its enums begin at 0, which is what an older writer's rows get.
const MORE: [(&str, &str); 9] = [
    ("n", "Nullable(UInt64)"),
    ("e", "Enum8('x' = 0, 'y' = 1)"),
    ("ne", "Nullable(Enum8('x' = 0))"),
    (
        "t",
        "Tuple(kind Enum8('a' = 0, 'b' = 1), n Nullable(UInt8))",
    ),
    ("l", "Array(Tuple(a UInt8, b String))"),
    ("f", "Float64"),
    ("k", "FixedString(32)"),
    ("w", "Int256"),
    ("row_hash", "String"),
];

// I-08, I-26.
#[tokio::test]
async fn added_columns_change_no_stored_checksum_and_count_from_then_on() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let before = Writer::new(t.client.clone());
    before
        .write(&batch(&t.client, 100, 103).await)
        .await
        .unwrap();
    let evolved = evolve(&t.client, &[with(&MORE)]).await;
    assert_eq!(evolved.lines.len(), MORE.len(), "{evolved:?}");
    assert!(evolved.renames.is_empty() && evolved.created == 0);
    assert_eq!(evolve(&t.client, &[with(&MORE)]).await, unchanged());
    assert_eq!(recover(&t.client, &[]).await.unwrap().verified, 1);
    // The writer of before goes on (its layout is known to it), and so does one that starts now.
    before
        .write(&batch(&t.client, 104, 107).await)
        .await
        .unwrap();
    Writer::new(t.client.clone())
        .write(&batch(&t.client, 108, 111).await)
        .await
        .unwrap();
    assert_eq!(recover(&t.client, &[]).await.unwrap().verified, 3);
    // A value in a column of later is part of the checksum, and so is the row that it stands in.
    let update = |value: &str, row: u8| {
        format!(
            "ALTER TABLE ev_test_Thing UPDATE k = {value} WHERE slot = 104 AND tx_index = {row} SETTINGS mutations_sync = 2"
        )
    };
    t.client
        .execute(&update("toFixedString('k', 32)", 1))
        .await
        .unwrap();
    let error = recover(&t.client, &[]).await.unwrap_err().to_string();
    assert!(error.contains("104 to 107"), "{error}");
    t.client
        .execute(&update("toFixedString('', 32)", 1))
        .await
        .unwrap();
    assert_eq!(recover(&t.client, &[]).await.unwrap().verified, 3);
}

// I-26.
#[tokio::test]
async fn a_checksum_over_added_values_holds_and_notices_a_swap() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    evolve(&t.client, &[with(&[("late", "String")])]).await;
    let writer = Writer::new(t.client.clone());
    let mut with_late = batch(&t.client, 100, 103).await;
    let things = format!(
        "SELECT *, toString(slot * 100 + tx_index) AS late FROM ({}) ORDER BY slot, tx_index",
        common::batches::things_sql(100, 103, 10)
    );
    with_late.tables[0].native = t.client.text(&things, "Native").await.unwrap();
    writer.write(&with_late).await.unwrap();
    assert_eq!(
        t.text("SELECT uniqExact(late) FROM ev_test_Thing").await,
        "40"
    );
    assert_eq!(recover(&t.client, &[]).await.unwrap().verified, 1);
    let swap = "ALTER TABLE ev_test_Thing UPDATE late = toString(slot * 100 + (1 - tx_index)) \
        WHERE slot = 100 AND tx_index < 2 SETTINGS mutations_sync = 2";
    t.client.execute(swap).await.unwrap();
    assert!(recover(&t.client, &[]).await.is_err());
}

// I-26.
#[tokio::test]
async fn an_enum_gains_values_and_an_older_layout_goes_on_beside_them() {
    let Some(t) = common::engine().await else {
        return;
    };
    common::prepare(&t.client).await;
    let small = ("e", "Enum8('x' = 0, 'y' = 1)");
    let large = ("e", "Enum8('x' = 0, 'y' = 1, 'z' = 2)");
    for (base, name) in [(true, "ev_test_Base"), (false, "ev_test_Thing")] {
        let named = |column| TableSpec {
            name: name.into(),
            ..with(&[column])
        };
        evolve(&t.client, &[named(small)]).await;
        let insert = |value: &str, slot: u64| {
            format!(
                "INSERT INTO {name} SELECT *, CAST('{value}', '{}') AS e FROM ({})",
                if value == "z" { large.1 } else { small.1 }.replace('\'', "\\'"),
                common::batches::things_sql(slot, slot, 1)
            )
        };
        t.client.execute(&insert("y", 100)).await.unwrap();
        let sum = || async {
            let sql = format!("SELECT cityHash64(e) FROM {name} WHERE slot = 100");
            t.client.rows::<u64>(&sql).await.unwrap()
        };
        let before = sum().await;
        let widened = evolve(&t.client, &[named(large)]).await;
        assert_eq!(widened.lines.len(), 1, "{widened:?}");
        assert!(widened.renames.is_empty());
        assert_eq!(sum().await, before);
        t.client.execute(&insert("z", 101)).await.unwrap();
        // Back to the older layout: the table keeps what it has and takes the older rows.
        assert_eq!(evolve(&t.client, &[named(small)]).await, unchanged());
        let native = t
            .client
            .text(
                &format!(
                    "SELECT *, CAST('y', '{}') AS e FROM ({})",
                    small.1.replace('\'', "\\'"),
                    common::batches::things_sql(102, 102, 1)
                ),
                "Native",
            )
            .await
            .unwrap();
        t.client.insert_native(name, native, name).await.unwrap();
        let values = t
            .text(&format!(
                "SELECT groupArray(e) FROM (SELECT e FROM {name} ORDER BY slot)"
            ))
            .await;
        assert_eq!(values, "['y','z','y']");
        let comment =
            format!("SELECT comment FROM system.columns WHERE table = '{name}' AND name = 'e'");
        assert_eq!(t.text(&comment).await, if base { "" } else { "added" });
    }
}

#[tokio::test]
async fn an_incompatible_layout_starts_a_version_and_each_finds_its_own_again() {
    let Some(t) = common::engine().await else {
        return;
    };
    let first = evolve(&t.client, &pair("a", "UInt8")).await;
    assert_eq!((first.created, first.renames.len()), (2, 0));
    let row = format!(
        "INSERT INTO ev_test_Pair SELECT *, toUInt8(7) AS a FROM ({})",
        common::batches::things_sql(1, 1, 1)
    );
    t.client.execute(&row).await.unwrap();
    for _ in 0..2 {
        let second = evolve(&t.client, &pair("a", "UInt16")).await;
        assert_eq!(second.renames["ev_test_Pair"], "ev_test_Pair_v2");
        assert_eq!(
            second.renames["ev_test_Pair_failed"],
            "ev_test_Pair_v2_failed"
        );
        assert!(second.lines[0].contains("column a is UInt8"), "{second:?}");
    }
    // A field that is gone is another layout too; the first one still has its table and rows.
    let third = evolve(&t.client, &pair("b", "UInt8")).await;
    assert_eq!(
        third.renames["ev_test_Pair_failed"],
        "ev_test_Pair_v3_failed"
    );
    assert_eq!(evolve(&t.client, &pair("a", "UInt8")).await, unchanged());
    assert_eq!(t.text("SELECT a FROM ev_test_Pair").await, "7");
    let tables = "SELECT count() FROM system.tables WHERE name LIKE 'ev_test_Pair%'";
    assert_eq!(t.text(tables).await, "6");
}

#[tokio::test]
async fn an_interrupted_evolution_is_completed() {
    let Some(t) = common::engine().await else {
        return;
    };
    evolve(&t.client, &pair("a", "UInt8")).await;
    let mut wanted = pair("a", "UInt8");
    for spec in &mut wanted {
        let more = MORE.map(|(name, kind)| Column {
            name: name.into(),
            kind: kind.into(),
        });
        spec.columns.extend(more);
    }
    // Cut after one column of one table, and before the other table was made at all.
    let alter = "ALTER TABLE ev_test_Pair ADD COLUMN n Nullable(UInt64) COMMENT 'added'";
    t.client.execute(alter).await.unwrap();
    t.client
        .execute("DROP TABLE ev_test_Pair_failed")
        .await
        .unwrap();
    let evolved = evolve(&t.client, &wanted).await;
    assert!(evolved.renames.is_empty());
    assert_eq!((evolved.created, evolved.lines.len()), (1, MORE.len() - 1));
    assert_eq!(evolve(&t.client, &wanted).await, unchanged());
}

#[tokio::test]
async fn two_processes_at_once_agree() {
    let Some(t) = common::engine().await else {
        return;
    };
    for round in 0..3_u8 {
        let more: Vec<(String, &str)> = MORE
            .iter()
            .map(|(name, kind)| (format!("{name}{round}"), *kind))
            .collect();
        let mut specs = vec![spec()];
        specs.extend(pair("a", if round == 1 { "UInt16" } else { "UInt8" }));
        if round > 0 {
            specs[0]
                .columns
                .extend(more.iter().map(|(name, kind)| Column {
                    name: name.clone(),
                    kind: (*kind).into(),
                }));
        }
        let (one, two) = tokio::join!(
            evolve_tables(&t.client, &specs),
            evolve_tables(&t.client, &specs)
        );
        assert_eq!(one.unwrap().renames, two.unwrap().renames, "round {round}");
    }
    let columns =
        "SELECT count() - uniqExact(name) FROM system.columns WHERE table = 'ev_test_Thing'";
    assert_eq!(t.text(columns).await, "0");
}

/// ClickHouse refuses fixed strings of more than 256 bytes unless it is told that they are meant.
#[tokio::test]
async fn long_byte_arrays_of_an_idl_become_columns() {
    let Some(t) = common::engine().await else {
        return;
    };
    let mut specs = pair("a", "FixedString(300)");
    assert_eq!(evolve(&t.client, &specs).await.created, 2);
    for spec in &mut specs {
        spec.columns.push(Column {
            name: "b".into(),
            kind: "Array(FixedString(1000))".into(),
        });
    }
    assert_eq!(evolve(&t.client, &specs).await.lines.len(), 2);
    assert_eq!(evolve(&t.client, &specs).await, unchanged());
}
