//! Files with mistakes: every one is named with its place and what to do, and none takes long.

use std::path::Path;

use hypernode_decoder::idl::{self, IdlError, Problem};
use serde_json::{Value, json};

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hypernode/tests/fixtures/broken_idls");
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .expect("fixtures")
        .map(|entry| entry.expect("entry").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_name().expect("name").to_string_lossy();
            (name.into_owned(), std::fs::read(path).expect("file"))
        })
        .collect()
}

#[test]
fn every_broken_file_is_refused_with_file_path_reason_and_fix() {
    let want: [&[(&str, &str)]; 10] = [
        &[("$", "not JSON: EOF while parsing")],
        &[("$.metadata.spec", "IDL spec `9.0.0` is not known")],
        &[
            ("$.types[0].type.fields[0].type", "unknown type `u65`"),
            (
                "$.types[0].type.fields[2].type.option.defined",
                "unknown type `Memo`",
            ),
            (
                "$.types[1].type.fields[0].type.array[1]",
                "expected a length below 2^32, found -1",
            ),
        ],
        &[("$.events[0]", "key `discriminator` is missing")],
        &[(
            "$.types[1]",
            "type contains itself: Branch -> Twig -> Branch",
        )],
        &[("$.events[1]", "event `Paid` is defined twice")],
        &[(
            "$.events",
            "discriminators of events `Paid` and `Refunded` clash: 01020304 and 0102030405060708",
        )],
        &[(
            "$.events[0]",
            "event `Paid` needs a type that is not supported: generic type `Grow`",
        )],
        &[(
            "$.events[0]",
            "event `Paid` cannot become columns: an array of 4000000000 elements",
        )],
        &[("$.address", "is not a program id")],
    ];
    let files = fixtures();
    assert_eq!(files.len(), want.len());
    for ((name, json), want) in files.iter().zip(want) {
        let errors = idl::check("x", name, json);
        let found: Vec<_> = errors.iter().map(|e| (&e.file, e.path.as_str())).collect();
        let places: Vec<_> = want.iter().map(|(path, _)| (name, *path)).collect();
        assert_eq!(found, places);
        for (error, (_, reason)) in errors.iter().zip(want) {
            let problem = error.problem.to_string();
            assert!(
                problem.starts_with(reason) || problem.contains(reason),
                "{problem}"
            );
            assert!(error.fix().len() > 10, "{error}");
            assert_ne!(error.fix(), problem);
        }
        // What loads the file refuses it for the first of them; sizes show when its tables are made.
        match idl::parse("x", name, json) {
            Err(error) => assert_eq!(error, errors[0]),
            Ok(_) => assert!(matches!(*errors[0].problem, Problem::Layout { .. })),
        }
    }
}

fn idl_of(types: &Value, fields: &Value) -> Value {
    let mut types = types.as_array().expect("list").clone();
    types.push(json!({"name": "E", "type": {"kind": "struct", "fields": fields}}));
    json!({"metadata": {"name": "x", "spec": "0.1.0"}, "events": [{"name": "E", "discriminator": [1]}], "types": types})
}

fn errors(idl: &Value) -> Vec<IdlError> {
    idl::check("x", "x.json", idl.to_string().as_bytes())
}

fn error(idl: &Value) -> String {
    errors(idl).first().expect("an error").to_string()
}

fn generic(name: &str, parameters: &Value, fields: &Value) -> Value {
    json!({"name": name, "generics": parameters, "type": {"kind": "struct", "fields": fields}})
}

fn kind(kind: &Value) -> Value {
    json!({"kind": "type", "type": kind})
}

fn with(name: &str, args: &[Value]) -> Value {
    json!({"defined": {"name": name, "generics": args}})
}

