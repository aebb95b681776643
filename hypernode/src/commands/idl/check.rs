//! `hypernode idl check`: everything that is wrong with IDL files, with place and fix.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::{counted, notices, rules};
use crate::cli::IdlCheck;
use crate::config;
use crate::exit::{Failure, Outcome};
use crate::idls::{self, Found, Refusal, Sources, insert, native};
use crate::out::say;
use crate::programs::Rules;

/// A file's IDL, or what is wrong with it.
type Judged = Result<Found, Refusal>;

pub(crate) fn run(args: &IdlCheck) -> Outcome {
    let rules = rules(&config::load(&args.common)?)?;
    let mut results = Vec::new();
    for path in &args.paths {
        results.extend(read(path)?);
    }
    together(&rules, &mut results)?;
    let broken = results.iter().filter(|result| result.is_err()).count();
    if args.json {
        let list: Vec<Value> = results.iter().map(to_json).collect();
        say!("{}", Value::from(list));
    } else {
        results.iter().for_each(print);
    }
    if broken == 0 {
        return Ok(());
    }
    Err(Failure::No(format!(
        "{broken} of {} cannot be used",
        counted(results.len(), "IDL file")
    )))
}

/// Standard input, a file itself, or the IDL files of a folder.
fn read(path: &Path) -> Outcome<Vec<Judged>> {
    if path == Path::new("-") {
        return Ok(vec![idls::check::standard_input()]);
    }
    if path.exists() && !path.is_dir() {
        return Ok(vec![idls::check::file(path)]);
    }
    match idls::list(path) {
        Ok(files) if files.is_empty() => Err(Failure::start(path.display(), "holds no .json file")),
        Ok(_) => Ok(idls::folder(path)),
        Err(error) => Err(Failure::start(path.display(), error)),
    }
}

/// Refuses what is good alone but not beside the others and the built-in ones, as an instance does.
fn together(rules: &Rules, results: &mut [Judged]) -> Outcome {
    let builtin = Sources::builtin().load();
    let mut taken =
        builtin.map_err(|refusals| Failure::CannotStart(idls::check::text(&refusals)))?;
    let mut rules = rules.clone();
    let mut labels = BTreeSet::new();
    let mut all = taken.clone();
    for found in results.iter().flatten() {
        labels.insert(found.name.label.clone());
        insert(&mut all, found.clone());
    }
    // An id is configured later; here any does that nobody else has.
    for (label, number) in labels.iter().zip(1_u64..) {
        let stated = |versions: &BTreeMap<u64, Found>| {
            versions.values().any(|found| found.idl.address().is_some())
        };
        if !all.get(label).is_some_and(stated) {
            let mut id = [0xff; 32];
            id[..8].copy_from_slice(&number.to_le_bytes());
            rules.assume(label, id);
        }
    }
    if rules.all(all).is_ok() {
        return Ok(());
    }
    // Label by label, to name those that are in the way.
    for label in labels {
        let mut tried = taken.clone();
        for found in results.iter().flatten().filter(|f| f.name.label == label) {
            insert(&mut tried, found.clone());
        }
        let (programs, refusals) = rules.each(tried.clone());
        let why = rules.decoders(&programs).err();
        if refusals.is_empty() && why.is_none() {
            taken = tried;
            continue;
        }
        for result in results.iter_mut() {
            let Ok(found) = result else { continue };
            let own = refusals.iter().find(|refusal| refusal.file == found.file);
            let refusal = match (own, &why) {
                (Some(refusal), _) => refusal.clone(),
                (None, Some(why)) if found.name.label == label => {
                    let fix =
                        "mend this, or give the file another label (the first part of its name)";
                    Refusal::whole(&found.file, why.clone(), fix)
                }
                _ => continue,
            };
            *result = Err(refusal);
        }
    }
    Ok(())
}

fn print(result: &Judged) {
    match result {
        Ok(found) => {
            say!("{}: good: {}", found.file.display(), describe(found));
            let id = found.idl.address();
            if let Some(warning) = id.and_then(|id| native::warning(&id)) {
                say!("  note: {warning}");
            }
            for notice in notices(&found.idl) {
                say!("  note: {notice}");
            }
        }
        Err(refusal) => {
            say!("{}", refusal.file.display());
            for error in &refusal.errors {
                say!("  at {}: {}", error.path, error.reason);
                say!("    fix: {}", error.fix);
            }
        }
    }
}

fn describe(found: &Found) -> String {
    let idl = &found.idl;
    format!(
        "label {}, from slot {}, {}, {}, {}{}",
        found.name.label,
        found.name.from_slot,
        counted(idl.events().len(), "event"),
        counted(idl.instructions().len(), "instruction"),
        counted(idl.accounts().len(), "account kind"),
        if idl.address().is_none() {
            "; states no address: its id has to be configured"
        } else {
            ""
        }
    )
}

fn to_json(result: &Judged) -> Value {
    match result {
        Ok(found) => json!({
            "file": found.file,
            "good": true,
            "label": found.name.label,
            "from_slot": found.name.from_slot,
            "errors": [],
        }),
        Err(refusal) => json!({ "file": refusal.file, "good": false, "errors": refusal.errors }),
    }
}
