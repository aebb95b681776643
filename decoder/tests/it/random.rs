//! Random types and random values of them: a model of the format, written from its description, says what the
//! columns must hold. It shares no code with the plans.

use hypernode_decoder::{ProgramConfig, Rows, idl};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::build::{block_of, data_line, invoke, ix, success, tx};
use crate::support::decoder;
use crate::support::native::{self, V};

/// A type of the model.
#[derive(Debug, Clone)]
enum Kind {
    Bool,
    /// Number or key of so many bytes, and its name in an IDL.
    Plain(usize, &'static str),
    Text,
    Bytes,
    Option(Box<Kind>),
    COption(Box<Kind>),
    Vec(Box<Kind>),
    Set(Box<Kind>),
    Map(Box<Kind>, Box<Kind>),
    Array(Box<Kind>, usize),
    Tuple(Vec<Kind>),
    Struct(Vec<Kind>),
    /// A generic structure of one field, instantiated with the type.
    Generic(Box<Kind>),
    Alias(Box<Kind>),
    Enum(Vec<Vec<Kind>>),
}

const PLAIN: [(usize, &str); 16] = [
    (1, "u8"),
    (2, "u16"),
    (4, "u32"),
    (8, "u64"),
    (16, "u128"),
    (32, "u256"),
    (1, "i8"),
    (2, "i16"),
    (4, "i32"),
    (8, "i64"),
    (16, "i128"),
    (32, "i256"),
    (4, "f32"),
    (8, "f64"),
    (32, "pubkey"),
    (8, "u64"),
];

fn kinds() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        1 => Just(Kind::Bool),
        6 => (0..PLAIN.len()).prop_map(|i| Kind::Plain(PLAIN[i].0, PLAIN[i].1)),
        1 => Just(Kind::Text),
        1 => Just(Kind::Bytes),
        1 => Just(Kind::Struct(Vec::new())),
        1 => (1_usize..140).prop_map(|n| Kind::Enum(vec![Vec::new(); n])),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let one = || inner.clone().prop_map(Box::new);
        let some = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            one().prop_map(Kind::Option),
            one().prop_map(Kind::COption),
            one().prop_map(Kind::Vec),
            one().prop_map(Kind::Set),
            (one(), one()).prop_map(|(k, v)| Kind::Map(k, v)),
            (one(), 0_usize..4).prop_map(|(k, n)| Kind::Array(k, n)),
            some().prop_map(Kind::Tuple),
            some().prop_map(Kind::Struct),
            one().prop_map(Kind::Generic),
            one().prop_map(Kind::Alias),
            prop::collection::vec(some(), 1..4).prop_map(Kind::Enum),
        ]
    })
}

impl Kind {
    /// Bytes of every value, where they are always as many.
    fn size(&self) -> Option<usize> {
        let sum = |kinds: &[Self]| kinds.iter().map(Self::size).sum();
        match self {
            Self::Bool => Some(1),
            Self::Plain(size, _) => Some(*size),
            Self::COption(inner) => Some(4 + inner.size()?),
            Self::Array(_, 0) => Some(0),
            Self::Array(inner, n) => Some(inner.size()? * n),
            Self::Tuple(kinds) | Self::Struct(kinds) => sum(kinds),
            Self::Generic(inner) | Self::Alias(inner) => inner.size(),
            Self::Enum(arms) => arms.iter().all(Vec::is_empty).then_some(1),
            Self::Text
            | Self::Bytes
            | Self::Option(_)
            | Self::Vec(_)
            | Self::Set(_)
            | Self::Map(..) => None,
        }
    }

    /// Whether ClickHouse has a `Nullable` of its column.
    fn nullable(&self) -> bool {
        match self {
            Self::Bool | Self::Plain(..) | Self::Text | Self::Bytes => true,
            Self::Alias(inner) => inner.nullable(),
            Self::Array(inner, n) => *n == 0 || inner.size() == Some(0) || inner.is_u8(),
            Self::Tuple(kinds) | Self::Struct(kinds) => kinds.is_empty(),
            Self::Enum(arms) => arms.iter().all(Vec::is_empty),
            _ => false,
        }
    }

    fn is_u8(&self) -> bool {
        match self {
            Self::Plain(_, name) => *name == "u8",
            Self::Alias(inner) => inner.is_u8(),
            _ => false,
        }
    }
}

/// `coption` needs a value of fixed size: where the model drew another, it becomes an option.
fn mend(kind: Kind) -> Kind {
    let one = |k: Box<Kind>| Box::new(mend(*k));
    let all = |kinds: Vec<Kind>| kinds.into_iter().map(mend).collect::<Vec<_>>();
    match kind {
        Kind::COption(inner) => {
            let inner = one(inner);
            match inner.size() {
                Some(_) => Kind::COption(inner),
                None => Kind::Option(inner),
            }
        }
        Kind::Option(k) => Kind::Option(one(k)),
        Kind::Vec(k) => Kind::Vec(one(k)),
        Kind::Set(k) => Kind::Set(one(k)),
        Kind::Map(k, v) => Kind::Map(one(k), one(v)),
        Kind::Array(k, n) => Kind::Array(one(k), n),
        Kind::Tuple(k) => Kind::Tuple(all(k)),
        Kind::Struct(k) => Kind::Struct(all(k)),
        Kind::Generic(k) => Kind::Generic(one(k)),
        Kind::Alias(k) => Kind::Alias(one(k)),
        Kind::Enum(arms) => Kind::Enum(arms.into_iter().map(all).collect()),
        leaf => leaf,
    }
}

