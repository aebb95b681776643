//! Backup while running.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::executor::block_on;
use hypernode_schemas::state::sqlite_migrations;
use hypernode_state::{BackupError, Store};
use support::{apply, integrity, make_key, open, unit, whole_units};

#[test]
fn a_backup_of_a_loaded_store_is_one_moment_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("state.db"));
    make_key(&store);
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let copies: Vec<_> = (0..4)
        .map(|n| folder.path().join(format!("copy-{n}.db")))
        .collect();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (store, stop, acknowledged) = (&store, &stop, &acknowledged);
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("{writer}-{number}");
                    apply(store, unit(&name, 500)).unwrap();
                    acknowledged.lock().unwrap().push(name);
                }
            });
        }
        for copy in &copies {
            std::thread::sleep(Duration::from_millis(100));
            let before = acknowledged.lock().unwrap().clone();
            let report = block_on(store.backup(copy.clone())).unwrap();
            let restored = open(copy);
            let found = whole_units(&restored);
            assert!(
                before.iter().all(|name| found.contains(name)),
                "acknowledged before, not in the copy"
            );
            assert_eq!(report.schema, sqlite_migrations().last().unwrap().id);
            assert!(report.bytes > 4096);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let found = whole_units(&store);
    assert_eq!(found.len(), acknowledged.lock().unwrap().len());
    for copy in &copies {
        assert_eq!(integrity(copy), "ok");
        let mode = std::fs::metadata(copy).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
}

#[test]
fn a_copy_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("state.db"));
    make_key(&store);
    apply(&store, unit("one", 1)).unwrap();
    let copy = folder.path().join("copy.db");
    block_on(store.backup(copy.clone())).unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("copy"))
        .collect();
    assert_eq!(left, ["copy.db"], "one file, and no log beside it");
    apply(&store, unit("two", 1)).unwrap();
    let restored = open(&copy);
    apply(&restored, unit("three", 1)).unwrap();
    assert_eq!(whole_units(&restored), ["one", "three"]);
    assert_eq!(whole_units(&store), ["one", "two"]);
}

#[test]
fn what_is_at_the_target_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = open(&path);
    let target = folder.path().join("precious");
    std::fs::write(&target, "words").unwrap();
    let error = block_on(store.backup(target.clone())).unwrap_err();
    assert_eq!(
        error,
        BackupError::TargetExists {
            path: target.clone()
        }
    );
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "words");
    // Itself, a link that leads nowhere, and a folder that is not there.
    let error = block_on(store.backup(path.clone())).unwrap_err();
    assert_eq!(error, BackupError::TargetExists { path });
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let error = block_on(store.backup(link.clone())).unwrap_err();
    assert_eq!(error, BackupError::TargetExists { path: link });
    let error = block_on(store.backup(folder.path().join("no/such/copy.db"))).unwrap_err();
    assert!(matches!(error, BackupError::Target { .. }), "{error}");
    let names = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert!(
        !names
            .into_iter()
            .any(|name| name.to_string_lossy().contains(".part"))
    );
}
