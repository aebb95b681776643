//! The page in a real Chromium.

use std::process::Command;
use std::time::Duration;

use crate::support::{Instance, text, wait_for};

/// What the browser makes of a page, after its scripts ran.
fn dom(profile: &std::path::Path, url: &str) -> String {
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!("--user-data-dir={}", text(profile)))
        .args(["--virtual-time-budget=4000", "--dump-dom", url])
        .output()
        .expect("chromium runs; scripts/test installs it");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_page_shows_live_numbers_and_the_word_simulated() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let instance = Instance::start(&data, &[]);
    let receipt = wait_for("a first receipt", Duration::from_secs(60), || {
        let answer = instance.get("/api/metrics/validation?limit=1");
        answer["validation"]["recentReceipts"][0]["txSignature"]
            .as_str()
            .map(str::to_owned)
    });
    let profile = folder.path().join("profile");
    let page = dom(&profile, &instance.endpoint("api"));
    assert!(page.contains("simulated"), "I-17: {page}");
    assert!(
        page.contains("/tx/"),
        "receipts link to our own transaction page: {page}"
    );
    let transaction = dom(
        &profile,
        &format!("{}/tx/{receipt}", instance.endpoint("api")),
    );
    assert!(
        transaction.contains(&receipt) && transaction.contains("simulated"),
        "{transaction}"
    );
    assert_eq!(instance.stop(), Some(0));
}