#[test]
fn all_mistakes_of_a_file_are_listed_up_to_a_bound() {
    let mut idl = idl_of(&json!([]), &json!([{"name": "a", "type": "nope"}]));
    idl["instructions"] =
        json!([{"name": "go", "discriminator": [], "accounts": []}, {"discriminator": [1]}]);
    idl["accounts"] = json!([{"name": "Gone", "discriminator": [1]}]);
    idl["errors"] = json!([{"code": -1, "name": "x"}]);
    let found: Vec<_> = errors(&idl).into_iter().map(|e| e.path).collect();
    assert_eq!(
        found,
        [
            "$.types[0].type.fields[0].type",
            "$.instructions[0].discriminator",
            "$.instructions[1]",
            "$.accounts[0]",
            "$.errors[0].code",
        ]
    );
    idl["errors"] = json!(vec![json!({}); 100_000]);
    let found = errors(&idl);
    assert_eq!(found.len(), 101);
    // Each of them lacks a code; four mistakes stand before them.
    assert_eq!(found[100].to_string(), "x.json: $: and 99904 more");
}

#[test]
fn every_mistake_inside_one_definition_is_told() {
    let fields = json!([
        {"name": "a", "type": "u7"},
        {"name": "a", "type": {"vec": "u9"}},
        {"type": "u8"},
        {"name": "b"},
        {"name": "c", "type": {"hashMap": ["nokey", {"tuple": ["one", "u8", "two"]}]}},
    ]);
    let variants = json!([
        {"name": "A", "fields": ["u6", {"name": "x", "type": "u8"}]},
        {"name": "A"},
        {"name": "B", "fields": [{"name": "x", "type": "u5"}, {"name": "x", "type": "u8"}]},
    ]);
    let mut idl = idl_of(
        &json!([{"name": "U", "type": {"kind": "enum", "variants": variants}}]),
        &fields,
    );
    idl["instructions"] = json!([{
        "name": "go",
        "accounts": [{}, {"name": "x", "optional": 1}],
        "args": [{"name": "a", "type": "u7"}, {"name": "a", "type": "u8"}],
    }]);
    idl["events"] = json!([{"name": "E"}, {"name": "E", "discriminator": [1]}]);
    let found: Vec<_> = errors(&idl).into_iter().map(|e| e.path).collect();
    assert_eq!(
        found,
        [
            "$.types[0].type.variants[0].fields[0]",
            "$.types[0].type.variants[0].fields[1]",
            "$.types[0].type.variants[1]",
            "$.types[0].type.variants[2].fields[0].type",
            "$.types[0].type.variants[2].fields[1]",
            "$.types[1].type.fields[0].type",
            "$.types[1].type.fields[1]",
            "$.types[1].type.fields[1].type.vec",
            "$.types[1].type.fields[2]",
            "$.types[1].type.fields[3]",
            "$.types[1].type.fields[4].type.hashMap[0]",
            "$.types[1].type.fields[4].type.hashMap[1].tuple[0]",
            "$.types[1].type.fields[4].type.hashMap[1].tuple[2]",
            "$.instructions[0].accounts[0]",
            "$.instructions[0].accounts[1].optional",
            "$.instructions[0].args[0].type",
            "$.instructions[0].args[1]",
            "$.instructions[0]",
            "$.events[0]",
            "$.events[1]",
        ]
    );
}

#[test]
fn generic_types_are_used_as_they_are_declared() {
    let parameter =
        json!([{"kind": "type", "name": "T"}, {"kind": "const", "name": "N", "type": "usize"}]);
    let list = generic(
        "L",
        &parameter,
        &json!([{"name": "a", "type": {"array": [{"generic": "T"}, {"generic": "N"}]}}]),
    );
    let number = |text: &str| json!({"kind": "const", "value": text});
    let u8 = || kind(&json!("u8"));
    for (args, want) in [
        (vec![u8(), number("4")], None),
        (vec![u8(), number("1_0usize")], None),
        (
            vec![u8()],
            Some("type `L` has 2 generic parameters, 1 are given"),
        ),
        (
            vec![],
            Some("type `L` has 2 generic parameters, 0 are given"),
        ),
        (vec![number("1"), number("1")], Some("expected a type")),
        (vec![u8(), u8()], Some("expected a constant")),
        (
            vec![u8(), number("many")],
            Some("expected a length below 2^32 as generic argument, found `many`"),
        ),
        (
            vec![u8(), number("-1")],
            Some("expected a length below 2^32"),
        ),
        (
            vec![kind(&json!("u7")), number("1")],
            Some("unknown type `u7`"),
        ),
    ] {
        let found = errors(&idl_of(
            &json!([list]),
            &json!([{"name": "a", "type": with("L", &args)}]),
        ));
        match want {
            None => assert_eq!(found, []),
            Some(want) => assert!(found[0].to_string().contains(want), "{}", found[0]),
        }
    }
    let stray = idl_of(
        &json!([]),
        &json!([{"name": "a", "type": {"generic": "T"}}]),
    );
    assert!(error(&stray).contains("generic parameter `T` is not declared"));
    // A mistake in a generic type is found once, used or not.
    let wrong = generic("W", &parameter, &json!([{"name": "a", "type": "u7"}]));
    let used = with("W", &[u8(), number("1")]);
    let found = errors(&idl_of(
        &json!([wrong]),
        &json!([{"name": "a", "type": used}]),
    ));
    let paths: Vec<_> = found.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["$.types[0].type.fields[0].type"]);
}

