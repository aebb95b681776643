//! The walk through log and instruction tree.

use super::ids::Ids;
use super::line::{Line, classify};
use super::tree::{EVENT_TAG, NONE, Node, Open, build};
use super::{Catalogue, Flags, Found, NO_NODE, NO_PLACE, Trust, Via};
use crate::chain::{Pubkey, Transaction};
use crate::observe::Outcome;

/// Buffers that outlive a transaction, and the result of the last scan.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// Records in execution order.
    pub(crate) found: Vec<Found>,
    /// Their bytes.
    pub(crate) arena: Vec<u8>,
    ids: Ids,
    frames: Vec<Frame>,
    /// One for each node.
    pub(crate) progress: Vec<Progress>,
    open: Vec<Open>,
    /// Configured programs of the tree, once suspects need them.
    ran: Vec<(Pubkey, u16)>,
    suspects: u32,
}

/// What the log says of a node.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    /// Records so far.
    records: u32,
    pub(crate) end: End,
}

/// How a call ended, as far as the log is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum End {
    /// It is not in the log.
    #[default]
    Unseen,
    /// It began.
    Open,
    Success,
    Failed,
}

/// An open invocation.
#[derive(Debug, Clone, Copy)]
struct Frame {
    program: Pubkey,
    slot: u16,
    node: u32,
    outer: u16,
    inner: i32,
    /// Records so far, where no node counts them.
    ordinal: u32,
}

impl Scanner {
    /// Scans one transaction. `nodes` is filled with its instruction tree.
    pub(crate) fn scan<'a>(
        &mut self,
        tx: &'a Transaction,
        catalogue: &impl Catalogue,
        nodes: &mut Vec<Node<'a>>,
    ) -> Flags {
        self.found.clear();
        self.arena.clear();
        self.frames.clear();
        self.ran.clear();
        self.suspects = 0;
        let sound = build(tx, catalogue, nodes, &mut self.open);
        self.progress.clear();
        self.progress.resize(nodes.len(), Progress::default());
        let mut walk = Walk {
            scanner: self,
            catalogue,
            nodes,
            flags: Flags {
                mismatch: !sound,
                ..Flags::default()
            },
            next: 0,
            inner_recorded: tx.inner.is_some(),
            inner_seen: -1,
        };
        match &tx.logs {
            None => walk.flags.logs_missing = true,
            Some(lines) => walk.log(lines, tx.err.is_some()),
        }
        walk.flags.reached = walk.next as u32;
        walk.sweep();
        walk.flags
    }
}

struct Walk<'s, 'n, 'a, C> {
    scanner: &'s mut Scanner,
    catalogue: &'s C,
    nodes: &'n [Node<'a>],
    flags: Flags,
    /// First node that the log has not reached.
    next: usize,
    inner_recorded: bool,
    /// Index of the last inner invocation in the log, for sources that do not record inner instructions.
    inner_seen: i32,
}

