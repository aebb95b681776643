//! Signing in: a challenge, its answer, a session.

use hypernode_state::accounts::{NewSession, SessionCreate, WalletEnsure};
use hypernode_state::{StoreExt, Unit, accounts::GetWallet};

use crate::accounts::Accounts;
use crate::credential::Credential;
use crate::error::AccountError;
use crate::issued::{self, Issued};
use crate::public_key::PublicKey;
use crate::rights::{Principal, Roles};
use crate::secret::{Secret, random_text};
use crate::sessions::Lifetime;
use crate::siws::{self, Refusal, SignInMessage, SignInOutput, SignInPolicy};
use crate::time::parse_iso;
use crate::trail::note;

/// Digits of a nonce: 130 bits.
pub(crate) const NONCE: usize = 22;

/// A session that has begun.
#[derive(Debug)]
pub struct SignedIn {
    /// What the client sends from now on; shown once.
    pub token: Secret,
    /// Who signed in.
    pub principal: Principal,
    /// When the session ends at the latest, Unix milliseconds.
    pub expires_at: i64,
}

impl Accounts {
    /// A challenge to sign: on the site of `domain` (the default one for `None`), for `address` or for whoever signs.
    ///
    /// # Errors
    /// When the domain is not ours, or the store fails.
    pub async fn challenge(
        &self,
        domain: Option<&str>,
        address: Option<PublicKey>,
        now: i64,
    ) -> Result<SignInMessage, AccountError> {
        let site = self
            .policy
            .site(domain)
            .ok_or_else(|| self.policy.wrong_domain())?;
        let nonce = random_text(NONCE)?;
        let message = self.policy.challenge(site, address, nonce.clone(), now);
        let issued = Issued::SignIn(message.clone());
        issued::put(
            &*self.store,
            &nonce,
            &issued,
            now.saturating_add(SignInPolicy::LIFETIME),
        )
        .await?;
        Ok(message)
    }

    /// Signs in with what a wallet returned. `label` tells people later which session this is (a browser's name).
    ///
    /// # Errors
    /// What does not fit; see [`Refusal`].
    pub async fn sign_in(
        &self,
        output: &SignInOutput,
        label: &str,
        now: i64,
    ) -> Result<SignedIn, AccountError> {
        let (wallet, issued, nonce) = self.proven(output, now).await?;
        if !matches!(issued, Issued::SignIn(_)) {
            return Err(Refusal::Replayed.into());
        }
        let known = self
            .store
            .ask(GetWallet {
                wallet: wallet.into(),
            })
            .await?;
        let granted = known.map_or(Roles::NONE, |wallet| Roles::granted(wallet.roles));
        let lifetime = Lifetime::of(granted);
        let (token, fingerprint) = Credential::new_session()?;
        let mut unit = Unit::new();
        // Session and use of the challenge are one: of many who answer it at once, one gets in.
        issued::spend(&mut unit, &nonce, now);
        unit.push(WalletEnsure {
            wallet: wallet.into(),
            at: now,
        });
        let session = unit.push(SessionCreate {
            session: NewSession {
                token: fingerprint.into(),
                wallet: wallet.into(),
                at: now,
                idle_ms: lifetime.idle,
                expires_at: now.saturating_add(lifetime.absolute),
                label: crate::sessions::label(label),
            },
        });
        note(&mut unit, now, &wallet, "session.create", &wallet, "");
        let session = self.store.apply(unit).await?.take(session)?;
        Ok(SignedIn {
            token,
            principal: Principal::wallet(wallet, granted),
            expires_at: session.expires_at,
        })
    }

    /// The wallet that answered a challenge of ours, the challenge, and its nonce: to be [spent](issued::spend) in the
    /// unit of what follows.
    pub(crate) async fn proven(
        &self,
        output: &SignInOutput,
        now: i64,
    ) -> Result<(PublicKey, Issued, String), AccountError> {
        // What can be seen without the store comes first: what is forged or of another site costs no lookup.
        let signed = siws::read(output)?;
        self.policy.knows(&signed.message)?;
        siws::genuine(output)?;
        let nonce = signed.message.nonce.clone().unwrap_or_default();
        let issued = issued::look(&*self.store, &nonce)
            .await
            .map_err(|error| match error {
                // One that was purged is gone like one that was used; its own text says which it is.
                AccountError::SignIn(Refusal::Replayed) if is_over(&signed.message, now) => {
                    Refusal::Expired.into()
                }
                other => other,
            })?;
        let (Issued::SignIn(message) | Issued::HostChange(message, _)) = &issued else {
            return Err(Refusal::Replayed.into());
        };
        siws::answers(message, &signed, output, now)?;
        Ok((output.account, issued, nonce))
    }
}

fn is_over(message: &SignInMessage, now: i64) -> bool {
    message
        .expiration_time
        .as_deref()
        .and_then(parse_iso)
        .is_some_and(|end| now >= end)
}
