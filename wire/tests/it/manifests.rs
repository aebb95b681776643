//! Manifests: what is no manifest, which values fit, and that a command is exactly the intended words.

use hypernode_wire::manifest::{ArgType, BindError, CatalogError, ManifestError, Word};
use hypernode_wire::{Arg, Args, Catalog, Manifest};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::shell::{run, split};

const BURN: &str = r#"{
    "id": "burn", "job_type": "generic_compute",
    "command": ["gpu-burn", "--seconds", {"arg": "seconds", "is": {"int": {"min": -1, "max": 60}}},
                "--mode", {"arg": "mode", "is": {"choice": ["fp16", "fp32"]}},
                {"arg": "label", "is": "name"}]
}"#;

fn burn() -> Manifest {
    serde_json::from_str(BURN).unwrap()
}

fn args(args: Value) -> Args {
    serde_json::from_value(args).unwrap()
}

fn fixed(words: &[&str]) -> Vec<Word> {
    words
        .iter()
        .map(|word| Word::Fixed((*word).to_owned()))
        .collect()
}

fn built(command: Vec<Word>) -> Result<Manifest, ManifestError> {
    Manifest::new("m", "test", command, Vec::new())
}

#[test]
fn the_built_in_manifest_is_valid_and_waits_five_seconds() {
    let test = Manifest::test();
    let written = serde_json::to_string(&test).unwrap();
    assert_eq!(
        written,
        r#"{"id":"test","job_type":"test","command":["sleep","5"]}"#
    );
    assert_eq!(serde_json::from_str::<Manifest>(&written).unwrap(), test);
    let command = test.bind(&Args::new()).unwrap();
    assert_eq!(command.shell(), "sleep 5");
    assert_eq!(command.words(), ["sleep", "5"]);
    assert_eq!(Catalog::default().get("test"), Some(&test));
    assert_eq!(Catalog::default().iter().count(), 1);
}

#[test]
fn values_take_their_places() {
    let values = args(json!({"seconds": -1, "mode": "fp16", "label": "run_1.a"}));
    let command = burn().bind(&values).unwrap();
    assert_eq!(command.shell(), "gpu-burn --seconds -1 --mode fp16 run_1.a");
    assert_eq!(
        command.python(),
        "import subprocess, sys\nsys.exit(subprocess.call([\"gpu-burn\", \"--seconds\", \"-1\", \"--mode\", \"fp16\", \"run_1.a\"]))\n"
    );
    assert_eq!((command.manifest(), command.args()), ("burn", &values));
    assert_eq!(burn().arguments().count(), 3);
    let written = serde_json::to_value(burn()).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(BURN).unwrap());
}

#[test]
fn values_that_do_not_fit() {
    let bind = |change: Value| {
        let mut values = json!({"seconds": 1, "mode": "fp16", "label": "a"});
        for (key, value) in change.as_object().unwrap() {
            values[key] = value.clone();
        }
        burn()
            .bind(&args(values))
            .map_err(|error| error.to_string())
    };
    assert!(bind(json!({})).is_ok());
    for (change, error) in [
        (
            json!({"seconds": 61}),
            "argument `seconds` must be a whole number from -1 to 60",
        ),
        (
            json!({"seconds": "1"}),
            "argument `seconds` must be a whole number from -1 to 60",
        ),
        (
            json!({"mode": "fp64"}),
            "argument `mode` must be one of: fp16, fp32",
        ),
        (
            json!({"mode": 16}),
            "argument `mode` must be one of: fp16, fp32",
        ),
        (
            json!({"extra": 1}),
            "`burn` has no argument of one of the given names; it has: seconds, mode, label",
        ),
    ] {
        assert_eq!(bind(change), Err(error.to_owned()));
    }
    for label in [
        "",
        "-rf",
        "a b",
        "a;b",
        "$(id)",
        "a/b",
        "..",
        ".",
        "é",
        "a\n",
        &"x".repeat(65),
    ] {
        assert!(bind(json!({"label": label})).is_err(), "{label:?}");
    }
    assert!(bind(json!({"label": "x".repeat(64)})).is_ok());
    assert_eq!(
        burn().bind(&args(json!({"seconds": 1}))),
        Err(BindError::Missing("mode".into()))
    );
    for value in [
        json!({"a": 1.5}),
        json!({"a": null}),
        json!({"a": [1]}),
        json!({"a": u64::MAX}),
    ] {
        assert!(serde_json::from_value::<Args>(value).is_err());
    }
}

