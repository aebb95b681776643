//! What can happen, and when.

use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::Outcome;

/// A connection: never reused.
pub(crate) type Conn = u64;

/// What can happen.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// A dispatcher starts.
    Start,
    /// The dispatcher is killed.
    Kill,
    /// A group is on the disk. Of the dispatcher with this number.
    Kept(u64),
    /// The dispatcher looks at its timers.
    Tick(u64),
    /// A node has not come back in time.
    GraceOver {
        dispatcher: u64,
        node: NodeId,
        conn: Conn,
    },
    /// A frame arrives at the dispatcher.
    Up(Conn, ToDispatcher),
    /// A frame arrives at a host.
    Down(Conn, ToHost),
    /// The network between two loses the connection.
    Break(Conn),
    /// The dispatcher notices.
    LostByDispatcher(Conn),
    /// The host notices.
    LostByHost(Conn),
    /// A host connects.
    Connect(usize),
    /// A host's turn to say that it lives. `life`: what it was counted when this was set.
    Heartbeat { host: usize, life: u64 },
    /// A host is through with a run.
    Through {
        host: usize,
        life: u64,
        job: JobId,
        fence: u32,
    },
    /// A host answers an offer.
    Think {
        host: usize,
        life: u64,
        job: JobId,
        fence: u32,
        takes: bool,
    },
    /// A host's machine dies.
    Crash(usize),
    /// A liar has an idea.
    Lie(usize),
    /// A client sends a request, or sends it again.
    Submit(usize),
    /// A client no longer needs a job.
    Cancel(usize),
    /// An operator looks at the dead letters.
    Replay,
    /// From now on nothing goes wrong any more.
    Calm,
}

/// What a host says.
#[derive(Clone, Debug)]
pub(crate) enum ToDispatcher {
    Register {
        host: usize,
    },
    Heartbeat {
        running: Vec<(JobId, u32)>,
    },
    Accept {
        job: JobId,
        fence: u32,
    },
    Reject {
        job: JobId,
        fence: u32,
    },
    Ended {
        job: JobId,
        fence: Option<u32>,
        outcome: Outcome,
    },
}

/// What a host is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ToHost {
    Offer {
        job: JobId,
        fence: u32,
    },
    Run {
        job: JobId,
        fence: u32,
    },
    Stop {
        job: JobId,
        fence: u32,
    },
    /// The result of this run was kept, or nobody wants it.
    Settled {
        job: JobId,
    },
}
