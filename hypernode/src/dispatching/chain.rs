//! Writing to the chain, where the operator wants it: the signer's process, who carries transactions, who plans them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hypernode_analytics::reputation::FeeAccounts;
use hypernode_dispatch::bridge::write::signer::Child;
use hypernode_dispatch::bridge::write::{Clerk, HttpRpc, OnHosts, Planner, Programs, Rpc, forget};
use hypernode_dispatch::bridge::{Cashier, Warehouse};
use hypernode_dispatch::service::Center;
use hypernode_dispatch::sessions::Hub;
use hypernode_state::Store;
use hypernode_warehouse::Client;
use solana_sdk::pubkey::Pubkey;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::purse;
use crate::config::Settings;
use crate::exit::{Failure, OrCannotStart as _, Outcome};

/// The network as far as it is written to.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// Endpoints of JSON-RPC, at least one.
    pub(crate) rpc: Vec<String>,
    /// Address of the program of jobs.
    pub(crate) job_receipt: Option<String>,
    /// Mint of HYPER.
    pub(crate) mint: Option<String>,
    /// What settlements must pay; the last pair is in force.
    pub(crate) fee_accounts: Vec<FeeAccounts>,
    /// Whether all of it is a simulation, in which keys are made and filled as needed.
    pub(crate) simulated: bool,
}

/// What a running dispatcher lends.
pub(crate) struct Around<'a> {
    pub(crate) settings: &'a Settings,
    /// The data directory.
    pub(crate) directory: &'a Path,
    pub(crate) store: &'a Arc<dyn Store>,
    pub(crate) center: &'a Center,
    pub(crate) warehouse: &'a Client,
    /// Where owners of nodes sign.
    pub(crate) hub: &'a Hub,
}

/// Who writes to the chain.
pub(crate) struct Writing {
    /// Who carries.
    pub(super) clerk: Clerk,
    planner: Planner,
}

impl Writing {
    /// Starts the signer; nothing is sent yet. `None`: the operator did not ask for it.
    pub(crate) async fn open(network: &Network, around: &Around<'_>) -> Outcome<Option<Self>> {
        let settings = around.settings;
        if !settings.parsed::<bool>("chain.write") {
            // It may have been asked for before: messages are not kept for nobody.
            let forgotten = forget(around.store.as_ref()).await;
            forgotten.or_cannot_start("chain.write")?;
            return Ok(None);
        }
        let programs = programs(network)?;
        let mut endpoints: Vec<Arc<dyn Rpc>> = Vec::new();
        for url in &network.rpc {
            endpoints.push(Arc::new(HttpRpc::new(url).or_cannot_start("rpc.url")?));
        }
        let Some(first) = network.rpc.first() else {
            return Err(Failure::start(
                "chain.write",
                "rpc.url is needed to send transactions",
            ));
        };
        let key = match settings.path("chain.key") {
            Some(key) => key,
            None if network.simulated => purse::make(&around.directory.join("chain.key"))?,
            None => {
                return Err(Failure::start(
                    "chain.write",
                    "chain.key is needed: a file as `solana-keygen` writes it",
                ));
            }
        };
        let signer = Child::start(
            program()?,
            arguments(settings, &key, around.directory, &programs),
        );
        let signer = signer
            .await
            .map_err(|error| Failure::start("the signer", error))?;
        if network.simulated {
            tokio::spawn(purse::fill(first.clone(), signer.key()));
        }
        let clerk = Clerk {
            store: Arc::clone(around.store),
            endpoints,
            sender: Arc::new(signer),
            owners: Arc::new(OnHosts {
                hub: around.hub.clone(),
                programs,
            }),
            programs,
            most_price: settings.parsed("chain.daily_hyper"),
            center: around.center.clone(),
            clock: super::clock(),
        };
        let planner = Planner {
            clerk: clerk.clone(),
            index: Arc::new(Warehouse(around.warehouse.clone())),
        };
        Ok(Some(Self { clerk, planner }))
    }

    /// Works until `stop`. What was under way then is kept, and goes on at the next start.
    pub(crate) fn start(self, roles: &mut JoinSet<Outcome>, stop: &CancellationToken) {
        let until = stop.clone();
        roles.spawn(async move {
            tokio::select! {
                () = self.planner.run() => {}
                () = self.clerk.run() => {}
                () = until.cancelled() => {}
            }
            Ok(())
        });
    }
}

/// Who credits what the network pays; `None` where it is not known which accounts of it prove a payment, or by which mint.
pub(crate) fn cashier(network: &Network, around: &Around<'_>) -> Option<Cashier> {
    let mint = network.mint.as_ref().and_then(|mint| mint.parse().ok())?;
    (!network.fee_accounts.is_empty()).then(|| Cashier {
        index: Arc::new(Warehouse(around.warehouse.clone())),
        store: Arc::clone(around.store),
        clock: super::clock(),
        fees: network.fee_accounts.clone(),
        mint,
    })
}

fn programs(network: &Network) -> Outcome<Programs> {
    let key = |what: &str, text: Option<&String>| -> Outcome<Pubkey> {
        let key = text.and_then(|text| text.parse().ok());
        key.ok_or_else(|| {
            Failure::start(
                "chain.write",
                format!("{what} is needed to write to the chain"),
            )
        })
    };
    let fees = network.fee_accounts.last();
    let fees = fees.ok_or_else(|| {
        Failure::start(
            "chain.write",
            "network.fee_accounts is needed: settlements pay them",
        )
    })?;
    Ok(Programs {
        job_receipt: key("the address of job_receipt", network.job_receipt.as_ref())?,
        mint: key("network.hyper_mint", network.mint.as_ref())?,
        treasury: Pubkey::new_from_array(fees.treasury),
        incentive: Pubkey::new_from_array(fees.incentive),
    })
}

fn program() -> Outcome<OsString> {
    let program: PathBuf = std::env::current_exe().or_cannot_start("the signer")?;
    Ok(program.into())
}

fn arguments(
    settings: &Settings,
    key: &Path,
    directory: &Path,
    programs: &Programs,
) -> Vec<OsString> {
    let number = |name: &str| settings.parsed::<u64>(name).to_string();
    let flags: [(&str, OsString); 8] = [
        ("--key", key.into()),
        ("--book", directory.join("signed.jsonl").into()),
        ("--job-receipt", programs.job_receipt.to_string().into()),
        ("--mint", programs.mint.to_string().into()),
        ("--treasury", programs.treasury.to_string().into()),
        ("--incentive", programs.incentive.to_string().into()),
        ("--daily-lamports", number("chain.daily_lamports").into()),
        ("--daily-hyper", number("chain.daily_hyper").into()),
    ];
    let flags = flags
        .into_iter()
        .flat_map(|(flag, value)| [flag.into(), value]);
    std::iter::once("signer".into()).chain(flags).collect()
}
