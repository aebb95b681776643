//! Keeps the child alive: starts it, watches it, starts it again with growing pauses.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::{error, info, warn};

use super::{Answer, Boot, EngineError};

/// A child that has not answered by then is given up.
const START_TIME: Duration = Duration::from_secs(60);
/// A child that was asked to end gets this long.
const STOP_TIME: Duration = Duration::from_secs(10);
/// First and longest pause before a restart.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// A child that lived this long resets the pause.
const HEALTHY: Duration = Duration::from_secs(60);

/// State that the watching thread and the handle share.
#[derive(Debug, Default)]
struct State {
    /// 0 = none now.
    pid: AtomicU32,
    restarts: AtomicU32,
    stopping: AtomicBool,
    stdin: Mutex<Option<ChildStdin>>,
}

/// Handle of the watching thread.
#[derive(Debug)]
pub(super) struct Supervisor {
    port: u16,
    state: Arc<State>,
    wake: Option<Sender<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Supervisor {
    /// Starts the child once and waits for its answer; later ends are followed by restarts on the same port.
    pub(super) async fn start(program: PathBuf, boot: Boot) -> Result<Self, EngineError> {
        let state = Arc::new(State::default());
        let for_thread = Arc::clone(&state);
        let (first, answer) = oneshot::channel();
        let (wake, woken) = channel();
        let (end, ended) = oneshot::channel();
        // One thread starts and watches every child: Linux ends a child with the thread that started it.
        std::thread::Builder::new()
            .name("engine-watch".into())
            .spawn(move || {
                watch(&program, boot, &for_thread, &woken, first);
                let _ = end.send(());
            })
            .map_err(|e| EngineError::Start(e.to_string()))?;
        let port = answer
            .await
            .map_err(|_| EngineError::Start("its watching thread ended".into()))??;
        Ok(Self {
            port,
            state,
            wake: Some(wake),
            ended: Some(ended),
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn pid(&self) -> Option<u32> {
        Some(self.state.pid.load(Ordering::Acquire)).filter(|pid| *pid != 0)
    }

    pub(super) fn restarts(&self) -> u32 {
        self.state.restarts.load(Ordering::Acquire)
    }

    pub(super) async fn shutdown(mut self) {
        self.stop();
        if let Some(ended) = self.ended.take() {
            let _ = ended.await;
        }
    }

    fn stop(&mut self) {
        self.state.stopping.store(true, Ordering::Release);
        // Closing stdin is the child's word to end.
        drop(
            self.state
                .stdin
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        self.wake = None;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

fn watch(
    program: &Path,
    mut boot: Boot,
    state: &State,
    woken: &Receiver<()>,
    first: oneshot::Sender<Result<u16, EngineError>>,
) {
    let mut first = Some(first);
    let mut pause = PAUSES.0;
    loop {
        let since = Instant::now();
        match launch(program, &boot, state) {
            Ok((mut child, port)) => {
                boot.port = port;
                if let Some(first) = first.take() {
                    let _ = first.send(Ok(port));
                } else {
                    state.restarts.fetch_add(1, Ordering::AcqRel);
                    info!(port, "the embedded engine runs again");
                }
                let status = wait(&mut child, state);
                state.pid.store(0, Ordering::Release);
                if !state.stopping.load(Ordering::Acquire) {
                    error!(%status, "the embedded engine ended by itself and is started again");
                }
            }
            Err(error) => {
                state.pid.store(0, Ordering::Release);
                if let Some(first) = first.take() {
                    let _ = first.send(Err(error));
                    return;
                }
                warn!(%error, retry_in = ?pause, "the embedded engine did not start");
            }
        }
        if state.stopping.load(Ordering::Acquire) {
            return;
        }
        if since.elapsed() > HEALTHY {
            pause = PAUSES.0;
        }
        match woken.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Starts one child and reads its answer.
fn launch(program: &Path, boot: &Boot, state: &State) -> Result<(Child, u16), EngineError> {
    let failed = |what: &str, e: &dyn std::fmt::Display| EngineError::Start(format!("{what}: {e}"));
    let mut child = Command::new(program)
        .arg("engine")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Ctrl-C reaches a whole group: the engine must outlive its parent's orderly stop, and ends with its stdin.
        .process_group(0)
        .spawn()
        .map_err(|e| failed(&program.display().to_string(), &e))?;
    state.pid.store(child.id(), Ordering::Release);
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(EngineError::Start("no pipes to the child".into()));
    };
    let mut line = serde_json::to_vec(boot).map_err(|e| failed("options", &e))?;
    line.push(b'\n');
    let sent = stdin.write_all(&line).and_then(|()| stdin.flush());
    *state.stdin.lock().unwrap_or_else(PoisonError::into_inner) = Some(stdin);
    let (answered, answer) = channel();
    // A thread of its own, so that a child that hangs cannot hang us; it ends with the pipe.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let _ = answered.send(read.map(|_| line));
    });
    let answer = match (sent, answer.recv_timeout(START_TIME)) {
        (_, Ok(Ok(line))) if !line.is_empty() => {
            serde_json::from_str(&line).map_err(|e| failed("its answer", &e))
        }
        (Err(error), _) => Err(failed("options", &error)),
        (_, Err(_)) => Err(EngineError::Start(format!(
            "no answer within {START_TIME:?}"
        ))),
        (_, Ok(_)) => Err(EngineError::Start(
            "the child ended without an answer".into(),
        )),
    };
    match answer {
        Ok(Answer::Ready { port, version }) => {
            info!(port, version, pid = child.id(), "embedded ClickHouse runs");
            Ok((child, port))
        }
        Ok(refused) => {
            let _ = child.wait();
            Err(refused.into())
        }
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(error)
        }
    }
}

/// Waits for the child's end; once asked to stop, not longer than [`STOP_TIME`].
fn wait(child: &mut Child, state: &State) -> String {
    let mut asked: Option<Instant> = None;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.to_string(),
            Ok(None) => {}
            Err(error) => return error.to_string(),
        }
        if state.stopping.load(Ordering::Acquire) {
            let since = *asked.get_or_insert_with(|| {
                // A server in place of the library does not watch its stdin.
                if let Some(pid) = i32::try_from(child.id())
                    .ok()
                    .and_then(rustix::process::Pid::from_raw)
                {
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
                }
                Instant::now()
            });
            if since.elapsed() > STOP_TIME {
                let _ = child.kill();
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
