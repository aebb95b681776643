//! `/api/hosts/…`: host keys, proven by machines and vouched for by wallets.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hypernode_accounts::rights::Right;
use hypernode_accounts::time::iso;
use hypernode_accounts::{HostChange, HostConsent, HostProof, PublicKey};
use hypernode_analytics::chain_jobs;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Sent;
use super::caller::Asked;
use super::sign_in::{private, signature};
use super::{body, refuse};
use crate::clock::now;
use crate::error::Refusal;
use crate::state::ApiState;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A text for a machine to sign with its own key: `HN-NODE-v1|hub|nonce|ts`.
pub(crate) async fn challenge(asked: Asked, sent: Sent) -> Result<Response, Response> {
    let Nothing {} = body::read(&sent)?;
    let challenge = asked.access.accounts.host_challenge(now()).await;
    let challenge = challenge.map_err(|error| refuse::account(&error))?;
    Ok(private(json!({
        "success": true,
        "hub": challenge.hub,
        "nonce": challenge.nonce,
        "sign": format!("HN-NODE-v1|{}|{}|<ts>", challenge.hub, challenge.nonce),
        "expiresAt": iso(challenge.expires_at),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    key: String,
    nonce: String,
    /// The machine's clock, Unix milliseconds.
    ts: i64,
    signature: String,
}

/// Whether a machine holds a key, and whose it is.
pub(crate) async fn prove(asked: Asked, sent: Sent) -> Result<Response, Response> {
    let proof: Proof = body::read(&sent)?;
    let answer = HostProof {
        key: body::key("key", &proof.key)?,
        ts: proof.ts,
        signature: signature(&proof.signature)?,
    };
    let host = asked
        .access
        .accounts
        .prove_host(&proof.nonce, &answer, now())
        .await;
    let host = host.map_err(|error| refuse::account(&error))?;
    let owner = host.account().map(|owner| owner.to_string());
    Ok(private(
        json!({ "success": true, "key": proof.key, "linked": owner.is_some(), "owner": owner }),
    ))
}

/// The wallet's host keys, those that were revoked too.
pub(crate) async fn list(asked: Asked) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ReadAccount)?;
    let keys = asked.access.accounts.host_keys(wallet).await;
    let keys = keys.map_err(|error| refuse::account(&error))?;
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "key": key.key.to_string(),
                "node": key.node.map(|node| node.to_string()),
                "addedAt": iso(key.added_at),
                "revokedAt": key.revoked_at.map(iso),
            })
        })
        .collect();
    Ok(private(
        json!({ "success": true, "count": keys.len(), "keys": keys }),
    ))
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
enum Change {
    Link {
        key: String,
        /// The account of the node on chain that it speaks for.
        #[serde(default)]
        node: Option<String>,
        ts: i64,
        /// The machine's, over `HN-LINK-v1|hub|owner|node|ts`; `-` for no node.
        signature: String,
    },
    Rotate {
        old: String,
        new: String,
        ts: i64,
        signature: String,
    },
    Revoke {
        key: String,
    },
}

/// Links, replaces or revokes a host key of whoever signed in. A node on chain is linked by its owner alone.
pub(crate) async fn change(
    State(state): State<ApiState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Response> {
    let wallet = asked.caller.own(Right::ManageHostKeys)?;
    let change = match body::read(&sent)? {
        Change::Link {
            key,
            node,
            ts,
            signature,
        } => HostChange::Link {
            key: body::key("key", &key)?,
            node: match node {
                Some(node) => Some(own_node(&state, wallet, &node).await?),
                None => None,
            },
            consent: HostConsent { ts, signature },
        },
        Change::Rotate {
            old,
            new,
            ts,
            signature,
        } => HostChange::Rotate {
            old: body::key("old", &old)?,
            new: body::key("new", &new)?,
            consent: HostConsent { ts, signature },
        },
        Change::Revoke { key } => HostChange::Revoke {
            key: body::key("key", &key)?,
        },
    };
    let done = asked
        .access
        .accounts
        .change_host_key(wallet, &change, now())
        .await;
    done.map_err(|error| refuse::account(&error))?;
    Ok(private(json!({ "success": true })))
}

/// The account of a node on chain, if `wallet` is its owner there.
async fn own_node(state: &ApiState, wallet: PublicKey, node: &str) -> Result<PublicKey, Response> {
    let account = body::key("node", node)?;
    let found = chain_jobs::node(&state.client, account.0).await;
    let refuse = |status, text: &'static str| Err(Refusal::new(status, text).into_response());
    match found {
        Ok(Some(found)) if found.owner == wallet.0 => Ok(account),
        Ok(Some(_)) => refuse(
            StatusCode::FORBIDDEN,
            "this node's owner on chain is another wallet: sign in as that one",
        ),
        Ok(None) => refuse(
            StatusCode::NOT_FOUND,
            "no node of this account is registered on chain, as far as it is indexed: register_node comes first",
        ),
        Err(error) => {
            tracing::warn!("a node on chain is not looked up: {error}");
            refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "what is on chain cannot be looked up just now: ask again in a moment",
            )
        }
    }
}
