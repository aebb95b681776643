//! `faults abuse`: hosts and clients that mean no good, over real sockets, beside a good host that must not notice.

mod cases;
mod good;
mod jobs;
mod line;
mod server;

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use good::Good;
use server::Server;

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct AbuseOptions {
    /// Jobs that one client tries to create.
    pub jobs: u64,
    /// Sockets that flood at a time.
    pub floods: u32,
}

/// What one case came to.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What was answered otherwise than it must be; empty where all was refused clearly.
    pub wrong: Vec<String>,
    /// Things that were tried.
    pub tried: u64,
}

/// What all cases came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Abuse {
    /// Cases.
    pub cases: u64,
    /// Things that were tried.
    pub tried: u64,
    /// Of those, what was not refused clearly.
    pub unrefused: u64,
    /// Jobs of others that the good host ran meanwhile.
    pub good_jobs: u64,
    /// Of those, the ones that it lost, or that took longer than ten seconds.
    pub good_harmed: u64,
    /// From submission to the end, 99 of a hundred, in ms.
    pub good_p99_ms: u64,
    /// Memory before, in MiB.
    pub rss_mib_before: u64,
    /// The most of it, in MiB.
    pub rss_mib_peak: u64,
}

/// What memory may grow by, in MiB, whatever is done to it.
const MOST_MIB: u64 = 512;

impl Abuse {
    /// Whether everything was refused, nobody harmed and memory bounded.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.unrefused == 0
            && self.good_harmed == 0
            && self.good_jobs > 0
            && self.rss_mib_peak <= self.rss_mib_before + MOST_MIB
    }
}

/// Does all of it. Tells of each case as `told`.
///
/// # Errors
/// When the server does not start, or what must work does not.
pub async fn abuse(options: AbuseOptions, mut told: impl FnMut(&Case)) -> Result<Abuse> {
    let server = Server::open().await?;
    let mut summary = Abuse {
        rss_mib_before: rss_mib("VmRSS:"),
        ..Abuse::default()
    };
    let good = Good::start(&server).await?;
    let mut add = |case: Case| {
        told(&case);
        summary.cases += 1;
        summary.tried += case.tried;
        summary.unrefused += case.wrong.len() as u64;
    };
    add(cases::malformed(&server).await?);
    add(cases::huge(&server).await?);
    add(cases::slow(&server).await?);
    add(cases::strangers(&server).await?);
    add(cases::tokens(&server).await?);
    add(cases::results(&server).await?);
    add(cases::fences(&server).await?);
    add(cases::idle(&server).await?);
    add(cases::floods(&server, options.floods).await?);
    add(jobs::flood(&server, options.jobs).await?);
    // A little peace, so that what was begun can end.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ran = good.stop().await?;
    summary.good_jobs = ran.jobs;
    summary.good_harmed = ran.harmed;
    summary.good_p99_ms = ran.p99_ms;
    summary.rss_mib_peak = rss_mib("VmHWM:");
    Ok(summary)
}

/// Memory of this process in MiB.
fn rss_mib(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) >> 10
}
