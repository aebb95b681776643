//! Transactions as bytes: signatures before a message.

use base64_simd::STANDARD;
use solana_sdk::message::{Message, VersionedMessage};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Signature;
use solana_sdk::transaction::VersionedTransaction;

use super::step::PACKET;

/// Base64 of a transaction at most.
pub const LONGEST: usize = 1_644;

/// Why bytes are no transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the transaction must be base64 of at most {PACKET} bytes, as wallets write it")]
pub struct NoTransaction;

/// The message of a transaction in base64, as bytes, and its signatures.
///
/// # Errors
/// [`NoTransaction`].
pub fn read(text: &str) -> Result<(Vec<u8>, Vec<Signature>), NoTransaction> {
    if text.len() > LONGEST {
        return Err(NoTransaction);
    }
    let bytes = STANDARD.decode_to_vec(text).map_err(|_| NoTransaction)?;
    if bytes.len() > PACKET {
        return Err(NoTransaction);
    }
    let transaction: VersionedTransaction =
        bincode::deserialize(&bytes).map_err(|_| NoTransaction)?;
    let VersionedMessage::Legacy(message) = transaction.message else {
        return Err(NoTransaction);
    };
    Ok((message.serialize(), transaction.signatures))
}

/// A transaction in base64; `None` where somebody's signature is missing or is not of this message, or it is too large.
#[must_use]
pub fn write(message: &Message, signatures: &[(Pubkey, Signature)]) -> Option<String> {
    let bytes = message.serialize();
    let signers = message
        .account_keys
        .get(..usize::from(message.header.num_required_signatures))?;
    let in_order: Option<Vec<Signature>> = signers
        .iter()
        .map(|signer| {
            let found = signatures.iter().find(|(key, _)| key == signer)?.1;
            found.verify(signer.as_ref(), &bytes).then_some(found)
        })
        .collect();
    let transaction = VersionedTransaction {
        signatures: in_order?,
        message: VersionedMessage::Legacy(message.clone()),
    };
    let bytes = bincode::serialize(&transaction).ok()?;
    (bytes.len() <= PACKET).then(|| STANDARD.encode_to_string(bytes))
}
