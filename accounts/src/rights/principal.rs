//! Who asks, and whether they may.

use super::role::{Role, Roles};
use super::scope::{Scope, Scopes};
use super::table::Right;
use crate::public_key::PublicKey;
use crate::secret::Fingerprint;

/// How somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Not at all.
    Anonymous,
    /// A wallet that signed in.
    Wallet(PublicKey),
    /// A key that a wallet made.
    Key {
        /// The key's id, which is no secret.
        id: String,
        /// Whose it is.
        owner: PublicKey,
    },
    /// A machine that proved its host key.
    Host {
        /// Its key.
        key: PublicKey,
        /// The wallet that linked it, if any did.
        owner: Option<PublicKey>,
    },
    /// A machine that sent its node's token.
    Node {
        /// The node's id; none before the token's first use.
        id: Option<String>,
        /// The wallet that the token was issued to.
        owner: PublicKey,
    },
}

/// Whoever asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    who: Who,
    roles: Roles,
    scopes: Scopes,
}

/// Whose a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owner {
    /// The wallet that owns it.
    pub wallet: Option<PublicKey>,
    /// The host that it was assigned to, or that it is.
    pub host: Option<PublicKey>,
    /// The node that it was assigned to, or that it is: the fingerprint of its id.
    pub node: Option<Fingerprint>,
}

impl From<PublicKey> for Owner {
    fn from(wallet: PublicKey) -> Self {
        Self {
            wallet: Some(wallet),
            ..Self::default()
        }
    }
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody is known to ask (HTTP 401).
    #[error("sign in with a wallet, or send an API key, to do this")]
    SignIn,
    /// The thing is somebody else's.
    #[error("this belongs to another account")]
    NotYours,
    /// Another kind of account is needed.
    #[error("{}", needs(.0))]
    Role(Right),
    /// The key was made for other things.
    #[error(
        "this API key's scopes lack `{}`: make a key that has it (POST /api/keys, signed in with the wallet)",
        .0.name()
    )]
    Scope(Scope),
    /// Keys never may.
    #[error("no API key may do this: sign in with the wallet itself")]
    InPerson,
}

/// Which roles would do, and how somebody comes by the first of them.
fn needs(right: &Right) -> String {
    let rule = right.rule();
    let roles: Vec<Role> = Role::ALL
        .into_iter()
        .filter(|role| rule.any.has(*role) || rule.own.has(*role))
        .collect();
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let way = roles.first().map_or("", |role| role.way());
    format!("this needs the role {} ({way})", names.join(" or "))
}

impl Principal {
    /// Nobody in particular.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            who: Who::Anonymous,
            roles: Roles::of(&[Role::Public]),
            scopes: Scopes::NONE,
        }
    }

    /// A wallet that signed in. Of `granted` only [`Role::DataTeam`] and [`Role::Operator`] count.
    #[must_use]
    pub fn wallet(wallet: PublicKey, granted: Roles) -> Self {
        let mut roles = Roles::of(&[Role::Public, Role::Wallet]);
        for role in [Role::DataTeam, Role::Operator] {
            if granted.has(role) {
                roles = roles.with(role);
            }
        }
        Self {
            who: Who::Wallet(wallet),
            roles,
            scopes: Scopes::ALL,
        }
    }

    /// A key of `owner`. It never may more than its scopes, nor than its owner may now.
    #[must_use]
    pub fn key(id: impl Into<String>, owner: PublicKey, granted: Roles, scopes: Scopes) -> Self {
        let mut roles = Roles::of(&[Role::Public]);
        // An agent's key stays an agent's, whatever else its scopes say.
        if scopes.has(Scope::Agent) {
            roles = roles.with(Role::Agent);
        } else {
            roles = roles.with(Role::Wallet);
            if granted.has(Role::DataTeam) && scopes.has(Scope::Data) {
                roles = roles.with(Role::DataTeam);
            }
            if granted.has(Role::Operator) && scopes.has(Scope::Operator) {
                roles = roles.with(Role::Operator);
            }
        }
        Self {
            who: Who::Key {
                id: id.into(),
                owner,
            },
            roles,
            scopes,
        }
    }

    /// A machine that proved `key`.
    #[must_use]
    pub fn host(key: PublicKey, owner: Option<PublicKey>) -> Self {
        Self {
            who: Who::Host { key, owner },
            roles: Roles::of(&[Role::Public, Role::Host]),
            scopes: Scopes::NONE,
        }
    }

    /// A machine that sent the token of its node, or one of `owner`'s that no node has used yet.
    #[must_use]
    pub fn node(id: Option<String>, owner: PublicKey) -> Self {
        Self {
            who: Who::Node { id, owner },
            roles: Roles::of(&[Role::Public, Role::Host]),
            scopes: Scopes::NONE,
        }
    }

    /// How they proved who they are.
    #[must_use]
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// Their roles.
    #[must_use]
    pub fn roles(&self) -> Roles {
        self.roles
    }

    /// Their scopes; all for a wallet that signed in.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The wallet that they act for: their own, their key's, or a host's owner's.
    #[must_use]
    pub fn account(&self) -> Option<PublicKey> {
        match self.who {
            Who::Anonymous => None,
            Who::Wallet(wallet)
            | Who::Key { owner: wallet, .. }
            | Who::Node { owner: wallet, .. } => Some(wallet),
            Who::Host { owner, .. } => owner,
        }
    }

    /// Whether they may do `right` to a thing of `owner`; `None` where the thing is nobody's in particular.
    ///
    /// # Errors
    /// What is missing.
    pub fn may(&self, right: Right, owner: Option<&Owner>) -> Result<(), Denied> {
        let rule = right.rule();
        // Said first: a key without the scope has not the role either, and its owner may well have it.
        if let Who::Key { .. } = self.who {
            if rule.in_person {
                return Err(Denied::InPerson);
            }
            if let Some(scope) = rule.scope
                && !self.scopes.has(scope)
            {
                return Err(Denied::Scope(scope));
            }
        }
        let any = self.roles.meets(rule.any);
        if !any && !self.roles.meets(rule.own) {
            return Err(match self.who {
                Who::Anonymous => Denied::SignIn,
                _ => Denied::Role(right),
            });
        }
        if !any && !owner.is_some_and(|owner| self.owns(owner, rule.own)) {
            return Err(Denied::NotYours);
        }
        Ok(())
    }

    /// Whether a thing of `owner` is theirs in one of the roles `own`: wallets and agents by wallet, hosts by host key or node.
    /// With a token that no node has used yet, what is no node's yet is theirs by wallet.
    fn owns(&self, owner: &Owner, own: Roles) -> bool {
        let as_role = |role| self.roles.has(role) && own.has(role);
        match &self.who {
            Who::Anonymous => false,
            Who::Wallet(wallet) | Who::Key { owner: wallet, .. } => {
                (as_role(Role::Wallet) || as_role(Role::Agent)) && owner.wallet == Some(*wallet)
            }
            Who::Host { key, .. } => as_role(Role::Host) && owner.host == Some(*key),
            Who::Node { id: Some(id), .. } => {
                as_role(Role::Host) && owner.node == Some(Fingerprint::of(id))
            }
            Who::Node {
                id: None,
                owner: wallet,
            } => as_role(Role::Host) && owner.node.is_none() && owner.wallet == Some(*wallet),
        }
    }
}
