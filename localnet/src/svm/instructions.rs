//! Instructions of node_registry and job_receipt, addressed to localnet's program ids, and the addresses of
//! their accounts. Arguments and account order are Anchor's, generated from the IDLs ([`super::types`]).

use anchor_lang::{AnchorDeserialize, Discriminator, InstructionData, ToAccountMetas};
use solana_sdk::{instruction::Instruction, pubkey::Pubkey};

use super::{
    programs,
    token::TOKEN_PROGRAM,
    types::{job_receipt as job, node_registry as node},
};

pub use super::types::{
    job_receipt::accounts::JobAccount,
    node_registry::{accounts::NodeAccount, types::NodeStatus},
};

/// The system program.
pub const SYSTEM_PROGRAM: Pubkey = Pubkey::new_from_array([0; 32]);

fn instruction(
    label: &str,
    accounts: &impl ToAccountMetas,
    data: &impl InstructionData,
) -> Instruction {
    Instruction {
        program_id: programs::id(label),
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

/// Address of a node's account; `None` when `node_id` is over 32 bytes, as a seed holds no more.
#[must_use]
pub fn node_address(owner: &Pubkey, node_id: &str) -> Option<Pubkey> {
    derived(
        "node_registry",
        &[b"node", owner.as_ref(), node_id.as_bytes()],
    )
}

/// Address of a job's account; `None` when `job_id` is over 32 bytes.
#[must_use]
pub fn job_address(client: &Pubkey, job_id: &str) -> Option<Pubkey> {
    derived("job_receipt", &[b"job", client.as_ref(), job_id.as_bytes()])
}

pub(super) fn derived(label: &str, seeds: &[&[u8]]) -> Option<Pubkey> {
    Pubkey::try_find_program_address(seeds, &programs::id(label)).map(|(address, _)| address)
}

/// Reads an account of this Anchor type: discriminator, then borsh, then whatever room is left.
#[must_use]
pub fn read<T: AnchorDeserialize + Discriminator>(data: &[u8]) -> Option<T> {
    T::deserialize(&mut data.strip_prefix(T::DISCRIMINATOR)?).ok()
}

/// `node_registry.register_node`: creates the node's account at the owner's expense. Ids over 32 bytes have no
/// address; the instruction then names the zero account and fails.
#[must_use]
pub fn register_node(
    owner: &Pubkey,
    node_id: &str,
    gpu_specs_hash: &str,
    location: &str,
) -> Instruction {
    instruction(
        "node_registry",
        &node::client::accounts::RegisterNode {
            node_account: node_address(owner, node_id).unwrap_or_default(),
            owner: *owner,
            system_program: SYSTEM_PROGRAM,
        },
        &node::client::args::RegisterNode {
            node_id: node_id.to_owned(),
            gpu_specs_hash: gpu_specs_hash.to_owned(),
            location: location.to_owned(),
        },
    )
}

/// `node_registry.update_node_status`.
#[must_use]
pub fn update_node_status(
    node_account: &Pubkey,
    owner: &Pubkey,
    status: NodeStatus,
) -> Instruction {
    instruction(
        "node_registry",
        &node::client::accounts::UpdateNodeStatus {
            node_account: *node_account,
            owner: *owner,
        },
        &node::client::args::UpdateNodeStatus { status },
    )
}

/// `node_registry.heartbeat`: refused within 30 s of the one before, or of the registration.
#[must_use]
pub fn heartbeat(node_account: &Pubkey, owner: &Pubkey) -> Instruction {
    instruction(
        "node_registry",
        &node::client::accounts::Heartbeat {
            node_account: *node_account,
            owner: *owner,
        },
        &node::client::args::Heartbeat {},
    )
}

/// `node_registry.stake_for_node`: adds to the recorded stake; moves nothing.
#[must_use]
pub fn stake_for_node(node_account: &Pubkey, owner: &Pubkey, amount: u64) -> Instruction {
    instruction(
        "node_registry",
        &node::client::accounts::StakeForNode {
            node_account: *node_account,
            owner: *owner,
        },
        &node::client::args::StakeForNode { amount },
    )
}

/// `node_registry.deregister_node`: closes the node's account to its owner.
#[must_use]
pub fn deregister_node(node_account: &Pubkey, owner: &Pubkey) -> Instruction {
    instruction(
        "node_registry",
        &node::client::accounts::DeregisterNode {
            node_account: *node_account,
            owner: *owner,
        },
        &node::client::args::DeregisterNode {},
    )
}

/// `node_registry.increment_jobs_completed`: anybody may.
#[must_use]
pub fn increment_jobs_completed(node_account: &Pubkey) -> Instruction {
    instruction(
        "node_registry",
        &node::client::accounts::IncrementJobsCompleted {
            node_account: *node_account,
        },
        &node::client::args::IncrementJobsCompleted {},
    )
}

/// `node_registry.add_earnings`: anybody may.
#[must_use]
pub fn add_earnings(node_account: &Pubkey, amount: u64) -> Instruction {
    instruction(
        "node_registry",
        &node::client::accounts::AddEarnings {
            node_account: *node_account,
        },
        &node::client::args::AddEarnings { amount },
    )
}

/// `job_receipt.create_job`: `job_type` 0 to 5, `price` in HYPER's smallest unit.
#[must_use]
pub fn create_job(
    client: &Pubkey,
    job_id: &str,
    job_type: u8,
    price: u64,
    requirements_hash: &str,
) -> Instruction {
    instruction(
        "job_receipt",
        &job::client::accounts::CreateJob {
            job_account: job_address(client, job_id).unwrap_or_default(),
            client: *client,
            system_program: SYSTEM_PROGRAM,
        },
        &job::client::args::CreateJob {
            job_id: job_id.to_owned(),
            job_type,
            price,
            requirements_hash: requirements_hash.to_owned(),
        },
    )
}

/// `job_receipt.assign_job`: any signer may be `authority`.
#[must_use]
pub fn assign_job(
    job_account: &Pubkey,
    authority: &Pubkey,
    node_operator: &Pubkey,
    node_id: &str,
) -> Instruction {
    instruction(
        "job_receipt",
        &job::client::accounts::AssignJob {
            job_account: *job_account,
            authority: *authority,
            node_operator: *node_operator,
        },
        &job::client::args::AssignJob {
            node_id: node_id.to_owned(),
        },
    )
}

/// `job_receipt.submit_result`: any signer may be `operator`, `assigned_node` must be the assigned operator.
#[must_use]
pub fn submit_result(
    job_account: &Pubkey,
    operator: &Pubkey,
    assigned_node: &Pubkey,
    result_hash: &str,
    logs_url: &str,
) -> Instruction {
    instruction(
        "job_receipt",
        &job::client::accounts::SubmitResult {
            job_account: *job_account,
            operator: *operator,
            assigned_node: *assigned_node,
        },
        &job::client::args::SubmitResult {
            result_hash: result_hash.to_owned(),
            logs_url: logs_url.to_owned(),
        },
    )
}

/// The token accounts of a settlement; treasury and incentive pool are the caller's choice.
#[derive(Debug, Clone, Copy)]
pub struct Settlement {
    /// Pays; `authority` must be allowed to spend from it.
    pub client: Pubkey,
    /// Gets 80 %.
    pub operator: Pubkey,
    /// Gets 10 %.
    pub treasury: Pubkey,
    /// Gets 5 %.
    pub incentive: Pubkey,
}

/// `job_receipt.settle_job`.
#[must_use]
pub fn settle_job(job_account: &Pubkey, tokens: &Settlement, authority: &Pubkey) -> Instruction {
    instruction(
        "job_receipt",
        &job::client::accounts::SettleJob {
            job_account: *job_account,
            client_token_account: tokens.client,
            operator_token_account: tokens.operator,
            treasury_token_account: tokens.treasury,
            incentive_pool_account: tokens.incentive,
            authority: *authority,
            token_program: TOKEN_PROGRAM,
        },
        &job::client::args::SettleJob {},
    )
}

/// `job_receipt.cancel_job`: the job's client only, before a result.
#[must_use]
pub fn cancel_job(job_account: &Pubkey, client: &Pubkey) -> Instruction {
    instruction(
        "job_receipt",
        &job::client::accounts::CancelJob {
            job_account: *job_account,
            client: *client,
        },
        &job::client::args::CancelJob {},
    )
}
