//! All accounts of every program at a stated slot, compared with what is known.

use std::collections::HashMap;
use std::sync::Arc;

use clickhouse::Row;
use hypernode_decoder::accounts::{
    AccountDecoder, AccountRows, AccountSource, AccountVersion, ClosedAccount,
};
use hypernode_decoder::chain::Pubkey;
use hypernode_warehouse::{Client, WarehouseError};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::coverage::{self, Coverage, hex};
use super::rpc::{Keyed, Rpc, RpcError};
use super::store::insert;

/// Bytes of rows that are sent at once.
const BATCH: usize = 8 << 20;

/// Why a snapshot was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("{0}")]
    Warehouse(#[from] WarehouseError),
    /// The endpoint is behind what the stream has told.
    #[error(
        "the RPC endpoint (rpc.url) is at slot {at}, before slot {first} where the stream began"
    )]
    Behind { at: u64, first: u64 },
}

/// What a snapshot found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Taken {
    /// Slot of each program's part.
    pub(super) slots: Vec<(Pubkey, u64)>,
    pub(super) accounts: u64,
    /// Rows written: new or changed accounts, and closed ones.
    pub(super) written: u64,
    pub(super) closed: u64,
}

/// Reads all accounts and writes what differs from what is known. `first`: the slot from which the stream is whole, where
/// it was not before; a snapshot of an earlier one would leave slots out.
pub(super) async fn take(
    client: &Client,
    rpc: &Rpc,
    decoder: &Arc<AccountDecoder>,
    first: Option<u64>,
) -> Result<Taken, SnapshotError> {
    let mut taken = Taken::default();
    for (label, program) in decoder.owners() {
        let (slot, part) = one(client, rpc, decoder, program, first).await?;
        let mark = Coverage::snapshot(*program, label, slot, part.accounts);
        coverage::record(client, &[mark]).await?;
        taken.slots.push((*program, slot));
        taken.accounts += part.accounts;
        taken.written += part.written;
        taken.closed += part.closed;
    }
    Ok(taken)
}

/// What is known of an account at the snapshot's slot.
#[derive(Debug, Row, Deserialize)]
struct Known {
    pubkey: Pubkey,
    slot: u64,
    lamports: u64,
    executable: bool,
    account: String,
    layout: String,
    hash: [u8; 32],
}

async fn one(
    client: &Client,
    rpc: &Rpc,
    decoder: &Arc<AccountDecoder>,
    program: &Pubkey,
    first: Option<u64>,
) -> Result<(u64, Taken), SnapshotError> {
    let answer = rpc.program_accounts(program).await?;
    let read = answer.read::<Keyed<'_>>()?;
    let slot = read.context.slot;
    if let Some(first) = first.filter(|first| slot < *first) {
        return Err(SnapshotError::Behind { at: slot, first });
    }
    let mut known = known(client, program, slot).await?;
    let mut taken = Taken {
        accounts: read.value.len() as u64,
        ..Taken::default()
    };
    let mut rows = AccountRows::new(decoder);
    for entry in &read.value {
        let (pubkey, owner, data) = (
            entry.pubkey()?,
            entry.account.owner()?,
            entry.account.data()?,
        );
        let account = &entry.account;
        let same = known.remove(&pubkey).is_some_and(|known| {
            known.lamports == account.lamports
                && known.executable == account.executable
                && known.hash[..] == Sha256::digest(&data)[..]
        });
        if same {
            continue;
        }
        let seen = AccountVersion {
            pubkey: &pubkey,
            slot,
            write_version: 0,
            owner: &owner,
            lamports: account.lamports,
            executable: account.executable,
            signature: None,
            source: AccountSource::Snapshot,
            data: &data,
        };
        decoder.decode(&seen, &mut rows);
        if rows.bytes() >= BATCH {
            taken.written += flush(client, &mut rows).await?;
        }
    }
    // What is left is known and not there: the program owns it no longer.
    for known in known.values() {
        let closed = ClosedAccount {
            pubkey: &known.pubkey,
            slot,
            write_version: u64::from(known.slot == slot),
            owner: program,
            source: AccountSource::Snapshot,
            account: &known.account,
            layout: &known.layout,
        };
        taken.closed += u64::from(decoder.close(&closed, &mut rows));
        if rows.bytes() >= BATCH {
            taken.written += flush(client, &mut rows).await?;
        }
    }
    taken.written += flush(client, &mut rows).await?;
    Ok((slot, taken))
}

async fn flush(client: &Client, rows: &mut AccountRows) -> Result<u64, WarehouseError> {
    let count = rows.accounts();
    insert(client, &rows.take()).await?;
    Ok(count)
}

/// The program's accounts that are open at a slot, as far as is known.
async fn known(
    client: &Client,
    program: &Pubkey,
    slot: u64,
) -> Result<HashMap<Pubkey, Known>, WarehouseError> {
    let sql = format!(
        "SELECT pubkey, last.1 AS slot, last.2 AS lamports, last.3 AS executable, last.4 AS account, \
         last.5 AS layout, last.6 AS hash FROM (\
         SELECT pubkey, argMax((slot, lamports, executable, toString(account), toString(layout), SHA256(data), closed), \
         (slot, write_version)) AS last FROM account_versions \
         WHERE owner = unhex('{}') AND slot <= {slot} GROUP BY pubkey) WHERE NOT last.7",
        hex(program)
    );
    let rows = client.rows::<Known>(&sql).await?;
    Ok(rows.into_iter().map(|row| (row.pubkey, row)).collect())
}
