//! Several processes on one file, and the bounds of what waits.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use futures::future::join_all;
use hypernode_state::accounts::{AccountsVersion, ApiKeyRevoke, GetApiKey};
use hypernode_state::sqlite::Options;
use hypernode_state::{OpenError, SqliteStore, Store, StoreError, StoreExt};
use support::{apply, make_key, open, unit, whole_units};

const CHILD: &str = "STATE_PROCESSES_CHILD";

/// Not a test of its own: another process that holds the database, or loads it.
#[test]
fn child() {
    let Ok(spec) = std::env::var(CHILD) else {
        return;
    };
    let (what, path) = spec.split_once(' ').unwrap();
    if what == "hold" {
        let conn = rusqlite::Connection::open(path).unwrap();
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        println!("ready");
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let store = open(Path::new(path));
    println!("ready");
    block_on(join_all((0..50).map(async |caller: usize| {
        for number in 0.. {
            store
                .apply(unit(&format!("{caller}-{number}"), 10))
                .await
                .unwrap();
        }
    })));
}

struct Other(Child);

impl Other {
    fn start(what: &str, path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{what} {}", path.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        assert!(
            lines.any(|line| line.ends_with("ready")),
            "the child did not start"
        );
        Self(child)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_database_that_another_process_holds_is_said_to_be_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let options = Options {
        lock_wait: Duration::from_millis(300),
        ..Options::default()
    };
    let store = SqliteStore::open(&path, options.clone()).unwrap();
    make_key(&store);
    let other = Other::start("hold", &path);
    let begun = Instant::now();
    // All that wait are told together, not one after the other.
    let outcomes = block_on(join_all(
        (0..20).map(|n| store.apply(unit(&format!("u{n}"), 1))),
    ));
    assert!(
        begun.elapsed() < Duration::from_millis(2_500),
        "{:?}",
        begun.elapsed()
    );
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(
            matches!(&error, StoreError::Locked { path: named, .. } if *named == path),
            "{error}"
        );
        assert!(error.to_string().contains("another process"), "{error}");
    }
    // Reading goes on.
    assert_eq!(whole_units(&store), Vec::<String>::new());
    // Nothing is to be migrated, so that opening needs no lock of writers.
    let second = SqliteStore::open(&path, options.clone());
    assert!(
        matches!(
            &second,
            Err(OpenError::Store(StoreError::Locked { .. })) | Ok(_)
        ),
        "{second:?}"
    );
    drop(other);
    apply(&store, unit("after", 1)).unwrap();
    assert_eq!(whole_units(&store), ["after"]);
}

#[test]
fn another_process_gets_its_turn_on_a_loaded_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    make_key(&open(&path));
    let other = Other::start("load", &path);
    let store = open(&path);
    let mut worst = Duration::ZERO;
    for number in 0..15 {
        let begun = Instant::now();
        apply(&store, unit(&format!("mine-{number}"), 1)).unwrap();
        worst = worst.max(begun.elapsed());
        std::thread::sleep(Duration::from_millis(10));
    }
    println!("the longest of 15 turns took {worst:?}");
    assert!(worst < Duration::from_secs(4), "{worst:?}");
    drop(other);
    let names = whole_units(&store);
    let mine = names.iter().filter(|name| name.starts_with("mine")).count();
    assert_eq!(mine, 15);
    assert!(
        names.len() > 100,
        "the other one hardly worked: {}",
        names.len()
    );
}

#[test]
fn what_one_process_changes_another_sees() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let server = open(&path);
    make_key(&server);
    let before = block_on(server.ask(AccountsVersion)).unwrap();
    let operator = open(&path);
    let revoke = ApiKeyRevoke {
        id: "key".to_owned(),
        at: 9,
    };
    block_on(operator.run(revoke)).unwrap();
    assert!(block_on(server.ask(AccountsVersion)).unwrap() > before);
    let (key, _) = block_on(server.ask(GetApiKey {
        id: "key".to_owned(),
    }))
    .unwrap()
    .unwrap();
    assert_eq!(key.revoked_at, Some(9));
}

#[test]
fn many_processes_may_open_a_new_database_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/state.db");
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| SqliteStore::open(&path, Options::default())))
            .collect();
        for store in opened {
            store.join().unwrap().unwrap();
        }
    });
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let store = open(&path);
    make_key(&store);
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap().path();
        assert_eq!(mode(&entry), 0o600, "{}", entry.display());
    }
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(path.parent().unwrap().parent().unwrap()), 0o700);
}

#[test]
fn a_full_queue_says_busy_and_nothing_piles_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let options = Options {
        queue: 8,
        lock_wait: Duration::from_secs(20),
        ..Options::default()
    };
    let store = SqliteStore::open(&path, options).unwrap();
    make_key(&store);
    let other = Other::start("hold", &path);
    let sent: Vec<_> = (0..50)
        .map(|n| store.apply(unit(&format!("u{n}"), 1)))
        .collect();
    drop(other);
    let outcomes = block_on(join_all(sent));
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let busy = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(StoreError::Busy { .. })))
        .count();
    assert_eq!(done + busy, 50);
    // Those in the queue, and the one that the writer had taken.
    assert!((8..=9).contains(&done), "{done}");
    assert_eq!(whole_units(&store).len(), done);
    drop(store);
    // The same by bytes.
    let options = Options {
        queue_bytes: 200_000,
        lock_wait: Duration::from_secs(20),
        ..Options::default()
    };
    let store = SqliteStore::open(&path, options).unwrap();
    let other = Other::start("hold", &path);
    let sent: Vec<_> = (0..10)
        .map(|n| store.apply(unit(&format!("v{n}"), 90_000)))
        .collect();
    drop(other);
    let outcomes = block_on(join_all(sent));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
}

#[test]
fn an_idle_store_answers_without_waiting_for_company() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    // Were there any waiting for a group, this would show it.
    let options = Options {
        group_time: Duration::from_secs(5),
        ..Options::default()
    };
    let store = SqliteStore::open(&path, options).unwrap();
    make_key(&store);
    let begun = Instant::now();
    for number in 0..5 {
        apply(&store, unit(&format!("u{number}"), 1)).unwrap();
    }
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn units_share_commits_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let commits = |group_ops| {
        let options = Options {
            group_ops,
            checkpoint_bytes: 1 << 30,
            group_time: Duration::from_secs(1),
            ..Options::default()
        };
        let store = SqliteStore::open(&path, options).unwrap();
        let round = format!("{group_ops}");
        if group_ops == 1 {
            make_key(&store);
        }
        let seen = AtomicU64::new(0);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            // Each commit moves this number, as another connection sees it.
            scope.spawn(|| {
                let conn = rusqlite::Connection::open(&path).unwrap();
                let version = || {
                    conn.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0))
                        .unwrap()
                };
                let mut last = version();
                while !stop.load(Ordering::Relaxed) {
                    let now = version();
                    if now != last {
                        seen.fetch_add(1, Ordering::Relaxed);
                        last = now;
                    }
                }
            });
            let units = (0..400).map(|n| store.apply(unit(&format!("{round}-{n}"), 1)));
            for outcome in block_on(join_all(units)) {
                outcome.unwrap();
            }
            stop.store(true, Ordering::Relaxed);
        });
        seen.load(Ordering::Relaxed)
    };
    // 400 units of 4 operations: one by one, then at most 125 to a commit.
    let (alone, shared) = (commits(1), commits(500));
    println!("{alone} commits seen one by one, {shared} in groups");
    assert!(shared <= 30 && alone > shared * 3, "{alone} {shared}");
}
