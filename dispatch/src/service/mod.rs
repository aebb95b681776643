//! The board at work: one task owns it, keeps each step in the store, and acts on it only when it is kept.
//!
//! Everything that happens while a group is on its way to the disk goes into the next one, so a commit is shared by
//! whatever came meanwhile, and nobody is told of anything that a crash could take back. When the store fails, the
//! task ends: what it believed is thrown away, and a new one begins with what was kept ([`start`]).

mod center;
mod changes;
mod command;
pub mod facts;
mod figures;
mod group;
mod keep;
mod kinds;
mod restore;
mod sole;
mod states;
mod worker;

use std::sync::Arc;

use hypernode_state::{Store, StoreError, UnixMs};
use tokio::sync::{mpsc, oneshot};

pub use center::{Center, Starts, keep_at_work};
pub use changes::{Change, Changes};
pub use command::{Order, Told};
pub use facts::TOPIC;
pub use figures::{COMMIT_MS, Counted, FAULTS, Figures};
pub use sole::ROLE;
pub use states::{ELSEWHERE, code, states, states_anywhere};

use command::Command;
use kinds::Kinds;
use worker::Worker;

use crate::board::{Config, Denied, Input, Preview, Record, Standing};
use crate::ids::{JobId, NodeId};
use crate::job::{By, Event, Fault, Manner, Outcome, Stands};
use crate::matching::seed::DaySecret;
use crate::matching::{Algorithm, Needs, NodeFacts, Why};
use crate::outcome::Kept;
use crate::results::Results;

/// Commands that may wait; whoever comes then waits too.
const WAITING: usize = 1_024;
/// Frames to a node that may wait. A connection that takes no more is given up.
const FRAMES: usize = 256;

/// Signs the bytes of a match receipt with the dispatcher's key.
pub type Signer = Arc<dyn Fn(&[u8]) -> [u8; 64] + Send + Sync>;
/// Unix milliseconds now.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// What a dispatcher needs.
#[derive(Clone)]
pub struct Setup {
    /// Rules and limits.
    pub config: Config,
    /// Where everything is kept. No other dispatcher may use it at the same time.
    pub store: Arc<dyn Store>,
    /// Who holds the role of the store's one dispatcher: unlike any other that uses the store, like itself after a restart.
    /// `None` where nobody else can be.
    pub holder: Option<String>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// What results must look like.
    pub results: Arc<Results>,
    /// The secret of the day.
    pub secret: DaySecret,
    /// The dispatcher's key.
    pub signer: Signer,
    /// The time.
    pub clock: Clock,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Why a dispatcher did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The store failed, or refused what must not be refused: another dispatcher uses it, or somebody changed it.
    #[error("the store of dispatch: {0}; everything acknowledged is kept, start again")]
    Store(#[from] StoreError),
    /// Another dispatcher has the store.
    #[error("dispatch is done by {holder}, on the same store; this one stands by")]
    Elsewhere {
        /// Who.
        holder: String,
    },
    /// A record cannot be written: none of ours should bring this about.
    #[error("a record cannot be written: {0}")]
    Unwritable(String),
    /// A record cannot be read.
    #[error(
        "job {job} as it was kept cannot be read: {error}; it was written by another version, or damaged"
    )]
    Record {
        /// The job.
        job: String,
        /// Why.
        error: String,
    },
}

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// It changes nothing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The dispatcher has ended; what was asked may or may not have been kept.
    #[error("dispatch is starting anew; ask again in a moment")]
    Ended,
}

/// Reads what was kept and goes on from there. The future is the work itself; it ends with an error, or when all handles
/// are gone.
///
/// # Errors
/// [`ServiceError`].
pub async fn start(
    setup: Setup,
) -> Result<(Dispatch, impl Future<Output = Result<(), ServiceError>>), ServiceError> {
    start_telling(setup, Changes::default()).await
}

