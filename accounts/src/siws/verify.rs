//! Whether what a wallet returned is what we asked for. Pure: the nonce is taken elsewhere.

use super::envelope::{BadEnvelope, open};
use super::message::{MalformedText, SignInMessage};
use crate::public_key::PublicKey;
use crate::time::{SKEW, parse_iso};

/// What a wallet returns from `signIn`, or from `signMessage` of the same text.
#[derive(Clone)]
pub struct SignInOutput {
    /// The account that is said to have signed.
    pub account: PublicKey,
    /// The bytes that were signed.
    pub signed_message: Vec<u8>,
    /// The signature, 64 bytes.
    pub signature: Vec<u8>,
}

impl std::fmt::Debug for SignInOutput {
    /// A signature that was not used yet is as good as its owner: it is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInOutput")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// A field of the signed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of `SignInMessage`, and the text as a whole
pub enum Field {
    Address,
    Statement,
    Uri,
    Version,
    Nonce,
    IssuedAt,
    ExpirationTime,
    NotBefore,
    RequestId,
    Resources,
    Text,
}

/// Why a sign-in is refused, in a sentence for whoever tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not the text that was asked for.
    #[error(
        "the signed text cannot be read ({0}): ask for a new sign-in and sign its text unchanged"
    )]
    MalformedText(#[from] MalformedText),
    /// Not text at all.
    #[error(
        "the signed bytes cannot be read ({0}): ask for a new sign-in and sign its text unchanged"
    )]
    MalformedBytes(#[from] BadEnvelope),
    /// Signed for another place: the person may have been lured there.
    #[error("this signature is for another site: it must be for {expected}")]
    WrongDomain {
        /// The domains of this service.
        expected: String,
    },
    /// Signed for another network.
    #[error(
        "this signature is for another network: switch the wallet to {expected} and sign in again"
    )]
    WrongChain {
        /// The network of this service.
        expected: String,
    },
    /// The text names another account than the one that is said to have signed, or than the one that asked.
    #[error(
        "this sign-in was asked for another account: choose that account in the wallet, or ask anew"
    )]
    WrongKey,
    /// A field differs from what was issued.
    #[error(
        "the signed text was changed ({0:?}): ask for a new sign-in and sign its text unchanged"
    )]
    Altered(Field),
    /// The signature is not that account's over that text.
    #[error("the signature does not fit the account and text: sign in again with the wallet")]
    Forged,
    /// Too late.
    #[error("this sign-in has expired: ask for a new one and sign it within 5 minutes")]
    Expired,
    /// Issued in the future: a clock is wrong.
    #[error(
        "this sign-in is not valid yet: the clocks of two servers differ, try again in a minute"
    )]
    NotYet,
    /// Used before, or never issued.
    #[error("this sign-in was used already or is not ours: ask for a new one")]
    Replayed,
}

/// A text that was signed, read but not believed.
#[derive(Debug, Clone)]
pub struct Signed<'a> {
    text: &'a str,
    /// What it says.
    pub message: SignInMessage,
}

/// Reads what was signed.
///
/// # Errors
/// When it is no sign-in text, or one that names another account than `output` does.
pub fn read(output: &SignInOutput) -> Result<Signed<'_>, Refusal> {
    let text = open(&output.signed_message, output.account)?;
    let message = SignInMessage::parse(text)?;
    if message.address.as_deref() != Some(output.account.to_string().as_str()) {
        return Err(Refusal::WrongKey);
    }
    Ok(Signed { text, message })
}

/// Compares every field of what was signed with what we `issued`, then the time, then the signature.
///
/// # Errors
/// The first thing that does not fit.
pub fn verify(
    issued: &SignInMessage,
    signed: &Signed<'_>,
    output: &SignInOutput,
    now: i64,
) -> Result<PublicKey, Refusal> {
    answers(issued, signed, output, now)?;
    genuine(output)?;
    Ok(output.account)
}

/// Whether the account signed these bytes.
pub(crate) fn genuine(output: &SignInOutput) -> Result<(), Refusal> {
    let fits = output
        .account
        .verifies(&output.signed_message, &output.signature);
    fits.then_some(()).ok_or(Refusal::Forged)
}

/// Whether what was signed is what we `issued`, in time. Says nothing of the signature.
pub(crate) fn answers(
    issued: &SignInMessage,
    signed: &Signed<'_>,
    output: &SignInOutput,
    now: i64,
) -> Result<(), Refusal> {
    compare(issued, &signed.message)?;
    // Whatever the comparison of fields might overlook: the text is ours, byte for byte.
    if signed.text != issued.text_for(&output.account.to_string()) {
        return Err(Refusal::Altered(Field::Text));
    }
    let from = issued.issued_at.as_deref().and_then(parse_iso);
    let until = issued.expiration_time.as_deref().and_then(parse_iso);
    if until.is_none_or(|until| now >= until) {
        return Err(Refusal::Expired);
    }
    if from.is_none_or(|from| now.saturating_add(SKEW) < from) {
        return Err(Refusal::NotYet);
    }
    Ok(())
}

fn compare(issued: &SignInMessage, signed: &SignInMessage) -> Result<(), Refusal> {
    if issued.domain != signed.domain {
        return Err(Refusal::WrongDomain {
            expected: issued.domain.clone(),
        });
    }
    if issued.chain_id != signed.chain_id {
        return Err(Refusal::WrongChain {
            expected: issued.chain_id.clone().unwrap_or_default(),
        });
    }
    if issued.address.is_some() && issued.address != signed.address {
        return Err(Refusal::WrongKey);
    }
    for (field, same) in [
        (Field::Statement, issued.statement == signed.statement),
        (Field::Uri, issued.uri == signed.uri),
        (Field::Version, issued.version == signed.version),
        (Field::Nonce, issued.nonce == signed.nonce),
        (Field::IssuedAt, issued.issued_at == signed.issued_at),
        (
            Field::ExpirationTime,
            issued.expiration_time == signed.expiration_time,
        ),
        (Field::NotBefore, issued.not_before == signed.not_before),
        (Field::RequestId, issued.request_id == signed.request_id),
        (Field::Resources, issued.resources == signed.resources),
    ] {
        if !same {
            return Err(Refusal::Altered(field));
        }
    }
    Ok(())
}