/// Definitions written so far.
#[derive(Default)]
struct Defs(Vec<Value>);

impl Defs {
    fn add(&mut self, body: &Value) -> Value {
        let name = format!("T{}", self.0.len());
        self.0.push(json!({"name": name, "type": body}));
        json!({"defined": {"name": name}})
    }

    fn spell(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!("bool"),
            Kind::Plain(_, name) => json!(name),
            Kind::Text => json!("string"),
            Kind::Bytes => json!("bytes"),
            Kind::Option(k) => json!({"option": self.spell(k)}),
            Kind::COption(k) => json!({"coption": self.spell(k)}),
            Kind::Vec(k) => json!({"vec": self.spell(k)}),
            Kind::Set(k) => json!({"hashSet": self.spell(k)}),
            Kind::Map(k, v) => json!({"bTreeMap": [self.spell(k), self.spell(v)]}),
            Kind::Array(k, n) => json!({"array": [self.spell(k), n]}),
            Kind::Tuple(kinds) => {
                json!({"tuple": kinds.iter().map(|k| self.spell(k)).collect::<Vec<_>>()})
            }
            Kind::Struct(kinds) => {
                let field = |(i, k)| json!({"name": format!("f{i}"), "type": self.spell(k)});
                let fields: Vec<_> = kinds.iter().enumerate().map(field).collect();
                self.add(&json!({"kind": "struct", "fields": fields}))
            }
            Kind::Generic(k) => {
                let arg = json!({"kind": "type", "type": self.spell(k)});
                json!({"defined": {"name": "G", "generics": [arg]}})
            }
            Kind::Alias(k) => {
                let alias = self.spell(k);
                self.add(&json!({"kind": "type", "alias": alias}))
            }
            Kind::Enum(arms) => {
                let arm = |(i, kinds): (usize, &Vec<Kind>)| {
                    let fields: Vec<_> = kinds.iter().map(|k| self.spell(k)).collect();
                    json!({"name": format!("V{i}"), "fields": fields})
                };
                let variants: Vec<_> = arms.iter().enumerate().map(arm).collect();
                self.add(&json!({"kind": "enum", "variants": variants}))
            }
        }
    }
}

/// Draws values, writes their bytes, and says what the columns hold.
struct Model {
    seed: u64,
    bytes: Vec<u8>,
}

impl Model {
    fn draw(&mut self, below: usize) -> usize {
        // splitmix64
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as usize
    }

    fn length(&mut self, length: usize) {
        self.bytes.extend((length as u32).to_le_bytes());
    }

    fn plain(&mut self, size: usize) -> V {
        let value: Vec<u8> = (0..size).map(|_| self.draw(256) as u8).collect();
        self.bytes.extend(&value);
        V::Fixed(value)
    }

    fn many(&mut self, kind: &Kind, count: usize) -> V {
        V::List((0..count).map(|_| self.value(kind)).collect())
    }

    fn all(&mut self, kinds: &[Kind]) -> V {
        if kinds.is_empty() {
            return V::Fixed(vec![0]);
        }
        V::List(kinds.iter().map(|k| self.value(k)).collect())
    }

    fn counted(&mut self, kind: &Kind) -> V {
        let count = if kind.size() == Some(0) {
            0
        } else {
            self.draw(4)
        };
        self.length(count);
        self.many(kind, count)
    }

    fn absent(kind: &Kind) -> V {
        if kind.nullable() {
            V::Null
        } else {
            V::List(Vec::new())
        }
    }

    fn present(&mut self, kind: &Kind) -> V {
        let value = self.value(kind);
        if kind.nullable() {
            value
        } else {
            V::List(vec![value])
        }
    }

