//! The one fetch of the library, by the real npm client. Downloads 178 MB, so it runs only on demand:
//! `cargo test -p hypernode-warehouse --test fetch -- --ignored`.
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))] // the platform with a known hash
#![allow(clippy::unwrap_used)] // helpers of tests, outside any #[test]

use std::path::Path;
use std::process::Command;

/// This test binary again, as a process with its own environment.
fn again(test: &str, cache: &Path, path: Option<&str>, registry: Option<&str>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env_remove("HYPERNODE__CLICKHOUSE__LIBRARY")
        .env("XDG_CACHE_HOME", cache);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    if let Some(registry) = registry {
        command
            .env("npm_config_registry", registry)
            .env("npm_config_fetch_retries", "0");
    }
    command
}

#[tokio::test]
#[ignore = "a part of the tests below, run by them in an environment of its own"]
async fn part_locate_or_fetch() {
    match hypernode_warehouse::library::locate_or_fetch(None).await {
        Ok(path) => println!("FOUND {}", path.display()),
        Err(error) => println!("ERROR {error}"),
    }
}

fn said(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn without_npm_or_network_the_message_names_the_ways_out() {
    let cache = tempfile::tempdir().unwrap();
    let part = "part_locate_or_fetch";
    let absent = said(&mut again(part, cache.path(), Some("/nonexistent"), None));
    assert!(
        absent.contains("ERROR") && absent.contains("install npm"),
        "{absent}"
    );
    let has_npm = Command::new("npm").arg("--version").output().is_ok();
    if has_npm {
        let offline = said(&mut again(
            part,
            cache.path(),
            None,
            Some("http://127.0.0.1:9/"),
        ));
        assert!(
            offline.contains("ERROR") && offline.contains("clickhouse.library"),
            "{offline}"
        );
    }
    let left: Vec<_> = std::fs::read_dir(cache.path().join("hypernode"))
        .unwrap()
        .flatten()
        .collect();
    assert!(
        left.iter().all(|entry| entry.file_name() == "fetch.lock"),
        "{left:?}"
    );
}

#[test]
#[ignore = "downloads 178 MB"]
fn two_processes_fetch_once() {
    let cache = tempfile::tempdir().unwrap();
    let part = "part_locate_or_fetch";
    let spawn = || {
        again(part, cache.path(), None, None)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let (one, two) = (spawn(), spawn());
    for child in [one, two] {
        let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert!(text.contains("FOUND"), "{text}");
    }
    let left: Vec<_> = std::fs::read_dir(cache.path().join("hypernode"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(left.len(), 2, "the library and the lock: {left:?}");
}
