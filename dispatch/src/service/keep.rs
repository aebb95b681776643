//! A group as units of the store: each job with all that goes with it is in one.

use std::collections::HashMap;

use hypernode_state::accounts::ApiKeyRefund;
use hypernode_state::budgets::{BudgetReserve, BudgetSettle};
use hypernode_state::credits::CreditAdd;
use hypernode_state::idempotency::IdempotencyOp;
use hypernode_state::jobs::{JobContent, JobInsert, JobOutcome, JobPut};
use hypernode_state::receipts::ReceiptAdd;
use hypernode_state::{Address, Digest, Op, Unit, UnixMs, limits};

use super::command::Order;
use super::group::Group;
use super::kinds::Kinds;
use super::{ServiceError, Signer, code, facts, sole};
use crate::board::{Config, Record};
use crate::ids::{JobId, NodeId};
use crate::job::{Effect, Split, State};
use crate::matching::Receipt;

/// No unit is filled beyond this; one job's operations go together. Units share a commit anyway, and within one each
/// statement that fires a trigger walks the copies of all pages touched so far: large ones cost by the square.
const FULL: usize = 60;
/// Bytes that a unit is filled with, below [`limits::UNIT`].
const FULL_BYTES: usize = limits::UNIT / 2;

/// The numbers of the last changes of open jobs.
pub(super) type Versions = HashMap<JobId, u64>;

/// Turns groups into units.
pub(super) struct Keeper {
    pub(super) config: Config,
    pub(super) signer: Signer,
    /// Of the lease that each unit depends on.
    pub(super) fence: Option<u64>,
    /// Types of open jobs.
    pub(super) kinds: Kinds,
    pub(super) versions: Versions,
}

/// What goes with the jobs of a group.
struct Beside {
    orders: HashMap<JobId, Order>,
    contents: HashMap<JobId, Vec<u8>>,
    outcomes: HashMap<JobId, Vec<u8>>,
    replayed: Vec<JobId>,
    wallets: HashMap<NodeId, Address>,
    effects: HashMap<JobId, Vec<Effect>>,
    receipts: HashMap<JobId, Vec<Receipt>>,
}

impl Beside {
    fn of(group: &mut Group) -> Self {
        let mut effects: HashMap<JobId, Vec<Effect>> = HashMap::new();
        for (job, effect) in &group.step.effects {
            effects.entry(*job).or_default().push(effect.clone());
        }
        let mut receipts: HashMap<JobId, Vec<Receipt>> = HashMap::new();
        for receipt in std::mem::take(&mut group.step.receipts) {
            receipts.entry(receipt.job).or_default().push(receipt);
        }
        let orders = std::mem::take(&mut group.orders);
        Self {
            orders: orders.into_iter().map(|o| (o.submission.id, o)).collect(),
            contents: std::mem::take(&mut group.contents).into_iter().collect(),
            outcomes: std::mem::take(&mut group.outcomes).into_iter().collect(),
            replayed: std::mem::take(&mut group.replayed),
            wallets: std::mem::take(&mut group.wallets).into_iter().collect(),
            effects,
            receipts,
        }
    }
}

impl Keeper {
    /// The units of a group. Versions are counted on: a group whose units were made must be kept, or the keeper thrown
    /// away.
    pub(super) fn units(
        &mut self,
        group: &mut Group,
        at: UnixMs,
    ) -> Result<Vec<Unit>, ServiceError> {
        let mut beside = Beside::of(group);
        let mut units = Vec::new();
        let (mut unit, mut bytes) = (self.begun(), 0);
        for record in group.step.records() {
            let (ops, size) = self.job(record, &mut beside, at)?;
            if unit.ops().len() + ops.len() > FULL || bytes + size > FULL_BYTES {
                units.push(std::mem::replace(&mut unit, self.begun()));
                bytes = 0;
            }
            bytes += size;
            ops.into_iter().for_each(|op| unit.add(op));
        }
        for fact in std::mem::take(&mut group.facts) {
            bytes += fact.payload.len();
            unit.add(fact);
        }
        if bytes > 0 {
            units.push(unit);
        }
        Ok(units)
    }

    /// A unit that happens only while this dispatcher is the store's.
    fn begun(&self) -> Unit {
        let lease = self.fence.map(|fence| Op::from(sole::required(fence)));
        lease.into_iter().collect()
    }

