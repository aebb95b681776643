//! Lease-aware frames, there and back.

use hypernode_wire::{
    Arg, Dialect, FailureKind, Free, Gpu, Heartbeat, HostInfo, Inbound, Job, JobLimits, JobRef,
    JobResult, Limits, LogChunk, Offer, Outbound, Outcome, Progress, Register, Registered, Secret,
    SignAnswer, Signed, Spelling, Stats, Stream, Summary, Text, Work,
};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::json;

use crate::outgoing::one_of_each;

fn id() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9-]{1,40}"
}

/// A text as it is after reading: nothing to trim, nothing to clean.
fn label() -> impl Strategy<Value = String> {
    r#"[a-zé"\\{}]{1,20}( [0-9A-Z]{1,8})?"#
}

fn job() -> impl Strategy<Value = JobRef> {
    (id(), any::<u32>()).prop_map(|(job, fence)| JobRef { job, fence })
}

fn memory() -> impl Strategy<Value = Option<u64>> {
    of(0..=16_u64 << 20)
}

fn gpu() -> impl Strategy<Value = Gpu> {
    (label(), memory(), memory(), of(0..=100_u8)).prop_map(
        |(name, memory_mb, memory_free_mb, utilization_percent)| Gpu {
            name,
            memory_mb,
            memory_free_mb,
            utilization_percent,
        },
    )
}

fn gpus() -> impl Strategy<Value = Vec<Gpu>> {
    proptest::collection::vec(gpu(), 0..=16)
}

prop_compose! {
    fn host()(
        (hostname, os, os_version, arch, docker_version, agent_version) in
            (label(), label(), of(label()), of(label()), of(label()), of(label())),
        gpus in gpus(),
        cpu_count in of(any::<u32>()),
        ram_mb in memory(),
        capabilities in proptest::collection::hash_set("[a-z_]{1,20}", 0..=32),
        ask in of(any::<u64>()),
        slots in 1..=64_u16,
        sandboxed: bool,
    ) -> HostInfo {
        HostInfo {
            hostname, os, gpus, os_version, arch, docker_version, agent_version, cpu_count, ram_mb,
            capabilities: capabilities.into_iter().collect(),
            ask, slots, sandboxed,
        }
    }
}

prop_compose! {
    fn register()(
        token in of(id()),
        host in host(),
        proto: u32,
        key in "[1-9A-HJ-NP-Za-km-z]{32,44}",
        resume in of(id()),
    ) -> Inbound {
        Inbound::Register(Box::new(Register {
            token: token.map(Secret::new),
            host,
            dialect: Dialect::Aware,
            proto: Some(proto),
            key: Some(key),
            resume: resume.map(Secret::new),
        }))
    }
}

prop_compose! {
    fn heartbeat()(
        node in of(id()),
        running in proptest::collection::vec(job(), 0..=64),
        stats in of((of(any::<u64>()), of(any::<u64>()), of(any::<u64>()), of(any::<u32>()), gpus())),
    ) -> Inbound {
        Inbound::Heartbeat(Heartbeat {
            node,
            running,
            stats: stats.map(|(jobs_completed, jobs_failed, total_uptime, active_jobs, gpus)| Stats {
                jobs_completed, jobs_failed, total_uptime, active_jobs, gpus,
            }),
        })
    }
}

prop_compose! {
    fn result()(
        (job, node, fence) in (id(), of(id()), of(any::<u32>())),
        (status, outcome, exit_code) in prop_oneof![
            Just(("completed", Outcome::Completed, Some(0))),
            Just(("completed", Outcome::Completed, None)),
            Just(("failed", Outcome::Failed(FailureKind::Failed), Some(1))),
            Just(("timeout", Outcome::Failed(FailureKind::Timeout), Some(-9))),
            Just(("error", Outcome::Failed(FailureKind::Error), None)),
        ],
        (text, cut, result_dropped) in (any::<String>(), any::<bool>(), any::<bool>()),
        (execution_hash, logs_hash) in (of("[0-9a-f]{64}"), of("[0-9a-f]{64}")),
        completed_at_ms in of(any::<u64>()),
        number: i64,
    ) -> Inbound {
        Inbound::JobResult(Box::new(JobResult {
            spelling: Spelling::JobUnderscoreResult,
            job: Some(job), node, fence, status: status.into(), outcome,
            logs: Text { text, cut },
            exit_code, execution_hash, logs_hash, completed_at_ms,
            result: (!result_dropped).then(|| json!({"answer": [number, "text", null]})),
            result_dropped,
        }))
    }
}

