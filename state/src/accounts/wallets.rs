//! Wallets: roles, and the epoch that ends all sessions at once.

use crate::ids::{Address, UnixMs};
use crate::limits::{Bounded, Check, Checked};

/// A set of roles as bits. Their meaning is the caller's; the store keeps and tests them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Roles(pub u32);

impl Roles {
    /// Whether all of `roles` are in this set.
    #[must_use]
    pub const fn contains(self, roles: Self) -> bool {
        self.0 & roles.0 == roles.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, roles: Self) -> Self {
        Self(self.0 | roles.0)
    }

    /// This set without `roles`.
    #[must_use]
    pub const fn without(self, roles: Self) -> Self {
        Self(self.0 & !roles.0)
    }
}

/// A wallet as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalletRecord {
    /// The wallet.
    pub wallet: Address,
    /// Its roles.
    pub roles: Roles,
    /// Grows by one with each [`WalletSignOut`]; sessions of an older epoch are over. From 0.
    pub epoch: u64,
    /// When it was first seen.
    pub created_at: UnixMs,
}

/// Makes a wallet known, without roles. Changes nothing where it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletEnsure {
    /// The wallet.
    pub wallet: Address,
    /// Now.
    pub at: UnixMs,
}

/// Adds roles. Refused where the wallet is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletGrant {
    /// The wallet.
    pub wallet: Address,
    /// What to add.
    pub roles: Roles,
}

/// Takes roles away. Refused where the wallet is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletWithdraw {
    /// The wallet.
    pub wallet: Address,
    /// What to take away.
    pub roles: Roles,
}

/// Ends every session of the wallet. Refused where the wallet is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletSignOut {
    /// The wallet.
    pub wallet: Address,
}

/// A precondition for the rest of the unit: no wallet has any of these roles. The first operator is made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequireNoRole {
    /// The roles.
    pub roles: Roles,
}

/// A precondition for the rest of the unit: a wallet other than `besides` has any of these roles. The last operator is
/// not withdrawn with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequireOther {
    /// The roles.
    pub roles: Roles,
    /// Does not count.
    pub besides: Address,
}

/// One wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetWallet {
    /// The wallet.
    pub wallet: Address,
}

/// Wallets that have any of these roles, by address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListWallets {
    /// The roles.
    pub roles: Roles,
    /// Only addresses greater than this.
    pub after: Option<Address>,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for WalletEnsure {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("at", self.at)
    }
}

impl Bounded for ListWallets {
    fn check(&self, check: &mut Check) -> Checked {
        check.many("limit", self.limit)
    }
}

macro_rules! nothing_to_check {
    ($($name:ident),+) => {$(
        impl Bounded for $name {
            fn check(&self, _: &mut Check) -> Checked {
                Ok(())
            }
        }
    )+};
}
nothing_to_check!(
    WalletGrant,
    WalletWithdraw,
    WalletSignOut,
    RequireNoRole,
    RequireOther,
    GetWallet
);
