//! What the text of an IDL can hide: keys given twice, marks and control characters, nulls, numbers far from their use.

use hypernode_decoder::idl;
use serde_json::{Value, json};

/// Path and reason of every mistake.
fn errors(text: &str) -> Vec<String> {
    let errors = idl::check("x", "x.json", text.as_bytes());
    let of = |e: &idl::IdlError| format!("{}: {}", e.path, e.problem);
    errors.iter().map(of).collect()
}

fn idl_of(events: &Value, types: &Value) -> Value {
    json!({"metadata": {"name": "x", "spec": "0.1.0"}, "events": events, "types": types})
}

fn structure(name: &str, fields: &Value) -> Value {
    json!({"name": name, "type": {"kind": "struct", "fields": fields}})
}

fn one(kind: &Value) -> Vec<String> {
    let types = json!([structure("E", &json!([{"name": "a", "type": kind}]))]);
    errors(&idl_of(&json!([{"name": "E", "discriminator": [1]}]), &types).to_string())
}

#[test]
fn a_key_given_twice_is_refused_where_it_stands() {
    let text = r#"{"metadata": {"name": "x", "spec": "0.1.0"},
        "events": [{"name": "E", "discriminator": [1], "name": "E"}],
        "types": [{"name": "E", "type": {"kind": "struct", "fields": [], "fields": []}}],
        "events": [{"name": "E", "discriminator": [1]}], "a\u001bb": 1, "a\u001bb": {"c": 1, "c": 1}}"#;
    assert_eq!(
        errors(text),
        [
            "$.events[0]: key `name` stands here more than once",
            "$.types[0].type: key `fields` stands here more than once",
            "$: key `events` stands here more than once",
            "$: key `a\\u{1b}b` stands here more than once",
            "$.a\\u{1b}b: key `c` stands here more than once",
        ]
    );
    assert!(idl::parse("x", "x.json", text.as_bytes()).is_err());
}

