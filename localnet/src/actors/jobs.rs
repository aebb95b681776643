//! Clients, operators and the broker: jobs from creation to settlement.

use hypernode_schemas::localnet;
use rand::Rng as _;
use solana_sdk::{
    instruction::Instruction,
    pubkey::Pubkey,
    signature::{Keypair, Signer as _},
};

use super::{
    cast::{CLIENTS, purse},
    desk::Desk,
    state::{Effect, Job, Stage, State},
};
use crate::svm::{
    instructions::{self as ix, Settlement},
    probe::Probe,
};

/// Kinds of jobs by their number on chain, as they appear in job names.
const KINDS: [&str; 6] = ["llm", "tune", "rag", "vision", "render", "compute"];
/// Slots after which a step that did not succeed is tried again.
const RETRY: u64 = 8;

/// Creates a job; a hurried one takes every step at once.
pub(super) fn create(state: &mut State, desk: &mut Desk<'_>, hurried: bool) {
    let client = desk.rng.random_range(0..CLIENTS);
    let kind = desk.rng.random_range(0..6u8);
    let number = state.next_job;
    state.next_job += 1;
    // Names are unique per client only: one in twelve repeats another client's.
    let name = match state.jobs.last() {
        Some(other) if other.client != client && desk.once_in(12) => other.name.clone(),
        _ => format!(
            "{}-{number:06}",
            KINDS.get(usize::from(kind)).unwrap_or(&"job")
        ),
    };
    // 0.25 to 100 HYPER.
    let price = desk.rng.random_range(1..=400) * 250_000;
    let requirements = desk.hash_text();
    let key = desk.cast.client(client);
    let create = ix::create_job(&key.pubkey(), &name, kind, price, &requirements);
    // Some clients create jobs through a program of their own.
    let create = if desk.once_in(12) {
        Probe::new().call(&create).build()
    } else {
        create
    };
    let due = desk.slot
        + if hurried {
            1
        } else {
            desk.rng.random_range(1..=4)
        };
    let job = Job {
        client,
        name,
        price,
        stage: Stage::Pending,
        operator: 0,
        due,
        hurried,
    };
    desk.write(&[create], &[key], Effect::Created(job));
}

/// Takes the next step of the jobs that are due, oldest first, as far as `budget` goes.
pub(super) fn advance(state: &mut State, desk: &mut Desk<'_>, budget: usize) {
    let slot = desk.slot;
    let mut left = budget;
    for at in 0..state.jobs.len() {
        let Some(job) = state.jobs.get_mut(at).filter(|job| job.due <= slot) else {
            continue;
        };
        if left == 0 && !job.hurried {
            continue;
        }
        job.due = slot + RETRY;
        let job = job.clone();
        let written = desk.count();
        match job.stage {
            Stage::Pending if !job.hurried && desk.once_in(15) => cancel(desk, &job),
            Stage::Pending => assign(state, desk, &job),
            Stage::Assigned => complete(desk, &job),
            Stage::Completed => settle(desk, &job),
        }
        left = left.saturating_sub(desk.count() - written);
    }
}

fn address(desk: &Desk<'_>, job: &Job) -> Pubkey {
    ix::job_address(&desk.cast.client(job.client).pubkey(), &job.name).unwrap_or_default()
}

fn step(job: &Job, stage: Stage, operator: u8, due: u64) -> Effect {
    Effect::Step {
        client: job.client,
        name: job.name.clone(),
        stage,
        operator,
        due,
    }
}

fn cancel(desk: &mut Desk<'_>, job: &Job) {
    let client = desk.cast.client(job.client);
    let cancel = ix::cancel_job(&address(desk, job), &client.pubkey());
    let ended = Effect::Ended {
        client: job.client,
        name: job.name.clone(),
    };
    desk.write(&[cancel], &[client], ended);
}

fn assign(state: &State, desk: &mut Desk<'_>, job: &Job) {
    let online: Vec<_> = state.nodes.iter().filter(|node| node.online).collect();
    let Some(node) = desk.pick(&online).copied() else {
        return;
    };
    let operator = desk.cast.owner(node.owner);
    // Mostly the operator takes the job; sometimes a broker assigns it without being asked.
    let authority = if desk.once_in(6) {
        desk.cast.broker()
    } else {
        operator
    };
    let assign = ix::assign_job(
        &address(desk, job),
        &authority.pubkey(),
        &operator.pubkey(),
        &node.name,
    );
    let wait = if job.hurried {
        1
    } else {
        desk.rng.random_range(2..=40)
    };
    let effect = step(job, Stage::Assigned, node.owner, desk.slot + wait);
    desk.write(&[assign], &[authority], effect);
}

