//! TLS: real certificates, good ones and each kind of bad one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hypernode_guard::{
    Answer, CallError, Concurrency, Connector, HttpError, Limits, Policy, Request, Roots, Stage,
    TlsError,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::support::{NAME, Script, Server, short};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root")
}

/// A server's configuration, with a certificate that `change` alters.
fn config(issuer: Option<&Issuer>, change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    change(&mut params);
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    let certificate = certificate.expect("a certificate").der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration")
}

/// A TLS server that answers, and how many of its handshakes were full ones.
async fn serve(
    config: ServerConfig,
    answer: &'static str,
    ends: bool,
) -> (Server, Arc<AtomicUsize>) {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let full = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&full);
    let server = Server::start(move |stream| {
        let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
        async move {
            let mut stream = acceptor.accept(stream).await?;
            if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Full) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            let mut read = [0; 4096];
            let _ = stream.read(&mut read).await?;
            stream.write_all(answer.as_bytes()).await?;
            stream.flush().await?;
            if ends {
                stream.shutdown().await?;
            }
            Ok(())
        }
    })
    .await;
    (server, full)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn connector(server: &Server, roots: &[&Issuer], host: &str) -> Connector {
    // Ample: a busy machine is no fault. What is to be cut off has limits of its own.
    let limits = Limits::default();
    let roots: Vec<CertificateDer<'static>> = roots.iter().map(|r| r.der().clone()).collect();
    let policy = Policy::public()
        .https_only()
        .except_loopback(host, server.address);
    let resolver = Script::always(&[server.address.ip()]);
    let calls = Concurrency::default();
    Connector::new(
        policy.expect("loopback"),
        limits,
        calls,
        Roots::Only(roots),
        resolver,
    )
    .expect("a connector")
}

async fn call(server: &Server, roots: &[&Issuer], host: &str) -> Result<Answer, CallError> {
    let url = format!("https://{host}:{}/", server.address.port());
    connector(server, roots, host)
        .call(&Request::get(url))
        .await
}

