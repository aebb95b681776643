//! A dispatcher at work over the store of a server under test, and the desk before it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer as _, SigningKey};
use hypernode_accounts::limits::Limiter;
use hypernode_dispatch::asked::Limits;
use hypernode_dispatch::board::Config;
use hypernode_dispatch::desk::{Desk, Parts};
use hypernode_dispatch::job::Rules;
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_dispatch::nodes::{Nodes, NodesConfig};
use hypernode_dispatch::service::{Clock, Setup, keep_at_work};
use hypernode_state::Store;
use hypernode_wire::Catalog;
use tokio::task::JoinSet;

/// Work that ends when this is dropped.
pub type Dispatching = JoinSet<()>;

/// Pauses that a test can wait for.
fn config() -> Config {
    Config {
        rules: Rules {
            backoff_ms: 20,
            backoff_cap_ms: 100,
            exclude_failed_ms: 200,
            exclude_declined_ms: 100,
            ..Rules::default()
        },
        ..Config::default()
    }
}

/// A desk over `store`, once its dispatcher works.
pub async fn open(store: Arc<dyn Store>, limiter: Arc<Limiter>) -> (Arc<Desk>, Dispatching) {
    let clock: Clock = Arc::new(|| {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    });
    let (kept, time) = (Arc::clone(&store), Arc::clone(&clock));
    let (center, work) = keep_at_work(move || Setup {
        config: config(),
        store: Arc::clone(&kept),
        holder: None,
        figures: Arc::default(),
        results: Arc::default(),
        secret: DaySecret::new(20_000, [1; 32]),
        signer: Arc::new(|bytes| SigningKey::from_bytes(&[7; 32]).sign(bytes).to_bytes()),
        clock: Arc::clone(&time),
    });
    let work = Box::pin(work);
    let nodes = Nodes::open(
        Arc::clone(&store),
        Arc::clone(&clock),
        NodesConfig::default(),
    );
    let mut found = center.clone();
    let desk = Desk::new(Parts {
        center,
        nodes: nodes.await.expect("nodes"),
        store,
        catalog: Arc::new(Catalog::default()),
        clock,
        limits: Limits::default(),
        limiter,
    });
    let mut at_work = JoinSet::new();
    at_work.spawn(async move {
        let ended = work.await;
        assert!(ended.is_ok(), "the dispatcher ended: {ended:?}");
    });
    at_work.spawn(desk.clone().keep());
    found.wait().await.expect("a dispatcher");
    (Arc::new(desk), at_work)
}
