//! One value of an IDL type: its operations, its ClickHouse type, and what it may cost.

use super::compile::{PlanError, merge};
use super::cost::Cost;
use super::kind::{Elements, enumeration};
use super::{Member, Op, Part, StreamDefault};
use crate::idl::{Body, Fields, Idl, Type, Variant};

/// What a hostile IDL, or a hostile record of a strange one, may cost.
pub(super) struct Limits;

impl Limits {
    /// Streams of one plan: far beyond any real layout, small enough that an IDL costs little.
    pub(super) const STREAMS: usize = 4096;
    /// Bytes of all type names of one plan: the statement that makes the table must stay below 256 KiB.
    pub(super) const TEXT: usize = 200_000;
    /// No array in a record is longer: an account holds no more than ten times this many bytes.
    pub(super) const ARRAY: u64 = 1 << 20;
    /// Largest `[u8; N]` that an option holds as `Nullable`; longer ones become an array of zero or one.
    pub(super) const FILL: usize = 1024;
    /// Bytes that a record writes however short it is.
    pub(super) const BASE: u64 = 1 << 18;
    /// Bytes that one byte of a list can become.
    pub(super) const FACTOR: u64 = 4096;
}

/// A compiled value.
pub(super) struct Value {
    /// ClickHouse type.
    pub(super) name: String,
    pub(super) ops: Vec<Op>,
    /// Least number of input bytes.
    pub(super) min: usize,
    /// Number of input bytes, if it is always the same.
    pub(super) size: Option<usize>,
    /// Whether ClickHouse allows `Nullable` of it, and then its placeholder.
    pub(super) fill: Option<Part>,
    pub(super) cost: Cost,
}