fn complete(desk: &mut Desk<'_>, job: &Job) {
    let assigned = desk.cast.owner(job.operator);
    // The program lets any signer submit a result: now and then it is not the assigned one.
    let operator = if !job.hurried && desk.once_in(40) {
        desk.cast.broker()
    } else {
        assigned
    };
    let hash = desk.hash_text();
    let url = format!(
        "https://logs.example/{}/{}",
        job.name,
        hash.get(..8).unwrap_or_default()
    );
    let submit = ix::submit_result(
        &address(desk, job),
        &operator.pubkey(),
        &assigned.pubkey(),
        &hash,
        &url,
    );
    let wait = if job.hurried {
        1
    } else {
        desk.rng.random_range(1..=5)
    };
    let effect = step(job, Stage::Completed, job.operator, desk.slot + wait);
    let mut instructions = vec![submit];
    if desk.once_in(8) {
        instructions.insert(0, budget(400_000));
    }
    desk.write(&instructions, &[operator], effect);
}

fn settle(desk: &mut Desk<'_>, job: &Job) {
    let client = desk.cast.client(job.client);
    let operator = desk.cast.owner(job.operator);
    let mut tokens = Settlement {
        client: purse(client),
        operator: purse(operator),
        treasury: Pubkey::new_from_array(localnet::treasury()),
        incentive: Pubkey::new_from_array(localnet::incentive_pool()),
    };
    // Treasury and incentive pool are the caller's choice; some choose their own.
    if !job.hurried && desk.once_in(30) {
        tokens.treasury = purse(desk.cast.broker());
        tokens.incentive = purse(desk.cast.broker());
    }
    let job_account = address(desk, job);
    let settle = ix::settle_job(&job_account, &tokens, &client.pubkey());
    let ended = Effect::Ended {
        client: job.client,
        name: job.name.clone(),
    };
    desk.write(&[settle], &[client], ended);
}

/// Something that the programs refuse.
pub(super) fn mischief(state: &State, desk: &mut Desk<'_>) {
    let client = desk.rng.random_range(0..CLIENTS);
    let key: &Keypair = desk.cast.client(client);
    let hash = desk.hash_text();
    let refused: Option<(Instruction, &Keypair)> =
        match (desk.rng.random_range(0..5), desk.pick(&state.jobs)) {
            // InvalidJobType, InvalidPrice.
            (0, _) => Some((
                ix::create_job(
                    &key.pubkey(),
                    &format!("odd-{}", state.next_job),
                    9,
                    1_000_000,
                    &hash,
                ),
                key,
            )),
            (1, _) => Some((
                ix::create_job(
                    &key.pubkey(),
                    &format!("free-{}", state.next_job),
                    0,
                    0,
                    &hash,
                ),
                key,
            )),
            // Unauthorized: another client's job.
            (2, Some(job)) if job.client != client => {
                Some((ix::cancel_job(&address(desk, job), &key.pubkey()), key))
            }
            // JobNotAssigned: a result for a job that nobody works on.
            (3, Some(job)) if job.stage == Stage::Pending => {
                let broker = desk.cast.broker();
                let nobody = Pubkey::default();
                Some((
                    ix::submit_result(
                        &address(desk, job),
                        &broker.pubkey(),
                        &nobody,
                        &hash,
                        "https://logs.example/x",
                    ),
                    broker,
                ))
            }
            // JobNotCompleted: paid too early.
            (4, Some(job)) if job.stage != Stage::Completed => {
                let client = desk.cast.client(job.client);
                let tokens = Settlement {
                    client: purse(client),
                    operator: purse(desk.cast.owner(job.operator)),
                    treasury: Pubkey::new_from_array(localnet::treasury()),
                    incentive: Pubkey::new_from_array(localnet::incentive_pool()),
                };
                Some((
                    ix::settle_job(&address(desk, job), &tokens, &client.pubkey()),
                    client,
                ))
            }
            _ => None,
        };
    if let Some((instruction, signer)) = refused {
        desk.write(&[instruction], &[signer], Effect::None);
    }
}

/// A compute-unit limit, as wallets add it.
fn budget(units: u32) -> Instruction {
    let mut data = vec![2];
    data.extend(units.to_le_bytes());
    Instruction {
        program_id: COMPUTE_BUDGET,
        accounts: Vec::new(),
        data,
    }
}

const COMPUTE_BUDGET: Pubkey = solana_sdk::pubkey!("ComputeBudget111111111111111111111111111111");
