//! Columns of an instruction's table besides its arguments.

use crate::column::HeadColumn;
use crate::evolve::Laid;
use crate::idl::Instruction;
use crate::plan::{Elements, StreamDefault};

/// What became of a call.
pub(crate) const RESULT: &str = "Enum8('ok' = 1, 'rolled_back' = 2, 'failed' = 3, 'not_run' = 4)";

/// Columns that every such table has after the identity.
pub(crate) const FIXED: [(&str, &str); 2] = [("result", RESULT), ("depth", "UInt8")];

/// Names that an argument cannot have.
pub(crate) const TAKEN: [&str; 4] = ["result", "depth", "accounts", "remaining_accounts"];

/// The accounts by name, if the IDL lists any, and those beyond the list.
pub(crate) fn account_columns(ix: &Instruction) -> Vec<Laid> {
    let mut columns = Vec::with_capacity(2);
    if !ix.accounts.is_empty() {
        let mut elements = Elements::default();
        let mut defaults = Vec::new();
        for account in &ix.accounts {
            let kind = if account.optional {
                defaults.push(StreamDefault::Null);
                "Nullable(FixedString(32))"
            } else {
                "FixedString(32)"
            };
            defaults.push(StreamDefault::Zeros(32));
            elements.add(&account.name, kind);
        }
        columns.push(Laid {
            head: HeadColumn {
                name: "accounts".into(),
                kind: elements.tuple(),
                streams: defaults.len(),
            },
            defaults,
        });
    }
    columns.push(Laid {
        head: HeadColumn {
            name: "remaining_accounts".into(),
            kind: "Array(FixedString(32))".into(),
            streams: 2,
        },
        defaults: vec![StreamDefault::Offsets, StreamDefault::Nothing],
    });
    columns
}
