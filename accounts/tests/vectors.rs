//! The text is byte for byte what `createSignInMessageText` of `@solana/wallet-standard-util` 1.1.4 makes.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use hypernode_accounts::siws::SignInMessage;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    name: String,
    input: SignInMessage,
    text: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors/siws.json")).unwrap()
}

#[test]
fn texts_are_those_of_the_wallet_standard() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 10);
    for Vector { name, input, text } in vectors {
        assert_eq!(input.text(), text, "{name}");
        let read = SignInMessage::parse(&text).unwrap();
        assert_eq!(read.text(), text, "{name}");
        if name != "empty_fields" {
            assert_eq!(read, input, "{name}");
        }
    }
}

#[test]
fn what_a_wallet_is_sent_is_its_own_input_type() {
    for Vector { name, input, .. } in vectors() {
        let json = serde_json::to_value(&input).unwrap();
        let back: SignInMessage = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(back, input, "{name}");
        // Absent fields are absent, not null: wallets then leave their lines out.
        assert!(
            json.as_object()
                .unwrap()
                .values()
                .all(|value| !value.is_null()),
            "{name}"
        );
    }
    let unknown = serde_json::from_str::<SignInMessage>(r#"{"domain":"hub.example","more":"x"}"#);
    assert!(unknown.is_err());
}

#[test]
fn only_the_format_itself_is_read() {
    let address = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";
    let head = format!("hub.example wants you to sign in with your Solana account:\n{address}");
    let good =
        format!("{head}\n\nSign in.\n\nURI: https://hub.example\nVersion: 1\nNonce: abcdefgh");
    assert!(SignInMessage::parse(&good).is_ok());
    for bad in [
        String::new(),
        address.into(),
        good.replace("Solana account", "Ethereum account"),
        good.replace(" wants", "  wants").replace("hub.example", ""),
        good.replace(address, "not-an-address"),
        good.replace(address, &address[..20]),
        format!("{good}\n"),
        format!("{head}\n"),
        format!("{head}\n\n"),
        format!("{head}\n\nSign in.\n"),
        format!("{head}\n\nSign in.\n\n"),
        format!("{head}\n\nOne.\nTwo.\n\nVersion: 1"),
        format!("{head}\nVersion: 1"),
        good.replace("\nVersion: 1", "\nVersion: 1\nVersion: 1"),
        good.replace("\nVersion: 1", "\nVersion: "),
        good.replace("\nVersion: 1", "\nVersion: 1\r"),
        good.replace(
            "\nVersion: 1\nNonce: abcdefgh",
            "\nNonce: abcdefgh\nVersion: 1",
        ),
        good.replace("URI: ", "uri: "),
        format!("{good}\nResources:\n- "),
        format!("{good}\nResources:\nhttps://hub.example"),
        format!("{good}\nResources:\n- urn:a\nRequest ID: 1"),
        format!("{good}\nUnknown: 1"),
        good.replace("Sign in.", "Sign\u{7f}in."),
        format!("{good}{}", "a".repeat(5000)),
    ] {
        assert!(SignInMessage::parse(&bad).is_err(), "{bad:?}");
    }
}
