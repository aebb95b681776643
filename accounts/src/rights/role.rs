//! Roles: kinds of those who ask.

use serde::{Deserialize, Serialize};

/// A kind of those who ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Role {
    /// Anybody, proven or not.
    Public = 0,
    /// A wallet that proved itself, or a key that it made.
    Wallet = 1,
    /// A machine that proved its host key.
    Host = 2,
    /// A program that acts for a wallet within narrow bounds: a key with the scope `agent`.
    Agent = 3,
    /// A wallet that may query all data.
    DataTeam = 4,
    /// A wallet that runs the service.
    Operator = 5,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Public,
        Self::Wallet,
        Self::Host,
        Self::Agent,
        Self::DataTeam,
        Self::Operator,
    ];

    /// Its name, as people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Wallet => "wallet",
            Self::Host => "host",
            Self::Agent => "agent",
            Self::DataTeam => "data-team",
            Self::Operator => "operator",
        }
    }

    /// How somebody comes by it.
    pub(super) const fn way(self) -> &'static str {
        match self {
            Self::Public => "anybody has it",
            Self::Wallet => "sign in with a wallet: POST /api/auth/challenge",
            Self::Host => "a machine proves its own key: POST /api/hosts/prove",
            Self::Agent => "a wallet makes an API key with the scope agent: POST /api/keys",
            Self::DataTeam => {
                "an operator gives it: POST /api/operator/roles, or `hypernode operator grant WALLET --role data-team` on the machine"
            }
            Self::Operator => {
                "an operator gives it: POST /api/operator/roles, or `hypernode operator grant WALLET` on the machine"
            }
        }
    }
}

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u8);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);
    /// The roles that somebody gives and takes. Kept by number: theirs never change.
    pub const GRANTED: Self = Self::of(&[Role::DataTeam, Role::Operator]);

    /// The set of `roles`.
    #[must_use]
    pub const fn of(roles: &[Role]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < roles.len() {
            bits |= 1 << roles[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    /// This set and `role`.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    /// Whether `role` is among them.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }

    /// Whether the two sets share a role.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// As the store keeps what was granted.
    pub(crate) fn stored(self) -> hypernode_state::accounts::Roles {
        hypernode_state::accounts::Roles(u32::from(self.0 & Self::GRANTED.0))
    }

    /// What the store says was granted; bits that are no role are dropped.
    pub(crate) fn granted(stored: hypernode_state::accounts::Roles) -> Self {
        Self((stored.0 & u32::from(Self::GRANTED.0)) as u8)
    }

    /// The roles.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl std::fmt::Debug for Roles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
