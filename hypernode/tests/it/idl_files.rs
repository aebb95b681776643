//! `hypernode idl check|list|add`: what files can be, and what they may not be beside one another.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{hypernode, run, stderr, stdout, text};

const ADDRESS: &str = "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS";

/// An IDL of one event, at this address.
fn idl(address: &str) -> String {
    json!({
        "address": address,
        "metadata": {"name": "x", "version": "0.1.0", "spec": "0.1.0"},
        "instructions": [],
        "events": [{"name": "E", "discriminator": [1, 2, 3]}],
        "types": [{"name": "E", "type": {"kind": "struct", "fields": [{"name": "a", "type": "u64"}]}}],
    })
    .to_string()
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join(name), text).expect("a file");
}

/// What `idl check` says of a folder that it refuses.
#[track_caller]
fn refused(folder: &Path) -> String {
    let output = run(&["idl", "check", text(folder)]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    stdout(&output)
}

/// What an instance says of the same folder.
#[track_caller]
fn refused_by_an_instance(folder: &Path) -> String {
    let data = tempfile::tempdir().expect("a folder");
    let set = format!("idl.dir={}", text(folder));
    let output = run(&["up", "--data", text(data.path()), "--set", &set]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    stderr(&output)
}

#[test]
fn check_refuses_what_an_instance_refuses_in_the_same_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let same = |name: &str, words: &str| {
        let folder = folder.path().join(name);
        let (check, up) = (refused(&folder), refused_by_an_instance(&folder));
        assert!(check.contains(words), "{words}: {check}");
        assert!(up.contains(words), "{words}: {up}");
        check
    };
    let twice = folder.path().join("twice");
    write(&twice, "a.json", &idl(ADDRESS));
    write(&twice, "a.idl.json", &idl(ADDRESS));
    write(&twice, "b@7.json", "{");
    let words = format!(
        "says the same version as {}",
        twice.join("a.idl.json").display()
    );
    let found = same("twice", &words);
    assert!(found.contains("a.idl.json: good"), "{found}");

    let figures = folder.path().join("figures");
    write(&figures, "job_receipt.json", &idl(ADDRESS));
    write(&figures, "other.json", &idl(ADDRESS));
    let found = same("figures", "canonical map: `job_receipt` has no event `");
    assert!(found.contains("other.json: good"), "{found}");

    let ids = folder.path().join("ids");
    write(&ids, "one.json", &idl(ADDRESS));
    write(&ids, "two.json", &idl(ADDRESS));
    let found = same("ids", "programs `one` and `two` have the same id");
    assert!(found.contains("one.json: good"), "{found}");

    let versions = folder.path().join("versions");
    write(&versions, "one.json", &idl(ADDRESS));
    let other = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM";
    write(&versions, "one@5.json", &idl(other));
    same("versions", &format!("states the address {other}, and"));

    let system = folder.path().join("system");
    write(
        &system,
        "one.json",
        &idl("11111111111111111111111111111111"),
    );
    same(
        "system",
        "is the System program's, which usually is a placeholder",
    );
}

#[test]
fn an_id_that_is_configured_later_is_no_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let none = |name: &str| {
        let mut idl: Value = serde_json::from_str(&idl(ADDRESS)).expect("JSON");
        idl.as_object_mut().expect("an object").remove("address");
        write(folder.path(), name, &idl.to_string());
    };
    none("one.json");
    none("two.json");
    let output = run(&["idl", "check", text(folder.path())]);
    assert!(output.status.success(), "{}", stdout(&output));
    assert_eq!(stdout(&output).matches("states no address").count(), 2);

    // The System program's address in the file does no harm under an id from configuration.
    let placeholder = folder.path().join("placeholder");
    write(
        &placeholder,
        "p.json",
        &idl("11111111111111111111111111111111"),
    );
    let set = format!("programs.p.id={ADDRESS}");
    let output = run(&["idl", "check", text(&placeholder), "--set", &set]);
    assert!(output.status.success(), "{}", stdout(&output));
}

