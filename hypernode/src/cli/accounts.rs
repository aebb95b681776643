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
    /// Print the trail of changes to accounts, newest first.
    Trail {
        #[command(flatten)]
        common: Common,
        /// Only entries that this wallet made, or that are about it.
        #[arg(long)]
        wallet: Option<String>,
        /// Only entries whose action begins so, e.g. role, or role.grant.
        #[arg(long)]
        action: Option<String>,
        /// Only entries older than this number.
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
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
    /// Put a backup in the store's place, while no instance runs on the directory.
    ///
    /// The backup is checked first. What was there is kept beside it as state.db.before-TIME, with its log; nothing is
    /// overwritten. Do not copy a backup over state.db by hand: the log of before would not be its own.
    Restore {
        #[command(flatten)]
        common: Common,
        /// What `hypernode state backup` wrote.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Look at the store: every page, its migrations, its files' modes. Changes nothing; exits 1 if anything is wrong.
    Check(CommonOnly),
}
