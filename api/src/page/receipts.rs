//! The newest receipts: one row for each completed job, with the transaction that proves it.

use std::fmt::Write as _;

use hypernode_analytics::time::iso_seconds;
use hypernode_analytics::validation::Receipt;

use super::moment;
use crate::html::{clip, escape, hyper, short};
use crate::network::NetworkInfo;

/// Receipts on the page, however many a caller asks for.
const RECEIPTS: usize = 50;

/// The table's rows.
pub(crate) fn rows(network: &NetworkInfo, receipts: &[Receipt]) -> String {
    if receipts.is_empty() {
        return "<tr><td colspan=\"6\" class=\"none\">No job has been completed yet.</td></tr>"
            .to_owned();
    }
    let mut out = String::new();
    for receipt in receipts.iter().take(RECEIPTS) {
        // Headings as attributes: on a phone each row is a card.
        let _ = write!(
            out,
            "<tr><td data-label=\"Completed\" class=\"broad\">{time}</td>\
             <td data-label=\"Job\">{job}</td><td data-label=\"Type\">{kind}</td><td data-label=\"Node\">{node}</td>\
             <td data-label=\"Price\" class=\"number\"><span>{price} <small>HYPER</small></span></td>\
             <td data-label=\"Transaction\"><a href=\"{link}\"><code>{signature}</code></a></td></tr>",
            time = moment(iso_seconds(receipt.block_time)),
            job = address(&receipt.job_id),
            kind = escape(&clip(&receipt.job_type.replace('_', " "), 32)),
            node = if receipt.node_id.is_empty() {
                // Completed by somebody else than the node that was assigned.
                "–".to_owned()
            } else {
                address(&receipt.node_id)
            },
            price = hyper(receipt.price.into(), network.decimals),
            link = escape(&network.transaction_link(&receipt.signature)),
            signature = escape(&short(&receipt.signature)),
        );
    }
    out
}

/// An address, shortened for the eye and whole under the pointer.
fn address(id: &str) -> String {
    format!(
        "<code title=\"{}\">{}</code>",
        escape(id),
        escape(&short(id))
    )
}
