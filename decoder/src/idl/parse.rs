//! From the file's bytes to the model.

use std::collections::HashMap;

use super::check;
use super::cursor::{Cursor, shown};
use super::error::{Errors, IdlError, Problem};
use super::generics::{self, Arg, Types};
use super::json;
use super::types::Scope;
use super::{Body, Idl, Type, TypeDef};

/// Reads an IDL of either format.
///
/// Types that cannot be laid out (custom serialization, types that contain themselves, memory images that
/// depend on the target) are refused only where an event reaches them; everything else that is wrong is
/// refused wherever it stands.
///
/// # Errors
/// [`IdlError`] with `origin`, the JSON path and the reason; [`check`](super::check) gives all of them.
pub fn parse(label: &str, origin: &str, json: &[u8]) -> Result<Idl, IdlError> {
    read(label, origin, json).map_err(|errors| {
        errors.into_iter().next().unwrap_or_else(|| IdlError {
            file: origin.into(),
            path: "$".into(),
            problem: Problem::Json("empty".into()).into(),
        })
    })
}

/// Reads an IDL, or says everything that is wrong with it.
pub(super) fn read(label: &str, origin: &str, json: &[u8]) -> Result<Idl, Vec<IdlError>> {
    let mut errors = Errors::default();
    let value = json::read(origin, json, &mut errors).map_err(|error| vec![error])?;
    let root = Cursor::root(origin, &value);
    let (format, name, address) = match header(root) {
        Ok(header) => header,
        Err(error) => {
            errors.push(error);
            return Err(errors.into_list());
        }
    };
    let address = address.and_then(|at| errors.keep(at.pubkey()));
    let mut reader = Reader {
        types: Types::default(),
        errors,
    };
    let (mut defs, mut broken) = format.types(&mut reader);
    let instructions = format.instructions(&mut reader);
    let accounts = format.accounts(&mut reader);
    let mut events = format.events(&mut reader);
    format.instances(&mut reader, &mut defs, &mut broken);
    let faults = check::types(&mut defs, &broken);
    for event in &mut events {
        // An event of the new format is the type of its name.
        if let Body::Alias(Type::Defined(index)) = event.body
            && !format.legacy
            && let Some(def) = defs.get(index)
            && faults.get(index).is_some_and(Option::is_none)
        {
            event.body = def.body.clone();
        }
    }
    let codes = format.errors(&mut reader);
    let (text, hash) = json::canonical(&value);
    let mut errors = reader.errors;
    let idl = Idl {
        label: label.into(),
        origin: origin.into(),
        name,
        address,
        instructions,
        accounts,
        events,
        errors: codes,
        types: defs,
        hash,
        text: text.into(),
    };
    check::whole(&idl, &faults, &mut errors);
    let errors = errors.into_list();
    if errors.is_empty() {
        Ok(idl)
    } else {
        Err(errors)
    }
}

/// Which format it is, the program's name, and where its address stands.
fn header<'a>(root: Cursor<'a>) -> Result<(Format<'a>, String, Option<Cursor<'a>>), IdlError> {
    if !root.value.is_object() {
        return Err(root.shape("an object"));
    }
    let metadata = root.get("metadata");
    let legacy = match metadata.as_ref().and_then(|m| m.get("spec")) {
        None => true,
        Some(spec) if spec.text()? == "0.1.0" => false,
        Some(spec) => return Err(spec.error(Problem::Spec(shown(spec.text()?)))),
    };
    let (name, address) = if legacy {
        let address = metadata.as_ref().and_then(|m| m.get("address"));
        (root.name("name")?, address.or_else(|| root.get("address")))
    } else {
        (root.need("metadata")?.name("name")?, root.get("address"))
    };
    Ok((Format { legacy, root }, name, address))
}

/// What is gathered while reading.
pub(super) struct Reader {
    pub(super) types: Types,
    pub(super) errors: Errors,
}

impl Reader {
    pub(super) fn scope(&mut self) -> Scope<'_> {
        Scope {
            types: &mut self.types,
            args: &[],
            depth: 0,
            used: "",
            errors: &mut self.errors,
            broken: false,
        }
    }

    /// Elements of the list under `key`; none, and an error, if it is no list.
    pub(super) fn list<'a>(&mut self, of: &Format<'a>, key: &str) -> Vec<Cursor<'a>> {
        let list = match (of.legacy, key) {
            // These two were options in the legacy format, and written as null without a value.
            (true, "events" | "errors") => of.root.list_if_any(key),
            _ => of.root.list_of(key),
        };
        self.errors.keep(list).unwrap_or_default()
    }
}

