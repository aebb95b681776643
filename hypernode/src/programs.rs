//! Which programs are decoded: the IDLs at hand under the ids that configuration and network give them.

use std::collections::BTreeMap;
use std::path::Path;

use hypernode_decoder::accounts::{AccountDecoder, AccountLayouts};
use hypernode_decoder::chain::Pubkey;
use hypernode_decoder::idl;
use hypernode_decoder::{Decoder, IdlVersion, Keep, ProgramConfig};
use hypernode_schemas::{accounts, canonical};

use crate::config::{Settings, check};
use crate::exit::{Failure, Outcome};
use crate::idls::{self, Found, Refusal, Versions, native};

/// Where the ids of built-in programs come from when configuration is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    /// The address that the IDL declares.
    Declared,
    /// The addresses under which localnet runs them.
    Localnet,
}

/// How IDLs become programs.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Ids from configuration and flags, by label.
    ids: BTreeMap<String, Pubkey>,
    default: Ids,
    keep: Keep,
    /// How accounts are laid out; `None`: they are not kept.
    layouts: Option<AccountLayouts>,
}

/// What decodes the programs.
#[derive(Debug)]
pub(crate) struct Decoders {
    /// Their transactions.
    pub(crate) blocks: Decoder,
    /// Their accounts, where those are kept.
    pub(crate) accounts: Option<AccountDecoder>,
}

/// The programs to decode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Programs {
    pub(crate) configs: Vec<ProgramConfig>,
    /// About programs that are left out.
    pub(crate) notices: Vec<String>,
}

impl Rules {
    /// Those of the settings: `programs.<label>.id`.
    pub(crate) fn new(settings: &Settings, default: Ids, keep: Keep) -> Outcome<Self> {
        let ids = settings
            .programs("id")
            .into_iter()
            .map(|(label, text)| parse_id(&format!("programs.{label}.id"), &label, &text))
            .collect::<Outcome<_>>()?;
        let layouts = settings
            .parsed::<bool>("accounts.enabled")
            .then(|| layouts(settings))
            .transpose()?;
        Ok(Self {
            ids,
            default,
            keep,
            layouts,
        })
    }

    /// Adds `--program LABEL=ID` flags; a label that no IDL has is refused.
    pub(crate) fn flags(&mut self, flags: &[String], versions: &Versions) -> Outcome {
        for flag in flags {
            let Some((label, text)) = flag.split_once('=') else {
                let why = format!("{flag:?} is not LABEL=ID");
                return Err(Failure::start("--program", why));
            };
            if !versions.contains_key(label) {
                let known: Vec<&str> = versions.keys().map(String::as_str).collect();
                let why = format!(
                    "no IDL has the label {label:?}; there are: {}",
                    known.join(", ")
                );
                return Err(Failure::start("--program", why));
            }
            let (label, id) = parse_id("--program", label, text)?;
            self.ids.insert(label, id);
        }
        Ok(())
    }

    /// Programs that have an id in the settings and no IDL.
    pub(crate) fn without_idl(&self, versions: &Versions) -> Vec<(String, Pubkey)> {
        self.ids
            .iter()
            .filter(|(label, _)| !versions.contains_key(*label))
            .map(|(label, id)| (label.clone(), *id))
            .collect()
    }

    /// Takes this id for a label that has none of its own, so that its IDL can be judged.
    pub(crate) fn assume(&mut self, label: &str, id: Pubkey) {
        self.ids.entry(label.to_owned()).or_insert(id);
    }

    /// Everything that an instance makes of these IDLs; `Err` is why it refuses them.
    pub(crate) fn all(&self, versions: Versions) -> Result<(Programs, Decoders), String> {
        let programs = self.programs(versions)?;
        let decoders = self.decoders(&programs);
        let decoders = decoders.map_err(|why| format!("programs: {why}"))?;
        Ok((programs, decoders))
    }

    /// Every IDL under its id; `Err` says which have none, or several.
    pub(crate) fn programs(&self, versions: Versions) -> Result<Programs, String> {
        match self.each(versions) {
            (programs, refusals) if refusals.is_empty() => Ok(programs),
            (_, refusals) => Err(format!("IDL {}", idls::check::text(&refusals))),
        }
    }

    /// Every IDL under its id, and those that have none, or several, or one that cannot be.
    pub(crate) fn each(&self, versions: Versions) -> (Programs, Vec<Refusal>) {
        let mut programs = Programs::default();
        let mut refusals = Vec::new();
        for (label, versions) in versions {
            if let Err(refusal) = self.one(label, versions, &mut programs) {
                refusals.push(refusal);
            }
        }
        (programs, refusals)
    }

