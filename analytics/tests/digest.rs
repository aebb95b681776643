//! The index digest on the real engine, against its definition's own program and test vectors.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::fmt::Write as _;
use std::process::Command;

use hypernode_analytics::digest::{self, At, Hash, Header, Keeper, ProgramIdl, block_leaf};
use hypernode_warehouse::Client;

const DEFINITION: &str = include_str!("../../docs/digest.md");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The program in the definition, with more lines after it; what it prints.
fn reference(more: &str) -> Option<String> {
    let (_, rest) = DEFINITION.split_once("```python\n")?;
    let (program, _) = rest.split_once("```")?;
    let output = Command::new("python3")
        .args(["-c", &format!("{program}\n{more}")])
        .output()
        .ok()?;
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

/// Rows of the vectors' table: leaves and digest.
fn vectors() -> Vec<(usize, String)> {
    let (_, table) = DEFINITION.split_once("## Test vectors").expect("vectors");
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let count = cells.next()?.parse().ok()?;
        Some((
            count,
            cells.next()?.trim_matches(['`', ' ', '|']).to_owned(),
        ))
    });
    rows.collect()
}

// I-30.
#[test]
fn the_definitions_program_gives_the_definitions_vectors() {
    let vectors = vectors();
    assert!(vectors.len() >= 4, "{vectors:?}");
    let program = "
leaves = [block_leaf(100 + n, bytes([n + 1] * 32), 99 + n, bytes([n] * 32), b'\\xab' * n) for n in range(100)]
for n in (0, 1, 2, 7, 100): print('|', n, '| `' + digest(leaves[:n], [(0, 'h')]).hex() + '` |')";
    let Some(printed) = reference(program) else {
        eprintln!("skipped: there is no python3");
        return;
    };
    for (count, digest) in vectors {
        assert!(
            printed.contains(&format!("| {count} | `{digest}` |")),
            "{count}: the program prints\n{printed}"
        );
    }
}

fn header(idl: &str) -> Header {
    Header {
        genesis: "11111111111111111111111111111111".into(),
        map_version: 1,
        idls: vec![ProgramIdl {
            program: "4BiCn9Ub6omhkjTsqCPQ3D1Kkn4WBmXnCRnJ5RqmRbbV".into(),
            from_slot: 0,
            idl: idl.into(),
        }],
    }
}

async fn execute(client: &Client, sql: &str) {
    client.execute(sql).await.expect(sql);
}

async fn blocks(client: &Client, slots: std::ops::Range<u64>) {
    let (start, last) = (slots.start, slots.end - 1);
    let count = slots.end - start;
    let half = count / 2;
    for sql in [
        format!(
            "INSERT INTO blocks (slot, parent_slot, blockhash, parent_blockhash) SELECT number AS slot, number - 1, \
             toFixedString(repeat(char(number), 32), 32), toFixedString(repeat(char(number - 1), 32), 32) \
             FROM numbers({start}, {count})"
        ),
        format!(
            "INSERT INTO canonical_events (slot, tx_index, outer_ix, name, price, kind) \
             SELECT {start} + intDiv(number, 3), number % 3, 1, repeat('é', number), number, 'JobCreated' \
             FROM numbers({half} * 3)"
        ),
        format!(
            "INSERT INTO ingest_ledger (slot_lo, slot_hi, last_block_slot, finalized_slot, seq) \
             SELECT {start}, {last}, {last}, {last}, (SELECT max(seq) + 1 FROM \
             (SELECT seq FROM ingest_ledger UNION ALL SELECT seq FROM retractions))"
        ),
    ] {
        execute(client, &sql).await;
    }
}

async fn known(client: &Client, slot: Option<u64>) -> digest::Digest {
    match digest::at(client, slot).await.expect("digest") {
        At::Known(digest) => *digest,
        At::Outside(range) => panic!("{slot:?} is outside {range:?}"),
    }
}

