//! Each dialect's own frames, as its agent writes them.

use hypernode_wire::{Dialect, FailureKind, Gpu, Inbound, Outcome, Spelling};

use crate::support::{frame, heartbeat, parse, register, result};

const FAILED: Outcome = Outcome::Failed(FailureKind::Failed);
const TIMEOUT: Outcome = Outcome::Failed(FailureKind::Timeout);
const ERROR: Outcome = Outcome::Failed(FailureKind::Error);

#[test]
fn every_register_frame_names_its_dialect() {
    for (name, dialect) in [
        ("v1", Dialect::V1),
        ("v2", Dialect::V2),
        ("v3", Dialect::V3),
        ("v4", Dialect::V4),
    ] {
        let register = register(&frame(name, "register"));
        assert_eq!(register.dialect, dialect);
        let token = register.token.expect("a token");
        assert!(token.expose().starts_with("0b6a4f3e-"));
        assert_eq!(
            (register.proto, register.key, register.resume),
            (None, None, None)
        );
    }
}

#[test]
fn v1_tells_its_cards_and_its_system() {
    let host = register(&frame("v1", "register")).host;
    assert_eq!(
        (host.hostname.as_str(), host.os.as_str()),
        ("rig-01", "Linux 6.8.0-45-generic")
    );
    assert_eq!(host.gpu(), "NVIDIA GeForce RTX 4090");
    assert_eq!(host.gpus[0].memory_mb, Some(24564));
    assert_eq!(host.gpus[1].memory_mb, Some(24576));
}

#[test]
fn v1_invents_a_card_where_there_is_none() {
    let host = register(&frame("v1", "register_without_gpu")).host;
    assert_eq!(host.gpu(), "GPU (nvidia-smi not available)");
    assert_eq!(host.gpus[0].memory_mb, None);
}

#[test]
fn v2_without_cards_is_a_host_of_processors() {
    let register = register(&frame("v2", "register_without_gpu"));
    assert_eq!(register.dialect, Dialect::V2);
    assert!(register.host.gpus.is_empty());
    assert_eq!(register.host.gpu(), "Unknown GPU");
    assert_eq!(register.host.arch.as_deref(), Some("arm64"));
}

#[test]
fn v4_tells_versions_and_use() {
    let host = register(&frame("v4", "register")).host;
    assert_eq!(host.docker_version.as_deref(), Some("27.3.1"));
    assert_eq!(host.agent_version.as_deref(), Some("2.0.0-docker"));
    assert_eq!(
        host.gpus,
        [Gpu {
            name: "NVIDIA A100-SXM4-80GB".into(),
            memory_mb: Some(81920),
            memory_free_mb: Some(81050),
            utilization_percent: Some(3),
        }]
    );
}

#[test]
fn heartbeats_name_their_node() {
    for name in ["v1", "v2", "v3", "v4"] {
        let beat = heartbeat(&frame(name, "heartbeat"));
        assert!(
            beat.node.expect("a node").starts_with("9f1c2c8e-"),
            "{name}"
        );
        assert!(beat.running.is_empty());
    }
    let stats = heartbeat(&frame("v4", "heartbeat")).stats.expect("stats");
    assert_eq!(
        (stats.jobs_completed, stats.jobs_failed),
        (Some(7), Some(1))
    );
    assert_eq!((stats.active_jobs, stats.total_uptime), (Some(2), Some(0)));
    assert_eq!(stats.gpus[0].utilization_percent, Some(97));
}

#[test]
fn results_say_how_it_ended() {
    for (dialect, name, outcome, exit_code) in [
        ("v1", "completed", Outcome::Completed, None),
        ("v1", "failed", FAILED, None),
        ("v1", "too_long", FAILED, None),
        ("v2", "completed", Outcome::Completed, Some(0)),
        ("v2", "failed", FAILED, Some(127)),
        ("v2", "timeout", TIMEOUT, None),
        ("v2", "error", ERROR, None),
        ("v3", "completed", Outcome::Completed, None),
        ("v4", "completed", Outcome::Completed, Some(0)),
        ("v4", "failed", FAILED, Some(1)),
        ("v4", "timeout", TIMEOUT, Some(-1)),
        ("v4", "error", ERROR, Some(-1)),
    ] {
        let result = result(&frame(dialect, name));
        assert_eq!(result.outcome, outcome, "{dialect} {name}");
        assert_eq!(result.exit_code, exit_code, "{dialect} {name}");
        assert!(result.job.is_some_and(|job| job.starts_with("5a1d7d52-")));
        assert!(!result.logs.cut);
    }
}

#[test]
fn v4_proves_what_it_ran() {
    let result = result(&frame("v4", "completed"));
    assert_eq!(result.logs.text, "hello\n");
    assert!(
        result
            .logs_hash
            .is_some_and(|hash| hash.starts_with("5891b5b5"))
    );
    assert!(result.execution_hash.is_some_and(|hash| hash.len() == 64));
    assert_eq!(result.completed_at_ms, Some(1_762_074_853_520));
    assert_eq!(parse(&frame("v4", "pong")), Inbound::Pong);
}

#[test]
fn the_first_result_corrects_the_guess() {
    let seen = |name| result(&frame(name, "completed")).spelling;
    assert_eq!(seen("v3"), Spelling::JobResult);
    assert_eq!(Dialect::V2.corrected(seen("v3")), Dialect::V3);
    assert_eq!(Dialect::V3.corrected(seen("v2")), Dialect::V2);
    for (name, dialect) in [
        ("v1", Dialect::V1),
        ("v2", Dialect::V2),
        ("v3", Dialect::V3),
        ("v4", Dialect::V4),
    ] {
        assert_eq!(dialect.corrected(seen(name)), dialect);
    }
    assert_eq!(
        Dialect::Aware.corrected(Spelling::JobResult),
        Dialect::Aware
    );
}

#[test]
fn what_each_can_do() {
    let all = |ask: fn(Dialect) -> bool| {
        Dialect::ALL
            .into_iter()
            .filter(|dialect| ask(*dialect))
            .collect::<Vec<_>>()
    };
    assert_eq!(all(Dialect::takes_offers), [Dialect::Aware]);
    assert_eq!(all(Dialect::renews_leases), [Dialect::Aware]);
    assert_eq!(all(Dialect::can_cancel), [Dialect::V4, Dialect::Aware]);
    assert_eq!(
        all(Dialect::blocks_while_running),
        [Dialect::V1, Dialect::V2]
    );
    assert_eq!(all(Dialect::fakes_results), [Dialect::V3]);
    assert_eq!(
        all(Dialect::reconnects_with_token),
        [Dialect::V2, Dialect::V4]
    );
}
