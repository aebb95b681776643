//! Generics, SPL's options, maps, tuples and memory images, in the spelling of both IDL formats.

use std::collections::{BTreeMap, BTreeSet};

use borsh::BorshSerialize;
use hypernode_decoder::{ProgramConfig, Rows, idl};
use proptest::prelude::*;

use crate::support::build::{block_of, data_line, invoke, ix, success, tx};
use crate::support::native::{self, V};
use crate::support::{decoder, key};

const NEW: &str = include_str!("zoo.idl.json");
const LEGACY: &str = include_str!("zoo_legacy.idl.json");
const PROGRAM: &str = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM";
const FARM: &[u8] = &[11, 1, 1];
const MEMORY: &[u8] = &[12];

type Key = [u8; 32];

#[derive(Debug, Clone, BorshSerialize)]
struct Pair<A, B> {
    left: A,
    right: B,
}

#[derive(Debug, Clone, BorshSerialize)]
struct Nest<T, const M: usize> {
    inner: Pair<T, Vec<T>>,
    list: [Option<T>; M],
}

#[derive(Debug, Clone, BorshSerialize)]
enum Either<A, B> {
    Left(A),
    Right { value: B },
    Neither,
}

#[derive(Debug, Clone, Copy, BorshSerialize)]
enum Side {
    Bid,
    Ask,
}

#[derive(Debug, Clone, BorshSerialize)]
struct Point {
    x: i32,
    label: String,
}

/// As SPL packs it: what lies under a `none` is there, and says nothing.
#[derive(Debug, Clone)]
struct COption<T>(bool, T);

impl<T: BorshSerialize> BorshSerialize for COption<T> {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        u32::from(self.0).serialize(writer)?;
        self.1.serialize(writer)
    }
}

#[derive(Debug, Clone, BorshSerialize)]
struct Farm {
    pair: Pair<u8, String>,
    fixed: [u16; 3],
    nest: Nest<u32, 2>,
    either: Either<Key, Vec<Side>>,
    eithers: Vec<Either<u8, Point>>,
    maybe_key: COption<Key>,
    coptions: Vec<COption<[u16; 2]>>,
    tuple: (u8, (String, bool)),
    map: BTreeMap<String, u64>,
    tree: BTreeMap<u8, Vec<u16>>,
    set: BTreeSet<u32>,
    tree_set: BTreeSet<Key>,
    big: Key,
    signed_big: Key,
    deep: Option<Option<Option<u8>>>,
    matrix: [[u16; 2]; 2],
    words: [String; 2],
    options: [Option<u64>; 3],
    vecs: Vec<Vec<Vec<u8>>>,
    floats: Vec<(f32, f64)>,
    wrapped: u64,
    unit: (),
    never_zero: u32,
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Ask)]
}

fn point() -> impl Strategy<Value = Point> {
    (any::<i32>(), ".{0,6}").prop_map(|(x, label)| Point { x, label })
}

fn either<A: std::fmt::Debug + Clone, B: std::fmt::Debug + Clone>(
    left: impl Strategy<Value = A>,
    right: impl Strategy<Value = B>,
) -> impl Strategy<Value = Either<A, B>> {
    (0..3, left, right).prop_map(|(arm, left, value)| match arm {
        0 => Either::Left(left),
        1 => Either::Right { value },
        _ => Either::Neither,
    })
}

