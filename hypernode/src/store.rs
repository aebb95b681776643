//! The ClickHouse that the settings name: the embedded engine of a data directory, or a server by URL.

use std::collections::BTreeMap;
use std::path::Path;

use hypernode_warehouse::engine::{Engine, EngineOptions};
use hypernode_warehouse::{Client, Endpoint, Secret, WarehouseError, meta, migrate};

use crate::config::Settings;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::programs::Decoders;

/// An open warehouse; the embedded engine, where used, lives as long as this.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) client: Client,
    /// Endpoint with all rights.
    pub(crate) endpoint: Endpoint,
    /// Endpoint for reading only; the same as `endpoint` on an external server.
    pub(crate) reader: Endpoint,
    engine: Option<Engine>,
}

impl Store {
    /// Starts the embedded engine over the data directory, or connects to the configured server.
    pub(crate) async fn open(settings: &Settings, data_dir: &Path) -> Outcome<Self> {
        match external(settings)? {
            Some(endpoint) => {
                let client = connect(settings, &endpoint)?;
                Ok(Self {
                    client,
                    reader: endpoint.clone(),
                    endpoint,
                    engine: None,
                })
            }
            None => Self::embedded(settings, data_dir, settings.parsed("clickhouse.port")).await,
        }
    }

    /// Starts the embedded engine on this port, whatever the settings say about servers; 0 = any free one.
    pub(crate) async fn embedded(settings: &Settings, data_dir: &Path, port: u16) -> Outcome<Self> {
        let program = std::env::current_exe().or_cannot_start("own executable")?;
        let options = EngineOptions {
            data_dir: data_dir.to_owned(),
            port,
            library: settings.path("clickhouse.library"),
            program,
        };
        let started = match settings.path("clickhouse.binary") {
            Some(binary) => Engine::start_binary(options, binary).await,
            None => Engine::start(options).await,
        };
        let engine = started.or_cannot_start(
            "embedded ClickHouse (clickhouse.port, clickhouse.library, clickhouse.binary)",
        )?;
        let endpoint = engine.endpoint();
        let reader = engine.readonly_endpoint();
        let client = Client::new(&endpoint).or_cannot_start("embedded ClickHouse")?;
        Ok(Self {
            client,
            endpoint,
            reader,
            engine: Some(engine),
        })
    }

    /// Whether the engine runs under this process.
    pub(crate) fn is_embedded(&self) -> bool {
        self.engine.is_some()
    }

    /// The engine's process.
    pub(crate) fn engine_pid(&self) -> Option<u32> {
        self.engine.as_ref()?.pid()
    }

    /// Stops the engine in order; a server is left alone.
    pub(crate) async fn close(self) {
        if let Some(engine) = self.engine {
            engine.shutdown().await;
        }
    }
}

/// Brings the tables to this version, binds the database to the network and makes room for what the decoders write.
pub(crate) async fn prepare(
    client: &Client,
    decoders: &mut Decoders,
    genesis: &str,
) -> Result<Made, WarehouseError> {
    let report = migrate::migrate(client).await?;
    if !report.applied.is_empty() {
        tracing::info!(files = report.applied.len(), "schema files applied");
    }
    meta::bind(client, "genesis", genesis).await?;
    make_room(client, decoders).await
}

/// What became of the tables of decoders.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made {
    /// Tables that were not there before.
    pub(crate) created: usize,
    /// Tables that stand beside one which cannot take their rows: wanted name to actual one.
    pub(crate) renames: BTreeMap<String, String>,
}

/// Makes the tables that the decoders write, or those beside them where an IDL changed, and tells them their names.
pub(crate) async fn make_room(
    client: &Client,
    decoders: &mut Decoders,
) -> Result<Made, WarehouseError> {
    let mut made = Made::default();
    let placement = migrate::evolve_tables(client, decoders.blocks.tables()).await?;
    decoders.blocks.rename_tables(&placement.renames);
    made.add(placement);
    if let Some(accounts) = &mut decoders.accounts {
        let placement = migrate::evolve_tables(client, accounts.tables()).await?;
        accounts.rename_tables(&placement.renames);
        made.add(placement);
    }
    Ok(made)
}

impl Made {
    fn add(&mut self, placement: migrate::Placement) {
        tell(&placement);
        self.created += placement.created;
        self.renames.extend(placement.renames);
    }
}

fn tell(placement: &migrate::Placement) {
    if placement.created > 0 {
        tracing::info!(tables = placement.created, "tables made");
    }
    for line in &placement.lines {
        tracing::info!("{line}");
    }
}

/// A client of the configured server, trusting `clickhouse.ca_file` alone where it is set.
pub(crate) fn connect(settings: &Settings, endpoint: &Endpoint) -> Outcome<Client> {
    match settings.path("clickhouse.ca_file") {
        Some(file) => {
            Client::with_ca_file(endpoint, Some(&file)).or_cannot_start("clickhouse.ca_file")
        }
        None => Client::new(endpoint).or_cannot_start("clickhouse.url"),
    }
}

/// The endpoint that a running engine's credential file in the data directory tells.
pub(crate) fn credential_file(data_dir: &Path, write: bool) -> Outcome<Endpoint> {
    #[derive(serde::Deserialize)]
    struct File {
        url: String,
        database: String,
        user: String,
        password: String,
        reader_user: String,
        reader_password: String,
    }
    let path = data_dir.join("clickhouse.credentials");
    let what = path.display().to_string();
    let text = std::fs::read_to_string(&path).or_cannot_start(&what)?;
    let file: File = serde_json::from_str(&text).or_cannot_start(&what)?;
    let (user, password) = if write {
        (file.user, file.password)
    } else {
        (file.reader_user, file.reader_password)
    };
    Ok(Endpoint {
        url: file.url,
        user,
        password: Secret::new(password),
        database: file.database,
    })
}

/// The server that `clickhouse.url` names, if set.
pub(crate) fn external(settings: &Settings) -> Outcome<Option<Endpoint>> {
    let Some(url) = settings.get("clickhouse.url") else {
        return Ok(None);
    };
    let password = settings
        .secret("clickhouse.password")
        .map_err(|problem| Failure::CannotStart(problem.to_string()))?;
    Ok(Some(Endpoint {
        url: url.to_owned(),
        user: settings
            .get("clickhouse.user")
            .unwrap_or("default")
            .to_owned(),
        password: Secret::new(password.unwrap_or_default()),
        database: settings
            .get("clickhouse.database")
            .unwrap_or("default")
            .to_owned(),
    }))
}