pub(super) struct Compiler<'a> {
    idl: &'a Idl,
    /// The column being compiled.
    pub(super) owner: String,
    /// Named types around the value.
    within: Vec<usize>,
    /// One entry per stream.
    pub(super) owners: Vec<String>,
    pub(super) defaults: Vec<StreamDefault>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(idl: &'a Idl) -> Self {
        Self {
            idl,
            owner: String::new(),
            within: Vec::new(),
            owners: Vec::new(),
            defaults: Vec::new(),
        }
    }

    fn stream(&mut self, default: StreamDefault) -> Result<u32, PlanError> {
        let number = self.defaults.len();
        if number == Limits::STREAMS {
            return Err(PlanError::TooLarge);
        }
        self.owners.push(self.owner.clone());
        self.defaults.push(default);
        Ok(number as u32)
    }

    /// Streams beneath an array's offsets: a row without elements writes nothing to them.
    fn beneath(&mut self, offsets: u32) {
        let streams = self.defaults.iter_mut().skip(offsets as usize + 1);
        streams.for_each(|d| *d = StreamDefault::Nothing);
    }

    pub(super) fn kind(&mut self, kind: &Type) -> Result<Value, PlanError> {
        let bits = |bytes: &u8| u16::from(*bytes) * 8;
        match kind {
            Type::Bool => {
                let stream = self.stream(StreamDefault::Zeros(1))?;
                Ok(leaf("Bool".into(), Op::Bool { stream }, 1, stream, 1))
            }
            Type::Unsigned(bytes) => self.copy(format!("UInt{}", bits(bytes)), (*bytes).into()),
            Type::Signed(bytes) => self.copy(format!("Int{}", bits(bytes)), (*bytes).into()),
            Type::Float(bytes) => self.copy(format!("Float{}", bits(bytes)), (*bytes).into()),
            Type::Pubkey => self.copy("FixedString(32)".into(), 32),
            Type::String => self.text(|stream| Op::Text { stream }),
            Type::Bytes => self.text(|stream| Op::Bytes { stream }),
            Type::Array(_, 0) => self.unit(),
            Type::Array(inner, count) => self.array(inner, *count),
            Type::Vec(inner) => {
                let offsets = self.stream(StreamDefault::Offsets)?;
                let value = self.kind(inner)?;
                self.beneath(offsets);
                let (min, body) = (value.min, merge(value.ops));
                Ok(Value {
                    name: wrapped("Array", &value.name)?,
                    ops: vec![Op::List { offsets, min, body }],
                    min: 4,
                    size: None,
                    fill: None,
                    cost: value.cost.listed(min)?,
                })
            }
            Type::Option(inner) => {
                let member = self.member(|this| this.kind(inner))?;
                Ok(Value {
                    name: member.name,
                    ops: vec![Op::Option(member.op)],
                    min: 1,
                    size: None,
                    fill: None,
                    cost: member.absent.or(member.present),
                })
            }
            Type::COption(inner) => {
                let member = self.member(|this| this.kind(inner))?;
                let size = member.size.ok_or(PlanError::COption)?;
                let value = member.op;
                Ok(Value {
                    name: member.name,
                    ops: vec![Op::COption { size, value }],
                    min: size.saturating_add(4),
                    size: size.checked_add(4),
                    fill: None,
                    cost: member.absent.or(member.present),
                })
            }
            Type::Tuple(fields) => {
                self.elements(fields.iter().map(|f| (f.name.clone(), &f.kind)).collect())
            }
            Type::Padded {
                before,
                value,
                after,
            } => self.padded(*before as usize, value, *after as usize),
            Type::Defined(index) => {
                let idl = self.idl;
                match idl.types().get(*index) {
                    Some(def) => {
                        self.within.push(*index);
                        let value = self.body(&def.body);
                        self.within.pop();
                        value
                    }
                    None => Err(PlanError::Unsupported("dangling type".into())),
                }
            }
            Type::Unsupported(reason) => Err(PlanError::Unsupported(reason.clone())),
        }
    }

    /// Bytes that are the same in both formats.
    fn copy(&mut self, name: String, size: usize) -> Result<Value, PlanError> {
        let stream = self.stream(StreamDefault::Zeros(size))?;
        let parts = [Part { stream, size }].into();
        Ok(leaf(name, Op::Run { size, parts }, size, stream, size))
    }

    fn text(&mut self, op: impl FnOnce(u32) -> Op) -> Result<Value, PlanError> {
        let stream = self.stream(StreamDefault::EmptyText)?;
        // An empty string is the single length byte 0.
        let value = leaf("String".into(), op(stream), 4, stream, 1);
        Ok(Value {
            size: None,
            ..value
        })
    }

    fn array(&mut self, inner: &Type, count: u32) -> Result<Value, PlanError> {
        if u64::from(count) > Limits::ARRAY {
            let def = self.within.last().and_then(|i| self.idl.types().get(*i));
            return Err(PlanError::LongArray {
                count: count.into(),
                column: self.owner.clone(),
                of: def.map(|def| format!("`{}` at {}", def.name, def.path)),
            });
        }
        if matches!(self.resolve(inner), Type::Unsigned(1)) {
            return self.copy(format!("FixedString({count})"), count as usize);
        }
        let offsets = self.stream(StreamDefault::Offsets)?;
        let value = self.kind(inner)?;
        let (min, size) = (value.min, value.size);
        if min == 0 {
            // Elements without bytes: their number says nothing, the column holds one 0.
            self.owners.truncate(offsets as usize);
            self.defaults.truncate(offsets as usize);
            return self.unit();
        }
        self.beneath(offsets);
        Ok(Value {
            name: wrapped("Array", &value.name)?,
            ops: vec![Op::Array {
                offsets,
                count,
                min,
                body: merge(value.ops),
            }],
            min: min.saturating_mul(count as usize),
            size: size.and_then(|size| size.checked_mul(count as usize)),
            fill: None,
            cost: value.cost.listed(min)?,
        })
    }

    fn padded(&mut self, before: usize, inner: &Type, after: usize) -> Result<Value, PlanError> {
        let stream = self.defaults.len() as u32;
        let value = self.kind(inner)?;
        let skip = |size| (size > 0).then_some(Op::Skip { size, stream });
        let mut ops: Vec<Op> = skip(before).into_iter().collect();
        ops.extend(value.ops);
        ops.extend(skip(after));
        Ok(Value {
            ops,
            min: value.min.saturating_add(before + after),
            size: value.size.and_then(|size| size.checked_add(before + after)),
            ..value
        })
    }

    pub(super) fn body(&mut self, body: &Body) -> Result<Value, PlanError> {
        match body {
            Body::Alias(kind) => self.kind(kind),
            Body::Enum(variants) => self.enumeration(variants),
            Body::Unsupported(reason) => Err(PlanError::Unsupported(reason.clone())),
            Body::Struct(fields) => self.elements(named(fields)),
        }
    }

    fn elements(&mut self, fields: Vec<(String, &Type)>) -> Result<Value, PlanError> {
        if fields.is_empty() {
            return self.unit();
        }
        let mut elements = Elements::default();
        let mut whole = Value {
            name: String::new(),
            ops: Vec::new(),
            min: 0,
            size: Some(0),
            fill: None,
            cost: Cost::default(),
        };
        for (name, kind) in fields {
            let value = self.kind(kind)?;
            elements.add(&name, &value.name);
            whole.ops.extend(value.ops);
            whole.min = whole.min.saturating_add(value.min);
            whole.size = whole
                .size
                .zip(value.size)
                .and_then(|(a, b)| a.checked_add(b));
            whole.cost = whole.cost.and(value.cost);
        }
        whole.name = short(elements.tuple())?;
        Ok(whole)
    }

    /// A value without bytes still needs a column: a `UInt8` that is always 0.
    fn unit(&mut self) -> Result<Value, PlanError> {
        let stream = self.stream(StreamDefault::Zeros(1))?;
        let value = leaf("UInt8".into(), Op::Unit { stream }, 0, stream, 1);
        Ok(Value {
            cost: Cost { base: 1, factor: 1 },
            ..value
        })
    }

    fn enumeration(&mut self, variants: &[Variant]) -> Result<Value, PlanError> {
        let (kind_name, wide) = enumeration(variants.iter().map(|v| v.name.as_str()));
        let kind_name = short(kind_name)?;
        let bytes = if wide { 2 } else { 1 };
        let kind = self.stream(StreamDefault::Zeros(bytes))?;
        if variants.iter().all(|v| v.fields.is_empty()) {
            let op = Op::Enum {
                stream: kind,
                variants: u16::try_from(variants.len()).unwrap_or(u16::MAX),
                wide,
            };
            return Ok(leaf(kind_name, op, 1, kind, bytes));
        }
        let mut elements = Elements::default();
        elements.add("kind", &kind_name);
        let mut arms = Vec::with_capacity(variants.len());
        let mut cost = Cost { base: 2, factor: 2 };
        for variant in variants {
            let mut arm = Vec::new();
            for (field, kind) in named(&variant.fields) {
                let field = field.trim_start_matches('_');
                let member = self.member(|this| this.kind(kind))?;
                elements.add(&format!("{}_{field}", variant.name), &member.name);
                cost = cost.and(member.absent.or(member.present));
                arm.push(member.op);
            }
            arms.push(arm.into());
        }
        Ok(Value {
            name: short(elements.tuple())?,
            ops: vec![Op::Union {
                kind,
                wide,
                arms: arms.into(),
            }],
            min: 1,
            size: None,
            fill: None,
            cost,
        })
    }

    /// A value that may be absent: `Nullable` where ClickHouse has it, else an array of zero or one.
    fn member(
        &mut self,
        compile: impl FnOnce(&mut Self) -> Result<Value, PlanError>,
    ) -> Result<Optional, PlanError> {
        let head = self.stream(StreamDefault::Null)?;
        let value = compile(self)?;
        // A null costs its placeholder: kept small, so that one byte of input cannot become a megabyte.
        let fill = value.fill.filter(|part| part.size <= Limits::FILL);
        let (wrapper, absent) = match fill {
            Some(part) => ("Nullable", 1 + part.size as u64),
            None => ("Array", 8),
        };
        if fill.is_none() {
            if let Some(default) = self.defaults.get_mut(head as usize) {
                *default = StreamDefault::Offsets;
            }
            self.beneath(head);
        }
        Ok(Optional {
            name: wrapped(wrapper, &value.name)?,
            op: Member {
                head,
                fill,
                body: merge(value.ops),
            },
            size: value.size,
            absent: Cost::fixed(absent),
            present: value.cost.and(Cost::fixed(8)),
        })
    }

    /// Follows aliases to the type that is meant.
    fn resolve<'t>(&'t self, mut kind: &'t Type) -> &'t Type {
        while let Type::Defined(index) = kind
            && let Some(def) = self.idl.types().get(*index)
            && let Body::Alias(target) = &def.body
        {
            kind = target;
        }
        kind
    }
}

