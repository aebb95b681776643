//! Bytes of strangers: reading them never panics and never grows without bound.

use hypernode_wire::{First, FrameError, Inbound, Limits, Outbound, first, most};
use proptest::prelude::*;
use serde_json::{Value, json};

const TYPES: [&str; 14] = [
    "register",
    "heartbeat",
    "job_result",
    "jobResult",
    "pong",
    "accept",
    "reject",
    "progress",
    "log",
    "drain",
    "auth",
    "signed",
    "signup",
    "job",
];

const KEYS: [&str; 32] = [
    "token",
    "hostInfo",
    "proto",
    "key",
    "resume",
    "nodeId",
    "running",
    "stats",
    "id",
    "jobId",
    "job",
    "fence",
    "status",
    "logs",
    "exitCode",
    "success",
    "result",
    "completedAt",
    "reason",
    "permille",
    "message",
    "stream",
    "chunk",
    "seq",
    "signature",
    "request",
    "bytes",
    "gpus",
    "hostname",
    "memory",
    "slots",
    "data",
];

fn read(bytes: &[u8]) {
    let limits = Limits::default();
    let host = Inbound::parse(bytes, &limits);
    match first(bytes, &limits) {
        Ok(First::Host(frame)) => assert_eq!(Ok(frame), host),
        Ok(First::Validator(_)) => {}
        Err(error) => assert_eq!(Err(error), host),
    }
    if let Ok(frame) = host {
        bounded(&frame);
        // What was kept is well formed: it can be written and read again.
        let again = Inbound::parse(
            frame.to_json().as_bytes(),
            &Limits {
                frame_bytes: 2 << 20,
                ..limits
            },
        );
        if !matches!(frame, Inbound::Register(_)) {
            assert_eq!(again, Ok(frame));
        }
    } else if let Err(error) = host {
        assert!(!error.reply().is_empty());
        assert!(error.to_string().len() < 400);
    }
    let _ = Outbound::parse(bytes, &limits);
}

fn bounded(frame: &Inbound) {
    match frame {
        Inbound::Register(register) => {
            assert!(register.host.hostname.len() <= most::HOSTNAME);
            assert!(register.host.gpus.len() <= most::GPUS);
            assert!((1..=most::SLOTS).contains(&register.host.slots));
        }
        Inbound::Heartbeat(beat) => assert!(beat.running.len() <= usize::from(most::SLOTS)),
        Inbound::JobResult(result) => {
            assert!(result.logs.text.len() <= Limits::default().logs_bytes);
            assert!(result.job.as_ref().is_none_or(|job| job.len() <= most::ID));
        }
        Inbound::Log(log) => assert!(log.chunk.text.len() <= most::CHUNK),
        _ => {}
    }
}

/// Any JSON, with names that mean something.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Eighths are exact: decimal text does not always give a number back.
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        (0..200_i64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{0,6}( ?[KMGT]?i?B)?%?".prop_map(Value::from),
        "[1-9A-HJ-NP-Za-km-z]{30,90}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(&KEYS[..]), inner, 0..6).prop_map(
                |fields| {
                    let fields = fields
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value));
                    Value::Object(fields.collect())
                }
            ),
        ]
    })
}

fn frame() -> impl Strategy<Value = Value> {
    let fields = prop::collection::btree_map(prop::sample::select(&KEYS[..]), value(), 0..16);
    (prop::sample::select(&TYPES[..]), fields).prop_map(|(kind, fields)| {
        let mut frame = json!({"type": kind});
        for (key, value) in fields {
            frame[key] = value;
        }
        frame
    })
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes);
    }

    #[test]
    fn any_text(text in r#"([{}\[\],:"0-9\\ued]|true|null|"type":"log"|\\ud8|é|\PC){0,60}"#) {
        read(text.as_bytes());
    }

    #[test]
    fn any_frame(frame in frame()) {
        read(frame.to_string().as_bytes());
    }

    #[test]
    fn a_frame_with_a_broken_byte(frame in frame(), at: prop::sample::Index, byte: u8) {
        let mut bytes = frame.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        read(&bytes);
        read(&bytes[..at]);
    }
}

#[test]
fn bytes_that_are_not_text_are_replaced() {
    let frame =
        b"{\"type\":\"job_result\",\"id\":\"j\",\"status\":\"completed\",\"logs\":\"a\xffb\"}";
    match Inbound::parse(frame, &Limits::default()) {
        Ok(Inbound::JobResult(result)) => assert_eq!(result.logs.text, "a\u{fffd}b"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn length_is_looked_at_first() {
    let limits = Limits {
        frame_bytes: 15,
        ..Limits::default()
    };
    assert_eq!(
        Inbound::parse(br#"{"type":"pong"}"#, &limits),
        Ok(Inbound::Pong)
    );
    assert_eq!(
        Inbound::parse(br#" {"type":"pong"}"#, &limits),
        Err(FrameError::TooLong {
            bytes: 16,
            most: 15
        })
    );
}

#[test]
fn depth_and_number_of_values_are_bounded() {
    let parse = |text: &str| Inbound::parse(text.as_bytes(), &Limits::default());
    let nested = |depth: usize| {
        format!(
            r#"{{"type":"pong","x":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert_eq!(parse(&nested(most::DEPTH - 1)), Ok(Inbound::Pong));
    for depth in [most::DEPTH, 200, 400_000] {
        assert_eq!(
            parse(&nested(depth)).unwrap_err().reply(),
            "Invalid message format"
        );
    }
    let flat = |count: usize| format!(r#"{{"type":"pong","x":[{}0]}}"#, "0,".repeat(count - 1));
    // Beside the list's items: the object, the type and the list.
    assert_eq!(parse(&flat(most::VALUES - 3)), Ok(Inbound::Pong));
    assert_eq!(
        parse(&flat(most::VALUES - 2)).unwrap_err().reply(),
        "Invalid message format"
    );
    assert_eq!(
        parse(&flat(500_000)).unwrap_err().reply(),
        "Invalid message format"
    );
}
