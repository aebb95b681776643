//! `docs/INVARIANTS.md` says that tests cite its numbers: this one holds it to that.

use std::path::Path;

/// The text of every Rust file below a folder.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                sources(&path, text);
            }
        } else if name.ends_with(".rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}

#[test]
fn every_invariant_is_cited() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = std::fs::read_to_string(root.join("docs/INVARIANTS.md")).expect("the document");
    let numbers: Vec<&str> = document
        .split("**")
        .filter(|bold| bold.starts_with("I-"))
        .collect();
    assert!(numbers.len() >= 20, "{numbers:?}");
    let mut text = String::new();
    sources(&root, &mut text);
    let silent: Vec<&&str> = numbers
        .iter()
        .filter(|number| !text.contains(**number))
        .collect();
    assert!(silent.is_empty(), "no test cites {silent:?}");
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = std::fs::read_to_string(root.join("docs/SECURITY.md")).expect("the document");
    let mut text = String::new();
    sources(&root, &mut text);
    let rows = document.lines().filter(|line| line.starts_with("| "));
    let last = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let names: Vec<&str> = last
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        })
        .collect();
    assert!(names.len() >= 40, "{names:?}");
    let missing: Vec<&&str> = names
        .iter()
        .filter(|name| !text.contains(&format!("fn {name}(")))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}
