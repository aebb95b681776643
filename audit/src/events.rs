//! What a transaction says of nodes and jobs, in the words of HNR-1.

use hypernode_schemas::canonical::Kind;
use hypernode_schemas::table::TableRows;
use hypernode_score::What;

use crate::keys::Key;
use crate::native::Columns;

/// The table that says it.
pub(crate) const TABLE: &str = "canonical_events";

/// One canonical event, where it stands in its transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Outer instruction, inner instruction (-1 = the outer one), number within it: the order of a transaction's events.
    pub(crate) place: (u16, i32, u32),
    /// The program that says so.
    pub(crate) program: Key,
    /// What it says.
    pub(crate) says: Says,
}

/// See [`Event`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Says {
    /// A node was registered.
    Registered {
        node: Key,
        owner: Key,
        name: Vec<u8>,
    },
    /// A node was taken away.
    Deregistered { node: Key },
    /// Something happened to a job.
    Job { job: Key, what: What },
}

/// The events of a block of `canonical_events` that a score can follow from. `None` where its layout is another one.
pub(crate) fn read(rows: &TableRows) -> Option<Vec<Event>> {
    let columns = Columns::read(rows)?;
    let mut events = Vec::new();
    for row in 0..columns.rows {
        let Some(says) = says(&columns, row)? else {
            continue;
        };
        events.push(Event {
            place: (
                u16::from_le_bytes(columns.fixed("outer_ix", row)?),
                i32::from_le_bytes(columns.fixed("inner_ix", row)?),
                u32::from_le_bytes(columns.fixed("ordinal", row)?),
            ),
            program: columns.fixed("program", row)?,
            says,
        });
    }
    Some(events)
}

/// The inner `None`: nothing that counts.
fn says(columns: &Columns<'_>, row: usize) -> Option<Option<Says>> {
    let key = |name: &str| columns.fixed::<32>(name, row);
    let number = |name: &str| columns.fixed(name, row).map(u64::from_le_bytes);
    let is = |kind: Kind, found: i8| kind as i8 == found;
    let [kind] = columns.fixed::<1>("kind", row)?.map(|byte| byte as i8);
    let what = match kind {
        _ if is(Kind::NodeRegistered, kind) => {
            return Some(Some(Says::Registered {
                node: key("node")?,
                owner: key("operator")?,
                name: columns.text("node_name", row)?.to_vec(),
            }));
        }
        _ if is(Kind::NodeDeregistered, kind) => {
            return Some(Some(Says::Deregistered { node: key("node")? }));
        }
        _ if is(Kind::JobCreated, kind) => What::Created {
            requester: key("requester")?,
            price: number("price")?,
        },
        _ if is(Kind::JobAssigned, kind) => What::Assigned {
            node: key("node")?,
            operator: key("operator")?,
            authority: key("authority")?,
        },
        _ if is(Kind::JobCompleted, kind) => What::Completed {
            operator: key("operator")?,
        },
        _ if is(Kind::JobFailed, kind) => What::Failed { node: key("node")? },
        _ if is(Kind::JobCancelled, kind) => What::Cancelled,
        _ if is(Kind::PaymentDistributed, kind) => What::Settled {
            treasury: key("treasury")?,
            incentive: key("incentive")?,
            treasury_amount: number("treasury_amount")?,
            incentive_amount: number("incentive_amount")?,
        },
        _ => return Some(None),
    };
    Some(Some(Says::Job {
        job: key("job")?,
        what,
    }))
}
