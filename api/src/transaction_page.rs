//! `/tx/{signature}`: the transaction as we stored it, where no public explorer knows the network.

use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use hypernode_analytics::time::iso_seconds;
use hypernode_analytics::transaction::{Transaction, TransactionEvent, find};

use crate::answer;
use crate::ask::Ask;
use crate::html::{escape, fill, grouped, hyper};
use crate::network::NetworkInfo;
use crate::page::{moment, notice, simulated_class};
use crate::state::ApiState;

const TEMPLATE: &str = include_str!("../../web/transaction.html");
/// Longest base58 text of 64 bytes.
const LONGEST_SIGNATURE: usize = 88;

/// The page, or 404 for what is no signature of a kept transaction.
pub(crate) async fn respond(state: &ApiState, ask: &Ask, signature: &str) -> Response {
    let mut bytes = [0; 64];
    let readable =
        signature.len() <= LONGEST_SIGNATURE && five8::decode_64(signature, &mut bytes).is_ok();
    if !readable {
        return not_found(state, "This is not a transaction signature.", "");
    }
    // Fails only if the semaphore is closed, which it never is.
    let _place = state.lookups.acquire().await;
    let mut missing = false;
    let response = answer::page(state, ask, async |now| {
        Ok(match find(&state.client, now.as_of, &bytes).await? {
            Some((transaction, events)) => {
                found(&state.network(), signature, &transaction, &events)
            }
            None => {
                missing = true;
                String::new()
            }
        })
    })
    .await;
    if missing {
        return not_found(
            state,
            "No transaction of this signature is kept here. Only those that touch an indexed program are.",
            signature,
        );
    }
    response
}

fn not_found(state: &ApiState, text: &str, signature: &str) -> Response {
    let body = format!("<p>{}</p>", escape(text));
    let html = render(&state.network(), signature, "Not found", &body);
    (StatusCode::NOT_FOUND, Html(html)).into_response()
}

fn found(
    network: &NetworkInfo,
    signature: &str,
    transaction: &Transaction,
    events: &[TransactionEvent],
) -> String {
    let mut body = String::from("<dl class=\"facts\">");
    let mut fact = |name: &str, value: &str| {
        let _ = write!(body, "<dt>{name}</dt><dd>{value}</dd>");
    };
    let outcome = if transaction.success {
        "<span class=\"good\">Succeeded</span>".to_owned()
    } else {
        format!(
            "<span class=\"bad\">Failed</span> <small>error <code>{}</code>; its events count nowhere</small>",
            escape(&transaction.error_hex)
        )
    };
    fact("Result", &outcome);
    fact("Slot", &grouped(transaction.slot.into()));
    fact("Position in block", &grouped(transaction.tx_index.into()));
    fact("Block time", &moment(iso_seconds(transaction.block_time)));
    fact(
        "Fee payer",
        &format!("<code>{}</code>", escape(&transaction.fee_payer)),
    );
    fact(
        "Fee",
        &format!("{} lamports", grouped(transaction.fee.into())),
    );
    fact("Compute units", &grouped(transaction.compute_units.into()));
    if transaction.logs_doubtful {
        fact(
            "Logs",
            "Missing, truncated or inconsistent: events in them are not believed.",
        );
    }
    body.push_str("</dl>");
    body.push_str(&events_table(network, events));
    render(network, signature, "Transaction", &body)
}

fn events_table(network: &NetworkInfo, events: &[TransactionEvent]) -> String {
    if events.is_empty() {
        return "<p>No event of an indexed program.</p>".to_owned();
    }
    let mut out = String::from(
        "<h2>Events</h2><div class=\"scroll\"><table><thead><tr><th scope=\"col\">Place</th><th scope=\"col\">Program</th>\
         <th scope=\"col\">Event</th><th scope=\"col\">About</th><th scope=\"col\" class=\"number\">Amount</th></tr></thead><tbody>",
    );
    for event in events {
        let place = match u32::try_from(event.inner_ix) {
            Ok(inner) => format!("{}.{inner}", event.outer_ix),
            Err(_) => event.outer_ix.to_string(),
        };
        let mut about = String::new();
        for (name, value) in [
            ("job", &event.job_id),
            ("node", &event.node_id),
            ("label", &event.label),
        ] {
            if !value.is_empty() {
                let _ = write!(
                    about,
                    "<span class=\"line\">{name} <code>{}</code></span>",
                    escape(value)
                );
            }
        }
        let amount = match (event.price, event.paid) {
            (0, 0) => "–".to_owned(),
            (0, paid) => format!(
                "{} <small>HYPER paid</small>",
                hyper(paid, network.decimals)
            ),
            (price, _) => format!(
                "{} <small>HYPER</small>",
                hyper(price.into(), network.decimals)
            ),
        };
        let _ = write!(
            out,
            "<tr><td data-label=\"Place\"><span>{place} <small>{via}</small></span></td>\
             <td data-label=\"Program\"><span title=\"{id}\">{program}</span></td>\
             <td data-label=\"Event\">{name}</td><td data-label=\"About\"><span>{about}</span></td>\
             <td data-label=\"Amount\" class=\"number\"><span>{amount}</span></td></tr>",
            via = escape(&event.via),
            id = escape(&event.program_id),
            program = escape(&event.program),
            name = escape(&event.event),
        );
    }
    out.push_str("</tbody></table></div>");
    out
}

fn render(network: &NetworkInfo, signature: &str, title: &str, body: &str) -> String {
    fill(
        TEMPLATE,
        &[
            ("title", escape(title)),
            ("network", escape(&network.name)),
            ("simulated_class", simulated_class(network).to_owned()),
            ("notice", notice(network)),
            ("signature", escape(signature)),
            ("body", body.to_owned()),
        ],
    )
}
