//! A job in the shapes of the old Backend and of the old GPU Hosts server.

use hypernode_accounts::time::iso;
use hypernode_dispatch::desk::{
    Assigned, JobView, Written, attempts, cause, cost, host_status, node, status,
};
use hypernode_dispatch::job::{Job, State};
use hypernode_wire::Work;
use serde_json::{Map, Value, json};

use super::hyper;

/// As the Backend shows it. Whoever does not `see` it finds what is somebody's own empty, not absent: pages rely on it.
pub(crate) fn backend(job: &JobView, sees: bool, decimals: u8) -> Value {
    let outcome = job.outcome.as_ref().filter(|_| sees);
    let content = &job.content;
    let mut metrics = outcome.map_or_else(Map::new, |kept| kept.metrics.clone());
    // Ours count, whatever the host says of them.
    let ours = json!({
        "startTime": job.started_at().map(iso),
        "endTime": job.ended_at().map(iso),
        "duration": job.ran_ms(),
        "cost": hyper(job.cost(), decimals),
        "costRaw": job.cost().to_string(),
    });
    if let Value::Object(ours) = ours {
        metrics.extend(ours);
    }
    let logs: Vec<&str> = outcome.map_or_else(Vec::new, |kept| kept.logs.lines().collect());
    let mut told = json!({
        "jobId": job.id().to_string(),
        "walletAddress": job.owner().to_string(),
        "jobType": content.job_type,
        "model": content.model,
        "input": if sees { content.input.clone() } else { json!({}) },
        "requirements": requirements(&content.requirements, sees),
        "budget": hyper(job.budget(), decimals),
        "budgetRaw": job.budget().to_string(),
        "maxDuration": job.job.terms.max_duration_s,
        "maxRetries": job.job.terms.max_retries,
        "priority": job.job.terms.priority,
        "status": job.status(),
        "createdAt": iso(job.created_at),
        "updatedAt": iso(job.job.changed_at),
        "assignedNode": job.node().map(|node| node.to_string()),
        "attempts": job.attempts(),
        "result": outcome.map_or(Value::Null, |kept| kept.result.clone()),
        "logs": logs,
        "metrics": metrics,
    });
    if let Value::Object(told) = &mut told {
        if let Some(manifest) = &content.manifest {
            told.insert("manifest".into(), manifest.as_str().into());
            let args = if sees { json!(content.args) } else { json!({}) };
            told.insert("args".into(), args);
        }
        if job.is_elsewhere() {
            told.insert("elsewhere".into(), true.into());
        }
        if let Some(chain) = &job.chain {
            told.insert("chain".into(), json!(chain));
        }
        if let Some(cause) = job.cause() {
            told.insert("reason".into(), cause.into());
        }
        let error = if sees { job.error() } else { job.cause() };
        let said = outcome.and_then(|kept| kept.error.clone());
        if let Some(error) = error.or(said) {
            told.insert("error".into(), error.into());
        }
    }
    told
}

/// The transactions of a job on chain, as they stand. Why one failed is for whoever `sees` the job.
pub(crate) fn transactions(written: &[Written], sees: bool) -> Value {
    let each = written.iter().map(|one| {
        let mut told = json!({ "call": one.call, "stage": one.stage });
        if let Value::Object(told) = &mut told {
            if let Some(signature) = &one.signature {
                told.insert("signature".into(), signature.as_str().into());
            }
            if let Some(why) = one.why.as_deref().filter(|_| sees) {
                told.insert("why".into(), why.into());
            }
        }
        told
    });
    each.collect()
}

/// Requirements as they are shown. Those of a job on chain hold the values of its manifest's arguments, too, which are
/// somebody's own.
fn requirements(requirements: &Value, sees: bool) -> Value {
    // Of a job of the chain they come with its input.
    if requirements.is_null() {
        return json!({});
    }
    let mut shown = requirements.clone();
    if let Value::Object(fields) = &mut shown
        && !sees
        && fields.contains_key("args")
    {
        fields.insert("args".into(), json!({}));
    }
    shown
}

/// As a page of the GPU Hosts module lists it: what is not known is absent.
pub(crate) fn of_host(job: &JobView) -> Value {
    let mut told = json!({
        "id": job.id().to_string(),
        "type": job.kind,
        "nodeId": job.node().map(|node| node.to_string()),
        "status": host_status(&job.job.state),
        "createdAt": iso(job.created_at),
    });
    if let Value::Object(told) = &mut told {
        if let Some(ran) = job.ran_ms() {
            told.insert("duration".into(), (ran / 1000).into());
        }
        if let Some(ended) = job.ended_at() {
            told.insert("completedAt".into(), iso(ended).into());
        }
        if let Some(cause) = job.cause() {
            told.insert("reason".into(), cause.into());
        }
    }
    told
}

/// As a host that asks for work is given it.
pub(crate) fn assigned(assigned: &Assigned, decimals: u8) -> Value {
    let mut told = backend(&assigned.view, true, decimals);
    let Value::Object(fields) = &mut told else {
        return told;
    };
    fields.insert("fence".into(), assigned.view.job.fence.into());
    if let State::Leased(lease) = assigned.view.job.state {
        fields.insert(
            "deadline".into(),
            iso(lease.deadline.min(lease.until)).into(),
        );
    }
    let command = match &assigned.work {
        Some(Work::Bound(command)) => Some(command),
        Some(Work::Named { .. } | Work::Free(_)) | None => None,
    };
    fields.insert(
        "command".into(),
        command.map(hypernode_wire::Command::shell).into(),
    );
    told
}

/// What is told of a change: nothing that is somebody's own.
pub(crate) fn change(job: &Job, decimals: u8) -> Value {
    let cost = cost(job);
    let mut told = json!({
        "jobId": job.id.to_string(),
        "walletAddress": job.terms.owner.to_string(),
        "status": status(&job.state),
        "assignedNode": node(job).map(|node| node.to_string()),
        "attempts": attempts(job),
        "updatedAt": iso(job.changed_at),
        "cost": hyper(cost, decimals),
        "costRaw": cost.to_string(),
    });
    if let (Value::Object(told), Some(cause)) = (&mut told, cause(job)) {
        told.insert("reason".into(), cause.into());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_transaction_failed_is_told_to_those_who_see_the_job() {
        let written = Written {
            call: "create_job",
            stage: "failed",
            signature: None,
            why: Some("its host said no".to_owned()),
        };
        let shown = |sees| transactions(std::slice::from_ref(&written), sees);
        assert_eq!(shown(true)[0]["why"], "its host said no");
        assert_eq!(
            shown(false),
            json!([{"call": "create_job", "stage": "failed"}])
        );
    }

    #[test]
    fn values_of_arguments_are_nobody_elses_business_where_ever_they_stand() {
        let wanted = json!({"manifest": "burn", "args": {"seconds": 5}, "minVRAM": 8});
        assert_eq!(requirements(&wanted, true), wanted);
        let shown = requirements(&wanted, false);
        assert_eq!(shown, json!({"manifest": "burn", "args": {}, "minVRAM": 8}));
        assert_eq!(requirements(&Value::Null, false), json!({}));
    }
}
