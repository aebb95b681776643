//! A host's end of a socket.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::server::Server;

/// How long an answer may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A socket.
pub(super) struct Line(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What comes from the other end.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(Value),
    /// It was closed; with the code where there was one.
    Closed(Option<u16>),
}

impl Line {
    pub(super) async fn open(server: &Server) -> Result<Self> {
        let (socket, _) = connect_async(format!("ws://{}/ws", server.address)).await?;
        Ok(Self(socket))
    }

    /// A host of an old dialect with a token of its own; and its node.
    pub(super) async fn host(server: &Server) -> Result<(Self, String)> {
        let mut line = Self::open(server).await?;
        let token = server.token().await?;
        line.say(&json!({"type": "register", "token": token, "hostInfo": {"hostname": "rig", "os": "Linux 6.8",
            "gpus": [{"name": "NVIDIA GeForce RTX 4090", "memory": "24564 MiB"}]}}))
            .await?;
        let node = line.until("registered").await?;
        Ok((line, text(&node, "nodeId")?))
    }

    /// A lease-aware host.
    pub(super) async fn aware(server: &Server) -> Result<Self> {
        let mut line = Self::open(server).await?;
        let token = server.token().await?;
        line.say(&json!({"type": "register", "proto": 1, "token": token,
            "hostInfo": {"hostname": "aware", "gpus": [{"name": "NVIDIA H100", "memory": "81559 MiB"}], "sandboxed": true}}))
            .await?;
        line.until("registered").await?;
        Ok(line)
    }

    pub(super) async fn say(&mut self, frame: &Value) -> Result<()> {
        self.say_text(frame.to_string()).await
    }

    pub(super) async fn say_text(&mut self, text: String) -> Result<()> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    pub(super) async fn say_bytes(&mut self, bytes: Vec<u8>) -> Result<()> {
        Ok(self.0.send(Message::binary(bytes)).await?)
    }

    /// What comes next.
    pub(super) async fn hear(&mut self) -> Result<Heard> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .context("no answer in time")?;
            return Ok(match next {
                Some(Ok(Message::Text(text))) => Heard::Frame(serde_json::from_str(text.as_str())?),
                Some(Ok(Message::Close(frame))) => {
                    Heard::Closed(frame.map(|frame| frame.code.into()))
                }
                Some(Ok(_)) => continue,
                None | Some(Err(_)) => Heard::Closed(None),
            });
        }
    }

    /// The next frame of this type; others are passed over.
    pub(super) async fn until(&mut self, kind: &str) -> Result<Value> {
        loop {
            match self.hear().await? {
                Heard::Frame(frame) if frame["type"] == kind => return Ok(frame),
                Heard::Frame(_) => {}
                Heard::Closed(code) => bail!("closed with {code:?} before a frame `{kind}` came"),
            }
        }
    }

    /// The close code at the end, whatever comes before.
    pub(super) async fn end(&mut self) -> Result<Option<u16>> {
        loop {
            if let Heard::Closed(code) = self.hear().await? {
                return Ok(code);
            }
        }
    }

    /// Takes the next offer; the job and its fence.
    pub(super) async fn take(&mut self) -> Result<(String, u64)> {
        let offer = self.until("offer").await?;
        self.say(&json!({"type": "accept", "job": offer["job"], "fence": offer["fence"]}))
            .await?;
        let job = self.until("job").await?;
        Ok((text(&job, "id")?, job["fence"].as_u64().context("a fence")?))
    }
}

pub(super) fn text(frame: &Value, name: &str) -> Result<String> {
    Ok(frame[name]
        .as_str()
        .with_context(|| format!("`{name}` in {frame}"))?
        .to_owned())
}
