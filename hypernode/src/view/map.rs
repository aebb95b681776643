//! The gap map: every slot from the first stored one to the tip, so many to a cell.

use super::snapshot::{Gap, Indexer};

/// Ranges that are named beside the map.
const NAMED: usize = 4;

/// What a cell shows: the worst of its slots, for a hole must not vanish among many slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    /// `#`: stored.
    Stored,
    /// `+`: waits behind a hole, or is on its way.
    Waiting,
    /// `x`: missing, and done without.
    Without,
    /// `.`: missing, and wanted.
    Wanted,
}

impl Cell {
    fn mark(self) -> char {
        match self {
            Self::Stored => '#',
            Self::Waiting => '+',
            Self::Without => 'x',
            Self::Wanted => '.',
        }
    }
}

/// The lines of the map, at most `width` columns; none while nothing is known.
pub(super) fn lines(now: &Indexer, width: usize) -> Vec<String> {
    let hole = hole(now);
    let first = now.first_slot.or(hole.as_ref().map(|hole| hole.from));
    let first = first.or((now.as_of_slot > 0).then_some(now.as_of_slot));
    let tip = now
        .seen_slot
        .max(now.as_of_slot)
        .max(hole.as_ref().map_or(0, |hole| hole.to));
    let Some(first) = first.filter(|first| *first <= tip) else {
        return Vec::new();
    };
    let room = width.saturating_sub(17).clamp(1, 60);
    let span = u128::from(tip - first) + 1;
    let count = usize::try_from(span).unwrap_or(room).min(room);
    // In 128 bits: slots times cells may not fit less.
    let cell = |slot: u64| {
        let slot = u128::from(slot.clamp(first, tip) - first);
        usize::try_from(slot * count as u128 / span).unwrap_or(count - 1)
    };
    let mut cells = vec![Cell::Stored; count];
    let mut paint = |from: u64, to: u64, with: Cell| {
        if from > to || to < first || from > tip {
            return;
        }
        for one in &mut cells[cell(from)..=cell(to)] {
            *one = (*one).max(with);
        }
    };
    paint(now.as_of_slot.saturating_add(1), tip, Cell::Waiting);
    for gap in &now.missing.ranges {
        paint(gap.from, gap.to, Cell::Without);
    }
    if let Some(hole) = &hole {
        paint(hole.from, hole.to, Cell::Wanted);
    }
    let marks: String = cells.into_iter().map(Cell::mark).collect();
    let mut lines = vec![
        format!("map            [{marks}]"),
        format!("               {first} to {tip}: # stored, . missing, x done without, + waiting"),
    ];
    lines.extend(named(now));
    lines
}

/// The slots that are wanted now.
fn hole(now: &Indexer) -> Option<Gap> {
    match (&now.fill, &now.gap) {
        (Some(fill), _) => Some(Gap {
            from: fill.from.saturating_add(fill.done).min(fill.to),
            to: fill.to,
        }),
        (None, gap) => gap.clone(),
    }
}

fn named(now: &Indexer) -> Option<String> {
    let missing = &now.missing;
    let newest = missing.ranges.len().saturating_sub(NAMED);
    let ranges = missing.ranges.iter().skip(newest);
    let ranges: Vec<String> = ranges
        .map(|gap| format!("{}-{}", gap.from, gap.to))
        .collect();
    (missing.holes > 0).then(|| {
        format!(
            "done without   {} slots in {} ranges{}: {}",
            missing.slots,
            missing.holes,
            if missing.holes > NAMED {
                ", newest"
            } else {
                ""
            },
            ranges.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexer(first: u64, stored: u64, seen: u64) -> Indexer {
        Indexer {
            first_slot: Some(first),
            as_of_slot: stored,
            seen_slot: seen,
            ..Indexer::default()
        }
    }

    #[test]
    fn a_map_shows_each_range_where_it_lies_however_many_slots_a_cell_has() {
        let mut now = indexer(1, 10, 20);
        now.missing.ranges = vec![Gap { from: 4, to: 5 }];
        (now.missing.holes, now.missing.slots) = (1, 2);
        now.gap = Some(Gap { from: 11, to: 13 });
        let text = lines(&now, 80);
        assert_eq!(text[0], "map            [###xx#####...+++++++]");
        assert_eq!(text[2], "done without   2 slots in 1 ranges: 4-5");
        // Of a million slots one is missing: its cell says so.
        let mut now = indexer(0, 999_999, 999_999);
        now.missing.ranges = vec![Gap {
            from: 500_000,
            to: 500_000,
        }];
        let map = &lines(&now, 77)[0];
        assert_eq!(map.matches('x').count(), 1, "{map}");
        assert_eq!(map.matches('#').count(), 59, "{map}");
    }

    #[test]
    fn odd_figures_break_no_map() {
        assert!(lines(&Indexer::default(), 80).is_empty());
        for (first, stored, seen) in [
            (u64::MAX, u64::MAX, u64::MAX),
            (0, u64::MAX, 0),
            (9, 3, 5),
            (0, 0, u64::MAX),
        ] {
            let mut now = indexer(first, stored, seen);
            now.gap = Some(Gap { from: 8, to: 2 });
            let _ = lines(&now, 1);
            assert!(lines(&now, 40).iter().all(|line| !line.is_empty()));
        }
    }
}
