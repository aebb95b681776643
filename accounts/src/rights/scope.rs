//! Scopes: what an API key was made for.

use std::fmt;
use std::str::FromStr;

/// One thing that an API key may be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scope {
    /// `read`: the wallet's own account, usage and nodes.
    Read = 0,
    /// `jobs:read`: inputs, results and logs of the wallet's own jobs.
    JobsRead = 1,
    /// `jobs:write`: submit and cancel jobs, spending up to the key's cap.
    JobsWrite = 2,
    /// `nodes:write`: register, change, remove and report the wallet's own nodes.
    NodesWrite = 3,
    /// `webhooks`: the wallet's own webhooks.
    Webhooks = 4,
    /// `monitors`: the wallet's own uptime monitors.
    Monitors = 5,
    /// `agent`: the tools for agents; such a key has the role [`Agent`](super::Role::Agent) instead of `Wallet`.
    Agent = 6,
    /// `data`: query all data, where the wallet may.
    Data = 7,
    /// `operator`: run the service, where the wallet may.
    Operator = 8,
}

/// A scope that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown scope `{0}`: known are read, jobs:read, jobs:write, nodes:write, webhooks, monitors, agent, data, operator"
)]
pub struct UnknownScope(pub String);

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::JobsRead,
        Self::JobsWrite,
        Self::NodesWrite,
        Self::Webhooks,
        Self::Monitors,
        Self::Agent,
        Self::Data,
        Self::Operator,
    ];

    /// Its name, as people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::JobsRead => "jobs:read",
            Self::JobsWrite => "jobs:write",
            Self::NodesWrite => "nodes:write",
            Self::Webhooks => "webhooks",
            Self::Monitors => "monitors",
            Self::Agent => "agent",
            Self::Data => "data",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| UnknownScope(text.chars().take(40).collect()))
    }
}

/// A set of scopes. Kept by name, so that a scope's number may change.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u32);

impl Scopes {
    /// None.
    pub const NONE: Self = Self(0);
    /// Every scope: what somebody who signed in may use.
    pub const ALL: Self = Self((1 << Scope::ALL.len()) - 1);

    /// The set of `scopes`.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        Self(
            scopes
                .iter()
                .fold(0, |bits, scope| bits | 1 << *scope as u8),
        )
    }

    /// The set that `text` names, with spaces between.
    ///
    /// # Errors
    /// The first name that is unknown.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        let scopes = text
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(&scopes))
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    /// The scopes.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Scope::name).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Scope::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_are_one_to_one() {
        for (number, scope) in Scope::ALL.into_iter().enumerate() {
            assert_eq!(scope as usize, number);
            assert_eq!(scope.name().parse(), Ok(scope));
            assert!(Scopes::of(&[scope]).has(scope));
            assert_eq!(Scopes::of(&[scope]).to_string().parse(), Ok(scope));
        }
        assert_eq!(Scopes::parse(&Scopes::ALL.to_string()), Ok(Scopes::ALL));
        assert_eq!(Scopes::parse(""), Ok(Scopes::NONE));
        assert!(Scopes::parse("read jobs").is_err());
        assert!("jobs".parse::<Scope>().is_err());
    }
}
