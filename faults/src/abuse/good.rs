//! A good host and a good client: what is done to others must not touch them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hypernode_dispatch::bench::Stage;
use hypernode_dispatch::ids::JobId;
use hypernode_dispatch::job::Pay;
use hypernode_state::jobs::GetJob;
use hypernode_state::{Address, Store, StoreExt as _};
use serde_json::json;
use tokio::task::JoinHandle;

use super::line::{Heard, Line};
use super::server::Server;

/// Whose jobs the good host runs.
const OWNER: Address = Address([9; 32]);
/// Only this host's: its model is asked for.
const MODEL: &str = "Good GPU 1";
/// Between two of them.
const PACE: Duration = Duration::from_millis(100);
/// Longer is harm.
const LONGEST: Duration = Duration::from_secs(10);
/// States that are no end.
const OPEN: u8 = 4;

/// They work until they are stopped.
pub(super) struct Good {
    stop: Arc<AtomicBool>,
    host: JoinHandle<Result<()>>,
    client: JoinHandle<Result<Vec<Option<Duration>>>>,
}

/// What they did.
pub(super) struct Ran {
    pub(super) jobs: u64,
    pub(super) harmed: u64,
    pub(super) p99_ms: u64,
}

impl Good {
    pub(super) async fn start(server: &Server) -> Result<Self> {
        let mut line = Line::open(server).await?;
        let token = server.token().await?;
        line.say(&json!({"type": "register", "token": token, "hostInfo": {"hostname": "good", "os": "Linux 6.8",
            "gpus": [{"name": MODEL, "memory": "24564 MiB"}]}}))
            .await?;
        line.until("registered").await?;
        let stop = Arc::new(AtomicBool::new(false));
        let host = tokio::spawn(host(line));
        let (center, store, stopped) = (
            server.stage.center.clone(),
            server.stage.store.clone(),
            stop.clone(),
        );
        let client = tokio::spawn(async move {
            let mut took = Vec::new();
            let mut number = 1 << 64;
            while !stopped.load(Ordering::Relaxed) {
                number += 1;
                let mut order = Stage::order(number, OWNER, Pay::UpTo(1_000_000));
                order.submission.needs.gpu_model = Some(MODEL.to_owned());
                let begun = Instant::now();
                let job = center.now()?.submit(order).await?;
                let ended = tokio::time::timeout(LONGEST, ended(store.as_ref(), job)).await;
                let completed = matches!(ended, Ok(Ok(true)));
                took.push(completed.then(|| begun.elapsed()));
                tokio::time::sleep(PACE).await;
            }
            Ok(took)
        });
        Ok(Self { stop, host, client })
    }

    pub(super) async fn stop(self) -> Result<Ran> {
        self.stop.store(true, Ordering::Relaxed);
        let took = self.client.await.context("the good client")??;
        // A host that was cut off has ended: that is harm, too.
        let lost = u64::from(self.host.is_finished());
        self.host.abort();
        let mut ms: Vec<u64> = took
            .iter()
            .flatten()
            .map(|time| time.as_millis() as u64)
            .collect();
        ms.sort_unstable();
        Ok(Ran {
            jobs: took.len() as u64,
            harmed: lost + took.iter().filter(|time| time.is_none()).count() as u64,
            p99_ms: ms.get(ms.len() * 99 / 100).copied().unwrap_or(0),
        })
    }
}

async fn host(mut line: Line) -> Result<()> {
    loop {
        match line.hear().await {
            Ok(Heard::Frame(frame)) if frame["type"] == "job" => {
                line.say(&json!({"type": "job_result", "id": frame["id"], "status": "completed", "logs": "done"})).await?;
            }
            Ok(Heard::Frame(_)) => {}
            Ok(Heard::Closed(_)) => return Ok(()),
            // Nothing to do for a while: it shows life.
            Err(_) => {
                let heartbeat = json!({"type": "heartbeat", "nodeId": null});
                line.say(&heartbeat).await?;
            }
        }
    }
}

/// Waits until a job has ended; whether it is completed.
pub(super) async fn ended(store: &dyn Store, job: JobId) -> Result<bool> {
    loop {
        let query = GetJob {
            id: job.to_string(),
            content: false,
            outcome: false,
        };
        let whole = store.ask(query).await?.context("the job is there")?;
        if whole.job.state >= OPEN {
            return Ok(whole.job.state == OPEN);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