#[test]
fn generics_without_end_are_refused_quickly() {
    let t = json!([{"kind": "type", "name": "T"}]);
    let generic_t = json!({"generic": "T"});
    // Arguments that double: 2^n types without a name of their own.
    let doubling = json!([
        generic(
            "P",
            &t,
            &json!([{"name": "a", "type": generic_t}, {"name": "b", "type": generic_t}])
        ),
        generic(
            "G",
            &t,
            &json!([
                {"name": "a", "type": with("G", &[kind(&with("P", &[kind(&generic_t)]))])},
            ])
        ),
    ]);
    let found = error(&idl_of(
        &doubling,
        &json!([{"name": "a", "type": with("G", &[kind(&json!("u8"))])}]),
    ));
    assert!(
        found.contains("generic type `G` uses generic types too deeply"),
        "{found}"
    );
    // Two hundred types, each of which uses all others with two arguments each.
    let fields: Vec<Value> = (0..100)
        .flat_map(|i| {
            let name = format!("M{i}");
            [
                json!({"vec": {"generic": "T"}}),
                json!({"option": {"generic": "T"}}),
            ]
            .map(|arg| with(&name, &[kind(&arg)]))
        })
        .collect();
    let mesh: Vec<Value> = (0..100)
        .map(|i| generic(&format!("M{i}"), &t, &json!(fields)))
        .collect();
    let found = error(&idl_of(
        &json!(mesh),
        &json!([{"name": "a", "type": with("M0", &[kind(&json!("u8"))])}]),
    ));
    assert!(found.contains("generic type"), "{found}");
    // A generic type that holds itself as it is.
    let own = json!([generic(
        "S",
        &t,
        &json!([{"name": "a", "type": {"vec": with("S", &[kind(&generic_t)])}}])
    )]);
    let found = error(&idl_of(
        &own,
        &json!([{"name": "a", "type": with("S", &[kind(&json!("u8"))])}]),
    ));
    assert!(
        found.ends_with("type contains itself: S<u8> -> S<u8>"),
        "{found}"
    );
}

#[test]
fn memory_images_whose_layout_is_not_known_are_refused_with_the_reason() {
    let image = |serialization: &str, repr: &Value, fields: &Value| {
        let def = json!({"name": "M", "serialization": serialization, "repr": repr,
            "type": {"kind": "struct", "fields": fields}});
        errors(&idl_of(
            &json!([def]),
            &json!([{"name": "a", "type": {"defined": {"name": "M"}}}]),
        ))
        .first()
        .map(ToString::to_string)
    };
    let c = json!({"kind": "c"});
    let wide = json!([{"name": "a", "type": "u64"}, {"name": "b", "type": "u128"}]);
    let level = json!([{"name": "a", "type": "u128"}, {"name": "b", "type": "u128"}]);
    let text = json!([{"name": "a", "type": "string"}]);
    for (serialization, repr, fields, want) in [
        ("bytemuckunsafe", &c, &wide, Some("depends on the target")),
        ("bytemuckunsafe", &c, &level, None),
        ("bytemuck", &c, &wide, None),
        ("bytemuck", &c, &text, Some("without a fixed place")),
        (
            "bytemuckunsafe",
            &json!({"kind": "rust"}),
            &wide,
            Some("the compiler's choice"),
        ),
        (
            "bytemuckunsafe",
            &Value::Null,
            &wide,
            Some("the compiler's choice"),
        ),
        (
            "bytemuckunsafe",
            &json!({"kind": "c", "packed": true}),
            &wide,
            None,
        ),
        (
            "bytemuckunsafe",
            &json!({"kind": "c", "align": 3}),
            &wide,
            Some("expected a power of two"),
        ),
        (
            "bytemuckunsafe",
            &json!({"kind": "d"}),
            &wide,
            Some("expected c, rust or transparent"),
        ),
        ("zerocopy", &c, &wide, Some("a serialization of its own")),
    ] {
        let found = image(serialization, repr, fields);
        match want {
            None => assert_eq!(found, None),
            Some(want) => assert!(
                found.as_ref().is_some_and(|f| f.contains(want)),
                "{found:?} is not {want}"
            ),
        }
    }
}