/// A value that may be absent.
struct Optional {
    name: String,
    op: Member,
    size: Option<usize>,
    absent: Cost,
    present: Cost,
}

fn leaf(name: String, op: Op, size: usize, stream: u32, fill: usize) -> Value {
    Value {
        name,
        ops: vec![op],
        min: size,
        size: Some(size),
        fill: Some(Part { stream, size: fill }),
        cost: Cost {
            base: 0,
            factor: fill.div_ceil(size.max(1)).max(1) as u64,
        },
    }
}

fn wrapped(wrapper: &str, inner: &str) -> Result<String, PlanError> {
    short(format!("{wrapper}({inner})"))
}

/// Checked at every level: a name is copied into that of what it is part of.
fn short(name: String) -> Result<String, PlanError> {
    if name.len() > Limits::TEXT {
        return Err(PlanError::LongText);
    }
    Ok(name)
}

/// Fields with the names that columns and tuple elements get; those by position become `_0`, `_1`.
fn named(fields: &Fields) -> Vec<(String, &Type)> {
    match fields {
        Fields::Unit => Vec::new(),
        Fields::Named(list) => list.iter().map(|f| (f.name.clone(), &f.kind)).collect(),
        Fields::Tuple(list) => list
            .iter()
            .enumerate()
            .map(|(i, t)| (format!("_{i}"), t))
            .collect(),
    }
}
