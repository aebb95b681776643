//! `bench scan`: the strict scan of a recorded mainnet block, beside a pass that believes every line.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hypernode_decoder::chain::Block;
use hypernode_decoder::{Decoder, Keep, ProgramConfig, Rows, idl};
use hypernode_schemas::canonical::{CanonicalMap, VERSION};

use super::{BenchError, Measurement, machine, median};
use crate::convert::block_from_json;

/// Folder of the test data, and the recorded block in it.
const DATA: &str = "HYPERNODE_TEST_DATA";
const SLOT: u64 = 254_170_887;
/// Programs of the block that have an IDL there.
const PROGRAMS: [(&str, &str); 3] = [
    ("jupiter_v6", "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"),
    (
        "raydium_clmm",
        "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK",
    ),
    (
        "meteora_dlmm",
        "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo",
    ),
];

/// Measures on the calling thread for about `time`.
///
/// # Errors
/// When the recorded block is not at hand.
pub fn scan(time: Duration) -> Result<Measurement, BenchError> {
    let folder =
        std::env::var_os(DATA).map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let folder = folder.join(format!("mainnet-{SLOT}"));
    let (block, decoder) = (block(&folder)?, decoder(&folder)?);
    let mut rows = Rows::new(&decoder);
    let found = decoder.scan_block(&block, &mut rows);
    let (mut strict, mut plain) = (Vec::new(), Vec::new());
    let mut arena = Vec::new();
    let started = Instant::now();
    while strict.len() < 4 || started.elapsed() < time {
        let clock = Instant::now();
        black_box(decoder.scan_block(black_box(&block), &mut rows));
        strict.push(rate(&block, clock));
        let clock = Instant::now();
        black_box(believe_all(black_box(&block), &mut arena));
        plain.push(rate(&block, clock));
    }
    let ratios: Vec<f64> = strict.iter().zip(&plain).map(|(s, p)| s / p).collect();
    Ok(Measurement {
        bench: "scan",
        figure: median(&strict).round(),
        unit: "transactions/s",
        floor: Some(median(&plain).round()),
        ratio: Some((median(&ratios) * 1_000.0).round() / 1_000.0),
        regime: format!(
            "logs and instruction trees of mainnet block {SLOT} ({} transactions, {} log lines, {} records of {} programs), \
             read in lockstep, one core, medians of {} alternating rounds; floor: one pass over the same lines that \
             believes each `Program data:` and decodes its base64",
            found.transactions,
            lines(&block).count(),
            found.records,
            PROGRAMS.len(),
            strict.len() - 1
        ),
        machine: machine(),
    })
}

fn lines(block: &Block) -> impl Iterator<Item = &String> {
    block
        .transactions
        .iter()
        .flat_map(|tx| tx.logs.iter().flatten())
}

fn rate(block: &Block, clock: Instant) -> f64 {
    block.transactions.len() as f64 / clock.elapsed().as_secs_f64()
}

/// What a reader does that asks neither who wrote a line nor whether the log is whole.
fn believe_all(block: &Block, arena: &mut Vec<u8>) -> usize {
    let mut bytes = 0;
    for line in lines(block) {
        if let Some(text) = line.strip_prefix("Program data: ") {
            arena.clear();
            let _ = base64_simd::STANDARD.decode_append(text, arena);
            bytes += arena.len();
        }
    }
    bytes
}

fn read(path: &Path) -> Result<Vec<u8>, BenchError> {
    std::fs::read(path).map_err(|error| {
        BenchError::Setup(format!(
            "{}: {error}; set {DATA} to the folder of the recorded test data",
            path.display()
        ))
    })
}

fn block(folder: &Path) -> Result<Block, BenchError> {
    let setup = |error: String| BenchError::Setup(format!("recorded block: {error}"));
    let packed = read(&folder.join("block.json.zst"))?;
    let json = zstd::decode_all(packed.as_slice()).map_err(|error| setup(error.to_string()))?;
    let (block, _) =
        block_from_json(&json, Some(SLOT)).map_err(|error| setup(error.to_string()))?;
    Ok(block)
}

fn decoder(folder: &Path) -> Result<Decoder, BenchError> {
    let mut programs = Vec::new();
    for (label, id) in PROGRAMS {
        let path = folder.join("idl").join(format!("{label}.json"));
        let parsed = idl::parse(label, &path.display().to_string(), &read(&path)?)
            .map_err(|error| BenchError::Setup(error.to_string()))?;
        let mut key = [0; 32];
        five8::decode_32(id, &mut key)
            .map_err(|_| BenchError::Setup(format!("{id} is no address")))?;
        programs.push(ProgramConfig::new(label, key, parsed));
    }
    let map = CanonicalMap {
        version: VERSION,
        maps: Vec::new(),
    };
    Decoder::new(programs, &map, Keep::All).map_err(|error| BenchError::Setup(error.to_string()))
}
