//! The dispatcher of an instance: its key, its secrets of days, and the work itself over the store of accounts.

mod chain;
mod purse;
mod settings;
mod standings;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hypernode_accounts::limits::Limiter;
use hypernode_dispatch::asked::Limits;
use hypernode_dispatch::bridge::{Bridge, Cashier, Defaults, Inbox, Warehouse};
use hypernode_dispatch::days::Days;
use hypernode_dispatch::desk::{Desk, Parts};
use hypernode_dispatch::facts::{Forwarder, Progress};
use hypernode_dispatch::key::Key;
use hypernode_dispatch::nodes::{Nodes, Standing};
use hypernode_dispatch::paper::Paper;
use hypernode_dispatch::recheck::Recheck;
use hypernode_dispatch::retention::{self, Retention};
use hypernode_dispatch::service::{Center, Clock, Figures, ServiceError, Setup, keep_at_work};
use hypernode_dispatch::sessions::{Hub, HubSetup};
use hypernode_state::Store;
use hypernode_warehouse::Client;
use hypernode_wire::Catalog;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::exit::{Failure, OrCannotStart as _, Outcome};

pub(crate) use chain::Network;
use chain::{Around, Writing};
pub(crate) use settings::{catalog, results};

/// A dispatcher that is about to work.
pub(crate) struct Dispatching {
    /// Where it is found once it works.
    pub(crate) center: Center,
    /// Sockets of hosts.
    pub(crate) hub: Hub,
    /// What people and programs ask of it.
    pub(crate) desk: Arc<Desk>,
    /// Decisions and days as anybody may read them.
    pub(crate) paper: Paper,
    /// What hosts may be told to run.
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) figures: Arc<Figures>,
    /// How far facts are carried into the warehouse.
    pub(crate) progress: Arc<Progress>,
    /// From the chain to the dispatcher.
    bridge: Bridge,
    /// What the chain has paid, credited.
    cashier: Option<Cashier>,
    /// And back, where the operator wants it.
    writing: Option<Writing>,
    store: Arc<dyn Store>,
    retention: Retention,
    recheck: Recheck,
    forwarder: Forwarder,
    warehouse: Client,
    days: Arc<Days>,
    work: std::pin::Pin<Box<dyn Future<Output = Result<(), ServiceError>> + Send>>,
}

/// How long hosts may take to end what they run when an instance stops.
const LEAVE: Duration = Duration::from_secs(10);

/// Unix milliseconds now.
pub(crate) fn clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

impl Dispatching {
    /// Reads the settings, the key and the secrets; nothing is given out yet.
    pub(crate) async fn open(
        settings: &Settings,
        directory: &Path,
        store: &Arc<dyn Store>,
        limiter: &Arc<Limiter>,
        warehouse: &Client,
        name: &str,
    ) -> Outcome<Self> {
        let config = settings::board(settings);
        let catalog = Arc::new(settings::catalog(settings)?);
        let results = Arc::new(settings::results(settings)?);
        let figures = Arc::<Figures>::default();
        let key = Key::open(directory).or_cannot_start("the dispatcher's key")?;
        let clock = clock();
        let days = Days::open(Arc::clone(store), clock.clone())
            .await
            .or_cannot_start("dispatch")?;
        let paper = Paper::new(Arc::clone(store), Arc::clone(&days), &key);
        let (kept, secrets, counted) = (Arc::clone(store), Arc::clone(&days), figures.clone());
        // Whoever has the key is the dispatcher: the same after a restart, another elsewhere.
        let (holder, signer) = (key.public(), key.signer());
        let (center, work) = keep_at_work(move || Setup {
            config,
            store: Arc::clone(&kept),
            holder: Some(holder.clone()),
            figures: Arc::clone(&counted),
            results: Arc::clone(&results),
            secret: secrets.secret(),
            signer: Arc::clone(&signer),
            clock: Arc::clone(&clock),
        });
        let nodes = Nodes::open(Arc::clone(store), self::clock(), settings::nodes(settings)).await;
        let nodes = nodes.or_cannot_start("the nodes of dispatch")?;
        let desk = Desk::new(Parts {
            center: center.clone(),
            nodes: nodes.clone(),
            store: Arc::clone(store),
            catalog: Arc::clone(&catalog),
            clock: self::clock(),
            limits: Limits {
                decimals: settings.parsed("network.hyper_decimals"),
                retries: settings.parsed("dispatch.max_retries"),
                ..Limits::default()
            },
            limiter: Arc::clone(limiter),
        });
        let hub = Hub::new(HubSetup {
            config: settings::sessions(settings),
            name: name.to_owned(),
            nodes,
            center: center.clone(),
            store: Arc::clone(store),
            catalog: Arc::clone(&catalog),
            // The dispatcher itself knows what the chain says, and trusts that over a connection's word.
            standing: Arc::new(|_| Standing::default()),
            clock: self::clock(),
        });
        let progress = Arc::<Progress>::default();
        let forwarder = Forwarder::new(Arc::clone(store), warehouse.clone(), progress.clone());
        let bridge = Bridge::new(
            Arc::new(Warehouse(warehouse.clone())),
            center.clone(),
            Arc::clone(store),
            self::clock(),
            config.rules,
            Defaults {
                max_retries: settings.parsed("dispatch.max_retries"),
                ..Defaults::default()
            },
        );
        Ok(Self {
            bridge,
            cashier: None,
            writing: None,
            store: Arc::clone(store),
            retention: settings::retention(settings),
            recheck: Recheck {
                store: Arc::clone(store),
                center: center.clone(),
                clock: self::clock(),
                permille: settings.parsed("dispatch.recheck_permille"),
            },
            progress,
            forwarder,
            hub,
            desk: Arc::new(desk),
            warehouse: warehouse.clone(),
            center,
            paper,
            catalog,
            figures,
            days,
            work: Box::pin(work),
        })
    }

