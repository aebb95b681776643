//! Classes of requests, and how many of each may pass.

use std::time::Duration;

use super::gcra::Rate;

/// What a request costs us, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// Answers that are kept or found by an index.
    Read = 0,
    /// Changes of state.
    Write = 1,
    /// Challenges for whoever would prove who they are.
    SignIn = 2,
    /// Queries that may read much.
    Expensive = 3,
    /// Tokens that turn out to be nobody's.
    UnknownToken = 4,
    /// Jobs that a wallet submits, by whichever keys and sessions.
    Submit = 5,
    /// Answers to challenges: whoever got one may answer it, whoever else shares the address.
    Proof = 6,
    /// Changes and sign-ins that come from this machine itself: its tools, tests and pages share one address.
    Here = 7,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Write,
        Self::SignIn,
        Self::Expensive,
        Self::UnknownToken,
        Self::Submit,
        Self::Proof,
        Self::Here,
    ];
}

/// The rate of each class.
#[derive(Debug, Clone, Copy)]
pub struct Rates([Rate; Class::ALL.len()]);

impl Default for Rates {
    /// What holds without configuration.
    fn default() -> Self {
        Self([
            Rate::every(Duration::from_millis(20), 200),
            Rate::every(Duration::from_millis(100), 60),
            Rate::every(Duration::from_secs(3), 10),
            Rate::every(Duration::from_secs(1), 10),
            Rate::every(Duration::from_secs(2), 20),
            Rate::every(Duration::from_millis(50), 200),
            Rate::every(Duration::from_secs(3), 10),
            Rate::every(Duration::from_millis(5), 2_000),
        ])
    }
}

impl Rates {
    /// The same, with another rate for `class`.
    #[must_use]
    pub fn with(mut self, class: Class, rate: Rate) -> Self {
        self.0[class as usize] = rate;
        self
    }

    /// The rate of `class`.
    #[must_use]
    pub fn of(&self, class: Class) -> Rate {
        self.0[class as usize]
    }
}