fn about_a_job() -> impl Strategy<Value = Inbound> {
    prop_oneof![
        job().prop_map(Inbound::Accept),
        (job(), of(label())).prop_map(|(job, reason)| Inbound::Reject { job, reason }),
        (job(), 0..=1000_u16, of(label())).prop_map(|(job, permille, message)| {
            Inbound::Progress(Progress {
                job,
                permille,
                message,
            })
        }),
        (
            job(),
            any::<bool>(),
            any::<String>(),
            any::<bool>(),
            any::<u64>()
        )
            .prop_map(|(job, errors, text, cut, seq)| {
                let stream = if errors {
                    Stream::Stderr
                } else {
                    Stream::Stdout
                };
                Inbound::Log(LogChunk {
                    job,
                    stream,
                    chunk: Text { text, cut },
                    seq,
                })
            }),
    ]
}

fn answers() -> impl Strategy<Value = Inbound> {
    let signature = "[1-9A-HJ-NP-Za-km-z]{64,88}";
    let answer = prop_oneof![
        signature.prop_map(SignAnswer::Signature),
        "([A-Za-z0-9+/]{4}){1,400}".prop_map(SignAnswer::Bytes),
        label().prop_map(SignAnswer::Refused),
    ];
    prop_oneof![
        Just(Inbound::Pong),
        Just(Inbound::Drain),
        (signature, any::<i64>()).prop_map(|(signature, ts)| Inbound::Auth { signature, ts }),
        (id(), answer).prop_map(|(request, answer)| Inbound::Signed(Signed { request, answer })),
    ]
}

prop_compose! {
    fn named_job()(
        (id, manifest) in (id(), "[a-z]{1,10}"),
        numbers in proptest::collection::btree_map("[a-z]{1,5}", any::<i64>().prop_map(Arg::Int), 0..3),
        words in proptest::collection::btree_map("[A-Z]{1,5}", any::<String>().prop_map(Arg::Word), 0..3),
        (fence, lease_until_ms, deadline_ms) in any::<(u32, u64, u64)>(),
        (gpu_required, memory_mb, cpu_milli) in any::<(bool, u32, u32)>(),
    ) -> Outbound {
        Outbound::Job(Box::new(Job {
            id,
            work: Work::Named { manifest, args: numbers.into_iter().chain(words).collect() },
            fence, lease_until_ms, deadline_ms,
            limits: JobLimits { gpu_required, memory_mb, cpu_milli },
        }))
    }
}

prop_compose! {
    fn free_job()(
        (id, model) in (id(), any::<String>()),
        (prompt, number) in any::<(String, i64)>(),
        (fence, lease_until_ms, deadline_ms) in any::<(u32, u64, u64)>(),
    ) -> Outbound {
        let input = json!({"prompt": prompt, "n": [number, null]});
        Outbound::Job(Box::new(Job {
            id,
            work: Work::Free(Box::new(Free { job_type: "llm_inference".into(), model, input })),
            fence, lease_until_ms, deadline_ms,
            limits: JobLimits::default(),
        }))
    }
}

