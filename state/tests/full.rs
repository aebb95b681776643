//! No room: units are refused with a typed error and leave no trace; when room returns the store goes on.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, outside any #[test]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use futures::executor::block_on;
use futures::future::join_all;
use hypernode_state::sqlite::Options;
use hypernode_state::{BackupError, SqliteStore, Store, StoreError};
use support::{apply, integrity, make_key, open, unit, whole_units};

/// Applies units until there is no room; the names of those acknowledged.
fn fill(store: &SqliteStore, prefix: &str, payload: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let name = format!("{prefix}{number}");
        match apply(store, unit(&name, payload)) {
            Ok(()) => acknowledged.push(name),
            Err(StoreError::DiskFull { path }) => {
                assert!(path.ends_with("state.db"));
                return acknowledged;
            }
            Err(other) => panic!("{other}"),
        }
    }
    acknowledged
}

#[test]
fn a_database_at_its_allowed_size_refuses_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let small = Options {
        max_bytes: Some(1 << 20),
        ..Options::default()
    };
    let store = SqliteStore::open(&path, small.clone()).unwrap();
    make_key(&store);
    let mut acknowledged = fill(&store, "a", 20_000);
    assert!(acknowledged.len() > 10);
    assert_eq!(whole_units(&store), acknowledged);
    // A small one finds room on pages that are there, also among large ones in the same commit.
    let crowd: Vec<(String, usize)> = (0..40)
        .map(|n| (format!("c{n}"), if n % 4 == 0 { 20 } else { 200_000 }))
        .collect();
    let outcomes = block_on(join_all(
        crowd
            .iter()
            .map(|(name, payload)| store.apply(unit(name, *payload))),
    ));
    let mut refused = 0;
    for ((name, payload), outcome) in crowd.iter().zip(outcomes) {
        match outcome {
            Ok(_) => {
                assert!(*payload < 200_000, "{name} cannot fit");
                acknowledged.push(name.clone());
            }
            Err(StoreError::DiskFull { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused >= 30, "{refused}");
    assert_eq!(whole_units(&store), acknowledged);
    drop(store);
    // With room again it goes on.
    let store = open(&path);
    apply(&store, unit("after", 200_000)).unwrap();
    acknowledged.push("after".to_owned());
    assert_eq!(whole_units(&store), acknowledged);
    drop(store);
    assert_eq!(integrity(&path), "ok");
}

/// A filesystem in memory of a few MiB, unmounted in the end.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path, bytes: usize) -> Option<Self> {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(at)
            .status();
        status
            .is_ok_and(|status| status.success())
            .then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_backup_that_finds_no_room_says_so_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let small = tempfile::tempdir().unwrap();
    let Some(_mounted) = Small::mount(small.path(), 64 << 10) else {
        println!("skipped: mounting a small filesystem needs root");
        return;
    };
    let store = open(&folder.path().join("state.db"));
    make_key(&store);
    apply(&store, unit("one", 200_000)).unwrap();
    let error = block_on(store.backup(small.path().join("copy.db"))).unwrap_err();
    assert!(matches!(error, BackupError::NoRoom { .. }), "{error}");
    assert!(error.to_string().contains("no room"), "{error}");
    let left = std::fs::read_dir(small.path()).unwrap().count();
    assert_eq!(left, 0);
    assert_eq!(whole_units(&store), ["one"]);
}

#[test]
fn a_full_filesystem_refuses_and_goes_on_when_room_returns() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = Small::mount(folder.path(), 4 << 20) else {
        println!("skipped: mounting a small filesystem needs root");
        return;
    };
    let path = folder.path().join("state.db");
    let ballast = folder.path().join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    // Both with the log growing and with it being copied all the time.
    for (round, checkpoint_bytes) in [(0, 1 << 30), (1, 64 << 10)] {
        let options = Options {
            checkpoint_bytes,
            ..Options::default()
        };
        let store = SqliteStore::open(&path, options).unwrap();
        if round == 0 {
            make_key(&store);
        }
        let before = whole_units(&store);
        let mut acknowledged = [before, fill(&store, &format!("r{round}-"), 3_000)].concat();
        // Full: what was acknowledged can be read, more is refused again.
        assert_eq!(whole_units(&store), acknowledged);
        let again = apply(&store, unit("again", 100_000));
        assert!(
            matches!(again, Err(StoreError::DiskFull { .. })),
            "{again:?}"
        );
        std::fs::remove_file(&ballast).unwrap();
        let name = format!("r{round}-after");
        apply(&store, unit(&name, 3_000)).unwrap();
        acknowledged.push(name);
        assert_eq!(whole_units(&store), acknowledged);
        drop(store);
        assert_eq!(whole_units(&open(&path)), acknowledged);
        assert_eq!(integrity(&path), "ok");
        if round == 0 {
            std::fs::write(&ballast, vec![0; 600 << 10]).unwrap();
        }
    }
}
