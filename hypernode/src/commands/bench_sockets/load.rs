//! The child that plays the hosts, and what is said to it: a line of JSON each way.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::server::Server;
use crate::exit::{Failure, Outcome};

/// How long the hosts may take for anything.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the hosts are to be.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HostOptions {
    /// Address of the server.
    pub(super) address: std::net::SocketAddr,
    /// File of tokens: so many hosts.
    pub(super) tokens: std::path::PathBuf,
    /// `v1` to `v4`, `aware`, or `mixed`.
    pub(super) dialect: String,
    /// Seconds between heartbeats.
    pub(super) heartbeat_s: u32,
}

/// What they are told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// Break all connections and come back.
    Storm,
    /// Tell which jobs arrived, once there are so many.
    Arrivals(u32),
    /// End.
    End,
}

/// What they tell.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    /// All are registered.
    Ready,
    /// Jobs that arrived.
    Arrivals(Vec<Arrived>),
    /// Something went wrong.
    Failed(String),
}

/// A job's frame at its host.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Arrived {
    pub(super) job: String,
    /// Microseconds since 1970.
    pub(super) at: i64,
}

pub(super) struct Load {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    number: u32,
}

impl Load {
    /// Starts so many hosts, and waits until all are registered.
    pub(super) async fn start(
        server: &Server,
        dialect: &str,
        count: u32,
        heartbeat_s: u32,
    ) -> Outcome<Self> {
        let tokens = server.tokens(dialect, count).await?;
        let options = HostOptions {
            address: server.address,
            tokens,
            dialect: dialect.to_owned(),
            heartbeat_s,
        };
        let started = start(&options).await.map_err(Failure::Broke)?;
        Ok(started)
    }

    /// Tells two loads of one server apart.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// How long all take to come back when all connections break at once.
    pub(super) async fn storm(&mut self) -> Outcome<Duration> {
        let begun = Instant::now();
        self.tell(&Order::Storm).await.map_err(Failure::Broke)?;
        match self.hear().await.map_err(Failure::Broke)? {
            Told::Ready => Ok(begun.elapsed()),
            other => Err(Failure::Broke(anyhow!(
                "the hosts did not come back: {other:?}"
            ))),
        }
    }

    /// Waits for so many jobs, and ends it; those that arrived.
    pub(super) async fn end(mut self, jobs: u32) -> Outcome<Vec<Arrived>> {
        self.tell(&Order::Arrivals(jobs))
            .await
            .map_err(Failure::Broke)?;
        let told = self.hear().await.map_err(Failure::Broke)?;
        self.close().await?;
        match told {
            Told::Arrivals(arrived) => Ok(arrived),
            other => Err(Failure::Broke(anyhow!("no arrivals: {other:?}"))),
        }
    }

    pub(super) async fn close(mut self) -> Outcome {
        self.tell(&Order::End).await.map_err(Failure::Broke)?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended
            .context("the hosts do not end")
            .map_err(Failure::Broke)?
            .map_err(|error| Failure::Broke(error.into()))?;
        Ok(())
    }

    async fn tell(&mut self, order: &Order) -> anyhow::Result<()> {
        let line = serde_json::to_string(order)? + "\n";
        Ok(self.to.write_all(line.as_bytes()).await?)
    }

    async fn hear(&mut self) -> anyhow::Result<Told> {
        let line = tokio::time::timeout(PATIENCE, self.from.next_line())
            .await
            .context("the hosts say nothing")??;
        Ok(serde_json::from_str(&line.context("the hosts ended")?)?)
    }
}

async fn start(options: &HostOptions) -> anyhow::Result<Load> {
    let program = std::env::current_exe()?;
    let mut child = Command::new(program)
        .arg("bench-hosts")
        .arg(serde_json::to_string(options)?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let to = child.stdin.take().context("its input")?;
    let from = BufReader::new(child.stdout.take().context("its output")?).lines();
    let number = child.id().unwrap_or(0);
    let mut load = Load {
        child,
        to,
        from,
        number,
    };
    match load.hear().await? {
        Told::Ready => Ok(load),
        other => Err(anyhow!("the hosts did not register: {other:?}")),
    }
}
