//! `docker-compose.yml`: no Docker engine runs it here, so at least every key it sets must be one that we know.

use std::path::Path;

use crate::support::{hypernode, stderr, stdout};

#[test]
fn every_key_of_the_compose_file_is_accepted() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker-compose.yml");
    let text = std::fs::read_to_string(file).expect("the compose file");
    let mut command = hypernode(&["config", "check"]);
    let mut keys = 0;
    for line in text.lines() {
        let Some((name, value)) = line.trim().split_once(": ") else {
            continue;
        };
        if !name.starts_with("HYPERNODE__") {
            continue;
        }
        // What the person who runs it fills in.
        let value = match value {
            hole if hole.contains("_URL") => "https://example.org",
            hole if hole.starts_with("${") => "a secret",
            plain => plain,
        };
        command.env(name, value);
        keys += 1;
    }
    assert!(keys >= 8, "{keys} keys found in:\n{text}");
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    assert!(shown.contains("clickhouse.database = hypernode"), "{shown}");
    assert!(!shown.contains("a secret"), "I-18: {shown}");
}