/// The file and which of the two formats it is in.
pub(super) struct Format<'a> {
    pub(super) legacy: bool,
    pub(super) root: Cursor<'a>,
}

impl<'a> Format<'a> {
    /// Where types are defined; in the legacy format an account's layout is one too.
    fn entries(&self, reader: &mut Reader) -> Vec<Cursor<'a>> {
        let mut entries = reader.list(self, "types");
        if self.legacy {
            // Some generators list an account among the types as well, in the same words.
            let mut own = HashMap::new();
            for entry in &entries {
                if let Some(name) = entry.get("name").and_then(|n| n.value.as_str()) {
                    own.entry(name)
                        .or_insert(entry.get("type").map(|t| t.value));
                }
            }
            let twin = |account: &Cursor<'a>| {
                let name = account.get("name").and_then(|n| n.value.as_str());
                let found = name.and_then(|name| own.get(name));
                found.is_some_and(|body| *body == account.get("type").map(|t| t.value))
            };
            let accounts = self.root.list_of("accounts").unwrap_or_default();
            let more: Vec<_> = accounts.into_iter().filter(|a| !twin(a)).collect();
            entries.extend(more);
        }
        entries
    }

    /// All named types, and which of them could not be read.
    fn types(&self, reader: &mut Reader) -> (Vec<TypeDef>, Vec<bool>) {
        let entries = self.entries(reader);
        let mut parameters = Vec::with_capacity(entries.len());
        for entry in &entries {
            let name = reader.errors.keep(entry.name("name"));
            let own = reader.errors.keep(generics::parameters(entry));
            let own = own.unwrap_or_default();
            let first = match &name {
                Some(name) => reader.types.declare(name.clone(), own.clone()),
                None => reader.types.declare(entry.path.clone(), own.clone()),
            };
            if let Some(first) = first {
                let first = entries.get(first);
                reader.errors.push(entry.error(Problem::Duplicate {
                    what: "type",
                    name: name.unwrap_or_default(),
                    first: first.map_or_else(String::new, |e| e.path.clone()),
                }));
            }
            parameters.push(own);
        }
        let (mut defs, mut broken) = (Vec::new(), Vec::new());
        for (i, (entry, parameters)) in entries.iter().zip(parameters).enumerate() {
            let open: Vec<_> = parameters
                .into_iter()
                .map(|p| (p.name, Arg::Open))
                .collect();
            let mut scope = reader.scope();
            scope.args = &open;
            let body = scope.parse_body(entry);
            let body = scope.keep(body);
            broken.push(scope.broken);
            let (mut body, repr) = body.unwrap_or((Body::Unsupported("it is broken".into()), None));
            if !open.is_empty() {
                body = Body::Unsupported("it is generic and used without arguments".into());
            }
            defs.push(TypeDef {
                name: reader.types.name(i).to_owned(),
                body,
                path: entry.path.clone(),
                repr,
            });
        }
        (defs, broken)
    }

    /// The uses of generic types, until no new ones come.
    fn instances(&self, reader: &mut Reader, defs: &mut Vec<TypeDef>, broken: &mut Vec<bool>) {
        let entries = self.entries(&mut Reader {
            types: Types::default(),
            errors: Errors::default(),
        });
        while let Some(instance) = reader.types.next() {
            let name = reader.types.name(defs.len()).to_owned();
            let Some(entry) = entries.get(instance.template) else {
                return;
            };
            let known = broken.get(instance.template).copied().unwrap_or(true);
            let mut scope = reader.scope();
            (scope.args, scope.depth) = (&instance.args, instance.depth);
            scope.used = &instance.used;
            scope.broken = known;
            let body = match known {
                true => None,
                false if scope.types.exhausted() => {
                    let reason = "generic types are used too often".into();
                    Some((Body::Unsupported(reason), None))
                }
                false => {
                    let body = scope.parse_body(entry);
                    scope.keep(body)
                }
            };
            broken.push(scope.broken);
            let (body, repr) = body.unwrap_or((Body::Unsupported("it is broken".into()), None));
            defs.push(TypeDef {
                name,
                body,
                path: entry.path.clone(),
                repr,
            });
        }
    }
}
