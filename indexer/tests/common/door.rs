//! A way to the engine that can be shut, or be slow.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hypernode_warehouse::{Endpoint, Secret};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Door {
    pub(crate) endpoint: Endpoint,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    shut: AtomicBool,
    /// Milliseconds before each piece of a request.
    pause: AtomicU64,
}

impl Door {
    pub(crate) async fn start(engine: Endpoint) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("address");
        let behind = engine.url.trim_start_matches("http://").to_owned();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.expect("accept");
                let (state, behind) = (Arc::clone(&shared), behind.clone());
                tokio::spawn(async move {
                    let shut = async {
                        while !state.shut.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    };
                    tokio::select! {
                        () = shut => {}
                        _ = pass(near, &behind, &state) => {}
                    }
                });
            }
        });
        let endpoint = Endpoint {
            url: format!("http://{address}"),
            password: Secret::new(engine.password.expose()),
            ..engine
        };
        Self { endpoint, state }
    }

    pub(crate) fn shut(&self) {
        self.state.shut.store(true, Ordering::Relaxed);
    }

    pub(crate) fn open(&self) {
        self.state.shut.store(false, Ordering::Relaxed);
    }

    /// Each piece of a request waits so long.
    pub(crate) fn slow(&self, pause: Duration) {
        let pause = u64::try_from(pause.as_millis()).expect("milliseconds");
        self.state.pause.store(pause, Ordering::Relaxed);
    }
}

async fn pass(near: TcpStream, behind: &str, state: &State) -> std::io::Result<()> {
    let far = TcpStream::connect(behind).await?;
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let none = AtomicU64::new(0);
    tokio::select! {
        done = copy(near_in, far_out, &state.pause) => done,
        done = copy(far_in, near_out, &none) => done,
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    pause: &AtomicU64,
) -> std::io::Result<()> {
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(pause.load(Ordering::Relaxed))).await;
        to.write_all(&piece[..read]).await?;
    }
}
