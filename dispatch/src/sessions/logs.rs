//! What running jobs write, as far as it is kept: the last of it for each job, and live for whoever follows.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;

use crate::ids::{JobId, NodeId};

/// Pieces that wait for a slow follower; of one who reads slower still the oldest are dropped, and it is told how many.
const WAITING: usize = 256;
/// What a kept piece takes beside its text.
const PIECE: usize = 64;

/// A piece of what a running job tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Piece {
    /// What it wrote.
    Output {
        /// Whether to standard error.
        stderr: bool,
        /// The text.
        text: String,
        /// Whether there was more of it.
        cut: bool,
        /// Its number in the attempt.
        seq: u64,
    },
    /// How far it is.
    Progress {
        /// 0 to 1000.
        permille: u16,
        /// What it is doing.
        message: Option<String>,
    },
    /// It runs no longer: nothing more comes.
    Ended,
}

/// What a running job has told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tail {
    /// How far it is, and what it is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<(u16, Option<String>)>,
    /// The last of its output.
    pub output: Vec<Piece>,
    /// Whether there was more before.
    pub cut: bool,
}

/// What running jobs write. Clones share it.
#[derive(Clone, Debug)]
pub struct Logs(Arc<Mutex<Rings>>);

#[derive(Debug)]
struct Rings {
    rings: HashMap<JobId, Ring>,
    bytes: usize,
    /// Of one job, and of all.
    most: (usize, usize),
}

#[derive(Debug)]
struct Ring {
    node: NodeId,
    progress: Option<(u16, Option<String>)>,
    pieces: VecDeque<Piece>,
    bytes: usize,
    cut: bool,
    live: broadcast::Sender<Arc<Piece>>,
}

impl Logs {
    /// `job_bytes` are kept of one job, `all_bytes` of all.
    pub fn new(job_bytes: usize, all_bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Rings {
            rings: HashMap::new(),
            bytes: 0,
            most: (job_bytes, all_bytes),
        })))
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a job that runs has told so far; `None` where it has told nothing, or runs no longer.
    pub fn tail(&self, job: JobId) -> Option<Tail> {
        self.rings().rings.get(&job).map(Ring::tail)
    }

    /// The same, and everything that comes after it. For one that has told nothing yet, too: it is made room for, under
    /// the name of the node that runs it.
    pub fn follow(&self, job: JobId, node: NodeId) -> (Tail, broadcast::Receiver<Arc<Piece>>) {
        let mut rings = self.rings();
        let ring = rings.ring(job, node);
        (ring.tail(), ring.live.subscribe())
    }

    /// Room that was made for a follower of a job that has told nothing is given back, unless others follow.
    pub fn leave(&self, job: JobId) {
        let mut rings = self.rings();
        let is_empty = rings.rings.get(&job).is_some_and(|ring| {
            ring.live.receiver_count() == 0 && ring.pieces.is_empty() && ring.progress.is_none()
        });
        if is_empty {
            rings.rings.remove(&job);
        }
    }

    /// Takes in what a job tells.
    pub(super) fn put(&self, job: JobId, node: NodeId, piece: Piece) {
        let mut rings = self.rings();
        let (most, all) = rings.most;
        let full = rings.bytes >= all;
        let ring = rings.ring(job, node);
        let before = ring.bytes;
        ring.put(&piece, if full { 0 } else { most });
        // Nothing is copied for nobody.
        if ring.live.receiver_count() > 0 {
            let _ = ring.live.send(Arc::new(piece));
        }
        let after = ring.bytes;
        rings.bytes = rings.bytes + after - before;
    }

    /// The job runs no longer: what it told is dropped, and followers are told that nothing more comes.
    pub(super) fn end(&self, job: JobId) -> Option<Tail> {
        let mut rings = self.rings();
        let ring = rings.rings.remove(&job)?;
        rings.bytes -= ring.bytes;
        let _ = ring.live.send(Arc::new(Piece::Ended));
        Some(ring.tail())
    }

    /// The node is gone, and what it ran with it.
    pub(super) fn end_of(&self, node: NodeId) {
        let of_node: Vec<JobId> = {
            let rings = self.rings();
            rings
                .rings
                .iter()
                .filter(|(_, ring)| ring.node == node)
                .map(|(job, _)| *job)
                .collect()
        };
        for job in of_node {
            self.end(job);
        }
    }
}

