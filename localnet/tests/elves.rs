//! The committed ELFs are what their sources build to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};

/// The compiler whose output is committed.
const CLANG: &str = "clang version 19.1.7";

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
}

#[test]
fn committed_programs_have_the_listed_hashes() {
    let sums = fs::read_to_string(programs().join("elf/SHA256SUMS")).unwrap();
    let mut listed = 0;
    for line in sums.lines() {
        let (hash, name) = line.split_once("  ").unwrap();
        let elf = fs::read(programs().join("elf").join(name)).unwrap();
        let found: String = Sha256::digest(&elf)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(found, hash, "{name}");
        listed += 1;
    }
    let sources = fs::read_dir(programs().join("src")).unwrap();
    let sources = sources.filter(|f| {
        f.as_ref()
            .is_ok_and(|f| f.path().extension().is_some_and(|e| e == "c"))
    });
    assert_eq!(listed, sources.count(), "one ELF for each source");
}

#[test]
fn sources_rebuild_to_the_committed_programs() {
    let version = Command::new("clang-19").arg("--version").output();
    if !version.is_ok_and(|v| String::from_utf8_lossy(&v.stdout).contains(CLANG)) {
        eprintln!("skipped: {CLANG} is not installed, so the programs are not rebuilt");
        return;
    }
    let out = tempfile::tempdir().unwrap();
    let status = Command::new(programs().join("build.sh"))
        .arg(out.path())
        .status()
        .unwrap();
    assert!(status.success());
    for built in fs::read_dir(out.path()).unwrap() {
        let built = built.unwrap();
        let committed = fs::read(programs().join("elf").join(built.file_name())).unwrap();
        assert_eq!(
            fs::read(built.path()).unwrap(),
            committed,
            "{:?}: run build.sh",
            built.file_name()
        );
    }
}
