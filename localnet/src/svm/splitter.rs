//! Instructions, account and events of payment_splitter, addressed to localnet's program id. Written out
//! because Anchor cannot generate them ([`super::types`]); a test holds them against the IDL's order.

use borsh::{BorshDeserialize, BorshSerialize};
use solana_sdk::{
    instruction::{AccountMeta, Instruction},
    pubkey::Pubkey,
};

use super::{instructions::SYSTEM_PROGRAM, programs, token::TOKEN_PROGRAM};

const LABEL: &str = "payment_splitter";

/// First bytes of a `SplitterConfig` account.
pub const CONFIG_DISCRIMINATOR: [u8; 8] = [0x25, 0x46, 0x42, 0x59, 0x93, 0xd5, 0x3b, 0x99];
/// First bytes of a `PaymentProcessedEvent`.
pub const PAYMENT_PROCESSED: [u8; 8] = [0x08, 0xe1, 0x53, 0x0b, 0x91, 0x4c, 0x57, 0xa0];

/// Percentages that a payment is split by; they must sum to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Shares {
    /// Node operator's.
    pub operator: u8,
    /// Treasury's.
    pub treasury: u8,
    /// Incentive pool's.
    pub incentive: u8,
    /// Orchestrator's.
    pub orchestrator: u8,
}

/// The program's one account.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SplitterConfig {
    /// Who may change it and withdraw.
    pub authority: [u8; 32],
    /// The treasury as stated at initialisation.
    pub treasury: [u8; 32],
    /// The incentive pool as stated at initialisation.
    pub incentive_pool: [u8; 32],
    /// How payments are split.
    pub shares: Shares,
    /// Sum of all payments; nothing ever writes it, as process_payment takes the account read-only.
    pub total_volume: u64,
    /// Number of payments; never written either.
    pub total_payments: u64,
    /// Bump of the account's address.
    pub bump: u8,
}

impl SplitterConfig {
    /// Reads the account's data.
    #[must_use]
    pub fn read(data: &[u8]) -> Option<Self> {
        Self::deserialize(&mut data.strip_prefix(&CONFIG_DISCRIMINATOR)?).ok()
    }
}

/// Event of `process_payment`, in token units.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PaymentProcessed {
    /// What was to be split; rounding dust stays with the payer.
    pub total_amount: u64,
    /// Operator's part.
    pub operator_amount: u64,
    /// Treasury's part.
    pub treasury_amount: u64,
    /// Incentive pool's part.
    pub incentive_amount: u64,
    /// Orchestrator's part.
    pub orchestrator_amount: u64,
    /// Seconds since the epoch.
    pub timestamp: i64,
}

/// Token accounts of a payment.
#[derive(Debug, Clone, Copy)]
pub struct Payment {
    /// Pays.
    pub source: Pubkey,
    /// Operator's.
    pub operator: Pubkey,
    /// Treasury's.
    pub treasury: Pubkey,
    /// Incentive pool's.
    pub incentive: Pubkey,
    /// Orchestrator's.
    pub orchestrator: Pubkey,
}

/// Address of the configuration account.
#[must_use]
pub fn config_address() -> Pubkey {
    super::instructions::derived(LABEL, &[b"splitter_config"]).unwrap_or_default()
}

fn instruction(
    discriminator: u64,
    accounts: Vec<AccountMeta>,
    args: &impl BorshSerialize,
) -> Instruction {
    let mut data = discriminator.to_be_bytes().to_vec();
    // Writing integers to a vector cannot fail.
    let _ = args.serialize(&mut data);
    Instruction {
        program_id: programs::id(LABEL),
        accounts,
        data,
    }
}

fn writable(key: &Pubkey) -> AccountMeta {
    AccountMeta::new(*key, false)
}

fn readonly(key: &Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(*key, false)
}

/// `initialize`: once.
#[must_use]
pub fn initialize(
    authority: &Pubkey,
    treasury: &Pubkey,
    incentive_pool: &Pubkey,
    shares: Shares,
) -> Instruction {
    let accounts = vec![
        writable(&config_address()),
        AccountMeta::new(*authority, true),
        readonly(treasury),
        readonly(incentive_pool),
        readonly(&SYSTEM_PROGRAM),
    ];
    instruction(0xafaf_6d1f_0d98_9bed, accounts, &shares)
}

/// `process_payment`: `authority` must be allowed to spend from the source.
#[must_use]
pub fn process_payment(tokens: &Payment, authority: &Pubkey, amount: u64) -> Instruction {
    let accounts = vec![
        readonly(&config_address()),
        writable(&tokens.source),
        writable(&tokens.operator),
        writable(&tokens.treasury),
        writable(&tokens.incentive),
        writable(&tokens.orchestrator),
        AccountMeta::new_readonly(*authority, true),
        readonly(&TOKEN_PROGRAM),
    ];
    instruction(0xbd51_1ec6_8bba_7317, accounts, &amount)
}

/// `update_config`: the configured authority only.
#[must_use]
pub fn update_config(authority: &Pubkey, shares: Shares) -> Instruction {
    let accounts = vec![
        writable(&config_address()),
        AccountMeta::new_readonly(*authority, true),
    ];
    instruction(0x1d9e_fcbf_0a53_db63, accounts, &shares)
}

/// `withdraw_treasury`: the configured authority, which must also be allowed to spend from the treasury.
#[must_use]
pub fn withdraw_treasury(
    authority: &Pubkey,
    treasury: &Pubkey,
    destination: &Pubkey,
    amount: u64,
) -> Instruction {
    let accounts = vec![
        readonly(&config_address()),
        writable(treasury),
        writable(destination),
        AccountMeta::new_readonly(*authority, true),
        readonly(&TOKEN_PROGRAM),
    ];
    instruction(0x283f_7a9e_90d8_5360, accounts, &amount)
}
