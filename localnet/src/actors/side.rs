//! What goes on beside the jobs: the lookup table, the payment splitter, the other programs' events.

use anchor_lang::Event;
use hypernode_schemas::localnet;
use rand::Rng as _;
use solana_sdk::{
    instruction::{AccountMeta, Instruction},
    pubkey::Pubkey,
    signature::Signer as _,
};

use super::{
    cast::{CLIENTS, OWNERS, purse},
    desk::Desk,
    state::{Effect, State, Table},
};
use crate::svm::{
    instructions::{self as ix, SYSTEM_PROGRAM},
    probe::Probe,
    programs,
    splitter::{self, Payment, Shares},
    token::TOKEN_PROGRAM,
    types::{hypernode_jobs as jobs, hypernode_rewards as rewards, hypernode_staking as staking},
};

const TABLE_PROGRAM: Pubkey = solana_sdk::pubkey!("AddressLookupTab1e1111111111111111111111111");

/// What the lookup table holds: the accounts that most transactions share.
pub(super) fn table_addresses() -> Vec<Pubkey> {
    vec![
        Pubkey::new_from_array(localnet::treasury()),
        Pubkey::new_from_array(localnet::incentive_pool()),
        Pubkey::new_from_array(localnet::mint()),
        splitter::config_address(),
        TOKEN_PROGRAM,
        programs::id("node_registry"),
        programs::id("job_receipt"),
    ]
}

/// Sets up what is there once: the lookup table and the payment splitter.
pub(super) fn set_up(state: &State, desk: &mut Desk<'_>) {
    let cashier = desk.cast.cashier();
    let me = cashier.pubkey();
    // A table may be made for a slot that programs see in the slot hashes: the parent's.
    match state.table {
        Table::None if desk.slot > 2 => {
            let recent = desk.slot - 1;
            let (table, bump) =
                Pubkey::find_program_address(&[me.as_ref(), &recent.to_le_bytes()], &TABLE_PROGRAM);
            let mut data = 0u32.to_le_bytes().to_vec();
            data.extend(recent.to_le_bytes());
            data.push(bump);
            let accounts = vec![
                AccountMeta::new(table, false),
                AccountMeta::new_readonly(me, true),
                AccountMeta::new(me, true),
                AccountMeta::new_readonly(SYSTEM_PROGRAM, false),
            ];
            let make = Instruction {
                program_id: TABLE_PROGRAM,
                accounts,
                data,
            };
            desk.write(&[make], &[cashier], Effect::TableMade(table));
        }
        Table::Empty(table) => {
            let table = Pubkey::new_from_array(table);
            let addresses = table_addresses();
            let mut data = 2u32.to_le_bytes().to_vec();
            data.extend((addresses.len() as u64).to_le_bytes());
            for address in &addresses {
                data.extend(address.as_ref());
            }
            let accounts = vec![
                AccountMeta::new(table, false),
                AccountMeta::new_readonly(me, true),
                AccountMeta::new(me, true),
                AccountMeta::new_readonly(SYSTEM_PROGRAM, false),
            ];
            let extend = Instruction {
                program_id: TABLE_PROGRAM,
                accounts,
                data,
            };
            desk.write(
                &[extend],
                &[cashier],
                Effect::TableFilled(table, desk.slot + 2),
            );
        }
        Table::None | Table::Filled(..) => {}
    }
    if !state.splitter && desk.slot > 3 {
        let shares = Shares {
            operator: 80,
            treasury: 10,
            incentive: 5,
            orchestrator: 5,
        };
        let (treasury, incentive) = (localnet::treasury(), localnet::incentive_pool());
        let initialize = splitter::initialize(
            &me,
            &Pubkey::new_from_array(treasury),
            &Pubkey::new_from_array(incentive),
            shares,
        );
        desk.write(&[initialize], &[cashier], Effect::Splitter);
    }
}