#[test]
fn a_byte_order_mark_is_passed_over_and_utf_16_named() {
    let text = idl_of(&json!([]), &json!([])).to_string();
    assert_eq!(errors(&format!("\u{feff}{text}")), <[&str; 0]>::default());
    assert_eq!(idl::tree(b"\xef\xbb\xbf[1]"), Some(json!([1])));
    assert_eq!(idl::tree(br#"{"a": [{"b": 1, "b": 2}]}"#), None);
    let wide: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let found = idl::check("x", "x.json", &wide);
    assert!(found[0].to_string().contains("UTF-16"), "{}", found[0]);
}

#[test]
fn control_characters_are_refused_in_names_and_shown_escaped() {
    let fields = json!([{"name": "a\u{1b}[2J", "type": "u8"}]);
    let idl = idl_of(&json!([]), &json!([structure("E", &fields)]));
    assert_eq!(
        errors(&idl.to_string()),
        ["$.types[0].type.fields[0].name: the name `a\\u{1b}[2J` holds a control character"]
    );
    for kind in [
        json!("u8\u{1b}"),
        json!({"defined": "u8\u{1b}"}),
        json!({"u8\u{1b}": "x"}),
        json!({"generic": "u8\u{1b}"}),
    ] {
        let found = one(&kind);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("u8\\u{1b}"), "{}", found[0]);
    }
    let long = one(&json!("x".repeat(1 << 20)));
    assert!(long[0].len() < 200);
}

#[test]
fn a_null_where_a_list_belongs_is_refused() {
    for key in ["events", "types", "instructions", "accounts", "errors"] {
        let mut idl = idl_of(&json!([]), &json!([]));
        idl[key] = Value::Null;
        assert_eq!(
            errors(&idl.to_string()),
            [format!(
                "$.{key}: expected a list (or no such key), found null"
            )]
        );
    }
    // Anchor's legacy format wrote these two so.
    let legacy = json!({"name": "x", "instructions": [], "events": null, "errors": null});
    assert_eq!(errors(&legacy.to_string()), <[&str; 0]>::default());
    let call =
        json!({"name": "x", "instructions": [{"name": "go", "accounts": null, "args": null}]});
    assert_eq!(
        errors(&call.to_string()),
        [
            "$.instructions[0].accounts: expected a list (or no such key), found null",
            "$.instructions[0].args: expected a list (or no such key), found null",
        ]
    );
}

#[test]
fn what_is_no_name_and_no_type_is_called_so() {
    let fields = json!([{"name": {"vec": "u8"}, "type": "u8"}, {"name": "", "type": "u8"}]);
    let idl = idl_of(&json!([]), &json!([structure("E", &fields)]));
    assert_eq!(
        errors(&idl.to_string()),
        [
            "$.types[0].type.fields[0].name: expected a name (a string), found an object (its first key is `vec`)",
            "$.types[0].type.fields[1].name: expected a name (a string), found ``",
        ]
    );
    // A list of fields stays one if its first lacks a part.
    let fields = json!([{"type": "u8"}, {"name": "b", "type": "u8"}]);
    let idl = idl_of(&json!([]), &json!([structure("E", &fields)]));
    assert_eq!(
        errors(&idl.to_string()),
        ["$.types[0].type.fields[0]: key `name` is missing"]
    );
    assert_eq!(
        one(&json!({"vec": null})),
        [
            "$.types[0].type.fields[0].type.vec: expected a type (a name or an object with one key), found null"
        ]
    );
}

/// `Buffer<N>` of that many bytes, used by `Wrap<N>`, used by the event.
fn buffer(length: &str) -> Vec<String> {
    let generic = |name: &str, kind: &Value| {
        let mut def = structure(name, &json!([{"name": "bytes", "type": kind}]));
        def["generics"] = json!([{"kind": "const", "name": "N", "type": "usize"}]);
        def
    };
    let with = |name: &str, n: &str| json!({"defined": {"name": name, "generics": [{"kind": "const", "value": n}]}});
    let types = json!([
        generic("Buffer", &json!({"array": ["u16", {"generic": "N"}]})),
        generic("Wrap", &with("Buffer", "N")),
        structure("E", &json!([{"name": "a", "type": with("Wrap", length)}])),
    ]);
    errors(&idl_of(&json!([{"name": "E", "discriminator": [1]}]), &types).to_string())
}

#[test]
fn a_generic_length_that_is_too_large_names_its_use_and_its_definition() {
    assert_eq!(buffer("4"), <[&str; 0]>::default());
    assert_eq!(
        buffer("4294967296"),
        [
            "$.types[2].type.fields[0].type.defined: expected a length below 2^32 as generic argument, found \
             `4294967296` (for the array at $.types[0].type.fields[0].type.array[1])"
        ]
    );
    assert_eq!(
        buffer("4000000000"),
        [
            "$.events[0]: event `E` cannot become columns: an array of 4000000000 elements is larger than any \
             record (column `a`, in type `Buffer<4000000000>` at $.types[0])"
        ]
    );
}

#[test]
fn a_file_makes_a_bounded_number_of_tables() {
    let idl = |events: usize, instructions: usize| {
        let bytes = |i: usize| json!([i % 256, i / 256]);
        let event =
            |i: usize| json!({"name": format!("E{i}"), "discriminator": bytes(i), "fields": []});
        let call = |i: usize| json!({"name": format!("i{i}"), "discriminator": bytes(i), "accounts": [], "args": []});
        let mut idl = idl_of(&(0..events).map(event).collect(), &json!([]));
        idl["instructions"] = (0..instructions).map(call).collect();
        errors(&idl.to_string())
    };
    assert_eq!(idl(900, 200), <[&str; 0]>::default());
    assert_eq!(
        idl(900, 201),
        [
            "$: the file makes 2001 tables, at most 2000 are possible: two for an event, one for an instruction or \
             account"
        ]
    );
}

#[test]
fn a_dot_in_a_fields_name_is_refused() {
    let fields = json!([{"name": "a.b", "type": "u8"}, {"name": "a", "type": "u8"}]);
    let idl = idl_of(&json!([]), &json!([structure("E", &fields)]));
    assert_eq!(
        errors(&idl.to_string()),
        ["$.types[0].type.fields[0]: the field's name `a.b` holds a dot"]
    );
}
