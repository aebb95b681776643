//! Generic types: each use with other arguments becomes a type of its own.

use std::collections::{HashMap, VecDeque};

use super::Type;
use super::cursor::Cursor;
use super::error::{IdlError, Problem};

/// Uses of generic types with differing arguments in one file.
const MAX_INSTANCES: usize = 1024;
/// Generic types that use generic types, one inside the other.
const MAX_DEPTH: usize = 16;
/// Types inside the arguments of one use: arguments that grow with each use are recursion without end.
const MAX_ARGUMENT: usize = 64;
/// Types read in the bodies of all instances: a large body used often costs more than the file is long.
const MAX_READ: usize = 1 << 17;
/// Parameters of one type.
const MAX_PARAMETERS: usize = 32;
/// Spelled names are cut here: they are for messages.
const MAX_NAME: usize = 120;

/// What a parameter stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Arg {
    Type(Type),
    /// A constant, as the file spells it.
    Value(String),
    /// Not known: the definition itself is being read, only to find its mistakes.
    Open,
}

/// A declared parameter. The legacy format does not say of which kind.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) constant: Option<bool>,
}

/// A use of a generic type whose body is still to be read.
#[derive(Debug)]
pub(super) struct Instance {
    /// Entry of the file.
    pub(super) template: usize,
    pub(super) args: Vec<(String, Arg)>,
    pub(super) depth: usize,
    /// Path of its first use outside of generic types.
    pub(super) used: String,
}

/// Named types of a file, known before any definition is read, and the instances of generic ones.
#[derive(Debug, Default)]
pub(super) struct Types {
    index: HashMap<String, usize>,
    /// Names of the file's types, then of the instances.
    names: Vec<String>,
    parameters: Vec<Vec<Parameter>>,
    instances: HashMap<(usize, Vec<Arg>), usize>,
    queue: VecDeque<Instance>,
    read: usize,
}

impl Types {
    /// Adds a type of the file; the number of an earlier one with the same name.
    pub(super) fn declare(&mut self, name: String, parameters: Vec<Parameter>) -> Option<usize> {
        let number = self.names.len();
        self.names.push(name.clone());
        self.parameters.push(parameters);
        match self.index.entry(name) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(number);
                None
            }
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    pub(super) fn name(&self, number: usize) -> &str {
        self.names.get(number).map_or("", String::as_str)
    }

    pub(super) fn parameters(&self, number: usize) -> &[Parameter] {
        self.parameters.get(number).map_or(&[], Vec::as_slice)
    }

    /// The next instance to read. They are numbered in the order in which they come.
    pub(super) fn next(&mut self) -> Option<Instance> {
        self.queue.pop_front()
    }

    /// Counts a type read inside an instance; false once there were too many.
    pub(super) fn spend(&mut self) -> bool {
        self.read += 1;
        self.read <= MAX_READ
    }

    pub(super) fn exhausted(&self) -> bool {
        self.read > MAX_READ
    }

    /// The type that a generic one is with these arguments.
    pub(super) fn instantiate(
        &mut self,
        template: usize,
        args: Vec<Arg>,
        depth: usize,
        used: &str,
    ) -> Type {
        let name = self.name(template).to_owned();
        let refuse = |why: &str| Type::Unsupported(format!("generic type `{name}` {why}"));
        if args.iter().any(|arg| matches!(arg, Arg::Open)) {
            return refuse("depends on a parameter that is not known");
        }
        let key = (template, args);
        if let Some(&number) = self.instances.get(&key) {
            return Type::Defined(number);
        }
        if key.1.iter().any(|arg| size(arg) > MAX_ARGUMENT) {
            return refuse("is used with arguments that grow without end");
        }
        if depth >= MAX_DEPTH || self.instances.len() >= MAX_INSTANCES || self.exhausted() {
            return refuse("uses generic types too deeply or too often (or without end)");
        }
        let number = self.names.len();
        self.names.push(self.spell(&name, &key.1));
        self.parameters.push(Vec::new());
        let declared = self.parameters(template).iter().map(|p| p.name.clone());
        self.queue.push_back(Instance {
            template,
            args: declared.zip(key.1.iter().cloned()).collect(),
            depth: depth + 1,
            used: used.into(),
        });
        self.instances.insert(key, number);
        Type::Defined(number)
    }

    fn spell(&self, name: &str, args: &[Arg]) -> String {
        let mut out = format!("{name}<");
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            match arg {
                Arg::Type(Type::Defined(number)) => out.push_str(self.name(*number)),
                Arg::Type(kind) => out.push_str(&spelled(kind)),
                Arg::Value(text) => out.push_str(text),
                Arg::Open => out.push('_'),
            }
        }
        out.push('>');
        if out.len() > MAX_NAME {
            let end = (0..=MAX_NAME).rev().find(|&i| out.is_char_boundary(i));
            out.truncate(end.unwrap_or(0));
            out.push('…');
        }
        out
    }
}

/// A type for messages.
fn spelled(kind: &Type) -> String {
    match kind {
        Type::Unsigned(bytes) => format!("u{}", u16::from(*bytes) * 8),
        Type::Signed(bytes) => format!("i{}", u16::from(*bytes) * 8),
        Type::Float(bytes) => format!("f{}", u16::from(*bytes) * 8),
        Type::Bool => "bool".into(),
        Type::Pubkey => "pubkey".into(),
        Type::String => "string".into(),
        Type::Bytes => "bytes".into(),
        Type::Option(inner) => format!("option<{}>", spelled(inner)),
        Type::Vec(inner) => format!("vec<{}>", spelled(inner)),
        Type::Array(inner, count) => format!("[{}; {count}]", spelled(inner)),
        _ => "_".into(),
    }
}

/// The list under `generics` of a definition: `{kind, name}` in the new format, names in the legacy one.
pub(super) fn parameters(at: &Cursor<'_>) -> Result<Vec<Parameter>, IdlError> {
    let items = at.list_if_any("generics")?;
    if items.len() > MAX_PARAMETERS {
        return Err(at.shape("at most 32 generic parameters"));
    }
    let mut out: Vec<Parameter> = Vec::with_capacity(items.len());
    for item in &items {
        let parameter = if item.value.is_string() {
            Parameter {
                name: item.text()?.into(),
                constant: None,
            }
        } else {
            let kind = item.need("kind")?;
            let constant = match kind.text()? {
                "type" => false,
                "const" => true,
                _ => return Err(kind.shape("type or const")),
            };
            Parameter {
                name: item.name("name")?,
                constant: Some(constant),
            }
        };
        if let Some(first) = out.iter().position(|p| p.name == parameter.name) {
            return Err(item.error(Problem::Duplicate {
                what: "generic parameter",
                name: parameter.name,
                first: format!("{}.generics[{first}]", at.path),
            }));
        }
        out.push(parameter);
    }
    Ok(out)
}

/// Types in an argument.
fn size(arg: &Arg) -> usize {
    fn nodes(kind: &Type) -> usize {
        1 + match kind {
            Type::Option(inner)
            | Type::COption(inner)
            | Type::Vec(inner)
            | Type::Array(inner, _)
            | Type::Padded { value: inner, .. } => nodes(inner),
            Type::Tuple(fields) => fields.iter().map(|f| nodes(&f.kind)).sum(),
            _ => 0,
        }
    }
    match arg {
        Arg::Type(kind) => nodes(kind),
        Arg::Value(text) => text.len(),
        Arg::Open => 0,
    }
}
