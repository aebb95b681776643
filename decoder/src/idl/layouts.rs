//! Everything that is wrong with a file, and everything in it that has no columns.

use super::Idl;
use super::error::{Errors, IdlError, Problem};
use super::parse::read;
use crate::plan::{self, PlanError};

/// All mistakes of a file (up to 100, and then how many more): what [`parse`](super::parse) refuses, and events whose layout cannot
/// become columns.
#[must_use]
pub fn check(label: &str, origin: &str, json: &[u8]) -> Vec<IdlError> {
    let idl = match read(label, origin, json) {
        Ok(idl) => idl,
        Err(errors) => return errors,
    };
    let mut errors = Errors::default();
    let mut budget = plan::Budget::default();
    for event in &idl.events {
        let plan = plan::compile_body(&idl, &event.body).and_then(|plan| budget.admit(plan));
        if let Err(reason) = plan {
            errors.push(layout(
                &idl,
                event.path.clone(),
                "event",
                &event.name,
                &reason,
            ));
        }
    }
    errors.into_list()
}

/// Accounts and instructions that have no columns of their own, each with its reason: they do no harm to the
/// rest of the file.
#[must_use]
pub fn notices(idl: &Idl) -> Vec<IdlError> {
    let mut notices = Vec::new();
    let mut budget = plan::Budget::default();
    for (i, account) in idl.accounts.iter().enumerate() {
        let Some(def) = idl.types.get(account.layout) else {
            continue;
        };
        let plan = plan::compile_body(idl, &def.body).and_then(|plan| budget.admit(plan));
        if let Err(reason) = plan {
            let path = format!("$.accounts[{i}]");
            notices.push(layout(idl, path, "account", &account.name, &reason));
        }
    }
    let mut budget = plan::Budget::default();
    for (i, instruction) in idl.instructions.iter().enumerate() {
        let plan = plan::compile_fields(idl, &instruction.args).and_then(|plan| budget.admit(plan));
        if let Err(reason) = plan {
            let path = format!("$.instructions[{i}]");
            notices.push(layout(idl, path, "instruction", &instruction.name, &reason));
        }
    }
    notices
}

fn layout(idl: &Idl, path: String, what: &'static str, name: &str, reason: &PlanError) -> IdlError {
    IdlError {
        file: idl.origin.clone(),
        path,
        problem: Problem::Layout {
            what,
            name: name.into(),
            reason: reason.to_string(),
        }
        .into(),
    }
}
