//! Who may do what over HTTP: every operation of the OpenAPI document, tried in each role.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hypernode_schemas::openapi;
use reqwest::Method;
use serde_json::{Value, json};
use support::access::{Doors, Wallet};
use support::schema::check;

/// Roles as the document names them. A host sends its node's token.
const ROLES: [&str; 6] = ["public", "wallet", "agent", "data-team", "operator", "host"];

fn document() -> Value {
    serde_json::from_str(openapi::TEXT).expect("the document is JSON")
}

/// Every operation: path, method, what is said of it.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, item): (&'_ String, &'_ Value)| -> Vec<(String, String)> {
        let methods = item.as_object().expect("operations").keys();
        methods
            .map(|method| (path.clone(), method.clone()))
            .collect()
    };
    let names: Vec<(String, String)> = paths.iter().flat_map(of).collect();
    names
        .iter()
        .map(|(path, method)| {
            let (path, item) = paths.get_key_value(path).expect("the path");
            let (method, operation) = item
                .as_object()
                .expect("operations")
                .get_key_value(method)
                .expect("the method");
            (path.as_str(), method.as_str(), operation)
        })
        .collect()
}

fn allowed(operation: &Value) -> BTreeSet<&str> {
    let roles = operation["x-roles"].as_array().expect("x-roles");
    roles
        .iter()
        .map(|role| role.as_str().expect("a role"))
        .collect()
}

// I-41.
#[tokio::test]
async fn each_role_may_what_the_document_says_and_nothing_else() {
    let document = document();
    let doors = Doors::open().await;
    let wallet = doors.session(&Wallet::new(1)).await;
    let agent = doors
        .key(&wallet, &["agent", "read", "jobs:read", "jobs:write"])
        .await;
    let data = doors.session_in_role(&Wallet::new(2), "data-team").await;
    let operator = doors.session_in_role(&Wallet::new(3), "operator").await;
    let (host, _) = doors.node(&Wallet::new(4)).await;
    let tokens = [
        None,
        Some(wallet),
        Some(agent),
        Some(data),
        Some(operator),
        Some(host),
    ];
    let mut tried = 0;
    for (path, method, operation) in operations(&document) {
        let allowed = allowed(operation);
        let address = path
            .replace("{id}", "unknown1")
            .replace("{wallet}", &Wallet::new(1).address())
            .replace("{name}", "jobs_completed")
            .replace("{signature}", &"1".repeat(64))
            .replace("{group}", "jobs")
            .replace("{panel}", "hyper_paid");
        for (role, token) in ROLES.iter().zip(&tokens) {
            // Signing out would end the test's own sessions.
            if path == "/api/auth/sign-out" && *role != "public" {
                continue;
            }
            let method: Method = method.to_uppercase().parse().expect("a method");
            let answer = doors
                .send(method.clone(), &address, token.as_deref(), &json!({}))
                .await;
            let status = answer.status().as_u16();
            let refused = matches!(status, 401 | 403);
            let may = allowed.contains("public") || allowed.contains(role);
            assert_eq!(!refused, may, "{method} {path} as {role}: {status}");
            if refused {
                let is_public = *role == "public";
                assert_eq!(
                    status,
                    if is_public { 401 } else { 403 },
                    "{method} {path} as {role}"
                );
                let said = answer.headers().get("www-authenticate").is_some();
                assert_eq!(said, is_public, "{method} {path} as {role}");
                let body: Value = answer.json().await.expect("JSON");
                let text = body["error"].as_str().expect("a text");
                if is_public {
                    assert!(
                        text.contains("/api/auth/challenge") && text.contains("hn_live_"),
                        "{text}"
                    );
                }
            }
            tried += 1;
        }
    }
    assert!(tried > 450, "{tried}");
}

