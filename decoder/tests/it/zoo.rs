//! Every type that an event can hold: what borsh wrote is what the columns say.

use borsh::BorshSerialize;
use hypernode_decoder::{Rows, idl};
use proptest::prelude::*;

use crate::support::build::{block_of, data_line, invoke, ix, success, tx};
use crate::support::native::{self, V};
use crate::support::{decoder, key};

const JSON: &str = include_str!("zoo.idl.json");
const PROGRAM: &str = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM";
const ZOO: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

type Bytes = Vec<u8>;

#[derive(Debug, Clone, BorshSerialize)]
struct Zoo {
    slot: u64,
    f_slot: u8,
    flag: bool,
    a: u8,
    b: i16,
    c: u32,
    d: i128,
    e: [u8; 32],
    f: f32,
    g: f64,
    who: [u8; 32],
    text: String,
    blob: Bytes,
    hash: [u8; 5],
    pair: [u16; 2],
    maybe: Option<u64>,
    maybe_text: Option<String>,
    maybe_list: Option<Vec<u8>>,
    maybe_maybe: Option<Option<bool>>,
    maybe_side: Option<Side>,
    list: Vec<i64>,
    texts: Vec<String>,
    nested: Vec<Vec<Option<u16>>>,
    point: Point,
    points: Vec<Point>,
    couple: (u8, [u8; 32]),
    alias: u64,
    side: Side,
    shape: Shape,
    shapes: Vec<Shape>,
    nothing: (),
    nothings: [(); 3],
}

#[derive(Debug, Clone, BorshSerialize)]
struct Point {
    x: i32,
    label: String,
}

#[derive(Debug, Clone, Copy, BorshSerialize)]
enum Side {
    Bid,
    Ask,
}

#[derive(Debug, Clone, BorshSerialize)]
enum Shape {
    Dot,
    Circle { radius: u32, tags: Vec<u16> },
    Line(Point, String),
}

fn point() -> impl Strategy<Value = Point> {
    (any::<i32>(), ".{0,8}").prop_map(|(x, label)| Point { x, label })
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Ask)]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Dot),
        (any::<u32>(), prop::collection::vec(any::<u16>(), 0..4))
            .prop_map(|(radius, tags)| Shape::Circle { radius, tags }),
        (point(), ".{0,8}").prop_map(|(p, s)| Shape::Line(p, s)),
    ]
}

prop_compose! {
    fn zoo()(
        (slot, f_slot, flag, a, b, c, d, e) in any::<(u64, u8, bool, u8, i16, u32, i128, [u8; 32])>(),
        (f, g, who, hash, pair, maybe, alias) in any::<(f32, f64, [u8; 32], [u8; 5], [u16; 2], Option<u64>, u64)>(),
        (text, blob) in (".{0,200}", prop::collection::vec(any::<u8>(), 0..200)),
        maybe_text in prop::option::of(".{0,9}"),
        maybe_list in prop::option::of(prop::collection::vec(any::<u8>(), 0..5)),
        maybe_maybe in any::<Option<Option<bool>>>(),
        maybe_side in prop::option::of(side()),
        list in prop::collection::vec(any::<i64>(), 0..5),
        texts in prop::collection::vec(".{0,9}", 0..5),
        nested in prop::collection::vec(prop::collection::vec(any::<Option<u16>>(), 0..4), 0..4),
        (p, points) in (point(), prop::collection::vec(point(), 0..4)),
        couple in any::<(u8, [u8; 32])>(),
        (s, sh, shapes) in (side(), shape(), prop::collection::vec(shape(), 0..4)),
    ) -> Zoo {
        Zoo {
            slot, f_slot, flag, a, b, c, d, e, f, g, who, text, blob, hash, pair, maybe, maybe_text, maybe_list,
            maybe_maybe, maybe_side, list, texts, nested, point: p, points, couple, alias, side: s, shape: sh,
            shapes, nothing: (), nothings: [(); 3],
        }
    }
}

fn fixed(bytes: impl AsRef<[u8]>) -> V {
    V::Fixed(bytes.as_ref().to_vec())
}

fn text(text: &str) -> V {
    V::Text(text.into())
}

fn name(side: Side) -> V {
    V::Name(format!("{side:?}"))
}

fn list<T>(items: &[T], value: impl Fn(&T) -> V) -> V {
    V::List(items.iter().map(value).collect())
}

fn nullable<T>(item: Option<T>, value: impl Fn(T) -> V) -> V {
    item.map_or(V::Null, value)
}

/// An option that ClickHouse cannot hold as `Nullable`.
fn zero_or_one<T>(item: Option<T>, value: impl Fn(T) -> V) -> V {
    V::List(item.into_iter().map(value).collect())
}

