//! Budgets and reservations in SQL.

use rusqlite::params;

use super::db::Db;
use super::exec::{Cx, Stop};
use super::values::{Amount, Count};
use crate::budgets::{
    Budget, BudgetAnswer, BudgetOp, BudgetQuery, BudgetRefusal, BudgetReply, BudgetReserve,
    BudgetSettle, Reservation, Settled,
};
use crate::ids::Address;

pub(super) fn run(cx: &Cx<'_, '_>, op: &BudgetOp) -> Result<BudgetReply, Stop> {
    Ok(match op {
        BudgetOp::BudgetReserve(op) => BudgetReply::BudgetReserve(reserve(cx, op)?),
        BudgetOp::BudgetSettle(op) => BudgetReply::BudgetSettle(settle(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &BudgetQuery) -> rusqlite::Result<BudgetAnswer> {
    Ok(match query {
        BudgetQuery::Reserved(query) => BudgetAnswer::Reserved(budget(db, query.owner)?),
        BudgetQuery::GetReservation(query) => {
            BudgetAnswer::GetReservation(reservation(db, &query.job)?)
        }
    })
}

fn budget(db: &Db<'_>, owner: Address) -> rusqlite::Result<Budget> {
    let sql = "SELECT reserved, open, spent FROM budgets WHERE owner = ?1";
    let budget = db.first(sql, [owner], |row| {
        let (Amount(reserved), Count(open)) = (row.get(0)?, row.get(1)?);
        let Amount(spent) = row.get(2)?;
        Ok(Budget {
            reserved,
            open,
            spent,
        })
    })?;
    Ok(budget.unwrap_or_default())
}

fn reservation(db: &Db<'_>, job: &str) -> rusqlite::Result<Option<Reservation>> {
    let sql = "SELECT owner, amount, charged FROM reservations WHERE job = ?1";
    db.first(sql, [job], |row| {
        let Amount(amount) = row.get(1)?;
        let charged: Option<Amount> = row.get(2)?;
        Ok(Reservation {
            owner: row.get(0)?,
            amount,
            charged: charged.map(|Amount(charged)| charged),
        })
    })
}

fn keep(cx: &Cx<'_, '_>, owner: Address, budget: Budget) -> rusqlite::Result<()> {
    let sql = "INSERT INTO budgets (owner, reserved, open, spent) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (owner) DO UPDATE SET reserved = excluded.reserved, open = excluded.open, spent = excluded.spent";
    let (reserved, open) = (Amount(budget.reserved), Count(budget.open));
    cx.execute(sql, params![owner, reserved, open, Amount(budget.spent)])
        .map(drop)
}

fn reserve(cx: &Cx<'_, '_>, op: &BudgetReserve) -> Result<Budget, Stop> {
    let before = reservation(cx.db, &op.job)?;
    if let Some(Reservation {
        charged: None,
        amount,
        ..
    }) = before
    {
        let job = op.job.clone();
        return Err(BudgetRefusal::Open { job, amount }.into());
    }
    let mut budget = budget(cx.db, op.owner)?;
    let cap = op.cap.unwrap_or(u64::MAX);
    let sum = budget.reserved.checked_add(op.amount);
    let Some(reserved) = sum.filter(|sum| *sum <= cap) else {
        return Err(BudgetRefusal::CapExceeded {
            owner: op.owner,
            reserved: budget.reserved,
            cap,
            amount: op.amount,
        }
        .into());
    };
    budget.reserved = reserved;
    budget.open += 1;
    keep(cx, op.owner, budget)?;
    let sql = "INSERT INTO reservations (job, owner, amount) VALUES (?1, ?2, ?3)
               ON CONFLICT (job) DO UPDATE SET owner = excluded.owner, amount = excluded.amount, charged = NULL";
    cx.execute(sql, params![op.job, op.owner, Amount(op.amount)])?;
    Ok(budget)
}

fn settle(cx: &Cx<'_, '_>, op: &BudgetSettle) -> Result<Settled, Stop> {
    let job = || op.job.clone();
    let before = reservation(cx.db, &op.job)?;
    let Reservation {
        owner,
        amount,
        charged: before,
    } = before.ok_or_else(|| BudgetRefusal::Unknown { job: job() })?;
    if let Some(charged) = before {
        let job = job();
        return Err(BudgetRefusal::Settled { job, charged }.into());
    }
    let charged = op.charged;
    let Some(released) = amount.checked_sub(charged) else {
        return Err(BudgetRefusal::Exceeds {
            job: job(),
            amount,
            charged,
        }
        .into());
    };
    let mut budget = budget(cx.db, owner)?;
    let Some(spent) = budget.spent.checked_add(charged) else {
        return Err(BudgetRefusal::TooMuch {
            owner,
            spent: budget.spent,
            charged,
        }
        .into());
    };
    // The sum holds this reservation, so that neither can go below 0.
    budget.reserved = budget.reserved.saturating_sub(amount);
    budget.open = budget.open.saturating_sub(1);
    budget.spent = spent;
    keep(cx, owner, budget)?;
    let sql = "UPDATE reservations SET charged = ?2 WHERE job = ?1";
    cx.execute(sql, params![op.job, Amount(charged)])?;
    Ok(Settled {
        owner,
        released,
        budget,
    })
}