fn outbound() -> impl Strategy<Value = Outbound> {
    let text = any::<String>;
    prop_oneof![
        (id(), of(id()), of(any::<u32>()), of(any::<u64>())).prop_map(
            |(node, session, heartbeat_interval_ms, server_time_ms)| {
                Outbound::Registered(Registered {
                    node,
                    session: session.map(Secret::new),
                    heartbeat_interval_ms,
                    server_time_ms,
                })
            }
        ),
        named_job(),
        free_job(),
        of(text()).prop_map(|message| Outbound::Ack { message }),
        text().prop_map(Outbound::error),
        (
            id(),
            any::<(u32, u32, u32)>(),
            of(any::<u64>()),
            of("[0-9]{1,20}")
        )
            .prop_map(
                |(job, (fence, expires_in_ms, max_duration_s), memory_mb, pay)| {
                    Outbound::Offer(Offer {
                        job,
                        fence,
                        expires_in_ms,
                        summary: Summary {
                            job_type: "render".into(),
                            manifest: Some("m".into()),
                            max_duration_s,
                            memory_mb,
                            pay,
                        },
                    })
                }
            ),
        (id(), any::<(u32, u64)>()).prop_map(|(job, (fence, until_ms))| Outbound::Lease {
            job,
            fence,
            until_ms
        }),
        (text(), text()).prop_map(|(request, bytes)| Outbound::Sign { request, bytes }),
        text().prop_map(|reason| Outbound::Drain { reason }),
        (text(), of(text())).prop_map(|(nonce, hub)| Outbound::Challenge { nonce, hub }),
    ]
}

proptest! {
    #[test]
    fn what_a_host_writes_is_read_as_written(
        frame in prop_oneof![register(), heartbeat(), result(), about_a_job(), answers()]
    ) {
        let text = frame.to_json();
        prop_assert_eq!(Inbound::parse(text.as_bytes(), &Limits::default()), Ok(frame));
    }

    #[test]
    fn what_a_host_is_sent_is_read_as_written(frame in outbound()) {
        let text = frame.render(Dialect::Aware).unwrap();
        prop_assert_eq!(Outbound::parse(text.as_bytes(), &Limits::default()), Ok(frame));
    }
}

#[test]
fn a_host_reads_each_frame_that_it_is_sent() {
    for frame in one_of_each() {
        let text = frame.render(Dialect::Aware).unwrap();
        let read = Outbound::parse(text.as_bytes(), &Limits::default()).unwrap();
        match (&read, &frame) {
            (Outbound::Job(read), Outbound::Job(sent)) => {
                assert_eq!(read.work.command(), None);
                assert_eq!(read.work.manifest(), sent.work.manifest());
                assert_eq!(
                    (&read.id, read.fence, read.limits),
                    (&sent.id, sent.fence, sent.limits)
                );
            }
            _ => assert_eq!(read, frame),
        }
    }
}

#[test]
fn a_host_refuses_what_it_cannot_read() {
    let parse = |text: &str| Outbound::parse(text.as_bytes(), &Limits::default());
    assert!(parse(r#"{"type":"lease","job":"j","fence":1,"until_ms":5,"more":true}"#).is_ok());
    assert_eq!(
        parse(r#"{"type":"reboot"}"#).unwrap_err().reply(),
        "Unknown message type"
    );
    assert_eq!(
        parse(r#"{"type":"lease","job":"j"}"#).unwrap_err().reply(),
        "Invalid message format"
    );
    assert_eq!(parse("null").unwrap_err().reply(), "Invalid message format");
}

#[test]
fn what_is_too_much_is_cut() {
    let jobs: Vec<_> = (0..100)
        .map(|n| json!({"job": format!("j{n}"), "fence": n}))
        .collect();
    let beat =
        crate::support::heartbeat(&json!({"type": "heartbeat", "running": jobs}).to_string());
    assert_eq!(beat.running.len(), 64);
    let log = json!({"type": "log", "job": "j", "fence": 1, "seq": 0, "chunk": "x".repeat(20_000)});
    match crate::support::parse(&log.to_string()) {
        Inbound::Log(log) => assert_eq!((log.chunk.text.len(), log.chunk.cut), (16 << 10, true)),
        other => panic!("{other:?}"),
    }
    let progress = json!({"type": "progress", "job": "j", "fence": 1, "permille": 70_000, "message": "m".repeat(5000)});
    match crate::support::parse(&progress.to_string()) {
        Inbound::Progress(progress) => {
            assert_eq!(progress.permille, 1000);
            assert_eq!(progress.message.map(|text| text.len()), Some(1024));
        }
        other => panic!("{other:?}"),
    }
    let result = json!({"type": "job_result", "id": "j", "status": "completed", "result": "x".repeat(64 << 10)});
    let result = crate::support::result(&result.to_string());
    assert_eq!((result.result, result.result_dropped), (None, true));
    assert_eq!(result.outcome, Outcome::Completed);
}
