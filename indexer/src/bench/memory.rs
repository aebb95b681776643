//! `bench memory`: what this process and the engine that it started hold while events stream through.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hypernode_warehouse::{Client, Writer, migrate};

use super::{Measurement, machine, synthetic};
use crate::batch::LIVE_WINDOW;
use crate::pipeline::{PipelineError, run_blocks};

/// What both together may hold in steady state.
const LIMIT_MIB: f64 = 1_024.0;
/// Events of one block.
const TRANSACTIONS: u32 = 500;
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(250);

/// How much is streamed: whichever is reached first.
#[derive(Debug, Clone, Copy)]
pub struct MemoryOptions {
    /// Events.
    pub events: u64,
    /// Time.
    pub time: Duration,
}

/// How far a bench that stores events is.
#[derive(Debug, Clone, Copy)]
pub struct Stored {
    /// Events on their way.
    pub events: u64,
    /// Events wanted.
    pub of: u64,
    /// Since it began.
    pub time: Duration,
}

/// Between two words on how far it is.
pub(super) const TELL: Duration = Duration::from_secs(10);

/// Resident and peak memory of one process, in KiB.
struct Resident {
    name: String,
    now: u64,
    peak: u64,
}

/// Streams made-up job events through the pipeline, one block in memory at a time as a live source sends them; the figure
/// is the highest sum of both processes after the first third. The warehouse must be empty; tables are made.
/// `tell` hears how far it is.
///
/// # Errors
/// What the warehouse refuses.
pub async fn memory(
    client: &Client,
    options: MemoryOptions,
    mut tell: impl FnMut(Stored),
) -> Result<Measurement, PipelineError> {
    let begun = Instant::now();
    let mut telling = begun;
    let sent = Arc::new(AtomicU64::new(0));
    let mut looks = Vec::new();
    let run = stream(client, options, Arc::clone(&sent));
    tokio::pin!(run);
    let rows = loop {
        tokio::select! {
            rows = &mut run => break rows?,
            () = tokio::time::sleep(LOOK) => {
                looks.push(look());
                if telling.elapsed() > TELL {
                    telling = Instant::now();
                    let events = sent.load(Ordering::Relaxed);
                    tell(Stored { events, of: options.events, time: begun.elapsed() });
                }
            }
        }
    };
    looks.push(look());
    Ok(line(&looks, sent.load(Ordering::Relaxed), rows))
}

/// Makes the tables and stores made-up events, counting them in `sent`; returns the rows stored.
pub(super) async fn stream(
    client: &Client,
    options: MemoryOptions,
    sent: Arc<AtomicU64>,
) -> Result<u64, PipelineError> {
    let decoder =
        Arc::new(synthetic::decoder().map_err(|error| PipelineError::Decoder(error.to_string()))?);
    migrate::migrate(client).await?;
    migrate::evolve_tables(client, decoder.tables()).await?;
    let writer = Writer::new(client.clone());
    let started = Instant::now();
    let blocks = (1..=options.events / u64::from(TRANSACTIONS))
        .take_while(move |_| started.elapsed() < options.time)
        .map(move |slot| {
            sent.fetch_add(u64::from(TRANSACTIONS), Ordering::Relaxed);
            synthetic::block(slot, slot - 1, TRANSACTIONS)
        });
    run_blocks(blocks, decoder, &writer, LIVE_WINDOW).await
}

fn line(looks: &[Vec<Resident>], events: u64, rows: u64) -> Measurement {
    let mib = |kib: u64| kib as f64 / 1_024.0;
    let total = |all: &[Resident]| mib(all.iter().map(|one| one.now).sum());
    let steady = looks.get(looks.len() / 3..).unwrap_or_default();
    let most = steady
        .iter()
        .max_by(|a, b| total(a).total_cmp(&total(b)))
        .map_or(&[][..], Vec::as_slice);
    let parts: Vec<String> = most
        .iter()
        .map(|one| {
            format!(
                "{} {:.0} (peak {:.0})",
                one.name,
                mib(one.now),
                mib(one.peak)
            )
        })
        .collect();
    let figure = total(most);
    Measurement {
        bench: "memory",
        figure: figure.round(),
        unit: "MiB",
        floor: Some(LIMIT_MIB),
        ratio: (figure > 0.0).then(|| (LIMIT_MIB / figure * 100.0).round() / 100.0),
        regime: format!(
            "most resident at once after the first third of {events} made-up job events in blocks of {TRANSACTIONS} and live windows, {rows} rows: {}; floor: the limit \
             for both processes",
            parts.join(", ")
        ),
        machine: machine(),
    }
}

/// This process and its children now.
fn look() -> Vec<Resident> {
    let me = std::process::id();
    let others = children(me).into_iter();
    std::iter::once(me)
        .chain(others)
        .filter_map(resident)
        .collect()
}

fn resident(pid: u32) -> Option<Resident> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.get(name.len()..)?.trim().to_owned())
    };
    let size = |name: &str| field(name)?.split(' ').next()?.parse().ok();
    Some(Resident {
        name: field("Name:")?,
        now: size("VmRSS:")?,
        peak: size("VmHWM:")?,
    })
}

/// Processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let Ok(tasks) = std::fs::read_dir(Path::new("/proc").join(parent.to_string()).join("task"))
    else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|text| {
            text.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_after_the_first_third_counts() {
        let at = |now: u64| {
            vec![Resident {
                name: "one".into(),
                now: now << 10,
                peak: now << 10,
            }]
        };
        let looks = [at(900), at(2), at(3), at(512), at(4), at(5)];
        let line = line(&looks, 10, 60);
        assert_eq!((line.figure, line.ratio), (512.0, Some(2.0)));
    }

    #[test]
    fn this_process_has_memory() {
        assert!(look().iter().any(|one| one.now > 0 && one.peak >= one.now));
    }
}
