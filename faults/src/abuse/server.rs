//! The real server, with dispatch and a store, on a port of its own.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hypernode_api::{ApiState, NetworkInfo, ProgramIds, Report, serve};
use hypernode_dispatch::bench::Stage;
use hypernode_dispatch::board::Config;
use hypernode_dispatch::job::Rules;
use hypernode_dispatch::nodes::NodesConfig;
use hypernode_dispatch::sessions::SessionsConfig;
use hypernode_state::Address;
use hypernode_warehouse::{Client, Endpoint, Secret};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Whose hosts they are.
pub(super) const WALLET: Address = Address([3; 32]);
/// How long a token may wait for its first use here, in ms.
pub(super) const TOKEN_MS: i64 = 1_500;
/// A lease without renewals, in ms.
pub(super) const LEASE_MS: i64 = 2_000;

/// The server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) stage: Stage,
    pub(super) address: SocketAddr,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

struct Nothing;

impl Report for Nothing {
    fn status(&self) -> Value {
        Value::Null
    }

    fn metrics(&self) -> Result<String, fmt::Error> {
        Ok(String::new())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Server {
    /// Times are shorter than by default, in the same proportions.
    pub(super) async fn open() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let board = Config {
            rules: Rules {
                lease_ms: LEASE_MS,
                slack_ms: 1_000,
                backoff_ms: 20,
                backoff_cap_ms: 200,
                exclude_failed_ms: 500,
                ..Rules::default()
            },
            ..Config::default()
        };
        let sessions = SessionsConfig {
            unregistered_ms: 2_000,
            lease_ms: LEASE_MS,
            test_after_ms: None,
            ..SessionsConfig::default()
        };
        let nodes = NodesConfig {
            token_ms: TOKEN_MS,
            ..NodesConfig::default()
        };
        let stage = Stage::open(folder.path(), board, sessions, nodes).await?;
        let nowhere = Endpoint {
            url: "http://127.0.0.1:9".into(),
            user: "default".into(),
            password: Secret::new(String::new()),
            database: "default".into(),
        };
        let network = NetworkInfo {
            name: "abuse".into(),
            simulated: true,
            open_dev: false,
            genesis: String::new(),
            explorer: String::new(),
            programs: ProgramIds::default(),
            mint: None,
            decimals: 6,
        };
        let client = Client::new(&nowhere).context("a client of no warehouse")?;
        let state = ApiState::new(client, network, Arc::new(Nothing)).with_hub(stage.hub.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, None, state, stop.clone()));
        Ok(Self {
            stage,
            address,
            stop,
            _folder: folder,
        })
    }

    /// A token for one more host.
    pub(super) async fn token(&self) -> Result<String> {
        let token = self.stage.nodes.issue_token(WALLET, false).await?;
        Ok(token.expose().to_owned())
    }
}
