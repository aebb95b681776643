//! Frames as a lease-aware host writes them.

use serde_json::{Value, json};

use super::{Inbound, JobRef, JobResult, Outcome, Register, SignAnswer, Signed, Spelling};

impl Inbound {
    /// The frame as a lease-aware host sends it. What [`parse`](Self::parse) returned is read again as the same, but for the
    /// register frame of another dialect.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut frame = match self {
            Self::Register(register) => write_register(register),
            Self::Heartbeat(beat) => json!({
                "type": "heartbeat",
                "nodeId": beat.node,
                "running": beat.running,
                "stats": beat.stats,
            }),
            Self::JobResult(result) => write_result(result),
            Self::Pong => json!({"type": "pong"}),
            Self::Accept(job) => of_job("accept", job, json!({})),
            Self::Reject { job, reason } => of_job("reject", job, json!({"reason": reason})),
            Self::Progress(progress) => of_job(
                "progress",
                &progress.job,
                json!({"permille": progress.permille, "message": progress.message}),
            ),
            Self::Log(log) => of_job(
                "log",
                &log.job,
                json!({
                    "stream": log.stream,
                    "chunk": log.chunk.text,
                    "chunkCut": log.chunk.cut.then_some(true),
                    "seq": log.seq,
                }),
            ),
            Self::Drain => json!({"type": "drain"}),
            Self::Auth { signature, ts } => {
                json!({"type": "auth", "signature": signature, "ts": ts})
            }
            Self::Signed(signed) => write_signed(signed),
        };
        if let Value::Object(fields) = &mut frame {
            fields.retain(|_, value| !value.is_null());
        }
        frame.to_string()
    }
}

fn of_job(kind: &str, job: &JobRef, mut fields: Value) -> Value {
    fields["type"] = kind.into();
    fields["job"] = job.job.as_str().into();
    fields["fence"] = job.fence.into();
    fields
}

fn write_register(register: &Register) -> Value {
    json!({
        "type": "register",
        "token": register.token,
        "hostInfo": register.host,
        "proto": register.proto,
        "key": register.key,
        "resume": register.resume,
    })
}

fn write_result(result: &JobResult) -> Value {
    let (kind, id) = match result.spelling {
        Spelling::JobUnderscoreResult => ("job_result", "id"),
        Spelling::JobResult => ("jobResult", "jobId"),
    };
    json!({
        "type": kind,
        id: result.job,
        "nodeId": result.node,
        "fence": result.fence,
        "status": result.status,
        "success": result.outcome == Outcome::Completed,
        "logs": result.logs.text,
        "logsCut": result.logs.cut.then_some(true),
        "exitCode": result.exit_code,
        "executionHash": result.execution_hash,
        "logsHash": result.logs_hash,
        "completedAt": result.completed_at_ms,
        "result": result.result,
        "resultDropped": result.result_dropped.then_some(true),
    })
}

fn write_signed(signed: &Signed) -> Value {
    let (key, text) = match &signed.answer {
        SignAnswer::Signature(text) => ("signature", text),
        SignAnswer::Bytes(text) => ("bytes", text),
        SignAnswer::Refused(text) => ("refused", text),
    };
    json!({"type": "signed", "request": signed.request, key: text})
}
