//! Who may do what on a running instance: nobody at first, then an operator who was named on the machine itself.

use serde_json::{Value, json};
use solana_sdk::signature::{Keypair, Signer as _};

use crate::support::{Instance, block_on, run, stderr, stdout, text};

/// POST with a token, if any: status and JSON.
pub(crate) fn post(
    instance: &Instance,
    path: &str,
    token: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    let url = format!("{}{path}", instance.endpoint("api"));
    block_on(async {
        let mut request = reqwest::Client::new().post(url).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    })
}

/// A session of the wallet.
pub(crate) fn sign_in(instance: &Instance, wallet: &Keypair) -> String {
    let address = wallet.pubkey().to_string();
    let (status, challenge) = post(
        instance,
        "/api/auth/challenge",
        None,
        &json!({"address": address}),
    );
    assert_eq!(status, 200, "{challenge}");
    let message = challenge["message"].as_str().expect("a text");
    assert!(message.contains("Chain ID: solana:localnet"), "{message}");
    let signed = json!({
        "address": address,
        "signedMessage": base64_simd::STANDARD.encode_to_string(message),
        "signature": wallet.sign_message(message.as_bytes()).to_string(),
    });
    let (status, session) = post(instance, "/api/auth/sign-in", None, &signed);
    assert_eq!(status, 200, "{session}");
    session["token"].as_str().expect("a token").to_owned()
}

#[test]
fn changes_need_somebody_and_open_dev_needs_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let update = json!({"type": "job_completed", "data": {"cost": 1}});

    let instance = Instance::start(&data, &[]);
    let (status, body) = post(&instance, "/api/metrics/update", None, &update);
    assert_eq!(status, 401, "{body}");
    let hint = body["error"].as_str().expect("a text");
    assert!(
        hint.contains("/api/auth/sign-in") && hint.contains("hn_live_"),
        "{hint}"
    );
    assert_eq!(post(&instance, "/api/jobs", None, &json!({})).0, 401);
    assert!(
        instance.get("/api/metrics")["success"]
            .as_bool()
            .expect("old reads work")
    );

    // The first operator: whoever can read a file of the machine.
    let wallet = Keypair::new();
    let token = sign_in(&instance, &wallet);
    assert_eq!(
        post(&instance, "/api/metrics/update", Some(&token), &update).0,
        403
    );
    let code = run(&["operator", "code", "--data", text(&data)]);
    assert_eq!(code.status.code(), Some(0), "{}", stderr(&code));
    let code = stdout(&code).trim().to_owned();
    let (status, body) = post(
        &instance,
        "/api/operator/claim",
        Some(&token),
        &json!({"code": "wrong"}),
    );
    assert_eq!(status, 400, "{body}");
    let (status, body) = post(
        &instance,
        "/api/operator/claim",
        Some(&token),
        &json!({"code": code}),
    );
    assert_eq!(status, 200, "{body}");
    let token = sign_in(&instance, &wallet);
    let (status, body) = post(&instance, "/api/metrics/update", Some(&token), &update);
    assert_eq!((status, &body["source"]), (200, &json!("posted")), "{body}");

    // On the machine itself, beside the running instance.
    let list = run(&["operator", "list", "--data", text(&data)]);
    assert!(
        stdout(&list).contains(&wallet.pubkey().to_string()),
        "{}",
        stdout(&list)
    );
    let last = run(&[
        "operator",
        "revoke",
        &wallet.pubkey().to_string(),
        "--data",
        text(&data),
    ]);
    assert_eq!(last.status.code(), Some(2));
    assert!(stderr(&last).contains("last operator"), "{}", stderr(&last));
    let copy = folder.path().join("copy.db");
    let backup = run(&[
        "state",
        "backup",
        "--to",
        text(&copy),
        "--data",
        text(&data),
    ]);
    assert_eq!(backup.status.code(), Some(0), "{}", stderr(&backup));
    assert!(copy.metadata().expect("a copy").len() > 0);
    assert_eq!(instance.stop(), Some(0));

    let open = Instance::start(&data, &["--open-dev"]);
    let (status, body) = post(&open, "/api/metrics/update", None, &update);
    assert_eq!(status, 200, "{body}");
    let pages = block_on(async {
        let mut pages = Vec::new();
        for path in ["/", "/dashboards"] {
            let page = reqwest::get(format!("{}{path}", open.endpoint("api"))).await;
            pages.push((path, page.expect("an answer").text().await.expect("text")));
        }
        pages
    });
    for (path, page) in pages {
        assert!(page.contains("Open for development"), "{path}");
    }
}

#[test]
fn open_dev_is_refused_where_others_could_connect() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let args = [
        "up",
        "--open-dev",
        "--geyser",
        "http://127.0.0.1:9",
        "--genesis",
        "11111111111111111111111111111111",
        "--set",
        "api.bind=0.0.0.0",
        "--data",
        text(&data),
    ];
    let refused = run(&args);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert!(
        said.contains("--open-dev") && said.contains("0.0.0.0"),
        "{said}"
    );
    assert!(!data.exists(), "nothing was made");
}
