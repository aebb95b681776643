//! How large what the store takes may be. What lies beyond is refused before it waits in the queue.

use crate::error::StoreError;
use crate::ids::UnixMs;

/// Bytes of a name: queue, topic, consumer, role, holder, worker, task id, key, owner.
pub const NAME: usize = 128;
/// Bytes of the id of a job or node: an address in base58 at most.
pub const ID: usize = 44;
/// Bytes of a job's kind.
pub const KIND: usize = 32;
/// Bytes of a job's or node's record.
pub const RECORD: usize = 16 << 10;
/// Bytes of what a job was submitted with.
pub const CONTENT: usize = 256 << 10;
/// Bytes of a job's outcome: result and logs.
pub const OUTCOME: usize = 1 << 20;
/// Bytes of a match receipt.
pub const RECEIPT: usize = 64 << 10;
/// States that a job may be in: 0 to one less than this.
pub const STATES: u8 = 16;
/// Bytes of a text for people or of a list of scopes: label, reason, audit detail.
pub const TEXT: usize = 2 << 10;
/// Bytes of a payload, result or stored response.
pub const PAYLOAD: usize = 1 << 20;
/// Operations of a unit.
pub const OPS: usize = 1_000;
/// Bytes of a unit, all operations together.
pub const UNIT: usize = 8 << 20;
/// Things that one operation touches or one query returns: claimed, expired, purged, listed.
pub const MANY: u32 = 1_000;
/// Jobs, credits or receipts of one answer.
pub const PAGE: u32 = 500;
/// Jobs that one query for some of them looks at.
pub const SCANNED: u32 = 5_000;
/// The longest lease, idle time or hold: 400 days in milliseconds.
pub const SPAN: i64 = 400 * 86_400_000;
/// The latest time: the end of the year 9999.
pub const LATEST: UnixMs = 253_402_300_799_999;

/// What an operation or query asks of its arguments before it is queued; counts their bytes.
#[derive(Debug, Default)]
pub(crate) struct Check {
    index: usize,
    bytes: usize,
}

/// An argument out of its range becomes [`StoreError::Invalid`].
pub(crate) type Checked = Result<(), StoreError>;

impl Check {
    pub(crate) fn at(index: usize) -> Self {
        Self { index, bytes: 0 }
    }

    /// Bytes seen so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn refuse(&self, field: &'static str, must: String) -> Checked {
        Err(StoreError::Invalid {
            index: self.index,
            field,
            must,
        })
    }

    /// A name: 1 to [`NAME`] bytes.
    pub(crate) fn name(&mut self, field: &'static str, name: &str) -> Checked {
        self.short(field, name, NAME)
    }

    /// The id of a job or node: 1 to [`ID`] bytes.
    pub(crate) fn id(&mut self, field: &'static str, id: &str) -> Checked {
        self.short(field, id, ID)
    }

    /// Such an id, if there is one.
    pub(crate) fn maybe_id(&mut self, field: &'static str, id: Option<&str>) -> Checked {
        id.map_or(Ok(()), |id| self.id(field, id))
    }

    /// A text of 1 to `most` bytes.
    pub(crate) fn short(&mut self, field: &'static str, text: &str, most: usize) -> Checked {
        self.bytes += text.len();
        if text.is_empty() || text.len() > most || text.contains('\0') {
            return self.refuse(field, format!("be 1 to {most} bytes without NUL"));
        }
        Ok(())
    }

    /// A name that is bytes: 1 to [`NAME`] of them.
    pub(crate) fn bytes_name(&mut self, field: &'static str, name: &[u8]) -> Checked {
        self.bytes += name.len();
        if name.is_empty() || name.len() > NAME {
            return self.refuse(field, format!("be 1 to {NAME} bytes"));
        }
        Ok(())
    }

    /// A text of up to [`TEXT`] bytes.
    pub(crate) fn text(&mut self, field: &'static str, text: &str) -> Checked {
        self.bytes += text.len();
        if text.len() > TEXT || text.contains('\0') {
            return self.refuse(field, format!("be at most {TEXT} bytes without NUL"));
        }
        Ok(())
    }

    /// Bytes, up to `most`.
    pub(crate) fn blob(&mut self, field: &'static str, bytes: &[u8], most: usize) -> Checked {
        self.bytes += bytes.len();
        if bytes.len() > most {
            return self.refuse(field, format!("be at most {most} bytes"));
        }
        Ok(())
    }

    /// A time.
    pub(crate) fn time(&self, field: &'static str, at: UnixMs) -> Checked {
        if !(0..=LATEST).contains(&at) {
            return self.refuse(field, format!("be Unix milliseconds from 0 to {LATEST}"));
        }
        Ok(())
    }

    /// A time, if there is one.
    pub(crate) fn maybe_time(&self, field: &'static str, at: Option<UnixMs>) -> Checked {
        at.map_or(Ok(()), |at| self.time(field, at))
    }

    /// A span of time, 1 to [`SPAN`].
    pub(crate) fn span(&self, field: &'static str, span: i64) -> Checked {
        if !(1..=SPAN).contains(&span) {
            return self.refuse(field, format!("be 1 to {SPAN} milliseconds"));
        }
        Ok(())
    }

    /// How many: 1 to [`MANY`].
    pub(crate) fn many(&self, field: &'static str, n: u32) -> Checked {
        self.up_to(field, n, MANY)
    }

    /// How many: 1 to [`PAGE`].
    pub(crate) fn page(&self, field: &'static str, n: u32) -> Checked {
        self.up_to(field, n, PAGE)
    }

    fn up_to(&self, field: &'static str, n: u32, most: u32) -> Checked {
        if !(1..=most).contains(&n) {
            return self.refuse(field, format!("be 1 to {most}"));
        }
        Ok(())
    }

    /// A job's state: less than [`STATES`].
    pub(crate) fn state(&self, field: &'static str, state: u8) -> Checked {
        self.that(field, state < STATES, "be 0 to 15")
    }

    /// Anything else that must hold.
    pub(crate) fn that(&self, field: &'static str, holds: bool, must: &str) -> Checked {
        if !holds {
            return self.refuse(field, must.to_owned());
        }
        Ok(())
    }
}

/// What can be checked before it is queued.
pub(crate) trait Bounded {
    fn check(&self, check: &mut Check) -> Checked;
}
