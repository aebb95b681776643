//! `bench recovery`: how soon the warehouse serves again after its engine was killed under a writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hypernode_warehouse::{Client, WarehouseError, recover};

use super::memory::{MemoryOptions, Stored, TELL, stream};
use super::{Measurement, machine};
use crate::pipeline::PipelineError;

/// Within which it must serve again.
const LIMIT: f64 = 5.0;
/// Longest that is waited.
const GIVE_UP: Duration = Duration::from_secs(60);

/// Streams made-up events until all of `options` are on their way, then calls `kill` while batches are being written; the
/// engine must come back by itself. The figure is the time from there until what the writer left behind is settled, the
/// newest ledger rows are verified, and a count over all events has answered. The warehouse must be empty. `tell` hears how
/// far it is.
///
/// # Errors
/// What the warehouse refuses, or that it did not come back.
pub async fn recovery(
    client: &Client,
    options: MemoryOptions,
    mut tell: impl FnMut(Stored),
    kill: impl FnOnce(),
) -> Result<Measurement, PipelineError> {
    let sent = Arc::new(AtomicU64::new(0));
    let endless = MemoryOptions {
        events: u64::MAX / 2,
        time: GIVE_UP + options.time * 100,
    };
    let begun = Instant::now();
    let writer = {
        let (client, sent) = (client.clone(), Arc::clone(&sent));
        tokio::spawn(async move { stream(&client, endless, sent).await })
    };
    let mut telling = begun;
    while sent.load(Ordering::Relaxed) < options.events
        && begun.elapsed() < options.time
        && !writer.is_finished()
    {
        if telling.elapsed() > TELL {
            telling = Instant::now();
            tell(Stored {
                events: sent.load(Ordering::Relaxed),
                of: options.events,
                time: begun.elapsed(),
            });
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    kill();
    let clock = Instant::now();
    writer.abort();
    let (found, events, parts) = loop {
        let back = clock.elapsed();
        match serve(client).await {
            Ok((found, events, recovered)) => {
                let counted = clock.elapsed() - back - recovered;
                let parts = [back, recovered, counted].map(|part| part.as_secs_f64());
                break (found, events, parts);
            }
            Err(error) if error.is_retryable() && clock.elapsed() < GIVE_UP => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error.into()),
        }
    };
    let seconds = clock.elapsed().as_secs_f64();
    let removed: u64 = found.removed.iter().map(|(_, rows)| rows).sum();
    Ok(Measurement {
        bench: "recovery",
        figure: (seconds * 1_000.0).round() / 1_000.0,
        unit: "s",
        floor: Some(LIMIT),
        ratio: (events > 0).then(|| (LIMIT / seconds * 100.0).round() / 100.0),
        regime: format!(
            "kill -9 of the engine while batches are written, {events} events stored; until it runs again, {removed} rows \
             without a ledger row in {} tables are removed, {} ledger rows verified and the events counted ({:.1} s until the \
             engine was back, {:.1} s of recovery, {:.1} s of counting); floor: the limit",
            found.removed.len(),
            found.verified,
            parts[0],
            parts[1],
            parts[2]
        ),
        machine: machine(),
    })
}

async fn serve(client: &Client) -> Result<(recover::Recovery, u64, Duration), WarehouseError> {
    let begun = Instant::now();
    let found = recover::recover(client, &[]).await?;
    let recovered = begun.elapsed();
    let counted = client.rows::<u64>("SELECT count() FROM events").await?;
    Ok((found, counted.first().copied().unwrap_or(0), recovered))
}
