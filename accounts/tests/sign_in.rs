//! Proofs of a wallet: what is altered, borrowed, stale or weak is refused. No store: the pure part.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

mod common;

use common::{NOW, Signer, unbound};
use ed25519_dalek::{Verifier, VerifyingKey};
use hypernode_accounts::PublicKey;
use hypernode_accounts::siws::{
    Field, Refusal, SignInMessage, SignInOutput, SignInPolicy, read, verify,
};
use hypernode_accounts::time::SKEW;
use proptest::prelude::*;

fn check(issued: &SignInMessage, output: &SignInOutput, now: i64) -> Result<PublicKey, Refusal> {
    let signed = read(output)?;
    verify(issued, &signed, output, now)
}

#[test]
fn an_unaltered_text_is_accepted_however_it_was_signed() {
    let signer = Signer::new(1);
    for issued in [common::bound(&signer), unbound()] {
        let text = issued.text_for(&signer.key().to_string());
        for message in [
            text.clone().into_bytes(),
            common::ledger(&text, None),
            common::ledger(&text, Some(signer.key())),
        ] {
            assert_eq!(check(&issued, &signer.sign(message), NOW), Ok(signer.key()));
        }
    }
}

#[test]
fn every_mutation_of_one_byte_is_refused() {
    let signer = Signer::new(1);
    let issued = unbound();
    let good = signer.answer(&issued);
    assert!(check(&issued, &good, NOW).is_ok());
    for at in 0..good.signed_message.len() {
        for bit in 0..8 {
            let mut bent = good.clone();
            bent.signed_message[at] ^= 1 << bit;
            assert!(
                check(&issued, &bent, NOW).is_err(),
                "message byte {at} bit {bit}"
            );
            // Even if the wallet itself signs the altered text.
            let resigned = signer.sign(bent.signed_message);
            assert!(
                check(&issued, &resigned, NOW).is_err(),
                "signed again, byte {at} bit {bit}"
            );
        }
    }
    for at in 0..good.signature.len() {
        for bit in 0..8 {
            let mut bent = good.clone();
            bent.signature[at] ^= 1 << bit;
            assert_eq!(
                check(&issued, &bent, NOW),
                Err(Refusal::Forged),
                "signature byte {at} bit {bit}"
            );
        }
    }
    for at in 0..32 {
        let mut bent = good.clone();
        bent.account.0[at] ^= 1;
        assert_eq!(
            check(&issued, &bent, NOW),
            Err(Refusal::WrongKey),
            "account byte {at}"
        );
    }
    for length in [0, 63, 65] {
        let mut bent = good.clone();
        bent.signature.resize(length, 0);
        assert_eq!(check(&issued, &bent, NOW), Err(Refusal::Forged));
    }
}

#[test]
fn every_field_that_differs_is_named() {
    type Change = fn(&mut SignInMessage);
    let changes: [(Change, Refusal); 16] = [
        (
            |m| m.domain = "evil.example".into(),
            Refusal::WrongDomain {
                expected: "hub.example".into(),
            },
        ),
        (
            |m| m.chain_id = Some("solana:mainnet".into()),
            Refusal::WrongChain {
                expected: "solana:devnet".into(),
            },
        ),
        (
            |m| m.chain_id = None,
            Refusal::WrongChain {
                expected: "solana:devnet".into(),
            },
        ),
        (
            |m| m.statement = Some("Give away everything.".into()),
            Refusal::Altered(Field::Statement),
        ),
        (|m| m.statement = None, Refusal::Altered(Field::Statement)),
        (
            |m| m.uri = Some("https://evil.example".into()),
            Refusal::Altered(Field::Uri),
        ),
        (
            |m| m.version = Some("2".into()),
            Refusal::Altered(Field::Version),
        ),
        (|m| m.version = None, Refusal::Altered(Field::Version)),
        (
            |m| m.nonce = Some("aaaaaaaaaaaaaaaaaaaaaa".into()),
            Refusal::Altered(Field::Nonce),
        ),
        (
            |m| m.issued_at = Some("2023-11-14T22:13:20Z".into()),
            Refusal::Altered(Field::IssuedAt),
        ),
        (
            |m| m.expiration_time = None,
            Refusal::Altered(Field::ExpirationTime),
        ),
        (
            |m| m.expiration_time = Some("2099-01-01T00:00:00.000Z".into()),
            Refusal::Altered(Field::ExpirationTime),
        ),
        (
            |m| m.not_before = Some("2023-11-14T22:13:20.000Z".into()),
            Refusal::Altered(Field::NotBefore),
        ),
        (
            |m| m.request_id = Some("1".into()),
            Refusal::Altered(Field::RequestId),
        ),
        (
            |m| m.resources = Some(vec!["urn:more".into()]),
            Refusal::Altered(Field::Resources),
        ),
        (
            |m| m.resources = Some(vec![]),
            Refusal::Altered(Field::Resources),
        ),
    ];
    let signer = Signer::new(1);
    let issued = common::bound(&signer);
    for (change, refusal) in changes {
        let mut other = issued.clone();
        change(&mut other);
        assert_eq!(check(&issued, &signer.answer(&other), NOW), Err(refusal));
    }
}

