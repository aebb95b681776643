//! Node accounts in one vocabulary, whatever their layout.

use std::collections::BTreeMap;

use hypernode_schemas::accounts::NodeColumn;

use crate::column::{RowWriter, Stream, read_string};
use crate::plan::Plan;

/// Value columns of `node_account_versions` in the table's order.
const COLUMNS: [NodeColumn; 12] = [
    NodeColumn::Owner,
    NodeColumn::NodeId,
    NodeColumn::GpuSpecsHash,
    NodeColumn::Location,
    NodeColumn::Status,
    NodeColumn::Stake,
    NodeColumn::Reputation,
    NodeColumn::JobsCompleted,
    NodeColumn::JobsFailed,
    NodeColumn::TotalEarned,
    NodeColumn::LastHeartbeat,
    NodeColumn::RegisteredAt,
];

/// Where the columns of a node row come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodePlan {
    /// Stream of each column's field, after the table's key.
    fields: [Option<usize>; COLUMNS.len()],
    status: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Pubkey,
    Text,
    Status,
    Number,
    MaybeNumber,
}

fn shape(column: NodeColumn) -> Shape {
    match column {
        NodeColumn::Owner => Shape::Pubkey,
        NodeColumn::NodeId | NodeColumn::GpuSpecsHash | NodeColumn::Location => Shape::Text,
        NodeColumn::Status => Shape::Status,
        NodeColumn::JobsFailed => Shape::MaybeNumber,
        NodeColumn::Stake
        | NodeColumn::Reputation
        | NodeColumn::JobsCompleted
        | NodeColumn::TotalEarned
        | NodeColumn::LastHeartbeat
        | NodeColumn::RegisteredAt => Shape::Number,
    }
}

/// Whether a field of this ClickHouse type fills such a column.
fn fits(shape: Shape, kind: &str) -> bool {
    let number = || {
        let digits = kind.trim_start_matches('U').strip_prefix("Int");
        matches!(digits, Some("8" | "16" | "32" | "64"))
    };
    match shape {
        Shape::Pubkey => kind == "FixedString(32)",
        Shape::Text => kind == "String",
        Shape::Status => number() || kind.starts_with("Enum"),
        Shape::Number | Shape::MaybeNumber => number(),
    }
}

impl NodePlan {
    /// Resolves the map's entry against a layout; a field that the layout lacks leaves its column empty.
    ///
    /// # Errors
    /// A field whose type does not fit its column.
    pub(super) fn new(
        set: &BTreeMap<NodeColumn, String>,
        status: &[String],
        plan: &Plan,
    ) -> Result<Self, String> {
        let mut fields = [None; COLUMNS.len()];
        for (place, column) in fields.iter_mut().zip(COLUMNS) {
            let Some(name) = set.get(&column) else {
                continue;
            };
            let mut stream = 0;
            for field in &plan.columns {
                if field.name == *name {
                    if !fits(shape(column), &field.kind) {
                        return Err(format!("field `{name}` has a type that does not fit"));
                    }
                    *place = Some(stream);
                }
                stream += field.streams;
            }
        }
        Ok(Self {
            fields,
            status: status.to_vec(),
        })
    }

    /// Stream `i` of the layout becomes `numbers[i]`.
    pub(super) fn remap(&mut self, numbers: &[u32]) {
        for stream in self.fields.iter_mut().flatten() {
            if let Some(new) = numbers.get(*stream) {
                *stream = *new as usize;
            }
        }
    }

    /// Writes the value columns from the typed row in progress.
    pub(super) fn write(&self, streams: &[Stream], row: &mut RowWriter<'_>) {
        for (column, field) in COLUMNS.into_iter().zip(self.fields) {
            let raw = field.and_then(|i| streams.get(i)).map(Stream::row);
            match shape(column) {
                Shape::Pubkey => {
                    let key: Option<[u8; 32]> = raw.and_then(|raw| raw.try_into().ok());
                    row.fixed(&key.unwrap_or_default());
                }
                Shape::Text => {
                    row.string(raw.and_then(read_string).unwrap_or_default());
                }
                Shape::Status => self.status(raw.map_or(0, number), row),
                Shape::Number => {
                    row.u64(raw.map_or(0, number));
                }
                Shape::MaybeNumber => {
                    row.byte(u8::from(raw.is_none())).u64(raw.map_or(0, number));
                }
            }
        }
    }

    fn status(&self, number: u64, row: &mut RowWriter<'_>) {
        match usize::try_from(number)
            .ok()
            .and_then(|i| self.status.get(i))
        {
            Some(text) => row.string(text.as_bytes()),
            None => row.string(format!("unknown_{number}").as_bytes()),
        };
    }
}

/// A little-endian integer of at most eight bytes; a shorter one is unsigned.
fn number(raw: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(raw) {
        *to = *from;
    }
    u64::from_le_bytes(bytes)
}
