//! One thing's columns over the versions of its IDL, folded into as few tables as hold them all.
//!
//! A later layout joins the table of the one before it if every column is still there with the same type (an `Enum8`
//! may have gained values) and the others are new. Else it starts a table of its own beside the old one.

use crate::column::HeadColumn;
use crate::plan::{Plan, StreamDefault};

/// A column, and what a row of a layout without it writes to each of its streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Laid {
    pub(crate) head: HeadColumn,
    pub(crate) defaults: Vec<StreamDefault>,
}

/// Tables, and where each layout stands in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Folded {
    /// Columns of each table, in the order in which they appeared.
    pub(crate) tables: Vec<Vec<Laid>>,
    /// One for each layout.
    pub(crate) placed: Vec<Placed>,
}

/// A layout's place in its table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Placed {
    /// Number of the table.
    pub(crate) table: usize,
    /// For each stream of the layout its number in the table.
    pub(crate) numbers: Vec<u32>,
    /// Streams of the table that the layout does not have.
    pub(crate) lacking: Vec<(u32, StreamDefault)>,
}

/// Columns of a plan; a name that `taken` or an earlier column has gets `f_` before it.
pub(crate) fn lay(plan: &Plan, taken: &[&str]) -> Vec<Laid> {
    let mut laid: Vec<Laid> = Vec::with_capacity(plan.columns.len());
    for (column, defaults) in plan.columns_with_defaults() {
        let mut head = column.clone();
        while taken.contains(&head.name.as_str()) || laid.iter().any(|l| l.head.name == head.name) {
            head.name.insert_str(0, "f_");
        }
        laid.push(Laid {
            head,
            defaults: defaults.to_vec(),
        });
    }
    laid
}

/// Folds the layouts of one event, instruction or account, in the order of their versions.
pub(crate) fn fold(layouts: &[Vec<Laid>]) -> Folded {
    let mut tables: Vec<Vec<Laid>> = Vec::new();
    let mut table_of = Vec::with_capacity(layouts.len());
    for layout in layouts {
        match tables.last_mut() {
            Some(last) if fits(last, layout) => join(last, layout),
            _ => tables.push(layout.clone()),
        }
        table_of.push(tables.len() - 1);
    }
    let placed = layouts.iter().zip(table_of);
    let placed = placed
        .map(|(layout, table)| place(tables.get(table).map_or(&[], Vec::as_slice), layout, table))
        .collect();
    Folded { tables, placed }
}

/// Whether the layout has every column of the table, with a type that holds what the table's holds.
fn fits(table: &[Laid], layout: &[Laid]) -> bool {
    table.iter().all(|column| {
        layout.iter().any(|later| {
            later.head.name == column.head.name && holds(&later.head.kind, &column.head.kind)
        })
    })
}

/// Takes over the layout's types, and appends its new columns.
fn join(table: &mut Vec<Laid>, layout: &[Laid]) {
    for later in layout {
        match table.iter_mut().find(|c| c.head.name == later.head.name) {
            Some(column) => *column = later.clone(),
            None => table.push(later.clone()),
        }
    }
}

/// The same type, or an `Enum8` with more values, alone or in `Nullable`.
fn holds(later: &str, earlier: &str) -> bool {
    let (later, earlier) = match (nullable(later), nullable(earlier)) {
        (Some(later), Some(earlier)) => (later, earlier),
        _ => (later, earlier),
    };
    // Values are numbered from 0 in the variants' order: more of them means a longer list that begins alike. Behind a
    // quoted name stands its number, so the beginning cannot end inside a name.
    let more = |later: &str| {
        let rest = later.strip_prefix(earlier.strip_suffix(')')?)?;
        Some(earlier.starts_with("Enum8(") && rest.starts_with(", "))
    };
    later == earlier || more(later).unwrap_or(false)
}

fn nullable(kind: &str) -> Option<&str> {
    kind.strip_prefix("Nullable(")?.strip_suffix(')')
}

