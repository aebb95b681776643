//! `hypernode config check|keys`.

use hypernode_decoder::Keep;

use crate::cli::{CommonOnly, ConfigCommand};
use crate::config::{self, keys::KEYS};
use crate::dispatching;
use crate::exit::Outcome;
use crate::out::say;
use crate::programs::{Ids, Rules};

pub(crate) fn run(command: &ConfigCommand) -> Outcome {
    match command {
        ConfigCommand::Check(CommonOnly { common }) => {
            let settings = config::load(common)?;
            Rules::new(&settings, Ids::Declared, Keep::Matching)?;
            dispatching::catalog(&settings)?;
            dispatching::results(&settings)?;
            for (key, value, origin) in settings.shown() {
                say!("{key} = {value}    # {origin}");
            }
            for notice in &settings.notices {
                say!("# {notice}");
            }
            Ok(())
        }
        ConfigCommand::Keys => {
            for key in KEYS {
                let default = if key.default.is_empty() {
                    "unset"
                } else {
                    key.default
                };
                let aliases = if key.aliases.is_empty() {
                    String::new()
                } else {
                    format!("; also {}", key.aliases.join(", "))
                };
                say!(
                    "{}\n    {} ({}; default {default}{aliases})",
                    key.name,
                    key.help,
                    key.kind.describe()
                );
            }
            say!(
                "programs.LABEL.id\n    program id of the IDL with this label ({})",
                keys_kind("programs.x.id")
            );
            say!(
                "programs.LABEL.idl\n    IDL file for this label ({})",
                keys_kind("programs.x.idl")
            );
            say!(
                "programs.LABEL.account_layout\n    layout of this program's accounts, where several share a discriminator: auto (by length) or its name ({})",
                keys_kind("programs.x.account_layout")
            );
            say!(
                "\nEvery key can be set in hypernode.toml, by HYPERNODE__SECTION__KEY, or by --set KEY=VALUE."
            );
            Ok(())
        }
    }
}

fn keys_kind(name: &str) -> String {
    config::keys::find(name)
        .map(config::keys::Kind::describe)
        .unwrap_or_default()
}
