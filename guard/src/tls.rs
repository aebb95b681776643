//! TLS: the host's own name is asked for and verified, each time anew.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{BuildError, CallError};
use crate::target::Host;

/// Whose certificates are trusted.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// The system's store (`SSL_CERT_FILE` and `SSL_CERT_DIR` are heard).
    #[default]
    System,
    /// These alone, in DER.
    Only(Vec<CertificateDer<'static>>),
}

/// How to speak TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    pub(crate) fn new(roots: Roots) -> Result<Self, BuildError> {
        let mut store = RootCertStore::empty();
        match roots {
            Roots::System => {
                // Single certificates that cannot be read are common in system stores; none at all is an error.
                let loaded = rustls_native_certs::load_native_certs();
                store.add_parsable_certificates(loaded.certs);
                if store.is_empty() {
                    return Err(BuildError::NoRoots);
                }
            }
            Roots::Only(certificates) => {
                for certificate in certificates {
                    store.add(certificate)?;
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session skips the certificate: one that has expired since would pass.
        config.resumption = Resumption::disabled();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Shakes hands over `stream` with the server of `host`.
    pub(crate) async fn wrap(
        &self,
        host: &Host,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, CallError> {
        let name = match host {
            Host::Name(name) => ServerName::try_from(name.clone())
                .map_err(|_| CallError::Tls(TlsError::WrongName))?,
            Host::Address(address) => ServerName::IpAddress((*address).into()),
        };
        let shaken = self.connector.connect(name, stream).await;
        shaken.map_err(|error| CallError::Tls(TlsError::of(&error)))
    }
}

/// Why no secure connection came about. The server's own words and names are left out: they are as long as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The certificate is for other names.
    #[error("the certificate is not for this host name")]
    WrongName,
    /// The certificate has expired.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate's time has not come.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// Nobody that is trusted has signed it: self-signed, or intermediate certificates are missing.
    #[error(
        "the certificate is not signed by a known authority (self-signed, or the server does not send its intermediate certificates)"
    )]
    Untrusted,
    /// It was revoked.
    #[error("the certificate was revoked")]
    Revoked,
    /// Another fault of the certificate.
    #[error(
        "the certificate is not valid for a server: it may be an authority's own, or one for clients"
    )]
    Certificate,
    /// No common version or cipher, or the server refused.
    #[error(
        "the server and we have no TLS version or cipher in common, or it refused the handshake"
    )]
    Handshake,
    /// What answered is not TLS.
    #[error("the server does not speak TLS on this port")]
    NotTls,
    /// The connection ended or broke during the handshake.
    #[error("the connection broke during the handshake: {0}")]
    Broken(io::ErrorKind),
}

impl TlsError {
    fn of(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|e| e.downcast_ref());
        let Some(error) = inner else {
            return Self::Broken(error.kind());
        };
        match error {
            rustls::Error::InvalidCertificate(why) => Self::certificate(why),
            rustls::Error::NoCertificatesPresented => Self::Certificate,
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            _ => Self::Handshake,
        }
    }

    fn certificate(why: &CertificateError) -> Self {
        match why {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            // Signed by somebody who only has the name of an authority that is known.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::Untrusted,
            CertificateError::Revoked => Self::Revoked,
            _ => Self::Certificate,
        }
    }
}
