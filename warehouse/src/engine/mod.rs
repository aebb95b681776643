//! The embedded ClickHouse: `libchdb` in a child process of this program, behind ClickHouse's HTTP interface
//! on a loopback port.
//!
//! The child runs the hidden subcommand `engine`, whose body is [`child_main`]. It gets its options and
//! credentials over stdin, reports its port over stdout, ends when stdin closes (the parent died), and is
//! started again by the parent when it ends otherwise.

mod child;
mod credentials;
mod ffi;
mod front;
#[cfg(target_os = "linux")]
mod pages;
#[cfg(unix)]
mod server;
mod supervisor;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::child::child_main;
use self::credentials::Credentials;
use self::supervisor::Supervisor;
use crate::client::Endpoint;
use crate::secret::Secret;

/// Database that the embedded engine keeps its tables in.
pub const DATABASE: &str = "hypernode";

/// How to start the engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Data directory; the engine uses `clickhouse/` and `clickhouse.credentials` in it.
    pub data_dir: PathBuf,
    /// Port on 127.0.0.1; 0 = any free one.
    pub port: u16,
    /// `libchdb`, if its place is known; else it is looked for and, failing that, fetched.
    pub library: Option<PathBuf>,
    /// This program: it is started again with `engine` as its only argument.
    pub program: PathBuf,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The library could not be had.
    #[error(transparent)]
    Library(#[from] crate::library::LibraryError),
    /// Another process holds the data directory.
    #[error("{path}: in use by another process; stop it or choose another data directory")]
    Locked {
        /// The engine's directory.
        path: String,
    },
    /// The port is taken.
    #[error(
        "port {port} (clickhouse.port) on 127.0.0.1 is taken: {reason}; choose another or 0 for any free one"
    )]
    Port {
        /// The port asked for.
        port: u16,
        /// The system's words.
        reason: String,
    },
    /// The engine itself refused, or a file could not be used.
    #[error("the embedded engine did not start: {0}")]
    Start(String),
}

/// A running engine. Dropping it ends the child.
#[derive(Debug)]
pub struct Engine {
    url: String,
    credentials: Credentials,
    supervisor: Supervisor,
    credential_file: PathBuf,
}

impl Engine {
    /// Starts the child and waits until it answers.
    ///
    /// # Errors
    /// Every [`EngineError`].
    pub async fn start(options: EngineOptions) -> Result<Self, EngineError> {
        let library = crate::library::locate_or_fetch(options.library.as_deref()).await?;
        Self::launch(options, library, None, "clickhouse").await
    }

    /// Starts a `clickhouse` binary in place of the library, with its data in `clickhouse-server/` of the data
    /// directory, and waits until it answers.
    ///
    /// # Errors
    /// [`EngineError::Start`] and [`EngineError::Port`].
    pub async fn start_binary(
        options: EngineOptions,
        binary: PathBuf,
    ) -> Result<Self, EngineError> {
        let server = Some(std::path::absolute(&binary).unwrap_or(binary));
        let engine = Self::launch(options, PathBuf::new(), server, "clickhouse-server").await?;
        let mut endpoint = engine.endpoint();
        endpoint.database = "default".into();
        let failed = |e: crate::client::WarehouseError| EngineError::Start(e.to_string());
        let client = crate::client::Client::new(&endpoint).map_err(failed)?;
        let until = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
        while let Err(error) = client.ping().await {
            if tokio::time::Instant::now() > until {
                return Err(failed(error));
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let sql = format!("CREATE DATABASE IF NOT EXISTS {DATABASE}");
        client.execute(&sql).await.map_err(failed)?;
        Ok(engine)
    }

    async fn launch(
        options: EngineOptions,
        library: PathBuf,
        server: Option<PathBuf>,
        folder: &str,
    ) -> Result<Self, EngineError> {
        let io =
            |path: &Path, e: std::io::Error| EngineError::Start(format!("{}: {e}", path.display()));
        let data_dir =
            std::path::absolute(&options.data_dir).map_err(|e| io(&options.data_dir, e))?;
        let path = data_dir.join(folder);
        std::fs::create_dir_all(&path).map_err(|e| io(&path, e))?;
        let credentials = Credentials::generate();
        let boot = Boot {
            path,
            library,
            server,
            port: options.port,
            credentials: credentials.clone(),
        };
        let supervisor = Supervisor::start(options.program, boot).await?;
        let url = format!("http://127.0.0.1:{}", supervisor.port());
        let file = data_dir.join("clickhouse.credentials");
        credentials
            .write_file(&file, &url, DATABASE)
            .map_err(|e| io(&file, e))?;
        Ok(Self {
            url,
            credentials,
            supervisor,
            credential_file: file,
        })
    }

    /// Where and as whom to write.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint_of(credentials::WRITER, &self.credentials.password)
    }

    /// Where and as whom to read only.
    #[must_use]
    pub fn readonly_endpoint(&self) -> Endpoint {
        self.endpoint_of(credentials::READER, &self.credentials.reader_password)
    }

    fn endpoint_of(&self, user: &str, password: &str) -> Endpoint {
        Endpoint {
            url: self.url.clone(),
            user: user.to_owned(),
            password: Secret::new(password),
            database: DATABASE.to_owned(),
        }
    }

    /// Process id of the child now running; `None` between a crash and the next start.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.supervisor.pid()
    }

    /// How often the child was started again after it ended by itself.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.supervisor.restarts()
    }

    /// Asks the child to end and waits for it, at most 10 s; then it is killed. Its credential file goes too.
    pub async fn shutdown(self) {
        self.supervisor.shutdown().await;
        // It names a port and passwords that are worth nothing now.
        let _ = std::fs::remove_file(&self.credential_file);
    }
}

/// What the child is told over stdin, one JSON line.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Boot {
    path: PathBuf,
    library: PathBuf,
    /// A `clickhouse` binary to become, instead of loading the library.
    #[serde(default)]
    server: Option<PathBuf>,
    port: u16,
    credentials: Credentials,
}

/// What the child answers over stdout, one JSON line.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Ready { port: u16, version: String },
    Locked { path: String },
    Port { port: u16, reason: String },
    Failed { reason: String },
}

impl From<Answer> for EngineError {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Ready { .. } => Self::Start("unexpected answer".into()),
            Answer::Locked { path } => Self::Locked { path },
            Answer::Port { port, reason } => Self::Port { port, reason },
            Answer::Failed { reason } => Self::Start(reason),
        }
    }
}
