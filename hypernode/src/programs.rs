//! Which programs are decoded: IDL files, their labels, and the ids that configuration gives them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hypernode_decoder::chain::Pubkey;
use hypernode_decoder::idl::{self, Idl};
use hypernode_decoder::{Decoder, Keep, ProgramConfig};
use hypernode_schemas::canonical;

use crate::config::{Settings, check};
use crate::exit::{Failure, OrCannotStart as _, Outcome};

/// Where the ids of built-in programs come from when configuration is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    /// The address that the IDL declares.
    Declared,
    /// The addresses under which localnet runs them.
    Localnet,
}

/// IDLs by label with the file that each came from.
#[derive(Debug, Default)]
pub(crate) struct Idls(BTreeMap<String, (PathBuf, Idl)>);

impl Idls {
    /// The IDLs that ship with Hypernode.
    pub(crate) fn builtin() -> Outcome<Self> {
        let mut idls = Self::default();
        for (label, json) in hypernode_schemas::idl::builtin() {
            idls.add(
                label,
                Path::new(&format!("built-in {label}.idl.json")),
                json.as_bytes(),
            )?;
        }
        Ok(idls)
    }

    /// Adds every `.json` file of a folder; a label that exists already is replaced.
    pub(crate) fn folder(&mut self, folder: &Path) -> Outcome {
        let what = format!("IDL folder {}", folder.display());
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .or_cannot_start(&what)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .collect();
        files.sort();
        if files.is_empty() {
            return Err(Failure::start(what, "holds no .json file"));
        }
        for file in files {
            self.file(&label_of(&file), &file)?;
        }
        Ok(())
    }

    /// Adds one file under a label.
    pub(crate) fn file(&mut self, label: &str, file: &Path) -> Outcome {
        let json = std::fs::read(file).or_cannot_start(&format!("IDL {}", file.display()))?;
        self.add(label, file, &json)
    }

    fn add(&mut self, label: &str, origin: &Path, json: &[u8]) -> Outcome {
        let idl = idl::parse(label, &origin.display().to_string(), json).or_cannot_start("IDL")?;
        self.0.insert(label.to_owned(), (origin.to_owned(), idl));
        Ok(())
    }
}

/// File name without `.idl.json` or `.json`.
fn label_of(file: &Path) -> String {
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let stem = name
        .strip_suffix(".idl.json")
        .or_else(|| name.strip_suffix(".json"));
    stem.unwrap_or(&name).to_owned()
}

/// The decoder for the configured programs, and notices about programs that are left out.
pub(crate) fn decoder(
    idls: Idls,
    ids: &BTreeMap<String, Pubkey>,
    default: Ids,
    keep: Keep,
) -> Outcome<(Decoder, Vec<String>)> {
    let mut programs = Vec::new();
    let mut notices = Vec::new();
    for (label, (origin, idl)) in idls.0 {
        let builtin = hypernode_schemas::idl::text(&label).is_some();
        let id = match (ids.get(&label), default) {
            (Some(id), _) => Some(*id),
            (None, Ids::Localnet) if builtin => {
                Some(hypernode_schemas::localnet::program_id(&label))
            }
            (None, _) => idl.address(),
        };
        match id {
            Some(program_id) => programs.push(ProgramConfig::new(label, program_id, idl)),
            None if builtin => notices.push(format!(
                "{label} has no program id and is not indexed; set programs.{label}.id where it is deployed"
            )),
            None => {
                let fix = format!("the IDL states no address: give it one with --program {label}=ID or programs.{label}.id");
                return Err(Failure::start(format!("IDL {}", origin.display()), fix));
            }
        }
    }
    let map = canonical::parse(canonical::TEXT).or_cannot_start("canonical.toml")?;
    let decoder = Decoder::new(programs, &map, keep).or_cannot_start("programs")?;
    Ok((decoder, notices))
}

/// Program ids from configuration, `programs.<label>.id`.
pub(crate) fn configured_ids(settings: &Settings) -> Outcome<BTreeMap<String, Pubkey>> {
    settings
        .programs("id")
        .into_iter()
        .map(|(label, text)| parse_id(&format!("programs.{label}.id"), &label, &text))
        .collect()
}

/// Adds `--program LABEL=ID` flags; a label that no IDL has is refused.
pub(crate) fn flag_ids(
    flags: &[String],
    idls: &Idls,
    ids: &mut BTreeMap<String, Pubkey>,
) -> Outcome {
    for flag in flags {
        let Some((label, text)) = flag.split_once('=') else {
            return Err(Failure::start(
                "--program",
                format!("{flag:?} is not LABEL=ID"),
            ));
        };
        if !idls.0.contains_key(label) {
            let known: Vec<&str> = idls.0.keys().map(String::as_str).collect();
            return Err(Failure::start(
                "--program",
                format!(
                    "no IDL has the label {label:?}; there are: {}",
                    known.join(", ")
                ),
            ));
        }
        let (label, id) = parse_id("--program", label, text)?;
        ids.insert(label, id);
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_file_names_without_their_ending() {
        assert_eq!(label_of(Path::new("a/evp_A.idl.json")), "evp_A");
        assert_eq!(label_of(Path::new("raydium_clmm.json")), "raydium_clmm");
    }
}