impl Rings {
    fn ring(&mut self, job: JobId, node: NodeId) -> &mut Ring {
        self.rings.entry(job).or_insert_with(|| Ring {
            node,
            progress: None,
            pieces: VecDeque::new(),
            bytes: 0,
            cut: false,
            live: broadcast::Sender::new(WAITING),
        })
    }
}

impl Ring {
    fn tail(&self) -> Tail {
        Tail {
            progress: self.progress.clone(),
            output: self.pieces.iter().cloned().collect(),
            cut: self.cut,
        }
    }

    fn put(&mut self, piece: &Piece, most: usize) {
        match piece {
            Piece::Progress { permille, message } => {
                self.progress = Some((*permille, message.clone()));
            }
            Piece::Output { text, cut, .. } => {
                self.cut |= *cut;
                self.bytes += text.len() + PIECE;
                self.pieces.push_back(piece.clone());
            }
            Piece::Ended => {}
        }
        while self.bytes > most {
            let Some(Piece::Output { text, .. }) = self.pieces.pop_front() else {
                break;
            };
            self.bytes -= text.len() + PIECE;
            self.cut = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str, seq: u64) -> Piece {
        Piece::Output {
            stderr: false,
            text: text.to_owned(),
            cut: false,
            seq,
        }
    }

    #[tokio::test]
    async fn the_last_of_it_is_kept_and_all_of_it_is_told() {
        let (job, node) = (JobId::uuid(1), NodeId::uuid(2));
        let logs = Logs::new(10 * (PIECE + 10), usize::MAX);
        let (none, mut live) = logs.follow(job, node);
        assert_eq!(none, Tail::default());
        for seq in 0..30 {
            logs.put(job, node, output("0123456789", seq));
        }
        logs.put(
            job,
            node,
            Piece::Progress {
                permille: 500,
                message: None,
            },
        );
        let tail = logs.tail(job).expect("it runs");
        assert_eq!(
            (tail.output.len(), tail.cut, tail.progress),
            (10, true, Some((500, None)))
        );
        assert_eq!(tail.output[0], output("0123456789", 20));
        assert_eq!(*live.recv().await.expect("told"), output("0123456789", 0));
        assert!(logs.end(job).is_some() && logs.tail(job).is_none());
        let mut last = None;
        while let Ok(piece) = live.recv().await {
            last = Some(piece);
        }
        assert_eq!(last.as_deref(), Some(&Piece::Ended));
    }

    #[test]
    fn room_for_a_follower_is_given_back_where_nothing_was_told() {
        let (job, node) = (JobId::uuid(1), NodeId::uuid(2));
        let logs = Logs::new(1 << 10, 1 << 10);
        let (_, live) = logs.follow(job, node);
        logs.leave(job);
        assert!(logs.tail(job).is_some(), "somebody follows");
        drop(live);
        logs.leave(job);
        assert_eq!(logs.tail(job), None);
        logs.put(job, node, output("x", 0));
        logs.leave(job);
        assert!(logs.tail(job).is_some(), "it was told something");
    }

    #[test]
    fn all_jobs_together_keep_no_more_than_they_may() {
        let logs = Logs::new(1 << 20, 10_000);
        for n in 0..100 {
            for seq in 0..10 {
                logs.put(
                    JobId::uuid(n),
                    NodeId::uuid(n),
                    output(&"x".repeat(900), seq),
                );
            }
        }
        let kept = logs.rings().bytes;
        assert!(kept <= 10_000 + 900 + PIECE, "{kept}");
        (0..100).for_each(|n| logs.end_of(NodeId::uuid(n)));
        let rings = logs.rings();
        assert_eq!((rings.bytes, rings.rings.len()), (0, 0));
    }
}