    /// Credits what the network pays, and starts the signer, if this instance is to write to the chain.
    pub(crate) async fn write_to(
        mut self,
        network: &Network,
        settings: &Settings,
        directory: &Path,
    ) -> Outcome<Self> {
        let around = Around {
            settings,
            directory,
            store: &self.store,
            center: &self.center,
            warehouse: &self.warehouse,
            hub: &self.hub,
        };
        self.cashier = chain::cashier(network, &around);
        self.writing = Writing::open(network, &around).await?;
        if let Some(writing) = &self.writing {
            let desk = Desk::clone(&self.desk).with_chain(writing.clerk.clone());
            self.desk = Arc::new(desk);
        }
        Ok(self)
    }

    /// Where inputs of jobs of the chain are taken.
    pub(crate) fn inbox(&self) -> Inbox {
        Inbox {
            store: Arc::clone(&self.store),
            catalog: Arc::clone(&self.catalog),
            limits: self.desk.limits,
            center: self.center.clone(),
        }
    }

    /// Works until `stop`, and while hosts take leave after that. What is on its way then is kept or not, as at a kill: nobody
    /// was told of it.
    pub(crate) fn start(self, roles: &mut JoinSet<Outcome>, stop: &CancellationToken) {
        let (asked, ended) = (stop.clone(), CancellationToken::new());
        let (hub, stop) = (self.hub, &ended);
        let until = ended.clone();
        roles.spawn(async move {
            let nodes = hub.nodes().clone();
            tokio::select! {
                () = nodes.clone().keep() => {}
                () = asked.cancelled() => {}
            }
            hub.stop("the dispatcher is stopped; come back in a moment", LEAVE)
                .await;
            nodes.flush().await;
            until.cancel();
            Ok(())
        });
        let scores = standings::follow(
            self.warehouse,
            self.center.clone(),
            self.figures,
            Arc::clone(&self.desk.scores),
            stop.clone(),
        );
        roles.spawn(async move {
            scores.await;
            Ok(())
        });
        let (desk, until) = (Desk::clone(&self.desk), stop.clone());
        roles.spawn(async move {
            tokio::select! {
                () = desk.keep() => {}
                () = until.cancelled() => {}
            }
            Ok(())
        });
        let (days, center, until) = (self.days, self.center, stop.clone());
        roles.spawn(async move {
            days.follow(center, until).await;
            Ok(())
        });
        let (store, retention, until) = (self.store, self.retention, stop.clone());
        roles.spawn(async move {
            retention::keep(store.as_ref(), retention, &clock(), until).await;
            Ok(())
        });
        let (bridge, until) = (self.bridge, stop.clone());
        roles.spawn(async move {
            tokio::select! {
                () = bridge.run() => {}
                () = until.cancelled() => {}
            }
            Ok(())
        });
        if let Some(cashier) = self.cashier {
            let until = stop.clone();
            roles.spawn(async move {
                tokio::select! {
                    () = cashier.run() => {}
                    () = until.cancelled() => {}
                }
                Ok(())
            });
        }
        if let Some(writing) = self.writing {
            writing.start(roles, stop);
        }
        let (recheck, until) = (self.recheck, stop.clone());
        roles.spawn(async move {
            recheck.run(until).await;
            Ok(())
        });
        let (forwarder, until) = (self.forwarder, stop.clone());
        roles.spawn(async move {
            forwarder.run(clock(), until).await;
            Ok(())
        });
        let (work, stop) = (self.work, stop.clone());
        roles.spawn(async move {
            tokio::select! {
                ended = work => ended.map_err(|error| Failure::Broke(error.into())),
                () = stop.cancelled() => Ok(()),
            }
        });
    }
}
