//! A node in the shapes of the old Backend and of the old GPU Hosts server.

use hypernode_accounts::time::iso;
use hypernode_dispatch::nodes::{NodeView, Presence, Standing, Tally};
use serde_json::{Value, json};

use super::hyper;

/// As the Backend shows it.
pub(crate) fn backend(
    view: &NodeView,
    tally: Tally,
    standing: Standing,
    decimals: u8,
    now: i64,
) -> Value {
    let (node, known) = (&view.node, &view.node.about.described);
    let mut told = json!({
        "nodeId": node.name().to_string(),
        "walletAddress": node.wallet.to_string(),
        "gpuModel": known.gpu_model,
        "vram": known.vram_gb(),
        "driverVersion": known.driver_version,
        "cudaVersion": known.cuda_version,
        "hostOS": known.host_os,
        "cpuModel": known.cpu_model,
        "ramTotal": known.ram_total,
        "location": node.shown_location(),
        "capabilities": known.capabilities,
        "registeredAt": iso(node.about.registered_at),
        "lastUpdate": iso(view.last_update()),
        "status": view.status(now),
        "jobsCompleted": tally.completed,
        "totalEarned": hyper(tally.earned, decimals),
        "totalEarnedRaw": tally.earned.to_string(),
        // The page shows it out of 100.
        "reputation": standing.reputation / 10,
        "reputation_score": standing.reputation,
        "linked": node.chain.is_some(),
    });
    if let (Value::Object(told), Some(metrics)) = (&mut told, &view.live.metrics) {
        told.insert("metrics".into(), metrics.clone());
    }
    told
}

/// As the table of the GPU Hosts module lists it.
pub(crate) fn of_host(view: &NodeView, tally: Tally, decimals: u8, now: i64) -> Value {
    let known = &view.node.about.described;
    let is_there = view.presence(now) != Presence::Offline;
    json!({
        "id": view.node.name().to_string(),
        "hostname": known.hostname,
        "gpu": known.gpu_model,
        "status": if is_there { "online" } else { "offline" },
        "lastHeartbeat": iso(view.live.last_heartbeat),
        "earned": hyper(tally.earned, decimals),
    })
}
