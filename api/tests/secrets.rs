//! Nothing secret is logged or printed: whatever is asked, at the finest level of every library.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hypernode_accounts::{Credential, operators};
use hypernode_api::Posting;
use reqwest::Method;
use serde_json::{Value, json};
use support::access::{Doors, Wallet};
use support::history;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes what this process logs from now on, of all crates and levels, spans and their fields too.
    fn begin() -> Self {
        let log = Self::default();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(log.clone())
            .try_init()
            .expect("the only log of this process");
        log
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().expect("not poisoned");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What must be nowhere: what it is, and how it would look.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// As text, and as `Debug` and hexadecimal digits show its bytes.
    fn add(&mut self, what: &str, secret: &[u8]) {
        assert!(
            secret.len() >= 20,
            "{what}: short enough to occur by chance"
        );
        let bytes: Vec<String> = secret.iter().map(ToString::to_string).collect();
        let mut forms = vec![
            bytes.join(", "),
            hex::encode(secret),
            STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        ];
        forms.extend(String::from_utf8(secret.to_vec()));
        self.0
            .extend(forms.into_iter().map(|form| (what.to_owned(), form)));
    }

    /// A token or key: its secret part alone.
    fn add_token(&mut self, token: &str) {
        let (_, secret) = token.rsplit_once('_').expect("a token");
        // A part of it is too much already.
        self.add("the beginning of a token", &secret.as_bytes()[..20]);
        self.add("the end of a token", &secret.as_bytes()[23..]);
    }

    fn add_signature(&mut self, output: &Value) {
        let signature = output["signature"].as_str().expect("base64");
        let signature = STANDARD.decode(signature).expect("base64");
        self.add("a signature", &signature);
        let mut text = [0; five8::BASE58_ENCODED_64_MAX_LEN];
        let array: [u8; 64] = signature.try_into().expect("64 bytes");
        let length = usize::from(five8::encode_64(&array, &mut text));
        self.add("a signature in base58", &text[..length]);
        self.add(
            "a signed text",
            output["signedMessage"].as_str().expect("base64").as_bytes(),
        );
    }

    fn found_in<'a>(&'a self, text: &str) -> Vec<&'a str> {
        let found = self
            .0
            .iter()
            .filter(|(_, form)| text.contains(form.as_str()));
        found.map(|(what, _)| what.as_str()).collect()
    }
}

/// Sign-in, also by cookie, and ways in which it fails.
async fn sign_ins(doors: &Doors, wallet: &Wallet, secrets: &mut Secrets) -> String {
    let text = doors.text(wallet).await;
    let nonce = text.lines().find_map(|line| line.strip_prefix("Nonce: "));
    secrets.add("a nonce", nonce.expect("a nonce").as_bytes());
    let good = wallet.output(&text);
    secrets.add_signature(&good);
    let altered = wallet.output(&doors.text(wallet).await.replace("localnet", "mainnet"));
    secrets.add_signature(&altered);
    let mut forged = good.clone();
    forged["signature"] = altered["signature"].clone();
    let mut broken = good.clone();
    broken["signature"] = good["signature"].as_str().expect("text")[1..].into();
    let mut unknown = good.clone();
    unknown[good["signature"].as_str().expect("text")] = 1.into();
    for (output, status) in [(altered, 401), (forged, 401), (broken, 400), (unknown, 400)] {
        let (got, body) = doors.post("/api/auth/sign-in", None, &output).await;
        assert_eq!(got, status, "{body}");
    }
    let (status, body) = doors.post("/api/auth/sign-in", None, &good).await;
    assert_eq!(status, 200);
    let token = body["token"].as_str().expect("a token").to_owned();
    secrets.add_token(&token);
    let (status, _) = doors.post("/api/auth/sign-in", None, &good).await;
    assert_eq!(status, 401, "replayed");
    let cookie = format!("hn_session={token}");
    for (method, path, headers, status) in [
        (
            Method::GET,
            "/api/auth/me",
            vec![("cookie", cookie.as_str())],
            200,
        ),
        (
            Method::POST,
            "/api/keys",
            vec![("cookie", &cookie), ("origin", "https://evil.example")],
            403,
        ),
    ] {
        let answer = doors.ask(method, path, &headers, "").await;
        assert_eq!(answer.status(), status, "{path}");
    }
    token
}

