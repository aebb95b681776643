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
