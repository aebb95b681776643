//! Random jobs, credits, reservations and match receipts.

use hypernode_state::budgets::{BudgetReserve, BudgetSettle, GetReservation, Reserved};
use hypernode_state::credits::{CreditAdd, Earned, Earner, GetCredit, ListCredits};
use hypernode_state::jobs::{
    CountJobs, GetJob, JobContent, JobInsert, JobOutcome, JobPut, JobStates, JobsTrim, ListJobs,
    OpenJobs,
};
use hypernode_state::receipts::{GetReceipts, ListReceipts, ReceiptAdd};
use hypernode_state::{Address, Op, Query, limits};
use proptest::option::of;
use proptest::prelude::*;

use super::{bytes, limit, name, number, time};
use crate::conformance::{address, digest};

fn id() -> impl Strategy<Value = String> {
    name("j", 3)
}

fn owner() -> impl Strategy<Value = Address> {
    (0..2_u8).prop_map(address)
}

fn kind() -> impl Strategy<Value = String> {
    name("kind", 2)
}

fn node() -> impl Strategy<Value = String> {
    name("n", 2)
}

/// Few states, so that they meet, and now and then one that does not exist.
fn state() -> impl Strategy<Value = u8> {
    prop_oneof![12 => 0..3_u8, 4 => Just(15), 1 => Just(16)]
}

fn states() -> impl Strategy<Value = JobStates> {
    prop_oneof![
        3 => Just(JobStates::ALL),
        4 => proptest::collection::vec(state(), 1..4).prop_map(|states| states.into_iter().collect()),
        1 => any::<u16>().prop_map(JobStates),
    ]
}

fn version() -> impl Strategy<Value = u64> {
    prop_oneof![9 => Just(1_u64), 6 => 2..5_u64, 1 => number()]
}

fn fence() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0..3_u32, 1 => Just(u32::MAX)]
}

fn page() -> impl Strategy<Value = u32> {
    limit().prop_map(|limit| limit.min(limits::PAGE))
}

pub(crate) fn op() -> BoxedStrategy<Op> {
    prop_oneof![8 => jobs(), 2 => credits(), 4 => budgets(), 1 => receipts()].boxed()
}

fn jobs() -> BoxedStrategy<Op> {
    let whose = || (id(), owner(), kind(), of(node()), of(time()));
    prop_oneof![
        7 => (whose(), state(), any::<[bool; 2]>(), bytes(), bytes(), time()).prop_map(
            |((id, owner, kind, node, due), state, [open, awaits_content], record, content, at)| {
                JobInsert { id, owner, kind, state, open, node, due, awaits_content, record, content, at }.into()
            }
        ),
        7 => (id(), version(), state(), any::<bool>(), of(node()), of(time()), bytes(), time()).prop_map(
            |(id, version, state, open, node, due, record, at)| {
                JobPut { id, version, state, open, node, due, record, at }.into()
            }
        ),
        2 => (id(), version(), bytes()).prop_map(|(id, version, content)| JobContent { id, version, content }.into()),
        1 => (id(), bytes()).prop_map(|(id, outcome)| JobOutcome { id, outcome }.into()),
        1 => (time(), states(), limit()).prop_map(|(before, states, limit)| JobsTrim { before, states, limit }.into()),
    ]
    .boxed()
}

/// Parts that mostly fit into the cost.
fn credits() -> BoxedStrategy<Op> {
    let parts = (number(), 0..3_u64, 0..3_u64, 0..3_u64);
    (
        id(),
        fence(),
        node(),
        owner(),
        parts,
        prop_oneof![13 => Just(0_i64), 2 => Just(1), 1 => Just(-1)],
        time(),
    )
        .prop_map(|(job, fence, node, wallet, parts, off, at)| {
            let (operator, treasury, incentive, orchestrator) = parts;
            let sum = [operator, treasury, incentive, orchestrator];
            CreditAdd {
                job,
                fence,
                node,
                wallet,
                cost: sum
                    .into_iter()
                    .fold(0, u64::wrapping_add)
                    .wrapping_add_signed(off),
                operator,
                treasury,
                incentive,
                orchestrator,
                at,
            }
            .into()
        })
        .boxed()
}

fn budgets() -> BoxedStrategy<Op> {
    prop_oneof![
        (id(), owner(), number(), of(number())).prop_map(|(job, owner, amount, cap)| {
            BudgetReserve {
                job,
                owner,
                amount,
                cap,
            }
            .into()
        }),
        (id(), number()).prop_map(|(job, charged)| BudgetSettle { job, charged }.into()),
        id().prop_map(|job| BudgetSettle { job, charged: 0 }.into()),
    ]
    .boxed()
}

fn receipts() -> BoxedStrategy<Op> {
    (id(), fence(), bytes(), any::<u8>(), time())
        .prop_map(|(job, fence, receipt, sign, at)| {
            ReceiptAdd {
                job,
                fence,
                hash: digest(sign),
                receipt,
                signature: [sign; 64],
                at,
            }
            .into()
        })
        .boxed()
}

fn earner() -> impl Strategy<Value = Earner> {
    prop_oneof![
        Just(Earner::All),
        node().prop_map(Earner::Node),
        owner().prop_map(Earner::Wallet)
    ]
}

pub(crate) fn query() -> BoxedStrategy<Query> {
    prop_oneof![
        2 => (id(), any::<[bool; 2]>())
            .prop_map(|(id, [content, outcome])| GetJob { id, content, outcome }.into()),
        4 => (of(owner()), of(kind()), of(node()), states(), of(0..20_u64), page()).prop_map(
            |(owner, kind, node, states, before, limit)| {
                ListJobs { owner, kind, node, states, before, limit }.into()
            }
        ),
        2 => (0..9_u64, page()).prop_map(|(after, limit)| OpenJobs { after, limit }.into()),
        3 => of(owner()).prop_map(|owner| CountJobs { owner }.into()),
        1 => id().prop_map(|job| GetCredit { job }.into()),
        2 => (earner(), 0..4_u64, page()).prop_map(|(by, after, limit)| ListCredits { by, after, limit }.into()),
        2 => earner().prop_map(|by| Earned { by }.into()),
        2 => owner().prop_map(|owner| Reserved { owner }.into()),
        1 => id().prop_map(|job| GetReservation { job }.into()),
        1 => (id(), of(fence()), page()).prop_map(|(job, after, limit)| GetReceipts { job, after, limit }.into()),
        1 => (0..4_u64, page()).prop_map(|(after, limit)| ListReceipts { after, limit }.into()),
    ]
    .boxed()
}
