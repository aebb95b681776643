//! What is only added to, even by hand on the file.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

use futures::executor::block_on;
use hypernode_state::accounts::AuditAppend;
use hypernode_state::credits::CreditAdd;
use hypernode_state::receipts::{DaySecretPut, DaySecretRecord, ReceiptAdd};
use hypernode_state::sqlite::Options;
use hypernode_state::{Address, Digest, SqliteStore, Store, Unit};
use rusqlite::Connection;

fn filled() -> Unit {
    let mut unit = Unit::new();
    unit.push(AuditAppend {
        at: 0,
        actor: "operator".to_owned(),
        action: "test".to_owned(),
        subject: "s".to_owned(),
        detail: String::new(),
    });
    unit.push(CreditAdd {
        job: "a".to_owned(),
        fence: 1,
        node: "n".to_owned(),
        wallet: Address([1; 32]),
        cost: 1,
        operator: 1,
        treasury: 0,
        incentive: 0,
        orchestrator: 0,
        at: 0,
    });
    unit.push(ReceiptAdd {
        job: "a".to_owned(),
        fence: 1,
        hash: Digest([1; 32]),
        receipt: Vec::new(),
        signature: [0; 64],
        at: 0,
    });
    unit.push(DaySecretPut {
        secret: DaySecretRecord {
            day: 1,
            secret: [1; 32],
            commitment: Digest([2; 32]),
            at: 0,
        },
    });
    unit
}

#[test]
fn what_is_only_added_is_neither_changed_nor_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    block_on(store.apply(filled())).unwrap();
    drop(store);
    let conn = Connection::open(&path).unwrap();
    for statement in [
        "UPDATE audit SET detail = 'x'",
        "DELETE FROM audit",
        "UPDATE credits SET cost = 5",
        "DELETE FROM credits",
        "UPDATE receipts SET fence = 5",
        "UPDATE day_secrets SET day = 5",
        "DELETE FROM day_secrets",
    ] {
        assert!(conn.execute(statement, []).is_err(), "{statement}");
    }
}
