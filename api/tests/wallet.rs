//! A wallet's own library signs in to a served application, as a page would have it do.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use serde_json::Value;
use support::access::Doors;
use tokio::process::Command;

const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("wallet/package.json")),
    (
        "package-lock.json",
        include_str!("wallet/package-lock.json"),
    ),
    ("sign_in.mjs", include_str!("wallet/sign_in.mjs")),
];

async fn run(directory: &Path, program: &str, arguments: &[&str]) -> Option<Output> {
    let child = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(Duration::from_secs(200), child).await;
    ended.expect("it ends").ok()
}

/// Whether a program is there; without it the test cannot run, which is a failure in CI.
async fn has(program: &str) -> bool {
    let here = run(Path::new("/"), program, &["--version"]).await;
    let has = here.is_some_and(|output| output.status.success());
    assert!(
        has || std::env::var_os("CI").is_none(),
        "{program} is needed: install the Debian package {}",
        if program == "node" { "nodejs" } else { "npm" }
    );
    if !has {
        eprintln!("skipped: {program} is not there");
    }
    has
}

fn succeeded(output: &Output, what: &str) -> String {
    let (said, told) = (&output.stdout, &output.stderr);
    let (said, told) = (String::from_utf8_lossy(said), String::from_utf8_lossy(told));
    assert!(output.status.success(), "{what}: {said}\n{told}");
    said.into_owned()
}

#[tokio::test]
async fn a_wallets_library_signs_in() {
    if !has("node").await || !has("npm").await {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in FILES {
        std::fs::write(directory.path().join(name), text).expect("written");
    }
    let install = [
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--omit=optional",
        "--silent",
    ];
    let installed = run(directory.path(), "npm", &install).await;
    succeeded(&installed.expect("npm runs"), "npm ci");

    let doors = Doors::open().await;
    let script = ["sign_in.mjs", doors.server.base.as_str()];
    let signed = run(directory.path(), "node", &script).await;
    let said = succeeded(&signed.expect("node runs"), "sign_in.mjs");
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let mut wallets = Vec::new();
    for way in ["signIn", "signInAs", "signMessage"] {
        let result = &said[way];
        let address = result["address"].as_str().expect("an address");
        address
            .parse::<hypernode_accounts::PublicKey>()
            .expect("an address of Solana");
        assert_eq!(result["signedIn"], address, "{way}");
        for me in [&result["byToken"], &result["byCookie"]] {
            assert_eq!(me["wallet"], address, "{way}: {me}");
            assert_eq!(me["via"], "session", "{way}: {me}");
        }
        wallets.push(address);
    }
    wallets.sort_unstable();
    wallets.dedup();
    assert_eq!(wallets.len(), 3, "each way by a wallet of its own");
}
