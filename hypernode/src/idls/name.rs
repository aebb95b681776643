//! What an IDL file's name says: `<label>[@<from_slot>].idl.json`.

use std::fmt;
use std::path::Path;

/// Longest label: it is part of table names, which are file names of the engine.
const MAX_LABEL: usize = 64;

/// Label and first slot of one version of an IDL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IdlName {
    pub(crate) label: String,
    pub(crate) from_slot: u64,
}

impl fmt::Display for IdlName {
    /// The file name; a version from slot 0 carries no number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from_slot {
            0 => write!(f, "{}.idl.json", self.label),
            slot => write!(f, "{}@{slot}.idl.json", self.label),
        }
    }
}

impl IdlName {
    /// Reads a file's name. `Err` says what is wrong and how to mend it.
    pub(crate) fn of(file: &Path) -> Result<Self, (String, String)> {
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let stem = name
            .strip_suffix(".idl.json")
            .or_else(|| name.strip_suffix(".json"))
            .unwrap_or(&name);
        let (label, slot) = match stem.split_once('@') {
            None => (stem, None),
            Some((label, slot)) => (label, Some(slot)),
        };
        check_label(label)?;
        let from_slot = match slot {
            None => 0,
            // One way to write a slot: two files must not mean the same version.
            Some(text) => match text.parse::<u64>() {
                Ok(slot) if slot.to_string() == text => slot,
                _ => {
                    return Err((
                        format!("{text:?} after the @ is not a slot"),
                        format!("write the version's first slot, e.g. {label}@254170887.idl.json"),
                    ));
                }
            },
        };
        Ok(Self {
            label: label.to_owned(),
            from_slot,
        })
    }
}

/// Refuses a label that would be trouble in the name of a table.
pub(crate) fn check_label(label: &str) -> Result<(), (String, String)> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let suggested: String = label
        .chars()
        .map(|c| if good(c) { c } else { '_' })
        .take(MAX_LABEL)
        .collect();
    let suggested = suggested.trim_matches('_');
    let fix = if suggested.is_empty() {
        "give it a name of letters, digits and _".to_owned()
    } else {
        format!("call it {suggested}.idl.json, or add it with --label {suggested}")
    };
    let why = if label.is_empty() {
        "the label is empty".to_owned()
    } else if label.len() > MAX_LABEL {
        format!(
            "the label has {} characters, at most {MAX_LABEL} fit into the names of tables",
            label.len()
        )
    } else if let Some(bad) = label.chars().find(|c| !good(*c)) {
        format!("label {label:?}: {bad:?} cannot stand in the name of a table")
    } else if label.starts_with('_') || label.ends_with('_') {
        format!(
            "label {label:?} begins or ends with _, which separates the parts of a table's name"
        )
    } else {
        return Ok(());
    };
    Err((why, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Result<(String, u64), String> {
        IdlName::of(Path::new(name))
            .map(|name| (name.label, name.from_slot))
            .map_err(|(why, fix)| format!("{why}; {fix}"))
    }

    #[test]
    fn labels_and_slots_are_read_and_written_alike() {
        for (name, label, slot) in [
            ("a/evp_A.idl.json", "evp_A", 0),
            ("raydium_clmm.json", "raydium_clmm", 0),
            ("x@12.idl.json", "x", 12),
            ("x@12.json", "x", 12),
            ("x@0.idl.json", "x", 0),
        ] {
            assert_eq!(read(name), Ok((label.to_owned(), slot)), "{name}");
        }
        let name = IdlName::of(Path::new("x@12.json")).unwrap();
        assert_eq!(name.to_string(), "x@12.idl.json");
        assert_eq!(IdlName::of(Path::new(&name.to_string())), Ok(name));
    }

    #[test]
    fn names_that_would_be_trouble_are_refused_with_a_better_one() {
        for (name, word, fix) in [
            ("my-program.json", "'-'", "my_program.idl.json"),
            ("a b.idl.json", "' '", "a_b.idl.json"),
            ("`; DROP.json", "'`'", "DROP.idl.json"),
            ("é.json", "'é'", "letters"),
            (".json", "empty", "letters"),
            ("_x.json", "begins or ends", "x.idl.json"),
            ("x@-1.json", "\"-1\"", "x@254170887"),
            ("x@007.json", "\"007\"", "first slot"),
            ("x@1@2.json", "\"1@2\"", "first slot"),
            ("x@99999999999999999999.json", "not a slot", "first slot"),
        ] {
            let error = read(name).unwrap_err();
            assert!(
                error.contains(word) && error.contains(fix),
                "{name}: {error}"
            );
        }
        assert!(
            read(&format!("{}.json", "x".repeat(65)))
                .unwrap_err()
                .contains("65")
        );
    }
}