/// The table for people, made from the document. `HYPERNODE_WRITE=1` writes it anew.
#[test]
fn the_table_of_routes_is_that_of_the_document() {
    let document = document();
    let mut table = String::from(
        "# Routes\n\nWho may call each route: made from the OpenAPI document, which a test walks in every role. `public` is\n\
         everybody; a wallet signs in; an agent is an API key with the scope `agent`; a host proves a key of its own.\n\n\
         | route | what it does | who |\n|---|---|---|\n",
    );
    for (path, method, operation) in operations(&document) {
        let who: Vec<&str> = operation["x-roles"]
            .as_array()
            .expect("x-roles")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let what = operation["summary"]
            .as_str()
            .expect("a summary")
            .replace('|', "\\|");
        let _ = writeln!(
            table,
            "| `{} {path}` | {what} | {} |",
            method.to_uppercase(),
            who.join(", ")
        );
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/ROUTES.md");
    if std::env::var("HYPERNODE_WRITE").is_ok() {
        std::fs::write(path, &table).expect("written");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == table,
        "docs/ROUTES.md is not that of schemas/openapi.json: run this test with HYPERNODE_WRITE=1"
    );
}

#[tokio::test]
async fn answers_of_somebodys_own_are_as_documented() {
    let document = document();
    let doors = Doors::open().await;
    let wallet = Wallet::new(7);
    let session = doors.session(&wallet).await;
    let me = doors.session_in_role(&Wallet::new(8), "operator").await;
    let made = doors
        .send(Method::POST, "/api/keys", Some(&session), &json!({"scopes": ["read"], "label": "ci", "expiresInDays": 30, "spendCap": "18446744073709551615"}))
        .await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.expect("JSON");
    assert_eq!(made["key"]["spendCap"], "18446744073709551615");
    let id = made["key"]["id"].as_str().expect("an id").to_owned();
    for (method, path, shape, token, body, status) in [
        (
            Method::POST,
            "/api/auth/challenge",
            "/api/auth/challenge",
            None,
            json!({"address": wallet.address()}),
            200,
        ),
        (
            Method::GET,
            "/api/auth/me",
            "/api/auth/me",
            Some(&session),
            json!({}),
            200,
        ),
        (
            Method::GET,
            "/api/auth/sessions",
            "/api/auth/sessions",
            Some(&session),
            json!({}),
            200,
        ),
        (
            Method::GET,
            "/api/keys",
            "/api/keys",
            Some(&session),
            json!({}),
            200,
        ),
        (
            Method::POST,
            &format!("/api/keys/{id}/cap"),
            "/api/keys/{id}/cap",
            Some(&session),
            json!({"spendCap": "5"}),
            200,
        ),
        (
            Method::POST,
            &format!("/api/keys/{id}/rotate"),
            "/api/keys/{id}/rotate",
            Some(&session),
            json!({"graceSeconds": 60}),
            201,
        ),
        (
            Method::DELETE,
            &format!("/api/keys/{id}"),
            "/api/keys/{id}",
            Some(&session),
            json!({}),
            200,
        ),
        (
            Method::POST,
            "/api/hosts/challenge",
            "/api/hosts/challenge",
            None,
            json!({}),
            200,
        ),
        (
            Method::GET,
            "/api/hosts/keys",
            "/api/hosts/keys",
            Some(&session),
            json!({}),
            200,
        ),
        (
            Method::GET,
            "/api/operator/roles",
            "/api/operator/roles",
            Some(&me),
            json!({}),
            200,
        ),
        (
            Method::GET,
            "/api/operator/trail?limit=5",
            "/api/operator/trail",
            Some(&me),
            json!({}),
            200,
        ),
        (
            Method::POST,
            "/api/auth/sign-out",
            "/api/auth/sign-out",
            Some(&session),
            json!({"everywhere": true}),
            200,
        ),
    ] {
        let answer = doors
            .send(method.clone(), path, token.map(String::as_str), &body)
            .await;
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        let body: Value = answer.json().await.expect("JSON");
        let name = method.as_str().to_lowercase();
        let schema = &document["paths"][shape][name]["responses"][status.to_string()]["content"]["application/json"]
            ["schema"];
        let mut problems = Vec::new();
        check(&document, schema, &body, shape, &mut problems);
        assert!(problems.is_empty(), "{problems:#?}");
    }
    // Signed out everywhere: at once.
    let answer = doors
        .send(Method::GET, "/api/keys", Some(&session), &json!({}))
        .await;
    assert_eq!(answer.status(), 401);
}
