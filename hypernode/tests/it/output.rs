//! What happens to output that nobody takes.

use std::process::{Output, Stdio};

use crate::support::{hypernode, run, stderr, text};

/// Runs a command whose standard output was closed before it began.
fn unread(args: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    hypernode(args)
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .expect("the binary runs")
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = text(folder.path());
    let free = ["--set", "clickhouse.port=0"];
    let migrate = [&["migrate", "--data", data], &free[..]].concat();
    assert!(run(&migrate).status.success());
    let sql = [&["sql", "--data", data, "SELECT 1"], &free[..]].concat();
    for args in [
        &["idl", "list", "--data", data][..],
        &["idl", "list", "--json", "--data", data],
        &["config", "keys"],
        &sql,
        &migrate,
    ] {
        let output = unread(args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
        assert!(
            !said.contains("panicked") && !said.contains("pipe"),
            "{said}"
        );
    }
    // What the answer is shows in the exit code all the same.
    let broken = format!("{}/tests/fixtures/broken_idls", env!("CARGO_MANIFEST_DIR"));
    let output = unread(&["idl", "check", &broken]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("cannot be used"));
}

#[test]
fn output_that_cannot_be_written_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let output = hypernode(&["config", "keys"])
        .stdout(full.expect("a device"))
        .stderr(Stdio::piped())
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.starts_with("hypernode: standard output: "), "{said}");
}
