//! One event of the live stream: the numbers for programs, and the same as the page writes them.

use axum::response::sse::Event;
use hypernode_analytics::metrics::Figures;
use hypernode_analytics::time;
use hypernode_analytics::validation::Receipt;
use serde_json::{Map, Value, json};

use crate::cache::Snapshot;
use crate::html::grouped;
use crate::page::figures::SHOWN;
use crate::page::index::Lag;
use crate::state::ApiState;

/// An event, written once for all listeners.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    name: &'static str,
    /// The slot; none where the event is of no slot.
    id: Option<u64>,
    data: String,
}

impl Told {
    /// As it is sent.
    pub(crate) fn event(&self) -> Event {
        let event = Event::default().event(self.name).data(&self.data);
        match self.id {
            Some(slot) => event.id(slot.to_string()),
            None => event,
        }
    }
}

/// A snapshot's event.
pub(crate) fn snapshot(
    state: &ApiState,
    now: &Snapshot,
    figures: &Figures,
    newest: Option<&Receipt>,
) -> Told {
    let network = state.network();
    let lag = Lag::new(
        now.as_of,
        figures.as_of_time,
        time::now(),
        &state.report.status(),
    );
    // Integers that JSON's readers may not hold are strings.
    let mut numbers = Map::new();
    let mut texts = Map::new();
    for of in &SHOWN {
        let number = of.value(figures).map(|number| number.to_string());
        numbers.insert(of.name.into(), number.into());
        texts.insert(of.name.into(), of.text(figures, network.decimals).into());
    }
    texts.insert("as_of".into(), grouped(now.as_of.into()).into());
    texts.insert("finality".into(), now.finality.as_str().into());
    texts.insert("lag".into(), lag.text().into());
    let verified = time::iso_millis(now.verified_at).filter(|_| !now.is_empty());
    let data = json!({
        "as_of_slot": now.as_of,
        "finality": now.finality.as_str(),
        "verified_at": verified,
        "lag_seconds": lag.seconds,
        "lag_slots": lag.slots,
        "figures": numbers,
        "shown": texts,
        "newest_receipt": newest.map(receipt),
    });
    Told {
        name: "snapshot",
        id: Some(now.as_of),
        data: data.to_string(),
    }
}

fn receipt(of: &Receipt) -> Value {
    json!({
        "job_id": of.job_id,
        "job_type": of.job_type,
        "price": of.price.to_string(),
        "slot": of.slot,
        "at": time::iso_seconds(of.block_time),
        "signature": of.signature,
    })
}

/// The figures cannot be read: what listeners have is no longer the newest there may be.
pub(crate) fn trouble() -> Told {
    Told {
        name: "trouble",
        id: None,
        data: json!({ "error": "The figures cannot be read just now" }).to_string(),
    }
}
