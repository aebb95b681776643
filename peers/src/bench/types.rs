//! Types for the race: any bytes at all, and the block's events as generated code has them.

use anchor_lang::{AnchorDeserialize, AnchorSerialize, Discriminator, Event};
use borsh::BorshDeserialize;
use carbon_core::deserialize::CarbonDeserialize;

/// Whatever stands there, under any discriminator: the scan without the decoding.
#[derive(Debug)]
pub struct Any(Vec<u8>);

impl CarbonDeserialize for Any {
    const DISCRIMINATOR: &'static [u8] = &[];

    fn deserialize(data: &[u8]) -> Option<Self> {
        Some(Self(data.to_vec()))
    }
}

impl BorshDeserialize for Any {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl AnchorSerialize for Any {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(&self.0)
    }
}

impl Discriminator for Any {
    const DISCRIMINATOR: &'static [u8] = &[];
}

impl Event for Any {
    fn data(&self) -> Vec<u8> {
        self.0.clone()
    }
}

/// Raydium CLMM's `SwapEvent`.
#[anchor_lang::event]
#[derive(Debug)]
pub struct SwapEvent {
    pub pool_state: [u8; 32],
    pub sender: [u8; 32],
    pub token_account_0: [u8; 32],
    pub token_account_1: [u8; 32],
    pub amount_0: u64,
    pub transfer_fee_0: u64,
    pub amount_1: u64,
    pub transfer_fee_1: u64,
    pub zero_for_one: bool,
    pub sqrt_price_x64: u128,
    pub liquidity: u128,
    pub tick: i32,
}

/// Jupiter's `SwapEvent`, which has the same discriminator.
#[derive(Debug, BorshDeserialize)]
#[allow(dead_code)] // decoded, never read
pub struct JupiterSwap {
    pub amm: [u8; 32],
    pub input_mint: [u8; 32],
    pub input_amount: u64,
    pub output_mint: [u8; 32],
    pub output_amount: u64,
}

/// Meteora DLMM's `Swap`.
#[anchor_lang::event]
#[derive(Debug)]
pub struct Swap {
    pub lb_pair: [u8; 32],
    pub from: [u8; 32],
    pub start_bin_id: i32,
    pub end_bin_id: i32,
    pub amount_in: u64,
    pub amount_out: u64,
    pub swap_for_y: bool,
    pub fee: u64,
    pub protocol_fee: u64,
    pub fee_bps: u128,
    pub host_fee: u64,
}
