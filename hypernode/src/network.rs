//! Which network is indexed: the simulated one, or a real one with its genesis hash.

use std::time::Duration;

use hypernode_analytics::reputation::{self, FeeAccounts};
use hypernode_indexer::geyser::{GeyserOptions, Server};
use hypernode_indexer::rpc::PoolOptions;
use hypernode_schemas::localnet;

use crate::config::{Settings, check};
use crate::exit::{Failure, Outcome};

/// A real network's feed.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) name: String,
    /// Geyser gRPC endpoints, the preferred one first.
    pub(crate) geyser: Vec<Server>,
    /// Genesis hash in base58.
    pub(crate) genesis: String,
}

/// The real network that the settings name, if `geyser.url` is set.
///
/// # Errors
/// Exit 2 where neither `rpc.url` nor `network.genesis` tells the genesis hash.
pub(crate) async fn remote(settings: &Settings) -> Outcome<Option<Remote>> {
    let geyser = geyser_servers(settings)?;
    if geyser.is_empty() {
        return Ok(None);
    }
    named(settings, geyser).await.map(Some)
}

/// The network that the settings name, with these servers to stream from, if any.
///
/// # Errors
/// As [`remote`].
pub(crate) async fn named(settings: &Settings, geyser: Vec<Server>) -> Outcome<Remote> {
    let rpc = settings.get("rpc.url").map(str::to_owned);
    let genesis = match (settings.get("network.genesis"), &rpc) {
        (Some(genesis), _) => genesis.to_owned(),
        (None, Some(rpc)) => genesis_of(rpc).await?,
        (None, None) => {
            let why = "the network's genesis hash is needed: give --rpc URL or --genesis HASH";
            return Err(Failure::start("network.genesis", why));
        }
    };
    let name = settings
        .get("network.name")
        .map_or_else(|| known_name(&genesis).to_owned(), str::to_owned);
    Ok(Remote {
        name,
        geyser,
        genesis,
    })
}

/// The Geyser servers that the settings name, each with its token; a token goes to no other server than its own.
pub(crate) fn geyser_servers(settings: &Settings) -> Outcome<Vec<Server>> {
    let secret = |key| {
        settings
            .secret(key)
            .map_err(|problem| Failure::CannotStart(problem.to_string()))
    };
    let further = settings.get("geyser.fallback_urls").unwrap_or_default();
    let Some(first) = settings.get("geyser.url") else {
        if check::list(further).next().is_some() {
            let why = "geyser.url is not set: name the preferred server there";
            return Err(Failure::start("geyser.fallback_urls", why));
        }
        return Ok(Vec::new());
    };
    let tokens = secret("geyser.fallback_x_tokens")?.unwrap_or_default();
    let mut tokens = check::list(&tokens);
    let mut servers = vec![Server {
        url: first.to_owned(),
        x_token: secret("geyser.x_token")?,
    }];
    servers.extend(check::list(further).map(|url| {
        let token = tokens.next().filter(|token| *token != "-");
        Server {
            url: url.to_owned(),
            x_token: token.map(str::to_owned),
        }
    }));
    if tokens.next().is_some() {
        let why = "holds more tokens than geyser.fallback_urls has servers";
        return Err(Failure::start("geyser.fallback_x_tokens", why));
    }
    Ok(servers)
}

/// How to reach the first of these servers, and the others while it fails.
pub(crate) fn geyser_options(servers: Vec<Server>) -> Option<GeyserOptions> {
    let mut servers = servers.into_iter();
    let first = servers.next()?;
    let mut options = GeyserOptions::new(first.url, Vec::new());
    options.x_token = first.x_token;
    options.fallbacks = servers.collect();
    Some(options)
}

/// The endpoints that blocks are asked of: those of the settings, or `own`, that of a network on this machine.
pub(crate) fn rpc_pool(settings: &Settings, own: Option<String>) -> Option<PoolOptions> {
    if let Some(url) = own {
        return Some(PoolOptions {
            requests_per_second: 0.0,
            ..PoolOptions::new(vec![url])
        });
    }
    let first = settings.get("rpc.url");
    let further = settings.get("rpc.fallback_urls").unwrap_or_default();
    let urls: Vec<String> = first
        .into_iter()
        .chain(check::list(further))
        .map(str::to_owned)
        .collect();
    (!urls.is_empty()).then(|| PoolOptions {
        requests_per_second: settings.parsed("rpc.requests_per_second"),
        parallel: settings.parsed("rpc.parallel"),
        ..PoolOptions::new(urls)
    })
}

/// The network's fee accounts as configured; none: no settlement proves a payment.
pub(crate) fn fee_accounts(settings: &Settings) -> Vec<FeeAccounts> {
    let text = settings.get("network.fee_accounts").unwrap_or_default();
    // What cannot be read was refused when the settings were loaded.
    reputation::fee_accounts(text).unwrap_or_default()
}

/// Those of the simulated network.
pub(crate) fn localnet_fee_accounts() -> Vec<FeeAccounts> {
    vec![FeeAccounts {
        first_slot: 0,
        last_slot: u64::MAX,
        treasury: localnet::treasury(),
        incentive: localnet::incentive_pool(),
    }]
}

/// The name of a network that is none of the public clusters.
const PRIVATE: &str = "Solana (private)";

/// Names of the public clusters by their genesis hashes.
pub(crate) fn known_name(genesis: &str) -> &'static str {
    match genesis {
        "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d" => "Solana Mainnet",
        "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG" => "Solana Devnet",
        "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY" => "Solana Testnet",
        _ => PRIVATE,
    }
}

/// Whether it is the genesis hash of one of the public clusters.
pub(crate) fn is_public(genesis: &str) -> bool {
    known_name(genesis) != PRIVATE
}

/// Asks an RPC endpoint for `getGenesisHash`.
pub(crate) async fn genesis_of(rpc: &str) -> Outcome<String> {
    let fail = |why: String| {
        Failure::start(
            "--rpc",
            format!("{why}; give --genesis HASH to start without it"),
        )
    };
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|error| fail(error.to_string()))?;
    let request = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "getGenesisHash"});
    // The URL may carry a key: it is kept out of the message.
    let answer = client
        .post(rpc)
        .json(&request)
        .send()
        .await
        .map_err(|error| fail(error.without_url().to_string()))?;
    let body: serde_json::Value = answer
        .json()
        .await
        .map_err(|error| fail(error.without_url().to_string()))?;
    let hash = body["result"]
        .as_str()
        .ok_or_else(|| fail("getGenesisHash has no result".to_owned()))?;
    check::pubkey(hash).map_err(|why| fail(format!("genesis hash {hash:?} {why}")))?;
    Ok(hash.to_owned())
}
