//! Frames that are refused, in the reference server's words.

use hypernode_wire::{First, FrameError, Inbound, Limits, Outbound, Validator, first, replies};

fn reply(frame: &str) -> &'static str {
    match Inbound::parse(frame.as_bytes(), &Limits::default()) {
        Err(error) => error.reply(),
        Ok(read) => panic!("{frame} was read as {read:?}"),
    }
}

const KEY: &str = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM";

#[test]
fn the_texts_are_the_reference_servers() {
    assert_eq!(replies::TOKEN_REQUIRED, "Token is required");
    assert_eq!(replies::TOKEN_INVALID, "Invalid token");
    assert_eq!(replies::TOKEN_USED, "Token already used");
    assert_eq!(replies::TYPE_UNKNOWN, "Unknown message type");
    assert_eq!(replies::NODE_INVALID, "Invalid node ID");
    assert_eq!(replies::JOB_NOT_FOUND, "Job not found");
    assert_eq!(replies::FORMAT_INVALID, "Invalid message format");
}

#[test]
fn what_is_no_message() {
    for frame in [
        "",
        "{",
        "null",
        " null ",
        "{}x",
        "{\"type\":\"pong\"}{}",
        "NaN",
        "\u{1}",
        "{'type':'pong'}",
    ] {
        assert_eq!(reply(frame), "Invalid message format", "{frame:?}");
    }
}

#[test]
fn types_that_nobody_sends() {
    for frame in [
        "{}",
        "[]",
        "5",
        "true",
        "\"register\"",
        r#"{"type":null}"#,
        r#"{"type":5}"#,
        r#"{"type":"Register"}"#,
        r#"{"type":"job"}"#,
        r#"{"type":"registered"}"#,
    ] {
        assert_eq!(reply(frame), "Unknown message type", "{frame}");
    }
}

#[test]
fn an_unknown_type_is_shown_briefly_and_cleanly() {
    let frame = format!(r#"{{"type":"a\n{}"}}"#, "b".repeat(1000));
    match Inbound::parse(frame.as_bytes(), &Limits::default()) {
        Err(FrameError::UnknownType(kind)) => assert_eq!(kind, format!("a{}", "b".repeat(31))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn registering_needs_a_token_or_a_key() {
    for token in [
        "",
        r#","token":null"#,
        r#","token":"""#,
        r#","token":0"#,
        r#","token":false"#,
    ] {
        assert_eq!(
            reply(&format!(r#"{{"type":"register"{token}}}"#)),
            "Token is required"
        );
    }
    // An old host cannot do without by saying that it has a key.
    assert_eq!(
        reply(&format!(r#"{{"type":"register","key":"{KEY}"}}"#)),
        "Token is required"
    );
    assert_eq!(
        reply(r#"{"type":"register","proto":1}"#),
        "Token is required"
    );
    for token in [
        r#"{"a":1}"#,
        "[1]",
        "true",
        &format!("\"{}\"", "x".repeat(257)),
    ] {
        assert_eq!(
            reply(&format!(r#"{{"type":"register","token":{token}}}"#)),
            "Invalid token"
        );
    }
    let aware = format!(r#"{{"type":"register","proto":1,"key":"{KEY}","resume":"s"}}"#);
    assert!(Inbound::parse(aware.as_bytes(), &Limits::default()).is_ok());
}

#[test]
fn a_key_is_base58() {
    for key in [
        "\"short\"",
        "7",
        "[]",
        &format!("\"0{KEY}\""),
        &format!("\"{}\"", "1".repeat(45)),
    ] {
        let frame = format!(r#"{{"type":"register","token":"t","proto":1,"key":{key}}}"#);
        assert_eq!(reply(&frame), "Invalid message format", "{key}");
    }
}

#[test]
fn ids_that_cannot_be_ours() {
    let long = "x".repeat(129);
    assert_eq!(
        reply(&format!(r#"{{"type":"heartbeat","nodeId":"{long}"}}"#)),
        "Invalid node ID"
    );
    assert_eq!(
        reply(r#"{"type":"heartbeat","nodeId":{}}"#),
        "Invalid node ID"
    );
    assert_eq!(
        reply(&format!(r#"{{"type":"job_result","id":"{long}"}}"#)),
        "Job not found"
    );
    assert_eq!(reply(r#"{"type":"jobResult","jobId":[]}"#), "Job not found");
    assert_eq!(reply(r#"{"type":"accept","fence":1}"#), "Job not found");
}

#[test]
fn what_lease_aware_frames_need() {
    for frame in [
        r#"{"type":"accept","job":"j"}"#,
        r#"{"type":"accept","job":"j","fence":-1}"#,
        r#"{"type":"reject","job":"j","fence":4294967296}"#,
        r#"{"type":"progress","job":"j","fence":1}"#,
        r#"{"type":"log","job":"j","fence":1,"seq":0}"#,
        r#"{"type":"log","job":"j","fence":1,"chunk":"x"}"#,
        r#"{"type":"auth"}"#,
        r#"{"type":"auth","signature":"abc"}"#,
        r#"{"type":"signed","request":"r"}"#,
        r#"{"type":"signed","bytes":"AAAA"}"#,
        r#"{"type":"signed","request":"r","bytes":"A"}"#,
        r#"{"type":"signed","request":"r","bytes":"====" }"#,
    ] {
        assert_eq!(reply(frame), "Invalid message format", "{frame}");
    }
}

#[test]
fn a_refusal_is_an_error_frame() {
    let error = Inbound::parse(b"{}", &Limits::default()).unwrap_err();
    let frame = Outbound::from(&error).render(Default::default()).unwrap();
    assert_eq!(
        frame,
        r#"{"type":"error","message":"Unknown message type"}"#
    );
}

#[test]
fn numbers_and_strings_stand_for_each_other() {
    let read = |frame: &str| Inbound::parse(frame.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(
        read(r#"{"type":"accept","job":7,"fence":"2"}"#),
        read(r#"{"type":"accept","job":"7","fence":2.0}"#)
    );
    // Of equal keys the last counts, a byte order mark and space do not.
    assert_eq!(
        read("\u{feff} \n{\"type\":\"pong\",\"type\":\"drain\"}\n "),
        Inbound::Drain
    );
}

#[test]
fn one_socket_tells_validators_from_hosts() {
    let of = |frame: &str| first(frame.as_bytes(), &Limits::default());
    let validator = |frame: &str| match of(frame) {
        Ok(First::Validator(validator)) => Some(validator),
        _ => None,
    };
    let documented = format!(
        r#"{{"type":"register","data":{{"publicKey":"{KEY}","location":"DE","ip":"192.0.2.1"}}}}"#
    );
    assert_eq!(validator(&documented), Some(Validator::Documented));
    assert_eq!(
        validator(r#"{"type":"join_validator","id":"val-1"}"#),
        Some(Validator::Page)
    );
    assert_eq!(
        validator(r#"{"type":"signup","data":{}}"#),
        Some(Validator::Signed)
    );
    let both = format!(r#"{{"type":"register","token":"t","data":{{"publicKey":"{KEY}"}}}}"#);
    assert!(matches!(of(&both), Ok(First::Host(Inbound::Register(_)))));
    assert_eq!(
        of(r#"{"type":"register","data":{"publicKey":7}}"#)
            .unwrap_err()
            .reply(),
        "Token is required"
    );
    assert_eq!(
        of(r#"{"type":"hello"}"#).unwrap_err().reply(),
        "Unknown message type"
    );
    assert_eq!(of("null").unwrap_err().reply(), "Invalid message format");
}