async fn refused(config: ServerConfig, root: &Issuer) -> TlsError {
    let (server, _) = serve(config, OK, true).await;
    match call(&server, &[root], NAME).await {
        Err(CallError::Tls(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_certificate_passes() {
    let root = authority();
    let (server, _) = serve(config(Some(&root), |_| {}), OK, true).await;
    let answer = call(&server, &[&root], NAME).await.expect("an answer");
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (200, &b"ok"[..])
    );
    assert!(answer.timings.tls.is_some());
}

#[tokio::test]
async fn an_address_needs_a_certificate_of_its_own() {
    let root = authority();
    let named = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        config(Some(&root), |p| {
            *p = CertificateParams::new(names).expect("names");
        })
    };
    let (server, _) = serve(named(&["127.0.0.1"]), OK, true).await;
    assert!(call(&server, &[&root], "127.0.0.1").await.is_ok());
    let (server, _) = serve(named(&[NAME]), OK, true).await;
    let error = call(&server, &[&root], "127.0.0.1").await;
    assert!(matches!(error, Err(CallError::Tls(TlsError::WrongName))));
}

#[tokio::test]
async fn bad_certificates_are_refused_each_for_its_reason() {
    let root = authority();
    let wrong = config(Some(&root), |p| {
        *p = CertificateParams::new(vec!["other.test".to_owned()]).expect("a name");
    });
    assert_eq!(refused(wrong, &root).await, TlsError::WrongName);
    let expired = config(Some(&root), |p| {
        (p.not_before, p.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
    });
    assert_eq!(refused(expired, &root).await, TlsError::Expired);
    let early = config(Some(&root), |p| p.not_before = date_time_ymd(2999, 1, 1));
    assert_eq!(refused(early, &root).await, TlsError::NotYetValid);
    assert_eq!(
        refused(config(None, |_| {}), &root).await,
        TlsError::Untrusted
    );
    let own_authority = config(None, |p| {
        p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    assert_eq!(refused(own_authority, &root).await, TlsError::Certificate);
    let stranger = authority();
    let signed_by_stranger = config(Some(&stranger), |_| {});
    assert_eq!(
        refused(signed_by_stranger, &root).await,
        TlsError::Untrusted
    );
    let of_clients = config(Some(&root), |p| {
        p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    assert_eq!(refused(of_clients, &root).await, TlsError::Certificate);
    let mut other_protocol = config(Some(&root), |_| {});
    other_protocol.alpn_protocols = vec![b"h2".to_vec()];
    assert_eq!(refused(other_protocol, &root).await, TlsError::Handshake);
}

/// What a wildcard covers, and what it does not.
#[tokio::test]
async fn wildcards_cover_one_label() {
    let root = authority();
    let wild = || {
        config(Some(&root), |p| {
            *p = CertificateParams::new(vec!["*.site.test".to_owned()]).expect("a name");
        })
    };
    for (host, passes) in [
        ("a.site.test", true),
        ("a.b.site.test", false),
        (NAME, false),
    ] {
        let (server, _) = serve(wild(), OK, true).await;
        assert_eq!(
            call(&server, &[&root], host).await.is_ok(),
            passes,
            "{host}"
        );
    }
}

/// A session that is resumed skips the certificate, which may have expired since.
#[tokio::test]
async fn every_call_verifies_anew() {
    let root = authority();
    let (server, full) = serve(config(Some(&root), |_| {}), OK, true).await;
    let connector = connector(&server, &[&root], NAME);
    let url = format!("https://{NAME}:{}/", server.address.port());
    for _ in 0..3 {
        connector
            .call(&Request::get(&url))
            .await
            .expect("an answer");
    }
    assert_eq!(full.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn handshakes_that_stall_or_break_end() {
    let root = authority();
    let silent = Server::start(|stream| async move {
        let held = stream;
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(held);
        Ok(())
    })
    .await;
    let impatient = connector(&silent, &[&root], NAME).with_limits(short());
    let url = format!("https://{NAME}:{}/", silent.address.port());
    let error = impatient.call(&Request::get(url)).await;
    let error = error.expect_err("silent");
    assert!(
        matches!(
            error,
            CallError::Timeout {
                stage: Stage::Tls,
                ..
            }
        ),
        "{error:?}"
    );

    let closing = Server::start(|mut stream| async move {
        let mut read = [0; 64];
        let _ = stream.read(&mut read).await?;
        Ok(())
    })
    .await;
    let error = call(&closing, &[&root], NAME).await.expect_err("closed");
    assert!(
        matches!(error, CallError::Tls(TlsError::Broken(_))),
        "{error:?}"
    );

    let plain = Server::answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let plain = Server::start(move |mut stream| {
        let _keep = &plain;
        async move {
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await?;
            let mut read = [0; 4096];
            while stream.read(&mut read).await? > 0 {}
            Ok(())
        }
    })
    .await;
    let error = call(&plain, &[&root], NAME).await.expect_err("plain");
    assert!(
        matches!(error, CallError::Tls(TlsError::NotTls)),
        "{error:?}"
    );
}

/// Without the end of TLS nobody knows whether a body was whole.
#[tokio::test]
async fn a_body_that_ends_with_the_connection_alone_is_cut_short() {
    let root = authority();
    let until_close = "HTTP/1.1 200 OK\r\n\r\nhalf of it";
    let (server, _) = serve(config(Some(&root), |_| {}), until_close, false).await;
    let error = call(&server, &[&root], NAME).await.expect_err("cut");
    let cut = matches!(
        error,
        CallError::Http {
            stage: Stage::Body,
            what: HttpError::CutShort
        }
    );
    assert!(cut, "{error:?}");
    let (server, _) = serve(config(Some(&root), |_| {}), until_close, true).await;
    let answer = call(&server, &[&root], NAME).await.expect("an answer");
    assert_eq!(answer.body, "half of it");
}

#[tokio::test]
async fn http_is_refused_where_only_https_is_called() {
    let root = authority();
    let (server, _) = serve(config(Some(&root), |_| {}), OK, true).await;
    let request = Request::get(server.url("/"));
    let error = connector(&server, &[&root], NAME).call(&request).await;
    assert!(error.expect_err("refused").is_lasting());
    assert_eq!(server.accepted(), 0);
}

#[test]
fn the_system_has_roots() {
    let made = Connector::system(Policy::public(), Limits::default(), Concurrency::default());
    assert!(made.is_ok(), "{made:?}");
}
