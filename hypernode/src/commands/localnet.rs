//! `hypernode localnet`: the simulated network alone.

use hypernode_localnet::{Localnet, Options};

use crate::cli;
use crate::config::{self, Settings};
use crate::datadir::DataDir;
use crate::exit::{OrCannotStart as _, Outcome};
use crate::programs::base58;
use crate::signals;

/// Name under which everything shows the simulated network.
pub(crate) const NETWORK: &str = "localnet (simulated)";

pub(crate) async fn run(args: &cli::Localnet) -> Outcome {
    let settings = config::load(&args.common)?;
    let data = DataDir::open(&settings.path("data.dir").unwrap_or_default())?;
    let network = start(&settings, &data, args.fresh).await?;
    println!(
        "localnet (simulated): Geyser {}  RPC {}",
        network.geyser_url(),
        network.rpc_url()
    );
    println!("  genesis {}", base58(&network.genesis_hash()));
    for (label, id) in network.program_ids() {
        println!("  programs.{label}.id = \"{}\"", base58(&id.to_bytes()));
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
        ..Options::new(data.path().to_owned())
    };
    Localnet::start(options).await.or_cannot_start("localnet")
}
