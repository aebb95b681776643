//! What many commands are given alike.

use std::path::PathBuf;

use clap::Args;

/// Settings that every command takes.
#[derive(Debug, Args, Default, Clone)]
pub(crate) struct Common {
    /// Configuration file [default: hypernode.toml in this folder, if there].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Data directory [default: ./hypernode-data].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Any configuration key, e.g. --set clickhouse.port=0 (see `hypernode config keys`).
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// A command's own flags that stand for configuration keys: (flag, key, value).
    #[arg(skip)]
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
}

impl Common {
    /// All flags that set a key, as (flag, key, value).
    pub(crate) fn overrides(&self) -> Vec<(&'static str, &'static str, String)> {
        let data = self
            .data
            .iter()
            .map(|dir| ("--data", "data.dir", dir.display().to_string()));
        data.chain(self.flags.iter().cloned()).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct CommonOnly {
    #[command(flatten)]
    pub(crate) common: Common,
}
