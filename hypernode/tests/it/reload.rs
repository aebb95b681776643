//! What a change of IDLs tells, whether it goes well or not.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::idls::{emit, indexer, probe, rows, start};
use crate::support::{Instance, run, sql, stderr, stdout, text, wait_for};
use crate::values::{borsh, event};

const LONG: Duration = Duration::from_secs(180);

/// An IDL of that many events of one number each, at the probe's address.
fn many(events: u16) -> String {
    let names = (0..events).map(|number| format!("Event{number}"));
    let kind = json!({"kind": "struct", "fields": [{"name": "a", "type": "u64"}]});
    let types = names
        .clone()
        .map(|name| json!({"name": name, "type": kind}));
    let events = (0..events).zip(names).map(|(number, name)| {
        let [high, low] = number.to_be_bytes();
        json!({"name": name, "discriminator": [90, high, low]})
    });
    json!({
        "address": probe(),
        "metadata": {"name": "many", "version": "0.1.0", "spec": "0.1.0"},
        "instructions": [],
        "events": events.collect::<Vec<Value>>(),
        "types": types.collect::<Vec<Value>>(),
    })
    .to_string()
}

/// `idl add` of this text as `many`; exit code, standard output and error.
fn add(instance: &Instance, idl: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let file = instance.data.with_extension("many.json");
    std::fs::write(&file, idl).expect("a file");
    let mut args = vec!["idl", "add", text(&file), "--label", "many"];
    args.extend(["--data", text(&instance.data)]);
    args.extend(more);
    let output = run(&args);
    (output.status.code(), stdout(&output), stderr(&output))
}

fn list(instance: &Instance) -> String {
    stdout(&run(&["idl", "list", "--data", text(&instance.data)]))
}

fn status(instance: &Instance) -> String {
    stdout(&run(&["status", "--data", text(&instance.data)]))
}

fn log(instance: &Instance) -> String {
    std::fs::read_to_string(instance.data.with_extension("log")).expect("a log")
}

#[test]
fn an_idl_is_added_when_the_command_returns_and_its_event_stored_when_emit_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let instance = start(folder.path(), &[]);
    // Enough tables for the making of them to take a while.
    let idl = many(600);
    let (code, out, err) = add(&instance, &idl, &[]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("\n  ev_many_Event599_failed\n"), "{out}");
    assert!(
        out.contains("decodes with it since slot") && out.contains("1200 tables made"),
        "{out}"
    );
    assert!(
        log(&instance).contains("making tables"),
        "{}",
        log(&instance)
    );
    let number = event(&[90, 2, 87], &[&borsh(7_u64)]);
    for finalized in [&[][..], &["--finalized"]] {
        emit(&instance.data, &number, finalized);
    }
    assert_eq!(
        sql(&instance.data, "SELECT a FROM ev_many_Event599"),
        "7\n7"
    );
    // The same again asks, and changes nothing.
    let (code, out, err) = add(&instance, &idl, &[]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(
        out.contains("unchanged") && out.contains("since slot"),
        "{out}"
    );
    // A version that begins where the chain will not be for long.
    let (code, out, _) = add(&instance, &many(1), &["--from-slot", "9000000000"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("NOTE") && out.contains("slots after the chain's tip"),
        "{out}"
    );
    let warned = log(&instance);
    assert!(
        warned.contains("many@9000000000") && warned.contains("after the chain's tip"),
        "{warned}"
    );
    let told = status(&instance);
    assert!(
        told.contains("many@9000000000") && told.contains("BEGINS"),
        "{told}"
    );
    assert!(
        told.contains("7 programs, 2 changes") && told.contains("since the start, built-in"),
        "{told}"
    );
    // A field that changes its type: rows go to a table beside the old one, and the list says so, after a restart too.
    let other = many(3).replace("\"u64\"", "\"u32\"");
    assert_ne!(other, many(3));
    let (code, out, err) = add(&instance, &other, &["--replace"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(
        out.contains("ev_many_Event1_v2  (beside ev_many_Event1"),
        "{out}"
    );
    let listed = list(&instance);
    assert!(listed.contains("    ev_many_Event1_v2\n"), "{listed}");
    assert!(
        listed.contains("    acc_node_registry_NodeAccount"),
        "{listed}"
    );
    // Not waiting says so.
    let (code, out, _) = add(
        &instance,
        &many(2),
        &["--from-slot", "9000000001", "--no-wait"],
    );
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("within seconds"), "{out}");
    assert_eq!(instance.stop(), Some(0));
    let instance = start(folder.path(), &[]);
    let listed = list(&instance);
    assert!(listed.contains("    ev_many_Event1_v2\n"), "{listed}");
    // A command that waits for an instance that ends says so at once.
    let pid = instance.run["pid"].to_string();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        std::process::Command::new("kill")
            .args(["-9", &pid])
            .status()
    });
    let began = std::time::Instant::now();
    let (code, out, err) = add(&instance, &many(900), &["--from-slot", "9000000002"]);
    assert_eq!(code, Some(3), "{out}{err}");
    assert!(err.contains("has ended"), "{err}");
    assert!(began.elapsed().as_secs() < 60);
    assert!(killer.join().expect("killed").is_ok());
}

