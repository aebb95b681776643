//! The page at `/`: complete without JavaScript, kept up to date with it.

pub(crate) mod figures;
mod formula;
pub(crate) mod index;
mod nodes;
mod receipts;
mod respond;

pub(crate) use respond::{Asked, respond};

use hypernode_analytics::metrics::Figures;
use hypernode_analytics::reputation::Reputation;
use hypernode_analytics::time::iso_millis;
use hypernode_analytics::validation::Receipt;
use serde_json::Value;

use crate::cache::Snapshot;
use crate::html::{escape, fill, grouped};
use crate::network::NetworkInfo;
use crate::standing::Standing;

const TEMPLATE: &str = include_str!("../../../web/index.html");
/// Its style.
pub(crate) const CSS: &str = include_str!("../../../web/app.css");
/// Its scripts: the one that the page names, and those that it imports.
pub(crate) const VALIDATION_JS: &str = include_str!("../../../web/validation.js");
pub(crate) const LIVE_JS: &str = include_str!("../../../web/live.js");
pub(crate) const RECOMPUTE_JS: &str = include_str!("../../../web/recompute.js");
pub(crate) const REPUTATION_JS: &str = include_str!("../../../web/reputation.js");
pub(crate) const ROOTS_JS: &str = include_str!("../../../web/roots.js");

/// What the page is made of.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    pub(crate) network: &'a NetworkInfo,
    pub(crate) now: &'a Snapshot,
    pub(crate) figures: &'a Figures,
    pub(crate) receipts: &'a [Receipt],
    pub(crate) standing: &'a Standing,
    /// The node whose numbers the formula shows, if any has a score; an error where it could not be read.
    pub(crate) node: Result<Option<&'a Reputation>, ()>,
    /// What the instance tells of itself.
    pub(crate) status: &'a Value,
    /// Unix seconds.
    pub(crate) at: i64,
}

/// The page.
pub(crate) fn render(of: &Content<'_>) -> String {
    let (network, now, standing) = (of.network, of.now, of.standing);
    let listed = standing.nodes.as_deref();
    let lag = index::Lag::new(now.as_of, of.figures.as_of_time, of.at, of.status);
    let certificates = standing.certificates.as_deref();
    let mut values = vec![
        ("network", escape(&network.name)),
        ("simulated_class", simulated_class(network).to_owned()),
        ("notice", notice(network)),
        ("as_of", grouped(now.as_of.into())),
        ("finality", now.finality.to_string()),
        ("lag", lag.text()),
        ("verified", verified(now)),
        ("missing", index::missing(of.status)),
        ("nodes_slot", nodes::slot(listed)),
        ("nodes", nodes::rows(listed, network.decimals)),
        ("formula", formula::formula(of.node)),
        ("receipts", receipts::rows(network, of.receipts)),
        ("digest", index::digest(standing.digest.as_ref())),
        ("root", index::root(standing.root.as_ref())),
        ("certificates", index::certificates(certificates, now.as_of)),
        ("genesis", escape(&network.genesis)),
    ];
    for shown in &figures::SHOWN {
        let text = figures::live(shown.name, of.figures, network.decimals);
        values.push((shown.name, text));
    }
    for (slot, name, word) in [
        ("proof_nodes", "nodes_active", "active"),
        ("proof_registered", "nodes_registered", "registered"),
        ("proof_completed", "jobs_completed", "completed"),
        ("proof_created", "jobs_created", "created"),
        ("proof_paid", "paid_total", "paid"),
        ("proof_locked", "locked", "locked"),
    ] {
        values.push((slot, figures::link(name, word)));
    }
    for (slot, names) in [
        (
            "states",
            &[
                "jobs_pending",
                "jobs_running",
                "jobs_settled",
                "jobs_failed",
                "jobs_cancelled",
            ][..],
        ),
        ("lately", &["jobs_24h", "jobs_7d", "paid_24h", "paid_7d"]),
        ("runs", &["run_p50", "run_p95", "run_p99"]),
    ] {
        values.push((slot, figures::rows(names, of.figures, network.decimals)));
    }
    fill(TEMPLATE, &values)
}

/// When the slot was found complete.
pub(crate) fn verified(now: &Snapshot) -> String {
    moment(iso_millis(now.verified_at).filter(|_| !now.is_empty()))
}

/// What marks a page's body.
pub(crate) fn simulated_class(network: &NetworkInfo) -> &'static str {
    if network.simulated {
        "simulated"
    } else {
        "real"
    }
}

/// What a reader must know before the first figure.
pub(crate) fn notice(network: &NetworkInfo) -> String {
    let mut notice = String::new();
    if network.simulated {
        notice.push_str(
            "<p class=\"notice\" role=\"note\"><strong>Simulated network.</strong> Programs run in a local SVM; no real \
             money, jobs or machines are behind these figures.</p>",
        );
    }
    if network.open_dev {
        notice.push_str(
            "<p class=\"notice\" role=\"note\"><strong>Open for development.</strong> Anybody on this machine may change \
             anything here without signing in (--open-dev).</p>",
        );
    }
    notice
}

/// A time for people and machines; a dash where there is none.
pub(crate) fn moment(iso: Option<String>) -> String {
    match iso {
        None => "–".to_owned(),
        Some(iso) => {
            let readable = iso.get(..19).unwrap_or(&iso).replace('T', " ");
            format!("<time datetime=\"{iso}\">{readable} UTC</time>")
        }
    }
}

#[cfg(test)]
mod tests;
