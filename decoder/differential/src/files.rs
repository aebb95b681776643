//! The generated files as text, and where they lie.

use std::path::PathBuf;

use crate::model::Idl;
use crate::{generate, glue, json};

/// Where the committed files are.
#[must_use]
pub fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("idls")
}

/// The IDLs of a seed.
#[must_use]
pub fn idls(seed: u64, count: usize) -> Vec<Idl> {
    (0..count)
        .map(|number| generate::idl(seed, number))
        .collect()
}

/// Name and text of every file for these IDLs.
#[must_use]
pub fn texts(seed: u64, count: usize) -> Vec<(String, String)> {
    let idls = idls(seed, count);
    let mut files = vec![
        ("SEED".to_owned(), format!("{seed} {count}\n")),
        ("glue.rs".to_owned(), glue::code(&idls)),
    ];
    files.extend(idls.iter().map(|idl| {
        (
            format!("{}.json", idl.name),
            format!("{}\n", json::idl(idl)),
        )
    }));
    files
}

/// Seed and count of the committed files.
///
/// # Errors
/// The file `SEED` is missing or holds no two numbers.
pub fn committed() -> Result<(u64, usize), String> {
    let path = directory().join("SEED");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let numbers: Option<(u64, usize)> = text
        .trim()
        .split_once(' ')
        .and_then(|(seed, count)| Some((seed.parse().ok()?, count.parse().ok()?)));
    numbers.ok_or_else(|| format!("{}: expected a seed and a count", path.display()))
}