fn point_value(p: &Point) -> V {
    V::List(vec![fixed(p.x.to_le_bytes()), text(&p.label)])
}

/// kind, Circle_radius, Circle_tags, Line_0, Line_1.
fn shape_value(shape: &Shape) -> V {
    let none = V::List(Vec::new());
    let one = |v| V::List(vec![v]);
    let numbers = |tags: &[u16]| list(tags, |t| fixed(t.to_le_bytes()));
    V::List(match shape {
        Shape::Dot => vec![V::Name("Dot".into()), V::Null, none.clone(), none, V::Null],
        Shape::Circle { radius, tags } => vec![
            V::Name("Circle".into()),
            fixed(radius.to_le_bytes()),
            one(numbers(tags)),
            none,
            V::Null,
        ],
        Shape::Line(p, s) => vec![
            V::Name("Line".into()),
            V::Null,
            none,
            one(point_value(p)),
            text(s),
        ],
    })
}

fn expected(zoo: &Zoo) -> Vec<(&'static str, V)> {
    vec![
        ("f_slot", fixed(zoo.slot.to_le_bytes())),
        ("f_f_slot", fixed([zoo.f_slot])),
        ("flag", fixed([u8::from(zoo.flag)])),
        ("a", fixed([zoo.a])),
        ("b", fixed(zoo.b.to_le_bytes())),
        ("c", fixed(zoo.c.to_le_bytes())),
        ("d", fixed(zoo.d.to_le_bytes())),
        ("e", fixed(zoo.e)),
        ("f", fixed(zoo.f.to_le_bytes())),
        ("g", fixed(zoo.g.to_le_bytes())),
        ("who", fixed(zoo.who)),
        ("text", text(&zoo.text)),
        ("blob", V::Text(zoo.blob.clone())),
        ("hash", fixed(zoo.hash)),
        ("pair", list(&zoo.pair, |n| fixed(n.to_le_bytes()))),
        ("maybe", nullable(zoo.maybe, |n| fixed(n.to_le_bytes()))),
        ("maybe_text", nullable(zoo.maybe_text.as_deref(), text)),
        (
            "maybe_list",
            zero_or_one(zoo.maybe_list.as_deref(), |l| list(l, |n| fixed([*n]))),
        ),
        (
            "maybe_maybe",
            zero_or_one(zoo.maybe_maybe, |m| nullable(m, |b| fixed([u8::from(b)]))),
        ),
        ("maybe_side", nullable(zoo.maybe_side, name)),
        ("list", list(&zoo.list, |n| fixed(n.to_le_bytes()))),
        ("texts", list(&zoo.texts, |t| text(t))),
        (
            "nested",
            list(&zoo.nested, |l| {
                list(l, |o| nullable(*o, |n| fixed(n.to_le_bytes())))
            }),
        ),
        ("point", point_value(&zoo.point)),
        ("points", list(&zoo.points, point_value)),
        (
            "couple",
            V::List(vec![fixed([zoo.couple.0]), fixed(zoo.couple.1)]),
        ),
        ("alias", fixed(zoo.alias.to_le_bytes())),
        ("side", name(zoo.side)),
        ("shape", shape_value(&zoo.shape)),
        ("shapes", list(&zoo.shapes, shape_value)),
        ("nothing", fixed([0])),
        ("nothings", fixed([0])),
    ]
}

fn programs() -> Vec<hypernode_decoder::ProgramConfig> {
    let idl = idl::parse("zoo", "zoo.idl.json", JSON.as_bytes()).expect("IDL");
    vec![hypernode_decoder::ProgramConfig::new(
        "zoo",
        key(PROGRAM),
        idl,
    )]
}

/// Decodes records of the program, all logged by one instruction.
fn decode(records: &[Vec<u8>]) -> Rows {
    let decoder = decoder(programs());
    let program = key(PROGRAM);
    let mut logs = vec![invoke(&program, 1)];
    logs.extend(records.iter().map(|r| data_line(&[r])));
    logs.push(success(&program));
    let tx = tx(&[[1; 32], program], vec![ix(1, &[0], &[], None)], &logs);
    let mut rows = Rows::new(&decoder);
    let stats = decoder.decode_block(&block_of(tx), &mut rows, &mut ());
    assert_eq!((stats.events + stats.dead_letters) as usize, records.len());
    rows
}

fn table(rows: Rows, name: &str) -> Option<native::Block> {
    let tables = rows.finish();
    tables
        .iter()
        .find(|t| t.table == name)
        .map(|t| native::read(&t.native))
}

