//! An account update of the stream, owned.

use hypernode_decoder::accounts::{AccountSource, AccountVersion};
use hypernode_decoder::chain::{Pubkey, Signature};
use yellowstone_grpc_proto::geyser::SubscribeUpdateAccount;

/// What an update says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) pubkey: Pubkey,
    pub(crate) owner: Pubkey,
    slot: u64,
    write_version: u64,
    lamports: u64,
    executable: bool,
    signature: Option<Signature>,
    data: Vec<u8>,
}

impl Seen {
    /// `None`: the message lacks what identifies an account.
    pub(crate) fn new(update: SubscribeUpdateAccount) -> Option<Self> {
        let info = update.account?;
        Some(Self {
            pubkey: info.pubkey.try_into().ok()?,
            owner: info.owner.try_into().ok()?,
            slot: update.slot,
            write_version: info.write_version,
            lamports: info.lamports,
            executable: info.executable,
            signature: info.txn_signature.and_then(|s| s.try_into().ok()),
            data: info.data,
        })
    }

    pub(crate) fn slot(&self) -> u64 {
        self.slot
    }

    /// Bytes that it holds.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.data.len()
    }

    pub(crate) fn version(&self) -> AccountVersion<'_> {
        AccountVersion {
            pubkey: &self.pubkey,
            slot: self.slot,
            write_version: self.write_version,
            owner: &self.owner,
            lamports: self.lamports,
            executable: self.executable,
            signature: self.signature.as_ref(),
            source: AccountSource::Stream,
            data: &self.data,
        }
    }
}
