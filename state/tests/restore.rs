//! Putting a backup back, and what people do instead.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use futures::executor::block_on;
use hypernode_schemas::state::sqlite_migrations;
use hypernode_state::accounts::{GetSession, NewSession, NewestAudit, SessionCreate};
use hypernode_state::sqlite::{Options, inspect, restore};
use hypernode_state::{Address, Digest, OpenError, RestoreError, SqliteStore, Store, StoreExt};
use support::{apply, integrity, make_key, open, unit, whole_units};
use tempfile::TempDir;

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A store with a backup of its first unit, left as a kill leaves it after two more: with a log.
struct Killed {
    folder: TempDir,
    path: PathBuf,
    backup: PathBuf,
}

impl Killed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let backup = folder.path().join("backup.db");
        let live = folder.path().join("live.db");
        let store = open(&live);
        make_key(&store);
        apply(&store, unit("one", 10)).unwrap();
        block_on(store.backup(backup.clone())).unwrap();
        for name in ["two", "three"] {
            apply(&store, unit(name, 10)).unwrap();
        }
        // What a killed process leaves, taken while it lives.
        for suffix in ["", "-wal", "-pair"] {
            fs::copy(beside(&live, suffix), beside(&path, suffix)).unwrap();
        }
        Self {
            folder,
            path,
            backup,
        }
    }
}

fn refused(path: &Path) -> OpenError {
    SqliteStore::open(path, Options::default()).unwrap_err()
}

#[test]
fn a_log_that_is_its_own_is_replayed() {
    let killed = Killed::new();
    assert_eq!(whole_units(&open(&killed.path)), ["one", "two", "three"]);
    assert!(!beside(&killed.path, "-wal").exists());
}

#[test]
fn a_backup_copied_over_a_database_with_a_log_is_refused_and_not_touched() {
    let killed = Killed::new();
    fs::copy(&killed.backup, &killed.path).unwrap();
    let before = fs::read(&killed.path).unwrap();
    let log = fs::read(beside(&killed.path, "-wal")).unwrap();
    let error = refused(&killed.path);
    assert!(matches!(error, OpenError::StrangeLog { .. }), "{error}");
    let says = error.to_string();
    assert!(
        says.contains("state.db-wal") && says.contains("hypernode state restore"),
        "{says}"
    );
    assert_eq!(inspect(&killed.path), Err(error));
    assert_eq!(fs::read(&killed.path).unwrap(), before);
    assert_eq!(fs::read(beside(&killed.path, "-wal")).unwrap(), log);
    // As the text says: without the log the copy is what counts.
    fs::remove_file(beside(&killed.path, "-wal")).unwrap();
    fs::remove_file(beside(&killed.path, "-pair")).unwrap();
    assert_eq!(whole_units(&open(&killed.path)), ["one"]);
}

#[test]
fn an_older_copy_of_a_stopped_store_does_not_take_a_newer_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = open(&path);
    make_key(&store);
    apply(&store, unit("one", 10)).unwrap();
    drop(store);
    // A plain copy of the one file that a clean stop leaves.
    let old = fs::read(&path).unwrap();
    let store = open(&path);
    apply(&store, unit("two", 10)).unwrap();
    let log = fs::read(beside(&path, "-wal")).unwrap();
    drop(store);
    fs::write(&path, old).unwrap();
    fs::write(beside(&path, "-wal"), log).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::StrangeLog { .. }), "{error}");
    fs::remove_file(beside(&path, "-wal")).unwrap();
    assert_eq!(whole_units(&open(&path)), ["one"]);
}

#[test]
fn a_database_that_is_gone_or_empty_is_not_made_anew() {
    for empty in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        drop(open(&path));
        fs::remove_file(&path).unwrap();
        if empty {
            fs::write(&path, "").unwrap();
        }
        let error = refused(&path);
        assert!(matches!(error, OpenError::Lost { .. }), "{error}");
        let says = error.to_string();
        assert!(
            says.contains("hypernode state restore") && says.contains("remove"),
            "{says}"
        );
        assert_eq!(path.exists(), empty);
        // As the text says.
        fs::remove_file(beside(&path, "-pair")).unwrap();
        drop(open(&path));
    }
}

