//! A server that keeps accounts, and wallets that sign in to it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hypernode_accounts::limits::{Class, Forwarding, Limiter, PLACES, Rate, Rates, TrustedProxies};
use hypernode_accounts::rights::Role;
use hypernode_accounts::siws::{Chain, SignInPolicy, Site};
use hypernode_accounts::{Accounts, operators};
use hypernode_api::{Access, ApiState, Origins};
use hypernode_dispatch::desk::Desk;
use hypernode_state::sqlite::Options;
use hypernode_state::{SqliteStore, Store};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::dispatch::{self, Dispatching};
use super::{Server, Told, history, network, serve_state};

/// The site that wallets sign in to.
pub const DOMAIN: &str = "hub.example";

/// A key of a wallet's.
pub struct Wallet(SigningKey);

impl Wallet {
    pub fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    pub fn address(&self) -> String {
        hypernode_accounts::PublicKey(self.0.verifying_key().to_bytes()).to_string()
    }

    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }

    /// What a wallet returns for a text.
    pub fn output(&self, text: &str) -> Value {
        json!({
            "address": self.address(),
            "signedMessage": STANDARD.encode(text),
            "signature": STANDARD.encode(self.sign(text.as_bytes())),
        })
    }
}

/// What a server is to be like.
pub struct Manners {
    pub open_dev: bool,
    pub secure: bool,
    pub rates: Rates,
    pub proxies: Vec<&'static str>,
    pub listed: Vec<&'static str>,
}

impl Default for Manners {
    fn default() -> Self {
        let many = Rate::new(100_000, 100_000, Duration::from_secs(1)).expect("a rate");
        let rates = Class::ALL
            .iter()
            .fold(Rates::default(), |rates, class| rates.with(*class, many));
        Self {
            open_dev: false,
            secure: false,
            rates,
            proxies: Vec::new(),
            listed: vec!["https://pages.example"],
        }
    }
}

/// A server with accounts of its own, before a warehouse that is not there.
pub struct Doors {
    pub server: Server,
    pub store: Arc<dyn Store>,
    pub access: Arc<Access>,
    pub state: ApiState,
    pub desk: Arc<Desk>,
    pub directory: TempDir,
    /// Ends with the server.
    pub work: Dispatching,
}

impl Doors {
    pub async fn open() -> Self {
        Self::with(Manners::default()).await
    }

    pub async fn with(manners: Manners) -> Self {
        Self::over(manners, |store| store).await
    }

    /// The same; `before` may put something before the store that sees what it is asked.
    pub async fn over(
        manners: Manners,
        before: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("state.db");
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(path, Options::default()).expect("a store"));
        let store = before(store);
        let limiter = Arc::new(Limiter::new(manners.rates, PLACES));
        let site = Site {
            domain: DOMAIN.into(),
            uri: format!("https://{DOMAIN}"),
        };
        let policy = SignInPolicy::new(vec![site], Chain::Localnet, "Sign in.").expect("a policy");
        let accounts = Accounts::new(Arc::clone(&store), policy, DOMAIN, Arc::clone(&limiter));
        let listed = manners.listed.iter().map(ToString::to_string).collect();
        let access = Access {
            accounts: accounts.expect("accounts"),
            store: Arc::clone(&store),
            limiter,
            proxies: TrustedProxies::new(manners.proxies, Forwarding::default()).expect("proxies"),
            origins: Origins::new(vec![format!("https://{DOMAIN}")], listed, manners.open_dev),
            open_dev: manners.open_dev,
            secure: manners.secure,
            directory: directory.path().to_owned(),
        };
        let mut info = network();
        info.open_dev = manners.open_dev;
        let access = Arc::new(access);
        let (desk, work) = dispatch::open(Arc::clone(&store), Arc::clone(&access.limiter)).await;
        let state = ApiState::new(history::unreachable(), info, Arc::new(Told))
            .with_access(Arc::clone(&access))
            .with_desk(Arc::clone(&desk));
        let server = serve_state(state.clone()).await;
        Self {
            server,
            store,
            access,
            state,
            desk,
            directory,
            work,
        }
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Response {
        let address = format!("{}{path}", self.server.base);
        let mut request = self.server.web.request(method.clone(), address);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if method != Method::GET {
            request = request.json(body);
        }
        request.send().await.expect("an answer")
    }

    /// Sends what a browser or a proxy would: headers as they are, a body if there is one.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let address = format!("{}{path}", self.server.base);
        let mut request = self.server.web.request(method, address).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("an answer")
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> (u16, Value) {
        let answer = self.send(Method::POST, path, token, body).await;
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        let answer = self.send(Method::GET, path, token, &json!({})).await;
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// A token for one more host of a wallet.
    pub async fn host_token(&self, wallet: &Wallet, session: &str) -> String {
        let body = json!({"wallet": wallet.address()});
        let (status, body) = self
            .post("/api/nodes/issue-token", Some(session), &body)
            .await;
        assert_eq!(status, 200, "{body}");
        body["token"].as_str().expect("a token").to_owned()
    }

    /// The token of a registered node of a wallet, and the node's id.
    pub async fn node(&self, wallet: &Wallet) -> (String, String) {
        let session = self.session(wallet).await;
        let token = self.host_token(wallet, &session).await;
        let body = json!({"walletAddress": wallet.address(), "gpuModel": "RTX 4090", "vram": 24});
        let (status, body) = self.post("/api/nodes/register", Some(&token), &body).await;
        assert_eq!(status, 201, "{body}");
        let id = body["node"]["nodeId"].as_str().expect("an id").to_owned();
        (token, id)
    }

    /// The text that a wallet is to sign.
    pub async fn text(&self, wallet: &Wallet) -> String {
        let (status, body) = self
            .post(
                "/api/auth/challenge",
                None,
                &json!({"address": wallet.address()}),
            )
            .await;
        assert_eq!(status, 200, "{body}");
        body["message"].as_str().expect("a text").to_owned()
    }

    /// A session's token.
    pub async fn session(&self, wallet: &Wallet) -> String {
        let text = self.text(wallet).await;
        let (status, body) = self
            .post("/api/auth/sign-in", None, &wallet.output(&text))
            .await;
        assert_eq!(status, 200, "{body}");
        body["token"].as_str().expect("a token").to_owned()
    }

    pub async fn session_in_role(&self, wallet: &Wallet, role: &str) -> String {
        let role: Role = serde_json::from_value(json!(role)).expect("a role");
        let key = wallet.address().parse().expect("an address");
        operators::grant(&*self.store, key, role, "test", 1)
            .await
            .expect("granted");
        self.session(wallet).await
    }

    /// An API key.
    pub async fn key(&self, session: &str, scopes: &[&str]) -> String {
        let (status, body) = self
            .post("/api/keys", Some(session), &json!({"scopes": scopes}))
            .await;
        assert_eq!(status, 201, "{body}");
        body["secret"].as_str().expect("a key").to_owned()
    }
}
