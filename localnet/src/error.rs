//! What can go wrong when a localnet starts or runs.

use std::{io, net::SocketAddr, path::PathBuf};

/// Errors of the simulated network. Each names what failed and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum LocalnetError {
    /// A listening address is taken or not ours.
    #[error("{key} = {address}: {source}; choose another port (0 = any free one)")]
    Port {
        /// The configuration key that sets the address.
        key: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process has the chain open.
    #[error("{} is in use by another process; stop it or choose another data directory", path.display())]
    Locked {
        /// The chain's file.
        path: PathBuf,
    },
    /// The chain was written by a newer version.
    #[error("{} has format {found}, this program knows {known}; use a newer version or --fresh", path.display())]
    NewerFormat {
        /// The chain's file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this program reads.
        known: u32,
    },
    /// The directory or the chain's file cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path in question.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The store failed.
    #[error("the chain's store failed: {0}")]
    Store(#[from] Box<redb::Error>),
    /// A stored value does not decode: the file was changed by something else.
    #[error("the chain's store is damaged: {0}; start with --fresh for another chain")]
    Damaged(String),
    /// The SVM refused a program or an account.
    #[error("the SVM refused {what}: {reason}")]
    Svm {
        /// What was given to it.
        what: String,
        /// Its answer.
        reason: String,
    },
    /// A thread could not be started.
    #[error("cannot start the block producer: {0}")]
    Thread(io::Error),
}

/// Result of this crate.
pub type Result<T, E = LocalnetError> = std::result::Result<T, E>;

macro_rules! from_redb {
    ($($kind:ident),*) => {$(
        impl From<redb::$kind> for LocalnetError {
            fn from(error: redb::$kind) -> Self {
                Self::Store(Box::new(error.into()))
            }
        }
    )*};
}

from_redb!(
    StorageError,
    TableError,
    TransactionError,
    CommitError,
    DatabaseError
);
