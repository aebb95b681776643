//! Where IDLs come from, in order: built-in, `idl.dir`, `programs.<label>.idl`, `<data>/idl/`. A later source wins
//! per label and first slot.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::check::{self, Found, Refusal};
use super::name::{IdlName, check_label};
use crate::config::Settings;

/// IDLs by label, then by first slot.
pub(crate) type Versions = BTreeMap<String, BTreeMap<u64, Found>>;

/// A folder that IDLs are read from.
#[derive(Debug, Clone)]
struct Folder {
    path: PathBuf,
    /// Somebody named it: it must be there and hold something.
    named: bool,
}

/// The places to read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    builtin: bool,
    named: Option<Folder>,
    /// Label and file of `programs.<label>.idl`.
    files: Vec<(String, PathBuf)>,
    own: Option<Folder>,
}

/// Name, size and time of every file that is read: what a change of IDLs changes.
pub(crate) type Fingerprint = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// Folder of an instance's own IDLs.
pub(crate) fn own_folder(data_dir: &Path) -> PathBuf {
    data_dir.join("idl")
}

impl Sources {
    /// Those of the settings and of a data directory.
    pub(crate) fn new(settings: &Settings, data_dir: &Path) -> Self {
        Self {
            builtin: true,
            named: settings
                .path("idl.dir")
                .map(|path| Folder { path, named: true }),
            files: configured_files(settings),
            own: Some(Folder {
                path: own_folder(data_dir),
                named: false,
            }),
        }
    }

    /// One folder, and what the settings name for single labels.
    pub(crate) fn only(folder: &Path, settings: &Settings) -> Self {
        Self {
            builtin: false,
            named: Some(Folder {
                path: folder.to_owned(),
                named: true,
            }),
            files: configured_files(settings),
            own: None,
        }
    }

    /// What comes with the program, and nothing else.
    pub(crate) fn builtin() -> Self {
        Self {
            builtin: true,
            ..Self::default()
        }
    }

    /// Reads everything, or says everything that is wrong.
    pub(crate) fn load(&self) -> Result<Versions, Vec<Refusal>> {
        let (versions, refusals) = self.read();
        if refusals.is_empty() {
            Ok(versions)
        } else {
            Err(refusals)
        }
    }

    /// Reads everything: what is good, and what is wrong.
    pub(crate) fn read(&self) -> (Versions, Vec<Refusal>) {
        let mut versions = Versions::new();
        let mut refusals = Vec::new();
        let mut add = |source: Vec<Result<Found, Refusal>>| {
            for found in source {
                match found {
                    Ok(found) => insert(&mut versions, found),
                    Err(refusal) => refusals.push(refusal),
                }
            }
        };
        if self.builtin {
            add(hypernode_schemas::idl::builtin()
                .iter()
                .map(|(label, json)| builtin(label, json))
                .collect());
        }
        add(self.named.iter().flat_map(read_folder).collect());
        add(self
            .files
            .iter()
            .map(|(label, file)| configured(label, file))
            .collect());
        add(self.own.iter().flat_map(read_folder).collect());
        (versions, refusals)
    }

    /// What [`Sources::load`] would read, without reading it. A folder that cannot be listed holds nothing.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let folders = self.named.iter().chain(&self.own);
        let listed = folders.flat_map(|folder| list(&folder.path).unwrap_or_default());
        let single = self.files.iter().map(|(_, file)| file.clone());
        listed
            .chain(single)
            .filter_map(|file| {
                let about = std::fs::metadata(&file).ok()?;
                Some((file, about.len(), about.modified().ok()))
            })
            .collect()
    }
}

fn configured_files(settings: &Settings) -> Vec<(String, PathBuf)> {
    settings
        .programs("idl")
        .into_iter()
        .map(|(label, file)| (label, file.into()))
        .collect()
}

/// A later source replaces what an earlier one has for the same slot.
pub(crate) fn insert(versions: &mut Versions, found: Found) {
    let label = found.name.label.clone();
    versions
        .entry(label)
        .or_default()
        .insert(found.name.from_slot, found);
}

fn builtin(label: &str, json: &str) -> Result<Found, Refusal> {
    let name = IdlName {
        label: label.to_owned(),
        from_slot: 0,
    };
    let file = PathBuf::from(format!("built-in {name}"));
    let idl = check::judge(label, &file, json.as_bytes())?;
    let content = check::content(json.as_bytes());
    Ok(Found {
        name,
        file,
        content,
        idl,
    })
}

fn configured(label: &str, file: &Path) -> Result<Found, Refusal> {
    check_label(label).map_err(|(why, _)| {
        let fix = "choose a label of letters, digits and _";
        Refusal::whole(file, format!("programs.{label}.idl: {why}"), fix)
    })?;
    // The key gives the label; the file's name may still tell the slot.
    let from_slot = IdlName::of(file).map_or(0, |name| name.from_slot);
    let name = IdlName {
        label: label.to_owned(),
        from_slot,
    };
    check::named(name, file)
}

