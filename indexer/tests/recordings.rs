//! The slot machine over streams that a real validator sent, and the readers over whole, cut and hostile files.
#![allow(clippy::expect_used, reason = "a test may fail by panicking")]

mod common;

use std::io::Write as _;
use std::path::Path;

use hypernode_decoder::chain::{Block, Proof};
use hypernode_indexer::recording::{self, Format, RecordingError};
use hypernode_indexer::slots::{Limits, Output, SlotMachine, Stats};

struct Run {
    blocks: Vec<Block>,
    outputs: Vec<Output>,
    stats: Stats,
    read: recording::ReadStats,
    format: Format,
}

fn run(path: &Path, slot: Option<u64>) -> Run {
    let mut recording = recording::open(path, Format::Auto, slot).expect("open");
    let mut machine = SlotMachine::new(Limits::default(), None);
    let mut out = Vec::new();
    for input in recording.by_ref() {
        machine.push(input.expect("input"), &mut out);
    }
    machine.finish(&mut out);
    let (blocks, outputs): (Vec<_>, Vec<_>) = out
        .into_iter()
        .partition(|output| matches!(output, Output::Publish(_)));
    Run {
        blocks: blocks
            .into_iter()
            .filter_map(|output| match output {
                Output::Publish(block) => Some(*block),
                _ => None,
            })
            .collect(),
        outputs,
        stats: machine.stats(),
        read: recording.stats(),
        format: recording.format(),
    }
}

/// Every block links to the one before it, by slot and by hash.
fn assert_linked(blocks: &[Block]) {
    for pair in blocks.windows(2) {
        assert_eq!(pair[1].parent_slot, pair[0].slot);
        assert_eq!(pair[1].parent_blockhash, pair[0].blockhash);
    }
    for block in blocks {
        assert!(
            block
                .transactions
                .is_sorted_by_key(|transaction| transaction.index)
        );
    }
}

#[test]
fn the_confirmed_stream_is_published_whole() {
    let Some(path) = common::data("validator-stream/mixed.confirmed.bin.zst") else {
        return;
    };
    let run = run(&path, None);
    eprintln!("{:?} {:?}", run.stats, run.read);
    assert_eq!(run.format, Format::Varint);
    assert_linked(&run.blocks);
    assert_eq!(run.blocks.len(), 606);
    let landed: usize = run
        .blocks
        .iter()
        .map(|block| block.transactions.len())
        .sum();
    assert!(landed >= 10_000, "{landed} transactions");
    // Votes are not in the recording: a count that includes them is never reached by accident.
    assert!(run.blocks.iter().all(|block| match block.proof {
        Proof::Count => block.transactions.len() as u64 == block.executed_transaction_count,
        Proof::None => (block.transactions.len() as u64) < block.executed_transaction_count,
        Proof::Block => false,
    }));
    assert!(
        !run.outputs
            .iter()
            .any(|output| matches!(output, Output::Gap(_) | Output::Equivocation { .. }))
    );
}

#[test]
fn the_ghost_slot_of_a_killed_validator_is_not_published() {
    let Some(path) = common::data("validator-stream/kill9.confirmed.bin.zst") else {
        return;
    };
    let run = run(&path, None);
    eprintln!("{:?} {:?} {:?}", run.stats, run.read, run.outputs);
    assert_linked(&run.blocks);
    assert!(run.blocks.iter().all(|block| block.slot != 1035));
    assert!(
        !run.outputs
            .iter()
            .any(|output| matches!(output, Output::Gap(_)))
    );
}

#[test]
fn transactions_of_a_killed_bank_are_counted_as_ghosts() {
    let Some(path) = common::data("validator-stream/kill9.processed.bin.zst") else {
        return;
    };
    let run = run(&path, None);
    eprintln!("{:?} {:?}", run.stats, run.read);
    assert_linked(&run.blocks);
    assert!(run.blocks.iter().all(|block| block.slot != 1035));
    assert!(run.stats.ghosts >= 13, "{:?}", run.stats);
}

#[test]
fn whole_blocks_close_by_count() {
    let Some(path) = common::data("validator-stream/blocks.bin.zst") else {
        return;
    };
    let run = run(&path, None);
    eprintln!("{:?} {:?} {:?}", run.stats, run.read, run.outputs.len());
    assert_linked(&run.blocks);
    assert!(run.blocks.len() > 50, "{} blocks", run.blocks.len());
    assert!(run.blocks.iter().all(|block| block.proof == Proof::Count));
}

