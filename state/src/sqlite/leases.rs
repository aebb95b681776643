//! Named leases in SQL.

use rusqlite::params;

use super::db::Db;
use super::exec::{Cx, Stop};
use super::values::Count;
use crate::leases::{
    LeaseAcquire, LeaseAnswer, LeaseOp, LeaseQuery, LeaseRecord, LeaseRefusal, LeaseRelease,
    LeaseRenew, LeaseReply,
};

pub(super) fn run(cx: &Cx<'_, '_>, op: &LeaseOp) -> Result<LeaseReply, Stop> {
    Ok(match op {
        LeaseOp::LeaseAcquire(op) => LeaseReply::LeaseAcquire(acquire(cx, op)?),
        LeaseOp::LeaseRenew(op) => LeaseReply::LeaseRenew(renew(cx, op)?),
        LeaseOp::LeaseRelease(op) => LeaseReply::LeaseRelease(release(cx, op)?),
        LeaseOp::RequireLease(op) => {
            held(cx, &op.role, op.fence)?;
            LeaseReply::RequireLease(())
        }
    })
}

pub(super) fn ask(db: &Db<'_>, query: &LeaseQuery) -> rusqlite::Result<LeaseAnswer> {
    match query {
        LeaseQuery::GetLease(query) => get(db, &query.role).map(LeaseAnswer::GetLease),
    }
}

fn get(db: &Db<'_>, role: &str) -> rusqlite::Result<Option<LeaseRecord>> {
    let sql = "SELECT role, holder, fence, until FROM leases WHERE role = ?1";
    db.first(sql, [role], |row| {
        let Count(fence) = row.get(2)?;
        Ok(LeaseRecord {
            role: row.get(0)?,
            holder: row.get(1)?,
            fence,
            until: row.get(3)?,
        })
    })
}

/// The lease, if `fence` holds it.
fn held(cx: &Cx<'_, '_>, role: &str, fence: u64) -> Result<LeaseRecord, Stop> {
    let lease = get(cx.db, role)?;
    let current = lease.as_ref().map_or(0, |lease| lease.fence);
    lease
        .filter(|lease| lease.fence == fence && lease.holder.is_some())
        .ok_or_else(|| {
            let role = role.to_owned();
            LeaseRefusal::Lost {
                role,
                given: fence,
                current,
            }
            .into()
        })
}

fn acquire(cx: &Cx<'_, '_>, op: &LeaseAcquire) -> Result<LeaseRecord, Stop> {
    let before = get(cx.db, &op.role)?;
    let fence = before.as_ref().map_or(0, |lease| lease.fence) + 1;
    if let Some(LeaseRecord {
        role,
        holder: Some(holder),
        until,
        ..
    }) = before
        && holder != op.holder
        && op.now < until
    {
        return Err(LeaseRefusal::Held {
            role,
            holder,
            until,
        }
        .into());
    }
    let until = op.now.saturating_add(op.lease_ms);
    let sql = "INSERT INTO leases (role, holder, fence, until) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (role) DO UPDATE SET holder = excluded.holder, fence = excluded.fence, until = excluded.until";
    cx.execute(sql, params![op.role, op.holder, Count(fence), until])?;
    Ok(LeaseRecord {
        role: op.role.clone(),
        holder: Some(op.holder.clone()),
        fence,
        until,
    })
}

fn renew(cx: &Cx<'_, '_>, op: &LeaseRenew) -> Result<LeaseRecord, Stop> {
    let mut lease = held(cx, &op.role, op.fence)?;
    lease.until = lease.until.max(op.now.saturating_add(op.lease_ms));
    let sql = "UPDATE leases SET until = ?2 WHERE role = ?1";
    cx.execute(sql, params![op.role, lease.until])?;
    Ok(lease)
}

fn release(cx: &Cx<'_, '_>, op: &LeaseRelease) -> Result<(), Stop> {
    held(cx, &op.role, op.fence)?;
    let sql = "UPDATE leases SET holder = NULL WHERE role = ?1";
    cx.execute(sql, [&op.role])?;
    Ok(())
}