// I-25.
#[test]
fn a_change_that_cannot_be_indexed_gives_way_to_what_ran_before_and_a_second_failure_ends_the_process()
 {
    let folder = tempfile::tempdir().expect("a folder");
    let mut instance = start(folder.path(), &[]);
    let idl = many(1);
    let (code, out, err) = add(&instance, &idl, &[]);
    assert_eq!(code, Some(0), "{out}{err}");
    let number = |number: u64| event(&[90, 0, 0], &[&borsh(number)]);
    emit(&instance.data, &number(1), &[]);
    let write = |query: &str| {
        let output = run(&["sql", "--write", "--data", text(&instance.data), query]);
        assert!(output.status.success(), "{}", stderr(&output));
    };
    // From now on no row of the new program can be stored.
    write("ALTER TABLE ev_many_Event0 ADD CONSTRAINT never CHECK 0");
    emit(&instance.data, &number(2), &[]);
    let told = status(&instance);
    for word in [
        "6 programs",
        "REFUSED",
        "goes on with those of before",
        "Constraint `never`",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(log(&instance).contains("indexing with the changed IDLs failed"));
    assert_eq!(indexer(&instance)["state"], "running");
    assert_eq!(sql(&instance.data, "SELECT a FROM ev_many_Event0"), "1");
    // Adding it again tries again, and fails again in the same way; once it is mended, it is taken up.
    write("ALTER TABLE ev_many_Event0 DROP CONSTRAINT never");
    let (code, out, err) = add(&instance, &idl, &[]);
    assert_eq!(code, Some(0), "{out}{err}");
    emit(&instance.data, &number(3), &[]);
    rows(
        &instance,
        "SELECT groupArray(a) FROM (SELECT a FROM ev_many_Event0 ORDER BY slot)",
        "[1,3]",
    );
    assert!(indexer(&instance)["idls"]["refused"].is_null());
    let doubled = "SELECT count() - uniqExact(slot, tx_index) FROM transactions";
    assert_eq!(sql(&instance.data, doubled), "0");
    // What no IDL is to blame for ends the process, in order and soon.
    write("ALTER TABLE transactions ADD CONSTRAINT never CHECK 0");
    let began = Instant::now();
    let code = wait_for("the end", LONG, || instance.ended());
    assert_eq!(code, Some(1), "{}", log(&instance));
    assert!(began.elapsed() < Duration::from_secs(90));
    assert!(
        log(&instance).contains("hypernode: warehouse: "),
        "{}",
        log(&instance)
    );
    assert!(!instance.data.join("run.json").exists());
}

/// An IDL of one event with one field of this type.
fn one_field(kind: &str) -> String {
    json!({
        "address": probe(),
        "metadata": {"name": "many", "version": "0.1.0", "spec": "0.1.0"},
        "instructions": [],
        "events": [{"name": "Pulse", "discriminator": [77, 2]}],
        "types": [{"name": "Pulse", "type": {"kind": "struct", "fields": [{"name": "a", "type": kind}]}}],
    })
    .to_string()
}

/// Runs `verify` or `repair` over the slots before this one.
fn over(instance: &Instance, command: &str, to: &str) -> (Option<i32>, String) {
    let output = run(&[
        command,
        "--from",
        "5",
        "--to",
        to,
        "--data",
        text(&instance.data),
    ]);
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn what_was_stored_is_verified_and_repaired_by_the_idls_of_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let instance = start(folder.path(), &[]);
    assert_eq!(add(&instance, &one_field("u8"), &[]).0, Some(0));
    emit(&instance.data, &event(&[77, 2], &[&borsh(5_u8)]), &[]);
    let slot = sql(&instance.data, "SELECT slot FROM ev_many_Pulse");
    let intact = || {
        let rows = sql(&instance.data, "SELECT a FROM ev_many_Pulse");
        assert_eq!(rows, "5");
        assert_eq!(sql(&instance.data, "SELECT count() FROM dead_letters"), "0");
    };
    // Another layout under the same name, then no such program at all.
    let (code, out, err) = add(&instance, &one_field("u16"), &["--replace"]);
    assert_eq!(code, Some(0), "{out}{err}");
    for change in ["replaced", "removed"] {
        let (code, verdict) = over(&instance, "verify", &slot);
        assert_eq!(code, Some(0), "{change}: {verdict}");
        let (code, said) = over(&instance, "repair", &slot);
        assert_eq!(code, Some(0), "{change}: {said}");
        intact();
        let (code, verdict) = over(&instance, "verify", &slot);
        assert_eq!(code, Some(0), "{change}, repaired: {verdict}");
        if change == "replaced" {
            std::fs::remove_file(instance.data.join("idl/many.idl.json")).expect("a file");
            wait_for("the removal", LONG, || {
                let now = indexer(&instance);
                (now["idls"]["changes"] == 3 && now["state"] == "running").then_some(())
            });
        }
    }
    // Who names IDLs means them: then it is another decoder's word.
    let (ended, data) = (instance.data.clone(), text(&instance.data).to_owned());
    instance.stop();
    let other = folder.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    std::fs::write(other.join("many.idl.json"), one_field("u16")).expect("a file");
    let args = [
        "verify",
        "--from",
        &slot,
        "--to",
        &slot,
        "--idl",
        text(&other),
        "--data",
        &data,
    ];
    let verdict = run(&args);
    assert_eq!(verdict.status.code(), Some(1), "{}", stdout(&verdict));
    // Without an instance, too.
    let alone = run(&["repair", "--from", &slot, "--to", &slot, "--data", &data]);
    assert_eq!(alone.status.code(), Some(0), "{}", stderr(&alone));
    assert_eq!(sql(&ended, "SELECT a FROM ev_many_Pulse"), "5");
}