#[test]
fn layouts_that_would_grow_are_refused() {
    let field = |kind: &Value| errors(&idl_of(&json!([]), &json!([{"name": "a", "type": kind}])));
    // One byte that is no value would become 1025 bytes of columns: bearable, but not times eight.
    let option = json!({"option": {"array": ["u8", 1024]}});
    assert_eq!(field(&json!({"vec": option})), []);
    let eight = json!({"tuple": vec![option; 8]});
    assert_eq!(field(&json!({"vec": eight})), []);
    let wide: Vec<Value> = (0..100)
        .map(|i| json!({"name": format!("V{i}"), "fields": [{"array": ["u8", 1024]}]}))
        .collect();
    let union = json!({"name": "U", "type": {"kind": "enum", "variants": wide}});
    let of = |kind: &Value| {
        error(&idl_of(
            &json!([union]),
            &json!([{"name": "a", "type": kind}]),
        ))
    };
    let list = of(&json!({"vec": {"defined": {"name": "U"}}}));
    assert!(list.contains("one byte of a record could become"), "{list}");
    let coption = field(&json!({"coption": "string"}));
    assert!(
        coption[0]
            .to_string()
            .contains("`coption` holds a type without a fixed size")
    );
    let long = "x".repeat(201);
    let name = errors(&idl_of(&json!([]), &json!([{"name": long, "type": "u8"}])));
    assert!(
        name[0]
            .to_string()
            .contains("cannot name a table or column")
    );
}

#[test]
fn long_lists_and_deep_types_cost_no_more_than_they_are_long() {
    // A chain written from its end: no walk may follow it on the stack.
    let mut types = vec![json!({"name": "T0", "type": {"kind": "struct", "fields": ["u8"]}})];
    for i in 1..5_000 {
        let below = format!("T{}", i - 1);
        types.push(json!({"name": format!("T{i}"), "type": {"kind": "struct", "fields": [{"defined": {"name": below}}]}}));
    }
    let found = error(&idl_of(
        &json!(types),
        &json!([{"name": "a", "type": {"defined": {"name": "T4999"}}}]),
    ));
    assert!(found.contains("nested deeper than 32 levels"), "{found}");
    let fields: Vec<Value> = (0..100_000)
        .map(|i| json!({"name": format!("f{i}"), "type": "u8"}))
        .collect();
    let found = error(&idl_of(&json!([]), &json!(fields)));
    assert!(found.contains("more than 4096 columns"), "{found}");
    // As many accounts as types in the legacy format, none of them twins.
    let def = |i: usize, of: &str| json!({"name": format!("A{i}"), "type": {"kind": "struct", "fields": [{"name": "a", "type": of}]}});
    let types: Vec<Value> = (0..10_000).map(|i| def(i, "u8")).collect();
    let accounts: Vec<Value> = (10_000..20_000).map(|i| def(i, "u16")).collect();
    let found = error(&json!({"name": "x", "types": types, "accounts": accounts}));
    assert!(found.contains("makes 10000 tables"), "{found}");
    for bytes in [
        b"\xff\xfe{}".as_slice(),
        b"",
        b"{\"name\": \"\xff\"}",
        &b"[".repeat(100_000),
    ] {
        let errors = idl::check("x", "x.json", bytes);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().starts_with("x.json: $: not JSON"));
    }
}
