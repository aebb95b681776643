//! API keys: made, rotated, revoked, spent with.

use hypernode_state::accounts::{
    ApiKeyCreate, ApiKeyRecord, ApiKeyRefund, ApiKeyRevoke, ApiKeyRotate, ApiKeySetCap,
    ApiKeySpend, GetApiKey, GetWallet, ListApiKeys, NewApiKey, Spent,
};
use hypernode_state::limits::LATEST;
use hypernode_state::{StoreExt, Unit};

use crate::accounts::Accounts;
use crate::credential::{Credential, KeyId};
use crate::error::AccountError;
use crate::public_key::PublicKey;
use crate::rights::{Role, Roles, Scope, Scopes};
use crate::secret::{Fingerprint, Secret};
use crate::sessions::label;
use crate::time::DAY;
use crate::trail::note;

/// Keys that are neither revoked nor expired, of one wallet at most.
pub const KEYS: usize = 50;
/// The longest that an old key may go on after a rotation, in milliseconds.
pub const LONGEST_GRACE: i64 = 7 * DAY;
/// Keys that are asked for at a time.
const PAGE: u32 = 1000;

/// What a key is to be.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// What it is for; at least one.
    pub scopes: Scopes,
    /// A text for people.
    pub label: String,
    /// When it ends, Unix milliseconds.
    pub expires_at: Option<i64>,
    /// The most that may be spent with it, in raw units of HYPER.
    pub cap: Option<u64>,
}

/// A key that was made.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key itself; shown once.
    pub key: Secret,
    /// What is kept.
    pub record: ApiKeyRecord,
}

