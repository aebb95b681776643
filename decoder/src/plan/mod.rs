//! Decode plans: a type, flattened once, that checks borsh bytes and writes column streams.

mod budget;
mod compile;
mod cost;
mod default;
mod exec;
mod kind;
mod remap;
mod value;

pub(crate) use budget::Budget;
pub(crate) use compile::{PlanError, compile_body, compile_fields};
pub(crate) use cost::Cost;
pub(crate) use default::StreamDefault;
pub(crate) use exec::run;
pub(crate) use kind::Elements;

use crate::column::HeadColumn;

/// How to decode an event, an account or an instruction's arguments, and what to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) ops: Box<[Op]>,
    /// Columns by the IDL's names, without those that every table of the kind has.
    pub(crate) columns: Vec<HeadColumn>,
    /// Name of the field that each stream belongs to, for messages.
    pub(crate) owners: Vec<String>,
    /// What a row without the value writes to each stream, in the order of `columns`.
    pub(crate) defaults: Vec<StreamDefault>,
    /// How large a row can become.
    pub(crate) cost: Cost,
}

impl Plan {
    /// Each column and what a row that lacks it writes to its streams.
    pub(crate) fn columns_with_defaults(
        &self,
    ) -> impl Iterator<Item = (&HeadColumn, &[StreamDefault])> {
        let mut rest = self.defaults.as_slice();
        self.columns.iter().map(move |column| {
            let (own, after) = rest.split_at_checked(column.streams).unwrap_or_default();
            rest = after;
            (column, own)
        })
    }
}

/// What to do with the next bytes. Streams are numbered from the first column of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// Values of fixed size without anything to check, one after the other: bounds are checked once.
    Run { size: usize, parts: Box<[Part]> },
    /// 0 or 1.
    Bool { stream: u32 },
    /// Length and UTF-8.
    Text { stream: u32 },
    /// Length and bytes.
    Bytes { stream: u32 },
    /// A variant index below `variants`, written in one byte or two.
    Enum {
        stream: u32,
        variants: u16,
        wide: bool,
    },
    /// No input; one zero byte, so that the column has a row.
    Unit { stream: u32 },
    /// An option that ClickHouse can hold as `Nullable`, or as an array of zero or one.
    Option(Member),
    /// SPL's option: four bytes 0 or 1, then `size` bytes of the value, present or not.
    COption { size: usize, value: Member },
    /// Bytes that say nothing; `stream` is that of the value beside them, for messages.
    Skip { size: usize, stream: u32 },
    /// A counted list; `min` is the least size of an element.
    List {
        offsets: u32,
        min: usize,
        body: Box<[Op]>,
    },
    /// A list whose length the type states.
    Array {
        offsets: u32,
        count: u32,
        min: usize,
        body: Box<[Op]>,
    },
    /// An enum with data: the variant's members are written, those of the others left empty.
    Union {
        kind: u32,
        wide: bool,
        arms: Box<[Box<[Member]>]>,
    },
}

/// One value of an [`Op::Run`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) stream: u32,
    pub(crate) size: usize,
}

/// A value that may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Null map, or array offsets.
    pub(crate) head: u32,
    /// For `Nullable`: the placeholder that stands under a null (stream, bytes of zeros).
    pub(crate) fill: Option<Part>,
    pub(crate) body: Box<[Op]>,
}
