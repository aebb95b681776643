//! The server that is measured.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hypernode_api::{ApiState, serve};
use hypernode_dispatch::bench::Stage;
use hypernode_dispatch::board::Config;
use hypernode_dispatch::nodes::{NodesConfig, NodesError};
use hypernode_dispatch::sessions::SessionsConfig;
use hypernode_state::Address;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::exit::{Failure, Outcome};

/// Files that a process has open at most, beside the sockets of hosts.
const FILES: u64 = 200;

pub(super) struct Server {
    pub(super) stage: Stage,
    pub(super) address: SocketAddr,
    folder: PathBuf,
    stop: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Server {
    pub(super) async fn open(folder: &Path) -> Outcome<Self> {
        let broke = |error: anyhow::Error| Failure::Broke(error);
        let board = Config {
            most_open: u32::MAX,
            most_running: u32::MAX,
            ..Config::default()
        };
        let sessions = SessionsConfig {
            most_per_address: u32::MAX,
            test_after_ms: None,
            // Hosts that end every job at once send more than any real one does.
            frames_per_s: 100_000,
            frame_burst: 100_000,
            ..SessionsConfig::default()
        };
        let nodes = NodesConfig {
            most_per_wallet: u32::MAX,
            most_tokens: u32::MAX,
            ..NodesConfig::default()
        };
        let stage = Stage::open(folder, board, sessions, nodes)
            .await
            .map_err(|error| broke(error.into()))?;
        tokio::spawn(stage.nodes.clone().keep());
        let state = ApiState::bare("bench")
            .map_err(|error| broke(error.into()))?
            .with_hub(stage.hub.clone());
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| broke(error.into()))?;
        let address = listener.local_addr().map_err(|error| broke(error.into()))?;
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, None, state, stop.clone()));
        Ok(Self {
            stage,
            address,
            folder: folder.to_owned(),
            stop,
        })
    }

    /// Tokens for so many hosts, one a line, in a file.
    pub(super) async fn tokens(&self, name: &str, count: u32) -> Outcome<PathBuf> {
        let mut text = String::new();
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..count {
            let nodes = self.stage.nodes.clone();
            // A few to a wallet: the tokens of one are looked through when another is issued.
            let mut wallet = [9; 32];
            wallet[..4].copy_from_slice(&(n / 10).to_le_bytes());
            wallet[4..12].copy_from_slice(&hash(name).to_le_bytes());
            tasks.spawn(async move {
                let token = nodes.issue_token(Address(wallet), false).await;
                token.map(|token| token.expose().to_owned())
            });
            if tasks.len() >= 64
                && let Some(token) = tasks.join_next().await
            {
                push(&mut text, token)?;
            }
        }
        while let Some(token) = tasks.join_next().await {
            push(&mut text, token)?;
        }
        let file = self.folder.join(format!("tokens-{name}"));
        std::fs::write(&file, text).map_err(|error| Failure::Broke(error.into()))?;
        Ok(file)
    }

    /// Resident bytes of this process.
    pub(super) fn memory(&self) -> u64 {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = text
            .split_whitespace()
            .nth(1)
            .and_then(|pages| pages.parse::<u64>().ok());
        pages.unwrap_or(0) * rustix::param::page_size() as u64
    }
}

fn hash(name: &str) -> u64 {
    name.bytes().fold(7, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    })
}

fn push(
    text: &mut String,
    token: Result<Result<String, NodesError>, tokio::task::JoinError>,
) -> Outcome {
    let token = token.map_err(|error| Failure::Broke(error.into()))?;
    let token = token.map_err(|error| Failure::Broke(error.into()))?;
    text.push_str(&token);
    text.push('\n');
    Ok(())
}

/// Processor time of this process so far.
pub(super) fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = time.tv_sec.try_into().unwrap_or(0);
    Duration::new(seconds, time.tv_nsec.try_into().unwrap_or(0))
}

/// How many hosts one process can be connected with, up to `wanted`: each is an open file.
pub(super) fn room_for(wanted: u32) -> u32 {
    let files = more_files(u64::from(wanted) + FILES);
    let room = files.saturating_sub(FILES);
    wanted.min(u32::try_from(room).unwrap_or(u32::MAX))
}

/// Raises the limit on open files to what is wanted, as far as it may be; what it then is.
pub(super) fn more_files(wanted: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let current = now.current.unwrap_or(u64::MAX);
    if current >= wanted {
        return current;
    }
    let raised = Rlimit {
        current: Some(wanted.min(now.maximum.unwrap_or(u64::MAX))),
        maximum: now.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current.unwrap_or(u64::MAX),
        Err(_) => current,
    }
}
