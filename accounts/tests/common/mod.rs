//! Wallets and challenges of the tests.
#![allow(dead_code, unreachable_pub)] // each test file uses some of it

use ed25519_dalek::{Signer as _, SigningKey};
use hypernode_accounts::PublicKey;
use hypernode_accounts::siws::{Chain, SignInMessage, SignInOutput, SignInPolicy, Site};

/// 2023-11-14T22:13:20.000Z.
pub const NOW: i64 = 1_700_000_000_000;

/// A wallet or a host: something with a key.
pub struct Signer(SigningKey);

impl Signer {
    pub fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    pub fn key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes, as `signMessage` does.
    pub fn sign(&self, message: Vec<u8>) -> SignInOutput {
        let signature = self.0.sign(&message).to_bytes().to_vec();
        SignInOutput {
            account: self.key(),
            signed_message: message,
            signature,
        }
    }

    /// Makes the text of a challenge and signs it, as `signIn` does.
    pub fn answer(&self, challenge: &SignInMessage) -> SignInOutput {
        self.sign(challenge.text_for(&self.key().to_string()).into_bytes())
    }
}

pub fn policy() -> SignInPolicy {
    let site = |host: &str| Site {
        domain: host.into(),
        uri: format!("https://{host}"),
    };
    let sites = vec![site("hub.example"), site("127.0.0.1:3001")];
    SignInPolicy::new(
        sites,
        Chain::Devnet,
        "Sign in to the hub. This costs nothing.",
    )
    .unwrap()
}

pub fn bound(signer: &Signer) -> SignInMessage {
    SignInMessage {
        address: Some(signer.key().to_string()),
        ..unbound()
    }
}

pub fn unbound() -> SignInMessage {
    let policy = policy();
    let site = policy.site(None).unwrap();
    policy.challenge(site, None, "aZ09aZ09aZ09aZ09aZ09aZ".into(), NOW)
}

/// The text in the envelope of a hardware wallet: with signer and application domain, or the older one.
pub fn ledger(text: &str, signer: Option<PublicKey>) -> Vec<u8> {
    let mut bytes = b"\xffsolana offchain\x00".to_vec();
    match signer {
        Some(signer) => {
            bytes.extend([0; 32]);
            bytes.extend([1, 1]);
            bytes.extend(signer.0);
        }
        None => bytes.push(1),
    }
    bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

pub fn hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}