    /// Everything about one job, and about how many bytes it is.
    fn job(
        &mut self,
        record: &Record,
        beside: &mut Beside,
        at: UnixMs,
    ) -> Result<(Vec<Op>, usize), ServiceError> {
        let id = record.job.id;
        let name = id.to_string();
        let bytes = json(record)?;
        let mut size = bytes.len();
        let mut ops = Vec::new();
        let new = beside.orders.remove(&id);
        let kind = new.as_ref().map(|order| order.kind.clone());
        size += self.change(record, name.clone(), bytes, new, beside, at, &mut ops);
        if let Some(outcome) = beside.outcomes.remove(&id) {
            size += outcome.len();
            let id = name.clone();
            ops.push(JobOutcome { id, outcome }.into());
        }
        if beside.replayed.contains(&id) && record.job.terms.pay.reserved() > 0 {
            ops.push(reserve(record, &name).into());
        }
        let effects = beside.effects.remove(&id).unwrap_or_default();
        for effect in &effects {
            if let Some(fact) = facts::missed(id, effect, at) {
                ops.push(fact.map_err(unwritable)?.into());
            }
            if let Effect::Credit { node, cost } = *effect {
                ops.push(credit(record, &name, node, cost, beside, at).into());
            }
        }
        if record.job.is_over() && record.job.terms.pay.reserved() > 0 {
            let charged = match record.job.state {
                State::Completed { cost, .. } => cost,
                _ => 0,
            };
            let job = name.clone();
            ops.push(BudgetSettle { job, charged }.into());
            let amount = record.job.terms.pay.reserved().saturating_sub(charged);
            if let Some(id) = record.spec.key.clone().filter(|_| amount > 0) {
                ops.push(ApiKeyRefund { id, amount }.into());
            }
        }
        for receipt in beside.receipts.remove(&id).unwrap_or_default() {
            let receipt = self.receipt(&receipt, &name, at)?;
            size += receipt.receipt.len();
            ops.push(receipt.into());
        }
        let fact = facts::changed(record, kind, &effects, at);
        ops.push(fact.map_err(unwritable)?.into());
        if record.job.is_over() {
            self.versions.remove(&id);
            self.kinds.remove(id);
        }
        Ok((ops, size + 200 * 4))
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one place where a record becomes a row"
    )]
    fn change(
        &mut self,
        record: &Record,
        id: String,
        bytes: Vec<u8>,
        new: Option<Order>,
        beside: &mut Beside,
        at: UnixMs,
        ops: &mut Vec<Op>,
    ) -> usize {
        let job = &record.job;
        let node = match job.state {
            State::Completed { node, .. } => Some(node),
            _ => job.holder(),
        };
        let (node, due) = (
            node.map(|node| node.to_string()),
            job.due(&self.config.rules),
        );
        let (state, open) = (code(&job.state), !job.is_over());
        let mut size = 0;
        if let Some(order) = new {
            size += order.content.len() + order.beside.iter().map(weight).sum::<usize>();
            ops.extend(order.beside);
            ops.push(
                JobInsert {
                    id: id.clone(),
                    owner: job.terms.owner,
                    kind: order.kind,
                    state,
                    open,
                    node,
                    due,
                    awaits_content: order.submission.waits,
                    record: bytes,
                    content: order.content,
                    at,
                }
                .into(),
            );
            if job.terms.pay.reserved() > 0 {
                ops.push(reserve(record, &id).into());
            }
            self.versions.insert(job.id, 1);
            return size;
        }
        let version = self.versions.entry(job.id).or_insert(0);
        if let Some(content) = beside.contents.remove(&job.id) {
            size += content.len();
            let (id, version) = (id.clone(), *version);
            ops.push(
                JobContent {
                    id,
                    version,
                    content,
                }
                .into(),
            );
        }
        ops.push(
            JobPut {
                id,
                version: *version,
                state,
                open,
                node,
                due,
                record: bytes,
                at,
            }
            .into(),
        );
        *version += 1;
        size
    }

    fn receipt(
        &self,
        receipt: &Receipt,
        job: &str,
        at: UnixMs,
    ) -> Result<ReceiptAdd, ServiceError> {
        let bytes = receipt.bytes().map_err(unwritable)?;
        let signature = (self.signer)(&bytes);
        let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&bytes).into();
        Ok(ReceiptAdd {
            job: job.to_owned(),
            fence: receipt.fence,
            hash: Digest(hash),
            receipt: bytes,
            signature,
            at,
        })
    }
}

/// About how many bytes an operation is that is kept beside a new job: only answers are large.
fn weight(op: &Op) -> usize {
    match op {
        Op::Idempotency(IdempotencyOp::IdempotencyFinish(op)) => op.response.len(),
        _ => 200,
    }
}

fn reserve(record: &Record, job: &str) -> BudgetReserve {
    BudgetReserve {
        job: job.to_owned(),
        owner: record.job.terms.owner,
        amount: record.job.terms.pay.reserved(),
        cap: None,
    }
}

fn credit(
    record: &Record,
    job: &str,
    node: NodeId,
    cost: u64,
    beside: &Beside,
    at: UnixMs,
) -> CreditAdd {
    let split = Split::of(cost);
    CreditAdd {
        job: job.to_owned(),
        fence: record.job.fence,
        node: node.to_string(),
        wallet: beside.wallets.get(&node).copied().unwrap_or_default(),
        cost,
        operator: split.operator,
        treasury: split.treasury,
        incentive: split.incentive,
        orchestrator: split.orchestrator,
        at,
    }
}

fn json(record: &Record) -> Result<Vec<u8>, ServiceError> {
    serde_json::to_vec(record).map_err(unwritable)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn unwritable(error: serde_json::Error) -> ServiceError {
    ServiceError::Unwritable(error.to_string())
}
