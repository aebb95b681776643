//! The network of a run: localnet in a process of its own, which outlives the indexer.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use hypernode_localnet::chain::Chaos;
use hypernode_localnet::{Localnet, Options};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;
use yellowstone_grpc_proto::geyser::{
    SlotStatus, SubscribeUpdate, SubscribeUpdateSlot, subscribe_update::UpdateOneof,
};

/// Longest wait for the network's process to start, or to reach its end.
const PATIENCE: Duration = Duration::from_secs(120);

/// What network to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetOptions {
    /// Directory of the chain.
    pub dir: PathBuf,
    /// Seed of the actors, and of what goes wrong.
    pub seed: u64,
    /// Milliseconds between slots.
    pub slot_ms: u64,
    /// The last slot.
    pub last_slot: u64,
    /// Whether anything goes wrong.
    pub chaos: bool,
    /// Thousandths of slots that are confirmed and die.
    pub confirmed_death: u64,
    /// Slots that the stream can replay.
    pub replay_slots: u64,
    /// Transactions per second.
    pub rate: f64,
    /// Ports of Geyser and JSON-RPC; 0 = any free one.
    pub ports: (u16, u16),
    /// Messages that may wait for one client of the stream.
    pub queue: usize,
}

impl NetOptions {
    /// A short chain that misbehaves.
    #[must_use]
    pub fn new(dir: &Path, seed: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            seed,
            slot_ms: 20,
            last_slot: 120,
            chaos: true,
            confirmed_death: 0,
            replay_slots: 150,
            rate: 300.0,
            ports: (0, 0),
            queue: 10_000,
        }
    }
}

/// Where a network is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Geyser endpoint.
    pub geyser: String,
    /// JSON-RPC endpoint.
    pub rpc: String,
    /// Genesis hash, base58.
    pub genesis: String,
}

/// A network in a process of its own. Dropping it ends the process.
#[derive(Debug)]
pub struct Net {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Where it is reached.
    pub place: Place,
    options: NetOptions,
}

impl Net {
    /// Starts it: `program` is this program, whose hidden command `net` runs the network.
    ///
    /// # Errors
    /// When the process does not start.
    pub async fn start(program: &Path, options: NetOptions) -> Result<Self> {
        let mut child = Command::new(program)
            .arg("net")
            .arg(serde_json::to_string(&options)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let stdout = child.stdout.take().context("the network's output")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let Some(line) = first.context("the network does not start")?? else {
            bail!("the network's process ended at once");
        };
        Ok(Self {
            place: serde_json::from_str(&line).context("what the network says")?,
            child,
            lines,
            options,
        })
    }

    /// Waits for the chain's end; the servers go on. Gives the file that holds the chain as a recording.
    ///
    /// # Errors
    /// When the process ends or takes too long.
    pub async fn finished(&mut self) -> Result<PathBuf> {
        let next = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        match next.context("the chain does not reach its end")?? {
            Some(_) => Ok(truth(&self.options.dir)),
            None => bail!("the network's process ended before the chain did"),
        }
    }

    /// Kills the process. Gives what starts another one in its place, which goes on behind the last stored block up to
    /// another end.
    ///
    /// # Errors
    /// When the system refuses.
    pub async fn kill(mut self, last_slot: u64) -> Result<NetOptions> {
        self.child.kill().await?;
        let port = |url: &str| url.rsplit(':').next().and_then(|port| port.parse().ok());
        let ports = port(&self.place.geyser).zip(port(&self.place.rpc));
        Ok(NetOptions {
            last_slot,
            ports: ports.context("the network's ports")?,
            ..self.options
        })
    }
}

fn truth(dir: &Path) -> PathBuf {
    dir.join("chain.bin")
}

/// The body of the hidden command: runs the network until standard input closes.
///
/// # Errors
/// When the network does not start or the chain cannot be written down.
pub async fn serve(options: &NetOptions) -> Result<()> {
    let chaos = Chaos {
        confirmed_death: options.confirmed_death,
        ..Chaos::new(options.seed)
    };
    let loopback = |port| ([127, 0, 0, 1], port).into();
    let net = Localnet::start(Options {
        geyser: loopback(options.ports.0),
        rpc: loopback(options.ports.1),
        queue_messages: options.queue,
        seed: options.seed,
        rate: options.rate,
        slot_ms: options.slot_ms,
        replay_slots: options.replay_slots,
        chaos: options.chaos.then_some(chaos),
        last_slot: Some(options.last_slot),
        ..Options::new(options.dir.clone())
    })
    .await?;
    let place = Place {
        geyser: net.geyser_url(),
        rpc: net.rpc_url(),
        genesis: bs58::encode(net.genesis_hash()).into_string(),
    };
    say(&serde_json::to_string(&place)?);
    let mut parent = parent_gone();
    let mut tip = net.chain().watch();
    tokio::select! {
        _ = &mut parent => {}
        reached = tip.wait_for(|tip| tip.0 >= options.last_slot) => {
            reached?;
            record(&net, &truth(&options.dir))?;
            say("done");
            // An error is the same news.
            let _ = parent.await;
        }
    }
    net.shutdown().await;
    Ok(())
}

/// Resolves when standard input closes: the parent is gone.
fn parent_gone() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    // A thread of its own: a runtime waits for its blocking tasks at the end.
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        sender.send(())
    });
    receiver
}

#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn say(line: &str) {
    println!("{line}");
}

/// Writes the stored chain down as a recording, every block final.
fn record(net: &Localnet, file: &Path) -> Result<()> {
    let reader = net.chain().reader()?;
    let mut bytes = Vec::new();
    let mut put = |update| -> Result<()> {
        let update = SubscribeUpdate {
            update_oneof: Some(update),
            ..Default::default()
        };
        Ok(update.encode_length_delimited(&mut bytes)?)
    };
    for slot in reader.slots(1, u64::MAX, usize::MAX)? {
        let Some(block) = reader.block(slot)? else {
            continue;
        };
        let parent = Some(block.parent_slot);
        put(UpdateOneof::Block(block))?;
        for status in [SlotStatus::SlotConfirmed, SlotStatus::SlotFinalized] {
            put(UpdateOneof::Slot(SubscribeUpdateSlot {
                slot,
                parent,
                status: status.into(),
                ..Default::default()
            }))?;
        }
    }
    std::fs::write(file, bytes).with_context(|| file.display().to_string())
}