    fn value(&mut self, kind: &Kind) -> V {
        match kind {
            Kind::Bool => {
                let bit = self.draw(2) as u8;
                self.bytes.push(bit);
                V::Fixed(vec![bit])
            }
            Kind::Plain(size, _) => self.plain(*size),
            Kind::Text => {
                let text: String = (0..self.draw(9))
                    .map(|_| ['a', 'é', '\0', '€'][self.draw(4)])
                    .collect();
                self.length(text.len());
                self.bytes.extend(text.as_bytes());
                V::Text(text.into_bytes())
            }
            Kind::Bytes => {
                let count = self.draw(9);
                self.length(count);
                let V::Fixed(bytes) = self.plain(count) else {
                    unreachable!()
                };
                V::Text(bytes)
            }
            Kind::Option(inner) => {
                let some = self.draw(2) as u8;
                self.bytes.push(some);
                if some == 1 {
                    self.present(inner)
                } else {
                    Self::absent(inner)
                }
            }
            Kind::COption(inner) => {
                let some = self.draw(2);
                self.length(some);
                let value = self.present(inner);
                if some == 1 {
                    value
                } else {
                    Self::absent(inner)
                }
            }
            Kind::Vec(inner) | Kind::Set(inner) => self.counted(inner),
            Kind::Map(key, value) => {
                self.counted(&Kind::Tuple(vec![(**key).clone(), (**value).clone()]))
            }
            Kind::Array(inner, n) if inner.is_u8() && *n > 0 => self.plain(*n),
            Kind::Array(inner, n) if *n == 0 || inner.size() == Some(0) => V::Fixed(vec![0]),
            Kind::Array(inner, n) => self.many(inner, *n),
            Kind::Tuple(kinds) | Kind::Struct(kinds) => self.all(kinds),
            Kind::Generic(inner) => V::List(vec![self.value(inner)]),
            Kind::Alias(inner) => self.value(inner),
            Kind::Enum(arms) => {
                let arm = self.draw(arms.len());
                self.bytes.push(arm as u8);
                let name = V::Name(format!("V{arm}"));
                if arms.iter().all(Vec::is_empty) {
                    return name;
                }
                let mut parts = vec![name];
                for (i, kinds) in arms.iter().enumerate() {
                    for kind in kinds {
                        parts.push(if i == arm {
                            self.present(kind)
                        } else {
                            Self::absent(kind)
                        });
                    }
                }
                V::List(parts)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Invariant I-13 for whatever a file may define: what was written is read, and a cut or damaged record
    /// does no harm.
    #[test]
    fn any_type_says_what_was_written(
        kinds in prop::collection::vec(kinds().prop_map(mend), 1..5),
        seed in any::<u64>(),
        cut in any::<prop::sample::Index>(),
        flip in any::<(prop::sample::Index, u8)>(),
    ) {
        let mut defs = Defs::default();
        let field = |(i, kind)| json!({"name": format!("c{i}"), "type": defs.spell(kind)});
        let fields: Vec<Value> = kinds.iter().enumerate().map(field).collect();
        defs.0.push(json!({"name": "E", "type": {"kind": "struct", "fields": fields}}));
        defs.0.push(json!({"name": "G", "generics": [{"kind": "type", "name": "T"}],
            "type": {"kind": "struct", "fields": [{"name": "of", "type": {"generic": "T"}}]}}));
        let json = json!({"metadata": {"name": "x", "spec": "0.1.0"},
            "events": [{"name": "E", "discriminator": [7, 7]}], "types": defs.0}).to_string();
        let idl = idl::parse("x", "x.json", json.as_bytes());
        // Option, list and option again beyond eight levels is refused; the model may draw that.
        prop_assume!(idl.is_ok());
        let idl = idl.expect("IDL");
        let errors = idl::check("x", "x.json", json.as_bytes());
        prop_assert!(errors.is_empty(), "{}", errors[0]);

        let mut model = Model { seed, bytes: vec![7, 7] };
        let first: Vec<V> = kinds.iter().map(|k| model.value(k)).collect();
        let one = std::mem::replace(&mut model.bytes, vec![7, 7]);
        let second: Vec<V> = kinds.iter().map(|k| model.value(k)).collect();
        let other = model.bytes;
        let mut damaged = one.clone();
        let place = 2 + flip.0.index((damaged.len() - 2).max(1));
        if let Some(byte) = damaged.get_mut(place) {
            *byte ^= flip.1;
        }
        let cut = one[..2 + cut.index(one.len() - 1)].to_vec();
        let program = [3; 32];
        let decoder = decoder(vec![ProgramConfig::new("x", program, idl)]);
        let mut logs = vec![invoke(&program, 1)];
        logs.extend([&one, &cut, &damaged, &other].map(|r| data_line(&[r])));
        logs.push(success(&program));
        let tx = tx(&[[1; 32], program], vec![ix(1, &[0], &[], None)], &logs);
        let mut rows = Rows::new(&decoder);
        decoder.decode_block(&block_of(tx), &mut rows, &mut ());
        let tables = rows.finish();
        let size: usize = tables.iter().map(|t| t.native.len()).sum();
        let bound = 4096 * (one.len() + other.len()) * 2 + 4 * (1 << 18) + (1 << 20);
        prop_assert!(size < bound, "{} bytes", size);
        let block = native::read(&tables.iter().find(|t| t.table == "ev_x_E").expect("rows").native);
        for (i, (first, second)) in first.iter().zip(&second).enumerate() {
            let values = &block[&format!("c{i}")].1;
            prop_assert_eq!(values.first(), Some(first), "column {} of {}", i, &json);
            prop_assert_eq!(values.last(), Some(second), "column {} of {}", i, &json);
        }
    }
}
