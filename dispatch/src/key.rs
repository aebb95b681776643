//! The dispatcher's key: what signs match receipts. It lies in a file of the data directory that only its owner can read.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::service::Signer;

/// The file in the data directory.
pub const FILE: &str = "dispatch.key";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others can read it.
    #[error(
        "{} can be read by others (mode {mode:03o}): if nobody did, `chmod 600` it; else remove it, and a new key is made",
        path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It holds something else.
    #[error("{} does not hold 64 hex digits: put it back from a backup, or remove it, and a new key is made", path.display())]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// No key can be made.
    #[error("the operating system gives no randomness: no key can be made")]
    NoRandomness,
}

/// The dispatcher's key.
#[derive(Clone)]
pub struct Key(Arc<SigningKey>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.public())
    }
}

impl Key {
    /// The key of a data directory; where there is none, a new one.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(directory: &Path) -> Result<Self, KeyError> {
        let path = directory.join(FILE);
        let failed = |error| KeyError::File {
            path: path.clone(),
            error,
        };
        match std::fs::File::open(&path) {
            Ok(file) => read(&path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut seed = [0; 32];
                OsRng
                    .try_fill_bytes(&mut seed)
                    .map_err(|_| KeyError::NoRandomness)?;
                write(directory, &path, &seed).map_err(failed)?;
                Ok(Self::of(seed))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The key of a seed.
    pub fn of(seed: [u8; 32]) -> Self {
        Self(Arc::new(SigningKey::from_bytes(&seed)))
    }

    /// The public key, in base58.
    pub fn public(&self) -> String {
        bs58::encode(self.0.verifying_key().as_bytes()).into_string()
    }

    /// What signs receipts.
    pub fn signer(&self) -> Signer {
        let key = self.0.clone();
        Arc::new(move |bytes| key.sign(bytes).to_bytes())
    }
}

fn read(path: &Path, file: std::fs::File) -> Result<Key, KeyError> {
    let failed = |error| KeyError::File {
        path: path.to_owned(),
        error,
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = String::new();
    file.take(128).read_to_string(&mut text).map_err(failed)?;
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim_end(), &mut seed).map_err(|_| KeyError::Content {
        path: path.to_owned(),
    })?;
    Ok(Key::of(seed))
}

/// Whole or not at all, and never readable by others, not even for a moment.
fn write(directory: &Path, path: &Path, seed: &[u8; 32]) -> io::Result<()> {
    let new = path.with_extension("new");
    let _ = std::fs::remove_file(&new);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    writeln!(file, "{}", hex::encode(seed))?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    std::fs::File::open(directory)?.sync_all()
}

/// Whether `signature` is over `bytes` by the key that `public` names in base58.
pub fn verifies(public: &str, bytes: &[u8], signature: &[u8; 64]) -> bool {
    let mut key = [0; 32];
    let decoded = public.len() <= 44 && bs58::decode(public).onto(&mut key) == Ok(32);
    let key = VerifyingKey::from_bytes(&key).ok().filter(|_| decoded);
    key.is_some_and(|key| {
        key.verify_strict(bytes, &Signature::from_bytes(signature))
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::open(folder.path()).unwrap();
        let path = folder.path().join(FILE);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Key::open(folder.path()).unwrap().public(), key.public());
        let seed = std::fs::read_to_string(&path).unwrap();
        assert!(!format!("{key:?}").contains(seed.trim()));

        let signature = (key.signer())(b"receipt");
        assert!(verifies(&key.public(), b"receipt", &signature));
        assert!(!verifies(&key.public(), b"another", &signature));
        assert!(!verifies(
            &Key::of([1; 32]).public(),
            b"receipt",
            &signature
        ));
        assert!(!verifies("no key", b"receipt", &signature));
    }

    #[test]
    fn a_file_that_others_read_or_that_holds_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        Key::open(folder.path()).unwrap();
        let path = folder.path().join(FILE);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let refused = Key::open(folder.path()).unwrap_err();
        assert!(
            matches!(refused, KeyError::Open { mode: 0o640, .. }),
            "{refused}"
        );
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        for wrong in ["", "ff", "not hex"] {
            std::fs::write(&path, wrong).unwrap();
            let refused = Key::open(folder.path()).unwrap_err();
            assert!(matches!(refused, KeyError::Content { .. }), "{refused}");
        }
    }
}
