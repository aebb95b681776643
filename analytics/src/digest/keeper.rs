//! Keeps the digest up with the finalized chain. One writer, beside the indexer's; it reads facts and writes its own two
//! tables only: leaves first, then the checkpoint that makes them count.

use hypernode_warehouse::{Client, fail, settle_tables};

use super::encoding::{COLUMNS, Hash, Place, block_leaf, missing_leaf, next_event};
use super::header::Header;
use super::range::Range;
use super::store::{self, Checkpoint, HeaderRow, Leaf};
use crate::follow;
use crate::query::{self, Error};

/// Blocks of one step at most.
pub const STEP: u64 = 4_096;

/// See the module.
#[derive(Debug)]
pub struct Keeper {
    client: Client,
    header: Header,
    state: Option<State>,
}

/// The end of what is stored.
#[derive(Debug, Clone, Default)]
struct State {
    range: Range,
    /// Slot and hash of the newest block.
    last: Option<(u64, Hash)>,
    /// The newest header.
    header: Option<HeaderRow>,
    /// The newest change (ledger row or retraction) that was heeded.
    seq: u64,
}

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Leaves written.
    pub leaves: u64,
    /// Slot of the newest one.
    pub slot: Option<u64>,
}

#[derive(clickhouse::Row, serde::Deserialize)]
struct BlockRow {
    slot: u64,
    blockhash: Hash,
    parent_slot: u64,
    parent_blockhash: Hash,
}

impl Keeper {
    /// A keeper for the warehouse behind `client`, which must be allowed to write.
    #[must_use]
    pub fn new(client: Client, header: Header) -> Self {
        Self {
            client,
            header,
            state: None,
        }
    }

    /// From the next leaf on the digest is of these programs.
    pub fn set_header(&mut self, header: Header) {
        self.header = header;
    }

    /// Adds leaves for blocks that have become final, at most some thousands. After an error the next step begins with
    /// what is stored.
    ///
    /// # Errors
    /// When the warehouse does not answer, or holds what cannot be.
    pub async fn step(&mut self) -> Result<Step, Error> {
        let state = match self.state.take() {
            Some(state) => state,
            None => self.load().await?,
        };
        let (state, step) = self.extend(state).await?;
        self.state = Some(state);
        Ok(step)
    }

    /// The newest checkpoint; leaves beyond it are of a step that did not end.
    async fn load(&self) -> Result<State, Error> {
        // A checkpoint that a dead process, or a lost answer, left under way would claim leaves that are removed below.
        settle_tables(&self.client, "digest_").await?;
        let kept = store::newest(&self.client).await?;
        let count = kept.as_ref().map_or(0, |kept| kept.count);
        let (beyond, before): (u64, u64) = query::row(
            &self.client,
            "the leaves that the checkpoint counts",
            &format!(
                "SELECT countIf(number >= {count}), countIf(number < {count}) FROM digest_leaves"
            ),
        )
        .await?;
        if beyond > 0 {
            self.execute(&format!(
                "ALTER TABLE digest_leaves DELETE WHERE number >= {count} SETTINGS mutations_sync = 2"
            ))
            .await?;
        }
        let header = store::headers(&self.client).await?.pop();
        if before != count {
            // A checkpoint vouches for leaves that are not there: nothing that follows from it holds.
            tracing::warn!(
                leaves = before,
                of = count,
                "the digest lacks leaves; computing it anew"
            );
            self.forget_from(0).await?;
            return Ok(State {
                header,
                ..State::default()
            });
        }
        let Some(kept) = kept else {
            return Ok(State {
                header,
                ..State::default()
            });
        };
        Ok(State {
            range: store::resume(&kept)?,
            last: Some((kept.slot, kept.blockhash)),
            header,
            seq: kept.seq,
        })
    }

