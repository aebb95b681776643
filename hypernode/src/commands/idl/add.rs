//! `hypernode idl add`: an IDL from a file or from chain into an instance's folder, after every check that a start
//! makes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hypernode_decoder::chain::Pubkey;
use hypernode_decoder::idl::Idl;

use super::wait::Waiting;
use super::{counted, notices, rules};
use crate::cli::IdlAdd;
use crate::config::{self, Settings, check as values};
use crate::datadir::write_atomic;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::idls::onchain::{fetch, with_address};
use crate::idls::{
    self, Found, IdlName, Refusal, Sources, check_label, insert, native, own_folder,
};
use crate::indexing::{Entry, IdlStatus};
use crate::out::say;
use crate::programs::base58;
use crate::rpc::Rpc;
use crate::running::Running;

/// An IDL on its way in.
struct Candidate {
    name: IdlName,
    /// Where it comes from, for messages.
    origin: PathBuf,
    json: Vec<u8>,
}

pub(crate) async fn run(args: &IdlAdd) -> Outcome {
    let settings = config::load(&args.common_with_flags())?;
    let dir = settings.path("data.dir").unwrap_or_default();
    let id = args.program_id.as_deref().map(|text| {
        values::pubkey(text)
            .map_err(|why| Failure::start("--program-id", format!("{text:?} {why}")))
    });
    let id = id.transpose()?;
    let mut candidate = if Path::new(&args.what).exists() {
        from_file(args)?
    } else {
        from_chain(args, &settings, &dir).await?
    };
    if let Some(id) = id {
        candidate.json = with_address(&candidate.json, &id);
    }
    let waiting = match Running::find(&dir) {
        Some(running) if !args.no_wait && running.endpoints.api.is_some() => {
            Some(Waiting::new(running, &dir).await?)
        }
        _ => None,
    };
    let Candidate { name, origin, json } = candidate;
    let idl =
        idls::check::judge(&name.label, &origin, &json).map_err(|refusal| refused(&refusal))?;
    let mut notes: Vec<String> = notices(&idl).collect();
    notes.extend(idl.address().and_then(|id| native::warning(&id)));
    let folder = own_folder(&dir);
    let file = folder.join(name.to_string());
    let brought = check_together(&settings, &dir, &file, &name, (idl, &json))?;
    let placed = place(args, &folder, &file, &name, &json)?;
    let what = if placed {
        "added"
    } else {
        "is there already, unchanged"
    };
    say!("{} {what}", file.display());
    for note in notes {
        say!("  note: {note}");
    }
    let Some(mut waiting) = waiting else {
        if placed {
            print_tables(&brought, &BTreeMap::new());
            say!(
                "  (a table that cannot take these rows gets one beside it, NAME_v2: see `hypernode idl list` then)"
            );
        }
        if placed && Running::find(&dir).is_some() {
            say!("the running instance takes it up within seconds: see `hypernode status`");
        }
        return Ok(());
    };
    if !placed && waiting.refused {
        // As a new file is: what it was refused for may be mended.
        write_atomic(&file, &json, 0o644).or_cannot_start(&file.display().to_string())?;
    }
    let content = idls::check::content(&json);
    let limit = Duration::from_secs(args.wait);
    let (now, entry) = waiting.until_up(&name, &content, limit).await?;
    print_tables(&brought, &now.tables_beside);
    print_up(&now, &entry, placed);
    Ok(())
}

/// Tables by the names that they really have.
fn print_tables(tables: &[String], beside: &BTreeMap<String, String>) {
    for table in tables {
        match beside.get(table) {
            Some(actual) => say!("  {actual}  (beside {table}, which cannot take its rows)"),
            None => say!("  {table}"),
        }
    }
}

fn print_up(now: &IdlStatus, entry: &Entry, placed: bool) {
    let since = entry.since_slot;
    let since = since.map_or_else(|| "its start".to_owned(), |slot| format!("slot {slot}"));
    let made = if placed {
        format!("; {} made", counted(now.tables_made, "table"))
    } else {
        String::new()
    };
    if let Some(slot) = entry.superseded_at {
        say!(
            "the running instance has taken it up at {since}{made}\n\
             NOTE: it describes the program before slot {slot}, which the chain has passed: {}@{slot} is what new slots are \
             decoded with",
            entry.label
        );
        return;
    }
    say!("the running instance decodes with it since {since}{made}");
    if let Some(slots) = entry.begins_in {
        say!(
            "NOTE: it describes the program from slot {} on, which is {slots} slots after the chain's tip (slot {}): it is \
             not used before",
            entry.from_slot,
            entry.from_slot - slots
        );
    }
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::No(format!("IDL {}", refusal.lines().join("\n")))
}

