//! `hypernode idl check`: everything that is wrong with IDL files, with place and fix.

use std::path::{Path, PathBuf};

use hypernode_decoder::idl;
use serde_json::{Value, json};

use super::counted;
use crate::cli::IdlCheck;
use crate::exit::{Failure, Outcome};
use crate::idls::{self, Found, Refusal};
use crate::out::say;

pub(crate) fn run(args: &IdlCheck) -> Outcome {
    let mut results = Vec::new();
    for path in &args.paths {
        for file in files(path)? {
            results.push(idls::check::file(&file));
        }
    }
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

/// A file itself, or the IDL files of a folder.
fn files(path: &Path) -> Outcome<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    match idls::list(path) {
        Ok(files) if files.is_empty() => Err(Failure::start(path.display(), "holds no .json file")),
        Ok(files) => Ok(files),
        Err(error) => Err(Failure::start(path.display(), error)),
    }
}

fn print(result: &Result<Found, Refusal>) {
    match result {
        Ok(found) => {
            say!("{}: good: {}", found.file.display(), describe(found));
            for notice in idl::notices(&found.idl) {
                say!(
                    "  note: {}: {}; {}",
                    notice.path,
                    notice.problem,
                    notice.fix()
                );
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

fn to_json(result: &Result<Found, Refusal>) -> Value {
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
