//! What cannot start says so in one clear line and exits 2.

use std::net::TcpListener;
use std::path::Path;

use crate::support::{hypernode, run, stderr, text};

/// The one line on standard error of a command that must exit 2.
#[track_caller]
fn refused(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(
        output.status.code(),
        Some(2),
        "{args:?}: {}",
        stderr(&output)
    );
    let lines: Vec<String> = stderr(&output)
        .lines()
        .filter(|line| line.starts_with("hypernode: "))
        .map(str::to_owned)
        .collect();
    assert_eq!(lines.len(), 1, "{}", stderr(&output));
    lines[0].clone()
}

#[test]
fn a_placeholder_that_is_not_base58_names_key_and_value() {
    let line = refused(&[
        "config",
        "check",
        "--set",
        "programs.payment_splitter.id=HyPErNoDePaymEntSpLiTtErProGramId1234567",
    ]);
    assert!(
        line.contains("programs.payment_splitter.id")
            && line.contains("HyPErNoDePaymEntSpLiTtErProGramId1234567"),
        "{line}"
    );

    let output = hypernode(&["config", "check"])
        .env(
            "PAYMENT_SPLITTER_PROGRAM_ID",
            "HyPErNoDePaymEntSpLiTtErProGramId1234567",
        )
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("environment PAYMENT_SPLITTER_PROGRAM_ID"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_configuration_file_error_names_file_line_and_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hypernode.toml");
    std::fs::write(&file, "[api]\nprot = 3001\n").expect("a file");
    let line = refused(&["config", "check", "--config", text(&file)]);
    assert!(
        line.contains("hypernode.toml:2: api.prot") && line.contains("api.port"),
        "{line}"
    );
}

#[test]
fn a_taken_port_names_its_key() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let folder = tempfile::tempdir().expect("a folder");
    for key in [
        "api.port",
        "api.second_port",
        "clickhouse.port",
        "localnet.geyser_port",
        "localnet.rpc_port",
    ] {
        let mut args = vec!["up", "--data", text(folder.path())];
        args.extend(crate::support::FREE_PORTS);
        let set = format!("{key}={port}");
        args.extend(["--set", &set]);
        let line = refused(&args);
        assert!(line.contains(key), "{key}: {line}");
    }
}

// I-16.
#[test]
fn a_data_directory_in_use_of_another_network_or_newer_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let lock = std::fs::File::create(path.join("lock")).expect("a file");
    lock.lock().expect("a lock");
    let line = refused(&["up", "--data", text(path)]);
    assert!(
        line.contains("in use by another hypernode process"),
        "{line}"
    );
    drop(lock);

    let bind = |network: &str, format: u32| {
        let text = format!(
            r#"{{"format":{format},"network":"{network}","genesis":"11111111111111111111111111111111"}}"#
        );
        std::fs::write(path.join("network.json"), text).expect("a file");
    };
    bind("recording", 1);
    let line = refused(&["up", "--data", text(path)]);
    assert!(line.contains("holds network \"recording\""), "{line}");
    let live = [
        "up",
        "--data",
        text(path),
        "--geyser",
        "http://127.0.0.1:9",
        "--genesis",
        "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
    ];
    assert!(refused(&live).contains("holds network \"recording\""));
    bind("localnet (simulated)", 99);
    assert!(refused(&["up", "--data", text(path)]).contains("newer version"));
}

#[test]
fn a_real_network_needs_its_genesis_hash() {
    let line = refused(&["up", "--geyser", "http://127.0.0.1:9"]);
    assert!(
        line.contains("--rpc URL") && line.contains("--genesis HASH"),
        "{line}"
    );
}

// I-17.
#[test]
fn a_simulated_network_stays_on_loopback() {
    let line = refused(&["up", "--set", "api.bind=0.0.0.0"]);
    assert!(
        line.contains("api.bind") && line.contains("loopback"),
        "{line}"
    );
}

#[test]
fn a_broken_idl_names_file_path_and_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("broken.json");
    let write = |text: &str| std::fs::write(&broken, text).expect("a file");
    let check = |folder: &Path| {
        refused(&[
            "up",
            "--data",
            text(&folder.join("d")),
            "--set",
            &format!("idl.dir={}", text(folder)),
        ])
    };
    write("{ not json");
    assert!(check(folder.path()).contains("broken.json"));
    write(
        r#"{"address":"Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS","metadata":{"name":"x","version":"0.1.0","spec":"0.1.0"},
        "instructions":[],"events":[{"name":"E","discriminator":[1,2,3,4,5,6,7,8]}],
        "types":[{"name":"E","type":{"kind":"struct","fields":[{"name":"a","type":{"defined":{"name":"Gone"}}}]}}]}"#,
    );
    let line = check(folder.path());
    assert!(
        line.contains("broken.json") && line.contains("Gone"),
        "{line}"
    );
}

#[test]
fn status_and_sql_say_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(&["status", "--data", text(folder.path())]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("not running"),
        "{}",
        stderr(&output)
    );
    let line = refused(&["sql", "--data", text(folder.path()), "SELECT 1"]);
    assert!(line.contains("holds no tables"), "{line}");
}

#[test]
fn more_slots_than_one_request_may_span_are_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let most = u64::MAX.to_string();
    for command in ["verify", "repair", "backfill"] {
        let line = refused(&[
            command,
            "--data",
            text(folder.path()),
            "--from",
            "100",
            "--to",
            &most,
        ]);
        assert!(
            line.contains("--to") && line.contains("ask for fewer at a time"),
            "{line}"
        );
    }
}
