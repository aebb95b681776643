//! `/api/metrics` and its parts.

use hypernode_analytics::metrics::{Figures, JOB_TYPES};
use hypernode_analytics::time::{iso_millis, iso_seconds};
use hypernode_analytics::validation::Receipt;
use serde_json::{Map, Value, json};

use crate::network::{NetworkInfo, or_not_configured};

/// Executions that the page of the automation engine lists.
const EXECUTIONS: usize = 20;

/// Both bodies that clients expect of `/api/metrics`, in one: the Backend's under `metrics`, the automation engine's
/// beside it. Their keys do not clash.
pub(crate) fn overview(
    network: &NetworkInfo,
    as_of: u64,
    verified_at: i64,
    figures: &Figures,
    receipts: &[Receipt],
) -> Value {
    let verified = when(verified_at);
    let paid = network.hyper(figures.paid_total);
    json!({
        "success": true,
        "metrics": {
            "network": {
                "totalNodes": figures.nodes_registered,
                "activeNodes": figures.nodes_active,
                "totalJobs": figures.jobs_total,
                "completedJobs": figures.jobs_completed,
                "totalValueLocked": network.hyper(figures.locked),
                "totalValueLockedRaw": figures.locked.to_string(),
                "totalHyperPaid": paid,
                "totalHyperPaidRaw": figures.paid_total.to_string(),
                "lastUpdated": verified,
            },
            "recentActivity": {
                "last24h": activity(network, figures.jobs_24h, figures.nodes_24h, figures.paid_24h),
                "last7d": activity(network, figures.jobs_7d, figures.nodes_7d, figures.paid_7d),
            },
        },
        "blockchain": {
            "lastBlock": as_of,
            "programId": or_not_configured(network.programs.job_receipt.as_deref()),
            "lastSyncTime": verified,
        },
        "jobs": {
            "total": figures.jobs_total,
            "completed": figures.jobs_completed,
            "running": figures.jobs_running,
            "totalValuePaid": paid,
            "totalValuePaidRaw": figures.paid_total.to_string(),
        },
        // Every registration of this program is of a GPU node: it requires the hash of a GPU's specification.
        "nodes": { "active": figures.nodes_active, "byType": { "GPU": figures.nodes_active, "CPU": 0 } },
        "recentExecutions": receipts.iter().take(EXECUTIONS).map(execution).collect::<Vec<_>>(),
    })
}

fn activity(network: &NetworkInfo, jobs: u64, nodes: u64, paid: u128) -> Value {
    json!({
        "jobs": jobs,
        "nodesRegistered": nodes,
        "hyperPaid": network.hyper(paid),
        "hyperPaidRaw": paid.to_string(),
    })
}

/// One page reads `jobId` and `executionHash`, another `id` and `hash`.
fn execution(receipt: &Receipt) -> Value {
    json!({
        "jobId": receipt.job_id,
        "id": receipt.job_id,
        "nodeId": receipt.node_id,
        "executionHash": receipt.result_hash,
        "hash": receipt.result_hash,
        "completedAt": iso_seconds(receipt.block_time),
        "txSignature": receipt.signature,
    })
}

/// `/api/metrics/nodes`. What is only in accounts (GPU, memory, location, uptime) is not indexed yet: every node is in
/// the bucket `Other`, sums are 0.
pub(crate) fn nodes(figures: &Figures) -> Value {
    let total = figures.nodes_registered;
    json!({
        "success": true,
        "metrics": {
            "total": total,
            "active": figures.nodes_active,
            "offline": figures.nodes_offline(),
            "deregistered": figures.nodes_departed,
            "byGPU": { "RTX 4090": 0, "RTX 4080": 0, "RTX 3090": 0, "Other": total },
            "byLocation": { "North America": 0, "Europe": 0, "Asia": 0, "Other": total },
            "averageUptime": 0,
            "totalVRAM": 0,
        },
    })
}

/// `/api/metrics/jobs`. Durations are milliseconds of block time, assigned to completed.
pub(crate) fn jobs(network: &NetworkInfo, figures: &Figures) -> Value {
    let mut by_type: Map<String, Value> = JOB_TYPES
        .iter()
        .map(|name| ((*name).to_owned(), figures.jobs_of_type(name).into()))
        .collect();
    by_type.insert("other".into(), figures.jobs_of_other_types().into());
    let quantile = |index: usize| figures.run_quantiles_ms.get(index).copied().unwrap_or(0);
    json!({
        "success": true,
        "metrics": {
            "total": figures.jobs_total,
            "pending": figures.jobs_pending,
            "running": figures.jobs_running,
            "completed": figures.jobs_completed,
            "failed": figures.jobs_failed,
            "cancelled": figures.jobs_cancelled,
            "settled": figures.jobs_settled,
            "averageDuration": figures.mean_run_ms(),
            "durations": { "jobs": figures.runs, "p50": quantile(0), "p95": quantile(1), "p99": quantile(2) },
            "byType": by_type,
            "totalCost": network.hyper(figures.completed_price),
            "totalCostRaw": figures.completed_price.to_string(),
        },
    })
}

/// A time as text, or null before there is one.
pub(super) fn when(millis: i64) -> Option<String> {
    if millis == 0 {
        None
    } else {
        iso_millis(millis)
    }
}
