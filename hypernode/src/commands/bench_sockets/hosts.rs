//! Many hosts in one process: a child of `bench sockets`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::load::{Arrived, HostOptions, Order, Told};
use super::micros;
use super::server::room_for;
use crate::exit::{Failure, Outcome};
use crate::out::say;

/// Connections that are made at a time.
const AT_ONCE: usize = 256;
/// How often it is looked whether all are there.
const LOOK: Duration = Duration::from_millis(10);

/// What all hosts share.
struct Crowd {
    address: SocketAddr,
    heartbeat: Duration,
    arrived: Mutex<Vec<Arrived>>,
    /// Hosts that are registered since the last storm.
    ready: AtomicU32,
    storms: watch::Receiver<u32>,
    doors: Semaphore,
}

type Socket = WebSocketStream<TcpStream>;

pub(crate) async fn run(options: &str) -> Outcome {
    match crowd(options).await {
        Ok(()) => Ok(()),
        Err(error) => {
            tell(&Told::Failed(format!("{error:#}")));
            Err(Failure::Broke(error))
        }
    }
}

fn tell(told: &Told) {
    if let Ok(line) = serde_json::to_string(told) {
        say!("{line}");
    }
}

async fn crowd(options: &str) -> Result<()> {
    let options: HostOptions = serde_json::from_str(options)?;
    let tokens = std::fs::read_to_string(&options.tokens)?;
    let tokens: Vec<String> = tokens.lines().map(str::to_owned).collect();
    let count = tokens.len().try_into()?;
    if room_for(count) < count {
        bail!(
            "this process may not open {count} sockets: raise the limit on open files (ulimit -n)"
        );
    }
    let (storm, storms) = watch::channel(0);
    let crowd = Arc::new(Crowd {
        address: options.address,
        heartbeat: Duration::from_secs(options.heartbeat_s.into()),
        arrived: Mutex::default(),
        ready: AtomicU32::new(0),
        storms,
        doors: Semaphore::new(AT_ONCE),
    });
    for (n, token) in tokens.into_iter().enumerate() {
        let dialect = match options.dialect.as_str() {
            "mixed" => ["v1", "v2", "v3", "v4", "aware"][n % 5],
            "v2" => "v2",
            _ => "aware",
        };
        tokio::spawn(host(crowd.clone(), n, token, dialect));
    }
    all_ready(&crowd, count).await;
    tell(&Told::Ready);
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = orders.next_line().await? {
        match serde_json::from_str(&line)? {
            Order::Storm => {
                crowd.ready.store(0, Ordering::SeqCst);
                storm.send_modify(|storms| *storms += 1);
                all_ready(&crowd, count).await;
                tell(&Told::Ready);
            }
            Order::Arrivals(jobs) => tell(&Told::Arrivals(arrivals(&crowd, jobs as usize).await)),
            Order::End => break,
        }
    }
    Ok(())
}

async fn all_ready(crowd: &Crowd, count: u32) {
    while crowd.ready.load(Ordering::SeqCst) < count {
        tokio::time::sleep(LOOK).await;
    }
}

