//! Recordings: the mainnet block and a real validator's stream.

use serde_json::Value;

use crate::support::{row_counts, run, stderr, stdout, test_data, text};

const MAINNET: [&str; 6] = [
    "--program",
    "jupiter_v6=JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4",
    "--program",
    "meteora_dlmm=LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo",
    "--program",
    "raydium_clmm=CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK",
];

/// The report with `decoded` in an order of its own: it is a set.
fn normal(mut report: Value) -> Value {
    if let Some(list) = report["decoded"].as_array_mut() {
        list.sort_by_key(ToString::to_string);
    }
    report
}

#[test]
fn a_mainnet_block_decodes_to_the_expected_figures_once() {
    let Some(folder) = test_data() else { return };
    let folder = folder.join("mainnet-254170887");
    let (block, idl) = (folder.join("block.json.zst"), folder.join("idl"));
    let data = tempfile::tempdir().expect("a folder");
    let mut args = vec![
        "index",
        "--recording",
        text(&block),
        "--slot",
        "254170887",
        "--idl",
        text(&idl),
    ];
    args.extend(MAINNET);
    args.extend(["--data", text(data.path()), "--report", "-"]);

    let first = run(&args);
    assert!(first.status.success(), "{}", stderr(&first));
    let expected = std::fs::read_to_string(folder.join("expected.json")).expect("expected figures");
    let expected: Value = serde_json::from_str(&expected).expect("JSON");
    let report: Value = serde_json::from_str(&stdout(&first)).expect("JSON only");
    assert_eq!(normal(report), normal(expected));
    let counts = row_counts(data.path());
    assert!(
        counts.contains("ev_raydium_clmm_SwapEvent\t3\n"),
        "{counts}"
    );

    let second = run(&args);
    assert!(second.status.success(), "{}", stderr(&second));
    assert_eq!(
        stdout(&second),
        stdout(&first),
        "the report is of the recording, not of what was new"
    );
    assert_eq!(row_counts(data.path()), counts, "I-06");
}

#[test]
fn an_idl_without_a_program_id_is_refused_with_the_flag_to_use() {
    let Some(folder) = test_data() else { return };
    let folder = folder.join("mainnet-254170887");
    let data = tempfile::tempdir().expect("a folder");
    let (block, idl) = (folder.join("block.json.zst"), folder.join("idl"));
    let output = run(&[
        "index",
        "--recording",
        text(&block),
        "--slot",
        "1",
        "--idl",
        text(&idl),
        "--data",
        text(data.path()),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("--program meteora_dlmm=ID"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_truncated_recording_is_told_and_what_is_whole_is_kept() {
    let Some(folder) = test_data() else { return };
    let folder = folder.join("mainnet-254170887");
    let scratch = tempfile::tempdir().expect("a folder");
    let bytes = std::fs::read(folder.join("block.json.zst")).expect("the recording");
    let cut = scratch.path().join("cut.json.zst");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("a file");
    let data = scratch.path().join("data");
    let output = run(&[
        "index",
        "--recording",
        text(&cut),
        "--slot",
        "254170887",
        "--data",
        text(&data),
    ]);
    assert!(!output.status.success());
    let message = stderr(&output);
    assert!(message.contains("cut.json.zst"), "{message}");
}
