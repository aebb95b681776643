//! Any bytes as a frame of a host or to one, or as manifests: reading them never panics, what was read is read again as the
//! same, and no command holds a character that a shell would act on.
//!
//! The tests of wire include this file too and run the committed corpus through it.

use hypernode_wire::manifest::{ArgType, is_plain_word};
use hypernode_wire::{
    Arg, Args, Catalog, Dialect, First, Inbound, Limits, Manifest, Outbound, first, replies,
};

/// Every text that a refusal may have.
const REPLIES: [&str; 7] = [
    replies::TOKEN_REQUIRED,
    replies::TOKEN_INVALID,
    replies::TOKEN_USED,
    replies::TYPE_UNKNOWN,
    replies::NODE_INVALID,
    replies::JOB_NOT_FOUND,
    replies::FORMAT_INVALID,
];

/// Panics on a finding.
pub fn check(data: &[u8]) {
    let limits = Limits::default();
    match first(data, &limits) {
        Ok(First::Host(frame)) => from_host(&frame, &limits),
        Ok(First::Validator(_)) => {}
        Err(error) => assert!(REPLIES.contains(&error.reply()), "{error}"),
    }
    if let Ok(frame) = Inbound::parse(data, &limits) {
        from_host(&frame, &limits);
    }
    if let Ok(frame) = Outbound::parse(data, &limits) {
        to_host(&frame, &limits);
    }
    if let Ok(text) = str::from_utf8(data) {
        let mut catalog = Catalog::default();
        if catalog.add_json(text).is_ok() {
            catalog.iter().for_each(manifest);
        }
    }
}

fn from_host(frame: &Inbound, limits: &Limits) {
    let written = frame.to_json();
    let again = Inbound::parse(written.as_bytes(), limits);
    match (frame, again) {
        // Another dialect's register frame is written as a lease-aware one.
        (Inbound::Register(register), _) if register.dialect != Dialect::Aware => {}
        // What grows by being written (escapes, units) may pass the limit on frames.
        (_, Err(error)) => assert!(written.len() > limits.frame_bytes, "{error}: {written}"),
        // Decimal text does not always give a fraction back.
        (Inbound::JobResult(one), Ok(Inbound::JobResult(mut other))) => {
            other.result.clone_from(&one.result);
            assert_eq!(&other, one, "{written}");
        }
        (frame, Ok(again)) => assert_eq!(&again, frame, "{written}"),
    }
}

fn to_host(frame: &Outbound, limits: &Limits) {
    for dialect in Dialect::ALL {
        let Ok(text) = frame.render(dialect) else {
            assert!(
                dialect != Dialect::Aware,
                "a lease-aware host understands every frame"
            );
            continue;
        };
        assert!(dialect.understands(frame.kind()));
        if dialect == Dialect::Aware && text.len() <= limits.frame_bytes {
            assert_eq!(
                Outbound::parse(text.as_bytes(), limits).as_ref(),
                Ok(frame),
                "{text}"
            );
        }
    }
}

/// The manifest with the first value of each argument.
fn manifest(manifest: &Manifest) {
    let args: Args = manifest
        .arguments()
        .map(|(name, is)| (name.to_owned(), value(is)))
        .collect();
    let command = manifest.bind(&args).expect("each value fits");
    let shell = command.shell();
    assert_eq!(shell.split(' ').count(), command.words().len(), "{shell}");
    assert!(shell.split(' ').all(is_plain_word), "{shell}");
    assert!(command.python().is_ascii());
}

fn value(is: &ArgType) -> Arg {
    match is {
        ArgType::Int { min, .. } => Arg::Int(*min),
        ArgType::Choice(words) => Arg::Word(words.first().cloned().unwrap_or_default()),
        ArgType::Name => Arg::Word("a-name.1".to_owned()),
    }
}
