//! `hypernode localnet`: the simulated network alone; `localnet emit`: an event on a running one.

use std::path::Path;
use std::time::{Duration, Instant};

use hypernode_localnet::actors::{CLIENTS, OWNERS, Role, actor};
use hypernode_localnet::chain::Chaos;
use hypernode_localnet::emit::{self, Way};
use hypernode_localnet::{Localnet, Options};
use serde_json::json;

use super::status::{Asked, ask};
use crate::cli;
use crate::config::{self, Settings, check};
use crate::datadir::DataDir;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out::say;
use crate::programs::base58;
use crate::rpc::Rpc;
use crate::running::Running;
use crate::signals;

/// Longest wait for what was emitted.
const PATIENCE: Duration = Duration::from_secs(120);
/// Time between looks.
const EVERY: Duration = Duration::from_millis(100);

/// Name under which everything shows the simulated network.
pub(crate) const NETWORK: &str = "localnet (simulated)";

pub(crate) async fn run(args: &cli::Localnet) -> Outcome {
    match &args.action {
        Some(cli::LocalnetAction::Emit(args)) => return emit(args).await,
        Some(cli::LocalnetAction::Key(args)) => return key(args),
        None => {}
    }
    let settings = config::load(&args.common_with_flags())?;
    let data = DataDir::open(&settings.path("data.dir").unwrap_or_default())?;
    let network = start(&settings, &data, args.fresh).await?;
    say!(
        "localnet (simulated): Geyser {}  RPC {}",
        network.geyser_url(),
        network.rpc_url()
    );
    say!("  genesis {}", base58(&network.genesis_hash()));
    for (label, id) in network.program_ids() {
        say!("  programs.{label}.id = \"{}\"", base58(&id.to_bytes()));
    }
    signals::wait().await?;
    network.shutdown().await;
    Ok(())
}

/// Starts localnet on the configured loopback ports.
pub(crate) async fn start(settings: &Settings, data: &DataDir, fresh: bool) -> Outcome<Localnet> {
    let loopback =
        |key: &str| std::net::SocketAddr::from(([127, 0, 0, 1], settings.parsed::<u16>(key)));
    let options = Options {
        fresh,
        geyser: loopback("localnet.geyser_port"),
        rpc: loopback("localnet.rpc_port"),
        seed: settings.parsed("localnet.seed"),
        rate: settings.parsed("localnet.rate"),
        slot_ms: settings.parsed("localnet.slot_ms"),
        clock: settings.parsed("localnet.clock"),
        chaos: settings
            .get("localnet.chaos")
            .and_then(|seed| seed.parse().ok())
            .map(Chaos::new),
        ..Options::new(data.path().to_owned())
    };
    Localnet::start(options).await.or_cannot_start("localnet")
}

/// Prints an actor's key.
fn key(args: &cli::ActorKey) -> Outcome {
    let settings = config::load(&args.common)?;
    let (role, count) = match args.role {
        cli::ActorRole::Owner => (Role::Owner, OWNERS),
        cli::ActorRole::Client => (Role::Client, CLIENTS),
    };
    let key = actor(settings.parsed("localnet.seed"), role, args.number).ok_or_else(|| {
        let why = format!(
            "{} is none of them: they are 0 to {}",
            args.number,
            count - 1
        );
        Failure::start("localnet key", why)
    })?;
    say!("{:?}", key.to_bytes());
    Ok(())
}

/// Sends one transaction whose event is what the command line says.
async fn emit(args: &cli::Emit) -> Outcome {
    let settings = config::load(&args.common)?;
    let event = bytes(&args.event).map_err(|why| Failure::start("emit", why))?;
    let program = match &args.program {
        Some(text) => check::pubkey(text)
            .map_err(|why| Failure::start("--program", format!("{text:?} {why}")))?,
        None => hypernode_schemas::localnet::program_id("probe"),
    };
    let dir = settings.path("data.dir").unwrap_or_default();
    let Some(running) = Running::find(&dir).filter(|running| running.network == NETWORK) else {
        return Err(Failure::NotRunning(format!(
            "no simulated network runs on the data directory {}; start one with `hypernode up`, or name its directory with --data",
            dir.display()
        )));
    };
    let url = running.endpoints.rpc.clone().unwrap_or_default();
    let rpc = Rpc::new(&url).map_err(Failure::No)?;
    let signature = send(&rpc, &program, &event, args.cpi)
        .await
        .map_err(Failure::No)?;
    let slot = while_it_runs(&dir, &running, settled(&rpc, &signature, args.finalized)).await?;
    while_it_runs(&dir, &running, stored(&running, slot, args.finalized)).await?;
    say!("slot {slot}  {signature}");
    Ok(())
}