#[test]
fn what_is_no_manifest() {
    assert_eq!(built(vec![]), Err(ManifestError::Program));
    assert_eq!(built(fixed(&["-x"])), Err(ManifestError::Program));
    assert_eq!(
        built(fixed(&["PATH=/tmp", "x"])),
        Err(ManifestError::Program)
    );
    let argument = |arg: &str, is: ArgType| Word::Argument {
        arg: arg.into(),
        is,
    };
    assert_eq!(
        built(vec![argument("a", ArgType::Name)]),
        Err(ManifestError::Program)
    );
    for word in [
        "",
        "a b",
        "a;b",
        "$x",
        "`x`",
        "a|b",
        "a>b",
        "'",
        "\"",
        "*",
        "~",
        "#",
        "%PATH%",
        "a\n",
        "é",
        "{a,b}",
        &"x".repeat(129),
    ] {
        assert_eq!(
            built(fixed(&["x", word])),
            Err(ManifestError::Word(word.into()))
        );
        assert_eq!(built(fixed(&[word])), Err(ManifestError::Word(word.into())));
        let choice = ArgType::Choice(vec!["ok".into(), word.into()]);
        let command = [fixed(&["x"]), vec![argument("a", choice)]].concat();
        assert_eq!(built(command), Err(ManifestError::Word(word.into())));
    }
    for (arg, is) in [
        ("a", ArgType::Int { min: 2, max: 1 }),
        ("a", ArgType::Choice(vec![])),
        ("a", ArgType::Choice(vec!["x".into(); 65])),
    ] {
        let command = [fixed(&["x"]), vec![argument(arg, is)]].concat();
        assert_eq!(built(command), Err(ManifestError::Empty("a".into())));
    }
    let twice = [fixed(&["x"]), vec![argument("a", ArgType::Name); 2]].concat();
    assert_eq!(built(twice), Err(ManifestError::Repeated("a".into())));
    assert_eq!(built(fixed(&["x"; 33])), Err(ManifestError::TooManyWords));
    assert!(built(fixed(&["x"; 32])).is_ok());
    assert_eq!(
        Manifest::new("-m", "t", fixed(&["x"]), vec![]),
        Err(ManifestError::Name("-m".into()))
    );
    assert_eq!(
        Manifest::new("m", "a b", fixed(&["x"]), vec![]),
        Err(ManifestError::Name("a b".into()))
    );
    let package = |name: &str| Manifest::new("m", "t", fixed(&["x"]), vec![name.to_owned()]);
    assert!(package("numpy==2.1.0").is_ok());
    assert_eq!(
        package("--index-url=x"),
        Err(ManifestError::Word("--index-url=x".into()))
    );
}

#[test]
fn json_forms_that_are_refused() {
    for json in [
        r#"{"id":"m","job_type":"t","command":["a;b"]}"#,
        r#"{"id":"m","job_type":"t","command":["a"],"shell":true}"#,
        r#"{"id":"m","job_type":"t","command":["a",{"arg":"b","is":"any"}]}"#,
        r#"{"id":"m","job_type":"t","command":["a",{"arg":"b","is":"name","raw":true}]}"#,
        r#"{"id":"m","job_type":"t","command":["a",{"arg":"b","is":{"int":{"min":1}}}]}"#,
        r#"{"id":"m","job_type":"t","command":"sleep 5"}"#,
    ] {
        assert!(serde_json::from_str::<Manifest>(json).is_err(), "{json}");
    }
}

