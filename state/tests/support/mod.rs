//! Units whose every part can be looked for, and the look.

#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // helpers of tests, each file uses some

use std::collections::BTreeSet;
use std::path::Path;

use futures::executor::block_on;
use hypernode_state::accounts::{
    ApiKeyCreate, ApiKeySpend, AuditAppend, GetApiKey, ListAudit, NewApiKey, WalletEnsure,
};
use hypernode_state::outbox::{Emit, ReadOutbox};
use hypernode_state::sqlite::Options;
use hypernode_state::tasks::{Enqueue, GetTask};
use hypernode_state::{Address, Digest, SqliteStore, Store, StoreError, StoreExt, Unit};

pub(crate) const TOPIC: &str = "made";

/// Opens with the default options.
pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Options::default()).unwrap()
}

/// The key that every unit spends one of.
pub(crate) fn make_key(store: &SqliteStore) {
    let owner = Address([1; 32]);
    block_on(store.run(WalletEnsure {
        wallet: owner,
        at: 0,
    }))
    .unwrap();
    let key = NewApiKey {
        id: "key".to_owned(),
        secret: Digest([0; 32]),
        scopes: String::new(),
        label: String::new(),
        at: 0,
        expires_at: None,
    };
    let create = ApiKeyCreate {
        key,
        owner,
        cap: None,
    };
    block_on(store.run(create)).unwrap();
}

/// A task, a message, an entry of the trail and one unit of money under one name.
pub(crate) fn unit(name: &str, payload: usize) -> Unit {
    let mut unit = Unit::new();
    unit.push(Enqueue {
        queue: "q".to_owned(),
        id: name.to_owned(),
        priority: 0,
        payload: vec![7; payload],
        not_before: 0,
        now: 0,
    });
    unit.push(Emit {
        topic: TOPIC.to_owned(),
        key: name.to_owned(),
        payload: Vec::new(),
        at: 0,
    });
    unit.push(AuditAppend {
        at: 0,
        actor: "test".to_owned(),
        action: "make".to_owned(),
        subject: name.to_owned(),
        detail: String::new(),
    });
    unit.push(ApiKeySpend {
        id: "key".to_owned(),
        amount: 1,
        now: 0,
    });
    unit
}

/// The same with a last operation that is refused.
pub(crate) fn refused_unit(name: &str) -> Unit {
    let mut unit = unit(name, 10);
    unit.push(ApiKeySpend {
        id: "key".to_owned(),
        amount: u64::MAX,
        now: 0,
    });
    unit
}

/// The names of all units that are there, in order; fails unless every one is whole.
pub(crate) fn whole_units(store: &SqliteStore) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), 0);
    loop {
        let read = ReadOutbox {
            topic: TOPIC.to_owned(),
            after,
            limit: 1_000,
        };
        let messages = block_on(store.ask(read)).unwrap();
        let last = messages.len() < 1_000;
        for message in messages {
            after += 1;
            assert_eq!(message.seq, after, "a hole before {}", message.key);
            names.push(message.key);
        }
        if last {
            break;
        }
    }
    let (mut subjects, mut seen) = (Vec::new(), 0);
    loop {
        let list = ListAudit {
            subject: None,
            after: seen,
            limit: 1_000,
        };
        let records = block_on(store.ask(list)).unwrap();
        if records.is_empty() {
            break;
        }
        seen = records.last().unwrap().seq;
        // A restore adds an entry of its own.
        let of_units = records
            .into_iter()
            .filter(|record| record.action != "store.restore");
        subjects.extend(of_units.map(|record| record.subject));
    }
    assert_eq!(subjects, names, "trail and messages differ");
    for id in &names {
        let task = block_on(store.ask(GetTask { id: id.clone() })).unwrap();
        assert!(task.is_some(), "{id} has a message and no task");
    }
    let id = "key".to_owned();
    let spent = block_on(store.ask(GetApiKey { id }))
        .unwrap()
        .map_or(0, |(key, _)| key.spent);
    assert_eq!(spent, names.len() as u64, "spent and messages differ");
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "a unit happened twice");
    names
}

/// How many tasks there are, by SQL: none without a message.
pub(crate) fn count_tasks(path: &Path) -> usize {
    let conn = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT count(*) FROM tasks";
    let tasks: i64 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
    usize::try_from(tasks).unwrap()
}

/// What SQLite's own check says.
pub(crate) fn integrity(path: &Path) -> String {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap()
}

pub(crate) fn apply(store: &dyn Store, unit: Unit) -> Result<(), StoreError> {
    block_on(store.apply(unit)).map(drop)
}
