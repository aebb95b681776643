//! The child process: loads the library, opens the data, serves the front until stdin closes.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::ffi::{Connection, Library};
use super::front::{self, Shared};
use super::{Answer, Boot, DATABASE};

/// Room for the engine's deep expression trees.
const STACK: usize = 8 << 20;
/// Query memory of one writer's statement.
const WRITER_MEMORY: &str = "max_memory_usage=2000000000";

/// How long a process that was killed may take to be gone, with its port and its lock.
const DYING: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// Tries until it works, or nobody who is dying can be in the way any more.
pub(super) fn when_free<T, E>(
    attempt: impl Fn() -> Result<T, E>,
    is_in_use: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let begun = Instant::now();
    loop {
        match attempt() {
            Err(error) if is_in_use(&error) && begun.elapsed() < DYING => {
                std::thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

/// The port on this machine, alone.
pub(super) fn bind(port: u16) -> io::Result<std::net::TcpListener> {
    when_free(
        || std::net::TcpListener::bind(("127.0.0.1", port)),
        |error| error.kind() == io::ErrorKind::AddrInUse,
    )
}

/// Body of the hidden subcommand `engine`: serves until stdin closes.
#[must_use]
pub fn child_main() -> ExitCode {
    // Set before anything else, and checked by reading stdin: a parent that is gone has closed it.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let mut line = String::new();
    let mut stdin = std::io::BufReader::new(std::io::stdin());
    if stdin.read_line(&mut line).is_err() || line.is_empty() {
        eprintln!("engine: this subcommand is started by hypernode itself");
        return ExitCode::from(2);
    }
    let boot: Boot = match serde_json::from_str(&line) {
        Ok(boot) => boot,
        Err(error) => {
            eprintln!("engine: options: {error}");
            return ExitCode::from(2);
        }
    };
    #[cfg(unix)]
    if let Some(binary) = &boot.server {
        return tell_failure(&super::server::become_server(binary, &boot, tell));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(front::MAX_QUERIES + 2)
        .thread_stack_size(STACK)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            return tell_failure(&Answer::Failed {
                reason: error.to_string(),
            });
        }
    };
    let (closed, parent_gone) = oneshot::channel();
    std::thread::spawn(move || {
        let mut rest = [0u8; 64];
        while matches!(stdin.read(&mut rest), Ok(n) if n > 0) {}
        let _ = closed.send(());
    });
    runtime.block_on(serve(boot, parent_gone))
}

async fn serve(boot: Boot, parent_gone: oneshot::Receiver<()>) -> ExitCode {
    let listener = bind(boot.port).and_then(|listener| {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    });
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => {
            let reason = error.to_string();
            return tell_failure(&Answer::Port {
                port: boot.port,
                reason,
            });
        }
    };
    let port = listener
        .local_addr()
        .map_or(boot.port, |address| address.port());
    let opened = tokio::task::spawn_blocking(move || open(&boot)).await;
    let (shared, keeper, lock) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(answer)) => return tell_failure(&answer),
        Err(error) => {
            return tell_failure(&Answer::Failed {
                reason: error.to_string(),
            });
        }
    };
    let version = shared.version();
    if !tell(&Answer::Ready { port, version }) {
        return ExitCode::from(1);
    }
    tokio::select! {
        () = front::serve(listener, shared) => {}
        _ = parent_gone => {}
    }
    // Parts are written whole and synced, so the engine needs no orderly end; its destructors could wait for
    // running queries, or fall over them.
    let _held = (keeper, lock);
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    ExitCode::SUCCESS
}

/// Boots the engine and makes its database.
fn open(boot: &Boot) -> Result<(Arc<Shared>, Connection, File), Answer> {
    let failed = |reason: String| Answer::Failed { reason };
    let lock = lock(&boot.path)?;
    let library = Library::open(&boot.library).map_err(|e| failed(e.to_string()))?;
    let base = arguments(&boot.path);
    let mut keeper = library.connect(&base).map_err(|e| {
        failed(format!(
            "{}: {e}; is the disk full or the data of a newer version?",
            boot.path.display()
        ))
    })?;
    let shared = prepare(&mut keeper)
        .and_then(|()| {
            let credentials = boot.credentials.clone();
            Shared::new(
                Arc::clone(&library),
                base,
                DATABASE.to_owned(),
                credentials,
                &mut keeper,
            )
        })
        .map_err(|fault| failed(fault.0))?;
    #[cfg(target_os = "linux")]
    library.release_startup_pages(&boot.library);
    Ok((Arc::new(shared), keeper, lock))
}

/// One process per directory: a clear word instead of the engine's.
fn lock(path: &Path) -> Result<File, Answer> {
    let name = path.join("hypernode.lock");
    let failed = |error: std::io::Error| Answer::Failed {
        reason: format!("{}: {error}", name.display()),
    };
    let file = File::create(&name).map_err(failed)?;
    let is_held = |error: &TryLockError| matches!(error, TryLockError::WouldBlock);
    match when_free(|| file.try_lock(), is_held) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Answer::Locked {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Replaces the database `default`, in which every local file is a table to the embedded engine, by an empty
/// one, before anyone can ask.
fn prepare(connection: &mut Connection) -> Result<(), super::ffi::EngineFault> {
    let mut run = |sql: &str| connection.query(sql.as_bytes(), "TSVRaw", &[]);
    let engine = run("SELECT engine FROM system.databases WHERE name = 'default'")?;
    if engine.as_ref() != b"Memory\n" {
        run("DROP DATABASE IF EXISTS default SYNC")?;
        run("CREATE DATABASE default ENGINE = Memory")?;
    }
    run(&format!(
        "CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic"
    ))?;
    Ok(())
}

/// Arguments of every connection; the first also boots the engine with those of the server's level.
fn arguments(path: &Path) -> Vec<String> {
    let server = [
        "mark_cache_size=33554432",
        "primary_index_cache_size=33554432",
        "index_mark_cache_size=8388608",
        "query_condition_cache_size=4194304",
        "compiled_expression_cache_size=4194304",
        "mmap_cache_size=64",
        "background_pool_size=2",
        "background_schedule_pool_size=2",
        "max_thread_pool_free_size=32",
    ];
    let session = [
        "implicit_select=0",
        "max_threads=2",
        "max_insert_threads=1",
        "session_timezone=UTC",
        WRITER_MEMORY,
    ];
    let mut arguments = vec![format!("--path={}", path.display())];
    arguments.extend(
        server
            .iter()
            .chain(&session)
            .map(|argument| format!("--{argument}")),
    );
    arguments
}

/// Answers the parent; false if it is gone.
fn tell(answer: &Answer) -> bool {
    let Ok(mut line) = serde_json::to_string(answer) else {
        return false;
    };
    line.push('\n');
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush())
        .is_ok()
}

fn tell_failure(answer: &Answer) -> ExitCode {
    if !tell(answer) {
        eprintln!("engine: {answer:?}");
    }
    ExitCode::from(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_whose_owner_is_dying_is_waited_for() {
        let first = bind(0).unwrap();
        let port = first.local_addr().unwrap().port();
        let dying = std::thread::spawn(move || {
            std::thread::sleep(PAUSE * 4);
            drop(first);
        });
        assert_eq!(bind(port).unwrap().local_addr().unwrap().port(), port);
        dying.join().unwrap();
    }
}
