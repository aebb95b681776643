//! A dispatcher over a store in a folder, and jobs and nodes for it.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer as _, SigningKey};
use hypernode_dispatch::board::{Config, Submission};
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{Pay, Rules, Terms};
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_dispatch::matching::{Needs, NodeFacts, Runs};
use hypernode_dispatch::service::{Order, Setup};
use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{Address, Digest};

pub(crate) const DAY: u32 = 20_000;

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn secret() -> DaySecret {
    DaySecret::new(DAY, [1; 32])
}

pub(crate) fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    now.as_millis().try_into().expect("not yet so late")
}

pub(crate) fn store(folder: &Path) -> Arc<SqliteStore> {
    let store = SqliteStore::open(folder.join("state.db"), Options::default());
    Arc::new(store.expect("a store"))
}

pub(crate) fn setup(store: Arc<SqliteStore>) -> Setup {
    Setup {
        config: Config {
            // Waits that a test can wait for.
            rules: Rules {
                lease_ms: 3_000,
                backoff_ms: 20,
                backoff_cap_ms: 100,
                exclude_failed_ms: 200,
                exclude_declined_ms: 100,
                ..Rules::default()
            },
            ..Config::default()
        },
        store,
        holder: None,
        figures: Arc::default(),
        results: Arc::default(),
        secret: secret(),
        signer: Arc::new(|bytes| key().sign(bytes).to_bytes()),
        clock: Arc::new(now),
    }
}

pub(crate) fn order(number: u128) -> Order {
    let terms = Terms {
        owner: Address([3; 32]),
        submitted_at: now(),
        max_duration_s: 60,
        max_retries: 5,
        priority: 5,
        pay: Pay::UpTo(1_000_000),
    };
    Order {
        submission: Submission {
            id: JobId::uuid(number),
            terms,
            needs: Needs::default(),
            content: Digest([number as u8; 32]),
            nonce: b"mine".to_vec(),
            waits: false,
            key: None,
        },
        kind: "llm_inference".to_owned(),
        content: format!("{{\"number\":{number}}}").into_bytes(),
        beside: Vec::new(),
    }
}

pub(crate) fn facts(number: u128, slots: u16) -> NodeFacts {
    NodeFacts {
        id: NodeId::uuid(number),
        owner: Address([9; 32]),
        online: true,
        model: "NVIDIA GeForce RTX 4090".to_owned(),
        vram_mb: 24_576,
        capabilities: vec!["inference".to_owned()],
        reputation: 364,
        evidence: 0,
        stake: 0,
        completed: 0,
        failed: 0,
        rtt_ms: 20,
        ask: 10_000,
        slots,
        running: 0,
        sandboxed: false,
        runs: Runs::Manifests,
    }
}
