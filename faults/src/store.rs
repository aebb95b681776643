//! The ClickHouse of a run: one engine for all seeds, emptied between them; beside what the indexer stores lies what a
//! clean run over the same chain stores.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hypernode_decoder::{Decoder, Keep, ProgramConfig, idl};
use hypernode_indexer::pipeline::{self, RecordingOptions, RecordingOutcome, StatusHandle};
use hypernode_schemas::{canonical, localnet};
use hypernode_warehouse::engine::{Engine, EngineOptions};
use hypernode_warehouse::{Client, Endpoint, migrate};
use rustix::process::{Pid, Signal, kill_process};
use tokio_util::sync::CancellationToken;

/// Database of the indexer that is killed.
pub const DATABASE: &str = "faulty";
/// Database of the clean run.
pub const TRUTH: &str = "clean";

/// Longest wait for a killed engine.
const BACK: Duration = Duration::from_secs(20);

/// The open engine with both databases.
#[derive(Debug)]
pub struct Store {
    engine: Engine,
    /// Reaches what the indexer stores.
    pub client: Client,
    /// Reaches what the clean run stores.
    pub(crate) truth: Client,
    decoder: Arc<Decoder>,
    _dir: tempfile::TempDir,
}

/// The program beside this one.
///
/// # Errors
/// When it was not built.
pub fn hypernode() -> Result<PathBuf> {
    let own = std::env::current_exe().context("own executable")?;
    // Tests lie one folder below the programs.
    for folder in own.ancestors().skip(1).take(2) {
        let program = folder.join("hypernode");
        if program.is_file() {
            return Ok(program);
        }
    }
    bail!(
        "no `hypernode` beside {}: build it with `cargo build -p hypernode` in the same profile",
        own.display()
    )
}

/// The decoder of the built-in IDLs under localnet's addresses.
///
/// # Errors
/// When a built-in IDL does not compile.
pub fn decoder() -> Result<Decoder> {
    let mut programs = Vec::new();
    for (label, text) in hypernode_schemas::idl::builtin() {
        let idl = idl::parse(label, label, text.as_bytes())
            .map_err(|error| anyhow::anyhow!("built-in IDL {label}: {error}"))?;
        programs.push(ProgramConfig::new(*label, localnet::program_id(label), idl));
    }
    let map = canonical::parse(canonical::TEXT).context("the canonical map")?;
    Decoder::new(programs, &map, Keep::Matching).context("the built-in programs")
}

/// A folder for one run, in memory where there is one: what is killed here are processes, and what they wrote outlives them
/// without a disk.
///
/// # Errors
/// When none can be made.
pub fn folder() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let made = tempfile::Builder::new()
        .prefix("faults-")
        .tempdir_in(memory);
    Ok(made.or_else(|_| tempfile::tempdir())?)
}

impl Store {
    /// Starts the engine in a directory of its own.
    ///
    /// # Errors
    /// When there is no engine, or it does not take the tables.
    pub async fn open() -> Result<Self> {
        let dir = folder()?;
        let library = std::env::var_os("HYPERNODE__CLICKHOUSE__LIBRARY").map(PathBuf::from);
        let engine = Engine::start(EngineOptions {
            data_dir: dir.path().to_owned(),
            port: 0,
            library,
            program: hypernode()?,
        })
        .await?;
        let admin = Client::new(&engine.endpoint())?;
        for database in [DATABASE, TRUTH] {
            admin
                .execute(&format!("CREATE DATABASE {database}"))
                .await?;
        }
        let client = |name: &str| Client::new(&of(&engine, name));
        let (client, truth) = (client(DATABASE)?, client(TRUTH)?);
        let decoder = decoder()?;
        for client in [&client, &truth] {
            migrate::migrate(client).await?;
            migrate::evolve_tables(client, decoder.tables()).await?;
        }
        Ok(Self {
            engine,
            client,
            truth,
            decoder: decoder.into(),
            _dir: dir,
        })
    }

    /// Kills the engine as `kill -9` does, and waits until its keeper has started another.
    ///
    /// # Errors
    /// When there is no process, or none comes back in time.
    pub(crate) async fn kill_engine(&self) -> Result<()> {
        let id = self.engine.pid().and_then(|id| i32::try_from(id).ok());
        let process = id.and_then(Pid::from_raw).context("the engine is gone")?;
        kill_process(process, Signal::KILL)?;
        let began = Instant::now();
        while self.client.ping().await.is_err() {
            if began.elapsed() > BACK {
                bail!("the engine did not come back");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Where the indexer writes.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        of(&self.engine, DATABASE)
    }

    /// Drops every table that the indexer writes: the next one makes them itself.
    ///
    /// # Errors
    /// What ClickHouse said.
    pub async fn bare(&self) -> Result<()> {
        let admin = Client::new(&self.engine.endpoint())?;
        admin
            .execute(&format!("DROP DATABASE {DATABASE} SYNC"))
            .await?;
        Ok(admin
            .execute(&format!("CREATE DATABASE {DATABASE}"))
            .await?)
    }

    /// Empties both databases: the next seed is another network.
    ///
    /// # Errors
    /// What ClickHouse said.
    pub async fn empty(&self) -> Result<()> {
        for client in [&self.client, &self.truth] {
            let sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0 \
                       AND name != 'schema_migrations'";
            let tables = client.rows::<String>(sql).await?;
            let truncated = tables.iter().map(|table| async move {
                client.execute(&format!("TRUNCATE TABLE `{table}`")).await
            });
            futures::future::try_join_all(truncated).await?;
        }
        Ok(())
    }

    /// Indexes a recording of the chain into the other database, undisturbed.
    ///
    /// # Errors
    /// When it cannot be indexed whole.
    pub async fn clean_run(&self, recording: &Path) -> Result<()> {
        let outcome = self.index(recording, &self.truth).await?;
        if !outcome.is_whole() {
            bail!("the chain's own recording is not whole: {:?}", outcome.gaps);
        }
        Ok(())
    }

    /// Indexes a recording where the indexer writes.
    ///
    /// # Errors
    /// When it cannot be read or stored.
    pub async fn indexed(&self, recording: &Path) -> Result<RecordingOutcome> {
        self.index(recording, &self.client).await
    }

    async fn index(&self, recording: &Path, client: &Client) -> Result<RecordingOutcome> {
        Ok(pipeline::run_recording(
            RecordingOptions::new(recording),
            Arc::clone(&self.decoder),
            client.clone(),
            StatusHandle::new(),
            CancellationToken::new(),
        )
        .await?)
    }

    /// Ends the engine in order.
    pub async fn close(self) {
        self.engine.shutdown().await;
    }
}

fn of(engine: &Engine, database: &str) -> Endpoint {
    Endpoint {
        database: database.to_owned(),
        ..engine.endpoint()
    }
}