#[test]
fn a_mainnet_block_is_final_and_needs_its_slot() {
    let Some(path) = common::data("mainnet-254170887/block.json.zst") else {
        return;
    };
    let run = run(&path, Some(254_170_887));
    assert_eq!(run.format, Format::GetBlock);
    assert_eq!(run.blocks.len(), 1);
    let block = &run.blocks[0];
    assert_eq!(
        (block.parent_slot, block.transactions.len()),
        (254_170_886, 602)
    );
    assert_eq!(
        block
            .transactions
            .iter()
            .filter(|t| t.err.is_some())
            .count(),
        305
    );
    assert_eq!(run.read.malformed, 0);
    assert!(run.outputs.contains(&Output::Finalized(254_170_887)));

    let error = recording::open(&path, Format::Auto, None)
        .expect("open")
        .next()
        .expect("one")
        .expect_err("no slot");
    assert!(error.to_string().contains("--slot"), "{error}");
}

#[test]
fn a_cut_file_delivers_what_is_whole_and_names_the_offset() {
    let Some(path) = common::data("validator-stream/blocks.bin.zst") else {
        return;
    };
    let packed = std::fs::read(path).expect("read");
    let plain = zstd::decode_all(packed.as_slice()).expect("zstd");
    let dir = tempfile::tempdir().expect("dir");
    let whole = recording_of(dir.path(), "whole", &plain);
    let total = whole.filter(Result::is_ok).count();
    for (name, bytes) in [
        ("plain", &plain[..plain.len() / 2]),
        ("packed", &packed[..packed.len() / 2]),
    ] {
        let mut results: Vec<_> = recording_of(dir.path(), name, bytes).collect();
        let last = results.pop().expect("some").expect_err("cut");
        assert!(
            matches!(last, RecordingError::Truncated { .. }),
            "{name}: {last}"
        );
        assert!(last.to_string().contains("byte "), "{last}");
        assert!(results.iter().all(Result::is_ok));
        assert!(!results.is_empty() && results.len() < total);
    }
}

#[test]
fn big_endian_framing_reads_the_same() {
    let Some(path) = common::data("validator-stream/blocks.bin.zst") else {
        return;
    };
    let plain = zstd::decode_all(std::fs::File::open(&path).expect("open")).expect("zstd");
    let mut framed = Vec::new();
    let mut rest = plain.as_slice();
    while !rest.is_empty() {
        let length = prost::decode_length_delimiter(&mut rest).expect("length");
        framed.extend_from_slice(&u32::try_from(length).expect("short").to_be_bytes());
        framed.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    let dir = tempfile::tempdir().expect("dir");
    let other = recording_of(dir.path(), "u32be", &framed);
    assert_eq!(other.format(), Format::U32be);
    let inputs: Vec<_> = recording::open(&path, Format::Auto, None)
        .expect("open")
        .map(|i| i.expect("input"))
        .collect();
    let others: Vec<_> = other.map(|i| i.expect("input")).collect();
    assert_eq!(inputs, others);
}

#[test]
fn hostile_lengths_and_garbage_are_errors() {
    let dir = tempfile::tempdir().expect("dir");
    // A varint that announces 2^40 bytes.
    let path = write(
        dir.path(),
        "huge",
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x0a],
    );
    let error = recording::open(&path, Format::Varint, None)
        .expect("open")
        .next()
        .expect("one")
        .expect_err("huge");
    assert!(
        matches!(error, RecordingError::Oversized { offset: 0, .. }),
        "{error}"
    );
    // A length that never ends.
    let path = write(dir.path(), "endless", &[0xff; 64]);
    let error = recording::open(&path, Format::Varint, None)
        .expect("open")
        .next()
        .expect("one")
        .expect_err("endless");
    assert!(
        matches!(error, RecordingError::Oversized { offset: 0, .. }),
        "{error}"
    );
    // Nothing that is known.
    let path = write(dir.path(), "noise", b"hello, this is no recording at all");
    assert!(matches!(
        recording::open(&path, Format::Auto, None),
        Err(RecordingError::Unknown { .. })
    ));
    // A frame of garbage between frames costs nothing but itself.
    let path = write(
        dir.path(),
        "middle",
        &[2, 0xff, 0xff, 0, 3, 0x0a, 0x01, b'x'],
    );
    let mut recording = recording::open(&path, Format::Varint, None).expect("open");
    assert!(recording.next().is_none());
    assert_eq!(
        (recording.stats().messages, recording.stats().undecodable),
        (3, 1)
    );
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = dir.join(name);
    std::fs::File::create(&path)
        .expect("create")
        .write_all(bytes)
        .expect("write");
    path
}

fn recording_of(dir: &Path, name: &str, bytes: &[u8]) -> recording::Recording {
    recording::open(&write(dir, name, bytes), Format::Auto, None).expect("open")
}
