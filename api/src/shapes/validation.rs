//! `/api/metrics/validation`: figures that are of the chain alone, and receipts to look up there.

use hypernode_analytics::metrics::Figures;
use hypernode_analytics::reputation::VERSION;
use hypernode_analytics::time::iso_seconds;
use hypernode_analytics::validation::Receipt;
use serde_json::{Value, json};

use super::metrics::when;
use crate::network::{NetworkInfo, or_not_configured};

/// The whole answer; `as_of` 0 means that nothing is verified yet.
pub(crate) fn validation(
    network: &NetworkInfo,
    as_of: u64,
    verified_at: i64,
    figures: &Figures,
    receipts: &[Receipt],
) -> Value {
    let programs = &network.programs;
    json!({
        "success": true,
        "validation": {
            "summary": {
                "totalJobsOnChain": figures.jobs_created,
                "totalHyperPaidOnChain": network.hyper(figures.paid_total),
                "totalHyperPaidOnChainRaw": figures.paid_total.to_string(),
                "activeNodesOnChain": figures.nodes_active,
                "lastBlockVerified": (as_of > 0).then_some(as_of),
                "lastVerificationTime": when(verified_at),
            },
            // Where each number of it can be checked.
            "proof": {
                "scoreVersion": VERSION,
                "figures": "/api/validation/figures",
                "digest": "/api/index/digest",
                "certificates": "/api/index/certificates",
                "reputation": "/api/nodes/{id}/reputation",
                "reputationProof": "/api/nodes/{id}/reputation/proof",
                "roots": "/api/validation/roots",
                "live": "/api/validation/live",
                "audit": "hypernode audit --node PDA --slot S --rpc URL",
            },
            "recentReceipts": receipts.iter().map(|one| receipt(network, one)).collect::<Vec<_>>(),
            "blockchain": {
                "network": network.name,
                "simulated": network.simulated,
                "genesisHash": network.genesis,
                "explorerUrl": network.explorer,
                "hyperTokenMint": or_not_configured(network.mint.as_deref()),
                "hyperDecimals": network.decimals,
                "programIds": {
                    "nodeRegistry": or_not_configured(programs.node_registry.as_deref()),
                    "jobReceipt": or_not_configured(programs.job_receipt.as_deref()),
                    "paymentSplitter": or_not_configured(programs.payment_splitter.as_deref()),
                },
            },
        },
    })
}

fn receipt(network: &NetworkInfo, receipt: &Receipt) -> Value {
    json!({
        "jobId": receipt.job_id,
        "label": receipt.label,
        "timestamp": iso_seconds(receipt.block_time),
        "type": receipt.job_type,
        "cost": network.hyper(receipt.price.into()),
        "costRaw": receipt.price.to_string(),
        "txSignature": receipt.signature,
        "txUrl": format!("{}/tx/{}", network.explorer, receipt.signature),
        "slot": receipt.slot,
        "nodeId": none_if_empty(&receipt.node_id),
        "completedBy": none_if_empty(&receipt.completed_by),
        "resultHash": receipt.result_hash,
    })
}

fn none_if_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
