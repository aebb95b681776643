//! The first operator: whoever can read a file on the machine, once.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hypernode_state::accounts::{AccountRefusal, RequireNoRole, WalletEnsure, WalletGrant};
use hypernode_state::{Refusal, Store, StoreError, Unit};

use super::grants::holders;
use crate::public_key::PublicKey;
use crate::rights::{Role, Roles};
use crate::secret::{Fingerprint, NoRandomness, random_text};
use crate::trail::note;

/// The code's file in the data directory.
const NAME: &str = "operator-code";
/// 26 of 62 digits: 154 bits.
const CODE: usize = 26;

/// Why there is no first operator.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The code is not the one in the file.
    #[error(
        "wrong code: it is in the file `operator-code` of the data directory, which only its owner can read"
    )]
    WrongCode,
    /// There is an operator, who gives the role to others.
    #[error(
        "there is an operator already: they give the role to others, and so does `hypernode operator grant WALLET` on the machine"
    )]
    Taken(PublicKey),
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// No code can be made.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// On each start: where nobody is operator yet, leaves a one-time code in a file of `directory` that only its owner can
/// read, and returns the file's path. A code that is there already stays.
///
/// # Errors
/// When the file cannot be written, or the store fails.
pub async fn begin(store: &dyn Store, directory: &Path) -> Result<Option<PathBuf>, BootstrapError> {
    let path = directory.join(NAME);
    if !holders(store, Role::Operator).await?.is_empty() {
        remove(&path)?;
        return Ok(None);
    }
    if read(&path).is_ok_and(|code| code.len() == CODE) {
        return Ok(Some(path));
    }
    remove(&path)?;
    let code = random_text(CODE)?;
    let write = || {
        // Made anew with its mode: never readable by others, not even for a moment, and never somebody's link.
        let mut file: File = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        writeln!(file, "{code}")?;
        file.sync_all()
    };
    write().map_err(|error| BootstrapError::File {
        path: path.clone(),
        error,
    })?;
    Ok(Some(path))
}

/// Makes `wallet`, which signed in, the first operator, if `code` is the one in the file; the file is gone then.
///
/// # Errors
/// See [`BootstrapError`].
pub async fn claim(
    store: &dyn Store,
    directory: &Path,
    code: &str,
    wallet: PublicKey,
    now: i64,
) -> Result<(), BootstrapError> {
    let path = directory.join(NAME);
    // The code is gone then: nobody should look for it.
    if let Some(operator) = holders(store, Role::Operator).await?.first() {
        return Err(BootstrapError::Taken(*operator));
    }
    let expected = read(&path).unwrap_or_default();
    // Hashes compare in a time that tells nothing; an empty file fits no code.
    if expected.len() != CODE || !Fingerprint::of(code.trim()).matches(&Fingerprint::of(&expected))
    {
        return Err(BootstrapError::WrongCode);
    }
    let roles = Roles::of(&[Role::Operator]).stored();
    let mut unit = Unit::new();
    // Whoever uses the same code a moment later finds an operator there.
    unit.push(RequireNoRole { roles });
    unit.push(WalletEnsure {
        wallet: wallet.into(),
        at: now,
    });
    unit.push(WalletGrant {
        wallet: wallet.into(),
        roles,
    });
    note(
        &mut unit,
        now,
        &wallet,
        "role.bootstrap",
        &wallet,
        "Operator",
    );
    let applied = store.apply(unit).await;
    if let Err(StoreError::Refused {
        why: Refusal::Account(AccountRefusal::RoleTaken { wallet }),
        ..
    }) = applied
    {
        return Err(BootstrapError::Taken(wallet.into()));
    }
    applied?;
    remove(&path)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(64).read_to_string(&mut text)?;
    Ok(text.trim().into())
}

fn remove(path: &Path) -> Result<(), BootstrapError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BootstrapError::File {
            path: path.into(),
            error,
        }),
        _ => Ok(()),
    }
}
