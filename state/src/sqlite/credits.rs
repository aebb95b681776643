//! Credits and their sums in SQL.

use rusqlite::{Row, params};

use super::db::Db;
use super::exec::{Cx, Stop};
use super::values::{Amount, Count};
use crate::credits::{
    CreditAdd, CreditAnswer, CreditOp, CreditQuery, CreditRecord, CreditRefusal, CreditReply,
    Earner, Earnings, ListCredits,
};

pub(super) fn run(cx: &Cx<'_, '_>, op: &CreditOp) -> Result<CreditReply, Stop> {
    match op {
        CreditOp::CreditAdd(op) => add(cx, op).map(CreditReply::CreditAdd),
    }
}

pub(super) fn ask(db: &Db<'_>, query: &CreditQuery) -> rusqlite::Result<CreditAnswer> {
    Ok(match query {
        CreditQuery::GetCredit(query) => CreditAnswer::GetCredit(get(db, &query.job)?),
        CreditQuery::ListCredits(query) => CreditAnswer::ListCredits(list(db, query)?),
        CreditQuery::Earned(query) => CreditAnswer::Earned(earned(db, &query.by)?),
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, job, fence, node, wallet, cost, operator, treasury, incentive, orchestrator, at FROM credits ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> rusqlite::Result<CreditRecord> {
    let Count(seq) = row.get(0)?;
    let amount = |column| row.get(column).map(|Amount(amount)| amount);
    Ok(CreditRecord {
        seq,
        job: row.get(1)?,
        fence: row.get(2)?,
        node: row.get(3)?,
        wallet: row.get(4)?,
        cost: amount(5)?,
        operator: amount(6)?,
        treasury: amount(7)?,
        incentive: amount(8)?,
        orchestrator: amount(9)?,
        at: row.get(10)?,
    })
}

fn get(db: &Db<'_>, job: &str) -> rusqlite::Result<Option<CreditRecord>> {
    db.first(select!("WHERE job = ?1"), [job], read)
}

fn list(db: &Db<'_>, query: &ListCredits) -> rusqlite::Result<Vec<CreditRecord>> {
    let (after, limit) = (Count(query.after), query.limit);
    match &query.by {
        Earner::All => {
            let sql = select!("WHERE seq > ?1 ORDER BY seq LIMIT ?2");
            db.all(sql, params![after, limit], read)
        }
        Earner::Node(node) => {
            let sql = select!("WHERE node = ?3 AND seq > ?1 ORDER BY seq LIMIT ?2");
            db.all(sql, params![after, limit, node], read)
        }
        Earner::Wallet(wallet) => {
            let sql = select!("WHERE wallet = ?3 AND seq > ?1 ORDER BY seq LIMIT ?2");
            db.all(sql, params![after, limit, wallet], read)
        }
    }
}

/// An earner in the table of sums.
fn key(by: &Earner) -> (i64, &[u8]) {
    match by {
        Earner::All => (0, &[]),
        Earner::Node(node) => (1, node.as_bytes()),
        Earner::Wallet(wallet) => (2, &wallet.0),
    }
}

fn earned(db: &Db<'_>, by: &Earner) -> rusqlite::Result<Earnings> {
    let (earner, name) = key(by);
    let sql = "SELECT credits, cost, operator FROM earnings WHERE earner = ?1 AND name = ?2";
    let sums = db.first(sql, params![earner, name], |row| {
        let (Count(credits), Amount(cost)) = (row.get(0)?, row.get(1)?);
        let Amount(operator) = row.get(2)?;
        Ok(Earnings {
            credits,
            cost,
            operator,
        })
    })?;
    Ok(sums.unwrap_or_default())
}

fn keep(cx: &Cx<'_, '_>, by: &Earner, sums: Earnings) -> rusqlite::Result<()> {
    let (earner, name) = key(by);
    let sql =
        "INSERT INTO earnings (earner, name, credits, cost, operator) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (earner, name) DO UPDATE SET
                   credits = excluded.credits, cost = excluded.cost, operator = excluded.operator";
    let (credits, cost, operator) = (
        Count(sums.credits),
        Amount(sums.cost),
        Amount(sums.operator),
    );
    cx.execute(sql, params![earner, name, credits, cost, operator])
        .map(drop)
}

fn add(cx: &Cx<'_, '_>, op: &CreditAdd) -> Result<u64, Stop> {
    if let Some(before) = get(cx.db, &op.job)? {
        return Err(CreditRefusal::Exists {
            job: before.job,
            seq: before.seq,
            node: before.node,
            fence: before.fence,
        }
        .into());
    }
    let earners = [
        Earner::All,
        Earner::Node(op.node.clone()),
        Earner::Wallet(op.wallet),
    ];
    let mut sums = Vec::with_capacity(earners.len());
    for earner in &earners {
        sums.push(earned(cx.db, earner)?.with(op.cost, op.operator));
    }
    let sql = "INSERT INTO credits (job, fence, node, wallet, cost, operator, treasury, incentive, orchestrator, at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let params = params![
        op.job,
        op.fence,
        op.node,
        op.wallet,
        Amount(op.cost),
        Amount(op.operator),
        Amount(op.treasury),
        Amount(op.incentive),
        Amount(op.orchestrator),
        op.at
    ];
    cx.execute(sql, params)?;
    let seq = cx.db.last_row().cast_unsigned();
    for (earner, sums) in earners.iter().zip(sums) {
        keep(cx, earner, sums)?;
    }
    Ok(seq)
}
