//! A process with dispatcher and bridge is killed again and again while a chain goes on and forks beside it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::chain::{Chain, Change, Kind, name};
use crate::support::{Process, check, now, store};

const FOLDER: &str = "HYPERNODE_BRIDGE_KILLED";
const BEGAN: &str = "HYPERNODE_BRIDGE_BEGAN";
const KILLS: u32 = 8;
const JOBS: u8 = 100;
/// Between changes of the chain.
const EVERY_MS: i64 = 20;

/// Each job is created twice in the end: once on a fork that goes, and once to stay; some end on chain.
fn changes() -> Vec<Change> {
    let mut changes = Vec::new();
    for job in 0..JOBS {
        changes.push(Change::Block(vec![(job, Kind::Created)]));
        if job % 2 == 0 {
            changes.push(Change::Fork(1));
            changes.push(Change::Block(vec![(job, Kind::Created)]));
        }
        if job >= 10 && job % 5 == 0 {
            changes.push(Change::Block(vec![(job - 10, Kind::Cancelled)]));
        }
        if job >= 10 && job % 7 == 0 {
            changes.push(Change::Block(vec![(job - 9, Kind::Assigned)]));
            changes.push(Change::Fork(1));
        }
    }
    changes
}

/// The process that is killed. It says which inputs were acknowledged.
#[tokio::test]
async fn while_a_chain_goes_on() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let began = std::env::var(BEGAN).expect("set");
    let began: i64 = began.parse().expect("a time");
    let chain = Arc::new(Chain::new(changes()));
    let mut process = Process::start(store(folder.as_ref()), chain.clone(), 20);
    let mut revealed = 0;
    for turn in 0_u32.. {
        let due = usize::try_from((now() - began) / EVERY_MS).unwrap_or(0);
        chain.reveal(due.saturating_sub(revealed));
        revealed = revealed.max(due);
        let _ = process.bridge.round().await;
        let job = u8::try_from(turn % u32::from(JOBS)).expect("small");
        if job % 3 == 0 && process.post(job).await {
            println!("posted {job}");
        }
    }
}

#[test]
fn kills_lose_no_job_and_make_none_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let began = now();
    let mut posted = BTreeSet::new();
    for kill in 0..KILLS {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", "kill::while_a_chain_goes_on", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(BEGAN, began.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        let reader =
            std::thread::spawn(move || lines.lines().map_while(Result::ok).collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(500 + u64::from(kill) * 37));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let lines = reader.join().expect("read");
        let said = lines
            .iter()
            .filter_map(|line| line.split("posted ").nth(1)?.parse::<u8>().ok());
        posted.extend(said);
    }
    let rt = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    rt.block_on(async {
        let chain = Arc::new(Chain::new(changes()));
        chain.reveal(usize::MAX / 2);
        let mut process = Process::start(store(folder.path()), chain.clone(), 0);
        process.catch_up().await;
        // What was kept and not acknowledged any more was posted too.
        for job in 0..JOBS {
            let kept = hypernode_dispatch::bridge::waiting(process.store.as_ref(), name(job)).await;
            let awaits = kept.is_ok();
            assert!(
                !(awaits && posted.contains(&job)),
                "the input of {job} was acknowledged"
            );
            let came = match crate::support::content(&process.store, job).await {
                Some(content) => !content.content.input.is_null(),
                None => false,
            };
            if came {
                posted.insert(job);
            }
        }
        assert!(
            posted.len() > 10,
            "{} inputs: not much of a load",
            posted.len()
        );
        check(&process.store, &chain, JOBS, &posted).await;
        process.crash().await;
    });
    println!(
        "{KILLS} kills, {JOBS} jobs on chain, {} inputs: each job once, as the chain has it",
        posted.len()
    );
}
