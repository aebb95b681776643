//! Judges one IDL file: everything that is wrong with it, each with its place and what to do.

use std::fs::{File, FileType};
use std::io::Read;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use hypernode_decoder::idl::{self, Idl, IdlError};
use hypernode_decoder::{Decoder, Keep, ProgramConfig};
use hypernode_schemas::canonical::{self, CanonicalMap};
use serde::Serialize;

use super::name::IdlName;

/// Largest IDL file that is read; the largest known ones are below 1 MiB.
pub(crate) const MAX_BYTES: u64 = 16 << 20;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Complaint {
    /// JSON path, `$` for the whole file.
    pub(crate) path: String,
    pub(crate) reason: String,
    pub(crate) fix: String,
}

impl Complaint {
    fn of(error: &IdlError) -> Self {
        Self {
            path: error.path.clone(),
            reason: error.problem.to_string(),
            fix: error.fix(),
        }
    }

    fn whole(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            path: "$".to_owned(),
            reason: reason.into(),
            fix: fix.into(),
        }
    }
}

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    pub(crate) file: PathBuf,
    pub(crate) errors: Vec<Complaint>,
}

impl Refusal {
    pub(crate) fn whole(file: &Path, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            errors: vec![Complaint::whole(reason, fix)],
        }
    }

    /// One line per complaint.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |error: &Complaint| {
            let Complaint { path, reason, fix } = error;
            format!("{}: {path}: {reason}; {fix}", self.file.display())
        };
        self.errors.iter().map(line).collect()
    }
}

/// The lines of several refusals, as one text.
pub(crate) fn text(refusals: &[Refusal]) -> String {
    let lines: Vec<String> = refusals.iter().flat_map(Refusal::lines).collect();
    lines.join("\n")
}

/// A good IDL file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: IdlName,
    pub(crate) file: PathBuf,
    /// Names its bytes.
    pub(crate) content: String,
    pub(crate) idl: Idl,
}

/// A name for the bytes of an IDL: what two processes tell by whether they speak of the same.
pub(crate) fn content(bytes: &[u8]) -> String {
    let mut name = blake3::hash(bytes).to_hex().to_string();
    name.truncate(16);
    name
}

/// Reads and judges a file whose name says what it is.
pub(crate) fn file(path: &Path) -> Result<Found, Refusal> {
    let name = IdlName::of(path).map_err(|(why, fix)| Refusal::whole(path, why, fix))?;
    named(name, path)
}

/// Reads and judges a file under a given name.
pub(crate) fn named(name: IdlName, path: &Path) -> Result<Found, Refusal> {
    let bytes = read(path)?;
    let idl = judge(&name.label, path, &bytes)?;
    Ok(Found {
        name,
        file: path.to_owned(),
        content: content(&bytes),
        idl,
    })
}

/// Reads and judges what standard input holds.
pub(crate) fn standard_input() -> Result<Found, Refusal> {
    let file = PathBuf::from("standard input");
    let name = IdlName {
        label: "stdin".to_owned(),
        from_slot: 0,
    };
    let bytes = bounded(&file, std::io::stdin().lock())?;
    let idl = judge(&name.label, &file, &bytes)?;
    let content = content(&bytes);
    Ok(Found {
        name,
        file,
        content,
        idl,
    })
}

/// The file's bytes, as many as an IDL may have.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let refuse = |why: String| Refusal::whole(path, why, "name a readable IDL file");
    // Opening a pipe would wait for whoever writes to it.
    let about = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
    if !about.is_file() {
        let fix = "write the IDL to a file; `hypernode idl check -` reads standard input";
        let why = format!("is {}, not a file", kind(about.file_type()));
        return Err(Refusal::whole(path, why, fix));
    }
    let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
    bounded(path, file)
}

/// What something is that is no regular file.
fn kind(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe (FIFO)"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

fn bounded(path: &Path, from: impl Read) -> Result<Vec<u8>, Refusal> {
    let refuse = |why: String| Refusal::whole(path, why, "name a readable IDL file");
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        let why = format!("is larger than {} MiB", MAX_BYTES >> 20);
        let fix = "leave out `docs`, and what this program does not need: no program's interface is so large";
        return Err(Refusal::whole(path, why, fix));
    }
    Ok(bytes)
}

/// Everything that is wrong with this text as an IDL, or the IDL.
pub(crate) fn judge(label: &str, origin: &Path, bytes: &[u8]) -> Result<Idl, Refusal> {
    let refuse = |errors| Refusal {
        file: origin.to_owned(),
        errors,
    };
    let shown = origin.display().to_string();
    let errors = idl::check(label, &shown, bytes);
    if !errors.is_empty() {
        return Err(refuse(errors.iter().map(Complaint::of).collect()));
    }
    let idl =
        idl::parse(label, &shown, bytes).map_err(|error| refuse(vec![Complaint::of(&error)]))?;
    // What the format allows may still be what no table can hold.
    let alone = ProgramConfig::new(label, [1; 32], idl.clone());
    let none = CanonicalMap {
        version: canonical::VERSION,
        maps: Vec::new(),
    };
    match Decoder::new(vec![alone], &none, Keep::Matching) {
        Ok(_) => Ok(idl),
        Err(error) => {
            let text = error.to_string();
            let reason = text.strip_prefix(&format!("{shown}: ")).unwrap_or(&text);
            let fix = "change the IDL there, or take the event out of its `events`";
            Err(refuse(vec![Complaint::whole(reason, fix)]))
        }
    }
}
