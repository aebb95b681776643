//! From an event, an account or an instruction's arguments to a plan and the columns it fills.

use super::value::{Compiler, Limits};
use super::{Cost, Op, Plan};
use crate::column::HeadColumn;
use crate::idl::{Body, Field, Fields, Idl, Type};

/// A layout that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("it needs more than {max} columns and sub-columns", max = Limits::STREAMS)]
    TooLarge,
    #[error("the names of its columns' types are longer than {max} bytes", max = Limits::TEXT)]
    LongText,
    #[error("all layouts of the file together need more than {max} columns and sub-columns, or too long names", max = super::budget::STREAMS)]
    Together,
    #[error("an array of {count} elements is larger than any record (column `{column}`{})", within(of.as_deref()))]
    LongArray {
        count: u64,
        column: String,
        /// The named type that holds it, and where that is defined.
        of: Option<String>,
    },
    #[error("one byte of a record could become {0} bytes of columns")]
    Grows(u64),
    #[error("the shortest record would become {0} bytes of columns")]
    Wide(u64),
    #[error("`coption` holds a type without a fixed size")]
    COption,
    #[error("{0}")]
    Unsupported(String),
}

fn within(of: Option<&str>) -> String {
    of.map_or_else(String::new, |of| format!(", in type {of}"))
}

/// Compiles an event's or account's layout; what it holds at the top become columns.
pub(crate) fn compile_body(idl: &Idl, body: &Body) -> Result<Plan, PlanError> {
    compile(idl, root(idl, body)?)
}

/// Compiles fields that stand one after the other: an instruction's arguments.
pub(crate) fn compile_fields(idl: &Idl, fields: &[Field]) -> Result<Plan, PlanError> {
    compile(idl, columns_of(fields))
}

/// A column's source.
enum Root<'a> {
    Type(&'a Type),
    Body(&'a Body),
}

fn compile(idl: &Idl, roots: Vec<(String, Root<'_>)>) -> Result<Plan, PlanError> {
    let mut compiler = Compiler::new(idl);
    let mut columns = Vec::new();
    let mut ops = Vec::new();
    let mut cost = Cost::default();
    for (name, kind) in roots {
        compiler.owner.clone_from(&name);
        let first = compiler.defaults.len();
        let value = match kind {
            Root::Type(kind) => compiler.kind(kind)?,
            Root::Body(body) => compiler.body(body)?,
        };
        ops.extend(value.ops);
        cost = cost.and(value.cost);
        columns.push(HeadColumn {
            name,
            kind: value.name,
            streams: compiler.defaults.len() - first,
        });
    }
    if cost.of(0) > Limits::BASE {
        return Err(PlanError::Wide(cost.of(0)));
    }
    let text: usize = columns.iter().map(|c| c.name.len() + c.kind.len()).sum();
    if text > Limits::TEXT {
        return Err(PlanError::LongText);
    }
    Ok(Plan {
        ops: merge(ops),
        columns,
        owners: compiler.owners,
        defaults: compiler.defaults,
        cost,
    })
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
        Body::Alias(Type::Tuple(fields)) => Ok(columns_of(fields)),
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

/// Joins neighbouring runs, so that their bounds are checked once.
pub(super) fn merge(ops: Vec<Op>) -> Box<[Op]> {
    let mut out: Vec<Op> = Vec::with_capacity(ops.len());
    let mut parts = Vec::new();
    for op in ops {
        match op {
            Op::Run { size, parts: own } => {
                if let Some(Op::Run { size: whole, .. }) = out.last_mut() {
                    *whole += size;
                } else {
                    out.push(Op::Run {
                        size,
                        parts: Box::default(),
                    });
                }
                parts.extend(own);
            }
            op => {
                close_run(&mut out, &mut parts);
                out.push(op);
            }
        }
    }
    close_run(&mut out, &mut parts);
    out.into()
}

fn close_run(out: &mut [Op], gathered: &mut Vec<super::Part>) {
    if let Some(Op::Run { parts, .. }) = out.last_mut()
        && !gathered.is_empty()
    {
        *parts = std::mem::take(gathered).into();
    }
}
