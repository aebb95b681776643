//! What hosts try.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hypernode_dispatch::bench::Stage;
use hypernode_dispatch::job::Pay;
use hypernode_state::Address;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Case;
use super::good::ended;
use super::line::{Heard, Line, PATIENCE, text};
use super::server::{Server, TOKEN_MS};

/// Whose jobs these are.
const OWNER: Address = Address([7; 32]);

/// Expects of each answer that it is an error of this text.
struct Expect {
    case: Case,
}

impl Expect {
    fn new(name: &'static str) -> Self {
        Self {
            case: Case {
                name,
                wrong: Vec::new(),
                tried: 0,
            },
        }
    }

    fn that(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.case.tried += 1;
        if !holds {
            self.case.wrong.push(what());
        }
    }

    async fn error(&mut self, line: &mut Line, message: &str) -> Result<()> {
        let heard = line.hear().await?;
        let is = matches!(&heard, Heard::Frame(frame) if frame["type"] == "error" && frame["message"] == message);
        self.that(is, || format!("{heard:?} instead of the error `{message}`"));
        Ok(())
    }
}

pub(super) async fn malformed(server: &Server) -> Result<Case> {
    let mut expect = Expect::new("malformed frames");
    let (mut line, _) = Line::host(server).await?;
    let texts = [
        String::new(),
        "null".to_owned(),
        "{\"type\":".to_owned(),
        "[1,2".to_owned(),
        "[".repeat(100_000),
        format!(
            "{{\"type\":\"heartbeat\",\"a\":{}{}}}",
            "[".repeat(1000),
            "]".repeat(1000)
        ),
        format!(
            "{{\"type\":\"heartbeat\",\"running\":[{}1]}}",
            "{},".repeat(100_000)
        ),
        "{\"type\":\"\\ud800\"".to_owned(),
    ];
    for text in texts {
        line.say_text(text).await?;
        expect.error(&mut line, "Invalid message format").await?;
    }
    line.say_bytes(vec![0xff, 0x00, 0xfe]).await?;
    expect.error(&mut line, "Invalid message format").await?;
    for frame in [
        json!({}),
        json!({"type": "dance"}),
        json!({"type": 7}),
        json!({"type": ["register"]}),
    ] {
        line.say(&frame).await?;
        expect.error(&mut line, "Unknown message type").await?;
    }
    Ok(expect.case)
}

pub(super) async fn huge(server: &Server) -> Result<Case> {
    let mut expect = Expect::new("huge frames");
    let (mut line, _) = Line::host(server).await?;
    let logs = "x".repeat(4 << 20);
    // The other end may hang up while this is under way.
    let _ = line
        .say(&json!({"type": "job_result", "id": "x", "status": "completed", "logs": logs}))
        .await;
    let code = line.end().await?;
    // A reset may overtake the close frame; what counts is that it is over.
    expect.that(matches!(code, Some(1009) | None), || {
        format!("closed with {code:?}, not 1009")
    });
    Ok(expect.case)
}

pub(super) async fn slow(server: &Server) -> Result<Case> {
    let mut expect = Expect::new("slow senders");
    // A frame that is announced and never comes, on a socket that does not register.
    let mut stream = TcpStream::connect(server.address).await?;
    let upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).await?;
    stream
        .write_all(&[0x81, 0xfe, 0xff, 0xff, 1, 2, 3, 4])
        .await?;
    let begun = Instant::now();
    let mut bytes = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    expect.that(ended.is_ok(), || {
        format!("still open after {:?}", begun.elapsed())
    });
    // One that says nothing at all.
    let mut line = Line::open(server).await?;
    let code = line.end().await?;
    expect.that(code == Some(1008), || {
        format!("closed with {code:?}, not 1008")
    });
    Ok(expect.case)
}

/// Whoever is nobody.
pub(super) async fn strangers(server: &Server) -> Result<Case> {
    let mut expect = Expect::new("strangers");
    let mut line = Line::open(server).await?;
    line.say(&json!({"type": "job_result", "id": "5a1d7d52-9f5c-4a3a-9a3e-1a5a2a8f7a01", "status": "completed"})).await?;
    expect.error(&mut line, "Job not found").await?;
    line.say(&json!({"type": "accept", "job": "x", "fence": 1}))
        .await?;
    expect.error(&mut line, "Job not found").await?;
    line.say(&json!({"type": "heartbeat", "nodeId": "9f1c2c8e-2f5f-4a35-8f7e-d2f3a0b8f1aa"}))
        .await?;
    expect.error(&mut line, "Invalid node ID").await?;
    line.say(&json!({"type": "register", "hostInfo": {}}))
        .await?;
    expect.error(&mut line, "Token is required").await?;
    Ok(expect.case)
}

pub(super) async fn tokens(server: &Server) -> Result<Case> {
    let mut expect = Expect::new("wrong, used, expired and revoked tokens");
    let register = |token: &str| json!({"type": "register", "token": token, "hostInfo": {"os_version": "1", "cpu_count": null}});
    let mut line = Line::open(server).await?;
    for token in [
        "wrong",
        &"x".repeat(300),
        "5a1d7d52-9f5c-4a3a-9a3e-1a5a2a8f7a01",
    ] {
        line.say(&register(token)).await?;
        expect.error(&mut line, "Invalid token").await?;
    }
    let late = server.token().await?;
    let used = server.token().await?;
    let mut holder = Line::open(server).await?;
    holder.say(&register(&used)).await?;
    holder.until("registered").await?;
    line.say(&register(&used)).await?;
    expect.error(&mut line, "Token already used").await?;
    tokio::time::sleep(Duration::from_millis(TOKEN_MS.unsigned_abs())).await;
    let mut line = Line::open(server).await?;
    line.say(&register(&late)).await?;
    expect.error(&mut line, "Invalid token").await?;
    server.stage.nodes.revoke(&used).await?;
    holder
        .say(&json!({"type": "heartbeat", "nodeId": null}))
        .await?;
    expect.error(&mut holder, "Invalid token").await?;
    let code = holder.end().await?;
    expect.that(code == Some(1008), || {
        format!("closed with {code:?}, not 1008")
    });
    line.say(&register(&used)).await?;
    expect.error(&mut line, "Invalid token").await?;
    Ok(expect.case)
}