#[test]
fn what_is_no_file_is_called_by_its_name_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("pipe.idl.json");
    let made = Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("mkfifo").success());
    std::os::unix::fs::symlink("nowhere", folder.path().join("link.json")).expect("a link");
    let found = refused(folder.path());
    assert!(found.contains("is a pipe (FIFO), not a file"), "{found}");
    assert!(found.contains("link.json"), "{found}");
    assert!(found.contains("No such file"), "{found}");
    let one = run(&["idl", "check", text(&fifo)]);
    assert_eq!(one.status.code(), Some(1));
    assert!(stdout(&one).contains("idl check -"), "{}", stdout(&one));
    let device = run(&["idl", "check", "/dev/null"]);
    assert_eq!(device.status.code(), Some(1));
    assert!(
        stdout(&device).contains("is a device"),
        "{}",
        stdout(&device)
    );
    let add = run(&["idl", "add", text(&fifo), "--data", text(folder.path())]);
    assert_eq!(add.status.code(), Some(1));
    assert!(
        stderr(&add).contains("is a pipe (FIFO)"),
        "{}",
        stderr(&add)
    );
}

fn check_input(text: &str) -> Output {
    let mut file = tempfile::tempfile().expect("a file");
    std::io::Write::write_all(&mut file, text.as_bytes()).expect("written");
    std::io::Seek::rewind(&mut file).expect("rewound");
    hypernode(&["idl", "check", "-"])
        .stdin(Stdio::from(file))
        .output()
        .expect("the binary runs")
}

#[test]
fn standard_input_is_checked_as_a_file_is() {
    let good = check_input(&idl(ADDRESS));
    assert!(good.status.success(), "{}", stderr(&good));
    assert!(
        stdout(&good).starts_with("standard input: good: "),
        "{}",
        stdout(&good)
    );
    let bad = check_input("{");
    assert_eq!(bad.status.code(), Some(1));
    assert!(stdout(&bad).contains("not JSON"), "{}", stdout(&bad));
}

#[test]
fn a_broken_file_does_not_hide_the_others_from_a_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("idl");
    write(&own, "good.json", &idl(ADDRESS));
    write(&own, "broken.json", "{");
    write(&own, "null.json", &idl("11111111111111111111111111111111"));
    let list = run(&["idl", "list", "--data", text(folder.path())]);
    assert_eq!(list.status.code(), Some(1));
    assert!(stdout(&list).contains("ev_good_E"), "{}", stdout(&list));
    for name in ["broken.json: $: not JSON", "null.json: $: its program id"] {
        assert!(stderr(&list).contains(name), "{}", stderr(&list));
    }
    let list = run(&["idl", "list", "--json", "--data", text(folder.path())]);
    assert_eq!(list.status.code(), Some(1));
    let shown: Value = serde_json::from_str(&stdout(&list)).expect("JSON only");
    let labels = shown.as_array().expect("a list").iter();
    assert!(labels.clone().any(|one| one["label"] == "good"));
    assert!(labels.clone().any(|one| one["label"] == "job_receipt"));
}

#[test]
fn ids_of_native_programs_are_refused_or_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.json");
    let vote = "Vote111111111111111111111111111111111111111";
    write(folder.path(), "x.json", &idl(vote));
    let checked = run(&["idl", "check", text(&file)]);
    assert!(checked.status.success());
    let data = folder.path().join("data");
    let add =
        |more: &[&str]| run(&[&["idl", "add", text(&file), "--data", text(&data)], more].concat());
    let refused = add(&["--program-id", "11111111111111111111111111111111"]);
    assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
    assert!(
        stderr(&refused).contains("System program"),
        "{}",
        stderr(&refused)
    );
    assert!(!data.join("idl").exists());
    let added = add(&[]);
    assert!(added.status.success(), "{}", stderr(&added));
    for output in [checked, added] {
        let said = stdout(&output);
        assert!(
            said.contains("note: its program id Vote1") && said.contains("the Vote program"),
            "{said}"
        );
    }
}

#[test]
fn a_program_id_given_to_add_hides_no_key_that_stands_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.json");
    let other = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM";
    let add = || {
        let data = folder.path().join("data");
        run(&[
            "idl",
            "add",
            text(&file),
            "--program-id",
            other,
            "--data",
            text(&data),
        ])
    };
    let twice = idl(ADDRESS).replace("\"events\":", "\"events\":[],\"events\":");
    write(folder.path(), "x.json", &twice);
    let refused = add();
    assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
    assert!(
        stderr(&refused).contains("key `events` stands here more than once"),
        "{}",
        stderr(&refused)
    );
    // A byte order mark is no hindrance.
    write(
        folder.path(),
        "x.json",
        &format!("\u{feff}{}", idl(ADDRESS)),
    );
    let added = add();
    assert!(added.status.success(), "{}", stderr(&added));
    let kept = std::fs::read_to_string(folder.path().join("data/idl/x.idl.json")).expect("a file");
    assert!(kept.contains(other) && !kept.contains(ADDRESS), "{kept}");
}