/// The same; what becomes of jobs is told to whoever listens to `changes`.
///
/// # Errors
/// [`ServiceError`].
pub async fn start_telling(
    setup: Setup,
    changes: Changes,
) -> Result<(Dispatch, impl Future<Output = Result<(), ServiceError>>), ServiceError> {
    let (store, clock) = (setup.store.clone(), setup.clock.clone());
    let fence = match &setup.holder {
        Some(holder) => Some(sole::take(store.as_ref(), holder, &clock).await?),
        None => None,
    };
    let open = restore::open(store.as_ref()).await?;
    let kinds = Kinds::of(open.iter().map(|one| (one.record.job.id, one.kind.clone())));
    let (commands, received) = mpsc::channel(WAITING);
    let dispatch = Dispatch {
        commands,
        kinds: kinds.clone(),
        results: setup.results.clone(),
    };
    let worker = Worker::new(setup, changes, fence, kinds, open, received);
    let work = async move {
        let Some(fence) = fence else {
            return worker.run().await;
        };
        let ended = tokio::select! {
            ended = worker.run() => ended,
            lost = sole::renew(store.as_ref(), fence, &clock) => return Err(lost),
        };
        sole::give_back(store.as_ref(), fence).await;
        ended
    };
    Ok((dispatch, work))
}

/// A handle of a dispatcher. What it answers is kept.
#[derive(Clone, Debug)]
pub struct Dispatch {
    commands: mpsc::Sender<Command>,
    kinds: Kinds,
    results: Arc<Results>,
}