async fn submit(server: &Server, number: u128) -> Result<String> {
    let order = Stage::order((3 << 64) + number, OWNER, Pay::UpTo(1_000_000));
    let mut order = order;
    // Not the good host's.
    order.submission.needs.min_vram_mb = 24_564;
    order.submission.needs.capabilities = vec!["inference".to_owned()];
    order.submission.needs.gpu_model = Some("RTX 4090".to_owned());
    Ok(server.stage.center.now()?.submit(order).await?.to_string())
}

/// Results of jobs that were never given, of others' jobs, and twice.
pub(super) async fn results(server: &Server) -> Result<Case> {
    let mut expect = Expect::new("results of jobs never given, of others' and twice");
    let (mut victim, _) = Line::host(server).await?;
    let job = submit(server, 1).await?;
    let given = victim.until("job").await?;
    let (mut thief, _) = Line::host(server).await?;
    let result =
        |id: &Value| json!({"type": "job_result", "id": id, "status": "completed", "logs": "mine"});
    for id in [
        json!("5a1d7d52-9f5c-4a3a-9a3e-1a5a2a8f7a01"),
        json!("../../etc/passwd"),
        json!(job),
        json!(null),
    ] {
        thief.say(&result(&id)).await?;
        expect.error(&mut thief, "Job not found").await?;
    }
    victim.say(&result(&given["id"])).await?;
    victim.until("ack").await?;
    victim.say(&result(&given["id"])).await?;
    expect.error(&mut victim, "Job not found").await?;
    Ok(expect.case)
}

/// What was said of an attempt that was given up.
pub(super) async fn fences(server: &Server) -> Result<Case> {
    let mut expect = Expect::new("stale fences");
    let mut line = Line::aware(server).await?;
    let mut order = Stage::order((4 << 64) + 1, OWNER, Pay::UpTo(1_000_000));
    order.submission.needs.gpu_model = Some("H100".to_owned());
    let job = server.stage.center.now()?.submit(order).await?;
    let (name, old) = line.take().await?;
    // Its time passes, and it is given again.
    line.until("job_cancel").await?;
    let (_, fence) = line.take().await?;
    expect.that(fence > old, || format!("fence {fence} after {old}"));
    for stale in [old, fence + 1, 0] {
        line.say(&json!({"type": "job_result", "id": name, "fence": stale, "status": "completed"}))
            .await?;
        expect.error(&mut line, "Job not found").await?;
    }
    line.say(&json!({"type": "job_result", "id": name, "fence": fence, "status": "completed"}))
        .await?;
    line.until("ack").await?;
    let completed = ended(server.stage.store.as_ref(), job).await?;
    expect.that(completed, || "the right fence does not count".to_owned());
    Ok(expect.case)
}

/// A host that accepts and never runs.
pub(super) async fn idle(server: &Server) -> Result<Case> {
    let mut expect = Expect::new("a host that accepts and never runs");
    let mut idle = Line::aware(server).await?;
    let mut order = Stage::order((5 << 64) + 1, OWNER, Pay::UpTo(1_000_000));
    order.submission.needs.gpu_model = Some("H100".to_owned());
    let job = server.stage.center.now()?.submit(order).await?;
    idle.take().await?;
    let mut other = Line::aware(server).await?;
    let begun = Instant::now();
    let (name, fence) = other.take().await?;
    other
        .say(&json!({"type": "job_result", "id": name, "fence": fence, "status": "completed"}))
        .await?;
    let completed = tokio::time::timeout(PATIENCE, ended(server.stage.store.as_ref(), job)).await;
    let completed = completed.context("the job ends")??;
    expect.that(completed, || {
        format!("not completed by another host after {:?}", begun.elapsed())
    });
    let cancelled = text(&idle.until("job_cancel").await?, "jobId")?;
    expect.that(cancelled == name, || {
        format!("{cancelled} was taken from the idle host, not {name}")
    });
    Ok(expect.case)
}

/// Sockets that send as fast as they can.
pub(super) async fn floods(server: &Server, count: u32) -> Result<Case> {
    let mut expect = Expect::new("floods");
    let mut floods = JoinSet::new();
    for _ in 0..count {
        let mut line = Line::open(server).await?;
        floods.spawn(async move {
            let mut code = None;
            for _ in 0..100_000 {
                // A send that fails is the end; the close frame, if there is one, is read below.
                if line
                    .say_text("{\"type\":\"heartbeat\",\"nodeId\":null}".to_owned())
                    .await
                    .is_err()
                {
                    break;
                }
                if let Ok(Ok(Heard::Closed(said))) =
                    tokio::time::timeout(Duration::ZERO, line.hear()).await
                {
                    code = said;
                    return (true, code);
                }
            }
            let ended = line.end().await;
            if let Ok(said) = &ended {
                code = *said;
            }
            (ended.is_ok(), code)
        });
    }
    while let Some(flood) = floods.join_next().await {
        let (ended, code) = flood?;
        expect.that(ended && matches!(code, Some(1008) | None), || {
            format!("ended: {ended}, code {code:?}")
        });
    }
    Ok(expect.case)
}
