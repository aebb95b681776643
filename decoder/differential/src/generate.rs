//! Random IDLs: everything that `declare_program!` accepts and can compile.

use crate::model::{Arg, Body, Call, Def, Entry, Fields, Idl, Kind, Length, Param};
use crate::names;
use crate::rng::Rng;

/// Heaviest type that another may contain, and heaviest of all.
const LIGHT: usize = 60;
const HEAVY: usize = 200;

/// The IDL with this number of the given seed.
#[must_use]
pub fn idl(seed: u64, number: usize) -> Idl {
    let mut rng = Rng::new(seed, number as u64 + 1);
    let mut address = [0; 32];
    address.copy_from_slice(&rng.bytes(32));
    let mut g = Generator {
        idl: Idl {
            name: format!("g{number:02}"),
            address,
            types: Vec::new(),
            events: Vec::new(),
            accounts: Vec::new(),
            instructions: Vec::new(),
        },
        rng,
    };
    for _ in 0..4 + g.rng.below(4) {
        g.named_type();
    }
    if number.is_multiple_of(8) {
        g.wide_enum();
    }
    g.entries();
    g.idl
}

struct Generator {
    idl: Idl,
    rng: Rng,
}

impl Generator {
    fn named_type(&mut self) {
        let shape = self.rng.below(16);
        let params = match self.rng.below(10) {
            0 => vec![Param::Type],
            1 => vec![Param::Const],
            2 => vec![Param::Type, Param::Const],
            _ => Vec::new(),
        };
        // An alias cannot have parameters.
        let params = if shape == 15 { Vec::new() } else { params };
        let body = match shape {
            0 if params.is_empty() => Body::Struct(Fields::Unit),
            1..=4 => self.tuple(&params),
            5..=6 if params.is_empty() => Body::Enum(self.variants(false, &params)),
            7..=10 => Body::Enum(self.variants(true, &params)),
            15 => Body::Alias(self.kind(2, &[])),
            _ => {
                let count = 1 + self.rng.below(6);
                Body::Struct(self.named(count, &params))
            }
        };
        let name = names::type_name(self.idl.types.len(), &mut self.rng);
        self.idl.types.push(Def { name, params, body });
    }

    fn tuple(&mut self, params: &[Param]) -> Body {
        let count = 1 + self.rng.below(3);
        let mut kinds: Vec<Kind> = (0..count).map(|_| self.kind(2, params)).collect();
        kinds.extend(uses(params));
        Body::Struct(Fields::Tuple(kinds))
    }

    fn named(&mut self, count: usize, params: &[Param]) -> Fields {
        let mut kinds: Vec<Kind> = (0..count).map(|_| self.kind(3, params)).collect();
        kinds.extend(uses(params));
        let names = names::fields(kinds.len(), &mut self.rng);
        Fields::Named(names.into_iter().zip(kinds).collect())
    }

    fn variants(&mut self, data: bool, params: &[Param]) -> Vec<(String, Fields)> {
        let count = 1 + self.rng.below(5);
        let mut out = Vec::new();
        for i in 0..count {
            let fields = match self.rng.below(if data { 5 } else { 1 }) {
                0 | 1 => Fields::Unit,
                2 => {
                    let count = 1 + self.rng.below(2);
                    Fields::Tuple((0..count).map(|_| self.kind(2, params)).collect())
                }
                _ => {
                    let count = 1 + self.rng.below(3);
                    self.named(count, &[])
                }
            };
            out.push((names::type_name(i, &mut self.rng), fields));
        }
        if !params.is_empty() {
            out.push(("Holder".into(), Fields::Tuple(uses(params).collect())));
        }
        out
    }

    /// More variants than ClickHouse's small enum holds.
    fn wide_enum(&mut self) {
        let count = 129 + self.rng.below(128);
        let variants = (0..count)
            .map(|i| (format!("W{i}"), Fields::Unit))
            .collect();
        let name = names::type_name(self.idl.types.len(), &mut self.rng);
        self.idl.types.push(Def {
            name,
            params: Vec::new(),
            body: Body::Enum(variants),
        });
    }

    /// A type of at most the given nesting; parameters of the type around it may occur.
    fn kind(&mut self, depth: usize, params: &[Param]) -> Kind {
        let kind = match self.rng.below(if depth == 0 { 12 } else { 24 }) {
            0..12 => self.primitive(params),
            12..15 => Kind::Option(self.kind(depth - 1, params).into()),
            15..18 => {
                let inner = self.kind(depth - 1, params);
                // Borsh refuses lists of types without a size.
                let unbound = matches!(inner, Kind::Param(_)) || !params.is_empty();
                if !unbound && self.idl.zero_sized(&inner) {
                    return Kind::Bool;
                }
                if unbound
                    && !matches!(
                        inner,
                        Kind::Param(_) | Kind::Bool | Kind::Int { .. } | Kind::Text
                    )
                {
                    return inner;
                }
                Kind::Vec(inner.into())
            }
            18..20 => {
                let length = *self.rng.pick(&[0, 1, 2, 3, 5, 8]);
                Kind::Array(self.kind(depth - 1, params).into(), Length::Fixed(length))
            }
            20 => {
                let length = *self.rng.pick(&[0, 1, 4, 20, 32, 33, 64, 127, 128, 200]);
                Kind::Array(
                    Kind::Int {
                        signed: false,
                        bytes: 1,
                    }
                    .into(),
                    Length::Fixed(length),
                )
            }
            _ => self.defined(),
        };
        if params.is_empty() && self.idl.weight(&kind) > LIGHT {
            return self.primitive(params);
        }
        kind
    }

