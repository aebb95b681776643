//! Gaps that the operator accepts while the indexer runs.

use std::time::Duration;

use hypernode_warehouse::WarehouseError;
use hypernode_warehouse::gaps::{self, GapState};
use hypernode_warehouse::operator::{self, Kind};

use super::Fill;
use crate::geyser::Event;
use crate::slots::Input;

/// How often requests are looked for.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn answer(fill: &Fill) {
    loop {
        tokio::time::sleep(EVERY).await;
        match round(fill).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::debug!(%error, "requests of the operator wait"),
        }
    }
}

/// `false`: nobody listens any more.
async fn round(fill: &Fill) -> Result<bool, WarehouseError> {
    for request in operator::pending(&fill.client, Kind::AcceptGap).await? {
        let (from, to) = (request.slot_lo, request.slot_hi);
        let range = (from, to);
        gaps::record(
            &fill.client,
            range,
            GapState::Accepted,
            &request.reason,
            "operator",
        )
        .await?;
        tracing::warn!(from, to, reason = request.reason, "gap accepted");
        let event = Event::Inputs(vec![Input::GiveUp { from, to }], None);
        if fill.events.send(event).await.is_err() {
            return Ok(false);
        }
        let text = format!("slots {from} to {to} are accepted as missing");
        operator::answer(&fill.client, request.id, true, &text).await?;
    }
    Ok(true)
}
