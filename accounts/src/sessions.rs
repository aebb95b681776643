//! Sessions: how long they last, and how they end.

use hypernode_state::accounts::{
    GetWallet, ListSessions, SessionRecord, SessionRevoke, WalletSignOut,
};
use hypernode_state::{StoreExt, Unit};

use crate::accounts::Accounts;
use crate::credential::Credential;
use crate::error::AccountError;
use crate::public_key::PublicKey;
use crate::rights::{Role, Roles};
use crate::secret::Fingerprint;
use crate::time::{DAY, MINUTE};
use crate::trail::note;

/// Sessions of a wallet that are listed.
const LISTED: u32 = 100;

/// How long a session lasts, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Unused for so long, it is over.
    pub idle: i64,
    /// However much it is used, it is over then.
    pub absolute: i64,
}

impl Lifetime {
    /// Operators' sessions: 15 minutes unused, 12 hours in all.
    pub const OPERATOR: Self = Self {
        idle: 15 * MINUTE,
        absolute: DAY / 2,
    };
    /// Everybody else's: 7 days unused, 30 days in all.
    pub const USER: Self = Self {
        idle: 7 * DAY,
        absolute: 30 * DAY,
    };

    /// What holds for somebody with these roles.
    #[must_use]
    pub fn of(granted: Roles) -> Self {
        if granted.has(Role::Operator) {
            Self::OPERATOR
        } else {
            Self::USER
        }
    }
}

impl Accounts {
    /// Ends the session of `token`. A token that is none, or over, is no error: the caller is signed out.
    ///
    /// # Errors
    /// When it is an API key, or the store fails.
    pub async fn sign_out(&self, token: &str, now: i64) -> Result<(), AccountError> {
        let fingerprint = match Credential::parse(token) {
            Ok(Credential::Session(fingerprint)) => fingerprint,
            Ok(Credential::Key(..)) => return Err(AccountError::NoSession),
            Ok(Credential::Node(_)) | Err(_) => return Ok(()),
        };
        let ended = self
            .store
            .run(SessionRevoke {
                token: fingerprint.into(),
                at: now,
            })
            .await;
        self.auth.forget_token(fingerprint);
        match ended.map_err(AccountError::from) {
            Ok(_) | Err(AccountError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends one session of `wallet`, found in its list.
    ///
    /// # Errors
    /// When the wallet has no such session, or the store fails.
    pub async fn end_session(
        &self,
        wallet: PublicKey,
        session: Fingerprint,
        now: i64,
    ) -> Result<(), AccountError> {
        if !self
            .sessions(wallet)
            .await?
            .iter()
            .any(|record| record.token == session.into())
        {
            return Err(AccountError::NotFound { what: "session" });
        }
        let mut unit = Unit::new();
        unit.push(SessionRevoke {
            token: session.into(),
            at: now,
        });
        note(&mut unit, now, &wallet, "session.revoke", &wallet, "");
        self.store.apply(unit).await?;
        self.auth.forget_token(session);
        Ok(())
    }

    /// Ends every session of `wallet`. Its API keys stay.
    ///
    /// # Errors
    /// When the wallet never signed in, or the store fails.
    pub async fn sign_out_everywhere(
        &self,
        wallet: PublicKey,
        now: i64,
    ) -> Result<(), AccountError> {
        let mut unit = Unit::new();
        unit.push(WalletSignOut {
            wallet: wallet.into(),
        });
        note(&mut unit, now, &wallet, "session.revoke_all", &wallet, "");
        self.store.apply(unit).await?;
        self.auth.forget_account(wallet);
        Ok(())
    }

    /// The newest 100 sessions of `wallet`, those that are over too, with the ends that hold for its roles of now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sessions(&self, wallet: PublicKey) -> Result<Vec<SessionRecord>, AccountError> {
        let wallet = wallet.into();
        let known = self.store.ask(GetWallet { wallet }).await?;
        let granted = known.map_or(Roles::NONE, |known| Roles::granted(known.roles));
        let limit = LISTED;
        let mut sessions = self.store.ask(ListSessions { wallet, limit }).await?;
        for session in &mut sessions {
            let limits = Lifetime::of(granted);
            let end = session.created_at.saturating_add(limits.absolute);
            session.expires_at = session.expires_at.min(end);
            session.idle_ms = session.idle_ms.min(limits.idle);
        }
        Ok(sessions)
    }
}

/// A label for people: one line, at most 120 characters.
pub(crate) fn label(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(120)
        .collect()
}
