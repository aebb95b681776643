//! A loaded store is killed, again and again: what it acknowledged is found, and every unit is whole.

#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod support;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use futures::future::join_all;
use hypernode_state::sqlite::Options;
use hypernode_state::{SqliteStore, Store, StoreError};
use support::{apply, count_tasks, integrity, make_key, open, refused_unit, unit, whole_units};

/// Names the database; set for the child alone.
const CHILD: &str = "STATE_KILL_CHILD";
const ROUNDS: u32 = 30;
const CALLERS: usize = 40;

/// Not a test of its own: the process that is killed. It says each name once its unit is acknowledged.
#[test]
fn child() {
    let Ok(spec) = std::env::var(CHILD) else {
        return;
    };
    let (round, path) = spec.split_once(' ').unwrap();
    // A short log, so that kills meet checkpoints too.
    let options = Options {
        checkpoint_bytes: 64 << 10,
        ..Options::default()
    };
    let store = SqliteStore::open(path, options).unwrap();
    println!("ready");
    let say = |line: String| {
        // One write each: what is in the pipe was said.
        let mut out = std::io::stdout().lock();
        out.write_all(format!("{line}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    };
    let caller = async |caller: usize| {
        for number in 0.. {
            let name = format!("{round}-{caller}-{number}");
            if number % 7 == 3 {
                let refused = store.apply(refused_unit(&name)).await;
                assert!(matches!(refused, Err(StoreError::Refused { index: 4, .. })));
                say(format!("refused {name}"));
            } else {
                store.apply(unit(&name, number % 900)).await.unwrap();
                say(format!("done {name}"));
            }
        }
    };
    block_on(join_all((0..CALLERS).map(caller)));
}

/// Runs the child for a while after it is ready, kills it, and returns what it said.
fn run_and_kill(path: &Path, round: u32, life: Duration) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{round} {}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    // What the harness says before it ends in the same line.
    assert!(
        said.any(|line| line.ends_with("ready")),
        "the child did not start"
    );
    let reader = std::thread::spawn(move || said.collect::<Vec<_>>());
    let begun = Instant::now();
    while begun.elapsed() < life {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

// I-38.
#[test]
fn what_was_acknowledged_before_a_kill_is_found_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    make_key(&open(&path));
    let (mut acknowledged, mut refused) = (HashSet::new(), HashSet::new());
    let mut unanswered = 0;
    for round in 0..ROUNDS {
        // From the first commit to hundreds of them; primes, so that kills fall everywhere within one.
        let life = Duration::from_micros(u64::from(round % 10) * 7_919 + u64::from(round) * 997);
        for line in run_and_kill(&path, round, life) {
            match line.split_once(' ') {
                Some(("done", name)) => assert!(acknowledged.insert(name.to_owned())),
                Some(("refused", name)) => assert!(refused.insert(name.to_owned())),
                // The harness's own words, or a line that the kill cut off.
                _ => {}
            }
        }
        let store = open(&path);
        let found: HashSet<String> = whole_units(&store).into_iter().collect();
        drop(store);
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "round {round} lost {lost:?}");
        assert!(
            refused.is_disjoint(&found),
            "round {round} kept a refused unit"
        );
        assert_eq!(count_tasks(&path), found.len());
        unanswered = found.len() - acknowledged.len();
    }
    assert_eq!(integrity(&path), "ok");
    println!(
        "{ROUNDS} kills: {} acknowledged and found, {unanswered} found that were cut off from their reply, {} refused and absent",
        acknowledged.len(),
        refused.len()
    );
    assert!(
        acknowledged.len() > 500,
        "the child hardly worked: {}",
        acknowledged.len()
    );
    assert!(!refused.is_empty());
    // And it goes on.
    apply(&open(&path), unit("after", 1)).unwrap();
}
