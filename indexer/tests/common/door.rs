//! A way to the engine that can be shut, or be slow.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
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
    /// Milliseconds before each piece of a request, and what it must hold.
    pause: AtomicU64,
    only: Mutex<&'static str>,
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

    /// Each piece of a request waits so long, if it begins with a text that holds `only`.
    pub(crate) fn slow(&self, pause: Duration, only: &'static str) {
        *self.state.only.lock().expect("lock") = only;
        let pause = u64::try_from(pause.as_millis()).expect("milliseconds");
        self.state.pause.store(pause, Ordering::Relaxed);
    }
}

impl State {
    fn concerns(&self, piece: &[u8]) -> bool {
        let start = String::from_utf8_lossy(&piece[..piece.len().min(2_048)]);
        start.contains(*self.only.lock().expect("lock"))
    }
}

async fn pass(near: TcpStream, behind: &str, state: &State) -> std::io::Result<()> {
    let far = TcpStream::connect(behind).await?;
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let never = State::default();
    tokio::select! {
        done = copy(near_in, far_out, state) => done,
        done = copy(far_in, near_out, &never) => done,
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: &State,
) -> std::io::Result<()> {
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        let pause = state.pause.load(Ordering::Relaxed);
        if pause > 0 && state.concerns(&piece[..read]) {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        to.write_all(&piece[..read]).await?;
    }
}
