//! What the file lists beside its types: instructions, accounts, events, errors.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::error::{IdlError, Problem};
use super::names::{discriminator, snake};
use super::parse::{Format, Reader};
use super::types::Scope;
use super::{Account, Body, ErrorCode, Event, Instruction, InstructionAccount, Type};

impl Format<'_> {
    pub(super) fn instructions(&self, reader: &mut Reader) -> Vec<Instruction> {
        let mut seen = Seen::new("instruction");
        let list = reader.list(self, "instructions");
        let mut out = Vec::with_capacity(list.len());
        for at in list {
            out.extend(self.instruction(&at, reader, &mut seen));
        }
        out
    }

    fn instruction(
        &self,
        at: &Cursor<'_>,
        reader: &mut Reader,
        seen: &mut Seen,
    ) -> Option<Instruction> {
        let mut scope = reader.scope();
        let name = scope.keep(at.table_name())?;
        scope.keep(seen.add(at, &name));
        let mut accounts = Vec::new();
        flatten_accounts(at, &mut scope, &mut accounts, 0);
        let items = scope.keep(at.list_of("args")).unwrap_or_default();
        let args = scope.named(&format!("{}.args", at.path), &items);
        let discriminator = self.discriminator(at, "global", &snake(&name));
        Some(Instruction {
            discriminator: scope.keep(discriminator)?,
            name,
            accounts,
            args,
        })
    }

    pub(super) fn accounts(&self, reader: &mut Reader) -> Vec<Account> {
        let mut seen = Seen::new("account");
        let list = reader.list(self, "accounts");
        let mut out = Vec::with_capacity(list.len());
        for at in list {
            let errors = &mut reader.errors;
            let Some(name) = errors.keep(at.table_name()) else {
                continue;
            };
            errors.keep(seen.add(&at, &name));
            let layout = reader.types.find(&name);
            let layout = layout.ok_or_else(|| at.error(Problem::UnknownType(name.clone())));
            let layout = errors.keep(layout);
            let discriminator = errors.keep(self.discriminator(&at, "account", &name));
            let both = layout.zip(discriminator);
            out.extend(both.map(|(layout, discriminator)| Account {
                name,
                discriminator,
                layout,
            }));
        }
        out
    }

    pub(super) fn events(&self, reader: &mut Reader) -> Vec<Event> {
        let mut seen = Seen::new("event");
        let list = reader.list(self, "events");
        let mut out = Vec::with_capacity(list.len());
        for at in list {
            out.extend(self.event(&at, reader, &mut seen));
        }
        out
    }

    fn event(&self, at: &Cursor<'_>, reader: &mut Reader, seen: &mut Seen) -> Option<Event> {
        let mut scope = reader.scope();
        let name = scope.keep(at.table_name())?;
        scope.keep(seen.add(at, &name));
        let body = if self.legacy || at.get("fields").is_some() {
            scope.fields(at).map(Body::Struct)
        } else {
            match scope.types.find(&name) {
                Some(layout) => Ok(Body::Alias(Type::Defined(layout))),
                None => Err(at.error(Problem::UnknownType(name.clone()))),
            }
        };
        let body = scope.keep(body);
        let discriminator = scope.keep(self.discriminator(at, "event", &name));
        Some(Event {
            discriminator: discriminator?,
            name,
            body: body?,
            path: at.path.clone(),
        })
    }

    pub(super) fn errors(&self, reader: &mut Reader) -> Vec<ErrorCode> {
        let parse = |at: &Cursor<'_>| {
            let code = at.need("code")?;
            let number = code.value.as_u64().and_then(|n| u32::try_from(n).ok());
            Ok(ErrorCode {
                code: number.ok_or_else(|| code.shape("an error number"))?,
                name: at.name("name")?,
                message: at
                    .get("msg")
                    .map(|m| m.text().map(Into::into))
                    .transpose()?,
            })
        };
        let list = reader.list(self, "errors");
        let codes = list.iter().filter_map(|at| reader.errors.keep(parse(at)));
        codes.collect()
    }

    /// The stated discriminator, or in the legacy format the one derived from the name.
    fn discriminator(
        &self,
        at: &Cursor<'_>,
        namespace: &str,
        name: &str,
    ) -> Result<Vec<u8>, IdlError> {
        match at.get("discriminator") {
            Some(stated) => {
                let bytes = stated.bytes()?;
                if bytes.is_empty() || bytes.len() > 64 {
                    return Err(stated.shape("a discriminator of 1 to 64 bytes"));
                }
                Ok(bytes)
            }
            None if self.legacy => Ok(discriminator(namespace, name)),
            None => Err(at.error(Problem::Missing("discriminator"))),
        }
    }
}

/// Accounts of an instruction or of a nested group, in order.
fn flatten_accounts(
    at: &Cursor<'_>,
    scope: &mut Scope<'_>,
    out: &mut Vec<InstructionAccount>,
    depth: usize,
) {
    for item in scope.keep(at.list_of("accounts")).unwrap_or_default() {
        if item.get("accounts").is_some() {
            if depth == 16 {
                scope.keep::<()>(Err(item.shape("at most 16 nested account groups")));
                continue;
            }
            flatten_accounts(&item, scope, out, depth + 1);
        } else {
            let name = scope.keep(item.name("name"));
            let optional = ["optional", "isOptional"].map(|key| scope.keep(item.flag(key)));
            let optional = optional.contains(&Some(true));
            out.extend(name.map(|name| InstructionAccount { name, optional }));
        }
    }
}

/// Names met so far among things of one kind.
struct Seen {
    what: &'static str,
    paths: HashMap<String, String>,
}

impl Seen {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            paths: HashMap::new(),
        }
    }

    fn add(&mut self, at: &Cursor<'_>, name: &str) -> Result<(), IdlError> {
        match self.paths.insert(name.into(), at.path.clone()) {
            None => Ok(()),
            Some(first) => Err(at.error(Problem::Duplicate {
                what: self.what,
                name: name.into(),
                first,
            })),
        }
    }
}
