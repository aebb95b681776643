//! TLS in this process: certificate and key come from files and are read again when these change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How often the files' times are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// Why certificate and key cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as PEM.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The two do not go together.
    #[error(
        "{} and {} cannot be served together ({error}): the key must be that of the chain's first certificate",
        certificate.display(),
        key.display()
    )]
    Pair {
        /// The chain's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with the two.
        error: rustls::Error,
    },
}

/// A certificate chain and its key, as they are in their files.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a chain (leaf first) and its private key, both PEM.
    ///
    /// # Errors
    /// When a file cannot be read or the two do not belong together.
    pub fn open(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let config = read(&certificate, &key)?;
        Ok(Self {
            certificate,
            key,
            config: RwLock::new(config),
        })
    }

    /// Takes connections with the certificate of now.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&config))
    }

    /// Reads the files again whenever they change, until `stop`. Files that cannot be used leave what was there before.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut seen = self.times();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
            let now = self.times();
            if now == seen {
                continue;
            }
            // Both files may be in the middle of being replaced: what does not fit yet is looked at again.
            match self.reload() {
                Ok(()) => {
                    seen = now;
                    tracing::info!(certificate = %self.certificate.display(), "the certificate was read again");
                }
                Err(error) => {
                    tracing::warn!(%error, "the changed certificate is not used; the one before is");
                }
            }
        }
    }

    /// Reads the files again now.
    ///
    /// # Errors
    /// As [`Tls::open`]; what was there before stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = read(&self.certificate, &self.key)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    fn times(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| path.metadata().and_then(|of| of.modified()).ok())
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let fail = |path: &Path, problem: String| TlsError::File {
        path: path.to_owned(),
        problem,
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fail(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(fail(certificate, "no certificate in PEM in it".into()));
    }
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| fail(key, error.to_string()))?;
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config
                .with_no_client_auth()
                .with_single_cert(chain, private)
        });
    let mut config = config.map_err(|error| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        error,
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