impl<C: Catalogue> Walk<'_, '_, '_, C> {
    fn log(&mut self, lines: &[String], failed: bool) {
        let mut lines = lines.iter();
        for line in lines.by_ref() {
            let fits = match classify(line) {
                Line::Other => true,
                Line::Data(text) => self.data(text),
                Line::Invoke { id, depth } => match self.scanner.ids.decode(id) {
                    Some(program) => self.invoke(&program, depth),
                    None => true,
                },
                Line::Exit { id, success } => match self.scanner.ids.decode(id) {
                    Some(program) => self.exit(&program, success),
                    None => true,
                },
                Line::Truncated => {
                    self.flags.truncated = true;
                    self.note_programs();
                    break;
                }
            };
            if !fits {
                self.flags.mismatch = true;
                self.note_programs();
                // The line that did not fit is itself not believed.
                self.suspect_line(line, Trust::AfterMismatch);
                break;
            }
        }
        let trust = if self.flags.truncated {
            Trust::AfterTruncation
        } else {
            Trust::AfterMismatch
        };
        let mut unread = false;
        for line in lines {
            unread = true;
            self.flags.truncated |= line == "Log truncated";
            self.suspect_line(line, trust);
        }
        if !unread && !self.flags.truncated && !self.ends_well(failed) {
            self.flags.mismatch = true;
        }
    }

    /// Whether the complete log accounts for the whole tree.
    fn ends_well(&self, failed: bool) -> bool {
        if !self.scanner.frames.is_empty() {
            return false;
        }
        let rest = self.nodes.get(self.next..).unwrap_or_default();
        if !failed {
            return rest.iter().all(|n| n.precompile);
        }
        // A failed transaction stops early: instructions that never ran follow, and at most one CPI that the
        // runtime recorded and then refused.
        let refused = usize::from(rest.first().is_some_and(|n| n.inner >= 0));
        rest.iter().skip(refused).all(|n| n.inner < 0)
    }

    fn invoke(&mut self, program: &Pubkey, depth: u32) -> bool {
        if depth as usize != self.scanner.frames.len() + 1 {
            return false;
        }
        if depth > 1 && !self.inner_recorded {
            // The log alone tells the place: inner instructions are listed in the order they are invoked.
            self.flags.mismatch = true;
            self.inner_seen = self.inner_seen.saturating_add(1);
            let outer = self.scanner.frames.first().map_or(NO_PLACE, |f| f.outer);
            self.scanner.frames.push(Frame {
                program: *program,
                slot: self.catalogue.slot(program).unwrap_or(NONE),
                node: NO_NODE,
                outer,
                inner: self.inner_seen,
                ordinal: 0,
            });
            return true;
        }
        while let Some(node) = self.nodes.get(self.next) {
            let height_fits = node.height == depth || (!node.height_known && depth > 1);
            if node.program == program && height_fits {
                let frame = Frame {
                    program: *program,
                    slot: node.slot,
                    node: self.next as u32,
                    outer: node.outer,
                    inner: node.inner,
                    ordinal: 0,
                };
                if let Some(progress) = self.scanner.progress.get_mut(self.next) {
                    progress.end = End::Open;
                }
                self.visit();
                if depth == 1 {
                    self.inner_seen = -1;
                }
                self.scanner.frames.push(frame);
                return true;
            }
            if !node.precompile {
                return false;
            }
            self.visit();
        }
        false
    }

    fn exit(&mut self, program: &Pubkey, success: bool) -> bool {
        let frame = self.scanner.frames.pop();
        let Some(frame) = frame.filter(|frame| frame.program == *program) else {
            return false;
        };
        if let Some(progress) = self.scanner.progress.get_mut(frame.node as usize) {
            progress.end = if success { End::Success } else { End::Failed };
        }
        true
    }

    fn data(&mut self, text: &str) -> bool {
        let Some(&frame) = self.scanner.frames.last() else {
            return false;
        };
        if frame.slot == NONE && !self.catalogue.wants_all() {
            return true;
        }
        let (data, good) = self.decode(text);
        let ordinal = match self.scanner.progress.get_mut(frame.node as usize) {
            Some(progress) => bump(&mut progress.records),
            None => self
                .scanner
                .frames
                .last_mut()
                .map_or(0, |f| bump(&mut f.ordinal)),
        };
        self.push(
            frame.program,
            frame.slot,
            Via::Log,
            Trust::Proven,
            data,
            !good,
        );
        if let Some(found) = self.scanner.found.last_mut() {
            found.node = frame.node;
            found.outer_ix = frame.outer;
            found.inner_ix = frame.inner;
            found.ordinal = ordinal;
        }
        true
    }

    /// Passes the next node; if it is an event, that is when it was emitted.
    fn visit(&mut self) {
        let Some(node) = self.nodes.get(self.next) else {
            return;
        };
        self.next += 1;
        let Some(trust) = node.event else {
            return;
        };
        let start = self.scanner.arena.len();
        let data = node.ix.data.get(EVENT_TAG.len()..).unwrap_or_default();
        self.scanner.arena.extend_from_slice(data);
        let range = start..self.scanner.arena.len();
        self.push(*node.program, node.slot, Via::Cpi, trust, range, false);
        let ordinal = self
            .scanner
            .progress
            .get_mut(node.parent as usize)
            .map_or(0, |progress| bump(&mut progress.records));
        if let (Some(found), Some(parent)) = (
            self.scanner.found.last_mut(),
            self.nodes.get(node.parent as usize),
        ) {
            found.node = node.parent;
            found.outer_ix = parent.outer;
            found.inner_ix = parent.inner;
            found.ordinal = ordinal;
        }
    }

    /// Events among the instructions that the log did not reach.
    fn sweep(&mut self) {
        while self.next < self.nodes.len() {
            self.visit();
        }
    }

    fn note_programs(&mut self) {
        for node in self.nodes.iter().filter(|n| n.slot != NONE) {
            if !self.scanner.ran.iter().any(|(_, slot)| *slot == node.slot) {
                self.scanner.ran.push((*node.program, node.slot));
            }
        }
    }

    /// A line that is not believed: reported if it carries an event of a program that ran here.
    fn suspect_line(&mut self, line: &str, trust: Trust) {
        let Line::Data(text) = classify(line) else {
            return;
        };
        self.flags.disbelieved += 1;
        let (data, good) = self.decode(text);
        let bytes = self.scanner.arena.get(data.clone()).unwrap_or_default();
        let top = self.scanner.frames.last().map(|f| (f.program, f.slot));
        let guess = top
            .into_iter()
            .chain(self.scanner.ran.iter().copied())
            .find(|(_, slot)| *slot != NONE && self.catalogue.knows(*slot, bytes));
        match guess {
            Some((program, slot)) if good => {
                let ordinal = bump(&mut self.scanner.suspects);
                self.push(program, slot, Via::Log, trust, data, false);
                if let Some(found) = self.scanner.found.last_mut() {
                    found.ordinal = ordinal;
                }
            }
            _ => self.scanner.arena.truncate(data.start),
        }
    }

    fn push(
        &mut self,
        program: Pubkey,
        slot: u16,
        via: Via,
        trust: Trust,
        data: std::ops::Range<usize>,
        bad_base64: bool,
    ) {
        self.scanner.found.push(Found {
            program,
            slot,
            via,
            trust,
            node: NO_NODE,
            outer_ix: NO_PLACE,
            inner_ix: -1,
            ordinal: 0,
            data,
            bad_base64,
            outcome: Outcome::Unconfigured,
            event: None,
        });
    }

    /// Segments of one record, joined in the arena; the text itself if it is not base64.
    fn decode(&mut self, text: &str) -> (std::ops::Range<usize>, bool) {
        let arena = &mut self.scanner.arena;
        let start = arena.len();
        let good = super::decode(text, arena);
        if !good {
            arena.truncate(start);
            arena.extend_from_slice(text.as_bytes());
        }
        (start..arena.len(), good)
    }
}

fn bump(counter: &mut u32) -> u32 {
    let value = *counter;
    *counter = value.saturating_add(1);
    value
}
