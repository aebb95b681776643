//! Retention.

use rusqlite::params;

use crate::jobs::JobsTrim;
use crate::sqlite::exec::{Cx, Stop};

pub(super) fn trim(cx: &Cx<'_, '_>, op: &JobsTrim) -> Result<u64, Stop> {
    let sql = "SELECT j.number, j.id FROM jobs AS j
               WHERE j.open = 0 AND j.state = ?1 AND j.changed_at <= ?2
                   AND NOT EXISTS (SELECT 1 FROM credits AS c WHERE c.job = j.id AND c.at > ?2)
                   AND NOT EXISTS (SELECT 1 FROM reservations AS r WHERE r.job = j.id AND r.charged IS NULL)
               ORDER BY j.changed_at, j.number LIMIT ?3";
    let mut left = i64::from(op.limit);
    for state in op.states.each() {
        if left == 0 {
            break;
        }
        let params = params![state, op.before, left];
        let over: Vec<(i64, String)> = cx
            .db
            .all(sql, params, |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (number, id) in &over {
            cx.execute("DELETE FROM receipts WHERE job = ?1", [id])?;
            cx.execute("DELETE FROM reservations WHERE job = ?1", [id])?;
            cx.execute("DELETE FROM job_contents WHERE number = ?1", [number])?;
            cx.execute("DELETE FROM job_outcomes WHERE number = ?1", [number])?;
            cx.execute("DELETE FROM jobs WHERE number = ?1", [number])?;
        }
        left -= over.len() as i64;
    }
    Ok(u64::from(op.limit) - left.cast_unsigned())
}
