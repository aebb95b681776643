//! A real engine with a small history written by hand, for tests of the figures, the routes and the panels.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

use std::path::{Path, PathBuf};

use hypernode_warehouse::engine::{Engine, EngineOptions};
use hypernode_warehouse::{Client, Endpoint, Secret, library, migrate};

/// First second of the history.
pub const START: u32 = 1_700_000_000;
/// Last slot of the history that the figures are computed for by hand.
pub const LAST: u64 = 8;
/// A later slot, whose block holds jobs with the highest prices there are.
pub const EXTREME: u64 = 100;

const DAY: u32 = 86_400;

/// Block time of a slot: the first five ten seconds apart, then days.
pub fn block_time(slot: u64) -> u32 {
    match slot {
        0..=5 => START + 10 * u32::try_from(slot).expect("small"),
        6 => START + 6 * DAY,
        7 => START + 7 * DAY + DAY / 2,
        _ => START + 8 * DAY,
    }
}

/// The 32 bytes that stand for a key in the history: its name, then zeros.
pub fn key(name: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key[..name.len()].copy_from_slice(name.as_bytes());
    key
}

/// A key as answers print it.
pub fn base58(name: &str) -> String {
    let mut out = [0; 44];
    let length = five8::encode_32(&key(name), &mut out);
    String::from_utf8(out[..usize::from(length)].to_vec()).expect("base58 is ASCII")
}

/// The signature of the transaction at (slot, index) as answers print it.
pub fn signature(slot: u64, tx_index: u32) -> String {
    let mut out = [0; 88];
    let length = five8::encode_64(&signature_bytes(slot, tx_index), &mut out);
    String::from_utf8(out[..usize::from(length)].to_vec()).expect("base58 is ASCII")
}

/// Its bytes.
pub fn signature_bytes(slot: u64, tx_index: u32) -> [u8; 64] {
    let mut bytes = [0; 64];
    let text = format!("signature {slot} {tx_index}");
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes
}

/// One canonical event: place, kind, and the columns that are set (SQL literals; keys by name).
pub struct Event(
    pub u64,
    pub u32,
    pub &'static str,
    pub &'static [(&'static str, &'static str)],
);

/// Columns that events set, with what they hold where an event does not.
const COLUMNS: [(&str, &str); 17] = [
    ("job", "''"),
    ("node", "''"),
    ("requester", "''"),
    ("operator", "''"),
    ("authority", "''"),
    ("treasury", "''"),
    ("incentive", "''"),
    ("name", "''"),
    ("node_name", "''"),
    ("job_type", "''"),
    ("status", "''"),
    ("price", "0"),
    ("operator_amount", "0"),
    ("treasury_amount", "0"),
    ("incentive_amount", "0"),
    ("duration", "0"),
    ("result_hash", "''"),
];
/// How many of them are keys.
const KEYS: usize = 7;

impl Event {
    /// A row of an INSERT: place, kind, then all of [`COLUMNS`].
    fn row(&self) -> String {
        let Self(slot, tx_index, kind, set) = self;
        let mut row = format!(
            "({slot}, {tx_index}, 0, -1, 0, toFixedString('signature {slot} {tx_index}', 64), {}, '{kind}'",
            block_time(*slot)
        );
        for (index, (column, default)) in COLUMNS.iter().enumerate() {
            let value = set
                .iter()
                .find(|(name, _)| name == column)
                .map(|(_, value)| *value);
            row.push_str(", ");
            match value {
                Some(key) if index < KEYS => row.push_str(&format!("toFixedString('{key}', 32)")),
                Some(literal) => row.push_str(literal),
                None if index < KEYS => row.push_str("toFixedString('', 32)"),
                None => row.push_str(default),
            }
        }
        for (column, _) in *set {
            assert!(
                COLUMNS.iter().any(|(name, _)| name == column),
                "{column} is no column"
            );
        }
        row.push(')');
        row
    }
}

