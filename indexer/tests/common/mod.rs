//! Where the recorded data lies.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::PathBuf;

/// The file, or `None` with a message where the test data is absent (a failure with `CI=true`).
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let base = std::env::var_os("HYPERNODE_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let path = base.join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "test data {} is absent",
        path.display()
    );
    eprintln!("skipped: test data {} is absent", path.display());
    None
}
