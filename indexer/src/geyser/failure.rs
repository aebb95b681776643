//! What a status of the server means for the next attempt.

use tonic::{Code, Status};

use super::GeyserError;

/// Why a stream ended.
#[derive(Debug)]
pub(super) enum Failure {
    /// Trying again cannot help.
    Fatal(GeyserError),
    /// The slots asked for are no longer held, from `available` on they are.
    ReplayLost { available: Option<u64> },
    /// The request asks for something that this server does not serve.
    Unserved(String),
    /// Try again after a pause.
    Retry(String),
}

/// `replaying`: the request named a first slot.
pub(super) fn classify(status: &Status, url: &str, replaying: bool) -> Failure {
    let text = status.message();
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => Failure::Fatal(GeyserError::Refused {
            url: url.to_owned(),
            reason: text.to_owned(),
        }),
        Code::InvalidArgument => Failure::Unserved(format!("InvalidArgument: {text}")),
        // "... last available: 1234"
        Code::OutOfRange if replaying => Failure::ReplayLost {
            available: text
                .rsplit_once("last available:")
                .and_then(|(_, slot)| slot.trim().parse().ok()),
        },
        // Replay is switched off: what was missed cannot be had from here.
        Code::Internal if replaying && text.contains("from_slot is not supported") => {
            Failure::ReplayLost { available: None }
        }
        // Among them INTERNAL "failed to get replay response": the slot is ahead of what is sealed.
        code => Failure::Retry(format!("{code:?}: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_the_real_server_mean_what_they_mean() {
        let lost = Status::out_of_range("broadcast from 5 is not available, last available: 77");
        assert!(matches!(
            classify(&lost, "u", true),
            Failure::ReplayLost {
                available: Some(77)
            }
        ));
        let tip = Status::internal("failed to get replay response");
        assert!(matches!(classify(&tip, "u", true), Failure::Retry(_)));
        let off = Status::internal("from_slot is not supported");
        assert!(matches!(
            classify(&off, "u", true),
            Failure::ReplayLost { available: None }
        ));
        assert!(matches!(classify(&off, "u", false), Failure::Retry(_)));
        let filter = Status::invalid_argument("failed to create filter: accounts are not allowed");
        assert!(matches!(classify(&filter, "u", true), Failure::Unserved(_)));
        let token = Status::unauthenticated("No valid auth token");
        let Failure::Fatal(error) = classify(&token, "http://x", true) else {
            panic!("retried")
        };
        assert!(error.to_string().contains("x-token"), "{error}");
        assert!(matches!(
            classify(&Status::internal("lagged"), "u", true),
            Failure::Retry(_)
        ));
    }
}
