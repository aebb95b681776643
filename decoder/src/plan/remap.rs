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

#[cfg(test)]
mod tests {
    use crate::column::Stream;
    use crate::idl;
    use crate::plan::{StreamDefault, compile_body, run};

    const IDL: &[u8] = br#"{"name": "x", "events": [{"name": "E", "fields": [
        {"name": "a", "type": "u32"},
        {"name": "b", "type": {"option": "string"}},
        {"name": "c", "type": {"vec": {"option": {"vec": "u16"}}}},
        {"name": "d", "type": {"defined": "D"}},
        {"name": "e", "type": {"coption": "bool"}},
        {"name": "f", "type": {"array": [{"tuple": []}, 3]}}
    ]}], "types": [{"name": "D", "type": {"kind": "enum", "variants": [
        {"name": "One", "fields": ["bytes"]}, {"name": "Two", "fields": [{"array": ["i64", 2]}]}
    ]}}]}"#;

    #[test]
    fn a_renumbered_plan_writes_the_same_to_other_streams() {
        let idl = idl::parse("x", "x", IDL).expect("IDL");
        let event = idl.events().first().expect("event");
        let plan = compile_body(&idl, &event.body).expect("plan");
        let count = plan.defaults.len() as u32;
        let mut other = plan.clone();
        let numbers: Vec<u32> = (0..count).map(|i| 2 * (count - 1 - i)).collect();
        other.remap(&numbers);
        let mut bytes = vec![1, 0, 0, 0, 1, 2, 0, 0, 0, b'h', b'i'];
        bytes.extend([2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 5, 6]);
        bytes.extend([1; 17]);
        bytes.extend([1, 0, 0, 0, 1]);
        let mut streams = vec![Stream::default(); count as usize];
        let mut moved = vec![Stream::default(); 2 * count as usize];
        assert_eq!(run(&plan.ops, &bytes, &mut streams), Ok([].as_slice()));
        assert_eq!(run(&other.ops, &bytes, &mut moved), Ok([].as_slice()));
        for (old, new) in numbers.iter().enumerate() {
            let new = *new as usize;
            assert_eq!(streams[old].row(), moved[new].row(), "stream {old}");
            assert_eq!(plan.owners[old], other.owners[new]);
        }
        assert!(moved.iter().skip(1).step_by(2).all(|s| s.row().is_empty()));
    }

    #[test]
    fn defaults_are_those_of_clickhouse() {
        use StreamDefault::{EmptyText, Nothing, Null, Offsets, Zeros};
        let idl = idl::parse("x", "x", IDL).expect("IDL");
        let event = idl.events().first().expect("event");
        let plan = compile_body(&idl, &event.body).expect("plan");
        let found: Vec<_> = plan
            .columns_with_defaults()
            .map(|(column, defaults)| (column.name.as_str(), defaults))
            .collect();
        let want: [(&str, &[StreamDefault]); 6] = [
            ("a", &[Zeros(4)]),
            ("b", &[Null, EmptyText]),
            ("c", &[Offsets, Nothing, Nothing, Nothing]),
            ("d", &[Zeros(1), Null, EmptyText, Offsets, Nothing, Nothing]),
            ("e", &[Null, Zeros(1)]),
            ("f", &[Zeros(1)]),
        ];
        assert_eq!(found, want);
    }
}
