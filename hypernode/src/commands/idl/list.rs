//! `hypernode idl list`: which programs an instance with these settings decodes, and into which tables.

use hypernode_decoder::ProgramConfig;
use serde_json::{Value, json};

use super::wait::idls;
use super::{counted, rules};
use crate::cli::IdlList;
use crate::config;
use crate::exit::{Failure, Outcome};
use crate::idls::{Refusal, Sources};
use crate::out::say;
use crate::programs::base58;
use crate::running::Running;

pub(crate) async fn run(args: &IdlList) -> Outcome {
    let settings = config::load(&args.common)?;
    let dir = settings.path("data.dir").unwrap_or_default();
    let sources = Sources::new(&settings, &dir);
    // Only a running instance knows where rows really go.
    let beside = match Running::find(&dir) {
        Some(running) => idls(&running).await.ok().map(|idls| idls.tables_beside),
        None => None,
    };
    let known = beside.is_some();
    let beside = beside.unwrap_or_default();
    let rules = rules(&settings)?;
    let (versions, mut refusals) = sources.read();
    let (programs, more) = rules.each(versions);
    let tables = |config: &ProgramConfig| -> Vec<String> {
        let wanted = rules.tables(config).into_iter();
        wanted
            .map(|name| beside.get(&name).cloned().unwrap_or(name))
            .collect()
    };
    refusals.extend(more);
    if args.json {
        let list = programs.configs.iter();
        let list: Vec<Value> = list
            .map(|config| to_json(config, &tables(config)))
            .collect();
        say!("{}", Value::from(list));
    } else {
        for config in &programs.configs {
            print(config, &tables(config));
        }
        if !known {
            say!(
                "(nothing runs here: a table that cannot take the rows of a changed IDL has one beside it, NAME_v2)"
            );
        }
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

fn print(config: &ProgramConfig, tables: &[String]) {
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
    for table in tables {
        say!("    {table}");
    }
}

fn to_json(config: &ProgramConfig, tables: &[String]) -> Value {
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
        "tables": tables,
    })
}
