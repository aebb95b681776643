//! Words of the commands about accounts and where they are kept.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Common, CommonOnly};

#[derive(Debug, Args)]
pub(crate) struct Operator {
    #[command(subcommand)]
    pub(crate) action: OperatorAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorAction {
    /// Print the one-time code that makes whoever signs in and sends it the first operator (POST /api/operator/claim).
    Code(CommonOnly),
    /// List who has which role.
    List(CommonOnly),
    /// Give a wallet a role; it counts within a second, also in a running instance.
    Grant {
        #[command(flatten)]
        common: Common,
        /// The wallet's address, base58.
        wallet: String,
        /// What it may do.
        #[arg(long, value_enum, default_value_t = GivenRole::Operator)]
        role: GivenRole,
    },
    /// Take a role from a wallet; its sessions and keys lose it within a second.
    Revoke {
        #[command(flatten)]
        common: Common,
        /// The wallet's address, base58.
        wallet: String,
        /// What it may do no longer.
        #[arg(long, value_enum, default_value_t = GivenRole::Operator)]
        role: GivenRole,
        /// Also from the last operator: the next start makes a new one-time code.
        #[arg(long)]
        even_the_last: bool,
    },
    /// Print the trail of changes to accounts.
    Trail {
        #[command(flatten)]
        common: Common,
        /// Entries after this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// Entries at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}

impl OperatorAction {
    /// The words that every command takes.
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::Code(only) | Self::List(only) => &only.common,
            Self::Grant { common, .. }
            | Self::Revoke { common, .. }
            | Self::Trail { common, .. } => common,
        }
    }
}

/// Roles that are given.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GivenRole {
    /// Runs the service.
    Operator,
    /// Queries all data.
    DataTeam,
}

#[derive(Debug, Args)]
pub(crate) struct State {
    #[command(subcommand)]
    pub(crate) action: StateAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StateAction {
    /// Copy the store to a new file while it is in use; the copy is opened and checked.
    Backup {
        #[command(flatten)]
        common: Common,
        /// The new file.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}