    fn primitive(&mut self, params: &[Param]) -> Kind {
        let types: Vec<usize> = (0..params.len())
            .filter(|&i| params[i] == Param::Type)
            .collect();
        if !types.is_empty() && self.rng.chance(40) {
            return Kind::Param(*self.rng.pick(&types));
        }
        match self.rng.below(8) {
            0 => Kind::Bool,
            1 => Kind::Float(*self.rng.pick(&[4, 8])),
            2 => Kind::Pubkey,
            3 => Kind::Text,
            4 => Kind::Bytes,
            _ => Kind::Int {
                signed: self.rng.chance(50),
                bytes: *self.rng.pick(&[1, 2, 4, 8, 16]),
            },
        }
    }

    /// A type from those before, with arguments.
    fn defined(&mut self) -> Kind {
        if self.idl.types.is_empty() {
            return Kind::Bool;
        }
        let index = self.rng.below(self.idl.types.len());
        let params = self.idl.types[index].params.clone();
        let arg = |p: &Param, this: &mut Self| match p {
            Param::Const => Arg::Const(*this.rng.pick(&[1, 2, 3, 7, 32])),
            Param::Type => Arg::Type(match this.rng.below(3) {
                0 => Kind::Option(this.primitive(&[]).into()),
                _ => this.primitive(&[]),
            }),
        };
        let args = params.iter().map(|p| arg(p, self)).collect();
        Kind::Defined(index, args)
    }

    /// Events, accounts and instructions: their types come last, since Anchor puts them in modules of their own.
    fn entries(&mut self) {
        let (mut events, mut accounts, mut calls) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..2 + self.rng.below(2) {
            let layout = self.top(true);
            let discriminator = self.discriminator(&mut events);
            self.idl.events.push(Entry {
                layout,
                discriminator,
            });
        }
        for _ in 0..1 + self.rng.below(2) {
            let layout = self.top(false);
            let discriminator = self.discriminator(&mut accounts);
            self.idl.accounts.push(Entry {
                layout,
                discriminator,
            });
        }
        for i in 0..1 + self.rng.below(2) {
            let args = self.rng.below(5);
            let args = match self.named(args, &[]) {
                Fields::Named(list) => list,
                _ => Vec::new(),
            };
            let count = self.rng.below(4);
            let accounts = names::fields(count, &mut self.rng);
            let optional = |name: String| (name, self.rng.chance(25));
            let accounts = accounts.into_iter().map(optional).collect();
            let call = Call {
                name: names::instruction(i, &mut self.rng),
                discriminator: self.discriminator(&mut calls),
                accounts,
                args,
            };
            self.idl.instructions.push(call);
        }
    }

    fn top(&mut self, event: bool) -> usize {
        let index = self.idl.types.len();
        let body = match self.rng.below(12) {
            0 if event => Body::Enum(self.variants(true, &[])),
            1 => self.tuple(&[]),
            2 if event => Body::Struct(Fields::Unit),
            _ => {
                let count = 3 + self.rng.below(8);
                Body::Struct(self.named(count, &[]))
            }
        };
        let name = names::type_name(index, &mut self.rng);
        self.idl.types.push(Def {
            name,
            params: Vec::new(),
            body,
        });
        // Too heavy a type is replaced by a light one.
        if self.idl.weight(&Kind::Defined(index, Vec::new())) > HEAVY {
            self.idl.types[index].body = Body::Struct(self.named(2, &[]));
        }
        index
    }

    /// Mostly eight bytes; none begins another of its kind.
    fn discriminator(&mut self, used: &mut Vec<Vec<u8>>) -> Vec<u8> {
        loop {
            let length = *self.rng.pick(&[8, 8, 8, 8, 1, 2, 3, 4, 9, 16]);
            let bytes = self.rng.bytes(length);
            let clash = |other: &Vec<u8>| other.starts_with(&bytes) || bytes.starts_with(other);
            if bytes.iter().any(|b| *b != 0) && !used.iter().any(clash) {
                used.push(bytes.clone());
                return bytes;
            }
        }
    }
}

/// A field for every parameter: Rust refuses those that are not used.
fn uses(params: &[Param]) -> impl Iterator<Item = Kind> {
    let byte = Kind::Int {
        signed: false,
        bytes: 1,
    };
    params
        .iter()
        .enumerate()
        .map(move |(i, param)| match param {
            Param::Type => Kind::Param(i),
            Param::Const => Kind::Array(byte.clone().into(), Length::Param(i)),
        })
}
