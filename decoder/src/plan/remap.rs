//! Renumbering a plan's streams, for a table that has columns of other layouts too.

use super::{Member, Op, Part, Plan};

impl Plan {
    /// Stream `i` becomes `numbers[i]`, in the operations and in `owners`; `columns` and `defaults` keep the
    /// plan's own order. Streams without a new number keep theirs.
    pub(crate) fn remap(&mut self, numbers: &[u32]) {
        let number = |old: u32| numbers.get(old as usize).copied().unwrap_or(old);
        for op in &mut self.ops {
            renumber(op, &number);
        }
        let mut owners = Vec::new();
        for (old, owner) in std::mem::take(&mut self.owners).into_iter().enumerate() {
            let new = number(old as u32) as usize;
            if owners.len() <= new {
                owners.resize(new + 1, String::new());
            }
            if let Some(place) = owners.get_mut(new) {
                *place = owner;
            }
        }
        self.owners = owners;
    }
}

fn renumber(op: &mut Op, number: &impl Fn(u32) -> u32) {
    match op {
        Op::Run { parts, .. } => parts.iter_mut().for_each(|p| part(p, number)),
        Op::Bool { stream }
        | Op::Text { stream }
        | Op::Bytes { stream }
        | Op::Enum { stream, .. }
        | Op::Skip { stream, .. }
        | Op::Unit { stream } => *stream = number(*stream),
        Op::Option(value) | Op::COption { value, .. } => member(value, number),
        Op::List { offsets, body, .. } | Op::Array { offsets, body, .. } => {
            *offsets = number(*offsets);
            body.iter_mut().for_each(|op| renumber(op, number));
        }
        Op::Union { kind, arms, .. } => {
            *kind = number(*kind);
            let members = arms.iter_mut().flat_map(|arm| arm.iter_mut());
            members.for_each(|value| member(value, number));
        }
    }
}

fn member(member: &mut Member, number: &impl Fn(u32) -> u32) {
    member.head = number(member.head);
    if let Some(fill) = &mut member.fill {
        part(fill, number);
    }
    member.body.iter_mut().for_each(|op| renumber(op, number));
}

fn part(part: &mut Part, number: &impl Fn(u32) -> u32) {
    part.stream = number(part.stream);
}
