//! How the process ends: 0 done, 1 the answer is no, 2 cannot start or bad usage, 3 not running.

use std::fmt;
use std::process::ExitCode;

/// Why a command did not end with 0.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command ran and its answer is no (unhealthy, a gap, a mismatch): exit 1.
    No(String),
    /// It could not start, or was used wrongly: exit 2.
    CannotStart(String),
    /// It needs a running instance and there is none: exit 3.
    NotRunning(String),
    /// It broke on the way: exit 1, with its chain of causes.
    Broke(anyhow::Error),
}

/// What every command returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A start-up failure (exit 2) that says `what` was attempted and why it failed.
    pub(crate) fn start(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self::CannotStart(format!("{what}: {why}"))
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::No(_) | Self::Broke(_) => 1,
            Self::CannotStart(_) => 2,
            Self::NotRunning(_) => 3,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No(text) | Self::CannotStart(text) | Self::NotRunning(text) => f.write_str(text),
            Self::Broke(error) => f.write_str(&explain(error)),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broke(error)
    }
}

/// An error and its causes, leaving out causes that a message before them quotes already.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Turns an error met while starting into exit 2, naming the step.
pub(crate) trait OrCannotStart<T> {
    fn or_cannot_start(self, what: &str) -> Outcome<T>;
}

impl<T, E: Into<anyhow::Error>> OrCannotStart<T> for Result<T, E> {
    fn or_cannot_start(self, what: &str) -> Outcome<T> {
        self.map_err(|error| Failure::start(what, explain(&error.into())))
    }
}
