//! From changed IDL files to decoders with their tables.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hypernode_analytics::digest::Header;
use hypernode_decoder::Decoder;
use hypernode_decoder::accounts::AccountDecoder;
use hypernode_decoder::chain::Pubkey;
use hypernode_warehouse::Client;

use super::told::{Entry, Told, entries};
use super::{MAX_PAUSE, digest};
use crate::exit::{Failure, Outcome};
use crate::idls::{Sources, Watch, check, onchain};
use crate::programs::{Decoders, Programs, Rules};
use crate::rpc::Rpc;
use crate::store::{self, Made};

/// What a run decodes with; kept whole, so that a run can go back to it.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) blocks: Arc<Decoder>,
    pub(super) accounts: Option<Arc<AccountDecoder>>,
    pub(super) entries: Vec<Entry>,
    programs: Arc<Programs>,
}

impl Plan {
    /// What the index digest of these programs is of.
    pub(super) fn header(&self, genesis: &str) -> Header {
        digest::header(genesis, &self.programs.configs)
    }
}

/// Turns changed IDL files into decoders.
#[derive(Debug)]
pub(crate) struct Reload {
    watch: Watch,
    rules: Rules,
    /// What runs.
    programs: Arc<Programs>,
    entries: Vec<Entry>,
    /// Configured programs without an IDL.
    missing: Vec<(String, Pubkey)>,
    /// A change was noticed, and nothing has become of it yet.
    pending: bool,
    told: Told,
}

/// What reading all IDLs comes to.
struct Read {
    programs: Programs,
    entries: Vec<Entry>,
    decoder: Decoders,
    missing: Vec<(String, Pubkey)>,
}

impl Reload {
    /// Reads the IDLs for the first time, with their decoder. At a start every error is fatal.
    pub(crate) fn new(sources: Sources, rules: Rules) -> Outcome<(Self, Decoders)> {
        let watch = Watch::new(sources);
        let read = read(watch.sources(), &rules).map_err(Failure::CannotStart)?;
        for notice in &read.programs.notices {
            tracing::warn!("{notice}");
        }
        let reload = Self {
            watch,
            rules,
            programs: Arc::new(read.programs),
            told: Told::began(&read.entries),
            entries: read.entries,
            missing: read.missing,
            pending: false,
        };
        Ok((reload, read.decoder))
    }

    /// Looks for the IDLs of configured programs that no folder has; the decoder with those that are on chain, if any.
    pub(crate) async fn look_up(
        self,
        rpc: Option<&Rpc>,
        data_dir: &Path,
        decoder: Decoders,
    ) -> Outcome<(Self, Decoders)> {
        let mut found = false;
        for (label, program) in &self.missing {
            match onchain::look_up(rpc, label, program, data_dir).await {
                Ok(line) => {
                    tracing::info!("{line}");
                    found = true;
                }
                Err(line) => tracing::warn!("{line}"),
            }
        }
        if found {
            Self::new(self.watch.sources().clone(), self.rules)
        } else {
            Ok((self, decoder))
        }
    }

    /// The status now and later.
    pub(crate) fn told(&self) -> Told {
        self.told.clone()
    }

    /// What was read first, with its tables made.
    pub(super) fn first(&self, decoder: Decoders) -> Plan {
        Plan {
            blocks: Arc::new(decoder.blocks),
            accounts: decoder.accounts.map(Arc::new),
            entries: self.entries.clone(),
            programs: Arc::clone(&self.programs),
        }
    }

    /// From now on this is what changes are compared with.
    pub(super) fn adopt(&mut self, plan: &Plan) {
        self.programs = Arc::clone(&plan.programs);
        self.pending = false;
    }

    /// What to run after the next good change, with its tables made. Bad changes are told and passed over. May be dropped
    /// at any time: the change is then found again.
    pub(super) async fn next(&mut self, client: &Client) -> (Plan, Made) {
        loop {
            if !self.pending {
                self.watch.changed().await;
                self.pending = true;
            }
            let (sources, rules) = (self.watch.sources().clone(), self.rules.clone());
            let read = tokio::task::spawn_blocking(move || read(&sources, &rules)).await;
            let read = read.unwrap_or_else(|error| Err(error.to_string()));
            let mut read = match read {
                Ok(read) => read,
                Err(why) => {
                    self.refuse(why);
                    continue;
                }
            };
            if read.programs.configs == self.programs.configs {
                self.pending = false;
                self.told.unchanged(&read.entries);
                continue;
            }
            self.told.waiting(Some("its tables are made".to_owned()));
            let made = match make_room(client, &mut read.decoder).await {
                Ok(made) => made,
                Err(why) => {
                    self.refuse(why);
                    continue;
                }
            };
            self.say_what_changes(&read.programs);
            let plan = Plan {
                blocks: Arc::new(read.decoder.blocks),
                accounts: read.decoder.accounts.map(Arc::new),
                entries: read.entries,
                programs: Arc::new(read.programs),
            };
            return (plan, made);
        }
    }

    fn say_what_changes(&self, programs: &Programs) {
        let news = programs.notices.iter();
        for notice in news.filter(|notice| !self.programs.notices.contains(notice)) {
            tracing::warn!("{notice}");
        }
        let old = labels(&self.programs);
        for label in labels(programs).difference(&old) {
            tracing::info!(
                program = label,
                "indexed from the next slot on; what came before is not fetched"
            );
        }
        for label in old.difference(&labels(programs)) {
            tracing::info!(program = label, "no longer indexed; its tables stay");
        }
    }

    fn refuse(&mut self, why: String) {
        self.pending = false;
        tracing::error!("changed IDLs are refused, those of before stay in force: {why}");
        self.told.refused(why);
    }
}

fn labels(programs: &Programs) -> BTreeSet<&str> {
    let labels = programs.configs.iter();
    labels.map(|config| config.label.as_str()).collect()
}

/// Everything from files to a decoder; `Err` is what a person must read.
fn read(sources: &Sources, rules: &Rules) -> Result<Read, String> {
    let versions = sources
        .load()
        .map_err(|refusals| format!("IDL {}", check::text(&refusals)))?;
    let missing = rules.without_idl(&versions);
    let all = versions.clone();
    let (programs, decoder) = rules.all(versions)?;
    Ok(Read {
        entries: entries(&all, &programs),
        programs,
        decoder,
        missing,
    })
}

/// Waits for a ClickHouse that is not there; whoever waits with it may drop this at any time.
async fn make_room(client: &Client, decoder: &mut Decoders) -> Result<Made, String> {
    let mut pause = Duration::from_millis(500);
    loop {
        match store::make_room(client, decoder).await {
            Ok(made) => return Ok(made),
            Err(error) if !error.is_retryable() => return Err(error.to_string()),
            Err(error) => {
                tracing::warn!(%error, retry_in = ?pause, "changed IDLs wait for ClickHouse");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}
