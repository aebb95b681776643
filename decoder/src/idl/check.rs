//! What only shows in the whole file: types that contain themselves or nest without end, memory images,
//! discriminators that clash, events that reach a type which cannot be laid out.

use super::error::{Errors, IdlError, Problem};
use super::memory::{self, Place};
use super::{Body, Fields, Idl, Type, TypeDef};

/// Nesting beyond this is not a record but an attack on the stack.
const MAX_DEPTH: usize = 32;
/// Names in a message about a chain of types.
const MAX_CHAIN: usize = 8;

/// Why a type cannot be laid out.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// It is refused elsewhere.
    Broken,
    /// A reason to give where an event reaches it.
    Reason(String),
    /// A mistake in the definition at this path.
    Mistake(String, Problem),
}

impl Fault {
    fn text(&self) -> String {
        match self {
            Self::Broken => "it is broken".into(),
            Self::Reason(reason) => reason.clone(),
            Self::Mistake(_, problem) => problem.to_string(),
        }
    }
}

/// Walks all types, parts before wholes. Afterwards no body reaches itself or lies too deep: such a one is
/// [`Body::Unsupported`]. `broken` are those that could not be read.
pub(super) fn types(types: &mut [TypeDef], broken: &[bool]) -> Vec<Option<Fault>> {
    let mut walk = Walk {
        state: vec![State::New; types.len()],
        heights: vec![0; types.len()],
        tallest: vec![None; types.len()],
        places: vec![None; types.len()],
        faults: vec![None; types.len()],
    };
    for index in 0..types.len() {
        walk.from(index, types, broken);
    }
    walk.faults
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

struct Walk {
    state: Vec<State>,
    /// Levels of each type, itself included.
    heights: Vec<usize>,
    /// The part that makes it so high.
    tallest: Vec<Option<usize>>,
    places: Vec<Option<Place>>,
    faults: Vec<Option<Fault>>,
}

/// A type on the way down: its parts, and how many of them were visited.
struct Frame {
    index: usize,
    parts: Vec<usize>,
    next: usize,
}

impl Walk {
    /// Depth first, on a stack of its own: the file decides how deep it goes.
    fn from(&mut self, start: usize, types: &mut [TypeDef], broken: &[bool]) {
        let mut stack = Vec::new();
        self.open(start, types, &mut stack);
        while let Some(frame) = stack.last_mut() {
            let Some(&part) = frame.parts.get(frame.next) else {
                let index = frame.index;
                stack.pop();
                self.close(index, types, broken);
                continue;
            };
            frame.next += 1;
            match self.state.get(part) {
                Some(State::New) => self.open(part, types, &mut stack),
                Some(State::Open) => self.cycle(part, types, &stack),
                _ => {}
            }
        }
    }

    fn open(&mut self, index: usize, types: &[TypeDef], stack: &mut Vec<Frame>) {
        let Some((def, state)) = types.get(index).zip(self.state.get_mut(index)) else {
            return;
        };
        if *state != State::New {
            return;
        }
        *state = State::Open;
        let mut parts = Vec::new();
        body_types(&def.body, &mut |kind| {
            leaves(kind, &mut |leaf| {
                if let Type::Defined(part) = leaf {
                    parts.push(*part);
                }
            });
        });
        stack.push(Frame {
            index,
            parts,
            next: 0,
        });
    }

    fn cycle(&mut self, index: usize, types: &[TypeDef], stack: &[Frame]) {
        let on_way = stack.iter().skip_while(|f| f.index != index);
        let indexes: Vec<usize> = on_way.map(|f| f.index).chain([index]).collect();
        let problem = Problem::Cycle(chain(&indexes, types));
        self.fault(index, types, problem);
    }

    fn fault(&mut self, index: usize, types: &[TypeDef], problem: Problem) {
        let path = types
            .get(index)
            .map_or_else(String::new, |d| d.path.clone());
        if let Some(slot) = self.faults.get_mut(index) {
            slot.get_or_insert(Fault::Mistake(path, problem));
        }
    }

    fn close(&mut self, index: usize, types: &mut [TypeDef], broken: &[bool]) {
        if let Some(state) = self.state.get_mut(index) {
            *state = State::Done;
        }
        if broken.get(index).copied().unwrap_or(false) {
            self.set(index, Fault::Broken);
        } else {
            self.inherit(index, types);
            self.measure(index, types);
            self.place(index, types);
        }
        // Later walks may then go down without care.
        let own = self.faults.get(index).and_then(Option::as_ref);
        if let Some((fault, def)) = own.zip(types.get_mut(index)) {
            def.body = Body::Unsupported(fault.text());
        }
    }

    fn set(&mut self, index: usize, fault: Fault) {
        if let Some(slot) = self.faults.get_mut(index) {
            slot.get_or_insert(fault);
        }
    }

    /// How many levels the type has.
    fn measure(&mut self, index: usize, types: &[TypeDef]) {
        let Some(def) = types.get(index) else {
            return;
        };
        let (mut height, mut tallest) = (0, None);
        body_types(&def.body, &mut |kind| {
            let (own, part) = levels(kind, &self.heights);
            if own > height {
                (height, tallest) = (own, part);
            }
        });
        if let Some((slot, from)) = self.heights.get_mut(index).zip(self.tallest.get_mut(index)) {
            (*slot, *from) = (height + 1, tallest);
        }
        if height + 1 > MAX_DEPTH {
            let mut way = vec![index];
            while let Some(&Some(next)) = way.last().and_then(|&i| self.tallest.get(i))
                && way.len() <= MAX_CHAIN
            {
                way.push(next);
            }
            let problem = Problem::Depth(MAX_DEPTH, chain(&way, types));
            self.fault(index, types, problem);
        }
    }

    /// A type cannot be laid out if a part of it cannot.
    fn inherit(&mut self, index: usize, types: &[TypeDef]) {
        let Some(def) = types.get(index) else {
            return;
        };
        let reason = match &def.body {
            Body::Unsupported(reason) => {
                Some(Fault::Reason(format!("type `{}`: {reason}", def.name)))
            }
            body => reached(body, &self.faults),
        };
        if let Some(fault) = reason {
            self.set(index, fault);
        }
    }

    /// Where the fields of a memory image stand.
    fn place(&mut self, index: usize, types: &mut [TypeDef]) {
        let Some(def) = types.get_mut(index) else {
            return;
        };
        let place = match def.repr {
            _ if self.faults.get(index).is_none_or(Option::is_some) => None,
            None => memory::plain(def, &self.places),
            Some(_) => match memory::lay_out(def, &self.places) {
                Ok(place) => Some(place),
                Err(reason) => {
                    let reason = format!("type `{}`: {reason}", def.name);
                    self.set(index, Fault::Reason(reason));
                    None
                }
            },
        };
        if let Some(slot) = self.places.get_mut(index) {
            *slot = place;
        }
    }
}

/// The first fault that a body reaches.
fn reached(body: &Body, faults: &[Option<Fault>]) -> Option<Fault> {
    let mut fault = None;
    body_types(body, &mut |kind| {
        leaves(kind, &mut |leaf| {
            if fault.is_none() {
                fault = match leaf {
                    Type::Unsupported(reason) => Some(Fault::Reason(reason.clone())),
                    Type::Defined(index) => faults.get(*index).cloned().flatten(),
                    _ => None,
                };
            }
        });
    });
    fault
}

/// Tables that one file may make: several times those of the largest IDLs in use.
const MAX_TABLES: usize = 2_000;

/// The number of tables, discriminators, and events that cannot be laid out.
pub(super) fn whole(idl: &Idl, faults: &[Option<Fault>], errors: &mut Errors) {
    let fail = |path: String, problem: Problem| IdlError {
        file: idl.origin.clone(),
        path,
        problem: problem.into(),
    };
    let tables = idl.events.len() * 2 + idl.instructions.len() + idl.accounts.len();
    if tables > MAX_TABLES {
        let max = MAX_TABLES;
        errors.push(fail("$".into(), Problem::Tables { tables, max }));
    }
    let events = idl.events.iter().map(|e| (&e.name, &e.discriminator));
    let instructions = idl.instructions.iter();
    let instructions = instructions.map(|i| (&i.name, &i.discriminator));
    let accounts = idl.accounts.iter().map(|a| (&a.name, &a.discriminator));
    for (what, problem) in clash("events", events)
        .chain(clash("instructions", instructions))
        .chain(clash("accounts", accounts))
    {
        errors.push(fail(format!("$.{what}"), problem));
    }
    for event in &idl.events {
        let error = match &event.body {
            Body::Unsupported(reason) => Some((event.path.clone(), Some(reason.clone()), None)),
            body => match reached(body, faults) {
                None | Some(Fault::Broken) => None,
                Some(Fault::Reason(reason)) => Some((event.path.clone(), Some(reason), None)),
                Some(Fault::Mistake(path, problem)) => Some((path, None, Some(problem))),
            },
        };
        if let Some((path, reason, problem)) = error {
            let problem = problem.unwrap_or_else(|| Problem::Unsupported {
                event: event.name.clone(),
                reason: reason.unwrap_or_default(),
            });
            errors.push(fail(path, problem));
        }
    }
}

/// Levels of a type, and the named one that it is highest through.
fn levels(kind: &Type, heights: &[usize]) -> (usize, Option<usize>) {
    match kind {
        Type::Option(inner)
        | Type::COption(inner)
        | Type::Vec(inner)
        | Type::Array(inner, _)
        | Type::Padded { value: inner, .. } => {
            let (height, part) = levels(inner, heights);
            (height + 1, part)
        }
        Type::Tuple(fields) => {
            let parts = fields.iter().map(|f| levels(&f.kind, heights));
            let (height, part) = parts.max_by_key(|p| p.0).unwrap_or_default();
            (height + 1, part)
        }
        Type::Defined(index) => (heights.get(*index).copied().unwrap_or(0), Some(*index)),
        _ => (0, None),
    }
}

/// The types at the bottom of options, lists and tuples.
fn leaves<'a>(kind: &'a Type, visit: &mut impl FnMut(&'a Type)) {
    match kind {
        Type::Option(inner)
        | Type::COption(inner)
        | Type::Vec(inner)
        | Type::Array(inner, _)
        | Type::Padded { value: inner, .. } => leaves(inner, visit),
        Type::Tuple(fields) => fields.iter().for_each(|f| leaves(&f.kind, visit)),
        leaf => visit(leaf),
    }
}

fn chain(indexes: &[usize], types: &[TypeDef]) -> String {
    let name = |&i: &usize| types.get(i).map_or("", |t| t.name.as_str());
    let names: Vec<&str> = indexes.iter().take(MAX_CHAIN).map(name).collect();
    let rest = if indexes.len() > MAX_CHAIN {
        " -> …"
    } else {
        ""
    };
    names.join(" -> ") + rest
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
) -> impl Iterator<Item = (&'static str, Problem)> {
    let mut sorted: Vec<_> = items.collect();
    sorted.sort_by_key(|(_, disc)| *disc);
    let clashes: Vec<_> = sorted
        .windows(2)
        .filter_map(|pair| match pair {
            // One name twice is said already.
            [(one, a), (other, b)] if b.starts_with(a) && one != other => Some((
                what,
                Problem::Clash {
                    what,
                    one: (*one).clone(),
                    other: (*other).clone(),
                    one_hex: hex(a),
                    other_hex: hex(b),
                },
            )),
            _ => None,
        })
        .collect();
    clashes.into_iter()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