#[test]
fn a_catalog_takes_a_list_or_nothing() {
    let mut catalog = Catalog::default();
    let two = format!("[{BURN}, {}]", BURN.replace("\"burn\"", "\"burn2\""));
    catalog.add_json(&two).unwrap();
    assert_eq!(
        catalog.iter().map(Manifest::id).collect::<Vec<_>>(),
        ["burn", "burn2", "test"]
    );
    let before = catalog.clone();
    let new_and_old = format!("[{}, {BURN}]", BURN.replace("\"burn\"", "\"new\""));
    assert_eq!(
        catalog.add_json(&new_and_old),
        Err(CatalogError::Repeated("burn".into()))
    );
    assert!(matches!(catalog.add_json("{}"), Err(CatalogError::Json(_))));
    assert_eq!(
        catalog.add(Manifest::test()),
        Err(CatalogError::Repeated("test".into()))
    );
    assert_eq!(catalog, before);
}

/// A manifest, and values that mostly fit it.
fn bound() -> impl Strategy<Value = (Vec<Word>, Args)> {
    let word = "[A-Za-z0-9._/:=,+@-]{1,12}";
    let hostile = prop_oneof![any::<String>(), "[ '\"$`\\\\;&|*?~#!%^\n]{1,6}"];
    let part = prop_oneof![
        word.prop_map(|word| (Word::Fixed(word), None)),
        (-100..100_i64, 0..100_i64, -120..120_i64).prop_map(|(min, size, value)| {
            (
                argument(ArgType::Int {
                    min,
                    max: min + size,
                }),
                Some(Arg::Int(value)),
            )
        }),
        (
            prop::collection::vec(word, 1..5),
            any::<prop::sample::Index>()
        )
            .prop_map(|(words, at)| {
                let value = at.get(&words).clone();
                (argument(ArgType::Choice(words)), Some(Arg::Word(value)))
            }),
        "[A-Za-z0-9._-]{1,64}".prop_map(|name| (argument(ArgType::Name), Some(Arg::Word(name)))),
        hostile.prop_map(|text| (argument(ArgType::Name), Some(Arg::Word(text)))),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| {
        let mut command = fixed(&["program"]);
        let mut args = Args::new();
        for (n, (word, value)) in parts.into_iter().enumerate() {
            let name = format!("a{n}");
            match word {
                Word::Argument { is, .. } => command.push(Word::Argument {
                    arg: name.clone(),
                    is,
                }),
                word => command.push(word),
            }
            args.extend(value.map(|value| (name, value)));
        }
        (command, args)
    })
}

fn argument(is: ArgType) -> Word {
    Word::Argument {
        arg: String::new(),
        is,
    }
}

/// The words that were meant, or none when a value does not fit.
fn meant(command: &[Word], args: &Args) -> Option<Vec<String>> {
    let words = command.iter().map(|word| match word {
        Word::Fixed(word) => Some(word.clone()),
        Word::Argument { arg, is } => match (is, &args[arg]) {
            (ArgType::Int { min, max }, Arg::Int(n)) if min <= n && n <= max => Some(n.to_string()),
            (ArgType::Choice(words), Arg::Word(word)) if words.contains(word) => Some(word.clone()),
            (ArgType::Name, Arg::Word(name)) => {
                let fits = (1..=64).contains(&name.len())
                    && !name.starts_with('-')
                    && name != "."
                    && name != ".."
                    && name
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
                fits.then(|| name.clone())
            }
            _ => None,
        },
    });
    words.collect()
}

fn check((command, args): (Vec<Word>, Args), read: fn(&str) -> Vec<String>) {
    let manifest = built(command.clone()).unwrap();
    match (manifest.bind(&args), meant(&command, &args)) {
        (Ok(command), Some(words)) => {
            assert_eq!(command.words(), words);
            assert_eq!(read(&command.shell()), words);
        }
        (Err(_), None) => {}
        (bound, meant) => panic!("{bound:?} where {meant:?} is meant"),
    }
}

proptest! {
    #[test]
    fn a_command_is_the_words_that_were_meant(case in bound()) {
        check(case, |line| split(line).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_shell_reads_the_words_that_were_meant(case in bound()) {
        check(case, run);
    }
}
