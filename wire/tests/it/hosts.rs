//! What a host says of itself, in the forms that were thought of.

use hypernode_wire::{Dialect, HostInfo, most};
use serde_json::{Value, json};

use crate::support::{host, register};

fn memory(value: Value) -> Option<u64> {
    host(json!({"gpus": [{"name": "g", "memory": value}]})).gpus[0].memory_mb
}

#[test]
fn memory_by_its_unit_or_its_size() {
    for (written, mb) in [
        (json!("24576 MiB"), 24576),
        (json!("24576MiB"), 24576),
        (json!("24576 mb"), 24576),
        (json!("24GB"), 24576),
        (json!("24 GB"), 24576),
        (json!("24 GiB"), 24576),
        (json!("24g"), 24576),
        (json!(" 24576 "), 24576),
        (json!(24576), 24576),
        (json!(24576.0), 24576),
        (json!("24"), 24576),
        (json!(24), 24576),
        (json!(1024), 1024),
        (json!(1023), 1023 * 1024),
        (json!("23.99 GiB"), 24566),
        (json!("512 MiB"), 512),
        (json!("0.5 GB"), 512),
        (json!("1 TB"), 1 << 20),
        (json!("25165824 KiB"), 24576),
        (json!("25769803776 B"), 24576),
        (json!(0), 0),
    ] {
        assert_eq!(memory(written.clone()), Some(mb), "{written}");
    }
    for nonsense in [
        json!("Unknown"),
        json!("[N/A]"),
        json!(""),
        json!("MiB"),
        json!("."),
        json!("-5 GB"),
        json!(-5),
        json!("24 XB"),
        json!("1e5"),
        json!("9999999999999 TB"),
        json!(1e300),
        json!([24]),
        json!(true),
        json!("9".repeat(400)),
    ] {
        assert_eq!(memory(nonsense.clone()), None, "{nonsense}");
    }
}

#[test]
fn what_is_not_told_has_a_word() {
    for info in [
        json!({}),
        json!(null),
        json!([]),
        json!("x"),
        json!({"hostname": "", "os": null, "gpus": {}}),
    ] {
        assert_eq!(host(info), HostInfo::default());
    }
    assert_eq!(HostInfo::default().hostname, "unknown");
    assert_eq!(HostInfo::default().os, "unknown");
    assert_eq!(HostInfo::default().gpu(), "Unknown GPU");
}

#[test]
fn odd_cards_are_kept_or_passed_over() {
    let host = host(
        json!({"gpus": [null, 7, "RTX 4090", {}, {"name": 4090}, [], {"name": {"a": 1}, "model": "B"}]}),
    );
    let names: Vec<_> = host.gpus.iter().map(|gpu| gpu.name.as_str()).collect();
    assert_eq!(names, ["RTX 4090", "Unknown GPU", "4090", "Unknown GPU"]);
}

#[test]
fn utilisation_is_a_share() {
    let of =
        |value: Value| host(json!({"gpus": [{"utilization": value}]})).gpus[0].utilization_percent;
    assert_eq!(of(json!("37%")), Some(37));
    assert_eq!(of(json!("37 %")), Some(37));
    assert_eq!(of(json!(37)), Some(37));
    assert_eq!(of(json!(250)), Some(100));
    for nonsense in [json!("[N/A]%"), json!(-1), json!("NaN%"), json!(null)] {
        assert_eq!(of(nonsense), None);
    }
}

