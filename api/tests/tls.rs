//! HTTPS in this process: certificates from files, new ones while it runs, clients that do not speak it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hypernode_api::{ApiState, Tls, TlsError};
use rcgen::{CertificateParams, KeyPair};
use reqwest::Certificate;
use support::{Told, history, network};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const NAME: &str = "localhost";

/// A certificate and its key, both PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            certificate: pem("CERTIFICATE", certificate.der()),
            key: pem("PRIVATE KEY", key.serialized_der()),
        }
    }
}

/// PEM of `der`, as OpenSSL writes it.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

/// Where a server's certificate and key lie.
struct Files(TempDir);

impl Files {
    fn of(pair: &Pair) -> Self {
        let files = Self(tempfile::tempdir().expect("a directory"));
        files.write(&pair.certificate, &pair.key);
        files
    }

    fn write(&self, certificate: &str, key: &str) {
        std::fs::write(self.certificate(), certificate).expect("written");
        std::fs::write(self.key(), key).expect("written");
    }

    fn certificate(&self) -> PathBuf {
        self.0.path().join("chain.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.path().join("key.pem")
    }

    fn open(&self) -> Result<Tls, TlsError> {
        Tls::open(self.certificate(), self.key())
    }
}

/// A server that speaks TLS; ends when dropped.
struct Secure {
    address: SocketAddr,
    tls: Arc<Tls>,
    _serving: AbortOnDropHandle<std::io::Result<()>>,
}

impl Secure {
    async fn start(files: &Files) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let tls = Arc::new(files.open().expect("a certificate"));
        let state = ApiState::new(history::unreachable(), network(), Arc::new(Told));
        let serving = hypernode_api::serve(
            listener,
            Some(Arc::clone(&tls)),
            state,
            CancellationToken::new(),
        );
        Self {
            address,
            tls,
            _serving: AbortOnDropHandle::new(tokio::spawn(serving)),
        }
    }

    /// Asks over a new connection, trusting `pair` alone.
    async fn ask(&self, pair: &Pair) -> Result<u16, reqwest::Error> {
        let trusted = Certificate::from_pem(pair.certificate.as_bytes())?;
        let web = reqwest::Client::builder()
            .tls_certs_only([trusted])
            .resolve(NAME, self.address)
            .build()?;
        let address = format!("https://{NAME}:{}/web/app.css", self.address.port());
        Ok(web.get(address).send().await?.status().as_u16())
    }

    async fn serves(&self, pair: &Pair) -> bool {
        match self.ask(pair).await {
            Ok(status) => status == 200,
            Err(error) => {
                assert!(error.is_connect(), "{error:?}");
                false
            }
        }
    }

    /// Sends `bytes`, and what is answered until the other side hangs up.
    async fn say(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address)
            .await
            .expect("a connection");
        stream.write_all(bytes).await.expect("sent");
        let mut answer = Vec::new();
        // A reset is an end, too.
        let _ = stream.read_to_end(&mut answer).await;
        answer
    }
}

