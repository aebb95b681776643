//! The process that holds the dispatcher's key: what it answers, and what it has open.

use std::ffi::OsString;
use std::path::Path;

use hypernode_dispatch::bridge::write::signer::{Child, ChildError};
use hypernode_dispatch::bridge::write::{Create, Programs, Step};
use solana_sdk::hash::Hash;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signer as _};

fn key(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

fn programs() -> Programs {
    Programs {
        job_receipt: key(11),
        mint: key(12),
        treasury: key(13),
        incentive: key(14),
    }
}

fn write_key(path: &Path, key: &Keypair) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    write!(file, "{:?}", key.to_bytes()).unwrap();
}

fn arguments(folder: &Path) -> Vec<OsString> {
    let programs = programs();
    let mut arguments: Vec<OsString> = vec!["signer".into(), "--key".into()];
    arguments.push(folder.join("key.json").into());
    arguments.push("--book".into());
    arguments.push(folder.join("signed.jsonl").into());
    for (flag, value) in [
        ("--job-receipt", programs.job_receipt.to_string()),
        ("--mint", programs.mint.to_string()),
        ("--treasury", programs.treasury.to_string()),
        ("--incentive", programs.incentive.to_string()),
        ("--daily-lamports", "20000".to_owned()),
        ("--daily-hyper", "5".to_owned()),
    ] {
        arguments.push(flag.into());
        arguments.push(value.into());
    }
    arguments
}

fn message(step: &Step, sender: &Pubkey) -> Vec<u8> {
    let message = step.message(&programs(), sender, Hash::default());
    message.unwrap().serialize()
}

fn create(label: &str) -> Step {
    Step::Create(Create {
        client: key(30),
        label: label.to_owned(),
        job_type: 0,
        price: 5,
        approved: 5,
        requirements_hash: "ab".repeat(32),
    })
}

#[tokio::test]
async fn the_signer_signs_within_its_caps_and_opens_no_socket() {
    let folder = tempfile::tempdir().unwrap();
    let sender = Keypair::new_from_array([21; 32]);
    write_key(&folder.path().join("key.json"), &sender);
    let start = || {
        Child::start(
            env!("CARGO_BIN_EXE_hypernode").into(),
            arguments(folder.path()),
        )
    };
    let child = start().await.unwrap();
    assert_eq!(child.key(), sender.pubkey());
    let one = message(&create("one"), &sender.pubkey());
    let signature = child.sign(&one).await.unwrap();
    assert!(signature.verify(sender.pubkey().as_ref(), &one));
    for refused in [
        one[..one.len() - 1].to_vec(),
        message(&create("two"), &key(22)),
        message(
            &Step::Settle {
                job: programs().job(&key(30), "one").unwrap(),
                client_purse: programs().purse(&key(30)),
                operator_purse: programs().purse(&key(31)),
            },
            &sender.pubkey(),
        ),
    ] {
        let refused = child.sign(&refused).await;
        assert!(
            matches!(refused, Err(ChildError::Refused(_))),
            "{refused:?}"
        );
    }
    assert_eq!(open_sockets(), 0);
    // The cap holds over a restart.
    drop(child);
    let child = start().await.unwrap();
    child
        .sign(&message(&create("two"), &sender.pubkey()))
        .await
        .unwrap();
    let capped = child
        .sign(&message(&create("three"), &sender.pubkey()))
        .await;
    let Err(ChildError::Refused(why)) = capped else {
        panic!("{capped:?}");
    };
    assert!(why.contains("20000 lamports"), "{why}");
}

/// Sockets of the signers that this test started.
fn open_sockets() -> usize {
    let me = std::process::id();
    let mut sockets = 0;
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let path = process.path();
        let status = std::fs::read_to_string(path.join("status")).unwrap_or_default();
        let is_ours = status.contains(&format!("PPid:\t{me}\n"));
        let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
        if !is_ours || !line.windows(6).any(|word| word == b"signer") {
            continue;
        }
        let open = std::fs::read_dir(path.join("fd")).unwrap().flatten();
        let kinds = open.filter_map(|fd| std::fs::read_link(fd.path()).ok());
        sockets += kinds
            .filter(|kind| kind.to_string_lossy().starts_with("socket:"))
            .count();
    }
    sockets
}

#[tokio::test]
async fn a_signer_without_a_sound_key_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Child::start(
        env!("CARGO_BIN_EXE_hypernode").into(),
        arguments(folder.path()),
    )
    .await;
    assert!(matches!(missing, Err(ChildError::Gone(_))), "{missing:?}");
}
