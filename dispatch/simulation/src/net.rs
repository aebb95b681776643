//! Connections: frames arrive in order or not at all, and each side learns of the end in its own time.

use std::collections::HashMap;

use hypernode_state::UnixMs;

use crate::events::Conn;

/// One connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) host: usize,
    /// The dispatcher that it leads to.
    pub(crate) dispatcher: u64,
    /// Frames sent from now on go nowhere.
    pub(crate) broken: bool,
    up: UnixMs,
    down: UnixMs,
}

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

/// All connections that ever were.
#[derive(Debug, Default)]
pub(crate) struct Net {
    links: HashMap<Conn, Link>,
    last: Conn,
}

impl Net {
    pub(crate) fn open(&mut self, host: usize, dispatcher: u64) -> Conn {
        self.last += 1;
        let link = Link {
            host,
            dispatcher,
            broken: false,
            up: 0,
            down: 0,
        };
        self.links.insert(self.last, link);
        self.last
    }

    pub(crate) fn get(&self, conn: Conn) -> Option<&Link> {
        self.links.get(&conn)
    }

    /// Breaks the connection; false if it was broken.
    pub(crate) fn cut(&mut self, conn: Conn) -> bool {
        match self.links.get_mut(&conn) {
            Some(link) if !link.broken => {
                link.broken = true;
                true
            }
            _ => false,
        }
    }

    /// When a frame sent now arrives, `delay` after it was sent but not before those sent earlier.
    pub(crate) fn arrival(
        &mut self,
        conn: Conn,
        way: Way,
        now: UnixMs,
        delay: i64,
    ) -> Option<UnixMs> {
        let link = self.links.get_mut(&conn).filter(|link| !link.broken)?;
        let last = match way {
            Way::Up => &mut link.up,
            Way::Down => &mut link.down,
        };
        *last = (*last).max(now + delay);
        Some(*last)
    }

    /// Connections that work.
    pub(crate) fn working(&self) -> Vec<Conn> {
        let mut working: Vec<Conn> = self
            .links
            .iter()
            .filter(|(_, link)| !link.broken)
            .map(|(conn, _)| *conn)
            .collect();
        working.sort_unstable();
        working
    }
}
