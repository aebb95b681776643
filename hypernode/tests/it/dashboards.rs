//! The dashboards in a real Chromium, and a panel's file given to `hypernode sql`.

use std::process::Command;
use std::time::Duration;

use crate::support::{FREE_PORTS, Instance, run, stderr, stdout, text, wait_for};

#[test]
fn dashboards_show_the_network_and_their_files_run_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let instance = Instance::start(&data, &[]);
    // The sums follow what is final.
    let as_of = wait_for("final jobs", Duration::from_secs(90), || {
        let panel = instance.get("/api/dashboards/network/jobs_in_total");
        panel["rows"][0][0].as_i64().filter(|jobs| *jobs > 0)?;
        panel["as_of_slot"].as_u64()
    });
    assert!(as_of > 0);

    let profile = folder.path().join("profile");
    for (group, chart) in [
        ("network", "Nodes registered and active"),
        ("jobs", "HYPER paid"),
    ] {
        let address = format!("{}/dashboards/{group}?hours=1", instance.endpoint("api"));
        let page = dom(&profile, &address);
        assert!(page.contains("simulated"), "I-17: {page}");
        assert!(
            page.contains(chart) && page.contains("class=\"line c0\""),
            "{page}"
        );
        assert!(
            page.contains("<table>") && page.contains(".csv?hours=1") && page.contains(".sql\"")
        );
        // The script ran under the page's policy: its button is there, and a fresh page was put in place of the old.
        assert!(
            page.contains("<button type=\"button\" id=\"refresh\">"),
            "{page}"
        );
        assert!(
            !page.contains("cannot be read") && !page.contains("Not refreshing"),
            "{page}"
        );
    }

    // The file begins with comments, as `$(cat FILE)` gives it.
    let panel = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboards/jobs/flow.sql");
    let panel = std::fs::read_to_string(panel).expect("the panel");
    let mut args = vec![
        "sql",
        "--data",
        text(&data),
        "--format",
        "TSV",
        "--param",
        "hours=2",
    ];
    args.extend(FREE_PORTS);
    args.push(&panel);
    let output = run(&args);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 120);
    assert_eq!(instance.stop(), Some(0));
}

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
