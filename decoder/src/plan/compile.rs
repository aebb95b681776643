//! From an IDL type to a plan and the columns it fills.

use super::kind::{Elements, enumeration};
use super::{Member, Op, Part, Plan, StreamDefault};
use crate::column::HeadColumn;
use crate::idl::{Body, Field, Fields, Idl, Type, Variant};

/// Streams of one event: far beyond any real layout, small enough that a hostile IDL costs little.
const MAX_STREAMS: usize = 4096;
/// No array in a record is longer: a transaction's data is smaller.
const MAX_ARRAY: u64 = 1 << 20;
/// Largest `[u8; N]` that an option holds as `Nullable`; longer ones become an array of zero or one.
const MAX_FILL: usize = 1024;

/// A layout that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("it needs more than {MAX_STREAMS} columns and sub-columns")]
    TooLarge,
    #[error("an array of {0} elements is larger than any record")]
    LongArray(u64),
    #[error("{0}")]
    Unsupported(String),
}

/// Compiles an event's or account's layout; what it holds at the top become columns.
pub(crate) fn compile_body(idl: &Idl, body: &Body) -> Result<Plan, PlanError> {
    compile(idl, root(idl, body)?)
}

/// Compiles fields that stand one after the other: an instruction's arguments.
pub(crate) fn compile_fields(idl: &Idl, fields: &[Field]) -> Result<Plan, PlanError> {
    compile(idl, columns_of(fields))
}

fn compile(idl: &Idl, roots: Vec<(String, Root<'_>)>) -> Result<Plan, PlanError> {
    let mut compiler = Compiler {
        idl,
        owner: String::new(),
        owners: Vec::new(),
        defaults: Vec::new(),
    };
    let mut columns = Vec::new();
    let mut ops = Vec::new();
    for (name, kind) in roots {
        compiler.owner.clone_from(&name);
        let first = compiler.defaults.len();
        let value = match kind {
            Root::Type(kind) => compiler.kind(kind)?,
            Root::Body(body) => compiler.body(body)?,
        };
        ops.extend(value.ops);
        columns.push(HeadColumn {
            name,
            kind: value.name,
            streams: compiler.defaults.len() - first,
        });
    }
    Ok(Plan {
        ops: merge(ops),
        columns,
        owners: compiler.owners,
        defaults: compiler.defaults,
    })
}

struct Compiler<'a> {
    idl: &'a Idl,
    owner: String,
    /// One entry per stream.
    owners: Vec<String>,
    defaults: Vec<StreamDefault>,
}

