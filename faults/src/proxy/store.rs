//! The proxy before ClickHouse: connections that end within a request or within an answer. What became of the statement
//! is then unknown to who sent it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Bytes that are passed on at once.
const PIECE: usize = 16 << 10;

/// A running one. Dropping it ends it, and every connection.
#[derive(Debug)]
pub struct StoreProxy {
    /// Where ClickHouse is reached through it.
    pub url: String,
    stop: CancellationToken,
}

impl StoreProxy {
    /// Starts one before `url`, whose connections end by this seed.
    ///
    /// # Errors
    /// When no port is free, or the URL names none.
    pub async fn start(url: &str, seed: u64) -> Result<Self> {
        let behind = url.strip_prefix("http://").context("an http address")?;
        let behind = behind.trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let stop = CancellationToken::new();
        let rng = Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed)));
        let stopped = stop.clone();
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = stopped.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((client, _)) = accepted else { continue };
                let (behind, rng, stop) = (behind.clone(), Arc::clone(&rng), stopped.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        // How it ends is the point: nobody needs to know why.
                        _ = relay(client, &behind, &rng) => {}
                    }
                });
            }
        });
        Ok(Self { url, stop })
    }
}

impl Drop for StoreProxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn relay(client: TcpStream, behind: &str, rng: &Mutex<ChaCha8Rng>) -> io::Result<()> {
    let (up, down) = {
        let mut rng = rng.lock().unwrap_or_else(PoisonError::into_inner);
        match rng.random_range(0..10) {
            0 | 1 => (rng.random_range(1..200_000), u64::MAX),
            2..=4 => (u64::MAX, rng.random_range(0..20_000)),
            _ => (u64::MAX, u64::MAX),
        }
    };
    let server = TcpStream::connect(behind).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // The end of either way is the end of both.
    tokio::select! {
        up = pass(from_client, to_server, up) => up,
        down = pass(from_server, to_client, down) => down,
    }
}

/// Passes so many bytes on.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut left: u64,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = from.read(&mut piece[..most]).await?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&piece[..read]).await?;
        left -= read as u64;
    }
    Ok(())
}