fn place(columns: &[Laid], layout: &[Laid], table: usize) -> Placed {
    let mut numbers = Vec::new();
    for own in layout {
        let before = columns
            .iter()
            .take_while(|c| c.head.name != own.head.name)
            .map(|c| c.head.streams)
            .sum::<usize>();
        numbers.extend((before..before + own.head.streams).map(|n| n as u32));
    }
    let mut lacking = Vec::new();
    let mut first = 0_u32;
    for column in columns {
        if layout.iter().all(|own| own.head.name != column.head.name) {
            lacking.extend((first..).zip(column.defaults.iter().copied()));
        }
        first += column.head.streams as u32;
    }
    Placed {
        table,
        numbers,
        lacking,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(columns: &[(&str, &str)]) -> Vec<Laid> {
        let column = |(name, kind): &(&str, &str)| Laid {
            head: HeadColumn {
                name: (*name).into(),
                kind: (*kind).into(),
                streams: if kind.starts_with("Nullable") { 2 } else { 1 },
            },
            defaults: if kind.starts_with("Nullable") {
                vec![StreamDefault::Null, StreamDefault::Zeros(1)]
            } else {
                vec![StreamDefault::EmptyText]
            },
        };
        columns.iter().map(column).collect()
    }

    fn names(table: &[Laid]) -> Vec<&str> {
        table.iter().map(|c| c.head.name.as_str()).collect()
    }

    #[test]
    fn new_columns_join_the_table_and_old_rows_get_their_defaults() {
        let folded = fold(&[
            layout(&[("a", "String"), ("b", "String")]),
            layout(&[("b", "String"), ("n", "Nullable(UInt8)"), ("a", "String")]),
        ]);
        assert_eq!(folded.tables.len(), 1);
        assert_eq!(names(&folded.tables[0]), ["a", "b", "n"]);
        assert_eq!(folded.placed[0].numbers, [0, 1]);
        let null = [(2, StreamDefault::Null), (3, StreamDefault::Zeros(1))];
        assert_eq!(folded.placed[0].lacking, null);
        assert_eq!(folded.placed[1].numbers, [1, 2, 3, 0]);
        assert!(folded.placed[1].lacking.is_empty());
    }

    #[test]
    fn a_column_that_goes_or_changes_starts_another_table() {
        let folded = fold(&[
            layout(&[("a", "String"), ("b", "String")]),
            layout(&[("a", "String")]),
            layout(&[("a", "UInt8")]),
            layout(&[("a", "UInt8"), ("b", "String")]),
        ]);
        let tables: Vec<usize> = folded.placed.iter().map(|p| p.table).collect();
        assert_eq!(tables, [0, 1, 2, 2]);
        assert_eq!(names(&folded.tables[2]), ["a", "b"]);
    }

    #[test]
    fn an_enum_may_gain_values_at_its_end_only() {
        let two = "Enum8('A' = 0, 'B' = 1)";
        let three = "Enum8('A' = 0, 'B' = 1, 'C' = 2)";
        assert!(holds(three, two) && holds(two, two));
        assert!(holds(
            &format!("Nullable({three})"),
            &format!("Nullable({two})")
        ));
        for (later, earlier) in [
            (two, three),
            (three, "Enum8('B' = 0, 'A' = 1)"),
            ("Enum16('A' = 0, 'B' = 1, 'C' = 2)", two),
            (three, &format!("Nullable({two})")),
            ("Enum8('A' = 0, 'B' = 10)", "Enum8('A' = 0, 'B' = 1)"),
            ("Array(UInt8, x)", "Array(UInt8)"),
        ] {
            assert!(!holds(later, earlier), "{later} {earlier}");
        }
        let folded = fold(&[layout(&[("e", two)]), layout(&[("e", three)])]);
        assert_eq!(folded.tables, [layout(&[("e", three)])]);
    }

    #[test]
    fn nothing_folds_to_nothing() {
        assert_eq!(fold(&[]), Folded::default());
        let empty = fold(&[layout(&[]), layout(&[("a", "String")])]);
        assert_eq!(empty.tables.len(), 1);
        assert_eq!(empty.placed[0].lacking, [(0, StreamDefault::EmptyText)]);
    }
}