/// What a folder holds under names that end in `.json`, by name; hidden ones and folders are passed over. What is no file
/// (a pipe, a link to nowhere) stays in: it is refused where it is read.
pub(crate) fn list(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|end| end == "json") && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Every file of a folder that somebody named, as an instance would take it.
pub(crate) fn folder(path: &Path) -> Vec<Result<Found, Refusal>> {
    read_folder(&Folder {
        path: path.to_owned(),
        named: true,
    })
}

/// Every file of the folder; a second file for one version is refused.
fn read_folder(folder: &Folder) -> Vec<Result<Found, Refusal>> {
    let path = &folder.path;
    let files = match list(path) {
        Ok(files) => files,
        Err(_) if !folder.named && !path.exists() => return Vec::new(),
        Err(error) => {
            let fix = "name a readable folder";
            return vec![Err(Refusal::whole(path, error.to_string(), fix))];
        }
    };
    if files.is_empty() && folder.named {
        let fix = "put IDL files there, named <label>.idl.json";
        return vec![Err(Refusal::whole(path, "holds no .json file", fix))];
    }
    let mut seen: BTreeMap<IdlName, PathBuf> = BTreeMap::new();
    files
        .iter()
        .map(|file| {
            let found = check::file(file)?;
            match seen.entry(found.name.clone()) {
                Entry::Vacant(free) => {
                    free.insert(file.clone());
                    Ok(found)
                }
                Entry::Occupied(first) => Err(Refusal::whole(
                    file,
                    format!("says the same version as {}", first.get().display()),
                    "remove one of them",
                )),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDL: &str = r#"{"address":"Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS","metadata":{"name":"x","version":"0.1.0","spec":"0.1.0"},
        "instructions":[],"events":[{"name":"E","discriminator":[1,2,3,4,5,6,7,8]}],
        "types":[{"name":"E","type":{"kind":"struct","fields":[{"name":"a","type":"u64"}]}}]}"#;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let mut loader = crate::config::settings::Loader::default();
        for (key, value) in pairs {
            loader.flag("--set", key, *value);
        }
        loader.finish().unwrap()
    }

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    #[test]
    fn a_later_source_wins_per_label_and_slot() {
        let dir = tempfile::tempdir().unwrap();
        let (named, data) = (dir.path().join("more"), dir.path().join("data"));
        let own = own_folder(&data);
        write(&named, "a.json", IDL);
        write(&named, "a@10.idl.json", IDL);
        write(&named, "job_receipt.idl.json", IDL);
        let single = write(dir.path(), "some-name.json", IDL);
        write(&own, "a@10.json", IDL);
        write(&own, ".hidden.json", "{");
        write(&own, "half.json.tmp", "{");
        let settings = settings(&[
            ("idl.dir", named.to_str().unwrap()),
            ("programs.b.idl", single.to_str().unwrap()),
        ]);
        let versions = Sources::new(&settings, &data).load().unwrap();
        let file = |label: &str, slot: u64| versions[label][&slot].file.clone();
        assert_eq!(file("a", 0), named.join("a.json"));
        assert_eq!(file("a", 10), own.join("a@10.json"));
        assert_eq!(file("b", 0), single);
        assert_eq!(file("job_receipt", 0), named.join("job_receipt.idl.json"));
        assert_eq!(
            file("node_registry", 0).to_str(),
            Some("built-in node_registry.idl.json")
        );
        let only = Sources::only(&named, &settings).load().unwrap();
        assert_eq!(only.keys().collect::<Vec<_>>(), ["a", "b", "job_receipt"]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let own = own_folder(dir.path());
        let sources = Sources::new(&settings(&[]), dir.path());
        assert!(sources.load().is_ok(), "no folder is no error");
        write(&own, "a.json", IDL);
        write(&own, "a.idl.json", IDL);
        write(&own, "b.json", "{ not json");
        write(&own, "c-d.json", IDL);
        let text = check::text(&sources.load().unwrap_err());
        assert_eq!(text.lines().count(), 3, "{text}");
        for word in ["the same version", "b.json: $: not JSON", "c_d.idl.json"] {
            assert!(text.contains(word), "{text}");
        }
        let empty = Sources::only(&dir.path().join("none"), &settings(&[]));
        assert!(empty.load().is_err());
    }

    #[test]
    fn a_change_of_any_file_shows_in_the_fingerprint() {
        let dir = tempfile::tempdir().unwrap();
        let own = own_folder(dir.path());
        let sources = Sources::new(&settings(&[]), dir.path());
        let empty = sources.fingerprint();
        let file = write(&own, "a.json", IDL);
        let one = sources.fingerprint();
        assert_ne!(one, empty);
        assert_eq!(one, sources.fingerprint());
        write(&own, "a.json", &format!("{IDL}\n"));
        assert_ne!(one, sources.fingerprint());
        std::fs::remove_file(file).unwrap();
        assert_eq!(empty, sources.fingerprint());
    }
}
