//! Who may do what on an instance: its store of accounts, the sites that wallets sign in to, limits, TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hypernode_accounts::limits::{Forwarding, Limiter, PLACES, Rates, TrustedProxies};
use hypernode_accounts::siws::{Chain, SignInPolicy, Site};
use hypernode_accounts::{Accounts, operators};
use hypernode_api::{Access, Origins, Tls};
use hypernode_state::sqlite::Options;
use hypernode_state::{Seldom, SqliteStore, Store};
use tokio_util::sync::CancellationToken;

use crate::config::{Settings, check};
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::network::known_name;

/// The store's file in the data directory.
pub(crate) const FILE: &str = "state.db";
/// What a store leaves beside its file for as long as there is one.
const PAIR: &str = "state.db-pair";
/// How often what is over is swept out: a thousand challenges and sessions each time.
const SWEEP: Duration = Duration::from_secs(30);
/// What wallets show above a sign-in.
const STATEMENT: &str = "Sign in to Hypernode. This costs nothing and sends no transaction.";

/// Accounts of an instance, and where the first operator's code lies, if there is none yet.
pub(crate) struct Opened {
    pub(crate) access: Arc<Access>,
    pub(crate) code: Option<PathBuf>,
    /// The name that hosts sign for.
    pub(crate) hub: String,
}

/// Opens the store in a data directory, also beside an instance that has it open.
pub(crate) async fn store(dir: &Path) -> Outcome<Arc<dyn Store>> {
    let path = dir.join(FILE);
    let opened =
        tokio::task::spawn_blocking(move || SqliteStore::open(path, Options::default())).await;
    let store = opened
        .or_cannot_start("accounts")?
        .or_cannot_start("accounts")?;
    Ok(Arc::new(store))
}

/// The same where there is one: asking makes none.
pub(crate) async fn existing(dir: &Path) -> Outcome<Arc<dyn Store>> {
    expect_some(dir)?;
    store(dir).await
}

/// Refuses a directory that never held accounts. One that lost them is told as such by whoever opens it.
pub(crate) fn expect_some(dir: &Path) -> Outcome {
    if dir.join(FILE).exists() || dir.join(PAIR).exists() {
        return Ok(());
    }
    let why = format!(
        "holds no accounts ({FILE}): start `hypernode up` on it once, or name another with --data"
    );
    Err(Failure::start(
        format!("data directory {}", dir.display()),
        why,
    ))
}

/// What a server on these addresses needs to know who asks.
pub(crate) async fn open(
    settings: &Settings,
    dir: &Path,
    genesis: &str,
    addresses: &[SocketAddr],
) -> Outcome<Opened> {
    let store = store(dir).await?;
    let code = operators::begin(&*store, dir)
        .await
        .or_cannot_start("the first operator")?;
    let secure = settings.get("api.tls_certificate").is_some();
    let sites = sites(settings.get("api.domain"), secure, addresses);
    let listed = settings.get("api.cors_origins").unwrap_or_default();
    let open_dev = settings.parsed("api.open_dev");
    warn(settings, addresses);
    let origins = Origins::new(
        sites.iter().map(|site| site.uri.clone()).collect(),
        check::list(listed).map(str::to_owned).collect(),
        open_dev,
    );
    let hub = sites
        .first()
        .map(|site| site.domain.clone())
        .unwrap_or_default();
    let policy =
        SignInPolicy::new(sites, chain(genesis), STATEMENT).or_cannot_start("api.domain")?;
    let proxies = check::list(settings.get("api.trusted_proxies").unwrap_or_default());
    let limiter = Arc::new(Limiter::new(Rates::default(), PLACES));
    let access = Access {
        accounts: Accounts::new(
            Arc::clone(&store),
            policy,
            hub.clone(),
            Arc::clone(&limiter),
        )
        .or_cannot_start("api.domain")?,
        store,
        limiter,
        proxies: TrustedProxies::new(proxies, Forwarding::default())
            .or_cannot_start("api.trusted_proxies")?,
        origins,
        open_dev,
        // A proxy in front of a named site speaks HTTPS for it.
        secure: secure || settings.get("api.domain").is_some(),
        directory: dir.to_owned(),
    };
    Ok(Opened {
        access: Arc::new(access),
        code,
        hub,
    })
}

/// Says what works and will surprise.
fn warn(settings: &Settings, addresses: &[SocketAddr]) {
    if settings.parsed("api.open_dev") {
        tracing::warn!(
            "OPEN FOR DEVELOPMENT (--open-dev, api.open_dev): anybody on this machine may change anything without signing in, roles too; never leave it on where others work"
        );
    }
    if let Some(address) = unnamed(settings.get("api.domain"), addresses) {
        tracing::warn!(
            "api.bind = {}, and api.domain is not set: wallets sign in to the address only, not to a name; set api.domain to what browsers show",
            address.ip()
        );
    }
}

