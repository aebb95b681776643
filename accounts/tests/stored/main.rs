//! Accounts over a real store on disk.
#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml spares only #[test] functions, not their helpers

#[path = "../common/mod.rs"]
mod common;

mod api_keys;
mod bench;
mod hosts;
mod operators;
mod secrets;
mod sessions;
mod sign_in;
mod tokens;

use std::path::Path;
use std::sync::Arc;

use hypernode_accounts::limits::{LimitKey, Limiter, PLACES, Rates};
use hypernode_accounts::rights::Principal;
use hypernode_accounts::{Accounts, SignedIn, Unauthenticated};
use hypernode_state::sqlite::Options;
use hypernode_state::{SqliteStore, Store};

use common::{NOW, Signer, policy};

/// One process's accounts on a database of its own or shared.
struct Hub {
    store: Arc<dyn Store>,
    accounts: Accounts,
    directory: Arc<tempfile::TempDir>,
}

impl Hub {
    fn new() -> Self {
        Self::on(Arc::new(tempfile::tempdir().unwrap()))
    }

    /// Another process on the same database.
    fn another(&self) -> Self {
        Self::on(Arc::clone(&self.directory))
    }

    fn on(directory: Arc<tempfile::TempDir>) -> Self {
        let store: Arc<dyn Store> = Arc::new(
            SqliteStore::open(directory.path().join("state.db"), Options::default()).unwrap(),
        );
        let limiter = Arc::new(Limiter::new(Rates::default(), PLACES));
        let accounts = Accounts::new(Arc::clone(&store), policy(), "hub.example", limiter).unwrap();
        Self {
            store,
            accounts,
            directory,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn sign_in(&self, signer: &Signer, now: i64) -> SignedIn {
        let challenge = self.accounts.challenge(None, None, now).await.unwrap();
        self.accounts
            .sign_in(&signer.answer(&challenge), "a browser", now)
            .await
            .unwrap()
    }

    async fn who(&self, token: &str, now: i64) -> Result<Arc<Principal>, Unauthenticated> {
        self.accounts.auth().authenticate(token, &here(), now).await
    }
}

fn here() -> LimitKey {
    LimitKey::of_address([192, 0, 2, 1].into())
}
