//! Where blocks come from: the Geyser server and the RPC endpoints.

use std::time::Duration;

use hypernode_indexer::geyser::{Server, probe};
use hypernode_indexer::rpc::{Commitment, Rpc};

use super::Finding;
use crate::config::{Settings, check};
use crate::network;
use crate::running::Running;

/// Time for one answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Slots that an endpoint may be behind the stream: a minute.
const BEHIND: u64 = 150;

/// `genesis`: what the data directory is bound to.
pub(crate) async fn look(
    settings: &Settings,
    running: Option<&Running>,
    genesis: Option<&str>,
) -> Vec<Finding> {
    let own = running.map(|running| &running.endpoints);
    let mut findings = Vec::new();
    let mut servers = match network::geyser_servers(settings) {
        Ok(servers) => servers,
        Err(failure) => {
            let fix = "see geyser.* in `hypernode config keys`";
            findings.push(Finding::wrong("geyser", failure.to_string(), fix));
            Vec::new()
        }
    };
    let real = !servers.is_empty();
    if let Some(url) = own.and_then(|own| own.geyser.clone())
        && !real
    {
        servers.push(Server { url, x_token: None });
    }
    if servers.is_empty() {
        findings.push(Finding::good(
            "geyser",
            "no geyser.url: `hypernode up` simulates a network",
        ));
    }
    let mut tip = None;
    for server in &servers {
        tip = tip.max(geyser(server, &mut findings).await);
    }
    let further = settings.get("rpc.fallback_urls").unwrap_or_default();
    let mut endpoints: Vec<(String, String)> = settings
        .get("rpc.url")
        .into_iter()
        .map(|url| ("rpc.url".to_owned(), url.to_owned()))
        .chain(
            check::list(further)
                .enumerate()
                .map(|(n, url)| (format!("rpc.fallback_urls, no. {}", n + 1), url.to_owned())),
        )
        .collect();
    if endpoints.is_empty()
        && let Some(url) = own.and_then(|own| own.rpc.clone())
    {
        endpoints.push(("localnet's RPC".to_owned(), url));
    }
    if endpoints.is_empty() && real {
        findings.push(Finding::note(
            "rpc",
            "no endpoint is set",
            "set rpc.url: what the stream leaves out (an outage, a validator's restart) stays a gap without it",
        ));
    }
    if real && network::fee_accounts(settings).is_empty() {
        findings.push(Finding::note(
            "reputation",
            "network.fee_accounts is not set: no job counts as paid, so no node can earn a score",
            "name the token accounts of treasury and incentive pool as TREASURY/INCENTIVE",
        ));
    }
    let wanted = settings.get("network.genesis").or(genesis);
    for (name, url) in endpoints {
        let seen = rpc(&url, wanted, tip).await;
        findings.push(match seen {
            Ok(seen) => Finding::good("rpc", format!("{name}: {seen}")),
            Err((seen, fix)) => Finding::wrong("rpc", format!("{name}: {seen}"), fix),
        });
    }
    findings
}

async fn geyser(server: &Server, findings: &mut Vec<Finding>) -> Option<u64> {
    let url = &server.url;
    let seen = match probe(server, LIMIT).await {
        Ok(seen) => seen,
        Err(why) => {
            findings.push(Finding::wrong(
                "geyser",
                format!("{url}: {why}"),
                "check geyser.url (https:// for hosted services), the token, and that this machine reaches it",
            ));
            return None;
        }
    };
    let at = seen.slot.map_or_else(
        || "no slot yet".to_owned(),
        |slot| format!("at slot {slot}"),
    );
    findings.push(Finding::good(
        "geyser",
        format!("{url} answers, {at}; {}", version(&seen.version)),
    ));
    findings.push(match (seen.slot, seen.replays_from) {
        (Some(slot), Some(first)) if slot >= first => Finding::good(
            "replay",
            format!(
                "the server replays from slot {first}, {} back",
                slot - first
            ),
        ),
        _ => Finding::note(
            "replay",
            "the server does not say that it replays anything",
            "then every outage is filled by RPC: see that rpc.url is set",
        ),
    });
    seen.slot
}

/// Of a version that is an object of many members, the plugin's own.
fn version(text: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let member = json.as_ref().and_then(|json| {
        let version = json.get("version")?;
        version.get("version").unwrap_or(version).as_str()
    });
    let text = member.unwrap_or(text);
    format!("version {}", text.chars().take(40).collect::<String>())
}

/// What there is to say of an endpoint, or what is wrong and what to do. The address may carry a key: it is not named.
async fn rpc(
    url: &str,
    genesis: Option<&str>,
    tip: Option<u64>,
) -> Result<String, (String, String)> {
    let unreachable = |error: hypernode_indexer::rpc::RpcError| {
        let fix = "check the address and its key, and that this machine reaches it";
        (error.to_string(), fix.to_owned())
    };
    let client = Rpc::new(url).map_err(unreachable)?;
    let late = || {
        let fix = "it is overloaded or not reachable: use another endpoint";
        (
            format!("no answer within {} s", LIMIT.as_secs()),
            fix.to_owned(),
        )
    };
    let ask = async {
        let hash = client.genesis_hash().await?;
        let slot = client.tip(Commitment::Confirmed).await?;
        let first = client.first_available().await?;
        Ok((hash, slot, first))
    };
    let (hash, slot, first) = tokio::time::timeout(LIMIT, ask)
        .await
        .map_err(|_| late())?
        .map_err(unreachable)?;
    if let Some(wanted) = genesis
        && hash != wanted
    {
        let seen = format!("its genesis hash is {hash}, the data directory's {wanted}");
        return Err((
            seen,
            "it serves another network: name one of the same".to_owned(),
        ));
    }
    if let Some(tip) = tip
        && slot + BEHIND < tip
    {
        let seen = format!("at slot {slot}, {} behind the stream", tip - slot);
        return Err((seen, "it lags: use another endpoint".to_owned()));
    }
    Ok(format!(
        "answers, at slot {slot}, holds blocks from slot {first} on"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_version_the_number_is_shown() {
        let yellowstone = r#"{"version":{"package":"yellowstone-grpc-geyser","version":"14.2.4","proto":"14"},"extra":{"hostname":"x"}}"#;
        assert_eq!(version(yellowstone), "version 14.2.4");
        assert_eq!(version(r#"{"version":"1"}"#), "version 1");
        assert_eq!(version("plain words"), "version plain words");
    }
}
