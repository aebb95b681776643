//! The sender's key from its file.

use std::path::Path;

use solana_sdk::signature::Keypair;

/// Longest file: 64 numbers of up to three digits, with what people put between them.
const LONGEST: u64 = 1_024;

/// Why there is no key. What is in the file is never told.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file.
    #[error("{path}: {error}")]
    File {
        /// Where.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Others may read it.
    #[error("{path}: others may read it; say: chmod 600 {path}")]
    Open {
        /// Where.
        path: String,
    },
    /// It holds something else.
    #[error("{path}: not a key as `solana-keygen` writes it: a JSON list of 64 bytes")]
    Content {
        /// Where.
        path: String,
    },
}

/// Reads a key as `solana-keygen` writes it, from a file that nobody else may read.
///
/// # Errors
/// [`KeyError`].
pub fn read_key(path: &Path) -> Result<Keypair, KeyError> {
    let shown = || path.display().to_string();
    let failed = |error| KeyError::File {
        path: shown(),
        error,
    };
    let about = std::fs::metadata(path).map_err(failed)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
        return Err(KeyError::Open { path: shown() });
    }
    if about.len() > LONGEST {
        return Err(KeyError::Content { path: shown() });
    }
    let text = std::fs::read(path).map_err(failed)?;
    let bytes: Option<Vec<u8>> = serde_json::from_slice(&text).ok();
    let key = bytes.and_then(|bytes| Keypair::try_from(bytes.as_slice()).ok());
    key.ok_or_else(|| KeyError::Content { path: shown() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use solana_sdk::signature::Signer as _;

    use super::*;

    #[allow(clippy::expect_used, reason = "a helper of tests")]
    fn file(content: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.json");
        std::fs::write(&path, content).expect("written");
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&path, mode).expect("a mode");
        (folder, path)
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let key = Keypair::new_from_array([7; 32]);
        let text = format!("{:?}", key.to_bytes());
        let (_folder, path) = file(&text, 0o600);
        let read = read_key(&path).expect("a key");
        assert_eq!(read.pubkey(), key.pubkey());
        for mode in [0o640, 0o604, 0o660] {
            let (_folder, path) = file(&text, mode);
            assert!(matches!(read_key(&path), Err(KeyError::Open { .. })));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_told() {
        let secret = format!("[{}]", "7,".repeat(62) + "7");
        for content in ["", "[]", "[1,2", secret.as_str(), &"9".repeat(2_000)] {
            let (_folder, path) = file(content, 0o600);
            let refused = read_key(&path).expect_err("refused").to_string();
            assert!(
                refused.contains("solana-keygen") && !refused.contains("7,7"),
                "{refused}"
            );
        }
    }
}