#[test]
fn everything_is_bounded() {
    let long = "é".repeat(2_000);
    let gpus: Vec<_> = (0..100)
        .map(|n| json!({"name": format!("gpu {n}")}))
        .collect();
    let capabilities: Vec<_> = (0..100).map(|n| json!(format!("{n}{long}"))).collect();
    let host = host(json!({
        "hostname": long, "os": long, "arch": long, "os_version": long, "docker_version": long, "agent_version": long,
        "gpus": gpus, "capabilities": capabilities, "slots": 1_000_000,
    }));
    assert!(host.hostname.len() <= most::HOSTNAME);
    for text in [
        Some(host.os),
        host.arch,
        host.os_version,
        host.docker_version,
        host.agent_version,
    ] {
        assert!(text.is_some_and(|text| text.len() <= most::LABEL && !text.is_empty()));
    }
    assert_eq!(host.gpus.len(), most::GPUS);
    assert_eq!(host.gpus[15].name, "gpu 15");
    assert_eq!(host.capabilities.len(), most::CAPABILITIES);
    assert!(
        host.capabilities
            .iter()
            .all(|text| text.len() <= most::CAPABILITY)
    );
    assert_eq!(host.slots, most::SLOTS);
}

#[test]
fn names_hold_no_control_characters() {
    let host = host(json!({"hostname": " a\u{1b}[31mb\r\n\0c ", "os": "\n\t"}));
    assert_eq!(host.hostname, "a[31mbc");
    assert_eq!(host.os, "unknown");
}

#[test]
fn lease_aware_hosts_tell_more() {
    let host = host(json!({
        "cpu_count": "16", "ram": "64 GB", "capabilities": ["inference", "render", "inference", "", 7],
        "ask": "340282366920938", "slots": "4", "sandboxed": "true",
    }));
    assert_eq!((host.cpu_count, host.ram_mb), (Some(16), Some(65536)));
    assert_eq!(host.capabilities, ["inference", "render"]);
    assert_eq!(host.ask, Some(340_282_366_920_938));
    assert_eq!((host.slots, host.sandboxed), (4, true));
}

#[test]
fn an_ask_is_a_whole_number_and_slots_are_at_least_one() {
    let ask = |value: Value| host(json!({"ask": value})).ask;
    assert_eq!(ask(json!(5)), Some(5));
    assert_eq!(ask(json!(5.0)), Some(5));
    assert_eq!(ask(json!(u64::MAX)), Some(u64::MAX));
    assert_eq!(ask(json!(u64::MAX.to_string())), Some(u64::MAX));
    for nonsense in [
        json!(0.5),
        json!("0.5"),
        json!(-1),
        json!(1e19),
        json!("x"),
        json!(null),
    ] {
        assert_eq!(ask(nonsense), None);
    }
    for slots in [
        json!(0),
        json!(-7),
        json!("x"),
        json!(null),
        json!(i64::MIN),
    ] {
        assert_eq!(host(json!({"slots": slots})).slots, 1);
    }
}

#[test]
fn the_rule_that_tells_dialects_apart() {
    let of = |frame: Value| register(&frame.to_string()).dialect;
    let with = |info: Value| of(json!({"type": "register", "token": "t", "hostInfo": info}));
    assert_eq!(of(json!({"type": "register", "token": "t"})), Dialect::V1);
    assert_eq!(
        with(json!({"hostname": "h", "os": "Linux", "gpus": []})),
        Dialect::V1
    );
    assert_eq!(with(json!({"agent_version": "3.1.0-docker"})), Dialect::V4);
    assert_eq!(with(json!({"agent_version": "3.1.0"})), Dialect::V1);
    assert_eq!(
        with(json!({"docker_version": "unknown", "arch": "x"})),
        Dialect::V4
    );
    assert_eq!(with(json!({"arch": "x", "cpu_count": 8})), Dialect::V2);
    assert_eq!(with(json!({"arch": "x"})), Dialect::V3);
    let aware = json!({"type": "register", "token": "t", "proto": 1, "hostInfo": {"docker_version": "27", "arch": "x"}});
    assert_eq!(of(aware), Dialect::Aware);
    assert_eq!(
        of(json!({"type": "register", "token": "t", "proto": "1"})),
        Dialect::Aware
    );
    assert_eq!(
        of(json!({"type": "register", "token": "t", "proto": null, "key": 7})),
        Dialect::V1
    );
}