/// Two owners share a node_id and two clients a job_id; an impostor completes a job; a settlement precedes its
/// completion; a cancellation follows an assignment; a node leaves and returns; a program with keys in its events.
#[rustfmt::skip]
pub const HISTORY: &[Event] = &[
    Event(1, 0, "NodeRegistered", &[("node", "node-1"), ("operator", "owner-1"), ("node_name", "'gpu'")]),
    Event(1, 1, "NodeRegistered", &[("node", "node-2"), ("operator", "owner-2"), ("node_name", "'gpu'")]),
    Event(2, 0, "NodeRegistered", &[("node", "node-3"), ("operator", "owner-3"), ("node_name", "'back'")]),
    Event(2, 1, "NodeRegistered", &[("node", "node-4"), ("operator", "owner-4"), ("node_name", "'off'")]),
    Event(2, 2, "NodeRegistered", &[("node", "node-5"), ("operator", "owner-5"), ("node_name", "'gone'")]),
    Event(2, 3, "NodeRegistered", &[("node", "node-6"), ("operator", "owner-6"), ("node_name", "'<b>&''\"'")]),
    Event(2, 4, "NodeStatusChanged", &[("node", "node-6"), ("status", "'offline'")]),
    Event(3, 0, "NodeDeregistered", &[("node", "node-3"), ("operator", "owner-3")]),
    Event(3, 1, "NodeStatusChanged", &[("node", "node-4"), ("status", "'offline'")]),
    Event(3, 2, "NodeStatusChanged", &[("node", "node-6"), ("status", "'online'")]),
    Event(3, 3, "JobCreated", &[("job", "job-a"), ("requester", "client-1"), ("name", "'job-1'"), ("job_type", "'llm_inference'"), ("price", "1000000")]),
    Event(3, 4, "JobCreated", &[("job", "job-b"), ("requester", "client-2"), ("name", "'job-1'"), ("job_type", "'render'"), ("price", "2000000")]),
    Event(4, 0, "NodeDeregistered", &[("node", "node-5"), ("operator", "owner-5")]),
    Event(4, 1, "JobAssigned", &[("job", "job-a"), ("node", "node-1"), ("operator", "owner-1"), ("authority", "owner-1"), ("name", "'job-1'")]),
    Event(4, 2, "JobAssigned", &[("job", "job-b"), ("node", "node-2"), ("operator", "owner-2"), ("authority", "stranger"), ("name", "'job-1'")]),
    Event(4, 3, "JobCreated", &[("job", "job-c"), ("requester", "client-1"), ("name", "'job-3'"), ("job_type", "'rag_indexing'"), ("price", "3000000")]),
    Event(4, 4, "JobCreated", &[("job", "job-d"), ("requester", "client-1"), ("name", "'job-4'"), ("job_type", "'llm_inference'"), ("price", "4000000")]),
    Event(5, 0, "PaymentDistributed", &[("job", "job-c"), ("treasury", "treasury"), ("incentive", "incentive"), ("operator_amount", "2400000"), ("treasury_amount", "300000"), ("incentive_amount", "150000")]),
    Event(5, 1, "JobCompleted", &[("job", "job-a"), ("operator", "owner-1"), ("result_hash", "'hash-a'")]),
    Event(5, 2, "PaymentDistributed", &[("job", "job-a"), ("treasury", "treasury"), ("incentive", "incentive"), ("operator_amount", "800000"), ("treasury_amount", "100000"), ("incentive_amount", "50000")]),
    Event(5, 3, "PaymentProcessed", &[("operator_amount", "777"), ("treasury_amount", "777"), ("incentive_amount", "777")]),
    Event(5, 4, "JobAssigned", &[("job", "job-d"), ("node", "node-1"), ("operator", "owner-1"), ("authority", "owner-1")]),
    Event(5, 5, "JobCreated", &[("job", "job-e"), ("requester", "client-2"), ("name", "'job-5'"), ("job_type", "'generic_compute'"), ("price", "5000000")]),
    Event(5, 6, "JobAssigned", &[("job", "job-f"), ("node", "node-1")]),
    Event(6, 0, "NodeRegistered", &[("node", "node-3"), ("operator", "owner-3"), ("node_name", "'back'")]),
    Event(6, 1, "JobCompleted", &[("job", "job-b"), ("operator", "impostor"), ("result_hash", "'hash-b'")]),
    Event(6, 2, "JobCancelled", &[("job", "job-d"), ("requester", "client-1")]),
    Event(6, 3, "JobCompleted", &[("job", "job-f"), ("node", "node-1"), ("price", "7"), ("duration", "12")]),
    Event(6, 4, "JobFailed", &[("job", "job-g"), ("node", "node-1"), ("duration", "3")]),
    Event(7, 0, "JobCompleted", &[("job", "job-c"), ("operator", "owner-1"), ("result_hash", "'hash-\\xFF-c'")]),
    Event(8, 0, "JobCreated", &[("job", "job-h"), ("requester", "client-2"), ("name", "'job-8'"), ("job_type", "'unknown_9'"), ("price", "6000000")]),
    Event(8, 1, "JobAssigned", &[("job", "job-h"), ("node", "node-2"), ("operator", "owner-2"), ("authority", "owner-2")]),
    Event(EXTREME, 0, "JobCreated", &[("job", "job-x"), ("price", "18446744073709551615")]),
    Event(EXTREME, 1, "JobCreated", &[("job", "job-y"), ("price", "18446744073709551615")]),
];

