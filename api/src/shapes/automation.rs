//! What clients of the automation engine read.

use hypernode_analytics::activity::{RecentJob, RecentNode};
use hypernode_analytics::metrics::Figures;
use hypernode_analytics::time::iso_seconds;
use serde_json::{Value, json};

use super::metrics::when;
use super::status_word;
use crate::network::NetworkInfo;

/// `/api/metrics/current`: flat figures.
pub(crate) fn current(network: &NetworkInfo, figures: &Figures) -> Value {
    json!({
        "totalNodes": figures.nodes_registered,
        "activeNodes": figures.nodes_active,
        "totalJobs": figures.jobs_total,
        "jobsCompleted": figures.jobs_completed,
        "jobsFailed": figures.jobs_failed,
        "avgJobDuration": figures.mean_run_ms(),
        "totalHyperPaid": network.hyper(figures.paid_total),
        "totalHyperPaidRaw": figures.paid_total.to_string(),
    })
}

/// `/api/validation`: the newest jobs and nodes.
pub(crate) fn validation(
    network: &NetworkInfo,
    verified_at: i64,
    (jobs, nodes): &(Vec<RecentJob>, Vec<RecentNode>),
) -> Value {
    json!({
        "recentJobs": jobs.iter().map(|one| job(network, one)).collect::<Vec<_>>(),
        "recentNodes": nodes.iter().map(node).collect::<Vec<_>>(),
        "lastUpdated": when(verified_at),
    })
}

fn job(network: &NetworkInfo, job: &RecentJob) -> Value {
    json!({
        "job_id": job.job_id,
        "label": job.job_label,
        "job_type": job.job_type,
        "status": status_word(&job.state),
        "price": network.hyper(job.price.into()),
        "price_raw": job.price.to_string(),
        "created_at": iso_seconds(job.created_at),
        "completed_at": iso_seconds(job.completed_at),
        "tx_signature": job.tx_signature,
    })
}

/// GPU and reputation are not indexed yet: the model is `Unknown`, the score null rather than a number made up.
fn node(node: &RecentNode) -> Value {
    json!({
        "node_id": node.node_id,
        "label": node.node_label,
        "owner_wallet": node.node_owner,
        "gpu_model": "Unknown",
        "status": node.node_status,
        "reputation_score": null,
        "jobs_completed": node.jobs_completed,
        "registered_at": iso_seconds(node.registered_at),
    })
}
