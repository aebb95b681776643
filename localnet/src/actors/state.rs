//! What the actors remember; stored with every block, so that another process goes on from there.

use borsh::{BorshDeserialize, BorshSerialize};
use solana_sdk::pubkey::Pubkey;

/// The actors' memory. Slots and times in it are the chain's.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct State {
    /// Actions that may be taken now, in millionths.
    pub(super) credit: u64,
    /// Number of the next node and of the next job.
    pub(super) next_node: u32,
    pub(super) next_job: u64,
    /// Registered nodes.
    pub(super) nodes: Vec<Node>,
    /// Jobs that are neither settled nor cancelled nor given up.
    pub(super) jobs: Vec<Job>,
    /// The lookup table.
    pub(super) table: Table,
    /// Whether the payment splitter is set up.
    pub(super) splitter: bool,
    /// Slot of the last registration of a node.
    pub(super) last_node: u64,
}

/// A registered node.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Node {
    pub(super) owner: u8,
    pub(super) name: String,
    pub(super) online: bool,
    /// Unix time of the registration or of the last heartbeat.
    pub(super) beat: i64,
    /// No action before this slot.
    pub(super) due: u64,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Stage {
    Pending,
    Assigned,
    Completed,
}

/// A job on its way.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Job {
    pub(super) client: u8,
    pub(super) name: String,
    pub(super) price: u64,
    pub(super) stage: Stage,
    /// Owner of the node that it is assigned to.
    pub(super) operator: u8,
    /// No action before this slot.
    pub(super) due: u64,
    /// Whether every step follows at once.
    pub(super) hurried: bool,
}

/// The lookup table on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Table {
    /// There is none.
    #[default]
    None,
    /// It exists, empty.
    Empty([u8; 32]),
    /// It may be used from this slot on.
    Filled([u8; 32], u64),
}

/// What a transaction changes if it succeeds.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// Nothing that the actors remember.
    None,
    Registered(Node),
    Beat {
        owner: u8,
        name: String,
        time: i64,
    },
    Status {
        owner: u8,
        name: String,
        online: bool,
    },
    Gone {
        owner: u8,
        name: String,
    },
    Created(Job),
    Step {
        client: u8,
        name: String,
        stage: Stage,
        operator: u8,
        due: u64,
    },
    Ended {
        client: u8,
        name: String,
    },
    Splitter,
    TableMade(Pubkey),
    TableFilled(Pubkey, u64),
}

impl Effect {
    /// Applies it, once its transaction is in a block.
    pub(super) fn apply(self, state: &mut State) {
        match self {
            Self::None => {}
            Self::Registered(node) => state.nodes.push(node),
            Self::Beat { owner, name, time } => {
                if let Some(node) = state.node(owner, &name) {
                    node.beat = time;
                }
            }
            Self::Status {
                owner,
                name,
                online,
            } => {
                if let Some(node) = state.node(owner, &name) {
                    node.online = online;
                }
            }
            Self::Gone { owner, name } => {
                state
                    .nodes
                    .retain(|node| node.owner != owner || node.name != name);
            }
            Self::Created(job) => state.jobs.push(job),
            Self::Step {
                client,
                name,
                stage,
                operator,
                due,
            } => {
                if let Some(job) = state
                    .jobs
                    .iter_mut()
                    .find(|j| j.client == client && j.name == name)
                {
                    job.stage = stage;
                    job.operator = operator;
                    job.due = due;
                }
            }
            Self::Ended { client, name } => {
                state
                    .jobs
                    .retain(|job| job.client != client || job.name != name);
            }
            Self::Splitter => state.splitter = true,
            Self::TableMade(address) => state.table = Table::Empty(address.to_bytes()),
            Self::TableFilled(address, from) => {
                state.table = Table::Filled(address.to_bytes(), from);
            }
        }
    }
}

impl State {
    fn node(&mut self, owner: u8, name: &str) -> Option<&mut Node> {
        self.nodes
            .iter_mut()
            .find(|node| node.owner == owner && node.name == name)
    }
}
