//! The page at `/`: complete without JavaScript, kept up to date with it.

use std::fmt::Write as _;

use hypernode_analytics::metrics::Figures;
use hypernode_analytics::time::{iso_millis, iso_seconds};
use hypernode_analytics::validation::Receipt;

use crate::cache::Snapshot;
use crate::html::{escape, fill, grouped, hyper, short};
use crate::network::NetworkInfo;

const TEMPLATE: &str = include_str!("../../web/index.html");
/// Its style.
pub(crate) const CSS: &str = include_str!("../../web/app.css");
/// Its script.
pub(crate) const JS: &str = include_str!("../../web/app.js");

/// Receipts on the page.
const RECEIPTS: usize = 20;

/// The page with the figures of one snapshot.
pub(crate) fn render(
    network: &NetworkInfo,
    now: &Snapshot,
    figures: &Figures,
    receipts: &[Receipt],
) -> String {
    let count = |number: u64| grouped(number.into());
    let amount = |raw: u128| hyper(raw, network.decimals);
    let values = [
        ("network", escape(&network.name)),
        (
            "simulated_class",
            if network.simulated {
                "simulated"
            } else {
                "real"
            }
            .to_owned(),
        ),
        ("notice", notice(network)),
        ("as_of", count(now.as_of)),
        ("finality", now.finality.to_string()),
        (
            "verified",
            moment(iso_millis(now.verified_at).filter(|_| !now.is_empty())),
        ),
        ("nodes_active", count(figures.nodes_active)),
        ("nodes_total", count(figures.nodes_registered)),
        ("jobs_completed", count(figures.jobs_completed)),
        ("jobs_total", count(figures.jobs_total)),
        ("jobs_running", count(figures.jobs_running)),
        ("jobs_pending", count(figures.jobs_pending)),
        ("jobs_failed", count(figures.jobs_failed)),
        ("jobs_cancelled", count(figures.jobs_cancelled)),
        ("paid", amount(figures.paid_total)),
        ("paid_24h", amount(figures.paid_24h)),
        ("locked", amount(figures.locked)),
        ("receipts", rows(network, receipts)),
        ("genesis", escape(&network.genesis)),
        ("simulated", network.simulated.to_string()),
        ("explorer", escape(&network.explorer)),
    ];
    fill(TEMPLATE, &values)
}

/// What a reader must know before the first figure.
pub(crate) fn notice(network: &NetworkInfo) -> String {
    if network.simulated {
        "<p class=\"notice\" role=\"note\"><strong>Simulated network.</strong> Programs run in a local SVM; no real \
         money, jobs or machines are behind these figures.</p>"
            .to_owned()
    } else {
        String::new()
    }
}

fn rows(network: &NetworkInfo, receipts: &[Receipt]) -> String {
    if receipts.is_empty() {
        return "<tr><td colspan=\"5\" class=\"none\">No job has been completed yet.</td></tr>"
            .to_owned();
    }
    let mut out = String::new();
    for receipt in receipts.iter().take(RECEIPTS) {
        let link = escape(&network.transaction_link(&receipt.signature));
        // Headings as attributes: on a phone each row is a card.
        let _ = write!(
            out,
            "<tr><td data-label=\"Completed\">{time}</td><td data-label=\"Job\"><code title=\"{job}\">{job_short}</code></td>\
             <td data-label=\"Type\">{kind}</td><td data-label=\"Cost\" class=\"number\"><span>{cost} <small>HYPER</small></span></td>\
             <td data-label=\"Transaction\"><a href=\"{link}\"><code>{signature}</code></a></td></tr>",
            time = moment(iso_seconds(receipt.block_time)),
            job = escape(&receipt.job_id),
            job_short = escape(&short(&receipt.job_id)),
            kind = escape(&receipt.job_type.replace('_', " ")),
            cost = hyper(receipt.price.into(), network.decimals),
            signature = escape(&short(&receipt.signature)),
        );
    }
    out
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
