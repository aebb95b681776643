//! Only the owner reads a store's files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::pair::beside;

/// The database and what lies beside it.
pub(super) const FILES: [&str; 5] = ["", "-wal", "-shm", "-waiting", "-pair"];

/// Files that others may read or write, with their modes.
pub(super) fn open_to_others(path: &Path) -> Vec<(PathBuf, u32)> {
    let files = FILES.iter().map(|suffix| beside(path, suffix));
    files
        .filter_map(|file| {
            let mode = fs::metadata(&file).ok()?.permissions().mode() & 0o777;
            (mode & 0o077 != 0).then_some((file, mode))
        })
        .collect()
}

/// Takes what others may read from them; SQLite gives the files that it makes the database's mode.
pub(super) fn close_to_others(path: &Path) {
    for (file, mode) in open_to_others(path) {
        let mode = format!("{mode:o}");
        let shown = file.display();
        match fs::set_permissions(&file, Permissions::from_mode(0o600)) {
            Ok(()) => {
                tracing::warn!(file = %shown, was = mode, "others could read a file of the store: its mode is 600 again");
            }
            Err(error) => {
                tracing::warn!(%error, file = %shown, mode, "others can read a file of the store: have its owner run `chmod 600` on it");
            }
        }
    }
}
