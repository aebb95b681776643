//! Answers to what a host was asked to sign.

use super::is_base58;
use crate::error::FrameError;
use crate::fields::Fields;
use crate::limits::most;

/// Answer to a `sign` frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Id of the request.
    pub request: String,
    /// The answer.
    pub answer: SignAnswer,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignAnswer {
    /// A signature in base58, 64 to 88 characters.
    Signature(String),
    /// The signed bytes in base64, at most [`most::SIGNED`] characters.
    Bytes(String),
    /// The host does not sign that, and why.
    Refused(String),
}

impl Signed {
    pub(super) fn read(frame: Fields<'_>) -> Result<Self, FrameError> {
        const REQUEST: FrameError = FrameError::Field("request");
        const BYTES: FrameError = FrameError::Field("bytes");
        let request = frame.id(&["request"], most::ID, REQUEST)?;
        let answer = if frame.get(&["signature"]).is_some() {
            SignAnswer::Signature(signature(frame)?)
        } else if let Some(bytes) = frame.id(&["bytes"], most::SIGNED, BYTES)? {
            if !is_base64(&bytes) {
                return Err(BYTES);
            }
            SignAnswer::Bytes(bytes)
        } else if let Some(reason) = frame.label(&["refused"], most::REASON) {
            SignAnswer::Refused(reason)
        } else {
            return Err(FrameError::Field("signature"));
        };
        Ok(Self {
            request: request.ok_or(REQUEST)?,
            answer,
        })
    }
}

/// The frame's signature: 64 bytes have 64 to 88 characters in base58.
pub(super) fn signature(frame: Fields<'_>) -> Result<String, FrameError> {
    const SIGNATURE: FrameError = FrameError::Field("signature");
    let signature = frame.id(&["signature"], 88, SIGNATURE)?;
    signature
        .filter(|text| is_base58(text, 64, 88))
        .ok_or(SIGNATURE)
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    text.len() - digits.len() <= 2
        && text.len().is_multiple_of(4)
        && digits.bytes().all(in_alphabet)
}
