//! The signer's side of the pipe: one line in, one line out.

use std::io::{BufRead, Read as _, Write};

use base64_simd::STANDARD;
use serde::{Deserialize, Serialize};
use solana_sdk::signature::{Keypair, Signer as _};

use super::book::Book;
use super::policy::Policy;

/// Longest line: a message in base64 with its number.
pub(super) const LINE: u64 = 4_096;

/// The first line: whose signatures come.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    /// In base58.
    pub(super) key: String,
}

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    pub(super) id: u64,
    /// In base64.
    pub(super) message: String,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) id: u64,
    /// In base58.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<String>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<String>,
}

/// Why the signer ends.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The pipe, or the book's disk.
    #[error("the signer: {0}")]
    Io(#[from] std::io::Error),
    /// What came is none of our parent's lines.
    #[error("the signer: what came is no request")]
    Request,
}

/// Answers until the pipe closes. `day`: days since 1970, now.
///
/// # Errors
/// [`ServeError`]; then nothing more is signed.
pub fn serve(
    key: &Keypair,
    policy: &Policy,
    book: &mut Book,
    day: impl Fn() -> u32,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<(), ServeError> {
    let hello = Hello {
        key: key.pubkey().to_string(),
    };
    tell(&mut output, &hello)?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let ask: Ask = serde_json::from_slice(&line).map_err(|_| ServeError::Request)?;
        let mut answer = Answer {
            id: ask.id,
            signature: None,
            refused: None,
        };
        match STANDARD.decode_to_vec(&ask.message) {
            Err(_) => answer.refused = Some("the message is not base64".to_owned()),
            Ok(message) => match policy.judge(&message, book, day()) {
                Err(refused) => answer.refused = Some(refused.to_string()),
                Ok(entry) => {
                    // On disk first: what was spent is never forgotten.
                    book.write(&entry)?;
                    answer.signature = Some(key.sign_message(&message).to_string());
                }
            },
        }
        tell(&mut output, &answer)?;
    }
}

fn tell(output: &mut impl Write, what: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}
