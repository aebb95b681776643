//! Signatures that are not what was asked for, each refused with a way on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hypernode_accounts::siws::SignInMessage;
use serde_json::{Value, json};

use crate::support::access::{DOMAIN, Doors, Wallet};

const PATH: &str = "/api/auth/sign-in";

async fn refused(doors: &Doors, output: &Value, says: &str) {
    let (status, body) = doors.post(PATH, None, output).await;
    assert_eq!(status, 401, "{says}: {body}");
    let text = body["error"].as_str().expect("a text");
    assert!(text.contains(says), "{says}: {text}");
    assert!(body.get("token").is_none(), "{body}");
}

/// What the wallet signs instead of what it was given.
async fn changed(doors: &Doors, wallet: &Wallet, from: &str, to: &str) -> Value {
    let text = doors.text(wallet).await;
    assert!(text.contains(from), "{text}");
    wallet.output(&text.replace(from, to))
}

#[tokio::test]
async fn a_forged_signature_is_refused_and_does_not_spend_the_challenge() {
    let doors = Doors::open().await;
    let (wallet, other) = (Wallet::new(1), Wallet::new(2));
    let text = doors.text(&wallet).await;
    let good = wallet.output(&text);
    let says = "sign in again with the wallet";
    let mut flipped = wallet.sign(text.as_bytes());
    flipped[40] ^= 1;
    for signature in [flipped, [0; 64], other.sign(text.as_bytes())] {
        let mut forged = good.clone();
        forged["signature"] = STANDARD.encode(signature).into();
        refused(&doors, &forged, says).await;
    }
    // The text stays, its signature is of another text.
    let mut moved = good.clone();
    moved["signature"] = wallet.output("something else")["signature"].clone();
    refused(&doors, &moved, says).await;
    let (status, body) = doors.post(PATH, None, &good).await;
    assert_eq!((status, &body["via"]), (200, &json!("session")), "{body}");
}

#[tokio::test]
async fn another_account_than_the_one_that_asked_is_refused() {
    let doors = Doors::open().await;
    let (wallet, other) = (Wallet::new(1), Wallet::new(2));
    let says = "choose that account in the wallet, or ask anew";
    // The text names one account, the answer another.
    let text = doors.text(&wallet).await;
    refused(&doors, &other.output(&text), says).await;
    // The text is rewritten for the other, who signs it well.
    let rewritten = text.replace(&wallet.address(), &other.address());
    refused(&doors, &other.output(&rewritten), says).await;
}

#[tokio::test]
async fn a_signature_works_once() {
    let doors = Doors::open().await;
    let wallet = Wallet::new(1);
    let output = wallet.output(&doors.text(&wallet).await);
    let tries = (0..8).map(|_| doors.post(PATH, None, &output));
    let answers = futures::future::join_all(tries).await;
    let signed_in = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(signed_in, 1, "{answers:?}");
    refused(
        &doors,
        &output,
        "was used already or is not ours: ask for a new one",
    )
    .await;
}

#[tokio::test]
async fn a_signature_for_another_place_is_refused() {
    let doors = Doors::open().await;
    let wallet = Wallet::new(1);
    for elsewhere in ["evil.example", "hub.example.evil.example", "hub.example:81"] {
        let output = changed(
            &doors,
            &wallet,
            &format!("{DOMAIN} wants"),
            &format!("{elsewhere} wants"),
        )
        .await;
        refused(
            &doors,
            &output,
            "for another site: it must be for hub.example",
        )
        .await;
    }
    // The page's address alone.
    let output = changed(
        &doors,
        &wallet,
        "https://hub.example",
        "https://evil.example",
    )
    .await;
    refused(&doors, &output, "sign its text unchanged").await;
    let output = changed(&doors, &wallet, "solana:localnet", "solana:mainnet").await;
    refused(&doors, &output, "switch the wallet to solana:localnet").await;
    // Nor is a challenge given for another place.
    let asked = json!({"domain": "evil.example"});
    let (status, body) = doors.post("/api/auth/challenge", None, &asked).await;
    assert_eq!(status, 400, "{body}");
    let text = body["error"].as_str().expect("a text");
    assert!(
        text.contains(DOMAIN) && text.contains("api.domain"),
        "{text}"
    );
}

#[tokio::test]
async fn a_text_whose_time_is_over_or_was_moved_is_refused() {
    let doors = Doors::open().await;
    let wallet = Wallet::new(1);
    let text = doors.text(&wallet).await;
    let asked = SignInMessage::parse(&text).expect("the text of a challenge");
    let old = SignInMessage {
        nonce: Some("aZ09aZ09aZ09aZ09aZ09aZ".into()),
        issued_at: Some("2024-01-01T00:00:00.000Z".into()),
        expiration_time: Some("2024-01-01T00:05:00.000Z".into()),
        ..asked.clone()
    };
    let says = "has expired: ask for a new one and sign it within 5 minutes";
    refused(&doors, &wallet.output(&old.text()), says).await;
    let longer = SignInMessage {
        expiration_time: Some("2099-01-01T00:00:00.000Z".into()),
        ..asked
    };
    let says = "(ExpirationTime): ask for a new sign-in";
    refused(&doors, &wallet.output(&longer.text()), says).await;
    // What was changed has not spent the challenge.
    let (status, body) = doors.post(PATH, None, &wallet.output(&text)).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn what_is_no_sign_in_text_is_refused() {
    let doors = Doors::open().await;
    let wallet = Wallet::new(1);
    let text = doors.text(&wallet).await;
    let says = "ask for a new sign-in and sign its text unchanged";
    for other in [
        "",
        "hello",
        &format!("{text}\n"),
        &format!("{text}\nResources:\n- x\n"),
    ] {
        refused(&doors, &wallet.output(other), says).await;
    }
    let mut bytes = wallet.output(&text);
    bytes["signedMessage"] = STANDARD.encode([0xff, 0xfe]).into();
    refused(&doors, &bytes, says).await;
}