/// Waits for `work`, unless the instance ends.
async fn while_it_runs<T>(
    dir: &Path,
    running: &Running,
    work: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    let ended = async {
        while Running::find(dir).is_some_and(|now| now.pid == running.pid) {
            tokio::time::sleep(EVERY * 5).await;
        }
    };
    tokio::select! {
        done = work => done,
        () = ended => Err(Failure::NotRunning(format!(
            "the instance (process {}) has ended before it told what became of the transaction: ask again, or look into \
             the tables",
            running.pid
        ))),
    }
}

/// The slot of a transaction, once it is confirmed or final.
async fn settled(rpc: &Rpc, signature: &str, finalized: bool) -> Outcome<u64> {
    let began = Instant::now();
    let mut last = "not seen".to_owned();
    while began.elapsed() < PATIENCE {
        // A network that is busy may be late with one answer.
        let asked = rpc.call("getSignatureStatuses", json!([[signature]])).await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(why) => {
                last = format!("not known of ({why})");
                tokio::time::sleep(EVERY).await;
                continue;
            }
        };
        let found = &answer["value"][0];
        if !found["err"].is_null() {
            let why = format!("transaction {signature} failed: {}", found["err"]);
            return Err(Failure::No(why));
        }
        if let (Some(slot), Some(how)) =
            (found["slot"].as_u64(), found["confirmationStatus"].as_str())
        {
            if how == "finalized" || (how == "confirmed" && !finalized) {
                return Ok(slot);
            }
            last = format!("{how} in slot {slot}");
        }
        tokio::time::sleep(EVERY).await;
    }
    Err(Failure::No(format!(
        "transaction {signature} was sent, but is {last} after {} s: does the network go on (`hypernode status`)?",
        PATIENCE.as_secs()
    )))
}

/// Returns when the instance has stored that slot, so that a query finds what was emitted.
async fn stored(running: &Running, slot: u64, finalized: bool) -> Outcome {
    let key = if finalized {
        "finalized_slot"
    } else {
        "as_of_slot"
    };
    let began = Instant::now();
    let mut last = "nothing is known".to_owned();
    while began.elapsed() < PATIENCE {
        match ask(running).await {
            Ok(Asked { indexer, .. }) => {
                let reached = indexer[key].as_u64().unwrap_or_default();
                if reached >= slot {
                    return Ok(());
                }
                last = format!("slots up to {reached} are");
            }
            Err(failure) => last = failure.to_string(),
        }
        tokio::time::sleep(EVERY).await;
    }
    Err(Failure::No(format!(
        "the event is in slot {slot}, which is not stored after {} s ({last}): see `hypernode status`",
        PATIENCE.as_secs()
    )))
}

/// The newest block's hash makes the same event sent again another transaction.
async fn send(rpc: &Rpc, program: &[u8; 32], event: &[u8], cpi: bool) -> Result<String, String> {
    let latest = rpc
        .call("getLatestBlockhash", json!([{"commitment": "processed"}]))
        .await?;
    let blockhash = latest["value"]["blockhash"].as_str().unwrap_or_default();
    let blockhash = check::pubkey(blockhash).map_err(|why| format!("blockhash {why}"))?;
    let way = if cpi { Way::Cpi } else { Way::Log };
    let transaction = emit::transaction(program, event, way, &blockhash)?;
    let text = base64_simd::STANDARD.encode_to_string(transaction);
    let sent = rpc
        .call("sendTransaction", json!([text, {"encoding": "base64"}]))
        .await
        .map_err(|why| {
            format!(
                "{why}; only programs with the probe's code can emit so ({}), and a chain older than this command has no \
                 faucet (`hypernode up --fresh` starts another)",
                base58(&hypernode_schemas::localnet::program_id("probe"))
            )
        })?;
    Ok(sent.as_str().unwrap_or_default().to_owned())
}

/// Hex if it can be hex, else base64.
fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let pairs = digits.as_bytes().chunks(2);
    let hex: Option<Vec<u8>> = pairs
        .map(|pair| match pair {
            [a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
            }
            _ => None,
        })
        .collect();
    let bytes = match hex {
        Some(bytes) => bytes,
        None if digits.len() < text.len() && digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            return Err(format!(
                "{text:?} has an odd number of digits: two make a byte"
            ));
        }
        None if digits.len() < text.len() => {
            return Err(format!("{text:?} is not hex behind its 0x"));
        }
        None => base64_simd::STANDARD
            .decode_to_vec(text)
            .map_err(|_| format!("{text:?} is neither hex nor base64"))?,
    };
    if bytes.is_empty() {
        return Err("an event has at least its discriminator's bytes".to_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_hex_or_base64() {
        assert_eq!(bytes("0102ff"), Ok(vec![1, 2, 255]));
        assert_eq!(bytes("0x0102FF"), Ok(vec![1, 2, 255]));
        assert_eq!(bytes("AQL/"), Ok(vec![1, 2, 255]));
        for wrong in ["", "0x", "0x0g", "é", "a"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
