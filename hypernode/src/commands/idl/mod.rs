//! `hypernode idl add|check|list`.

mod add;
mod check;
mod list;
mod wait;

use hypernode_decoder::{Decoder, Keep, ProgramConfig};
use hypernode_schemas::canonical::{self, CanonicalMap};

use crate::cli::IdlCommand;
use crate::config::Settings;
use crate::exit::Outcome;
use crate::programs::{Ids, Rules};

pub(crate) async fn run(command: IdlCommand) -> Outcome {
    match command {
        IdlCommand::Add(args) => add::run(&args).await,
        IdlCommand::Check(args) => check::run(&args),
        IdlCommand::List(args) => list::run(&args),
    }
}

/// The rules of the network that the settings name.
fn rules(settings: &Settings) -> Outcome<Rules> {
    let ids = if settings.get("geyser.url").is_some() {
        Ids::Declared
    } else {
        Ids::Localnet
    };
    Rules::new(settings, ids, Keep::Matching)
}

/// Names of the tables that a program brings, as its IDLs alone say.
fn tables(config: &ProgramConfig) -> Vec<String> {
    let none = CanonicalMap {
        version: canonical::VERSION,
        maps: Vec::new(),
    };
    let decoder = Decoder::new(vec![config.clone()], &none, Keep::Matching);
    let tables = decoder.map(|decoder| decoder.tables().to_vec());
    let names = tables.unwrap_or_default().into_iter();
    names.map(|table| table.name).collect()
}

/// `1 event`, `2 events`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