fn from_file(args: &IdlAdd) -> Outcome<Candidate> {
    let origin = PathBuf::from(&args.what);
    let json = idls::check::read(&origin).map_err(|refusal| refused(&refusal))?;
    let stated = IdlName::of(&origin);
    let name = match (&args.label, args.from_slot) {
        (Some(label), slot) => IdlName {
            label: label.clone(),
            from_slot: slot.unwrap_or_else(|| stated.map_or(0, |name| name.from_slot)),
        },
        (None, slot) => {
            let stated =
                stated.map_err(|(why, fix)| refused(&Refusal::whole(&origin, why, fix)))?;
            IdlName {
                from_slot: slot.unwrap_or(stated.from_slot),
                ..stated
            }
        }
    };
    check_label(&name.label)
        .map_err(|(why, fix)| Failure::start("--label", format!("{why}; {fix}")))?;
    Ok(Candidate { name, origin, json })
}

async fn from_chain(args: &IdlAdd, settings: &Settings, dir: &Path) -> Outcome<Candidate> {
    let what = &args.what;
    let program: Pubkey = values::pubkey(what).map_err(|why| {
        Failure::start(
            "idl add",
            format!("{what:?} is no file, and as a program's address it {why}"),
        )
    })?;
    let url = match settings.get("rpc.url") {
        Some(url) => Some(url.to_owned()),
        // A simulated network's own.
        None => Running::find(dir).and_then(|running| running.endpoints.rpc),
    };
    let Some(url) = url else {
        let why = "an address is looked up on chain: give --rpc URL, or start the instance of this data directory";
        return Err(Failure::start("idl add", why));
    };
    let rpc = Rpc::new(&url).map_err(|why| Failure::start("--rpc", why))?;
    let found = fetch(&rpc, &program)
        .await
        .map_err(|why| Failure::No(format!("program {what}: {why}")))?;
    let Some(found) = found else {
        return Err(Failure::No(format!(
            "program {what} keeps no IDL on chain; ask its authors for the file, then: hypernode idl add FILE --program-id {what}"
        )));
    };
    let origin = PathBuf::from(format!("account {}", base58(&found.account)));
    let json = with_address(&found.json, &program);
    let label = match &args.label {
        Some(label) => label.clone(),
        None => idls::check::judge("idl", &origin, &json)
            .map_err(|refusal| refused(&refusal))?
            .name()
            .replace('-', "_"),
    };
    check_label(&label).map_err(|(why, _)| {
        Failure::start("idl add", format!("{why}; give it another with --label"))
    })?;
    let from_slot = args.from_slot.unwrap_or(0);
    Ok(Candidate {
        name: IdlName { label, from_slot },
        origin,
        json,
    })
}

/// Judges the IDL among those that are there, as an instance would; returns the tables of its program.
fn check_together(
    settings: &Settings,
    dir: &Path,
    file: &Path,
    name: &IdlName,
    (idl, json): (Idl, &[u8]),
) -> Outcome<Vec<String>> {
    let loaded = Sources::new(settings, dir).load();
    let mut versions = loaded.map_err(|refusals| {
        Failure::No(format!(
            "IDLs that are there already cannot be used; mend or remove them first:\n{}",
            idls::check::text(&refusals)
        ))
    })?;
    let found = Found {
        content: idls::check::content(json),
        name: name.clone(),
        file: file.to_owned(),
        idl,
    };
    insert(&mut versions, found);
    let rules = rules(settings)?;
    let (programs, _) = rules
        .all(versions)
        .map_err(|why| Failure::No(format!("{why} (here, an id: --program-id ID)")))?;
    let own = programs
        .configs
        .iter()
        .find(|config| config.label == name.label);
    Ok(own.map(|config| rules.tables(config)).unwrap_or_default())
}

/// Writes the file; `false` if the same is there already.
fn place(args: &IdlAdd, folder: &Path, file: &Path, name: &IdlName, json: &[u8]) -> Outcome<bool> {
    let what = file.display().to_string();
    std::fs::create_dir_all(folder).or_cannot_start(&folder.display().to_string())?;
    // The shorter ending names the same version.
    let short = folder.join(name.to_string().replace(".idl.json", ".json"));
    for there in [file, &short] {
        match std::fs::read(there) {
            Ok(bytes) if bytes == json => return Ok(false),
            Ok(_) if !args.replace => {
                let why = "holds another IDL for the same version; --replace puts this one in its place, --from-slot N adds it as a later version";
                return Err(Failure::start(there.display(), why));
            }
            Ok(_) if there != file => {
                std::fs::remove_file(there).or_cannot_start(&there.display().to_string())?;
            }
            _ => {}
        }
    }
    write_atomic(file, json, 0o644).or_cannot_start(&what)?;
    Ok(true)
}
