//! The two health answers.

use hypernode_analytics::metrics::Figures;
use hypernode_analytics::time::iso_now;
use serde_json::{Value, json};

use crate::network::NetworkInfo;

/// `/health`. Unhealthy means that the warehouse does not answer, or that the indexer cannot go on by itself.
pub(crate) fn service(network: &NetworkInfo, warehouse: bool, indexer: &str) -> Value {
    let healthy = warehouse && !matches!(indexer, "stalled" | "stopped");
    json!({
        "status": if healthy { "healthy" } else { "unhealthy" },
        "timestamp": iso_now(),
        "service": "hypernode-backend",
        "version": env!("CARGO_PKG_VERSION"),
        "network": network.name,
        "simulated": network.simulated,
        "checks": { "warehouse": if warehouse { "ok" } else { "not answering" }, "indexer": indexer },
    })
}

/// `/api/metrics/health`.
pub(crate) fn metrics(figures: &Figures) -> Value {
    json!({
        "status": "healthy",
        "timestamp": iso_now(),
        "metricsCount": {
            "nodes": figures.nodes_registered,
            "jobs": figures.jobs_total,
            "receipts": figures.jobs_completed,
        },
    })
}