#[tokio::test]
async fn a_new_certificate_is_taken_while_it_runs() {
    let (first, second) = (Pair::new(), Pair::new());
    let files = Files::of(&first);
    let server = Secure::start(&files).await;
    assert!(server.serves(&first).await);
    assert!(!server.serves(&second).await);
    files.write(&second.certificate, &second.key);
    server.tls.reload().expect("a good pair");
    assert!(server.serves(&second).await);
    assert!(!server.serves(&first).await);
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_the_old_certificate() {
    let (first, second) = (Pair::new(), Pair::new());
    let files = Files::of(&first);
    let server = Secure::start(&files).await;
    let broken = "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n";
    for (certificate, key, says) in [
        // In the middle of being replaced.
        (
            second.certificate.as_str(),
            first.key.as_str(),
            "chain.pem and ",
        ),
        (
            first.certificate.as_str(),
            second.key.as_str(),
            "key.pem cannot be served together",
        ),
        ("", &first.key, "chain.pem: no certificate"),
        ("no PEM at all", &first.key, "chain.pem: no certificate"),
        (broken, &first.key, "chain.pem: "),
        // The two mixed up.
        (&first.key, &first.certificate, "chain.pem: no certificate"),
        (&first.certificate, "", "key.pem: "),
        (&first.certificate, &first.certificate, "key.pem: "),
    ] {
        files.write(certificate, key);
        for error in [server.tls.reload(), files.open().map(drop)] {
            let text = error.expect_err(says).to_string();
            assert!(text.contains(says), "{says}: {text}");
            assert!(text.contains(&*files.0.path().to_string_lossy()), "{text}");
            let secret = first.key.lines().nth(1).expect("a line of the key");
            assert!(!text.contains(secret), "no key in a message");
        }
        assert!(server.serves(&first).await, "{says}");
    }
    std::fs::remove_file(files.key()).expect("removed");
    files.write(&second.certificate, &second.key);
    std::fs::remove_file(files.key()).expect("removed");
    let text = server.tls.reload().expect_err("no key").to_string();
    assert!(text.contains("key.pem: "), "{text}");
    assert!(server.serves(&first).await);
    // Whole again: taken.
    files.write(&second.certificate, &second.key);
    server.tls.reload().expect("a good pair");
    assert!(server.serves(&second).await);
}

#[tokio::test]
async fn whoever_does_not_speak_tls_is_sent_away() {
    let pair = Pair::new();
    let server = Secure::start(&Files::of(&pair)).await;
    for bytes in [
        b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n".as_slice(),
        b"\x16\x03\x01\xff\xff",
        &[0; 64],
        b"SSH-2.0-x\r\n",
    ] {
        let said = tokio::time::timeout(Duration::from_secs(15), server.say(bytes)).await;
        let answer = said.expect("the connection is closed");
        // An alert at most: nothing of HTTP, nothing of the application.
        assert!(
            !answer.starts_with(b"HTTP") && answer.len() < 16,
            "{answer:?}"
        );
    }
    assert!(server.serves(&pair).await);
}

/// Slow: the time for a handshake is 10 s.
#[tokio::test]
async fn a_handshake_that_never_ends_is_ended() {
    let pair = Pair::new();
    let server = Secure::start(&Files::of(&pair)).await;
    let began = Instant::now();
    // Nothing at all; the beginning of a record that is long in coming; one byte now and then.
    let slow = async {
        let mut stream = TcpStream::connect(server.address)
            .await
            .expect("a connection");
        for byte in b"\x16\x03\x01\x01\xf4\x01\x00\x01\xf0\x03\x03"
            .iter()
            .cycle()
        {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(
            server.say(b""),
            server.say(b"\x16\x03\x01\x01\xf4\x01"),
            slow
        )
    });
    let others = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(server.serves(&pair).await, "others are served meanwhile");
    };
    let (ended, ()) = tokio::join!(ended, others);
    let (nothing, beginning, ()) = ended.expect("all three were ended");
    assert!(nothing.is_empty() && beginning.len() < 16);
    assert!(
        began.elapsed() > Duration::from_secs(9),
        "not before its time"
    );
}

/// Slow: files are looked at each 10 s.
#[tokio::test]
async fn changed_files_are_noticed() {
    let (first, second) = (Pair::new(), Pair::new());
    let files = Files::of(&first);
    let server = Secure::start(&files).await;
    let stop = CancellationToken::new();
    let (tls, until) = (Arc::clone(&server.tls), stop.clone());
    let following = tokio::spawn(async move { tls.follow(until).await });
    // The times that it began with are read at once, and are to differ from those of the new files.
    tokio::time::sleep(Duration::from_millis(200)).await;
    files.write(&second.certificate, &second.key);
    let noticed = async {
        while !server.serves(&second).await {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let noticed = tokio::time::timeout(Duration::from_secs(25), noticed).await;
    noticed.expect("the new certificate is served");
    stop.cancel();
    following.await.expect("it stops when told");
}
