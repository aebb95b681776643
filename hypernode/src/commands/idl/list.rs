//! `hypernode idl list`: which programs an instance with these settings decodes, and into which tables.

use hypernode_decoder::ProgramConfig;
use serde_json::{Value, json};

use super::{counted, rules, tables};
use crate::cli::IdlList;
use crate::config;
use crate::exit::{Failure, Outcome};
use crate::idls::{Refusal, Sources};
use crate::out::say;
use crate::programs::base58;

pub(crate) fn run(args: &IdlList) -> Outcome {
    let settings = config::load(&args.common)?;
    let sources = Sources::new(&settings, &settings.path("data.dir").unwrap_or_default());
    let rules = rules(&settings)?;
    let (versions, mut refusals) = sources.read();
    let (programs, more) = rules.each(versions);
    refusals.extend(more);
    if args.json {
        let list: Vec<Value> = programs.configs.iter().map(to_json).collect();
        say!("{}", Value::from(list));
    } else {
        programs.configs.iter().for_each(print);
        for notice in &programs.notices {
            say!("({notice})");
        }
    }
    let mut wrong: Vec<String> = refusals.iter().flat_map(Refusal::lines).collect();
    wrong.extend(rules.decoders(&programs).err());
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::No(format!(
        "an instance does not start with these IDLs:\n{}",
        wrong.join("\n")
    )))
}

fn print(config: &ProgramConfig) {
    say!("{}  {}", config.label, base58(&config.program_id));
    for version in &config.versions {
        let idl = &version.idl;
        say!(
            "  from slot {}: {}, {}, {}  ({})",
            version.from_slot,
            counted(idl.events().len(), "event"),
            counted(idl.instructions().len(), "instruction"),
            counted(idl.accounts().len(), "account kind"),
            idl.origin()
        );
    }
    for table in tables(config) {
        say!("    {table}");
    }
}

fn to_json(config: &ProgramConfig) -> Value {
    let versions: Vec<Value> = config
        .versions
        .iter()
        .map(|version| {
            json!({
                "from_slot": version.from_slot,
                "file": version.idl.origin(),
                "name": version.idl.name(),
                "events": version.idl.events().len(),
                "instructions": version.idl.instructions().len(),
                "accounts": version.idl.accounts().len(),
            })
        })
        .collect();
    json!({
        "label": config.label,
        "program_id": base58(&config.program_id),
        "versions": versions,
        "tables": tables(config),
    })
}