// I-30.
#[tokio::test]
async fn the_kept_digest_is_that_of_the_definition_however_it_came_about() {
    let Some((client, _engine)) = support::engine().await else {
        return;
    };
    let client = &client;
    assert_eq!(
        digest::at(client, None).await.expect("answer"),
        At::Outside(None)
    );
    let mut keeper = Keeper::new(client.clone(), header("aa"));
    assert_eq!(keeper.step().await.expect("step").leaves, 0);
    blocks(client, 10..20).await;
    assert_eq!(keeper.step().await.expect("step").leaves, 10);
    assert_eq!(keeper.step().await.expect("step").leaves, 0);
    // Another process goes on, after a step that did not end.
    let sql = "INSERT INTO digest_leaves SELECT 10, 20, toFixedString('x', 32)";
    execute(client, sql).await;
    blocks(client, 20..33).await;
    let mut keeper = Keeper::new(client.clone(), header("bb"));
    let step = keeper.step().await.expect("step");
    assert_eq!((step.leaves, step.slot), (13, Some(32)));

    // What the engine prints for each slot, as the definition says.
    let (_, rest) = DEFINITION.split_once("```sql\n").expect("query");
    let (query, _) = rest.split_once("```").expect("its end");
    let query = query.replace("FORMAT RowBinary", "");
    let mut leaves: Vec<Hash> = Vec::new();
    for slot in 10..33_u64 {
        let sql = query.replace("slot = 1037", &format!("slot = {slot}"));
        let events = client.text(&sql, "RowBinary").await.expect("events");
        let hash = |n: u64| [u8::try_from(n).expect("small"); 32];
        leaves.push(block_leaf(
            slot,
            &hash(slot),
            slot - 1,
            &hash(slot - 1),
            &[&events],
        ));
    }
    for (slot, count) in [(10, 1), (15, 6), (19, 10), (20, 11), (32, 23)] {
        let known = known(client, Some(slot)).await;
        assert_eq!((known.leaves, known.last_slot), (count, slot));
        assert_eq!(
            known.leaf,
            leaves[usize::try_from(count).expect("small") - 1]
        );
        let list: Vec<String> = leaves[..usize::try_from(count).expect("small")]
            .iter()
            .map(|leaf| format!("bytes.fromhex('{}')", hex(leaf)))
            .collect();
        let headers: Vec<String> = known
            .headers
            .iter()
            .map(|(before, text)| format!("({before}, {text:?})"))
            .collect();
        assert_eq!(headers.len(), if count > 10 { 2 } else { 1 }, "{headers:?}");
        let program = format!(
            "print(digest([{}], [{}]).hex())",
            list.join(", "),
            headers.join(", ")
        );
        if let Some(printed) = reference(&program) {
            assert_eq!(printed.trim(), hex(&known.digest), "slot {slot}");
        }
    }
    assert_eq!(
        digest::at(client, Some(33)).await.expect("answer"),
        At::Outside(Some((10, 32)))
    );

    // What is taken back and written anew, differently, comes to another digest; the same content to the same.
    let before = known(client, None).await;
    for (seq, table_change) in [
        (
            100,
            "ALTER TABLE canonical_events UPDATE price = price + 1 WHERE slot = 12 SETTINGS mutations_sync = 2",
        ),
        (
            200,
            "ALTER TABLE canonical_events UPDATE price = price - 1 WHERE slot = 12 SETTINGS mutations_sync = 2",
        ),
        // The very leaves that were removed: no engine may take them for what it has already.
        (300, "SELECT 1"),
    ] {
        execute(client, table_change).await;
        assert_eq!(keeper.step().await.expect("step").leaves, 0);
        let sql = format!(
            "INSERT INTO retractions (seq, epoch, slot_lo, slot_hi, reason) SELECT {seq}, {seq}, 12, 14, 'repair'"
        );
        execute(client, &sql).await;
        // Its rows are still there, but no longer in force: what they say must not become leaves again.
        assert_eq!(keeper.step().await.expect("step").leaves, 0);
        let outside = digest::at(client, Some(12)).await.expect("answer");
        assert_eq!(outside, At::Outside(None));
        for sql in [
            format!(
                "INSERT INTO ingest_ledger (slot_lo, slot_hi, last_block_slot, finalized_slot, epoch, seq) \
                 SELECT 10, 19, 19, 19, {seq}, {seq} + 1"
            ),
            format!(
                "ALTER TABLE ingest_ledger DELETE WHERE slot_lo = 10 AND epoch < {seq} SETTINGS mutations_sync = 2"
            ),
        ] {
            execute(client, &sql).await;
        }
        assert!(keeper.step().await.expect("step").leaves > 0);
        let after = known(client, None).await;
        assert_eq!(after.leaves, before.leaves);
        assert_eq!(after.digest == before.digest, seq >= 200, "{seq}");
    }

    // A checkpoint that counts a leaf that is not there vouches for nothing: another process computes all of it anew.
    let sql = "ALTER TABLE digest_leaves DELETE WHERE number = 7 SETTINGS mutations_sync = 2";
    execute(client, sql).await;
    let mut keeper = Keeper::new(client.clone(), header("bb"));
    assert_eq!(keeper.step().await.expect("step").leaves, 23);
    assert_eq!(known(client, None).await, before);

    // Nothing goes beyond a hole in the ledger.
    blocks(client, 40..45).await;
    assert_eq!(keeper.step().await.expect("step").leaves, 0);
    let sql =
        "INSERT INTO gaps (slot_lo, slot_hi, state, reason) SELECT 33, 39, 'accepted', 'a test'";
    execute(client, sql).await;
    assert_eq!(keeper.step().await.expect("step").leaves, 6);
    let program = "print(missing_leaf(33, 39).hex())";
    let missing: String = client
        .rows("SELECT lower(hex(leaf)) FROM digest_leaves WHERE number = 23")
        .await
        .expect("leaf")
        .remove(0);
    if let Some(printed) = reference(program) {
        assert_eq!(printed.trim(), missing);
    }

    // What was given up and is stored after all is as if it had never been missing.
    blocks(client, 33..40).await;
    assert_eq!(keeper.step().await.expect("step").leaves, 12);
    let slots: u64 = client
        .rows("SELECT count() FROM digest_leaves WHERE slot BETWEEN 33 AND 44")
        .await
        .expect("leaves")
        .remove(0);
    assert_eq!(slots, 12, "one of each block, none of a hole");

    // History before the start makes it another digest; the same header over all of it is as if begun so.
    blocks(client, 5..10).await;
    assert_eq!(keeper.step().await.expect("step").leaves, 40);
    let known = known(client, None).await;
    assert_eq!((known.leaves, known.headers.len()), (40, 1));
    assert!(known.headers[0].1.contains("start 5\n"));
}
