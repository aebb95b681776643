//! Measuring: each figure beside a floor in the same run.

pub mod backfill;
pub mod decode;
mod encode;
mod feed;
mod floor;
pub mod geyser;
pub mod ingest;
pub mod live;
pub mod memory;
mod peer;
mod recorded;
pub mod recovery;
pub mod scan;
pub mod slots;
pub mod synthetic;

use serde::Serialize;

/// One measured figure, as one JSON line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// Name of the bench.
    pub bench: &'static str,
    /// The figure, in `unit`.
    pub figure: f64,
    /// What it counts.
    pub unit: &'static str,
    /// What it is compared with, in the same unit.
    pub floor: Option<f64>,
    /// How many times better than the floor the figure is.
    pub ratio: Option<f64>,
    /// What was measured, and how.
    pub regime: String,
    /// On what.
    pub machine: String,
}

/// Why a bench could not measure.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// Something that it needs is not there.
    #[error("cannot measure: {0}")]
    Setup(String),
}

/// Median of all but the first, which warms up.
fn median(values: &[f64]) -> f64 {
    let mut counted: Vec<f64> = values.iter().skip(1).copied().collect();
    counted.sort_by(f64::total_cmp);
    let middle = counted.len() / 2;
    match counted.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(counted[middle - 1], counted[middle]),
        _ => counted[middle],
    }
}

/// Processor and number of cores.
#[must_use]
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!("{cores} cores, {model}")
}