/// A column's source.
enum Root<'a> {
    Type(&'a Type),
    Body(&'a Body),
}

/// A compiled value.
struct Value {
    /// ClickHouse type.
    name: String,
    ops: Vec<Op>,
    /// Least number of input bytes.
    min: usize,
    /// Whether ClickHouse allows `Nullable` of it, and then its placeholder.
    fill: Option<Part>,
}

impl Compiler<'_> {
    fn stream(&mut self, default: StreamDefault) -> Result<u32, PlanError> {
        let number = self.defaults.len();
        if number == MAX_STREAMS {
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

    fn kind(&mut self, kind: &Type) -> Result<Value, PlanError> {
        let copy = |this: &mut Self, name: String, size: usize| {
            let stream = this.stream(StreamDefault::Zeros(size))?;
            let part = Part { stream, size };
            Ok(Value {
                name,
                ops: vec![Op::Run {
                    size,
                    parts: [part].into(),
                }],
                min: size,
                fill: Some(part),
            })
        };
        match kind {
            Type::Bool => {
                let stream = self.stream(StreamDefault::Zeros(1))?;
                Ok(leaf("Bool", Op::Bool { stream }, 1, stream, 1))
            }
            Type::Unsigned(bytes) => copy(
                self,
                format!("UInt{}", u16::from(*bytes) * 8),
                usize::from(*bytes),
            ),
            Type::Signed(bytes) => copy(
                self,
                format!("Int{}", u16::from(*bytes) * 8),
                usize::from(*bytes),
            ),
            Type::Float(bytes) => copy(
                self,
                format!("Float{}", u16::from(*bytes) * 8),
                usize::from(*bytes),
            ),
            Type::Pubkey => copy(self, "FixedString(32)".into(), 32),
            // An empty string is the single length byte 0.
            Type::String => {
                let stream = self.stream(StreamDefault::EmptyText)?;
                Ok(leaf("String", Op::Text { stream }, 4, stream, 1))
            }
            Type::Bytes => {
                let stream = self.stream(StreamDefault::EmptyText)?;
                Ok(leaf("String", Op::Bytes { stream }, 4, stream, 1))
            }
            Type::Array(_, 0) => self.unit(),
            Type::Array(inner, count) => {
                let count64 = u64::from(*count);
                if count64 > MAX_ARRAY {
                    return Err(PlanError::LongArray(count64));
                }
                if matches!(self.resolve(inner), Type::Unsigned(1)) {
                    return copy(self, format!("FixedString({count})"), *count as usize);
                }
                let offsets = self.stream(StreamDefault::Offsets)?;
                let value = self.kind(inner)?;
                let min = value.min;
                if min == 0 {
                    // Elements without bytes: their number says nothing, the column holds one 0.
                    self.owners.truncate(offsets as usize);
                    self.defaults.truncate(offsets as usize);
                    return self.unit();
                }
                self.beneath(offsets);
                let body = merge(value.ops);
                Ok(Value {
                    name: format!("Array({})", value.name),
                    ops: vec![Op::Array {
                        offsets,
                        count: *count,
                        min,
                        body,
                    }],
                    min: min.saturating_mul(*count as usize),
                    fill: None,
                })
            }
            Type::Vec(inner) => {
                let offsets = self.stream(StreamDefault::Offsets)?;
                let value = self.kind(inner)?;
                self.beneath(offsets);
                let (min, body) = (value.min, merge(value.ops));
                Ok(Value {
                    name: format!("Array({})", value.name),
                    ops: vec![Op::List { offsets, min, body }],
                    min: 4,
                    fill: None,
                })
            }
            Type::Option(inner) => {
                let (name, member) = self.member(|this| this.kind(inner))?;
                Ok(Value {
                    name,
                    ops: vec![Op::Option(member)],
                    min: 1,
                    fill: None,
                })
            }
            Type::Defined(index) => {
                let idl = self.idl;
                match idl.types().get(*index) {
                    Some(def) => self.body(&def.body),
                    None => Err(PlanError::Unsupported("dangling type".into())),
                }
            }
            Type::Unsupported(reason) => Err(PlanError::Unsupported(reason.clone())),
        }
    }

    fn body(&mut self, body: &Body) -> Result<Value, PlanError> {
        match body {
            Body::Alias(kind) => self.kind(kind),
            Body::Enum(variants) => self.enumeration(variants),
            Body::Unsupported(reason) => Err(PlanError::Unsupported(reason.clone())),
            Body::Struct(Fields::Unit) => self.unit(),
            Body::Struct(fields) => {
                let mut elements = Elements::default();
                let mut ops = Vec::new();
                let mut min = 0_usize;
                for (name, kind) in named(fields) {
                    let value = self.kind(kind)?;
                    elements.add(&name, &value.name);
                    ops.extend(value.ops);
                    min = min.saturating_add(value.min);
                }
                Ok(Value {
                    name: elements.tuple(),
                    ops,
                    min,
                    fill: None,
                })
            }
        }
    }

    /// A value without bytes still needs a column: a `UInt8` that is always 0.
    fn unit(&mut self) -> Result<Value, PlanError> {
        let stream = self.stream(StreamDefault::Zeros(1))?;
        Ok(leaf("UInt8", Op::Unit { stream }, 0, stream, 1))
    }

    fn enumeration(&mut self, variants: &[Variant]) -> Result<Value, PlanError> {
        let (kind_name, wide) = enumeration(variants.iter().map(|v| v.name.as_str()));
        let kind = self.stream(StreamDefault::Zeros(if wide { 2 } else { 1 }))?;
        if variants.iter().all(|v| named(&v.fields).is_empty()) {
            let op = Op::Enum {
                stream: kind,
                variants: u16::try_from(variants.len()).unwrap_or(u16::MAX),
                wide,
            };
            return Ok(leaf(&kind_name, op, 1, kind, if wide { 2 } else { 1 }));
        }
        let mut elements = Elements::default();
        elements.add("kind", &kind_name);
        let mut arms = Vec::with_capacity(variants.len());
        for variant in variants {
            let mut arm = Vec::new();
            for (field, kind) in named(&variant.fields) {
                let field = field.trim_start_matches('_');
                let (kind, member) = self.member(|this| this.kind(kind))?;
                elements.add(&format!("{}_{field}", variant.name), &kind);
                arm.push(member);
            }
            arms.push(arm.into());
        }
        Ok(Value {
            name: elements.tuple(),
            ops: vec![Op::Union {
                kind,
                wide,
                arms: arms.into(),
            }],
            min: 1,
            fill: None,
        })
    }

    /// A value that may be absent: `Nullable` where ClickHouse has it, else an array of zero or one.
    fn member(
        &mut self,
        compile: impl FnOnce(&mut Self) -> Result<Value, PlanError>,
    ) -> Result<(String, Member), PlanError> {
        let head = self.stream(StreamDefault::Null)?;
        let mut value = compile(self)?;
        // A null costs its placeholder: kept small, so that one byte of input cannot become a megabyte.
        value.fill = value.fill.filter(|part| part.size <= MAX_FILL);
        let wrapper = if value.fill.is_some() {
            "Nullable"
        } else {
            if let Some(default) = self.defaults.get_mut(head as usize) {
                *default = StreamDefault::Offsets;
            }
            self.beneath(head);
            "Array"
        };
        let member = Member {
            head,
            fill: value.fill,
            body: merge(value.ops),
        };
        Ok((format!("{wrapper}({})", value.name), member))
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

/// The top level as columns.
fn root<'a>(idl: &'a Idl, body: &'a Body) -> Result<Vec<(String, Root<'a>)>, PlanError> {
    match body {
        Body::Struct(Fields::Unit) => Ok(Vec::new()),
        Body::Struct(Fields::Named(fields)) => Ok(columns_of(fields)),
        Body::Struct(Fields::Tuple(kinds)) => Ok(kinds
            .iter()
            .enumerate()
            .map(|(i, kind)| (format!("_{i}"), Root::Type(kind)))
            .collect()),
        Body::Alias(Type::Defined(index)) => match idl.types().get(*index) {
            Some(def) => root(idl, &def.body),
            None => Err(PlanError::Unsupported("dangling alias".into())),
        },
        Body::Alias(kind) => Ok(vec![("value".into(), Root::Type(kind))]),
        Body::Enum(_) => Ok(vec![("value".into(), Root::Body(body))]),
        Body::Unsupported(reason) => Err(PlanError::Unsupported(reason.clone())),
    }
}

fn columns_of(fields: &[Field]) -> Vec<(String, Root<'_>)> {
    fields
        .iter()
        .map(|f| (f.name.clone(), Root::Type(&f.kind)))
        .collect()
}

fn leaf(name: &str, op: Op, min: usize, stream: u32, fill: usize) -> Value {
    Value {
        name: name.into(),
        ops: vec![op],
        min,
        fill: Some(Part { stream, size: fill }),
    }
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

/// Joins neighbouring runs, so that their bounds are checked once.
fn merge(ops: Vec<Op>) -> Box<[Op]> {
    let mut out: Vec<Op> = Vec::with_capacity(ops.len());
    for op in ops {
        match (out.last_mut(), op) {
            (
                Some(Op::Run { size, parts }),
                Op::Run {
                    size: more,
                    parts: next,
                },
            ) => {
                *size += more;
                *parts = parts.iter().chain(&next).copied().collect();
            }
            (_, op) => out.push(op),
        }
    }
    out.into()
}
