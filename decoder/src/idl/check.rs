//! What only shows in the whole file: types that contain themselves, discriminators that clash, events
//! that reach a type which cannot be laid out.

use super::error::{IdlError, Problem};
use super::{Body, Fields, Idl, Type};

/// Nesting beyond this is not a record but an attack on the stack.
const MAX_DEPTH: usize = 32;

pub(super) fn check(idl: &Idl) -> Result<(), IdlError> {
    let fail = |path: String, problem: Problem| IdlError {
        file: idl.origin.clone(),
        path,
        problem: problem.into(),
    };
    let mut walk = Walk {
        idl,
        done: vec![false; idl.types.len()],
        reasons: vec![None; idl.types.len()],
        stack: Vec::new(),
    };
    for (i, def) in idl.types.iter().enumerate() {
        walk.enter(i)
            .map_err(|problem| fail(def.path.clone(), problem))?;
    }
    clash(
        "events",
        idl.events.iter().map(|e| (&e.name, &e.discriminator)),
    )
    .map_err(|p| fail("$.events".into(), p))?;
    clash(
        "instructions",
        idl.instructions.iter().map(|i| (&i.name, &i.discriminator)),
    )
    .map_err(|p| fail("$.instructions".into(), p))?;
    clash(
        "accounts",
        idl.accounts.iter().map(|a| (&a.name, &a.discriminator)),
    )
    .map_err(|p| fail("$.accounts".into(), p))?;
    for (i, event) in idl.events.iter().enumerate() {
        if let Some(reason) = walk.unsupported(&event.body) {
            let problem = Problem::Unsupported {
                event: event.name.clone(),
                reason,
            };
            return Err(fail(format!("$.events[{i}]"), problem));
        }
    }
    Ok(())
}

/// Depth-first search for a type that contains itself; notes on the way back why a type cannot be laid out.
struct Walk<'a> {
    idl: &'a Idl,
    done: Vec<bool>,
    reasons: Vec<Option<String>>,
    stack: Vec<usize>,
}

impl Walk<'_> {
    fn enter(&mut self, index: usize) -> Result<(), Problem> {
        if self.stack.contains(&index) {
            self.stack.push(index);
            return Err(Problem::Cycle(self.chain()));
        }
        if self.done.get(index).copied().unwrap_or(true) {
            return Ok(());
        }
        if self.stack.len() == MAX_DEPTH {
            return Err(Problem::Depth(MAX_DEPTH, self.chain()));
        }
        self.stack.push(index);
        if let Some(def) = self.idl.types.get(index) {
            let mut inner = Vec::new();
            body_types(&def.body, &mut |t| inner.push(t));
            for kind in inner {
                self.kind(kind)?;
            }
            let reason = self.unsupported(&def.body).map(|reason| match def.body {
                Body::Unsupported(_) => format!("type `{}`: {reason}", def.name),
                _ => reason,
            });
            if let Some(slot) = self.reasons.get_mut(index) {
                *slot = reason;
            }
        }
        self.stack.pop();
        if let Some(done) = self.done.get_mut(index) {
            *done = true;
        }
        Ok(())
    }

    fn kind(&mut self, kind: &Type) -> Result<(), Problem> {
        match kind {
            Type::Defined(index) => self.enter(*index),
            Type::Option(inner) | Type::Vec(inner) | Type::Array(inner, _) => self.kind(inner),
            _ => Ok(()),
        }
    }

    /// The first reason why a body cannot be laid out; the types it names have been walked.
    fn unsupported(&self, body: &Body) -> Option<String> {
        if let Body::Unsupported(reason) = body {
            return Some(reason.clone());
        }
        let mut reason = None;
        body_types(body, &mut |mut kind| {
            while let Type::Option(inner) | Type::Vec(inner) | Type::Array(inner, _) = kind {
                kind = inner;
            }
            let found = match kind {
                Type::Unsupported(reason) => Some(reason.clone()),
                Type::Defined(index) => self.reasons.get(*index).cloned().flatten(),
                _ => None,
            };
            reason = reason.take().or(found);
        });
        reason
    }

    fn chain(&self) -> String {
        let names = self.stack.iter().filter_map(|&i| self.idl.types.get(i));
        let names: Vec<&str> = names.map(|t| t.name.as_str()).collect();
        names.join(" -> ")
    }
}

fn body_types<'a>(body: &'a Body, visit: &mut impl FnMut(&'a Type)) {
    let mut fields = |fields: &'a Fields| match fields {
        Fields::Unit => {}
        Fields::Named(list) => list.iter().for_each(|f| visit(&f.kind)),
        Fields::Tuple(list) => list.iter().for_each(&mut *visit),
    };
    match body {
        Body::Struct(list) => fields(list),
        Body::Enum(variants) => variants.iter().for_each(|v| fields(&v.fields)),
        Body::Alias(kind) => visit(kind),
        Body::Unsupported(_) => {}
    }
}

/// Equal discriminators, or one that begins another, cannot be told apart.
fn clash<'a>(
    what: &'static str,
    items: impl Iterator<Item = (&'a String, &'a Vec<u8>)>,
) -> Result<(), Problem> {
    let mut sorted: Vec<_> = items.collect();
    sorted.sort_by_key(|(_, disc)| *disc);
    for pair in sorted.windows(2) {
        if let [(one, a), (other, b)] = pair
            && b.starts_with(a)
        {
            return Err(Problem::Clash {
                what,
                one: (*one).clone(),
                other: (*other).clone(),
                one_hex: hex(a),
                other_hex: hex(b),
            });
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