/// An address that others reach and that has no name.
fn unnamed<'a>(domain: Option<&str>, addresses: &'a [SocketAddr]) -> Option<&'a SocketAddr> {
    let elsewhere = addresses.iter().find(|address| !address.ip().is_loopback());
    elsewhere.filter(|_| domain.is_none())
}

/// Keeps what is known of callers fresh, and sweeps out challenges and sessions that are over, until `stop`.
pub(crate) async fn keep(access: &Access, stop: CancellationToken) {
    let sweeping = async {
        let told = Seldom::new();
        let mut ticks = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            let since = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let now = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
            if let Err(error) = access.accounts.sweep(now).await
                && told.now()
            {
                tracing::warn!(%error, "what is over is swept out of the store later");
            }
        }
    };
    tokio::join!(access.accounts.auth().follow(stop.clone()), sweeping);
}

/// Least characters of a secret that admits whoever sends it: 16 random ones are not guessed.
const LEAST_SECRET: usize = 16;

/// Refuses a secret that could be guessed. Its text is in no message.
pub(crate) fn check_secret(key: &str, secret: Option<&str>) -> Outcome {
    match secret {
        Some(secret) if secret.chars().count() < LEAST_SECRET => Err(Failure::start(
            key,
            format!(
                "has fewer than {LEAST_SECRET} characters and could be guessed: take a random one, such as the output of `openssl rand -hex 32`"
            ),
        )),
        _ => Ok(()),
    }
}

/// Certificate and key, if the settings name them.
pub(crate) fn tls(settings: &Settings) -> Outcome<Option<Arc<Tls>>> {
    match (
        settings.path("api.tls_certificate"),
        settings.path("api.tls_key"),
    ) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let tls =
                Tls::open(certificate, key).or_cannot_start("api.tls_certificate, api.tls_key")?;
            Ok(Some(Arc::new(tls)))
        }
        (Some(_), None) => Err(Failure::start(
            "api.tls_key",
            "is needed beside api.tls_certificate",
        )),
        (None, Some(_)) => Err(Failure::start(
            "api.tls_certificate",
            "is needed beside api.tls_key",
        )),
    }
}

/// Places where people sign in: the named site, else every name of these addresses.
fn sites(domain: Option<&str>, secure: bool, addresses: &[SocketAddr]) -> Vec<Site> {
    if let Some(domain) = domain {
        return vec![Site {
            domain: domain.to_owned(),
            uri: format!("https://{domain}"),
        }];
    }
    let scheme = if secure { "https" } else { "http" };
    let mut domains = Vec::new();
    for address in addresses {
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            let port = address.port();
            domains.extend([format!("127.0.0.1:{port}"), format!("localhost:{port}")]);
        } else {
            domains.push(address.to_string());
        }
    }
    let site = |domain: String| Site {
        uri: format!("{scheme}://{domain}"),
        domain,
    };
    domains.into_iter().map(site).collect()
}

/// The network that signatures are for. One that nobody else knows is local.
fn chain(genesis: &str) -> Chain {
    match known_name(genesis) {
        "Solana Mainnet" => Chain::Mainnet,
        "Solana Devnet" => Chain::Devnet,
        "Solana Testnet" => Chain::Testnet,
        _ => Chain::Localnet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_reach_wants_a_name() {
        let own: SocketAddr = "127.0.0.1:3001".parse().unwrap();
        let any: SocketAddr = "[::]:3001".parse().unwrap();
        assert_eq!(unnamed(None, &[own]), None);
        assert_eq!(unnamed(None, &[own, any]), Some(&any));
        assert_eq!(unnamed(Some("hub.example"), &[any]), None);
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_and_not_shown() {
        assert!(check_secret("api.metrics_secret", None).is_ok());
        assert!(check_secret("api.metrics_secret", Some("0123456789abcdef")).is_ok());
        let refused = check_secret("api.metrics_secret", Some("hunter2")).unwrap_err();
        let text = refused.to_string();
        assert!(
            text.contains("api.metrics_secret") && !text.contains("hunter2"),
            "{text}"
        );
    }

    #[test]
    fn a_named_site_is_the_only_one_and_secure() {
        let any: SocketAddr = "127.0.0.1:3001".parse().unwrap();
        let of = |domain, secure| {
            let sites = sites(domain, secure, &[any]);
            sites.into_iter().map(|site| site.uri).collect::<Vec<_>>()
        };
        assert_eq!(of(Some("hub.example"), false), ["https://hub.example"]);
        assert_eq!(
            of(None, false),
            ["http://127.0.0.1:3001", "http://localhost:3001"]
        );
        assert_eq!(
            of(None, true),
            ["https://127.0.0.1:3001", "https://localhost:3001"]
        );
    }
}
