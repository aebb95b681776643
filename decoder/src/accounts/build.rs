//! From programs and the map of layouts to an account decoder.

use std::collections::HashMap;

use hypernode_schemas::accounts::{AccountEntry, AccountKind};
use hypernode_schemas::idl as files;

use super::decode::{Kind, Layout, Owner, Typed, Version};
use super::fold::{self, Tables};
use super::node::NodePlan;
use super::{AccountDecoder, AccountLayouts, rows};
use crate::decode::ProgramConfig;
use crate::error::{Claim, ConfigError};
use crate::idl::{self, Account, Body, Fields, Idl, Type};
use crate::lookup::Lookup;
use crate::plan::{self, Budget, Plan};

/// Name of the one layout of an account whose IDL is none of the map's.
const OWN: &str = "idl";

pub(super) fn build(
    programs: &[ProgramConfig],
    layouts: &AccountLayouts,
) -> Result<AccountDecoder, ConfigError> {
    check_chosen(layouts)?;
    let mut tables = Tables::default();
    let mut owners = Vec::new();
    for program in programs {
        owners.push(owner(program, layouts, &mut tables)?);
    }
    // Only now is it known which columns each table has.
    let kinds = owners
        .iter_mut()
        .flat_map(|o| &mut o.versions)
        .flat_map(|v| &mut v.kinds);
    let folded = tables.fold();
    for layout in kinds.flat_map(|kind| &mut kind.layouts) {
        if let Ok(typed) = &mut layout.typed {
            let placed = folded.placed.get(typed.table).cloned().unwrap_or_default();
            typed.table = placed.table;
            typed.plan.remap(&placed.numbers);
            typed.lacking = placed.lacking;
            if let Some(node) = &mut typed.node {
                node.remap(&placed.numbers);
            }
        }
    }
    let typed = folded.heads;
    let index = owners
        .iter()
        .enumerate()
        .map(|(i, owner)| (owner.id, i))
        .collect::<HashMap<_, _>>();
    Ok(AccountDecoder {
        specs: typed.iter().map(|head| fold::spec(head)).collect(),
        heads: rows::heads().into_iter().chain(typed).collect(),
        owners,
        index,
    })
}

/// A layout that nobody has is a mistake in configuration.
fn check_chosen(layouts: &AccountLayouts) -> Result<(), ConfigError> {
    for (label, chosen) in &layouts.chosen {
        let entries = layouts.map.accounts.iter().filter(|e| e.label == *label);
        let known: Vec<&str> = entries
            .flat_map(|e| &e.layouts)
            .map(|l| l.name.as_str())
            .collect();
        if !known.contains(&chosen.as_str()) {
            return Err(ConfigError::UnknownLayout {
                label: label.clone(),
                layout: chosen.clone(),
                known: known.join(", "),
            });
        }
    }
    Ok(())
}

fn owner(
    program: &ProgramConfig,
    layouts: &AccountLayouts,
    tables: &mut Tables,
) -> Result<Owner, ConfigError> {
    let mut versions = Vec::new();
    for version in &program.versions {
        let idl = &version.idl;
        let mut kinds = Vec::new();
        let mut budget = Budget::default();
        for account in idl.accounts() {
            let entry = layouts
                .map
                .accounts
                .iter()
                .find(|e| e.label == program.label && e.account == account.name);
            let chosen = layouts.chosen.get(&program.label);
            let build = Builder {
                label: &program.label,
                idl,
                account,
                tables,
                budget: &mut budget,
            };
            kinds.push(build.kind(entry, chosen.map(String::as_str))?);
        }
        versions.push(Version {
            from_slot: version.from_slot,
            lookup: Lookup::new(idl.accounts().iter().map(|a| &a.discriminator)),
            kinds,
        });
    }
    Ok(Owner {
        label: program.label.clone(),
        id: program.program_id,
        versions,
    })
}

struct Builder<'a> {
    label: &'a str,
    idl: &'a Idl,
    account: &'a Account,
    tables: &'a mut Tables,
    budget: &'a mut Budget,
}

