//! `bench scan`: the strict scan of a recorded mainnet block, beside a pass that believes every line.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hypernode_decoder::chain::Block;
use hypernode_decoder::{Keep, Rows};

use super::recorded::{self, PROGRAMS, SLOT};
use super::{BenchError, Measurement, machine, median};

/// Measures on the calling thread for about `time`.
///
/// # Errors
/// When the recorded block is not at hand.
pub fn scan(time: Duration) -> Result<Measurement, BenchError> {
    let (block, decoder) = (recorded::block()?, recorded::decoder(Keep::All)?);
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
