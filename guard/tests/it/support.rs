//! Real servers on loopback, a resolver that says what it is told, and connectors that may call those servers.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hypernode_guard::{Concurrency, Connector, Limits, Lookup, Policy, Resolver, Roots};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The name that tests call; an exception of the policy where a server stands behind it.
pub const NAME: &str = "site.test";

/// A server on a free port; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Gives each connection to `serve`.
    pub async fn start<F, T>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> T + Send + 'static,
        T: Future<Output = io::Result<()>> + Send + 'static,
    {
        let server = Self::start_at("127.0.0.1:0", serve).await;
        server.expect("a port")
    }

    pub async fn start_at<F, T>(at: &str, serve: F) -> io::Result<Self>
    where
        F: Fn(TcpStream) -> T + Send + 'static,
        T: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let accepted = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                // How a connection ends is the client's to judge.
                tokio::spawn(serve(stream));
            }
        });
        Ok(Self {
            address,
            accepted,
            task,
        })
    }

    /// Answers every request with these bytes, then closes.
    pub async fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |mut stream| {
            let bytes = bytes.clone();
            async move {
                head(&mut stream).await?;
                stream.write_all(&bytes).await?;
                stream.shutdown().await
            }
        })
        .await
    }

    /// How many connections were taken.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{NAME}:{}{path}", self.address.port())
    }

    /// A connector that may call this server by [`NAME`], with these limits.
    pub fn connector(&self, limits: Limits) -> Connector {
        let policy = Policy::public().except_loopback(NAME, self.address);
        let resolver = Script::always(&[self.address.ip()]);
        connector(policy.expect("loopback"), limits, resolver)
    }
}

/// Reads a request's head.
pub async fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&read).into_owned())
}

/// A resolver that gives prepared answers, the last one for ever, and counts how often it is asked.
#[derive(Debug)]
pub struct Script {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
    delay: Duration,
}

impl Script {
    pub fn new(answers: &[&[IpAddr]]) -> Arc<Self> {
        Self::slow(answers, Duration::ZERO)
    }

    pub fn slow(answers: &[&[IpAddr]], delay: Duration) -> Arc<Self> {
        let answers = answers.iter().map(|a| a.to_vec()).collect();
        Arc::new(Self {
            answers: Mutex::new(answers),
            asked: AtomicUsize::new(0),
            delay,
        })
    }

    pub fn always(answer: &[IpAddr]) -> Arc<Self> {
        Self::new(&[answer])
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolver for Script {
    fn resolve<'a>(&'a self, _: &'a str) -> Lookup<'a> {
        Box::pin(async {
            self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.delay).await;
            let mut answers = self.answers.lock().expect("answers");
            if answers.len() > 1 {
                return Ok(answers.pop_front().unwrap_or_default());
            }
            Ok(answers.front().cloned().unwrap_or_default())
        })
    }
}

pub fn connector(policy: Policy, limits: Limits, resolver: Arc<dyn Resolver>) -> Connector {
    let roots = Roots::Only(Vec::new());
    Connector::new(policy, limits, Concurrency::default(), roots, resolver).expect("a connector")
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// Limits that a test can wait for.
pub fn short() -> Limits {
    let stage = Duration::from_millis(400);
    Limits {
        resolve: stage,
        connect: stage,
        tls: stage,
        head: stage,
        total: Duration::from_millis(1200),
        ..Limits::default()
    }
}

/// Writes `bytes` again and again until the other side has had enough.
pub async fn flood(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(bytes).await?;
    }
}

/// Time for a server's task to see what has arrived.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
