//! The real server, with dispatch and a store, on a port of its own.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use hypernode_api::{ApiState, serve};
use hypernode_dispatch::bench::Stage;
use hypernode_dispatch::board::Config;
use hypernode_dispatch::job::Rules;
use hypernode_dispatch::nodes::NodesConfig;
use hypernode_dispatch::sessions::SessionsConfig;
use hypernode_state::Address;
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
        let state = ApiState::bare("abuse")
            .context("a server without a warehouse")?
            .with_hub(stage.hub.clone());
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
