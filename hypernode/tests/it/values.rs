//! Events as programs write them, and the rows that they must become.

use borsh::BorshSerialize;
use serde_json::{Value, json};

/// Writes one value behind those before it.
pub(crate) type Write<'a> = &'a dyn Fn(&mut Vec<u8>);

/// A discriminator and what borsh writes after it.
pub(crate) fn event(discriminator: &[u8], values: &[Write<'_>]) -> String {
    let mut bytes = discriminator.to_vec();
    for write in values {
        write(&mut bytes);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as borsh writes it.
pub(crate) fn borsh<T: BorshSerialize>(value: T) -> impl Fn(&mut Vec<u8>) {
    move |bytes| value.serialize(bytes).expect("memory")
}

/// An event of every type of the format.
pub(crate) fn zoo() -> String {
    event(
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &[
            &borsh((7_u64, 8_u8, true, 1_u8, -2_i16, 3_u32, -4_i128)),
            &borsh(([5_u128, 0], 1.5_f32, -2.5_f64, [b'w'; 32])),
            &borsh(("téxt", b"blob".to_vec(), *b"hash!", [6_u16, 7])),
            &borsh((
                Some(8_u64),
                None::<String>,
                Some(vec![9_u8]),
                Some(None::<bool>),
            )),
            // Some(Ask).
            &borsh((1_u8, 1_u8)),
            &borsh((
                vec![-1_i64, 2],
                vec!["a", "b"],
                vec![vec![Some(1_u16), None]],
            )),
            &borsh(((3_i32, "p"), vec![(4_i32, "q")], (1_u8, [b'c'; 32]), 10_u64)),
            // Bid; Circle; Dot and Line.
            &borsh((0_u8, (1_u8, 11_u32, vec![12_u16]))),
            &borsh((2_u32, 0_u8, (2_u8, (5_i32, "l"), "m"))),
        ],
    )
}

/// Its row.
pub(crate) fn zoo_row() -> Value {
    let point = |x: i32, label: &str| json!({"x": x, "label": label});
    json!({
        "f_slot": 7, "f_f_slot": 8, "flag": true, "a": 1, "b": -2, "c": 3, "d": -4, "e": 5, "f": 1.5, "g": -2.5,
        "who": "w".repeat(32), "text": "téxt", "blob": "blob", "hash": "hash!", "pair": [6, 7],
        "maybe": 8, "maybe_text": null, "maybe_list": [[9]], "maybe_maybe": [null], "maybe_side": "Ask",
        "list": [-1, 2], "texts": ["a", "b"], "nested": [[1, null]],
        "point": point(3, "p"), "points": [point(4, "q")], "couple": {"_0": 1, "_1": "c".repeat(32)}, "alias": 10,
        "side": "Bid", "shape": shape("Circle", json!(11), json!([[12]]), json!([]), json!(null)),
        "shapes": [
            shape("Dot", json!(null), json!([]), json!([]), json!(null)),
            shape("Line", json!(null), json!([]), json!([point(5, "l")]), json!("m")),
        ],
        "nothing": 0, "nothings": 0,
    })
}

#[allow(clippy::needless_pass_by_value)] // values as the table above writes them
fn shape(kind: &str, radius: Value, tags: Value, line: Value, text: Value) -> Value {
    json!({"kind": kind, "Circle_radius": radius, "Circle_tags": tags, "Line_0": line, "Line_1": text})
}

/// An event of the types that are put together from others.
pub(crate) fn farm() -> String {
    let key = [b'k'; 32];
    event(
        &[11, 1, 1],
        &[
            &borsh(((1_u8, "x"), [1_u16, 2, 3])),
            &borsh(((4_u32, vec![5_u32]), [Some(6_u32), None])),
            // Left; Left, Right, Neither.
            &borsh((0_u8, key)),
            &borsh((3_u32, (0_u8, 8_u8), (1_u8, (9_i32, "e")), 2_u8)),
            // SPL's options: four bytes, and a value in any case.
            &borsh((1_u32, key, 2_u32, (1_u32, [1_u16, 2]), (0_u32, [3_u16, 4]))),
            &borsh((1_u8, ("t", true))),
            // Maps and sets are lists.
            &borsh((
                vec![("m", 1_u64)],
                vec![(2_u8, vec![3_u16])],
                vec![4_u32],
                vec![key],
            )),
            &borsh(([5_u128, 0], [u128::MAX, u128::MAX])),
            &borsh((Some(Some(Some(6_u8))), [[1_u16, 2], [3, 4]], ["a", "b"])),
            &borsh((
                [Some(1_u64), None, Some(3)],
                vec![vec![vec![7_u8]]],
                vec![(1.5_f32, 2.5_f64)],
            )),
            &borsh((8_u64, 9_u32)),
        ],
    )
}

/// Its row.
pub(crate) fn farm_row() -> Value {
    let k = "k".repeat(32);
    let either = |kind: &str, left: Value, right: Value| json!({"kind": kind, "Left_0": left, "Right_value": right});
    json!({
        "pair": {"left": 1, "right": "x"}, "fixed": {"items": [1, 2, 3]},
        "nest": {"inner": {"left": 4, "right": [5]}, "list": {"items": [6, null]}},
        "either": either("Left", json!(k), json!([])),
        "eithers": [
            either("Left", json!(8), json!([])),
            either("Right", json!(null), json!([{"x": 9, "label": "e"}])),
            either("Neither", json!(null), json!([])),
        ],
        "maybe_key": k, "coptions": [[[1, 2]], []],
        "tuple": {"_0": 1, "_1": {"_0": "t", "_1": true}},
        "map": [{"key": "m", "value": 1}], "tree": [{"key": 2, "value": [3]}], "set": [4], "tree_set": [k],
        "big": 5, "signed_big": -1, "deep": [[6]], "matrix": [[1, 2], [3, 4]], "words": ["a", "b"],
        "options": [1, null, 3], "vecs": [[[7]]], "floats": [{"_0": 1.5, "_1": 2.5}], "wrapped": {"_0": 8},
        "unit": 0, "never_zero": 9,
    })
}