#[test]
fn keys_of_another_wallet_are_refused() {
    let (mine, theirs) = (Signer::new(1), Signer::new(2));
    // Another account answers a challenge that names mine.
    assert_eq!(
        check(&common::bound(&mine), &theirs.answer(&unbound()), NOW),
        Err(Refusal::WrongKey)
    );
    // Another account claims to be mine.
    let claimed = SignInOutput {
        account: mine.key(),
        ..theirs.sign(common::bound(&mine).text().into_bytes())
    };
    assert_eq!(
        check(&common::bound(&mine), &claimed, NOW),
        Err(Refusal::Forged)
    );
    // Another account signs a text that names mine.
    let named = theirs.sign(common::bound(&mine).text().into_bytes());
    assert_eq!(
        check(&common::bound(&mine), &named, NOW),
        Err(Refusal::WrongKey)
    );
    // An envelope that names another signer.
    let text = common::bound(&mine).text();
    let envelope = mine.sign(common::ledger(&text, Some(theirs.key())));
    assert!(matches!(
        check(&common::bound(&mine), &envelope, NOW),
        Err(Refusal::MalformedBytes(_))
    ));
}

#[test]
fn clocks_off_either_way() {
    let signer = Signer::new(1);
    let issued = unbound();
    let answer = signer.answer(&issued);
    let end = NOW + SignInPolicy::LIFETIME;
    for (now, expected) in [
        (NOW - SKEW - 1, Err(Refusal::NotYet)),
        (NOW - SKEW, Ok(signer.key())),
        (end - 1, Ok(signer.key())),
        (end, Err(Refusal::Expired)),
        (i64::MAX, Err(Refusal::Expired)),
        (i64::MIN, Err(Refusal::NotYet)),
    ] {
        assert_eq!(check(&issued, &answer, now), expected, "{now}");
    }
    // Whoever issued a challenge without an end issued none that is accepted.
    let endless = SignInMessage {
        expiration_time: None,
        ..issued
    };
    assert_eq!(
        check(&endless, &signer.answer(&endless), NOW),
        Err(Refusal::Expired)
    );
}

/// Keys of small order "sign" every message with R = key or identity and s = 0: the ordinary rules accept some of it.
#[test]
fn keys_of_small_order_are_refused() {
    let small: [&str; 8] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ];
    let points: Vec<[u8; 32]> = small.iter().map(|text| common::hex(text)).collect();
    let mut accepted_without_the_strict_rules = 0;
    for key in &points {
        let account = PublicKey(*key);
        let issued = unbound();
        let message = issued.text_for(&account.to_string()).into_bytes();
        for r in &points {
            let signature = [&r[..], &[0; 32]].concat();
            let ordinary = VerifyingKey::from_bytes(key).unwrap();
            let parsed = ed25519_dalek::Signature::from_slice(&signature).unwrap();
            accepted_without_the_strict_rules +=
                usize::from(ordinary.verify(&message, &parsed).is_ok());
            let output = SignInOutput {
                account,
                signed_message: message.clone(),
                signature,
            };
            assert_eq!(check(&issued, &output, NOW), Err(Refusal::Forged));
        }
    }
    // The trap is real: the rules that we do not use fall into it.
    assert!(accepted_without_the_strict_rules > 0);
}

/// s + L is another writing of the same s: accepted, it would make two signatures of one.
#[test]
fn a_malleable_signature_is_refused() {
    const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let order = common::hex(ORDER);
    let signer = Signer::new(1);
    let issued = unbound();
    let mut output = signer.answer(&issued);
    let mut carry = 0_u16;
    for (byte, add) in output.signature[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = (carry & 0xff) as u8;
        carry >>= 8;
    }
    assert_eq!(carry, 0);
    assert_eq!(check(&issued, &output, NOW), Err(Refusal::Forged));
}

fn line() -> impl Strategy<Value = String> {
    "[ -~äß語]{1,40}"
}

prop_compose! {
    fn message()(
        domain in "[a-z]{1,10}(\\.[a-z]{1,5})?(:[0-9]{2,4})?",
        address in any::<[u8; 32]>(),
        statement in prop::option::of("[A-Z][a-z ,.]{0,60}"),
        fields in prop::collection::vec(prop::option::of(line()), 8),
        resources in prop::option::of(prop::collection::vec(line(), 0..4)),
    ) -> SignInMessage {
        let mut fields = fields.into_iter();
        let mut field = || fields.next().flatten();
        SignInMessage {
            domain, address: Some(PublicKey(address).to_string()), statement,
            uri: field(), version: field(), chain_id: field(), nonce: field(), issued_at: field(),
            expiration_time: field(), not_before: field(), request_id: field(), resources,
        }
    }
}

proptest! {
    /// Two messages never have one text.
    #[test]
    fn what_is_written_reads_back(message in message()) {
        prop_assert_eq!(SignInMessage::parse(&message.text()), Ok(message));
    }

    /// What is read at all is written back as the same bytes.
    #[test]
    fn what_is_read_writes_back(message in message(), at in any::<prop::sample::Index>(), with in "[\\x00-\\x7f]{0,3}") {
        let mut text = message.text();
        let mut at = at.index(text.len());
        while !text.is_char_boundary(at) { at -= 1; }
        text.insert_str(at, &with);
        if let Ok(read) = SignInMessage::parse(&text) {
            prop_assert_eq!(read.text(), text);
        }
    }

    /// No bytes panic.
    #[test]
    fn any_bytes_are_answered(signed_message in prop::collection::vec(any::<u8>(), 0..300), signature in prop::collection::vec(any::<u8>(), 0..80), envelope: bool) {
        let prefix: &[u8] = if envelope { b"\xffsolana offchain\x00" } else { b"" };
        let output = SignInOutput { account: PublicKey([1; 32]), signed_message: [prefix, &signed_message].concat(), signature };
        prop_assert!(check(&unbound(), &output, NOW).is_err());
    }
}
