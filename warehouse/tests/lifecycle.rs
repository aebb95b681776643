//! The child: started once, watched, gone with its parent.
#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

mod common;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hypernode_warehouse::engine::{Engine, EngineError, EngineOptions};

fn options(dir: &Path, port: u16) -> EngineOptions {
    EngineOptions {
        data_dir: dir.to_owned(),
        port,
        library: None,
        program: common::child_program(),
    }
}

fn kill(pid: u32) {
    assert!(
        Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn runs(pid: u32) -> bool {
    // A zombie has no command line.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_second_engine_and_a_taken_port_are_refused_in_words() {
    let Some(t) = common::engine().await else {
        return;
    };
    match Engine::start(options(t.dir.path(), 0)).await {
        Err(EngineError::Locked { path }) => assert!(path.ends_with("clickhouse")),
        other => panic!("{other:?}"),
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let error = Engine::start(options(dir.path(), port))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("clickhouse.port") && error.contains(&port.to_string()),
        "{error}"
    );
    assert_eq!(t.text("SELECT 1").await, "1");
}

#[tokio::test]
async fn a_crashed_child_is_started_again_at_the_same_place() {
    let Some(t) = common::engine().await else {
        return;
    };
    t.client
        .execute("CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a")
        .await
        .unwrap();
    t.client
        .execute("INSERT INTO kept VALUES (7)")
        .await
        .unwrap();
    let pid = t.engine.pid().unwrap();
    kill(pid);
    until("no restart", || t.engine.restarts() == 1).await;
    assert_ne!(t.engine.pid(), Some(pid));
    assert_eq!(t.text("SELECT a FROM kept").await, "7");
}

#[tokio::test]
async fn data_outlives_an_orderly_stop_and_passwords_do_not() {
    let Some(t) = common::engine().await else {
        return;
    };
    t.client
        .execute("CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a")
        .await
        .unwrap();
    t.client
        .execute("INSERT INTO kept VALUES (7)")
        .await
        .unwrap();
    let before = t.engine.endpoint();
    t.engine.shutdown().await;
    let t = common::engine_in(t.dir).await.unwrap();
    assert_eq!(t.text("SELECT a FROM kept").await, "7");
    assert!(t.engine.endpoint().password != before.password);
}

#[tokio::test]
#[ignore = "a part of the next test, run by it as a process of its own"]
async fn part_parent() {
    let Some(t) = common::engine().await else {
        println!("NONE");
        return;
    };
    println!("CHILD {}", t.engine.pid().unwrap());
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn the_child_dies_with_its_parent() {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["part_parent", "--exact", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let said = lines
        .into_iter()
        .find(|l| l.contains("CHILD ") || l.contains("NONE"))
        .unwrap_or_default();
    let pid: Option<u32> = said
        .split_once("CHILD ")
        .and_then(|(_, pid)| pid.trim().parse().ok());
    let ran = pid.is_some_and(runs);
    parent.kill().unwrap();
    parent.wait().unwrap();
    if said.contains("NONE") {
        return;
    }
    assert!(ran, "{said}");
    until("the engine outlived its parent", || !pid.is_some_and(runs)).await;
}
