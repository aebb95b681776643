//! `hypernode idl add|check|list`.

mod add;
mod check;
mod list;
mod wait;

use hypernode_decoder::Keep;
use hypernode_decoder::idl::{self, Idl};

use crate::cli::IdlCommand;
use crate::config::Settings;
use crate::exit::Outcome;
use crate::programs::{Ids, Rules};

pub(crate) async fn run(command: IdlCommand) -> Outcome {
    match command {
        IdlCommand::Add(args) => add::run(&args).await,
        IdlCommand::Check(args) => check::run(&args),
        IdlCommand::List(args) => list::run(&args).await,
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

/// What an IDL has that gets no table, line by line.
fn notices(idl: &Idl) -> impl Iterator<Item = String> {
    idl::notices(idl)
        .into_iter()
        .map(|notice| format!("{}: {}; {}", notice.path, notice.problem, notice.fix()))
}

/// `1 event`, `2 events`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