prop_compose! {
    fn farm()(
        (left, right, fixed, one, more, list) in
            (any::<u8>(), ".{0,9}", any::<[u16; 3]>(), any::<u32>(), any::<Vec<u32>>(), any::<[Option<u32>; 2]>()),
        either_key in either(any::<Key>(), prop::collection::vec(side(), 0..4)),
        eithers in prop::collection::vec(either(any::<u8>(), point()), 0..4),
        (some, maybe_key, tuple) in (any::<bool>(), any::<Key>(), (any::<u8>(), (".{0,5}", any::<bool>()))),
        coptions in prop::collection::vec(any::<(bool, [u16; 2])>().prop_map(|(s, v)| COption(s, v)), 0..4),
        map in prop::collection::btree_map(".{0,5}", any::<u64>(), 0..4),
        tree in prop::collection::btree_map(any::<u8>(), prop::collection::vec(any::<u16>(), 0..3), 0..4),
        (set, tree_set) in (prop::collection::btree_set(any::<u32>(), 0..4), prop::collection::btree_set(any::<Key>(), 0..3)),
        (big, signed_big, deep, matrix) in any::<(Key, Key, Option<Option<Option<u8>>>, [[u16; 2]; 2])>(),
        words in [".{0,5}", ".{0,5}"],
        options in any::<[Option<u64>; 3]>(),
        vecs in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..3), 0..3),
        (floats, wrapped, never_zero) in (prop::collection::vec(any::<(f32, f64)>(), 0..3), any::<u64>(), 1_u32..),
    ) -> Farm {
        Farm {
            pair: Pair { left, right }, fixed, nest: Nest { inner: Pair { left: one, right: more }, list },
            either: either_key, eithers, maybe_key: COption(some, maybe_key), coptions, tuple, map, tree, set,
            tree_set, big, signed_big, deep, matrix, words, options, vecs, floats, wrapped, unit: (), never_zero,
        }
    }
}

fn bytes(value: impl AsRef<[u8]>) -> V {
    V::Fixed(value.as_ref().to_vec())
}

fn text(text: &str) -> V {
    V::Text(text.into())
}

fn list<T>(items: impl IntoIterator<Item = T>, value: impl Fn(T) -> V) -> V {
    V::List(items.into_iter().map(value).collect())
}

fn u16s(items: &[u16]) -> V {
    list(items, |n| bytes(n.to_le_bytes()))
}

fn nullable<T>(item: Option<T>, value: impl Fn(T) -> V) -> V {
    item.map_or(V::Null, value)
}

/// kind, Left_0, Right_value; `right_null` where the second can be `Nullable`.
fn either_value<A, B>(either: &Either<A, B>, left: impl Fn(&A) -> V, right: impl Fn(&B) -> V) -> V {
    let none = V::List(Vec::new());
    V::List(match either {
        Either::Left(value) => vec![V::Name("Left".into()), left(value), none],
        Either::Right { value } => {
            let one = V::List(vec![right(value)]);
            vec![V::Name("Right".into()), V::Null, one]
        }
        Either::Neither => vec![V::Name("Neither".into()), V::Null, none],
    })
}

fn expected(farm: &Farm) -> Vec<(&'static str, V)> {
    let pair = |a, b| V::List(vec![a, b]);
    let name = |side: &Side| V::Name(format!("{side:?}"));
    let number = |n: &u32| bytes(n.to_le_bytes());
    let nest = &farm.nest;
    vec![
        (
            "pair",
            pair(bytes([farm.pair.left]), text(&farm.pair.right)),
        ),
        ("fixed", V::List(vec![u16s(&farm.fixed)])),
        (
            "nest",
            pair(
                pair(number(&nest.inner.left), list(&nest.inner.right, number)),
                V::List(vec![list(&nest.list, |n| nullable(n.as_ref(), number))]),
            ),
        ),
        (
            "either",
            either_value(&farm.either, |k| bytes(k), |s| list(s, name)),
        ),
        (
            "eithers",
            list(&farm.eithers, |e| {
                let point = |p: &Point| pair(bytes(p.x.to_le_bytes()), text(&p.label));
                either_value(e, |n| bytes([*n]), point)
            }),
        ),
        (
            "maybe_key",
            nullable(farm.maybe_key.0.then_some(farm.maybe_key.1), bytes),
        ),
        (
            "coptions",
            list(&farm.coptions, |c| list(c.0.then_some(&c.1), |v| u16s(v))),
        ),
        (
            "tuple",
            pair(
                bytes([farm.tuple.0]),
                pair(text(&farm.tuple.1.0), bytes([u8::from(farm.tuple.1.1)])),
            ),
        ),
        (
            "map",
            list(&farm.map, |(k, v)| pair(text(k), bytes(v.to_le_bytes()))),
        ),
        (
            "tree",
            list(&farm.tree, |(k, v)| pair(bytes([*k]), u16s(v))),
        ),
        ("set", list(&farm.set, number)),
        ("tree_set", list(&farm.tree_set, bytes)),
        ("big", bytes(farm.big)),
        ("signed_big", bytes(farm.signed_big)),
        (
            "deep",
            list(farm.deep, |d| list(d, |d| nullable(d, |n| bytes([n])))),
        ),
        ("matrix", list(&farm.matrix, |row| u16s(row))),
        ("words", list(&farm.words, |w| text(w))),
        (
            "options",
            list(farm.options, |o| nullable(o, |n| bytes(n.to_le_bytes()))),
        ),
        (
            "vecs",
            list(&farm.vecs, |v| list(v, |v| list(v, |n| bytes([*n])))),
        ),
        (
            "floats",
            list(&farm.floats, |(a, b)| {
                pair(bytes(a.to_le_bytes()), bytes(b.to_le_bytes()))
            }),
        ),
        ("wrapped", V::List(vec![bytes(farm.wrapped.to_le_bytes())])),
        ("unit", bytes([0])),
        ("never_zero", number(&farm.never_zero)),
    ]
}