impl Dispatch {
    /// Takes a job in; it is on disk when this returns.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn submit(&self, order: Order) -> Result<JobId, DispatchError> {
        let id = order.submission.id;
        self.send(|done| Command::Submit(Box::new(order), done))
            .await?;
        Ok(id)
    }

    /// The input of a job that waited for it, and what the job needs of a machine.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn arrived(
        &self,
        job: JobId,
        needs: Needs,
        content: Vec<u8>,
    ) -> Result<(), DispatchError> {
        let needs = Box::new(needs);
        self.send(|done| Command::Arrived {
            job,
            needs,
            content,
            done,
        })
        .await
    }

    /// Nobody needs the job any more. `running`: even if it runs.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn cancel(&self, job: JobId, by: By, running: bool) -> Result<(), DispatchError> {
        self.input(Input::Cancel { job, by, running }).await
    }

    /// A dead or failed job, as it was kept at this version, is tried anew. `kind`: its type, by which its result is judged.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn replay(
        &self,
        record: Record,
        version: u64,
        kind: &str,
    ) -> Result<(), DispatchError> {
        let job = record.job.id;
        let input = Input::Replay(Box::new(record));
        self.again(job, input, version, kind).await
    }

    /// A job that the chain had taken back, as it was kept at this version, stands there again. `kind`: its type. `waits`:
    /// its input has not come yet.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn reopen(
        &self,
        record: Record,
        version: u64,
        kind: &str,
        waits: bool,
    ) -> Result<(), DispatchError> {
        let job = record.job.id;
        let record = Box::new(record);
        self.again(job, Input::Reopen { record, waits }, version, kind)
            .await
    }

    /// The chain says that others have an open job, or had it; `cost` is what was paid for it there.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn elsewhere(
        &self,
        job: JobId,
        stands: Stands,
        cost: u64,
    ) -> Result<(), DispatchError> {
        self.input(Input::Elsewhere { job, stands, cost }).await
    }

    /// A job that the chain had closed, as it was kept at this version, stands there otherwise. `kind`: its type.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn corrected(
        &self,
        record: Record,
        version: u64,
        kind: &str,
        event: Event,
    ) -> Result<(), DispatchError> {
        let job = record.job.id;
        let record = Box::new(record);
        self.again(job, Input::Corrected { record, event }, version, kind)
            .await
    }

    async fn again(
        &self,
        job: JobId,
        input: Input,
        version: u64,
        kind: &str,
    ) -> Result<(), DispatchError> {
        let kind = kind.to_owned();
        self.send(|done| Command::Again {
            job,
            input,
            version,
            kind,
            done,
        })
        .await
    }

    /// A node is connected: what it is told comes by the receiver, which closes when the node is to be disconnected. A
    /// connection that the node had before is closed.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn connect(
        &self,
        facts: NodeFacts,
        manner: Manner,
    ) -> Result<mpsc::Receiver<Told>, DispatchError> {
        let (frames, told) = mpsc::channel(FRAMES);
        self.send(|done| Command::Connect {
            facts: Box::new(facts),
            manner,
            frames,
            done,
        })
        .await?;
        Ok(told)
    }

    /// The node gets nothing new, and what it has goes on.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn away(&self, node: NodeId) -> Result<(), DispatchError> {
        self.input(Input::Away { node }).await
    }

    /// The node has not come back in time.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn down(&self, node: NodeId) -> Result<(), DispatchError> {
        self.input(Input::Down { node }).await
    }

    /// The node takes what it was offered.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn accept(&self, node: NodeId, job: JobId, fence: u32) -> Result<(), DispatchError> {
        self.input(Input::Accept { node, job, fence }).await
    }

    /// The node does not take what it was offered.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn reject(&self, node: NodeId, job: JobId, fence: u32) -> Result<(), DispatchError> {
        self.input(Input::Reject { node, job, fence }).await
    }

    /// The node still runs the job.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn renew(&self, node: NodeId, job: JobId, fence: u32) -> Result<(), DispatchError> {
        self.input(Input::Renew { node, job, fence }).await
    }

    /// A run ended; `kept` is what is kept of it for whoever may read it (result, logs; see [`Kept`]). A result that cannot be
    /// that of a job of this type makes the run one that the job failed.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn ended(
        &self,
        node: NodeId,
        job: JobId,
        fence: Option<u32>,
        outcome: Outcome,
        kept: Vec<u8>,
    ) -> Result<(), DispatchError> {
        let (outcome, kept) = self.judged(job, outcome, kept);
        let input = Input::Ended {
            node,
            job,
            fence,
            outcome,
        };
        self.send(|done| Command::Ended { input, kept, done }).await
    }

    /// The outcome in the light of its result.
    fn judged(&self, job: JobId, outcome: Outcome, kept: Vec<u8>) -> (Outcome, Vec<u8>) {
        let kind = self
            .kinds
            .get(job)
            .filter(|_| outcome == Outcome::Completed);
        let Some(kind) = kind else {
            return (outcome, kept);
        };
        let mut came = Kept::read(&kept);
        // One that was too large to be kept was not read.
        if came.result_dropped {
            return (outcome, kept);
        }
        match self.results.judge(&kind, &came.result) {
            Ok(()) => (outcome, kept),
            Err(wrong) => {
                came.error = Some(wrong.to_string());
                (Outcome::Failed(Fault::Job), came.bytes())
            }
        }
    }

    /// Decisions from now on are made with this day's secret.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn turn_day(&self, secret: DaySecret) -> Result<(), DispatchError> {
        self.send(|done| Command::TurnDay(secret, done)).await
    }

    /// What the chain says of nodes as of `slot`: all that it says something of. Others have the prior score.
    ///
    /// # Errors
    /// [`DispatchError`].
    pub async fn stand(&self, slot: u64, nodes: Vec<Standing>) -> Result<(), DispatchError> {
        self.send(|done| Command::Stand { slot, nodes, done }).await
    }

    /// Why no node is chosen for what is needed, as things stand.
    ///
    /// # Errors
    /// [`DispatchError::Ended`].
    pub async fn ask_why(&self, needs: Needs, excluded: Vec<NodeId>) -> Result<Why, DispatchError> {
        let (done, answer) = oneshot::channel();
        let needs = Box::new(needs);
        let command = Command::Why {
            needs,
            excluded,
            done,
        };
        let sent = self.commands.send(command).await;
        sent.map_err(|_| DispatchError::Ended)?;
        answer.await.map_err(|_| DispatchError::Ended)
    }

    /// Which node comes first for what is needed, as things stand: nothing is given to it. By the dispatcher's own algorithm
    /// where none is named; where that draws, the one with the best chance.
    ///
    /// # Errors
    /// [`DispatchError::Ended`].
    pub async fn ask_match(
        &self,
        needs: Needs,
        algorithm: Option<Algorithm>,
    ) -> Result<Option<Preview>, DispatchError> {
        let (done, answer) = oneshot::channel();
        let needs = Box::new(needs);
        let command = Command::Match {
            needs,
            algorithm,
            done,
        };
        let sent = self.commands.send(command).await;
        sent.map_err(|_| DispatchError::Ended)?;
        answer.await.map_err(|_| DispatchError::Ended)
    }

    async fn input(&self, input: Input) -> Result<(), DispatchError> {
        self.send(|done| Command::Input(input, done)).await
    }

    async fn send(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<(), Denied>>) -> Command,
    ) -> Result<(), DispatchError> {
        let (done, answer) = oneshot::channel();
        let sent = self.commands.send(command(done)).await;
        sent.map_err(|_| DispatchError::Ended)?;
        Ok(answer.await.map_err(|_| DispatchError::Ended)??)
    }
}