impl Accounts {
    /// Makes a key of `owner`.
    ///
    /// # Errors
    /// When the owner has too many, never signed in, may not do itself what the key is for, or the store fails.
    pub async fn create_key(
        &self,
        owner: PublicKey,
        request: KeyRequest,
        now: i64,
    ) -> Result<CreatedKey, AccountError> {
        let wallet = self
            .store
            .ask(GetWallet {
                wallet: owner.into(),
            })
            .await?;
        let granted = wallet.map(|wallet| Roles::granted(wallet.roles));
        check(
            &request,
            granted.ok_or(AccountError::NotFound { what: "wallet" })?,
            now,
        )?;
        let live = |key: &&ApiKeyRecord| {
            key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end)
        };
        if self.keys(owner).await?.iter().filter(live).count() >= KEYS {
            return Err(AccountError::TooMany {
                what: "API keys",
                most: KEYS,
            });
        }
        let (key, id, fingerprint) = Credential::new_key()?;
        let fresh = new_key(
            id,
            fingerprint,
            request.scopes,
            &request.label,
            request.expires_at,
            now,
        );
        let mut unit = Unit::new();
        let made = unit.push(ApiKeyCreate {
            key: fresh,
            owner: owner.into(),
            cap: request.cap,
        });
        note(
            &mut unit,
            now,
            &owner,
            "api_key.create",
            &id,
            request.scopes.to_string(),
        );
        let record = self.store.apply(unit).await?.take(made)?;
        Ok(CreatedKey { key, record })
    }

    /// Makes a new key in the place of the key `id` of `owner`: same scopes, label, end and purse. The old one goes on for
    /// `grace` milliseconds; 0 ends it at once.
    ///
    /// # Errors
    /// When the owner has no such key, it is over, the grace is out of range, or the store fails.
    pub async fn rotate_key(
        &self,
        owner: PublicKey,
        id: KeyId,
        grace: i64,
        now: i64,
    ) -> Result<CreatedKey, AccountError> {
        if !(0..=LONGEST_GRACE).contains(&grace) {
            return Err(AccountError::Invalid {
                field: "graceSeconds",
                must: "be 0 to 604800, which is 7 days",
            });
        }
        let old = self.key_of(owner, id).await?;
        let scopes = Scopes::parse(&old.scopes).unwrap_or_default();
        let (key, fresh_id, fingerprint) = Credential::new_key()?;
        let fresh = new_key(
            fresh_id,
            fingerprint,
            scopes,
            &old.label,
            old.expires_at,
            now,
        );
        let mut unit = Unit::new();
        let made = unit.push(ApiKeyRotate {
            old: id.to_string(),
            old_ends_at: now.saturating_add(grace),
            key: fresh,
        });
        note(
            &mut unit,
            now,
            &owner,
            "api_key.rotate",
            &id,
            format!("to {fresh_id}, old one ends in {grace} ms"),
        );
        let record = self.store.apply(unit).await?.take(made)?;
        self.auth.forget_key(id);
        Ok(CreatedKey { key, record })
    }

    /// Ends the key `id` of `owner`: at once here, within a second in other processes.
    ///
    /// # Errors
    /// When the owner has no such key, or the store fails.
    pub async fn revoke_key(
        &self,
        owner: PublicKey,
        id: KeyId,
        now: i64,
    ) -> Result<(), AccountError> {
        self.key_of(owner, id).await?;
        let mut unit = Unit::new();
        unit.push(ApiKeyRevoke {
            id: id.to_string(),
            at: now,
        });
        note(&mut unit, now, &owner, "api_key.revoke", &id, "");
        self.store.apply(unit).await?;
        self.auth.forget_key(id);
        Ok(())
    }

    /// Changes what may be spent with the key `id` of `owner`, and with those that it was rotated from or to.
    ///
    /// # Errors
    /// When the owner has no such key, or the store fails.
    pub async fn set_cap(
        &self,
        owner: PublicKey,
        id: KeyId,
        cap: Option<u64>,
        now: i64,
    ) -> Result<ApiKeyRecord, AccountError> {
        self.key_of(owner, id).await?;
        let mut unit = Unit::new();
        let set = unit.push(ApiKeySetCap {
            id: id.to_string(),
            cap,
        });
        note(
            &mut unit,
            now,
            &owner,
            "api_key.cap",
            &id,
            cap.map_or_else(|| "none".into(), |cap| cap.to_string()),
        );
        Ok(self.store.apply(unit).await?.take(set)?)
    }

    /// Keys of `owner`, those that are over too.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keys(&self, owner: PublicKey) -> Result<Vec<ApiKeyRecord>, AccountError> {
        let mut keys: Vec<ApiKeyRecord> = Vec::new();
        loop {
            let after = keys.last().map(|key| key.id.clone());
            let page = self
                .store
                .ask(ListApiKeys {
                    owner: owner.into(),
                    after,
                    limit: PAGE,
                })
                .await?;
            let full = page.len() == PAGE as usize;
            keys.extend(page);
            if !full {
                return Ok(keys);
            }
        }
    }

    /// Reserves `amount` raw units: all of it, or nothing where it would pass the cap. Never more than the cap is
    /// reserved, however many ask at once.
    ///
    /// # Errors
    /// [`AccountError::Cap`], [`AccountError::KeyOver`], or the store's.
    pub async fn reserve(&self, id: KeyId, amount: u64, now: i64) -> Result<Spent, AccountError> {
        Ok(self
            .store
            .run(ApiKeySpend {
                id: id.to_string(),
                amount,
                now,
            })
            .await?)
    }

    /// Gives back `amount` raw units that were reserved and not spent; a key that is over takes them too.
    ///
    /// # Errors
    /// [`AccountError::NotReserved`], or the store's.
    pub async fn release(&self, id: KeyId, amount: u64) -> Result<Spent, AccountError> {
        Ok(self
            .store
            .run(ApiKeyRefund {
                id: id.to_string(),
                amount,
            })
            .await?)
    }

    async fn key_of(&self, owner: PublicKey, id: KeyId) -> Result<ApiKeyRecord, AccountError> {
        match self.store.ask(GetApiKey { id: id.to_string() }).await? {
            Some((key, _)) if key.owner == owner.into() => Ok(key),
            _ => Err(AccountError::NotFound { what: "API key" }),
        }
    }
}

fn check(request: &KeyRequest, granted: Roles, now: i64) -> Result<(), AccountError> {
    if request.scopes == Scopes::NONE {
        return Err(AccountError::Invalid {
            field: "scopes",
            must: "name at least one",
        });
    }
    for (scope, role) in [
        (Scope::Data, Role::DataTeam),
        (Scope::Operator, Role::Operator),
    ] {
        let may = granted.has(role) || granted.has(Role::Operator);
        if request.scopes.has(scope) && !may {
            return Err(AccountError::ScopeNotAllowed { scope, role });
        }
    }
    if request
        .expires_at
        .is_some_and(|end| end <= now || end > LATEST)
    {
        return Err(AccountError::Invalid {
            field: "expires_at",
            must: "lie in the future, before the year 10000",
        });
    }
    Ok(())
}

fn new_key(
    id: KeyId,
    secret: Fingerprint,
    scopes: Scopes,
    text: &str,
    expires_at: Option<i64>,
    at: i64,
) -> NewApiKey {
    NewApiKey {
        id: id.to_string(),
        secret: secret.into(),
        scopes: scopes.to_string(),
        label: label(text),
        at,
        expires_at,
    }
}