    fn one(
        &self,
        label: String,
        versions: BTreeMap<u64, Found>,
        programs: &mut Programs,
    ) -> Result<(), Refusal> {
        let builtin = hypernode_schemas::idl::text(&label).is_some();
        if builtin
            && self.default == Ids::Localnet
            && !self.ids.contains_key(&label)
            && let Some(found) = versions.values().find(|found| found.name.from_slot == 0)
            && let Some(stated) = found.idl.address()
            && found.file.exists()
        {
            programs.notices.push(format!(
                "{}: its address {} is not used on a simulated network, where {label} is the built-in program: a program of \
                 your own needs another label",
                found.file.display(),
                base58(&stated)
            ));
        }
        let id = match (self.ids.get(&label), self.default) {
            (Some(id), _) => Some(*id),
            (None, Ids::Localnet) if builtin => {
                Some(hypernode_schemas::localnet::program_id(&label))
            }
            (None, _) => declared(&label, &versions)?,
        };
        let Some(program_id) = id else {
            if builtin {
                programs.notices.push(format!(
                        "{label} has no program id and is not indexed; set programs.{label}.id where it is deployed"
                    ));
                return Ok(());
            }
            return Err(without_address(&label, &versions));
        };
        if let Some((why, fix)) = native::refusal(&program_id, &label) {
            return Err(Refusal::whole(first(&versions), why, fix));
        }
        if let Some(why) = native::warning(&program_id) {
            programs.notices.push(format!("{label}: {why}"));
        }
        for found in versions.values() {
            let left_out = idl::notices(&found.idl).into_iter();
            programs.notices.extend(left_out.map(|notice| {
                format!(
                    "{}: {}: {}",
                    found.file.display(),
                    notice.path,
                    notice.problem
                )
            }));
        }
        let versions = versions.into_iter().map(|(from_slot, found)| IdlVersion {
            from_slot,
            idl: found.idl,
        });
        programs.configs.push(ProgramConfig {
            label,
            program_id,
            versions: versions.collect(),
        });
        Ok(())
    }

    /// Names of the tables that a program brings, as its IDLs alone say.
    pub(crate) fn tables(&self, config: &ProgramConfig) -> Vec<String> {
        let none = canonical::CanonicalMap {
            version: canonical::VERSION,
            maps: Vec::new(),
        };
        let blocks = Decoder::new(vec![config.clone()], &none, self.keep);
        let layouts = self.layouts.as_ref();
        let accounts =
            layouts.map(|layouts| AccountDecoder::new(std::slice::from_ref(config), layouts));
        let blocks = blocks.iter().flat_map(Decoder::tables);
        let accounts = accounts.iter().flatten();
        let accounts = accounts.flat_map(AccountDecoder::tables);
        blocks
            .chain(accounts)
            .map(|table| table.name.clone())
            .collect()
    }

    /// The decoders of these programs.
    pub(crate) fn decoders(&self, programs: &Programs) -> Result<Decoders, String> {
        let map = canonical::parse(canonical::TEXT).map_err(|error| error.to_string())?;
        let accounts = self.layouts.as_ref();
        let accounts = accounts.map(|layouts| AccountDecoder::new(&programs.configs, layouts));
        let accounts = accounts.transpose().map_err(|error| error.to_string())?;
        let blocks = Decoder::new(programs.configs.clone(), &map, self.keep)
            .map_err(|error| error.to_string())?;
        Ok(Decoders { blocks, accounts })
    }
}

/// The map of layouts, and those that configuration chose.
fn layouts(settings: &Settings) -> Outcome<AccountLayouts> {
    let map = accounts::parse(accounts::TEXT)
        .map_err(|error| Failure::start("accounts.toml", error.to_string()))?;
    let chosen = settings.programs("account_layout").into_iter();
    Ok(AccountLayouts {
        map,
        chosen: chosen.filter(|(_, layout)| layout != "auto").collect(),
    })
}

/// The one address that the versions state, if any.
fn declared(label: &str, versions: &BTreeMap<u64, Found>) -> Result<Option<Pubkey>, Refusal> {
    let mut stated: Option<(&Found, Pubkey)> = None;
    for found in versions.values() {
        let Some(address) = found.idl.address() else {
            continue;
        };
        match stated {
            Some((first, other)) if other != address => {
                let reason = format!(
                    "states the address {}, and {} states {}",
                    base58(&address),
                    first.file.display(),
                    base58(&other)
                );
                let fix = format!(
                    "versions of one label are of one program: use two labels, or set programs.{label}.id"
                );
                return Err(Refusal::whole(&found.file, reason, fix));
            }
            _ => stated = Some((found, address)),
        }
    }
    Ok(stated.map(|(_, address)| address))
}

fn without_address(label: &str, versions: &BTreeMap<u64, Found>) -> Refusal {
    let fix = format!("give it one with --program {label}=ID or programs.{label}.id");
    Refusal::whole(first(versions), "the IDL states no address", fix)
}

/// The file of the first version.
fn first(versions: &BTreeMap<u64, Found>) -> &Path {
    let first = versions.values().next();
    first.map_or(Path::new(""), |found| &found.file)
}

fn parse_id(key: &str, label: &str, text: &str) -> Outcome<(String, Pubkey)> {
    let id = check::pubkey(text).map_err(|why| Failure::start(key, format!("{text:?} {why}")))?;
    Ok((label.to_owned(), id))
}

/// An address as people write it.
pub(crate) fn base58(bytes: &[u8; 32]) -> String {
    let mut text = [0u8; five8::BASE58_ENCODED_32_MAX_LEN];
    let length = five8::encode_32(bytes, &mut text);
    String::from_utf8_lossy(&text[..usize::from(length)]).into_owned()
}
