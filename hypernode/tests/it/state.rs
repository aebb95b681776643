//! The store of accounts as a file, and an instance that speaks TLS, by the commands beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use solana_sdk::signature::{Keypair, Signer as _};

use crate::support::{FREE_PORTS, Instance, run, stderr, stdout, text};

/// Runs a command on a directory: exit code, and what it said on both ways.
fn said(data: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = run(&[args, &["--data", text(data)]].concat());
    let both = format!("{}{}", stdout(&output), stderr(&output));
    (output.status.code(), both)
}

/// A certificate for another name than this machine's, signed by nobody, and its key: both PEM.
fn certificate() -> (String, String) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec!["hub.example".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate");
    (
        pem("CERTIFICATE", certificate.der()),
        pem("PRIVATE KEY", key.serialized_der()),
    )
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64_simd::STANDARD.encode_to_string(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

#[test]
fn commands_reach_an_instance_that_speaks_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let (own, key) = (folder.path().join("hub.pem"), folder.path().join("hub.key"));
    let made = certificate();
    fs::write(&own, &made.0).expect("a file");
    fs::write(&key, &made.1).expect("a file");
    let settings = [
        format!("api.tls_certificate={}", own.display()),
        format!("api.tls_key={}", key.display()),
    ];
    let more = ["--set", &settings[0], "--set", &settings[1], "--open-dev"];
    let instance = Instance::start(&data, &more);
    assert!(instance.endpoint("api").starts_with("https://"));
    let (code, status) = said(&data, &["status"]);
    assert_eq!(code, Some(0), "{status}");
    assert!(status.contains("open-dev   ON"), "{status}");
    let (code, top) = said(&data, &["top", "--once"]);
    assert_eq!(code, Some(0), "{top}");
    let doctor = run(&["doctor", "--json", "--data", text(&data)]);
    let findings: Vec<Value> = serde_json::from_str(&stdout(&doctor)).expect("JSON");
    let verdict = |area: &str| {
        let found = findings.iter().find(|one| one["area"] == area);
        found.map(|one| one["verdict"].clone())
    };
    assert_eq!(verdict("instance"), Some("good".into()), "{findings:?}");
    assert_eq!(verdict("open-dev"), Some("note".into()), "{findings:?}");
    let node = Keypair::new().pubkey().to_string();
    let (_, audit) = said(&data, &["audit", "--node", &node]);
    assert!(!audit.contains("does not answer"), "{audit}");
    // Another certificate in the file is not the instance's: nobody else is taken for it.
    fs::write(&own, certificate().0).expect("a file");
    let (code, audit) = said(&data, &["audit", "--node", &node]);
    assert_eq!(code, Some(2), "{audit}");
    assert!(audit.contains("does not answer"), "{audit}");
    let (code, status) = said(&data, &["status"]);
    assert_eq!(code, Some(1), "{status}");
    let log = fs::read_to_string(data.with_extension("log")).expect("a log");
    assert!(log.contains("OPEN FOR DEVELOPMENT"), "{log}");
}

#[test]
fn a_store_is_backed_up_restored_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let path = data.join("state.db");
    let instance = Instance::start(&data, &[]);
    let wallet = Keypair::new().pubkey().to_string();
    let (code, text_of) = said(&data, &["operator", "grant", &wallet]);
    assert_eq!(code, Some(0), "{text_of}");
    let copy = folder.path().join("copy.db");
    assert_eq!(
        said(&data, &["state", "backup", "--to", text(&copy)]).0,
        Some(0)
    );
    let later = Keypair::new().pubkey().to_string();
    let grant = ["operator", "grant", &later, "--role", "data-team"];
    assert_eq!(said(&data, &grant).0, Some(0));

    // The newest first; of one wallet; of a kind.
    let (_, trail) = said(&data, &["operator", "trail"]);
    let lines: Vec<&str> = trail.lines().collect();
    assert!(
        lines[0].contains(&later) && lines[1].contains(&wallet),
        "{trail}"
    );
    let (_, trail) = said(&data, &["operator", "trail", "--wallet", &wallet]);
    assert_eq!(trail.lines().count(), 1, "{trail}");
    let (_, trail) = said(&data, &["operator", "trail", "--action", "session"]);
    assert_eq!(trail, "");
    let (code, text_of) = said(&data, &["operator", "revoke", &later]);
    assert_eq!(code, Some(1));
    assert!(text_of.contains("has not the role operator"), "{text_of}");
    let (code, text_of) = said(&data, &["operator", "revoke", &wallet]);
    assert_eq!(code, Some(2));
    assert!(text_of.contains("--even-the-last"), "{text_of}");

    let (code, text_of) = said(&data, &["state", "check"]);
    assert_eq!(code, Some(0), "{text_of}");
    let (code, text_of) = said(&data, &["state", "restore", "--from", text(&copy)]);
    assert_eq!(code, Some(2));
    assert!(text_of.contains("in use"), "{text_of}");
    assert_eq!(instance.stop(), Some(0));
    assert!(!data.join("state.db-wal").exists(), "folded in at the end");

    let (code, text_of) = said(&data, &["state", "restore", "--from", text(&copy)]);
    assert_eq!(code, Some(0), "{text_of}");
    assert!(text_of.contains("state.db.before-"), "{text_of}");
    let (_, list) = said(&data, &["operator", "list"]);
    assert!(list.contains(&wallet) && !list.contains(&later), "{list}");
    assert_eq!(said(&data, &["state", "check"]).0, Some(0));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
    let (code, text_of) = said(&data, &["state", "check"]);
    assert_eq!(code, Some(1));
    assert!(text_of.contains("chmod 600"), "{text_of}");

    fs::remove_file(&path).expect("a file");
    for command in [&["operator", "list"][..], &["state", "check"]] {
        let (code, text_of) = said(&data, command);
        assert!(matches!(code, Some(1 | 2)), "{text_of}");
        assert!(text_of.contains("hypernode state restore"), "{text_of}");
    }
    let (code, text_of) = said(&data, &[&["up"][..], &FREE_PORTS].concat());
    assert_eq!(code, Some(2), "{text_of}");
    assert!(text_of.contains("is gone or empty"), "{text_of}");
}
