//! The conformance suite on SQLite.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, outside any #[test]

mod conformance;

use std::sync::Arc;

use conformance::Fixture;
use hypernode_state::SqliteStore;
use hypernode_state::sqlite::Options;

/// In memory where the system has such a folder: what the suite asks does not depend on a disk. Tests of what survives
/// stand elsewhere, and use one.
fn open() -> Fixture {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    };
    let store = SqliteStore::open(folder.path().join("state.db"), Options::default()).unwrap();
    Fixture {
        store: Arc::new(store),
        _keep: Box::new(folder),
    }
}

conformance::suite!(crate::open);
