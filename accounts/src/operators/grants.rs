//! Giving and taking roles.

use hypernode_state::accounts::{
    AccountRefusal, GetWallet, ListWallets, RequireOther, WalletEnsure, WalletGrant, WalletWithdraw,
};
use hypernode_state::{Refusal, Store, StoreError, StoreExt, Unit};

use crate::public_key::PublicKey;
use crate::rights::{Role, Roles};
use crate::trail::note;

/// Why a role was not given or taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Not a role that is given.
    #[error("{0:?} is not given to anybody: only data-team and operator are")]
    NotGranted(Role),
    /// Nobody could undo it by signing in.
    #[error(
        "{0} is the last operator: name another first, or leave none with `hypernode operator revoke {0} --even-the-last` on the machine itself"
    )]
    LastOperator(PublicKey),
    /// It has not the role that was to be taken.
    #[error("{0} has not the role {1}: nothing was changed")]
    NotHeld(PublicKey, &'static str),
    /// Nobody could ever sign in as this.
    #[error(
        "{0} is an address that no wallet holds a key for (a program's, or derived by one): name a wallet's own address"
    )]
    NoKey(PublicKey),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who has a role after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left(pub Vec<PublicKey>);

/// Gives `role` to `wallet`. `actor` is who says so, for the trail: a wallet, or `cli`.
///
/// # Errors
/// See [`GrantError`].
pub async fn grant(
    store: &dyn Store,
    wallet: PublicKey,
    role: Role,
    actor: &str,
    now: i64,
) -> Result<Left, GrantError> {
    let roles = granted(role)?;
    if !wallet.can_sign() {
        return Err(GrantError::NoKey(wallet));
    }
    let mut unit = Unit::new();
    unit.push(WalletEnsure {
        wallet: wallet.into(),
        at: now,
    });
    unit.push(WalletGrant {
        wallet: wallet.into(),
        roles: roles.stored(),
    });
    note(
        &mut unit,
        now,
        &actor,
        "role.grant",
        &wallet,
        format!("{role:?}"),
    );
    store.apply(unit).await?;
    Ok(Left(holders(store, role).await?))
}

/// Takes `role` from `wallet`; its sessions and keys lose it within a second. Taking it from the last operator needs
/// `even_the_last`; a new first operator is then made as on the first start.
///
/// # Errors
/// See [`GrantError`].
pub async fn withdraw(
    store: &dyn Store,
    wallet: PublicKey,
    role: Role,
    even_the_last: bool,
    actor: &str,
    now: i64,
) -> Result<Left, GrantError> {
    let roles = granted(role)?;
    let query = GetWallet {
        wallet: wallet.into(),
    };
    let known = store.ask(query).await?;
    if !known.is_some_and(|known| Roles::granted(known.roles).has(role)) {
        return Err(GrantError::NotHeld(wallet, role.name()));
    }
    let mut unit = Unit::new();
    if role == Role::Operator && !even_the_last {
        // In the unit itself: of two who leave at once, one stays.
        unit.push(RequireOther {
            roles: roles.stored(),
            besides: wallet.into(),
        });
    }
    unit.push(WalletEnsure {
        wallet: wallet.into(),
        at: now,
    });
    unit.push(WalletWithdraw {
        wallet: wallet.into(),
        roles: roles.stored(),
    });
    note(
        &mut unit,
        now,
        &actor,
        "role.withdraw",
        &wallet,
        format!("{role:?}"),
    );
    store
        .apply(unit)
        .await
        .map_err(|error| match error.refusal() {
            Some(Refusal::Account(AccountRefusal::NoOther { .. })) => {
                GrantError::LastOperator(wallet)
            }
            _ => error.into(),
        })?;
    Ok(Left(holders(store, role).await?))
}

/// Who has `role`; the first 1000 by address.
///
/// # Errors
/// The store's.
pub async fn holders(store: &dyn Store, role: Role) -> Result<Vec<PublicKey>, StoreError> {
    let roles = Roles::of(&[role]).stored();
    let found = store
        .ask(ListWallets {
            roles,
            after: None,
            limit: 1000,
        })
        .await?;
    Ok(found
        .into_iter()
        .map(|wallet| wallet.wallet.into())
        .collect())
}

fn granted(role: Role) -> Result<Roles, GrantError> {
    Roles::GRANTED
        .has(role)
        .then_some(Roles::of(&[role]))
        .ok_or(GrantError::NotGranted(role))
}