#[test]
fn a_backup_is_restored_and_nothing_is_overwritten() {
    let killed = Killed::new();
    let done = restore(&killed.backup, &killed.path, "now").unwrap();
    assert_eq!(done.schema, sqlite_migrations().last().unwrap().id);
    let aside = done.aside.unwrap();
    assert_eq!(aside, beside(&killed.path, ".before-now"));
    let mode = fs::metadata(&killed.path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let store = open(&killed.path);
    assert_eq!(whole_units(&store), ["one"]);
    let newest = NewestAudit {
        who: None,
        action: Some("store.restore".to_owned()),
        before: None,
        limit: 10,
    };
    let entries = block_on(store.ask(newest)).unwrap();
    assert!(
        entries.len() == 1 && entries[0].detail.ends_with("backup.db"),
        "{entries:?}"
    );
    drop(store);
    // What was there is whole, its log beside it.
    assert_eq!(whole_units(&open(&aside)), ["one", "two", "three"]);
    let again = restore(&killed.backup, &killed.path, "now");
    assert!(matches!(again, Err(RestoreError::Copy(_))), "{again:?}");
    assert_eq!(whole_units(&open(&killed.path)), ["one"]);
    // Where there is nothing yet.
    let fresh = killed.folder.path().join("fresh.db");
    assert_eq!(restore(&killed.backup, &fresh, "now").unwrap().aside, None);
    assert_eq!(whole_units(&open(&fresh)), ["one"]);
    assert_eq!(integrity(&killed.backup), "ok");
}

#[test]
fn what_is_no_sound_backup_or_in_use_is_not_restored() {
    let killed = Killed::new();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(killed.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let missing = killed.folder.path().join("missing.db");
    let text = killed.folder.path().join("letter.db");
    fs::write(&text, "words ".repeat(1000)).unwrap();
    let empty = killed.folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    let damaged = killed.folder.path().join("damaged.db");
    let mut bytes = fs::read(&killed.backup).unwrap();
    for byte in bytes.iter_mut().skip(8 * 4096) {
        *byte = 0xa5;
    }
    fs::write(&damaged, bytes).unwrap();
    let before = names();
    for from in [&missing, &text, &empty, &damaged] {
        let error = restore(from, &killed.path, "now").unwrap_err();
        let says = error.to_string();
        assert!(says.contains(".db"), "{says}");
        assert_eq!(names(), before, "{says}");
    }
    let store = open(&killed.path);
    let error = restore(&killed.backup, &killed.path, "now").unwrap_err();
    assert!(matches!(error, RestoreError::InUse { .. }), "{error}");
    assert_eq!(whole_units(&store), ["one", "two", "three"]);
}

#[test]
fn a_store_is_looked_at_in_use_or_not_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    assert!(inspect(&path).is_err());
    let store = open(&path);
    make_key(&store);
    let known = sqlite_migrations().last().unwrap().id;
    let seen = inspect(&path).unwrap();
    assert_eq!((seen.damage, seen.schema), (None, (known, known)));
    assert!(seen.log_bytes > 0 && seen.open_to_others.is_empty());
    drop(store);
    let seen = inspect(&path).unwrap();
    assert_eq!((seen.damage, seen.log_bytes), (None, 0));
    assert!(!beside(&path, "-wal").exists() && !beside(&path, "-shm").exists());
}

#[test]
fn files_that_others_could_read_are_closed_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    drop(open(&path));
    let files = ["", "-pair", "-waiting"].map(|suffix| beside(&path, suffix));
    for file in &files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    assert_eq!(inspect(&path).unwrap().open_to_others.len(), 3);
    let store = open(&path);
    make_key(&store);
    for file in files
        .iter()
        .chain(&["-wal", "-shm"].map(|suffix| beside(&path, suffix)))
    {
        let mode = fs::metadata(file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[test]
fn whoever_only_read_leaves_no_log_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    make_key(&open(&path));
    for _ in 0..50 {
        let store = open(&path);
        whole_units(&store);
        drop(store);
        assert!(!beside(&path, "-wal").exists());
    }
}

/// The log that a killed store leaves, with what lies beside it, in a folder of its own.
fn killed_copy(of: &Path, to: &Path) {
    for suffix in ["", "-wal", "-pair"] {
        fs::copy(beside(of, suffix), beside(to, suffix)).unwrap();
    }
}

#[test]
fn another_store_s_log_is_refused_also_where_the_numbers_beside_are_right() {
    let killed = Killed::new();
    let other = killed.folder.path().join("other.db");
    let store = open(&other);
    make_key(&store);
    apply(&store, unit("foreign", 10)).unwrap();
    fs::copy(beside(&other, "-wal"), beside(&killed.path, "-wal")).unwrap();
    let error = refused(&killed.path);
    assert!(matches!(error, OpenError::StrangeLog { .. }), "{error}");
    assert_eq!(inspect(&killed.path), Err(error.clone()));
    // Nor is a mixture of both copied.
    let target = killed.folder.path().join("target.db");
    let from_it = restore(&killed.path, &target, "now");
    assert!(matches!(from_it, Err(RestoreError::From(_))), "{from_it:?}");
}

#[test]
fn the_log_of_an_earlier_run_is_refused_whether_the_later_one_was_killed_or_stopped() {
    for stopped in [true, false] {
        let killed = Killed::new();
        let earlier = fs::read(beside(&killed.path, "-wal")).unwrap();
        let store = open(&killed.path);
        apply(&store, unit("four", 10)).unwrap();
        let again = killed.folder.path().join("again.db");
        killed_copy(&killed.path, &again);
        drop(store);
        let path = if stopped { &killed.path } else { &again };
        fs::write(beside(path, "-wal"), &earlier).unwrap();
        let error = refused(path);
        assert!(matches!(error, OpenError::StrangeLog { .. }), "{error}");
        fs::remove_file(beside(path, "-wal")).unwrap();
        fs::remove_file(beside(path, "-pair")).unwrap();
        let units = whole_units(&open(path));
        assert_eq!(&units[..3], ["one", "two", "three"]);
    }
}

#[test]
fn a_killed_store_s_log_that_is_gone_or_empty_is_missed() {
    for empty in [false, true] {
        let killed = Killed::new();
        let log = beside(&killed.path, "-wal");
        let whole = fs::read(&log).unwrap();
        if empty {
            fs::write(&log, "").unwrap();
        } else {
            fs::remove_file(&log).unwrap();
        }
        let error = refused(&killed.path);
        assert!(matches!(error, OpenError::LogGone { .. }), "{error}");
        assert_eq!(inspect(&killed.path), Err(error));
        fs::write(&log, whole).unwrap();
        assert_eq!(whole_units(&open(&killed.path)), ["one", "two", "three"]);
    }
}

#[test]
fn a_log_that_is_damaged_before_what_was_acknowledged_is_refused_and_what_can_be_read_restored() {
    let killed = Killed::new();
    let log = beside(&killed.path, "-wal");
    let mut bytes = fs::read(&log).unwrap();
    // In the middle of the first frame: the stamp, and behind it all units.
    bytes[32 + 24 + 2000] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let error = refused(&killed.path);
    assert!(matches!(error, OpenError::DamagedLog { .. }), "{error}");
    assert_eq!(inspect(&killed.path), Err(error.clone()));
    assert!(error.to_string().contains("restore --from"), "{error}");
    restore(&killed.path, &killed.path, "now").unwrap();
    let units = whole_units(&open(&killed.path));
    assert!(units.len() < 3, "{units:?}");
    assert!(beside(&killed.path, ".before-now-wal").exists());
}

#[test]
fn a_last_commit_that_was_cut_short_is_no_damage() {
    let killed = Killed::new();
    let log = beside(&killed.path, "-wal");
    let whole = fs::read(&log).unwrap();
    fs::write(&log, &whole[..whole.len() - 100]).unwrap();
    assert_eq!(whole_units(&open(&killed.path)), ["one", "two"]);
}

#[test]
fn without_what_lies_beside_it_a_log_still_says_whose_it_is() {
    let killed = Killed::new();
    fs::remove_file(beside(&killed.path, "-pair")).unwrap();
    assert_eq!(whole_units(&open(&killed.path)), ["one", "two", "three"]);
}

#[test]
fn a_restored_store_that_is_lost_before_its_first_start_is_not_made_anew() {
    let killed = Killed::new();
    restore(&killed.backup, &killed.path, "now").unwrap();
    fs::remove_file(&killed.path).unwrap();
    let error = refused(&killed.path);
    assert!(matches!(error, OpenError::Lost { .. }), "{error}");
}

#[test]
fn sessions_do_not_come_to_life_again_with_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (
        folder.path().join("state.db"),
        folder.path().join("copy.db"),
    );
    let store = open(&path);
    make_key(&store);
    let token = Digest([9; 32]);
    let session = NewSession {
        token,
        wallet: Address([1; 32]),
        at: 0,
        idle_ms: 100,
        expires_at: 1_000,
        label: "browser".to_owned(),
    };
    block_on(store.run(SessionCreate { session })).unwrap();
    block_on(store.backup(backup.clone())).unwrap();
    assert!(block_on(store.ask(GetSession { token })).unwrap().is_some());
    drop(store);
    restore(&backup, &path, "now").unwrap();
    let store = open(&path);
    assert!(block_on(store.ask(GetSession { token })).unwrap().is_none());
}

#[test]
fn whoever_closes_beside_another_leaves_that_one_s_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let first = open(&path);
    make_key(&first);
    apply(&first, unit("one", 10)).unwrap();
    let second = open(&path);
    apply(&second, unit("two", 10)).unwrap();
    drop(second);
    // As another process would find it: the store is open, and its log is there.
    inspect(&path).unwrap();
    let killed = folder.path().join("killed.db");
    killed_copy(&path, &killed);
    assert_eq!(whole_units(&open(&killed)), ["one", "two"]);
    drop(first);
    assert!(!beside(&path, "-wal").exists());
}