/// A payment through the splitter, or a change of its settings.
pub(super) fn payment(state: &State, desk: &mut Desk<'_>) {
    if !state.splitter {
        return;
    }
    let cashier = desk.cast.cashier();
    let operator = desk.cast.owner(desk.rng.random_range(0..OWNERS));
    let instruction = match desk.rng.random_range(0..12) {
        0 => {
            let operator = desk.rng.random_range(75..=85);
            let shares = Shares {
                operator,
                treasury: 10,
                incentive: 5,
                orchestrator: 85 - operator,
            };
            splitter::update_config(&cashier.pubkey(), shares)
        }
        1 => {
            let amount = desk.rng.random_range(1..=100) * 10_000;
            splitter::withdraw_treasury(
                &cashier.pubkey(),
                &purse(cashier),
                &purse(operator),
                amount,
            )
        }
        _ => {
            let payer = desk.cast.client(desk.rng.random_range(0..CLIENTS));
            let tokens = Payment {
                source: purse(payer),
                operator: purse(operator),
                treasury: Pubkey::new_from_array(localnet::treasury()),
                incentive: Pubkey::new_from_array(localnet::incentive_pool()),
                orchestrator: purse(desk.cast.broker()),
            };
            // Odd amounts leave dust with the payer; nothing at all is refused.
            let amount = if desk.once_in(15) {
                0
            } else {
                desk.rng.random_range(1..=50_000_000)
            };
            let pay = splitter::process_payment(&tokens, &payer.pubkey(), amount);
            return desk.write(&[pay], &[payer], Effect::None);
        }
    };
    desk.write(&[instruction], &[cashier], Effect::None);
}

/// An event of a program that localnet only has a stand-in for, by log or by CPI.
pub(super) fn stand_in(state: &State, desk: &mut Desk<'_>) {
    let timestamp = desk.time;
    let client = desk.cast.client(desk.rng.random_range(0..CLIENTS));
    let owner = desk.cast.owner(desk.rng.random_range(0..OWNERS));
    let user = owner.pubkey();
    let amount = desk.rng.random_range(1..=1_000) * 1_000_000;
    let node = desk
        .pick(&state.nodes)
        .and_then(|node| ix::node_address(&desk.cast.owner(node.owner).pubkey(), &node.name))
        .unwrap_or_default();
    let job = Pubkey::new_from_array(desk.rng.random());
    let duration = desk.rng.random_range(5..=600);
    let (label, events): (_, Vec<Vec<u8>>) = match desk.rng.random_range(0..6) {
        0 => (
            "hypernode_jobs",
            vec![
                jobs::events::JobAssignedEvent {
                    job,
                    node,
                    timestamp,
                }
                .data(),
                jobs::events::JobCompletedEvent {
                    job,
                    node,
                    price: amount,
                    duration,
                    timestamp,
                }
                .data(),
            ],
        ),
        1 => (
            "hypernode_jobs",
            vec![
                jobs::events::JobAssignedEvent {
                    job,
                    node,
                    timestamp,
                }
                .data(),
                jobs::events::JobFailedEvent {
                    job,
                    node,
                    duration,
                    timestamp,
                }
                .data(),
            ],
        ),
        2 => {
            let recovered = jobs::events::RecoverEvent {
                job,
                client: client.pubkey(),
                amount,
                reason: "stuck_in_queue".to_owned(),
                timestamp,
            };
            ("hypernode_jobs", vec![recovered.data()])
        }
        3 => {
            let stake = staking::events::StakeEvent {
                user,
                amount,
                duration_seconds: 30 * 86_400,
                xnos: amount / 2,
                multiplier_bps: 12_500,
                tier: staking::types::StakeTier::Silver,
                unlock_at: timestamp + 30 * 86_400,
                timestamp,
            };
            ("hypernode_staking", vec![stake.data()])
        }
        4 => {
            let unstake = staking::events::UnstakeEvent {
                user,
                amount,
                xnos_burned: amount / 2,
                timestamp,
            };
            ("hypernode_staking", vec![unstake.data()])
        }
        _ => {
            let claim = rewards::events::ClaimEvent {
                user,
                amount,
                xnos: amount / 2,
                timestamp,
            };
            ("hypernode_rewards", vec![claim.data()])
        }
    };
    let by_cpi = desk.once_in(2);
    let mut probe = Probe::at(programs::id(label));
    for event in &events {
        probe = if by_cpi {
            probe.event(event)
        } else {
            probe.data(&[event])
        };
    }
    desk.write(&[probe.build()], &[owner], Effect::None);
}
