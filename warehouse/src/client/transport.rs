//! Sockets and TLS of the client.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::WarehouseError;

/// Shorter than servers keep idle sockets, so that a pooled one is rarely dead.
const POOL_IDLE: Duration = Duration::from_secs(2);
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// What a URL says about the way there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    /// https.
    pub(super) tls: bool,
    /// On this machine.
    pub(super) loopback: bool,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, WarehouseError> {
        let bad = || {
            WarehouseError::Config(format!(
                "{url:?} is not a URL like http://host:8123 or https://host:8443"
            ))
        };
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let host = uri.host().ok_or_else(bad)?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad()),
        };
        Ok(Self {
            tls,
            loopback: matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        })
    }
}

/// The crate's client over a pool of HTTP/1 connections; with `tls`, rustls on ring.
pub(super) fn client(
    tls: bool,
    ca_file: Option<&Path>,
) -> Result<clickhouse::Client, WarehouseError> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_keepalive(Some(Duration::from_secs(60)));
    connector.set_connect_timeout(Some(CONNECT_TIME));
    connector.enforce_http(false);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| WarehouseError::Config(e.to_string()))?
        .with_root_certificates(roots(tls, ca_file)?)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(POOL_IDLE)
        .build(connector);
    Ok(clickhouse::Client::with_http_client(http))
}

fn roots(tls: bool, ca_file: Option<&Path>) -> Result<RootCertStore, WarehouseError> {
    let mut store = RootCertStore::empty();
    if !tls {
        return Ok(store);
    }
    if let Some(path) = ca_file {
        let bad =
            |e: &dyn std::fmt::Display| WarehouseError::Config(format!("{}: {e}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| bad(&e))? {
            store
                .add(certificate.map_err(|e| bad(&e))?)
                .map_err(|e| bad(&e))?;
        }
    } else {
        let loaded = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(loaded.certs);
    }
    if store.is_empty() {
        let what = ca_file.map_or_else(|| "the system".to_owned(), |p| p.display().to_string());
        return Err(WarehouseError::Config(format!(
            "{what} holds no certificate authority for https"
        )));
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_apart() {
        let loopback = Target {
            tls: false,
            loopback: true,
        };
        assert_eq!(Target::parse("http://127.0.0.1:8123").unwrap(), loopback);
        assert_eq!(Target::parse("http://[::1]:8123").unwrap(), loopback);
        assert!(Target::parse("https://ch.example:8443").unwrap().tls);
        for bad in ["127.0.0.1:8123", "ftp://x", "", "http://"] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_ca_file_without_certificates_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        std::fs::write(&path, "nothing").unwrap();
        let error = roots(true, Some(&path)).unwrap_err().to_string();
        assert!(error.contains("ca.pem"), "{error}");
    }
}