    async fn extend(&self, mut state: State) -> Result<(State, Step), Error> {
        state = self.heed_changes(state).await?;
        let Some(start) = follow::start(&self.client).await? else {
            return Ok((state, Step::default()));
        };
        state = self.head(state, self.header.text(start)).await?;
        let after = state.last.map_or(start, |(slot, _)| slot + 1);
        let Some(end) = follow::covered(&self.client, after, state.seq, STEP).await? else {
            return Ok((state, Step::default()));
        };
        let blocks = self.blocks(after, end).await?;
        let Some(last) = blocks.last() else {
            return Ok((state, Step::default()));
        };
        let events = self.events(after, last.slot).await?;
        let leaves = leaves(&mut state, &blocks, &events)?;
        self.write(&leaves, &state).await?;
        let step = Step {
            leaves: leaves.len() as u64,
            slot: state.last.map(|(slot, _)| slot),
        };
        Ok((state, step))
    }

    /// Adds a header where the newest one is another. Where the network, the map or the start is another, everything is
    /// computed anew: history was added before the start.
    async fn head(&self, mut state: State, text: String) -> Result<State, Error> {
        let newest = state.header.as_ref();
        if newest.is_some_and(|header| header.text == text) {
            return Ok(state);
        }
        if newest.is_some_and(|header| first_lines(&header.text) != first_lines(&text)) {
            self.forget_from(0).await?;
            self.execute("TRUNCATE TABLE digest_headers").await?;
            state = State {
                seq: state.seq,
                ..State::default()
            };
        }
        // Leaves may have been taken back behind the newest header: it stays in force where it was.
        let before = state.header.as_ref();
        let row = HeaderRow {
            number: before.map_or(0, |header| header.number + 1),
            leaves_before: before.map_or(0, |header| header.leaves_before.max(state.range.count())),
            text,
        };
        query::insert(
            &self.client,
            "a header of the digest",
            "digest_headers",
            std::slice::from_ref(&row),
        )
        .await?;
        fail::point("digest.header");
        state.header = Some(row);
        Ok(state)
    }

    /// Slots that were taken back, to be written anew, or stored late, where a hole had been given up: their leaves go, and
    /// come again. What changes after this is for the next step.
    async fn heed_changes(&self, state: State) -> Result<State, Error> {
        let last = state.last.map_or(0, |(slot, _)| slot);
        let heeded = follow::heed(&self.client, state.seq, last, async |from| {
            self.forget_from(from).await?;
            self.load().await
        });
        Ok(match heeded.await? {
            Some((again, seq)) => State {
                seq,
                ..again.unwrap_or(state)
            },
            None => state,
        })
    }

    /// Removes what is of slots from `slot` on: checkpoints first, leaves beyond the newest one do not count.
    async fn forget_from(&self, slot: u64) -> Result<(), Error> {
        for table in ["digest_checkpoints", "digest_leaves"] {
            self.execute(&format!(
                "ALTER TABLE {table} DELETE WHERE slot >= {slot} SETTINGS mutations_sync = 2"
            ))
            .await?;
        }
        Ok(())
    }

    async fn blocks(&self, from: u64, to: u64) -> Result<Vec<Place>, Error> {
        let sql = format!(
            "SELECT slot, blockhash, parent_slot, parent_blockhash FROM blocks WHERE slot BETWEEN {from} AND {to} \
             ORDER BY slot LIMIT {STEP}"
        );
        let rows: Vec<BlockRow> = query::rows(&self.client, "final blocks", &sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| Place {
                slot: row.slot,
                blockhash: row.blockhash,
                parent_slot: row.parent_slot,
                parent_blockhash: row.parent_blockhash,
            })
            .collect())
    }

    async fn events(&self, from: u64, to: u64) -> Result<Vec<u8>, Error> {
        let sql = format!(
            "SELECT {} FROM canonical_events WHERE slot BETWEEN {from} AND {to} \
             ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal",
            COLUMNS.join(", ")
        );
        query::bytes(&self.client, "canonical events", &sql, "RowBinary").await
    }

    async fn write(&self, leaves: &[Leaf], state: &State) -> Result<(), Error> {
        let what = "leaves of the digest";
        query::insert(&self.client, what, "digest_leaves", leaves).await?;
        fail::point("digest.leaves");
        let Some((slot, blockhash)) = state.last else {
            return Ok(());
        };
        let kept = Checkpoint {
            count: state.range.count(),
            slot,
            blockhash,
            peaks: state.range.peaks().to_vec(),
            seq: state.seq,
        };
        query::insert(&self.client, what, "digest_checkpoints", &[kept]).await?;
        fail::point("digest.checkpoint");
        Ok(())
    }

    async fn execute(&self, sql: &str) -> Result<(), Error> {
        query::execute(&self.client, "keeping the digest", sql).await
    }
}

