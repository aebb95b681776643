//! What hosts are sent, per dialect.

use hypernode_wire::{
    Dialect, Job, Kind, Offer, Outbound, Registered, RenderError, Secret, Summary, Work,
};
use serde_json::{Value, json};

use crate::facts::test_job;

pub(crate) fn one_of_each() -> Vec<Outbound> {
    vec![
        Outbound::Registered(Registered {
            node: "n".into(),
            session: Some(Secret::new("s")),
            heartbeat_interval_ms: Some(15_000),
            server_time_ms: Some(1_762_074_853_520),
        }),
        test_job(),
        Outbound::ack(),
        Outbound::error("Invalid token"),
        Outbound::JobCancel { job: "j".into() },
        Outbound::Offer(Offer {
            job: "j".into(),
            fence: 1,
            expires_in_ms: 2000,
            summary: Summary {
                job_type: "test".into(),
                manifest: Some("test".into()),
                max_duration_s: 300,
                memory_mb: None,
                pay: Some("18446744073709551615".into()),
            },
        }),
        Outbound::Lease {
            job: "j".into(),
            fence: 1,
            until_ms: 90_000,
        },
        Outbound::Challenge {
            nonce: "n".into(),
            hub: None,
        },
        Outbound::Drain {
            reason: "update".into(),
        },
        Outbound::Ping,
        Outbound::Sign {
            request: "r".into(),
            bytes: "AAAA".into(),
        },
    ]
}

fn rendered(frame: &Outbound, dialect: Dialect) -> Value {
    serde_json::from_str(&frame.render(dialect).unwrap()).unwrap()
}

#[test]
fn nobody_is_sent_a_type_that_it_does_not_know() {
    let old = ["registered", "job", "ack", "error"];
    let docker = ["registered", "job", "ack", "error", "job_cancel", "ping"];
    let frames = one_of_each();
    assert_eq!(
        frames.iter().map(Outbound::kind).collect::<Vec<_>>(),
        Kind::ALL
    );
    for dialect in Dialect::ALL {
        for frame in &frames {
            let name = frame.kind().name();
            let known = match dialect {
                Dialect::V1 | Dialect::V2 | Dialect::V3 => old.contains(&name),
                Dialect::V4 => docker.contains(&name),
                Dialect::Aware => true,
            };
            match frame.render(dialect) {
                Ok(text) => {
                    assert!(known, "{dialect} is sent {name}");
                    let value: Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(value["type"], name);
                }
                Err(error) => {
                    assert!(!known, "{dialect} is not sent {name}");
                    assert_eq!(
                        error,
                        RenderError::NotUnderstood {
                            frame: name,
                            dialect
                        }
                    );
                }
            }
        }
    }
}

#[test]
fn old_hosts_get_what_the_reference_server_sends() {
    let registered = one_of_each().remove(0);
    for dialect in [Dialect::V1, Dialect::V2, Dialect::V3, Dialect::V4] {
        let text = registered.render(dialect).unwrap();
        assert_eq!(
            text,
            r#"{"type":"registered","nodeId":"n","message":"Successfully registered"}"#
        );
        assert_eq!(
            Outbound::ack().render(dialect).unwrap(),
            r#"{"type":"ack"}"#
        );
        let received = Outbound::result_received().render(dialect).unwrap();
        assert_eq!(
            received,
            r#"{"type":"ack","message":"Job result received"}"#
        );
        let error = Outbound::error("Job not found").render(dialect).unwrap();
        assert_eq!(error, r#"{"type":"error","message":"Job not found"}"#);
    }
    let id = "5a1d7d52-9f5c-4a3a-9a3e-1a5a2a8f7a01";
    for dialect in [Dialect::V1, Dialect::V2, Dialect::V3] {
        let expected = json!({"type": "job", "id": id, "jobId": id, "command": "sleep 5"});
        assert_eq!(rendered(&test_job(), dialect), expected);
    }
}

#[test]
fn docker_hosts_get_a_script_and_limits() {
    let Outbound::Job(mut job) = test_job() else {
        panic!()
    };
    let frame = rendered(&Outbound::Job(job.clone()), Dialect::V4);
    assert_eq!(
        frame,
        json!({
            "type": "job", "id": job.id, "jobId": job.id,
            "script": "import subprocess, sys\nsys.exit(subprocess.call([\"sleep\", \"5\"]))\n",
            "requirements": "", "datasets": [], "gpuRequired": false, "memoryLimit": "8g", "cpuLimit": 2.0,
        })
    );
    job.limits.memory_mb = 1536;
    job.limits.cpu_milli = 500;
    job.limits.gpu_required = true;
    let frame = rendered(&Outbound::Job(job), Dialect::V4);
    assert_eq!(
        (
            &frame["memoryLimit"],
            &frame["cpuLimit"],
            &frame["gpuRequired"]
        ),
        (&json!("1536m"), &json!(0.5), &json!(true))
    );
    assert_eq!(
        Outbound::JobCancel { job: "j".into() }
            .render(Dialect::V4)
            .unwrap(),
        r#"{"type":"job_cancel","jobId":"j"}"#
    );
    assert_eq!(
        Outbound::Ping.render(Dialect::V4).unwrap(),
        r#"{"type":"ping"}"#
    );
}

#[test]
fn lease_aware_hosts_get_a_manifest_and_no_command() {
    let frame = rendered(&test_job(), Dialect::Aware);
    let id = "5a1d7d52-9f5c-4a3a-9a3e-1a5a2a8f7a01";
    assert_eq!(
        frame,
        json!({
            "type": "job", "id": id, "jobId": id, "manifest": "test", "args": {}, "fence": 1,
            "lease_until_ms": 45_000, "deadline_ms": 330_000,
            "limits": {"gpu_required": false, "memory_mb": 8192, "cpu_milli": 2000},
        })
    );
    let registered = rendered(&one_of_each()[0], Dialect::Aware);
    assert_eq!(
        registered,
        json!({
            "type": "registered", "nodeId": "n", "message": "Successfully registered",
            "session": "s", "heartbeat_interval_ms": 15_000, "server_time_ms": 1_762_074_853_520_u64,
        })
    );
}

#[test]
fn a_job_that_is_only_named_is_not_sent_to_old_hosts() {
    let Outbound::Job(job) = test_job() else {
        panic!()
    };
    let job = Job {
        work: Work::Named {
            manifest: "test".into(),
            args: Default::default(),
        },
        ..*job
    };
    let frame = Outbound::Job(Box::new(job.clone()));
    for dialect in [Dialect::V1, Dialect::V2, Dialect::V3, Dialect::V4] {
        let expected = RenderError::NoCommand {
            job: job.id.clone(),
            dialect,
        };
        assert_eq!(frame.render(dialect), Err(expected));
    }
    assert!(frame.render(Dialect::Aware).is_ok());
}

#[test]
fn secrets_are_not_shown() {
    let register = crate::support::register(&crate::support::frame("v1", "register"));
    assert!(!format!("{register:?}").contains("0b6a4f3e"));
    let shown = format!(
        "{:?}",
        Outbound::Registered(Registered {
            node: "n".into(),
            session: Some(Secret::new("hidden")),
            heartbeat_interval_ms: None,
            server_time_ms: None,
        })
    );
    assert!(!shown.contains("hidden"));
}
