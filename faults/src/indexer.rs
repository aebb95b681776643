//! The indexer under test: the real program, started, killed and started again.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hypernode_schemas::localnet;
use hypernode_warehouse::Endpoint;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// Longest orderly end.
const ORDERLY: Duration = Duration::from_secs(20);

/// How to start it.
#[derive(Debug, Clone)]
pub struct IndexerOptions {
    /// The program.
    pub program: PathBuf,
    /// Its data directory.
    pub data: PathBuf,
    /// ClickHouse.
    pub store: Endpoint,
    /// Geyser endpoint.
    pub geyser: String,
    /// JSON-RPC endpoint.
    pub rpc: String,
    /// Genesis hash.
    pub genesis: String,
    /// Further arguments.
    pub arguments: Vec<String>,
}

/// A running indexer. Dropping it kills it.
#[derive(Debug)]
pub struct Indexer {
    child: Child,
}

/// How an indexer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By a signal: ours, or that of a fail point.
    Killed,
    /// With this exit code.
    Code(i32),
}

impl Indexer {
    /// Starts it; `fail`: the fail point at which it dies.
    ///
    /// # Errors
    /// When the process does not start.
    pub fn start(options: &IndexerOptions, fail: Option<&str>, log: &Path) -> Result<Self> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| log.display().to_string())?;
        let mut command = Command::new(&options.program);
        command
            .arg("indexer")
            .args(["--geyser", &options.geyser, "--rpc", &options.rpc])
            .args(["--genesis", &options.genesis])
            .args(["--from-slot", "1"])
            .arg("--data")
            .arg(&options.data)
            .args(["--set", "accounts.enabled=false"])
            .args(["--set", &format!("clickhouse.url={}", options.store.url)])
            .args(["--set", &format!("clickhouse.user={}", options.store.user)])
            .args([
                "--set",
                &format!("clickhouse.database={}", options.store.database),
            ]);
        for (label, _) in hypernode_schemas::idl::builtin() {
            let id = bs58::encode(localnet::program_id(label)).into_string();
            command.args(["--set", &format!("programs.{label}.id={id}")]);
        }
        command
            .args(&options.arguments)
            .env(
                "HYPERNODE__CLICKHOUSE__PASSWORD",
                options.store.password.expose(),
            )
            .env_remove("HYPERNODE_FAIL")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        if let Some(point) = fail {
            command.env("HYPERNODE_FAIL", point);
        }
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", options.program.display()))?;
        Ok(Self { child })
    }

    /// Kills it as `kill -9` does.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Ends it in order, as an operator does: what is proven is stored before it goes.
    ///
    /// # Errors
    /// When it does not end in time, or not with success.
    pub async fn end(mut self) -> Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let process = id.and_then(Pid::from_raw).context("the indexer is gone")?;
        kill_process(process, Signal::TERM)?;
        let ended = tokio::time::timeout(ORDERLY, self.child.wait()).await;
        let status = ended.context("the indexer does not end in order")??;
        anyhow::ensure!(status.success(), "the indexer's end in order: {status}");
        Ok(())
    }

    /// Lets it stand still for so long.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn pause(&mut self, time: Duration) -> Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let process = id.and_then(Pid::from_raw).context("the indexer is gone")?;
        kill_process(process, Signal::STOP)?;
        tokio::time::sleep(time).await;
        Ok(kill_process(process, Signal::CONT)?)
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> Result<Option<Ended>> {
        let status = self.child.try_wait()?;
        Ok(status.map(|status| status.code().map_or(Ended::Killed, Ended::Code)))
    }
}
