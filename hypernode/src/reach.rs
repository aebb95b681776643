//! The tables, in whatever state an instance is: the configured server, a running instance's engine, or an engine started
//! for this command over a data directory that nobody uses.

use hypernode_warehouse::{Client, Endpoint};

use crate::config::Settings;
use crate::datadir::DataDir;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::running::Running;
use crate::store::{self, Store};

/// A way to the tables; an engine started for it lives as long as this.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) client: Client,
    /// An engine of our own, and the lock on its directory.
    own: Option<(Store, DataDir)>,
}

impl Reached {
    /// Reaches the tables of these settings; `write`: with the right to change them.
    pub(crate) async fn open(settings: &Settings, write: bool) -> Outcome<Self> {
        if let Some(endpoint) = store::external(settings)? {
            let client = store::connect(settings, &endpoint)?;
            // A server's user may write; the command's flag still has to be given.
            let client = if write { client } else { client.reading_only() };
            return Ok(Self { client, own: None });
        }
        let dir = settings.path("data.dir").unwrap_or_default();
        let what = format!("data directory {}", dir.display());
        if Running::find(&dir).is_some() {
            if !dir.join("clickhouse.credentials").is_file() {
                let why = "the instance on it uses a ClickHouse server; give the same clickhouse.* settings, or --url";
                return Err(Failure::start(what, why));
            }
            return Ok(Self {
                client: client(&store::credential_file(&dir, write)?)?,
                own: None,
            });
        }
        if !dir.join("clickhouse").is_dir() {
            let why = "holds no tables; name the right one with --data, or start `hypernode up` there first";
            return Err(Failure::start(what, why));
        }
        let data = DataDir::open(&dir)?;
        let store = Store::embedded(settings, data.path(), 0).await?;
        let client = client(if write {
            &store.endpoint
        } else {
            &store.reader
        })?;
        Ok(Self {
            client,
            own: Some((store, data)),
        })
    }

    /// Stops an engine that was started for this.
    pub(crate) async fn close(self) {
        if let Some((store, _lock)) = self.own {
            store.close().await;
        }
    }
}

fn client(endpoint: &Endpoint) -> Outcome<Client> {
    Client::new(endpoint).or_cannot_start("ClickHouse")
}