fn program(json: &str) -> Vec<ProgramConfig> {
    let idl = idl::parse("zoo", "zoo.idl.json", json.as_bytes()).expect("IDL");
    vec![ProgramConfig::new("zoo", key(PROGRAM), idl)]
}

/// Rows of one table after decoding records that one instruction logged.
fn table(json: &str, records: &[Vec<u8>], name: &str) -> native::Block {
    let decoder = decoder(program(json));
    let program = key(PROGRAM);
    let mut logs = vec![invoke(&program, 1)];
    logs.extend(records.iter().map(|r| data_line(&[r])));
    logs.push(success(&program));
    let tx = tx(&[[1; 32], program], vec![ix(1, &[0], &[], None)], &logs);
    let mut rows = Rows::new(&decoder);
    let stats = decoder.decode_block(&block_of(tx), &mut rows, &mut ());
    assert_eq!((stats.events + stats.dead_letters) as usize, records.len());
    let tables = rows.finish();
    let found = tables.iter().find(|t| t.table == name);
    found.map(|t| native::read(&t.native)).unwrap_or_default()
}

fn record(discriminator: &[u8], value: &impl BorshSerialize) -> Vec<u8> {
    let mut bytes = discriminator.to_vec();
    value.serialize(&mut bytes).expect("borsh");
    bytes
}

/// sha256("event:Farm")[..8]: what the legacy format derives.
const LEGACY_FARM: [u8; 8] = [0xf6, 0x1c, 0x84, 0x7c, 0x9d, 0x3c, 0x2a, 0x58];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn both_formats_say_what_borsh_wrote(farms in prop::collection::vec(farm(), 1..4)) {
        for (json, discriminator) in [(NEW, FARM), (LEGACY, LEGACY_FARM.as_slice())] {
            let records: Vec<_> = farms.iter().map(|f| record(discriminator, f)).collect();
            let block = table(json, &records, "ev_zoo_Farm");
            for (row, farm) in farms.iter().enumerate() {
                for (column, value) in expected(farm) {
                    prop_assert_eq!(&block[column].1[row], &value, "column {}", column);
                }
            }
            prop_assert_eq!(block.len(), 7 + expected(&farms[0]).len());
        }
    }

    /// Invariant I-13: cut records are dead letters, whatever type the cut falls into.
    #[test]
    fn a_cut_farm_costs_only_itself(farm in farm(), cut in any::<prop::sample::Index>()) {
        let whole = record(FARM, &farm);
        let cut = whole[..3 + cut.index(whole.len() - 3)].to_vec();
        let block = table(NEW, &[whole.clone(), cut, whole], "ev_zoo_Farm");
        for (column, value) in expected(&farm) {
            prop_assert_eq!(&block[column].1, &vec![value.clone(), value], "column {}", column);
        }
    }

    #[test]
    fn padding_is_skipped_wherever_it_lies(
        raws in prop::collection::vec(any::<[u8; 48]>(), 1..4),
        (a, b, thin) in any::<(u8, [u8; 16], u64)>(),
        pod in any::<[u8; 32]>(),
    ) {
        // Enums inside are valid: 0 or 1 in the fifth byte of each inner structure.
        let raws: Vec<[u8; 48]> = raws
            .into_iter()
            .map(|mut raw| {
                for place in [24, 32, 40] {
                    raw[place] &= 1;
                }
                raw
            })
            .collect();
        let mut bytes_of = MEMORY.to_vec();
        bytes_of.extend(raws[0]);
        bytes_of.push(a);
        bytes_of.extend(b);
        bytes_of.extend(pod);
        bytes_of.extend(thin.to_le_bytes());
        raws.serialize(&mut bytes_of).expect("borsh");
        let inner = |raw: &[u8], at: usize| {
            let side = if raw[at + 4] == 0 { "Bid" } else { "Ask" };
            V::List(vec![bytes(&raw[at..at + 4]), V::Name(side.into())])
        };
        let raw = |raw: &[u8; 48]| {
            V::List(vec![
                bytes([raw[0]]),
                bytes(&raw[8..16]),
                bytes(&raw[16..18]),
                inner(raw, 20),
                V::List(vec![inner(raw, 28), inner(raw, 36)]),
            ])
        };
        let block = table(NEW, &[bytes_of], "ev_zoo_Memory");
        prop_assert_eq!(&block["raw"].1[0], &raw(&raws[0]));
        prop_assert_eq!(&block["packed"].1[0], &V::List(vec![bytes([a]), bytes(b)]));
        let parts = vec![bytes(&pod[..8]), bytes(&pod[8..16]), bytes(&pod[16..])];
        prop_assert_eq!(&block["pod"].1[0], &V::List(parts));
        prop_assert_eq!(&block["thin"].1[0], &V::List(vec![bytes(thin.to_le_bytes())]));
        prop_assert_eq!(&block["raws"].1[0], &list(&raws, raw));
    }
}