/// Everything before the IDLs: what cannot change within one digest.
fn first_lines(header: &str) -> String {
    let lines = header.lines().take_while(|line| !line.starts_with("idl "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The leaves of blocks and of holes between them that were given up; `state` goes on.
fn leaves(state: &mut State, blocks: &[Place], events: &[u8]) -> Result<Vec<Leaf>, Error> {
    let mut events = events;
    let mut next = take(&mut events)?;
    let mut leaves = Vec::with_capacity(blocks.len());
    let mut add = |range: &mut Range, slot: u64, leaf: Hash| {
        leaves.push(Leaf {
            number: range.count(),
            slot,
            leaf,
        });
        range.append(leaf);
    };
    for block in blocks {
        if let Some((slot, hash)) = state.last
            && (slot, hash) != (block.parent_slot, block.parent_blockhash)
        {
            let (from, to) = (slot + 1, block.slot.saturating_sub(1));
            add(&mut state.range, to, missing_leaf(from, to));
        }
        let mut own = Vec::new();
        while let Some((slot, event)) = next
            && slot <= block.slot
        {
            if slot < block.slot {
                return Err(Error::Shape {
                    what: "canonical events",
                    problem: "an event of a slot that has no block",
                });
            }
            own.push(event);
            next = take(&mut events)?;
        }
        let leaf = block_leaf(
            block.slot,
            &block.blockhash,
            block.parent_slot,
            &block.parent_blockhash,
            &own,
        );
        add(&mut state.range, block.slot, leaf);
        state.last = Some((block.slot, block.blockhash));
    }
    Ok(leaves)
}

fn take<'a>(events: &mut &'a [u8]) -> Result<Option<(u64, &'a [u8])>, Error> {
    if events.is_empty() {
        return Ok(None);
    }
    next_event(events).map(Some).ok_or(Error::Shape {
        what: "canonical events",
        problem: "an event that ends too early",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(slot: u64, parent: u64) -> Place {
        Place {
            slot,
            blockhash: [slot as u8; 32],
            parent_slot: parent,
            parent_blockhash: [parent as u8; 32],
        }
    }

    // I-30.
    #[test]
    fn steps_of_any_size_make_the_same_leaves() {
        let blocks: Vec<Place> = [(5, 4), (6, 5), (9, 6), (10, 9), (20, 17), (21, 20)]
            .map(|(slot, parent)| place(slot, parent))
            .to_vec();
        let mut whole = State::default();
        let all = leaves(&mut whole, &blocks, &[]).expect("leaves");
        // One for each block, and one for 11 to 19, of which 18 and 19 could be empty but 17 is not here.
        assert_eq!(all.len(), 7);
        assert_eq!(all[4].leaf, missing_leaf(11, 19));
        for size in 1..blocks.len() {
            let mut state = State::default();
            let mut parts = Vec::new();
            for part in blocks.chunks(size) {
                parts.extend(leaves(&mut state, part, &[]).expect("leaves"));
            }
            assert_eq!((parts, state.range), (all.clone(), whole.range.clone()));
        }
    }

    #[test]
    fn an_event_without_its_block_is_refused() {
        let mut state = State::default();
        assert!(leaves(&mut state, &[place(5, 4)], &[1, 2, 3]).is_err());
    }
}