/// What arrived, once it is as much as is awaited, or nothing more comes for a while.
async fn arrivals(crowd: &Crowd, jobs: usize) -> Vec<Arrived> {
    let count = || {
        crowd
            .arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    };
    let (mut seen, mut idle) = (count(), 0);
    while seen < jobs && idle < 500 {
        tokio::time::sleep(LOOK).await;
        idle = if count() == seen { idle + 1 } else { 0 };
        seen = count();
    }
    crowd
        .arrived
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// One host: it comes back whenever its connection ends.
async fn host(crowd: Arc<Crowd>, n: usize, token: String, dialect: &'static str) {
    let mut session: Option<String> = None;
    loop {
        let mut storms = crowd.storms.clone();
        storms.mark_unchanged();
        let door = crowd.doors.acquire().await;
        let entered = enter(&crowd, n, &token, dialect, session.as_deref()).await;
        drop(door);
        match entered {
            Ok((mut socket, registered)) => {
                session = registered["session"].as_str().map(str::to_owned);
                crowd.ready.fetch_add(1, Ordering::SeqCst);
                let talked = tokio::select! {
                    talked = talk(&crowd, n, &mut socket, &registered["nodeId"]) => talked,
                    _ = storms.changed() => Ok(()),
                };
                if let Err(error) = talked {
                    eprintln!("host {n}: {error:#}");
                }
            }
            Err(error) => {
                eprintln!("host {n}: {error:#}");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

fn info(dialect: &str, n: usize) -> Value {
    let gpus = json!([{"model": "NVIDIA GeForce RTX 4090", "memory": "24564 MiB"}]);
    match dialect {
        "v1" => json!({"hostname": format!("rig-{n}"), "os": "Linux 6.8", "gpus": gpus}),
        "v2" => {
            json!({"hostname": format!("rig-{n}"), "os": "Linux", "os_version": "1", "cpu_count": null, "gpus": gpus})
        }
        "v3" => {
            json!({"hostname": format!("rig-{n}"), "os": "Linux", "os_version": "1", "gpus": gpus})
        }
        "v4" => {
            json!({"hostname": format!("rig-{n}"), "os": "Linux", "agent_version": "2.0.0-docker", "gpus": gpus})
        }
        _ => {
            json!({"hostname": format!("rig-{n}"), "os": "Linux", "gpus": gpus, "slots": 16, "sandboxed": true})
        }
    }
}

/// Connects and registers.
async fn enter(
    crowd: &Crowd,
    n: usize,
    token: &str,
    dialect: &str,
    session: Option<&str>,
) -> Result<(Socket, Value)> {
    let stream = TcpStream::connect(crowd.address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{}/ws", crowd.address);
    // Many of these in one process: small buffers.
    let small = WebSocketConfig::default()
        .read_buffer_size(1 << 10)
        .write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(url, stream, Some(small)).await?;
    let mut register = json!({"type": "register", "token": token, "hostInfo": info(dialect, n)});
    if dialect == "aware" {
        register["proto"] = 1.into();
        if let Some(session) = session {
            register["resume"] = session.into();
        }
    }
    socket.send(Message::text(register.to_string())).await?;
    loop {
        let frame = hear(&mut socket).await?;
        match frame["type"].as_str() {
            Some("registered") => return Ok((socket, frame)),
            Some("error") => bail!("{frame}"),
            _ => {}
        }
    }
}

async fn hear(socket: &mut Socket) -> Result<Value> {
    loop {
        match socket.next().await.context("the connection ended")?? {
            Message::Text(text) => return Ok(serde_json::from_str(text.as_str())?),
            Message::Close(frame) => bail!("closed: {frame:?}"),
            _ => {}
        }
    }
}

/// Shows life, takes what is offered, and ends every job at once.
async fn talk(crowd: &Crowd, n: usize, socket: &mut Socket, node: &Value) -> Result<()> {
    let heartbeat = json!({"type": "heartbeat", "nodeId": node}).to_string();
    // Not all at the same moment.
    let period = crowd.heartbeat;
    let first = period.mul_f64((n % 997) as f64 / 997.0);
    let mut beats = tokio::time::interval_at(tokio::time::Instant::now() + first, period);
    loop {
        let frame = tokio::select! {
            frame = hear(socket) => frame?,
            _ = beats.tick() => {
                socket.send(Message::text(heartbeat.clone())).await?;
                continue;
            }
        };
        let answer = match frame["type"].as_str() {
            Some("offer") => {
                json!({"type": "accept", "job": frame["job"], "fence": frame["fence"]})
            }
            Some("job") => {
                let job = frame["id"].as_str().unwrap_or_default().to_owned();
                crowd
                    .arrived
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(Arrived { job, at: micros() });
                json!({"type": "job_result", "id": frame["id"], "fence": frame["fence"], "status": "completed", "logs": ""})
            }
            _ => continue,
        };
        socket.send(Message::text(answer.to_string())).await?;
    }
}
