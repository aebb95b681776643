//! Tokens by which hosts sign on. Only their hashes are kept.

use hypernode_accounts::{random_bytes, random_text};
use hypernode_state::nodes::{
    GetToken, ListTokens, TokenIssue, TokenRecord, TokenRevoke, TokensSweep,
};
use hypernode_state::{Address, Digest, StoreExt, UnixMs, limits};
use hypernode_wire::Secret;
use sha2::Digest as _;

use super::{Nodes, NodesError};
use crate::ids::NodeId;

/// Tokens that expired unused and are removed in one turn.
const SWEPT: u32 = 1_000;

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHolder {
    /// The wallet that it was issued to.
    pub wallet: Address,
    /// The node that it is bound to; none before its first use.
    pub node: Option<NodeId>,
}

/// The hash of a token: what is kept of it.
pub fn digest(token: &str) -> Digest {
    Digest(sha2::Sha256::digest(token.as_bytes()).into())
}

impl Nodes {
    /// Issues a token for one more host of `wallet`: a uuid, as old programs expect. `hide_location`: the host's place is
    /// shown to nobody. The caller has made sure that it is the wallet that asks.
    ///
    /// # Errors
    /// [`NodesError::TooManyTokens`], or the store's.
    pub async fn issue_token(
        &self,
        wallet: Address,
        hide_location: bool,
    ) -> Result<Secret, NodesError> {
        let now = self.now();
        let limit = limits::MANY;
        let tokens = self.0.store.ask(ListTokens { wallet, limit }).await?;
        let unused =
            |t: &&TokenRecord| t.node.is_none() && t.revoked_at.is_none() && t.expires_at > now;
        let most = self.0.config.most_tokens;
        if tokens.iter().filter(unused).count() >= most as usize {
            return Err(NodesError::TooManyTokens(most));
        }
        let mut bytes: [u8; 16] = random_bytes()?;
        // The token itself says whether the place is hidden: nothing more need be kept of it until it is used.
        bytes[15] = bytes[15] & !1 | u8::from(hide_location);
        let token = uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string();
        self.0.store.run(self.issue(&token, wallet, now)).await?;
        Ok(Secret::new(token))
    }

    /// Ends a token, used or not; a connection that was made with it ends too.
    ///
    /// # Errors
    /// [`NodesError::Token`] where it was never issued, or the store's.
    pub async fn revoke(&self, token: &str) -> Result<(), NodesError> {
        let token = digest(token);
        if self.0.store.ask(GetToken { token }).await?.is_none() {
            return Err(NodesError::Token);
        }
        let at = self.now();
        let record = self.0.store.run(TokenRevoke { token, at }).await?;
        let node = record.node.and_then(|node| node.parse().ok());
        if let Some(entry) = node.and_then(|node| self.entry(node)) {
            entry.turn_epoch();
        }
        Ok(())
    }

    /// Whose a token is, if it is good now.
    ///
    /// # Errors
    /// [`NodesError::Token`], or the store's.
    pub async fn holder(&self, token: &str) -> Result<TokenHolder, NodesError> {
        let (wallet, node) = self.good(digest(token), self.now()).await?;
        Ok(TokenHolder { wallet, node })
    }

    /// The wallet and node of a good token.
    pub(super) async fn good(
        &self,
        token: Digest,
        now: UnixMs,
    ) -> Result<(Address, Option<NodeId>), NodesError> {
        let record = self
            .0
            .store
            .ask(GetToken { token })
            .await?
            .ok_or(NodesError::Token)?;
        let node = match &record.node {
            Some(node) => Some(node.parse().map_err(|_| NodesError::Token)?),
            None => None,
        };
        let is_gone = node.is_some_and(|node| self.entry(node).is_none());
        let is_late = node.is_none() && record.expires_at <= now;
        match record.revoked_at.is_some() || is_gone || is_late {
            true => Err(NodesError::Token),
            false => Ok((record.wallet, node)),
        }
    }

    pub(super) fn issue(&self, token: &str, wallet: Address, at: UnixMs) -> TokenIssue {
        TokenIssue {
            token: digest(token),
            wallet,
            expires_at: at.saturating_add(self.0.config.token_ms),
            at,
        }
    }

    /// Removes tokens that nobody used in time.
    pub(super) async fn sweep_tokens(&self) -> Result<(), NodesError> {
        let now = self.now();
        let sweep = TokensSweep { now, limit: SWEPT };
        while self.0.store.run(sweep.clone()).await? == u64::from(SWEPT) {}
        Ok(())
    }
}

/// A token of 256 random bits for a node that was registered over HTTP.
pub(super) fn node_token() -> Result<String, NodesError> {
    Ok(format!("hn_{}", random_text(43)?))
}

/// Whether the token says that its host's place is hidden.
pub(super) fn hides_location(token: &str) -> bool {
    uuid::Uuid::try_parse(token).is_ok_and(|uuid| uuid.as_bytes()[15] & 1 == 1)
}
