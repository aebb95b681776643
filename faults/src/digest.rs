//! The index digest of what is stored, beside that of a clean run.

use anyhow::{Context as _, Result, bail};
use hypernode_analytics::digest::{At, Digest, Header, Keeper, at};
use hypernode_warehouse::Client;

use crate::store::{DATABASE, Store, TRUTH};

/// Brings both digests up to what is stored and compares them at the last slot that both know. What the indexer has
/// computed before its deaths is kept as it is: only what it lacks is added. Gives the slot, and how they differ if they do.
///
/// # Errors
/// What ClickHouse said; a side that has no digest at all.
pub async fn differs(store: &Store) -> Result<(u64, Option<String>)> {
    let sql = "SELECT text FROM digest_headers ORDER BY number DESC LIMIT 1";
    let texts: Vec<String> = store.client.rows(sql).await?;
    let header = match texts.first() {
        Some(text) => {
            Header::parse(text)
                .with_context(|| format!("a digest's header: {text}"))?
                .0
        }
        // It died too early to have one: any will do, for both.
        None => Header {
            genesis: "11111111111111111111111111111111".to_owned(),
            map_version: 1,
            idls: Vec::new(),
        },
    };
    let (stored, clean) = (
        newest(&store.client, &header).await?,
        newest(&store.truth, &header).await?,
    );
    let slot = stored.slot.min(clean.slot);
    let (stored, clean) = (
        known(&store.client, Some(slot)).await?,
        known(&store.truth, Some(slot)).await?,
    );
    if stored == clean {
        return Ok((slot, None));
    }
    let leaves = |database| format!("SELECT number, slot, leaf FROM {database}.digest_leaves");
    let sql = format!(
        "SELECT count(), arrayStringConcat(arraySlice(arraySort(groupArray(toString(slot))), 1, 8), ',') FROM \
         (SELECT number, slot, leaf FROM ({} UNION ALL {}) WHERE slot <= {slot} GROUP BY number, slot, leaf \
         HAVING count() != 2)",
        leaves(DATABASE),
        leaves(TRUTH)
    );
    let (leaves, slots) = store
        .client
        .rows::<(u64, String)>(&sql)
        .await?
        .pop()
        .unwrap_or_default();
    Ok((
        slot,
        Some(format!(
            "at slot {slot}: {} leaves, the clean run {}; headers are {}; {leaves} leaves differ, of slots {slots}",
            stored.leaves,
            clean.leaves,
            if stored.headers == clean.headers {
                "equal"
            } else {
                "other ones"
            },
        )),
    ))
}

async fn newest(client: &Client, header: &Header) -> Result<Digest> {
    let mut keeper = Keeper::new(client.clone(), header.clone());
    while keeper.step().await?.leaves > 0 {}
    known(client, None).await
}

async fn known(client: &Client, slot: Option<u64>) -> Result<Digest> {
    match at(client, slot).await? {
        At::Known(digest) => Ok(*digest),
        At::Outside(range) => bail!("no digest at slot {slot:?}: there are those of {range:?}"),
    }
}
