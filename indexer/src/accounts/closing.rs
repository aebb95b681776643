//! Closed accounts before the next snapshot finds them.
//!
//! A filter by owner does not show a closing: the account belongs to the system program by then. But the instruction
//! that closed it is stored, and names it; if the stream said nothing of the account at that slot or later, one question
//! by RPC tells whether it is gone.

use std::sync::Arc;

use clickhouse::Row;
use hypernode_decoder::accounts::{AccountDecoder, AccountRows, AccountSource, ClosedAccount};
use hypernode_decoder::chain::Pubkey;
use hypernode_warehouse::{Client, WarehouseError};
use serde::Deserialize;

use super::rpc::{Account, MAX_KEYS, Rpc};
use super::snapshot::SnapshotError;
use super::store::insert;

/// An account that an instruction named after it was last seen.
#[derive(Debug, Row, Deserialize)]
struct Suspect {
    pubkey: Pubkey,
    owner: Pubkey,
    slot: u64,
    account: String,
    layout: String,
}

/// Looks for closed accounts among those that successful instructions named after `since`, up to `until`; returns how
/// many it found.
pub(super) async fn find(
    client: &Client,
    rpc: &Rpc,
    decoder: &Arc<AccountDecoder>,
    since: u64,
    until: u64,
) -> Result<u64, SnapshotError> {
    let suspects = suspects(client, since, until).await?;
    let mut closed = 0;
    for some in suspects.chunks(MAX_KEYS) {
        let keys: Vec<Pubkey> = some.iter().map(|suspect| suspect.pubkey).collect();
        let answer = rpc.accounts(&keys, until).await?;
        let read = answer.read::<Option<Account<'_>>>()?;
        let slot = read.context.slot;
        let mut rows = AccountRows::new(decoder);
        for (suspect, account) in some.iter().zip(&read.value) {
            let owner = account.as_ref().map(Account::owner).transpose()?;
            if owner == Some(suspect.owner) || slot < suspect.slot {
                continue;
            }
            let gone = ClosedAccount {
                pubkey: &suspect.pubkey,
                slot,
                write_version: u64::from(slot == suspect.slot),
                owner: &suspect.owner,
                source: AccountSource::Snapshot,
                account: &suspect.account,
                layout: &suspect.layout,
            };
            closed += u64::from(decoder.close(&gone, &mut rows));
        }
        insert(client, &rows.take()).await?;
    }
    Ok(closed)
}

async fn suspects(client: &Client, since: u64, until: u64) -> Result<Vec<Suspect>, WarehouseError> {
    let named = format!(
        "SELECT arrayJoin(accounts) AS pubkey, max(slot) AS named_at FROM instructions \
         WHERE slot > {since} AND slot <= {until} AND result = 'ok' GROUP BY pubkey"
    );
    let sql = format!(
        "SELECT pubkey, last.1 AS owner, last.2 AS slot, last.3 AS account, last.4 AS layout FROM (\
         SELECT pubkey, argMax((owner, slot, toString(account), toString(layout), closed), (slot, write_version)) AS last \
         FROM account_versions WHERE pubkey IN (SELECT pubkey FROM ({named}) AS m) GROUP BY pubkey) AS known \
         INNER JOIN ({named}) AS n USING (pubkey) \
         WHERE NOT last.5 AND last.2 < named_at ORDER BY pubkey LIMIT 10000"
    );
    client.rows::<Suspect>(&sql).await
}
