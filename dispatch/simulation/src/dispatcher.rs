//! What the service does around a board: it keeps steps in groups and acts on them only when they are kept.

use std::collections::HashMap;

use hypernode_dispatch::board::{Board, Config, Step};
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_state::UnixMs;

use crate::disk::Disk;
use crate::events::{Conn, ToHost};

/// A group on its way to the disk, and the answers that wait for it.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) step: Step,
    pub(crate) keys: Vec<(usize, JobId)>,
    /// Clients that are told that their request became this job.
    pub(crate) answers: Vec<(usize, JobId)>,
    pub(crate) frames: Vec<(Conn, ToHost)>,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.step.is_empty() && self.answers.is_empty() && self.frames.is_empty()
    }
}

/// One dispatcher, from its start to its kill.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) number: u64,
    pub(crate) board: Board,
    pub(crate) keys: HashMap<usize, JobId>,
    pub(crate) nodes: HashMap<Conn, NodeId>,
    pub(crate) conns: HashMap<NodeId, Conn>,
    pub(crate) next: Group,
    pub(crate) underway: Option<Group>,
    pub(crate) tick: Option<UnixMs>,
}

impl Dispatcher {
    pub(crate) fn start(number: u64, disk: &Disk, now: UnixMs) -> Self {
        let config = Config {
            most_running: 12,
            ..Config::default()
        };
        let secret = DaySecret::new((now / 86_400_000) as u32, [number as u8; 32]);
        let mut open: Vec<_> = disk
            .records
            .values()
            .filter(|r| !r.job.is_over())
            .cloned()
            .collect();
        // Whatever order the disk gives them in: the board must not care, the seed must.
        open.sort_by_key(|record| record.spec.ticket);
        Self {
            number,
            board: Board::restore(config, secret, open, now),
            keys: disk.keys.clone(),
            nodes: HashMap::new(),
            conns: HashMap::new(),
            next: Group::default(),
            underway: None,
            tick: None,
        }
    }

    /// The group that is to be kept now, if none is under way.
    pub(crate) fn begin(&mut self) -> bool {
        let begins = self.underway.is_none() && !self.next.is_empty();
        if begins {
            self.underway = Some(std::mem::take(&mut self.next));
        }
        begins
    }
}
