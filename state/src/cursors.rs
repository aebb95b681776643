//! Cursors: how far somebody has come who follows something outside of the store.
//!
//! Each move names where it begins, so that of two who follow under one name the one that fell behind is found out.

use crate::area::area;
use crate::ids::UnixMs;
use crate::limits::{Bounded, Check, Checked, NAME};

area!(
    Cursor,
    /// Changes of cursors.
    ops CursorOp -> CursorReply {
        CursorMove => (),
    }
    /// Questions about cursors.
    queries CursorQuery -> CursorAnswer {
        GetCursor => Option<CursorRecord>,
    }
);

/// A cursor as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorRecord {
    /// Who follows what.
    pub name: String,
    /// How far it has come; what this says is the follower's.
    pub position: String,
    /// When it was last moved.
    pub at: UnixMs,
}

/// Moves a cursor. Refused where it does not stand at `from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorMove {
    /// Who follows what.
    pub name: String,
    /// Where it stands; `None`: there is none yet.
    pub from: Option<String>,
    /// Where it is to stand.
    pub to: String,
    /// Now.
    pub at: UnixMs,
}

/// One cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetCursor {
    /// Who follows what.
    pub name: String,
}

/// Why a move is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CursorRefusal {
    /// It stands elsewhere.
    #[error("cursor {name} stands at {}: somebody else follows under this name", position.as_deref().unwrap_or("the beginning"))]
    Elsewhere {
        /// Who follows what.
        name: String,
        /// Where it stands; `None`: there is none.
        position: Option<String>,
    },
}

impl Bounded for CursorMove {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("name", &self.name)?;
        if let Some(from) = &self.from {
            check.short("from", from, NAME)?;
        }
        check.short("to", &self.to, NAME)?;
        check.time("at", self.at)
    }
}

impl Bounded for GetCursor {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("name", &self.name)
    }
}
