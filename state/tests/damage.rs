//! A log that was torn, pages that were overwritten.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod support;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use hypernode_state::sqlite::Options;
use hypernode_state::{OpenError, SqliteStore, StoreError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::{apply, integrity, make_key, open, unit, whole_units};

const UNITS: usize = 25;

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// A database whose units are all in the log still, as a power cut leaves it; the bytes of both files.
fn in_the_log(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let path = folder.join("original.db");
    let options = Options {
        checkpoint_bytes: 1 << 30,
        ..Options::default()
    };
    let store = SqliteStore::open(&path, options).unwrap();
    make_key(&store);
    for number in 0..UNITS {
        apply(&store, unit(&format!("u{number:02}"), 300)).unwrap();
    }
    // The store is idle and stays open: these handles close no lock that anything relies on.
    (fs::read(&path).unwrap(), fs::read(log_of(&path)).unwrap())
}

#[test]
fn a_torn_log_keeps_whole_units_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (database, log) = in_the_log(folder.path());
    // Cut anywhere; overwrite a few bytes anywhere before the cut.
    let tears = (
        0..=log.len(),
        proptest::option::of((0..log.len(), any::<[u8; 8]>())),
    );
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let cases = Cell::new(0);
    TestRunner::new(config)
        .run(&tears, |(length, noise)| {
            let case = cases.get();
            cases.set(case + 1);
            let mut torn = log[..length].to_vec();
            let pair = beside(&folder.path().join("original.db"), "-pair");
            let put = |name: &str, log: &[u8]| {
                let path = folder.path().join(format!("{name}-{case}.db"));
                fs::write(&path, &database).unwrap();
                fs::write(log_of(&path), log).unwrap();
                fs::copy(&pair, beside(&path, "-pair")).unwrap();
                path
            };
            let cut = put("cut", &torn);
            let mut damaged = length < log.len();
            if let Some((at, bytes)) = noise {
                for (place, byte) in torn.iter_mut().skip(at).zip(bytes) {
                    damaged |= *place != byte;
                    *place = byte;
                }
            }
            let path = put("torn", &torn);
            let store = match SqliteStore::open(&path, Options::default()) {
                Ok(store) => store,
                // Units that were acknowledged lie behind what was overwritten: told, not passed over.
                Err(OpenError::DamagedLog { lost, .. }) => {
                    prop_assert!(damaged && lost > 1);
                    return Ok(());
                }
                Err(OpenError::LogGone { .. }) => {
                    prop_assert!(length == 0);
                    return Ok(());
                }
                Err(other) => panic!("{other}"),
            };
            let found = whole_units(&store);
            // Where something was overwritten and that is not told, it was in the last unit.
            prop_assert!(found.len() + 1 >= whole_units(&open(&cut)).len());
            let expected: Vec<String> = (0..found.len()).map(|n| format!("u{n:02}")).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert!(damaged || found.len() == UNITS);
            drop(store);
            prop_assert_eq!(integrity(&path), "ok");
            Ok(())
        })
        .unwrap();
}

#[test]
fn overwritten_pages_are_said_to_be_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = open(&path);
    make_key(&store);
    for number in 0..200 {
        apply(&store, unit(&format!("u{number}"), 900)).unwrap();
    }
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    // All but the schema's page.
    for byte in bytes.iter_mut().skip(4096) {
        *byte = 0xa5;
    }
    fs::write(&path, bytes).unwrap();
    let error = match SqliteStore::open(&path, Options::default()) {
        Err(OpenError::Store(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(store) => apply(&store, unit("more", 1)).unwrap_err(),
    };
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("restore a backup"));
}
