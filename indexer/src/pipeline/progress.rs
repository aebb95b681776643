//! How far a recording is: a bar on a terminal, a log line now and then elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use super::status::StatusHandle;
use crate::recording::Position;

/// Draws until dropped.
#[derive(Debug)]
pub(super) struct Progress {
    task: JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Starts drawing.
pub(super) fn start(position: Position, status: StatusHandle) -> Progress {
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(position.total());
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {percent:>3}% {bytes_per_sec} ETA {eta} {msg}")
        {
            bar.set_style(style);
        }
        bar
    });
    let shown = bar.clone();
    let task = tokio::spawn(async move {
        let pause = if shown.is_some() {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(5)
        };
        let started = Instant::now();
        loop {
            tokio::time::sleep(pause).await;
            let status = status.get();
            let rate = status.rows as f64 / started.elapsed().as_secs_f64();
            match &shown {
                Some(bar) => {
                    bar.set_position(position.read());
                    let waits = status.message.unwrap_or_default();
                    bar.set_message(format!(
                        "slot {} {rate:.0} rows/s {waits}",
                        status.proven_slot
                    ));
                }
                None => tracing::info!(
                    read = position.read(),
                    total = position.total(),
                    slot = status.proven_slot,
                    rows = status.rows,
                    rows_per_second = rate as u64,
                    "indexing"
                ),
            }
        }
    });
    Progress { task, bar }
}
