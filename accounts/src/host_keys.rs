//! Host keys: proven by hosts; linked, rotated and revoked by wallets.

use hypernode_state::accounts::{
    GetHostKey, HostKeyAdd, HostKeyRecord, HostKeyRevoke, ListHostKeys, WalletEnsure,
};
use hypernode_state::{StoreExt, Unit};

use crate::accounts::Accounts;
use crate::error::AccountError;
use crate::hosts::{HostChallenge, HostChange, HostProof, HostRefusal};
use crate::issued::{self, Issued};
use crate::public_key::PublicKey;
use crate::rights::Principal;
use crate::secret::random_text;
use crate::sign_in::NONCE;
use crate::siws::{Refusal, SignInMessage, SignInOutput, SignInPolicy};
use crate::trail::note;

/// Host keys that are listed, revoked ones too.
const LISTED: u32 = 1000;

impl Accounts {
    /// A challenge for a host that answers in a later request. One that answers on the same socket needs no store:
    /// [`HostChallenge::issue`], kept by the socket.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn host_challenge(&self, now: i64) -> Result<HostChallenge, AccountError> {
        let challenge = HostChallenge::issue(&self.hub, now)?;
        let (nonce, expires_at) = (challenge.nonce.clone(), challenge.expires_at);
        let issued = Issued::Host(challenge);
        issued::put(&*self.store, &nonce, &issued, expires_at).await?;
        match issued {
            Issued::Host(challenge) => Ok(challenge),
            _ => Err(HostRefusal::Replayed.into()),
        }
    }

    /// The host that answered the challenge with this nonce.
    ///
    /// # Errors
    /// What does not fit, or the store's.
    pub async fn prove_host(
        &self,
        nonce: &str,
        proof: &HostProof,
        now: i64,
    ) -> Result<Principal, AccountError> {
        let issued = issued::take(&*self.store, nonce, now)
            .await
            .map_err(|error| match error {
                AccountError::SignIn(Refusal::Expired) => HostRefusal::Expired.into(),
                AccountError::SignIn(_) => HostRefusal::Replayed.into(),
                other => other,
            })?;
        let Issued::Host(challenge) = issued else {
            return Err(HostRefusal::Replayed.into());
        };
        self.host(challenge.answer(proof, now)?).await
    }

    /// Who a host with a proven `key` is. To be asked again now and then while its socket stays open: its key may be
    /// revoked meanwhile.
    ///
    /// # Errors
    /// [`HostRefusal::Revoked`], or the store's.
    pub async fn host(&self, key: PublicKey) -> Result<Principal, AccountError> {
        let record = self.store.ask(GetHostKey { key: key.into() }).await?;
        if record
            .as_ref()
            .is_some_and(|record| record.revoked_at.is_some())
        {
            return Err(HostRefusal::Revoked.into());
        }
        Ok(Principal::host(
            key,
            record.map(|record| record.owner.into()),
        ))
    }

    /// What is known of a host key.
    ///
    /// # Errors
    /// The store's.
    pub async fn host_key(&self, key: PublicKey) -> Result<Option<HostKeyRecord>, AccountError> {
        Ok(self.store.ask(GetHostKey { key: key.into() }).await?)
    }

    /// Host keys of `owner`, revoked ones too, 1000 at most.
    ///
    /// # Errors
    /// The store's.
    pub async fn host_keys(&self, owner: PublicKey) -> Result<Vec<HostKeyRecord>, AccountError> {
        Ok(self
            .store
            .ask(ListHostKeys {
                owner: owner.into(),
                after: None,
                limit: LISTED,
            })
            .await?)
    }

    /// Carries out `change` for `owner`, who signed in (or whose signature was checked, see
    /// [`sign_host_change`](Self::sign_host_change)).
    ///
    /// # Errors
    /// When a consent does not fit, a key was linked before or is not the owner's, or the store fails.
    pub async fn change_host_key(
        &self,
        owner: PublicKey,
        change: &HostChange,
        now: i64,
    ) -> Result<(), AccountError> {
        let mut unit = Unit::new();
        self.push_host_change(&mut unit, owner, change, now).await?;
        self.store.apply(unit).await?;
        Ok(())
    }

    /// Adds what carries `change` out to `unit`.
    async fn push_host_change(
        &self,
        unit: &mut Unit,
        owner: PublicKey,
        change: &HostChange,
        now: i64,
    ) -> Result<(), AccountError> {
        unit.push(WalletEnsure {
            wallet: owner.into(),
            at: now,
        });
        let add = |key: PublicKey, node: Option<PublicKey>| HostKeyAdd {
            key: key.into(),
            owner: owner.into(),
            node: node.map(Into::into),
            label: String::new(),
            at: now,
        };
        match change {
            HostChange::Link { key, node, consent } => {
                consent.check(&self.hub, *key, owner, *node, now)?;
                unit.push(add(*key, *node));
                let node = node.map_or_else(|| "no node".into(), |node| format!("node {node}"));
                note(unit, now, &owner, "host_key.link", &key, node);
            }
            HostChange::Rotate { old, new, consent } => {
                let record = self.live_key(owner, *old).await?;
                let node = record.node.map(PublicKey::from);
                consent.check(&self.hub, *new, owner, node, now)?;
                unit.push(HostKeyRevoke {
                    key: (*old).into(),
                    at: now,
                });
                unit.push(add(*new, node));
                note(
                    unit,
                    now,
                    &owner,
                    "host_key.rotate",
                    &old,
                    format!("to {new}"),
                );
            }
            HostChange::Revoke { key } => {
                self.live_key(owner, *key).await?;
                unit.push(HostKeyRevoke {
                    key: (*key).into(),
                    at: now,
                });
                note(unit, now, &owner, "host_key.revoke", &key, "");
            }
        }
        Ok(())
    }

    /// A text by which `owner` asks for `change` without signing in: signed like a sign-in, it names the change.
    ///
    /// # Errors
    /// When the domain is not ours, or the store fails.
    pub async fn host_change_challenge(
        &self,
        domain: Option<&str>,
        owner: PublicKey,
        change: HostChange,
        now: i64,
    ) -> Result<SignInMessage, AccountError> {
        let site = self
            .policy
            .site(domain)
            .ok_or_else(|| self.policy.wrong_domain())?;
        let nonce = random_text(NONCE)?;
        let message = SignInMessage {
            statement: Some(change.statement().into()),
            resources: Some(vec![change.resource()]),
            ..self.policy.challenge(site, Some(owner), nonce.clone(), now)
        };
        let issued = Issued::HostChange(message.clone(), change);
        issued::put(
            &*self.store,
            &nonce,
            &issued,
            now.saturating_add(SignInPolicy::LIFETIME),
        )
        .await?;
        Ok(message)
    }

    /// Carries out the change that a wallet signed.
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in) and [`change_host_key`](Self::change_host_key).
    pub async fn sign_host_change(
        &self,
        output: &SignInOutput,
        now: i64,
    ) -> Result<PublicKey, AccountError> {
        let (owner, issued, nonce) = self.proven(output, now).await?;
        let Issued::HostChange(_, change) = issued else {
            return Err(Refusal::Replayed.into());
        };
        let mut unit = Unit::new();
        issued::spend(&mut unit, &nonce, now);
        self.push_host_change(&mut unit, owner, &change, now)
            .await?;
        self.store.apply(unit).await?;
        Ok(owner)
    }

    /// A key of `owner` that is not revoked.
    async fn live_key(
        &self,
        owner: PublicKey,
        key: PublicKey,
    ) -> Result<HostKeyRecord, AccountError> {
        match self.host_key(key).await? {
            Some(record) if record.owner != owner.into() => {
                Err(AccountError::NotFound { what: "host key" })
            }
            Some(record) if record.revoked_at.is_none() => Ok(record),
            Some(_) => Err(HostRefusal::Revoked.into()),
            None => Err(AccountError::NotFound { what: "host key" }),
        }
    }
}
