//! The text of sign-in with Solana: what a wallet shows, and what it signs.
//!
//! Byte for byte what `createSignInMessageText` of `@solana/wallet-standard-util` makes of the same input
//! (`tests/vectors/siws.json` holds its outputs).

use serde::{Deserialize, Serialize};

use crate::public_key::PublicKey;

/// Longest text that is read, in bytes.
pub const LONGEST: usize = 4096;
const HEADING: &str = " wants you to sign in with your Solana account:";
const RESOURCES: &str = "Resources:";

/// What a wallet is asked to sign: serialized, it is the wallet standard's `SolanaSignInInput`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignInMessage {
    /// Host, and port where it is not the scheme's own, of the page that asks.
    pub domain: String,
    /// The wallet's address; absent in a challenge for whoever signs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// One sentence for the person who signs, without line breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// The page that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The format's version: `1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The network, as `solana:mainnet`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Makes the text unique: letters and digits, at least 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// When it was asked, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<String>,
    /// When it stops being valid, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_time: Option<String>,
    /// When it begins to be valid, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// The asker's own id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What the signature is about, as URIs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<String>>,
}

/// Why a text is not such a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the signed text: {what}")]
pub struct MalformedText {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: &'static str,
}

impl SignInMessage {
    /// The text to sign, with `address` in place of its own. Absent and empty fields leave no line.
    #[must_use]
    pub fn text_for(&self, address: &str) -> String {
        let mut text = format!("{}{HEADING}\n{address}", self.domain);
        if let Some(statement) = self.statement.as_deref().filter(|text| !text.is_empty()) {
            text.push_str("\n\n");
            text.push_str(statement);
        }
        let mut gap = "\n\n";
        for (label, value) in self.fields() {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                text.push_str(gap);
                text.push_str(label);
                text.push_str(value);
                gap = "\n";
            }
        }
        if let Some(resources) = &self.resources {
            text.push_str(gap);
            text.push_str(RESOURCES);
            for resource in resources {
                text.push_str("\n- ");
                text.push_str(resource);
            }
        }
        text
    }

    /// The text to sign, with its own address (none leaves that line empty).
    #[must_use]
    pub fn text(&self) -> String {
        self.text_for(self.address.as_deref().unwrap_or_default())
    }

    /// Reads a text. Strict: every field once, in the format's order, not empty, and nothing else, so that
    /// [`text`](Self::text) of the answer is the same bytes again.
    ///
    /// # Errors
    /// The first line that does not fit the format.
    pub fn parse(text: &str) -> Result<Self, MalformedText> {
        Lines::new(text)?.message()
    }

    fn fields(&self) -> [(&'static str, &Option<String>); 8] {
        [
            ("URI: ", &self.uri),
            ("Version: ", &self.version),
            ("Chain ID: ", &self.chain_id),
            ("Nonce: ", &self.nonce),
            ("Issued At: ", &self.issued_at),
            ("Expiration Time: ", &self.expiration_time),
            ("Not Before: ", &self.not_before),
            ("Request ID: ", &self.request_id),
        ]
    }

    fn fields_mut(&mut self) -> [(&'static str, &mut Option<String>); 8] {
        [
            ("URI: ", &mut self.uri),
            ("Version: ", &mut self.version),
            ("Chain ID: ", &mut self.chain_id),
            ("Nonce: ", &mut self.nonce),
            ("Issued At: ", &mut self.issued_at),
            ("Expiration Time: ", &mut self.expiration_time),
            ("Not Before: ", &mut self.not_before),
            ("Request ID: ", &mut self.request_id),
        ]
    }
}

/// The lines of a text that are still to be read.
struct Lines<'a> {
    rest: std::iter::Peekable<std::str::Split<'a, char>>,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Result<Self, MalformedText> {
        if text.len() > LONGEST {
            return Err(MalformedText {
                line: 1,
                what: "longer than 4096 bytes",
            });
        }
        Ok(Self {
            rest: text.split('\n').peekable(),
            line: 0,
        })
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, MalformedText> {
        Err(MalformedText {
            line: self.line.max(1),
            what,
        })
    }

    fn next(&mut self) -> Result<Option<&'a str>, MalformedText> {
        self.line += 1;
        let next = self.rest.next();
        if next.is_some_and(|line| line.chars().any(char::is_control)) {
            return self.fail("a control character");
        }
        Ok(next)
    }

    fn message(mut self) -> Result<SignInMessage, MalformedText> {
        let mut message = SignInMessage::default();
        match self.next()?.and_then(|line| line.strip_suffix(HEADING)) {
            Some(domain) if is_domain(domain) => message.domain = domain.into(),
            _ => {
                return self
                    .fail("expected `DOMAIN wants you to sign in with your Solana account:`");
            }
        }
        match self.next()? {
            Some(address) if address.parse::<PublicKey>().is_ok() => {
                message.address = Some(address.into());
            }
            _ => return self.fail("expected the address of a Solana account"),
        }
        if !self.gap()? {
            return Ok(message);
        }
        if self.rest.peek().is_none_or(|line| !is_field(line)) {
            match self.next()? {
                Some(statement) if !statement.is_empty() => {
                    message.statement = Some(statement.into());
                }
                _ => return self.fail("expected a statement or a field"),
            }
            if !self.gap()? {
                return Ok(message);
            }
        }
        self.fields(&mut message)?;
        Ok(message)
    }

    /// Takes the empty line between two parts: false at the end of the text.
    fn gap(&mut self) -> Result<bool, MalformedText> {
        match self.next()? {
            None => Ok(false),
            Some("") => Ok(true),
            Some(_) => self.fail("expected an empty line"),
        }
    }

    fn fields(&mut self, message: &mut SignInMessage) -> Result<(), MalformedText> {
        let mut any = false;
        for (label, field) in message.fields_mut() {
            let Some(value) = self.rest.peek().and_then(|line| line.strip_prefix(label)) else {
                continue;
            };
            self.next()?;
            if value.is_empty() {
                return self.fail("a field without a value");
            }
            *field = Some(value.into());
            any = true;
        }
        if self.rest.peek() == Some(&RESOURCES) {
            self.next()?;
            let mut resources = Vec::new();
            while let Some(resource) = self.rest.peek().and_then(|line| line.strip_prefix("- ")) {
                self.next()?;
                if resource.is_empty() {
                    return self.fail("a resource without a value");
                }
                resources.push(resource.into());
            }
            message.resources = Some(resources);
            any = true;
        }
        if self.next()?.is_some() || !any {
            return self.fail("a field that is unknown, repeated, or out of order");
        }
        Ok(())
    }
}

fn is_field(line: &str) -> bool {
    line == RESOURCES
        || SignInMessage::default()
            .fields()
            .iter()
            .any(|(label, _)| line.starts_with(label))
}

fn is_domain(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}
