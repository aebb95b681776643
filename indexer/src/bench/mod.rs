//! Measuring: blocks in memory to rows in the warehouse, against prepared blocks in the same run.

mod floor;
pub mod ingest;
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