/// Keys made, used, rotated, sent wrongly, revoked.
async fn keys(doors: &Doors, session: &str, secrets: &mut Secrets) {
    let first = doors.key(session, &["read", "agent"]).await;
    secrets.add_token(&first);
    let id = first.split('_').nth(2).expect("an id");
    let path = format!("/api/keys/{id}/rotate");
    let grace = json!({"graceSeconds": 60});
    let (status, rotated) = doors.post(&path, Some(session), &grace).await;
    assert_eq!(status, 201, "{rotated}");
    let second = rotated["secret"].as_str().expect("a key").to_owned();
    secrets.add_token(&second);
    // Copied in part, with another end, as another scheme, in a body where it does not belong.
    let other_end = format!("{}x", &second[..second.len() - 1]);
    for (token, status) in [
        (first.as_str(), 200),
        (&second, 200),
        (&second[..second.len() - 1], 401),
        (&second[3..], 401),
        (&other_end, 401),
    ] {
        let answer = doors
            .send(Method::GET, "/api/auth/me", Some(token), &json!({}))
            .await;
        assert_eq!(answer.status(), status);
    }
    let basic = format!("Basic {second}");
    doors
        .ask(
            Method::GET,
            "/api/auth/me",
            &[("authorization", &basic)],
            "",
        )
        .await;
    for body in [json!({second.as_str(): 1}), json!({"scopes": [second]})] {
        let (status, _) = doors.post("/api/keys", Some(session), &body).await;
        assert_eq!(status, 400);
    }
    let posted = doors
        .post("/api/metrics/update", Some(&second), &json!({}))
        .await;
    assert_eq!(posted.0, 403);
    let path = format!("/api/keys/{id}");
    let ended = doors
        .send(Method::DELETE, &path, Some(session), &json!({}))
        .await;
    assert_eq!(ended.status(), 200);
    let (status, _) = doors
        .post("/api/nodes/register", Some(&first), &json!({}))
        .await;
    assert_eq!(status, 401, "revoked");
}

/// The first operator.
async fn operator(doors: &Doors, session: &str, secrets: &mut Secrets) {
    let path = operators::begin(&*doors.store, doors.directory.path()).await;
    let path = path.expect("a code").expect("a path");
    let code = std::fs::read_to_string(path)
        .expect("a code")
        .trim()
        .to_owned();
    secrets.add("the operator's code", code.as_bytes());
    let wrong = format!("{code}x");
    for (code, status) in [(&wrong, 400), (&code, 200), (&code, 409)] {
        let body = json!({"code": code});
        let (got, body) = doors
            .post("/api/operator/claim", Some(session), &body)
            .await;
        // The file is gone then, and with it what the code would have to be.
        let fits = got == status || (status == 409 && got == 400);
        assert!(fits, "{got}: {body}");
    }
}

#[tokio::test]
async fn no_secret_is_logged_or_printed() {
    let log = Log::begin();
    let doors = Doors::open().await;
    let mut secrets = Secrets::default();
    let session = sign_ins(&doors, &Wallet::new(1), &mut secrets).await;
    keys(&doors, &session, &mut secrets).await;
    operator(&doors, &session, &mut secrets).await;
    let again = doors.session(&Wallet::new(1)).await;
    secrets.add_token(&again);
    let everywhere = json!({"everywhere": true});
    let (status, _) = doors
        .post("/api/auth/sign-out", Some(&again), &everywhere)
        .await;
    assert_eq!(status, 200);
    doors
        .access
        .accounts
        .auth()
        .write_uses()
        .await
        .expect("written");

    let word = "of-those-who-post-figures";
    secrets.add("the secret of posted figures", word.as_bytes());
    let posting = Posting::new(history::unreachable(), Some(word));
    // A failure that is logged.
    let server = support::serve_posting(&history::unreachable(), posting.clone()).await;
    let figures = server
        .web
        .post(format!("{}/api/metrics/update", server.base));
    let figures = figures
        .bearer_auth(word)
        .json(&json!({"type": "job_completed", "data": {}}));
    let answer = figures.send().await.expect("an answer");
    assert_eq!(answer.status(), 500);

    let logged = log.text();
    assert!(
        logged.contains("a posted figure is not kept") && logged.contains("TRACE"),
        "{logged}"
    );
    assert_eq!(secrets.found_in(&logged), Vec::<&str>::new(), "{logged}");

    let credential = Credential::parse(&session).expect("a token");
    let printed = format!(
        "{:?} {:?} {:?} {:?} {credential:?} {posting:?} {:?}",
        doors.access,
        doors.access.accounts,
        doors.access.limiter,
        doors.store,
        doors.state.clone().posting(posting.clone()),
    );
    assert_eq!(secrets.found_in(&printed), Vec::<&str>::new(), "{printed}");

    // The search finds what is there.
    tracing::info!("{session} {:?}", session.as_bytes());
    let found = secrets.found_in(&log.text());
    assert_eq!(found.len(), 4, "{found:?}");
}
