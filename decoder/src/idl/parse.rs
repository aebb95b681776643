//! From the file's bytes to the model.

use std::collections::HashMap;

use serde_json::Value;

use super::check;
use super::cursor::Cursor;
use super::error::{IdlError, Problem};
use super::names::{discriminator, snake};
use super::types::{Names, named, parse_body, parse_fields};
use super::{Account, Body, ErrorCode, Event, Idl, Instruction, InstructionAccount, TypeDef};

/// Reads an IDL of either format.
///
/// Types that cannot be laid out yet (generics, `coption`, maps, sets, custom serialization) are refused
/// only where an event reaches them; everything else that is wrong is refused wherever it stands.
///
/// # Errors
/// [`IdlError`] with `origin`, the JSON path and the reason.
pub fn parse(label: &str, origin: &str, json: &[u8]) -> Result<Idl, IdlError> {
    let value: Value = serde_json::from_slice(json).map_err(|error| IdlError {
        file: origin.into(),
        path: "$".into(),
        problem: Problem::Json(error.to_string()).into(),
    })?;
    let root = Cursor::root(origin, &value);
    if !value.is_object() {
        return Err(root.shape("an object"));
    }
    let metadata = root.get("metadata");
    let legacy = match metadata.as_ref().and_then(|m| m.get("spec")) {
        None => true,
        Some(spec) if spec.text()? == "0.1.0" => false,
        Some(spec) => return Err(spec.error(Problem::Spec(spec.text()?.into()))),
    };
    let (name, address) = if legacy {
        let address = metadata.as_ref().and_then(|m| m.get("address"));
        (root.name("name")?, address.or_else(|| root.get("address")))
    } else {
        (root.need("metadata")?.name("name")?, root.get("address"))
    };
    let format = Format { legacy, root };
    let (types, names) = format.types()?;
    let idl = Idl {
        label: label.into(),
        origin: origin.into(),
        name,
        address: address.map(|at| at.pubkey()).transpose()?,
        instructions: format.instructions(&names)?,
        accounts: format.accounts(&names)?,
        events: format.events(&names, &types)?,
        errors: format.errors()?,
        types,
    };
    check::check(&idl)?;
    Ok(idl)
}

/// The file and which of the two formats it is in.
struct Format<'a> {
    legacy: bool,
    root: Cursor<'a>,
}

impl Format<'_> {
    /// All named types; in the legacy format an account's layout is one too.
    fn types(&self) -> Result<(Vec<TypeDef>, Names), IdlError> {
        let mut entries = self.root.list_of("types")?;
        if self.legacy {
            let own = entries.len();
            for account in self.root.list_of("accounts")? {
                // Some generators list an account among the types as well, in the same words.
                let twin = entries.iter().take(own).find(|t| {
                    let name = |c: &Cursor<'_>| c.get("name").map(|n| n.value.clone());
                    name(t) == name(&account)
                        && t.get("type").map(|c| c.value) == account.get("type").map(|c| c.value)
                });
                if twin.is_none() {
                    entries.push(account);
                }
            }
        }
        let mut names = Names::new();
        for (i, entry) in entries.iter().enumerate() {
            let name = entry.name("name")?;
            if let Some(first) = names.insert(name.clone(), i) {
                let first = entries
                    .get(first)
                    .map_or_else(String::new, |e| e.path.clone());
                return Err(entry.error(Problem::Duplicate {
                    what: "type",
                    name,
                    first,
                }));
            }
        }
        let types = entries.iter().map(|entry| {
            Ok(TypeDef {
                name: entry.name("name")?,
                body: parse_body(entry, &names)?,
                path: entry.path.clone(),
            })
        });
        Ok((types.collect::<Result<_, IdlError>>()?, names))
    }

    fn instructions(&self, names: &Names) -> Result<Vec<Instruction>, IdlError> {
        let mut seen = Seen::new("instruction");
        let mut out = Vec::new();
        for at in self.root.list_of("instructions")? {
            let name = at.name("name")?;
            seen.add(&at, &name)?;
            let mut accounts = Vec::new();
            flatten_accounts(&at, &mut accounts, 0)?;
            let args = match at.get("args") {
                None => Vec::new(),
                Some(args) => named(&args, &args.list()?, names)?,
            };
            out.push(Instruction {
                discriminator: self.discriminator(&at, "global", &snake(&name))?,
                name,
                accounts,
                args,
            });
        }
        Ok(out)
    }

    fn accounts(&self, names: &Names) -> Result<Vec<Account>, IdlError> {
        let mut seen = Seen::new("account");
        let mut out = Vec::new();
        for at in self.root.list_of("accounts")? {
            let name = at.name("name")?;
            seen.add(&at, &name)?;
            let Some(&layout) = names.get(&name) else {
                return Err(at.error(Problem::UnknownType(name)));
            };
            out.push(Account {
                discriminator: self.discriminator(&at, "account", &name)?,
                layout,
                name,
            });
        }
        Ok(out)
    }

    fn events(&self, names: &Names, types: &[TypeDef]) -> Result<Vec<Event>, IdlError> {
        let mut seen = Seen::new("event");
        let mut out = Vec::new();
        for at in self.root.list_of("events")? {
            let name = at.name("name")?;
            seen.add(&at, &name)?;
            let body = if self.legacy || at.get("fields").is_some() {
                Body::Struct(parse_fields(&at, names)?)
            } else {
                let layout = names.get(&name).and_then(|&i| types.get(i));
                match layout {
                    Some(layout) => layout.body.clone(),
                    None => return Err(at.error(Problem::UnknownType(name))),
                }
            };
            out.push(Event {
                discriminator: self.discriminator(&at, "event", &name)?,
                name,
                body,
            });
        }
        Ok(out)
    }

    fn errors(&self) -> Result<Vec<ErrorCode>, IdlError> {
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
        self.root.list_of("errors")?.iter().map(parse).collect()
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
    out: &mut Vec<InstructionAccount>,
    depth: usize,
) -> Result<(), IdlError> {
    for item in at.list_of("accounts")? {
        if item.get("accounts").is_some() {
            if depth == 16 {
                return Err(item.shape("at most 16 nested account groups"));
            }
            flatten_accounts(&item, out, depth + 1)?;
        } else {
            out.push(InstructionAccount {
                name: item.name("name")?,
                optional: item.flag("optional")? || item.flag("isOptional")?,
            });
        }
    }
    Ok(())
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
