//! Owners as the hub of sockets reaches them: each on its own host, by the frame `sign`.

use futures::future::{BoxFuture, FutureExt as _};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Signature;

use super::answer::signature;
use super::clerk::{NotSigned, Owners, base64};
use super::programs::Programs;
use crate::ids::NodeId;
use crate::sessions::{Hub, SignError};

/// Owners of nodes whose hosts are connected.
#[derive(Clone, Debug)]
pub struct OnHosts {
    /// Where hosts are connected.
    pub hub: Hub,
    /// What is written to.
    pub programs: Programs,
}

impl Owners for OnHosts {
    fn sign<'a>(
        &'a self,
        node: NodeId,
        owner: &'a Pubkey,
        _: &'a str,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Signature, NotSigned>> {
        async move {
            match self.hub.sign(node, base64(message)).await {
                Ok(answer) => signature(answer, owner, message, &self.programs),
                Err(SignError::Away | SignError::Unanswered) => Err(NotSigned::Away),
            }
        }
        .boxed()
    }
}