fn record(zoo: &Zoo) -> Vec<u8> {
    let mut bytes = ZOO.to_vec();
    zoo.serialize(&mut bytes).expect("borsh");
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn columns_say_what_borsh_wrote(zoos in prop::collection::vec(zoo(), 1..4)) {
        let records: Vec<_> = zoos.iter().map(record).collect();
        let block = table(decode(&records), "ev_zoo_Zoo").expect("rows");
        for (row, zoo) in zoos.iter().enumerate() {
            for (column, value) in expected(zoo) {
                prop_assert_eq!(&block[column].1[row], &value, "column {}", column);
            }
        }
        prop_assert_eq!(block.len(), 7 + expected(&zoos[0]).len());
    }

    /// A record cut anywhere is a dead letter, and leaves nothing behind in the columns of its neighbours.
    #[test]
    fn a_cut_record_costs_only_itself(zoo in zoo(), cut in any::<prop::sample::Index>()) {
        let whole = record(&zoo);
        let cut = whole[..8 + cut.index(whole.len() - 8)].to_vec();
        let block = table(decode(&[whole.clone(), cut, whole]), "ev_zoo_Zoo").expect("rows");
        for (column, value) in expected(&zoo) {
            prop_assert_eq!(&block[column].1, &vec![value.clone(), value], "column {}", column);
        }
    }

    #[test]
    fn appended_bytes_are_tolerated_counted_and_kept(zoo in zoo(), tail in prop::collection::vec(any::<u8>(), 1..40)) {
        let mut bytes = record(&zoo);
        bytes.extend(&tail);
        let block = table(decode(&[bytes.clone()]), "events").expect("rows");
        prop_assert_eq!(&block["trailing"].1[0], &fixed((tail.len() as u32).to_le_bytes()));
        prop_assert_eq!(&block["data"].1[0], &V::Text(bytes));
    }

    #[test]
    fn no_bytes_do_harm(body in prop::collection::vec(any::<u8>(), 0..600), known in any::<bool>()) {
        let mut bytes = if known { ZOO.to_vec() } else { Vec::new() };
        bytes.extend(body);
        let rows = decode(&[bytes]);
        for table in rows.finish() {
            native::read(&table.native);
        }
    }
}

#[test]
fn hostile_lengths_end_at_once() {
    // A list of sizeless elements that claims four thousand million of them.
    let rows = decode(&[
        vec![10, 1, 0, 0, 0xff, 0xff, 0xff, 0xff],
        vec![10, 1, 7, 0, 0, 0, 0, 0],
        vec![9],
    ]);
    let tables = rows.finish();
    let find =
        |name: &str| native::read(&tables.iter().find(|t| t.table == name).expect(name).native);
    assert_eq!(find("ev_zoo_Mapped")["_0"].1, [fixed([7, 0])]);
    assert_eq!(find("ev_zoo_Empty").len(), 7);
    let dead = find("dead_letters");
    assert_eq!(dead["reason"].1, [text("decode")]);
    assert_eq!(
        dead["detail"].1,
        [text("field `_1`: 4294967295 elements of no size")]
    );
}

#[test]
fn tables_have_the_types_of_the_contract() {
    let decoder = decoder(programs());
    let spec = decoder
        .tables()
        .iter()
        .find(|t| t.name == "ev_zoo_Zoo")
        .expect("table");
    let kind = |name: &str| {
        spec.columns
            .iter()
            .find(|c| c.name == name)
            .map(|c| c.kind.as_str())
    };
    for (column, want) in [
        ("slot", "UInt64"),
        ("f_slot", "UInt64"),
        ("f_f_slot", "UInt8"),
        ("e", "UInt256"),
        ("blob", "String"),
        ("hash", "FixedString(5)"),
        ("pair", "Array(UInt16)"),
        ("maybe", "Nullable(UInt64)"),
        ("maybe_list", "Array(Array(UInt8))"),
        ("maybe_maybe", "Array(Nullable(Bool))"),
        ("maybe_side", "Nullable(Enum8('Bid' = 0, 'Ask' = 1))"),
        ("point", "Tuple(x Int32, label String)"),
        ("couple", "Tuple(_0 UInt8, _1 FixedString(32))"),
        ("alias", "UInt64"),
        (
            "shape",
            "Tuple(kind Enum8('Dot' = 0, 'Circle' = 1, 'Line' = 2), Circle_radius Nullable(UInt32), \
             Circle_tags Array(Array(UInt16)), Line_0 Array(Tuple(x Int32, label String)), Line_1 Nullable(String))",
        ),
    ] {
        assert_eq!(kind(column), Some(want), "{column}");
    }
}
