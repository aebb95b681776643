//! A node's reputation and what it follows from, for people and for `hypernode audit`.

use hypernode_analytics::reputation::{DayEvidence, NodePath, Proof, Reputation, Root, base58};
use hypernode_analytics::time;
use serde_json::{Value, json};

use crate::network::NetworkInfo;

const VERSION: u32 = 1;
const DAY: i64 = 86_400;

/// A reputation. Units are of 1/2^20; integers that JSON's readers may not hold are strings.
pub(crate) fn reputation(of: &Reputation) -> Value {
    let [good, failed, expired] = of.jobs;
    json!({
        "node_id": base58(&of.node),
        "label": of.label,
        "owner": of.owner.as_ref().map(base58),
        "registered": of.registered,
        "registered_at": (of.registered_time > 0).then(|| time::iso_seconds(of.registered_time)),
        "slot": of.slot,
        "block_time": of.block_time,
        "day": i64::from(of.block_time).div_euclid(DAY),
        "version": VERSION,
        "score": of.score.value,
        "mean": of.score.mean,
        "upper": of.score.upper,
        "good": of.score.evidence.good.to_string(),
        "bad": of.score.evidence.bad.to_string(),
        "requesters": of.requesters,
        "jobs": { "good": good, "failed": failed, "expired": expired },
        "since_day": of.since_day,
        "forge": of.forge.as_ref().map(|forge| json!({
            "units": forge.units,
            "raw_hyper": forge.raw_hyper.to_string(),
            "requesters": forge.requesters,
        })),
    })
}

/// A page of a proof: the reputation, what an auditor needs to find the evidence on chain, and the evidence.
pub(crate) fn proof(network: &NetworkInfo, proof: &Proof) -> Value {
    let mut body = reputation(&proof.reputation);
    let programs = network.programs.indexed.iter().map(|program| {
        let idls = program.idls.iter();
        let idls =
            idls.map(|(from_slot, sha256)| json!({ "from_slot": from_slot, "sha256": sha256 }));
        json!({ "label": program.label, "id": program.id, "idls": idls.collect::<Vec<_>>() })
    });
    let accounts = proof.accounts.iter().map(|of| {
        json!({
            "first_slot": of.first_slot,
            "last_slot": (of.last_slot < u64::MAX).then_some(of.last_slot),
            "treasury": base58(&of.treasury),
            "incentive": base58(&of.incentive),
        })
    });
    let more = json!({
        "network": {
            "genesis": network.genesis,
            "start_slot": proof.start_slot,
            "programs": programs.collect::<Vec<_>>(),
            "fee_accounts": accounts.collect::<Vec<_>>(),
        },
        "entries": proof.days.iter().map(entry).collect::<Vec<_>>(),
        "roots": proof.roots.iter().map(path).collect::<Vec<_>>(),
        "page": proof.page,
        "pages": proof.pages,
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}

/// The root of a day. Hashes are in hex.
pub(crate) fn root(of: &Root) -> Value {
    json!({
        "day": of.day,
        "first_slot": of.first_slot,
        "last_slot": of.last_slot,
        "version": of.version,
        "nodes": of.nodes,
        "evidence": of.evidence,
        "root": hex::encode(of.root),
    })
}

/// A root, and how the node's evidence leads to it.
fn path((day, node): &(Root, NodePath)) -> Value {
    let mut body = root(day);
    let more = json!({
        "place": node.place,
        "of_node": { "evidence": node.evidence, "root": hex::encode(node.root) },
        "path": node.path.iter().map(hex::encode).collect::<Vec<_>>(),
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}

fn entry(of: &DayEvidence) -> Value {
    let sum = |good: bool| {
        let jobs = of.jobs.iter().filter(|job| (job.kind == "good") == good);
        jobs.map(|job| u128::from(job.units))
            .sum::<u128>()
            .to_string()
    };
    let evidence = of.jobs.iter().map(|job| {
        json!({
            "job": base58(&job.job),
            "program": base58(&job.program),
            "kind": job.kind,
            "units": job.units.to_string(),
            "slot": job.slot,
            "signature": signature(&job.signature),
        })
    });
    json!({
        "requester": base58(&of.requester),
        "day": of.day,
        "good": sum(true),
        "bad": sum(false),
        "evidence": evidence.collect::<Vec<_>>(),
    })
}

fn signature(bytes: &[u8; 64]) -> String {
    let mut out = [0; 88];
    let length = five8::encode_64(bytes, &mut out);
    String::from_utf8_lossy(&out[..usize::from(length)]).into_owned()
}
