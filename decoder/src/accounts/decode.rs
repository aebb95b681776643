//! One observation into rows.

use super::node::NodePlan;
use super::rows::{self, KEY_STREAMS, VersionRow};
use super::{
    AccountDecoder, AccountOutcome, AccountRows, AccountSource, AccountVersion, ClosedAccount,
};
use crate::chain::Pubkey;
use crate::column::Table;
use crate::lookup::Lookup;
use crate::plan::{self, Plan, StreamDefault};

/// Largest row that an account may need: one of 10 MiB can hold a list whose elements cost much more than they
/// are long.
const MAX_ROW: u64 = 512 << 20;

/// A program that owns accounts.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) label: String,
    pub(super) id: Pubkey,
    /// Ascending by slot.
    pub(super) versions: Vec<Version>,
}

/// Its account types from a slot on.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) from_slot: u64,
    pub(super) lookup: Lookup,
    pub(super) kinds: Vec<Kind>,
}

/// An account type.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: String,
    /// At least one.
    pub(super) layouts: Vec<Layout>,
    /// The one that configuration chose.
    pub(super) chosen: Option<usize>,
}

/// One way in which it is laid out.
#[derive(Debug)]
pub(super) struct Layout {
    /// '' where there is no choice.
    pub(super) name: String,
    pub(super) lengths: Vec<usize>,
    /// How to decode it, or why it cannot be.
    pub(super) typed: Result<Typed, String>,
}

/// A layout that has a table.
#[derive(Debug)]
pub(super) struct Typed {
    /// Its streams are numbered as the table's after the key.
    pub(super) plan: Plan,
    /// Number of the table among the typed ones.
    pub(super) table: usize,
    /// Streams of the table that this layout lacks.
    pub(super) lacking: Vec<(u32, StreamDefault)>,
    pub(super) node: Option<NodePlan>,
}

/// Why there is no typed row.
struct Miss<'a> {
    account: &'a str,
    reason: &'static str,
    detail: String,
}

/// A typed row was written.
struct Hit<'a> {
    account: &'a str,
    layout: &'a str,
}

impl AccountDecoder {
    /// Decodes an observation into rows. Never fails: what cannot be decoded has a reason in `account_versions`.
    pub fn decode(&self, seen: &AccountVersion<'_>, rows: &mut AccountRows) -> AccountOutcome {
        debug_assert!(rows.belongs_to(self), "rows of another decoder");
        let owner = self.index.get(seen.owner).and_then(|i| self.owners.get(*i));
        let Some(owner) = owner else {
            return AccountOutcome::Foreign;
        };
        let result = owner.decode(seen, rows);
        let (account, layout, reason, detail) = match &result {
            Ok(hit) => (hit.account, hit.layout, "", ""),
            Err(miss) => (miss.account, "", miss.reason, miss.detail.as_str()),
        };
        let row = VersionRow {
            seen,
            label: &owner.label,
            account,
            layout,
            closed: false,
            reason,
            detail,
        };
        row.write(rows);
        match result {
            Ok(_) => AccountOutcome::Decoded,
            Err(_) => AccountOutcome::Undecoded,
        }
    }

    /// Writes that an account is gone. `false`: no configured program owned it.
    pub fn close(&self, closed: &ClosedAccount<'_>, rows: &mut AccountRows) -> bool {
        let owner = self
            .index
            .get(closed.owner)
            .and_then(|i| self.owners.get(*i));
        let Some(owner) = owner else {
            return false;
        };
        let row = VersionRow {
            seen: &AccountVersion {
                pubkey: closed.pubkey,
                slot: closed.slot,
                write_version: closed.write_version,
                owner: closed.owner,
                lamports: 0,
                executable: false,
                signature: None,
                source: closed.source,
                data: &[],
            },
            label: &owner.label,
            account: closed.account,
            layout: closed.layout,
            closed: true,
            reason: "",
            detail: "",
        };
        row.write(rows);
        true
    }
}

impl Owner {
    fn decode(
        &self,
        seen: &AccountVersion<'_>,
        rows: &mut AccountRows,
    ) -> Result<Hit<'_>, Miss<'_>> {
        let miss = |reason| {
            Err(Miss {
                account: "",
                reason,
                detail: String::new(),
            })
        };
        if seen.data.is_empty() {
            return miss("empty");
        }
        if seen.data.iter().all(|byte| *byte == 0) {
            return miss("uninitialised");
        }
        let before = self.versions.partition_point(|v| v.from_slot <= seen.slot);
        let mut first = None;
        for version in self.versions.iter().take(before).rev() {
            match version.decode(self, seen, rows) {
                Ok(hit) => return Ok(hit),
                // What the version in force says is the reason.
                Err(miss) => {
                    first.get_or_insert(miss);
                }
            }
        }
        first.map_or_else(|| miss("no_version"), Err)
    }
}