#[test]
fn the_columns_of_both_formats_are_the_same() {
    let columns = |json: &str| {
        let decoder = decoder(program(json));
        let spec = decoder.tables().iter().find(|t| t.name == "ev_zoo_Farm");
        spec.expect("table").columns.clone()
    };
    let new = columns(NEW);
    assert_eq!(new, columns(LEGACY));
    let kind = |name: &str| new.iter().find(|c| c.name == name).map(|c| c.kind.as_str());
    for (column, want) in [
        ("pair", "Tuple(left UInt8, right String)"),
        ("fixed", "Tuple(items Array(UInt16))"),
        (
            "nest",
            "Tuple(inner Tuple(left UInt32, right Array(UInt32)), list Tuple(items Array(Nullable(UInt32))))",
        ),
        ("maybe_key", "Nullable(FixedString(32))"),
        ("coptions", "Array(Array(Array(UInt16)))"),
        ("tuple", "Tuple(_0 UInt8, _1 Tuple(_0 String, _1 Bool))"),
        ("map", "Array(Tuple(key String, value UInt64))"),
        ("tree", "Array(Tuple(key UInt8, value Array(UInt16)))"),
        ("set", "Array(UInt32)"),
        ("tree_set", "Array(FixedString(32))"),
        ("big", "UInt256"),
        ("signed_big", "Int256"),
        ("deep", "Array(Array(Nullable(UInt8)))"),
        ("matrix", "Array(Array(UInt16))"),
        ("vecs", "Array(Array(Array(UInt8)))"),
        ("unit", "UInt8"),
    ] {
        assert_eq!(kind(column), Some(want), "{column}");
    }
}

#[test]
fn an_option_of_spl_has_a_tag_of_four_bytes() {
    let farm = |tag: u32| {
        let json = NEW.replace("\"coption\": \"pubkey\"", "\"coption\": \"u8\"");
        let json = json.replace("{ \"name\": \"Farm\", \"type\": { \"kind\": \"struct\", \"fields\": [", "{ \"name\": \"Farm\", \"type\": { \"kind\": \"struct\", \"fields\": [ { \"name\": \"first\", \"type\": { \"coption\": \"u8\" } } ] } }, { \"name\": \"Old\", \"type\": { \"kind\": \"struct\", \"fields\": [");
        let mut bytes = FARM.to_vec();
        bytes.extend(tag.to_le_bytes());
        bytes.push(9);
        table(&json, &[bytes], "ev_zoo_Farm")
            .get("first")
            .map(|c| c.1.clone())
    };
    assert_eq!(farm(0), Some(vec![V::Null]));
    assert_eq!(farm(1), Some(vec![bytes([9])]));
    assert_eq!(farm(2), None);
    assert_eq!(farm(256), None);
}
