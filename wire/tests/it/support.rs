use hypernode_wire::{Heartbeat, HostInfo, Inbound, JobResult, Limits, Register};
use serde_json::{Value, json};

/// A frame as it was seen on the wire: `("v2", "heartbeat")`.
pub(crate) fn frame(dialect: &str, name: &str) -> String {
    let frames = match dialect {
        "v1" => include_str!("../frames/v1.json"),
        "v2" => include_str!("../frames/v2.json"),
        "v3" => include_str!("../frames/v3.json"),
        "v4" => include_str!("../frames/v4.json"),
        other => panic!("no frames of {other}"),
    };
    let frames: Value = serde_json::from_str(frames).unwrap();
    assert!(frames[name].is_object(), "{dialect} has no frame {name}");
    frames[name].to_string()
}

pub(crate) fn parse(frame: &str) -> Inbound {
    let read = Inbound::parse(frame.as_bytes(), &Limits::default());
    read.unwrap_or_else(|error| panic!("{error}: {frame}"))
}

pub(crate) fn register(frame: &str) -> Register {
    match parse(frame) {
        Inbound::Register(register) => *register,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn heartbeat(frame: &str) -> Heartbeat {
    match parse(frame) {
        Inbound::Heartbeat(beat) => beat,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn result(frame: &str) -> JobResult {
    match parse(frame) {
        Inbound::JobResult(result) => *result,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn host(info: Value) -> HostInfo {
    let frame = json!({"type": "register", "token": "t", "hostInfo": info});
    register(&frame.to_string()).host
}
