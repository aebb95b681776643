//! The cases by which log parsers are compared (`peers/cases.jsonl`), executed by the runtime: the file must be
//! what the runtime writes, and the decoder must be right on each. `HYPERNODE_RECORD=1` writes the file anew.
//!
//! A case's events are numbered: 1 to 99 are the program's, from 600 on they are forgeries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml spares only #[test] functions

#[path = "recorded_cases/book.rs"]
mod book;
#[path = "recorded_cases/cases.rs"]
mod cases;
#[path = "recorded_cases/machine.rs"]
mod machine;
#[path = "recorded_cases/ours.rs"]
mod ours;

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;

/// Executed once for both tests.
static CASES: LazyLock<Vec<book::Case>> = LazyLock::new(cases::all);

#[test]
fn the_recorded_cases_are_what_the_runtime_writes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers/cases.jsonl");
    let now: Vec<Value> = CASES.iter().map(book::Case::to_json).collect();
    if std::env::var_os("HYPERNODE_RECORD").is_some() {
        let text: String = now.iter().map(|case| format!("{case}\n")).collect();
        std::fs::write(&file, text).expect("write");
    }
    let recorded = std::fs::read_to_string(&file).expect("peers/cases.jsonl");
    let recorded: Vec<Value> = recorded
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for (recorded, now) in recorded.iter().zip(&now) {
        assert_eq!(
            recorded, now,
            "HYPERNODE_RECORD=1 writes the file anew; look at the difference"
        );
    }
    assert_eq!(recorded.len(), now.len());
}

// I-10, I-11, I-12.
#[test]
fn the_decoder_is_right_on_every_recorded_case() {
    for case in &*CASES {
        let seen = ours::judge(case);
        let wanted: Vec<_> = case
            .right
            .events
            .iter()
            .map(|e| (*e, case.right.failed))
            .collect();
        assert_eq!(seen.events, wanted, "{}", case.name);
        assert_eq!(
            (seen.truncated, seen.missing),
            (case.right.cut, case.right.unknown),
            "{}",
            case.name
        );
    }
}
