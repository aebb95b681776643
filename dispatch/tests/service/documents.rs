//! What the documents show is what is read.

use hypernode_dispatch::results::Results;
use hypernode_wire::{Arg, Args, Catalog};
use serde_json::json;

const JOBS: &str = include_str!("../../../docs/jobs.md");

/// The first block of JSON under a heading.
fn example(heading: &str) -> &'static str {
    let (_, section) = JOBS.split_once(heading).expect("the heading");
    let (_, block) = section.split_once("```json\n").expect("a block");
    block.split_once("```").expect("its end").0
}

#[test]
fn the_manifests_of_the_document_are_read_and_bound() {
    let mut catalog = Catalog::default();
    catalog
        .add_json(example("## Manifests\n"))
        .expect("manifests");
    let (_, said) = JOBS.split_once("\"args\": ").expect("values");
    let (said, _) = said.split_once('`').expect("their end");
    let args: Args = serde_json::from_str(said).expect("values");
    let burn = catalog.get("burn").expect("the first");
    let command = burn.bind(&args).expect("they fit");
    let shell = "gpu-burn --seconds 30 --mode fp16 a-1";
    assert_eq!(command.shell(), shell);
    let embed = catalog.get("embed").expect("the second");
    let batch = Args::from([("batch".to_owned(), Arg::Int(64))]);
    let command = embed.bind(&batch).expect("it fits");
    assert_eq!(command.requirements(), ["sentence-transformers"]);
    assert_eq!(command.shell(), "python -m embed 64");
    let over = Args::from([("batch".to_owned(), Arg::Int(4_097))]);
    assert!(embed.bind(&over).is_err());
}

#[test]
fn the_schemas_of_the_document_are_read_and_judge() {
    let results = Results::default().with_json(example("## Results\n"));
    let results = results.expect("schemas");
    for (kind, result, fits) in [
        (
            "render",
            json!({"url": "x", "frames": 2, "format": "exr"}),
            true,
        ),
        ("render", json!({"url": ""}), false),
        ("render", json!({"url": "x", "more": 1}), false),
        ("render", json!({"url": "x", "format": "gif"}), false),
        ("rag_indexing", json!(null), true),
        ("rag_indexing", json!([1, "a"]), true),
        ("rag_indexing", json!([]), false),
    ] {
        assert_eq!(
            results.judge(kind, &result).is_ok(),
            fits,
            "{kind}: {result}"
        );
    }
}

/// Every word that a schema may hold is named, and no other.
#[test]
fn the_words_of_schemas_are_those_of_the_document() {
    let (_, said) = JOBS
        .split_once("It is a part of JSON Schema: ")
        .expect("the list");
    let (said, _) = said.split_once(";").expect("its end");
    let words: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    assert_eq!(words.len(), 14);
    for word in &words {
        let value = match *word {
            "type" => json!("object"),
            "enum" | "required" => json!(["a"]),
            "properties" => json!({}),
            "additionalProperties" => json!(true),
            "items" => json!({}),
            "anyOf" => json!([{}]),
            "description" => json!("text"),
            _ => json!(1),
        };
        let schema = json!({"render": {*word: value}}).to_string();
        assert!(Results::default().with_json(&schema).is_ok(), "{schema}");
    }
    for other in ["pattern", "format", "$ref", "oneOf", "const"] {
        let schema = json!({"render": {other: "x"}}).to_string();
        assert!(Results::default().with_json(&schema).is_err(), "{schema}");
    }
}