impl Builder<'_> {
    fn kind(
        mut self,
        entry: Option<&AccountEntry>,
        chosen: Option<&str>,
    ) -> Result<Kind, ConfigError> {
        let plan = compile(self.idl, self.account).and_then(|plan| {
            let admitted = self.budget.admit(plan);
            admitted.map_err(|error| error.to_string())
        });
        let name = self.account.name.clone();
        let mapped = entry
            .map(|entry| self.mapped(entry))
            .transpose()?
            .unwrap_or_default();
        let chosen = chosen.and_then(|chosen| mapped.iter().position(|(l, _, _)| l.name == chosen));
        let own = mapped
            .iter()
            .position(|(_, other, _)| Ok(&other.plan) == plan.as_ref());
        if own.is_none() && chosen.is_none() {
            // The configured IDL says something else than the map: then it alone counts.
            let layout = self.own_layout(plan, entry)?;
            return Ok(Kind {
                name,
                layouts: vec![layout],
                chosen: None,
            });
        }
        let mut layouts = Vec::new();
        for (i, (mut layout, mut typed, suffix)) in mapped.into_iter().enumerate() {
            let suffix = if Some(i) == own.or(Some(0)) {
                ""
            } else {
                &suffix
            };
            typed.table = self.place(suffix, &typed.plan)?;
            layout.typed = Ok(typed);
            layouts.push(layout);
        }
        Ok(Kind {
            name,
            layouts,
            chosen,
        })
    }

    /// The map's layouts, compiled from the files that it names, each with the suffix of its table.
    fn mapped(&self, entry: &AccountEntry) -> Result<Vec<(Layout, Typed, String)>, ConfigError> {
        let fail = |layout: &str, reason: String| ConfigError::Layout {
            label: self.label.to_owned(),
            account: self.account.name.clone(),
            layout: layout.to_owned(),
            reason,
        };
        let mut out = Vec::new();
        for layout in &entry.layouts {
            let fail = |reason: String| fail(&layout.name, reason);
            let Some(json) = files::layout(&layout.idl) else {
                return Err(fail(format!("there is no IDL file `{}`", layout.idl)));
            };
            let idl = idl::parse(self.label, &layout.idl, json.as_bytes())?;
            let account = idl.accounts().iter().find(|a| a.name == self.account.name);
            let Some(account) = account else {
                return Err(fail(format!("`{}` has no such account", layout.idl)));
            };
            let plan = compile(&idl, account).map_err(fail)?;
            let node = node(entry, &layout.status, &plan).map_err(fail)?;
            let typed = Typed {
                plan,
                table: 0,
                lacking: Vec::new(),
                node: Some(node),
            };
            let found = Layout {
                name: layout.name.clone(),
                lengths: layout.lengths.iter().map(|n| *n as usize).collect(),
                typed: Err(String::new()),
            };
            out.push((found, typed, format!("_{}", layout.name)));
        }
        Ok(out)
    }

    /// The layout that the configured IDL states.
    fn own_layout(
        &mut self,
        plan: Result<Plan, String>,
        entry: Option<&AccountEntry>,
    ) -> Result<Layout, ConfigError> {
        let typed = match plan {
            Err(why) => Err(why),
            Ok(plan) => {
                // Where its fields do not fit, it is no node of the kind that the map means.
                let variants = |entry: &AccountEntry| self.variants(entry);
                let node = entry.and_then(|entry| node(entry, &variants(entry), &plan).ok());
                Ok(Typed {
                    table: self.place("", &plan)?,
                    plan,
                    lacking: Vec::new(),
                    node,
                })
            }
        };
        Ok(Layout {
            name: entry.map_or("", |_| OWN).to_owned(),
            lengths: Vec::new(),
            typed,
        })
    }

    fn place(&mut self, suffix: &str, plan: &Plan) -> Result<usize, ConfigError> {
        let name = format!("acc_{}_{}{suffix}", self.label, self.account.name);
        let owner = Claim {
            what: format!("account `{}`", self.account.name),
            label: self.label.to_owned(),
            file: self.idl.origin().to_owned(),
        };
        self.tables.ask(&name, &owner, plan)
    }

    /// The status field's variants in lower case, where it is an enum.
    fn variants(&self, entry: &AccountEntry) -> Vec<String> {
        use hypernode_schemas::accounts::NodeColumn;
        let body = |index: usize| self.idl.types().get(index).map(|t| &t.body);
        let Some(Body::Struct(Fields::Named(fields))) = body(self.account.layout) else {
            return Vec::new();
        };
        let status = entry.set.get(&NodeColumn::Status);
        let field = fields.iter().find(|f| Some(&f.name) == status);
        match field.map(|f| &f.kind) {
            Some(Type::Defined(index)) => match body(*index) {
                Some(Body::Enum(list)) => list.iter().map(|v| v.name.to_lowercase()).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

fn node(entry: &AccountEntry, status: &[String], plan: &Plan) -> Result<NodePlan, String> {
    match entry.kind {
        AccountKind::Node => NodePlan::new(&entry.set, status, plan),
    }
}

fn compile(idl: &Idl, account: &Account) -> Result<Plan, String> {
    let Some(def) = idl.types().get(account.layout) else {
        return Err("its type is not in the IDL".into());
    };
    plan::compile_body(idl, &def.body).map_err(|error| error.to_string())
}
