//! One comparison of many values. Accepted differences: bytes behind a value are tolerated by both and counted by us;
//! borsh refuses a NaN, which we keep as the chain has it.

use hypernode_decoder_differential::model::{Body, Fields, Idl, Kind};
use hypernode_decoder_differential::rng::Rng;
use hypernode_decoder_differential::sample;
use hypernode_decoder_differential::value::Value;

use crate::case::Case;
use crate::columns;
use crate::native::Block;

/// Values of each type, and as many mutations. `HYPERNODE_DIFFERENTIAL_VALUES` sets another number.
const VALUES: usize = 1000;

/// What our decoder made of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Got {
    /// No row.
    Refused,
    /// A row, and where it is told the number of bytes behind the value.
    Row(Option<usize>),
}

/// Columns that a record becomes.
#[derive(Debug)]
pub(crate) enum Shape {
    /// One for each field.
    Fields(Vec<(String, Kind)>),
    /// One, named `value`.
    Whole(Kind),
}

impl Shape {
    pub(crate) fn of(idl: &Idl, layout: usize) -> Self {
        match &idl.types[layout].body {
            Body::Struct(Fields::Named(list)) => Self::Fields(list.clone()),
            Body::Struct(fields) => {
                let kinds = fields.kinds().enumerate();
                Self::Fields(
                    kinds
                        .map(|(i, kind)| (format!("_{i}"), kind.clone()))
                        .collect(),
                )
            }
            _ => Self::Whole(Kind::Defined(layout, Vec::new())),
        }
    }

    fn sample(&self, idl: &Idl, rng: &mut Rng) -> Vec<u8> {
        let mut body = Vec::new();
        let mut add = |kind: &Kind| sample::value(idl, kind, rng, &mut body);
        match self {
            Self::Fields(list) => list.iter().for_each(|(_, kind)| add(kind)),
            Self::Whole(kind) => add(kind),
        }
        body
    }

    /// The value in a row whose table has these other columns too.
    pub(crate) fn row(&self, idl: &Idl, table: &Block, row: usize, taken: &[&str]) -> Value {
        let cell = |name: &str| &table[name].1[row];
        match self {
            Self::Fields(list) => {
                let names: Vec<String> = list.iter().map(|(name, _)| name.clone()).collect();
                let names = columns::names(&names, taken);
                let value = |((_, kind), name): (&(String, Kind), &String)| {
                    columns::value(idl, kind, cell(name))
                };
                Value::Struct(list.iter().zip(&names).map(value).collect())
            }
            Self::Whole(kind) => columns::value(idl, kind, cell("value")),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) types: usize,
    pub(crate) values: usize,
    mutations: usize,
    refused_by_both: usize,
    trailing: usize,
    nan: usize,
    pub(crate) differences: Vec<String>,
}

impl Summary {
    /// Prints the line and fails if there is a difference.
    pub(crate) fn finish(&self, what: &str, idls: usize) {
        println!(
            "differential {what}: idls={idls} types={} values={} mutations={} refused_by_both={} trailing={} \
             nan_kept={} differences={}",
            self.types,
            self.values,
            self.mutations,
            self.refused_by_both,
            self.trailing,
            self.nan,
            self.differences.len()
        );
        let first: Vec<&String> = self.differences.iter().take(5).collect();
        assert!(first.is_empty(), "{first:#?}");
    }

    /// Random values in sequence, each followed by a mutation of it.
    pub(crate) fn bodies(&mut self, idl: &Idl, shape: &Shape, number: usize) -> Vec<Vec<u8>> {
        let wanted = std::env::var("HYPERNODE_DIFFERENTIAL_VALUES").ok();
        let wanted = wanted.map_or(VALUES, |n| n.parse().expect("a number"));
        let mut rng = Rng::new(wanted as u64, (number * 1000 + self.types) as u64);
        let mut out = Vec::new();
        for _ in 0..wanted {
            let body = shape.sample(idl, &mut rng);
            let mutated = sample::mutated(&body, &mut rng);
            out.extend([body, mutated]);
        }
        self.types += 1;
        self.values += wanted;
        self.mutations += wanted;
        out
    }

    /// Compares what both make of the bodies; `ours` gives the value of our nth row.
    pub(crate) fn compare(
        &mut self,
        case: &Case,
        bodies: &[Vec<u8>],
        outcomes: &[Got],
        ours: &dyn Fn(usize) -> Value,
    ) {
        assert_eq!(
            outcomes.len(),
            bodies.len(),
            "records of {} {}",
            case.program,
            case.name
        );
        let mut row = 0;
        for (i, (body, outcome)) in bodies.iter().zip(outcomes).enumerate() {
            let anchor = (case.read)(body);
            let whole = i % 2 == 0;
            assert!(
                !whole || anchor.is_some(),
                "{} {}: Anchor refuses {body:?}",
                case.program,
                case.name
            );
            let mut differs = |why: String| {
                self.differences.push(format!(
                    "{} {}: {why}; bytes {body:?}",
                    case.program, case.name
                ));
            };
            let value = match outcome {
                Got::Refused => None,
                Got::Row(trailing) => {
                    row += 1;
                    Some((ours(row - 1), trailing))
                }
            };
            match (anchor, value) {
                (Some(theirs), Some((ours, trailing))) => {
                    if theirs.value != ours {
                        differs(format!("{:?} is {ours:?} to us", theirs.value));
                    }
                    if trailing.is_some_and(|t| t != theirs.rest) {
                        differs(format!(
                            "{} bytes are left, {trailing:?} to us",
                            theirs.rest
                        ));
                    }
                    if theirs.bytes != body[..body.len() - theirs.rest] {
                        differs("Anchor writes other bytes than it read".into());
                    }
                    self.trailing += usize::from(theirs.rest > 0);
                }
                (None, None) => self.refused_by_both += 1,
                (None, Some((ours, _))) if ours.has_nan() => self.nan += 1,
                (None, Some((ours, _))) => {
                    differs(format!("Anchor refuses what is {ours:?} to us"));
                }
                (Some(theirs), None) => {
                    differs(format!("{:?} is a dead letter to us", theirs.value));
                }
            }
        }
    }
}