/// Writes the history. The ledger ends at `served`, with everything up to `finalized` final.
pub async fn write_history(client: &Client, served: u64, finalized: u64) {
    let columns = COLUMNS.map(|(name, _)| name).join(", ");
    let rows: Vec<String> = HISTORY.iter().map(Event::row).collect();
    let place = "slot, tx_index, outer_ix, inner_ix, ordinal, signature, block_time, kind";
    let sql = format!(
        "INSERT INTO canonical_events ({place}, {columns}) VALUES {}",
        rows.join(", ")
    );
    execute(client, &sql).await;
    let blocks: Vec<String> = (1..=LAST)
        .chain([EXTREME])
        .map(|slot| format!("({slot}, {slot} - 1, {})", block_time(slot)))
        .collect();
    let sql = format!(
        "INSERT INTO blocks (slot, parent_slot, block_time) VALUES {}",
        blocks.join(", ")
    );
    execute(client, &sql).await;
    execute(
        client,
        "INSERT INTO transactions (slot, tx_index, signature, block_time, success, fee, compute_units, signer) \
         SELECT DISTINCT slot, tx_index, signature, block_time, true, 5000, 1234, toFixedString('payer', 32) \
         FROM canonical_events",
    )
    .await;
    execute(
        client,
        "INSERT INTO events (slot, tx_index, outer_ix, inner_ix, ordinal, signature, block_time, program, label, event, via, success, data) \
         SELECT slot, tx_index, outer_ix, inner_ix, ordinal, signature, block_time, toFixedString('program', 32), \
         'a_program', toString(kind), 'log', true, 'data' FROM canonical_events",
    )
    .await;
    publish(client, 1, served, finalized).await;
}

/// Writes a ledger row for a range of slots.
pub async fn publish(client: &Client, from: u64, to: u64, finalized: u64) {
    execute(
        client,
        &format!(
            "INSERT INTO ingest_ledger (slot_lo, slot_hi, window, last_block_slot, blocks, finalized_slot, source, written_at) \
             VALUES ({from}, {to}, 4, {to}, 8, {finalized}, 'test', toDateTime64('2024-05-01 12:00:00.123', 3, 'UTC'))"
        ),
    )
    .await;
}

/// Runs a statement that must succeed.
pub async fn execute(client: &Client, sql: &str) {
    if let Err(error) = client.execute(sql).await {
        panic!("{sql}\n{error}");
    }
}

/// An engine of its own with the tables and views, and nothing in them. `None` where the library is not installed:
/// the test is skipped, but never in CI.
pub async fn engine() -> Option<(Client, Running)> {
    let fetch = std::env::var_os("HYPERNODE_TEST_FETCH").is_some();
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let found = library::locate(None);
    if !matches!(found, Ok(Some(_))) && !fetch && !ci {
        eprintln!(
            "skipped: no ClickHouse library here ({found:?}); HYPERNODE_TEST_FETCH=1 fetches it"
        );
        return None;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let engine = Engine::start(EngineOptions {
        data_dir: folder.path().to_owned(),
        port: 0,
        library: None,
        program: child_program(),
    })
    .await
    .expect("the engine starts");
    let client = Client::new(&engine.endpoint()).expect("a client");
    migrate::migrate(&client).await.expect("migrations apply");
    let reader = Client::new(&engine.readonly_endpoint()).expect("a client");
    Some((
        client,
        Running {
            reader,
            engine,
            folder,
        },
    ))
}

/// Keeps the engine and its directory until the test ends.
pub struct Running {
    /// A client that may only read, as the API's should be.
    pub reader: Client,
    engine: Engine,
    folder: tempfile::TempDir,
}

/// The engine's child, which cargo builds beside the tests of this crate: an example with `_engine` in its name.
fn child_program() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("the build folder");
    let name = env!("CARGO_PKG_NAME")
        .trim_start_matches("hypernode-")
        .to_owned()
        + "_engine";
    folder.join("examples").join(name)
}

/// A client of a warehouse that is not there.
pub fn unreachable() -> Client {
    Client::new(&Endpoint {
        url: "http://127.0.0.1:9".into(),
        user: "nobody".into(),
        password: Secret::new(""),
        database: "none".into(),
    })
    .expect("a client")
}