impl Version {
    fn decode<'a>(
        &'a self,
        owner: &Owner,
        seen: &AccountVersion<'_>,
        rows: &mut AccountRows,
    ) -> Result<Hit<'a>, Miss<'a>> {
        let found = self.lookup.find(seen.data);
        let Some((kind, body)) = found.and_then(|(i, body)| Some((self.kinds.get(i)?, body)))
        else {
            let short = seen.data.len() < self.lookup.shortest();
            return Err(Miss {
                account: "",
                reason: if short {
                    "short"
                } else {
                    "unknown_discriminator"
                },
                detail: String::new(),
            });
        };
        let miss = |reason, detail| {
            Err(Miss {
                account: &kind.name,
                reason,
                detail,
            })
        };
        let Some(layout) = kind.layout(seen.data.len(), body, rows) else {
            let detail = format!(
                "{} bytes are the length of no layout, and not exactly one fits the content; \
                 programs.{}.account_layout chooses one",
                seen.data.len(),
                owner.label
            );
            return miss("layout", detail);
        };
        let typed = match &layout.typed {
            Ok(typed) => typed,
            Err(why) => return miss("unsupported", why.clone()),
        };
        match typed.write(seen, body, rows) {
            Ok(()) => {
                if let Some(node) = &typed.node {
                    rows::node_row(node, typed.table, owner, &layout.name, seen, rows);
                }
                if let Some(table) = rows.typed(typed.table) {
                    table.commit();
                }
                Ok(Hit {
                    account: &kind.name,
                    layout: &layout.name,
                })
            }
            Err(detail) => miss("decode", detail),
        }
    }
}

impl Kind {
    /// The layout of an account of so many bytes. Where length tells nothing, the one whose value ends where the
    /// account does.
    fn layout(&self, length: usize, body: &[u8], rows: &mut AccountRows) -> Option<&Layout> {
        if let [only] = self.layouts.as_slice() {
            return Some(only);
        }
        if let Some(chosen) = self.chosen {
            return self.layouts.get(chosen);
        }
        let by_length = self.layouts.iter().find(|l| l.lengths.contains(&length));
        if by_length.is_some() {
            return by_length;
        }
        let mut fitting = self.layouts.iter().filter(|layout| {
            let typed = layout.typed.as_ref().ok();
            typed.is_some_and(|typed| typed.consumes_all(body, rows))
        });
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }
}

impl Typed {
    /// Writes the row without making it final; on failure nothing is left of it.
    fn write(
        &self,
        seen: &AccountVersion<'_>,
        body: &[u8],
        rows: &mut AccountRows,
    ) -> Result<(), String> {
        let Some(table) = rows.typed(self.table) else {
            return Err("no table".into());
        };
        table
            .row()
            .fixed(seen.pubkey)
            .u64(seen.slot)
            .u64(seen.write_version);
        self.run(body, table).map(drop)
    }

    fn consumes_all(&self, body: &[u8], rows: &mut AccountRows) -> bool {
        let Some(table) = rows.typed(self.table) else {
            return false;
        };
        let whole = self.run(body, table).is_ok_and(<[u8]>::is_empty);
        table.rollback();
        whole
    }

    fn run<'a>(&self, body: &'a [u8], table: &mut Table) -> Result<&'a [u8], String> {
        let most = self.plan.cost.of(body.len());
        if most > MAX_ROW {
            return Err(format!("its columns could need {most} bytes"));
        }
        let streams = table.streams.get_mut(KEY_STREAMS..).unwrap_or_default();
        match plan::run(&self.plan.ops, body, streams) {
            Ok(rest) => {
                for (stream, default) in &self.lacking {
                    if let Some(stream) = streams.get_mut(*stream as usize) {
                        default.write(stream);
                    }
                }
                Ok(rest)
            }
            Err(error) => {
                table.rollback();
                let field = self.plan.owners.get(error.stream as usize);
                Err(format!(
                    "field `{}`: {}",
                    field.map_or("", String::as_str),
                    error.fault
                ))
            }
        }
    }
}

/// Number in the `source` column.
pub(super) fn source(source: AccountSource) -> u8 {
    match source {
        AccountSource::Stream => 1,
        AccountSource::Snapshot => 2,
    }
}
