//! Which slots are written again together. Pure.

use hypernode_warehouse::ledger::{Intervals, LedgerRow};

use crate::batch::BULK_WINDOW;

/// Slots that become one batch: those of a ledger row, or of a hole between rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) slot_lo: u64,
    pub(super) slot_hi: u64,
    /// The row whose place the batch takes.
    pub(super) row: Option<LedgerRow>,
    /// Which part of its window it is, where that was split because of its rows.
    pub(super) part: u32,
}

/// The asked slots that are not stored, each range cut at windows.
pub(super) fn holes(stored: &Intervals, from: u64, to: u64) -> Vec<Vec<Stretch>> {
    let mut out = Vec::new();
    let mut add = |lo: u64, hi: u64| {
        let mut stretches = Vec::new();
        hole(lo, hi, &mut stretches);
        out.push(stretches);
    };
    let mut at = from;
    for (lo, hi) in stored.iter() {
        if lo > to || at > to {
            break;
        }
        if lo > at {
            add(at, lo - 1);
        }
        at = at.max(hi.saturating_add(1));
    }
    if at <= to {
        add(at, to);
    }
    out
}

/// The asked slots as whole ledger rows and the holes between them (an interrupted repair leaves one), within what is
/// stored at all. `rows` are those that reach into `from..=to`, in order.
pub(super) fn stretches(
    rows: Vec<LedgerRow>,
    stored: &Intervals,
    from: u64,
    to: u64,
) -> Result<Vec<Stretch>, String> {
    let ends = stored.iter().next().zip(stored.last());
    let Some(((first, _), (_, last))) =
        ends.filter(|((first, _), (_, last))| *first <= to && from <= *last)
    else {
        return Err(format!(
            "slots {from} to {to} lie outside of what is stored: there is nothing to repair"
        ));
    };
    let (mut at, to) = (from.max(first), to.min(last));
    let mut out = Vec::new();
    for row in rows {
        if row.slot_lo > at {
            hole(at, row.slot_lo - 1, &mut out);
        }
        at = row.slot_hi.saturating_add(1);
        out.push(Stretch {
            slot_lo: row.slot_lo,
            slot_hi: row.slot_hi,
            row: Some(row),
            part: 0,
        });
    }
    if at <= to {
        hole(at, to, &mut out);
    }
    Ok(out)
}

/// Cut at windows, so that no batch grows without bound.
fn hole(mut from: u64, to: u64, out: &mut Vec<Stretch>) {
    let size = u64::from(BULK_WINDOW);
    while from <= to {
        let end = (from / size * size).saturating_add(size - 1).min(to);
        out.push(Stretch {
            slot_lo: from,
            slot_hi: end,
            row: None,
            part: 0,
        });
        let Some(next) = end.checked_add(1) else {
            return;
        };
        from = next;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn row(slot_lo: u64, slot_hi: u64) -> LedgerRow {
        LedgerRow {
            slot_lo,
            slot_hi,
            window: 4,
            part: 0,
            epoch: 0,
            partial: false,
            parent_slot: slot_lo - 1,
            parent_blockhash: [0; 32],
            last_blockhash: [0; 32],
            last_block_slot: slot_hi,
            blocks: 1,
            finalized_slot: 0,
            source: "test".into(),
            idls: [0; 32],
            tables: Default::default(),
            content: [0; 32],
            seq: 0,
        }
    }

    fn bounds(
        rows: &[(u64, u64)],
        stored: &[(u64, u64)],
        from: u64,
        to: u64,
    ) -> Vec<(u64, u64, bool)> {
        let mut set = Intervals::default();
        stored.iter().for_each(|(lo, hi)| set.insert(*lo, *hi));
        let rows = rows.iter().map(|(lo, hi)| row(*lo, *hi)).collect();
        let found = stretches(rows, &set, from, to).unwrap_or_default();
        found
            .iter()
            .map(|one| (one.slot_lo, one.slot_hi, one.row.is_some()))
            .collect()
    }

    #[test]
    fn what_is_not_stored_is_found_in_order_and_cut_at_windows() {
        let found = |stored: &[(u64, u64)], from, to| -> Vec<Vec<(u64, u64)>> {
            let mut set = Intervals::default();
            stored.iter().for_each(|(lo, hi)| set.insert(*lo, *hi));
            let holes = holes(&set, from, to).into_iter();
            holes
                .map(|hole| hole.iter().map(|one| (one.slot_lo, one.slot_hi)).collect())
                .collect()
        };
        let stored = [(1_000, 1_099), (1_200, 1_299)];
        assert_eq!(
            found(&stored, 500, 1_250),
            [vec![(500, 511), (512, 999)], vec![(1_100, 1_199)]]
        );
        assert_eq!(
            found(&stored, 1_050, 1_310),
            [[(1_100, 1_199)], [(1_300, 1_310)]]
        );
        assert_eq!(found(&stored, 1_010, 1_020), Vec::<Vec<_>>::new());
        assert_eq!(found(&[], 7, 9), [[(7, 9)]]);
    }

    #[test]
    fn rows_are_taken_whole_and_holes_between_them_too() {
        let stored = [(100, 111), (120, 1_999)];
        assert_eq!(
            bounds(&[(104, 107), (108, 111)], &stored, 105, 108),
            [(104, 107, true), (108, 111, true)]
        );
        // The hole after a row, as far as it was asked for; and one that is wider than a window.
        assert_eq!(
            bounds(&[(108, 111)], &stored, 110, 114),
            [(108, 111, true), (112, 114, false)]
        );
        assert_eq!(bounds(&[], &stored, 113, 114), [(113, 114, false)]);
        assert_eq!(
            bounds(&[], &[(1, 9), (2_000, 2_003)], 10, 1_100),
            [(10, 511, false), (512, 1_023, false), (1_024, 1_100, false)]
        );
        // What was never stored is not repaired.
        assert_eq!(bounds(&[], &stored, 1, 99), []);
        assert_eq!(bounds(&[(100, 103)], &stored, 1, 101), [(100, 103, true)]);
    }
}
