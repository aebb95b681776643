//! Instructions of the probe: a program of localnet's that does what its data says. Tests forge with it, and
//! actors use it as the outside program that calls ours. The runtime's rules bind it like any other program.
//!
//! It also stands in for `hypernode_jobs`, `hypernode_staking` and `hypernode_rewards`, whose instructions'
//! account lists are not known: at their addresses it emits their events.

use solana_sdk::{
    instruction::{AccountMeta, Instruction},
    pubkey::Pubkey,
};

use super::programs;

/// A list of things to do, built one by one. Payloads are limited to 65,535 bytes, far above what a
/// transaction holds; what is beyond is cut.
#[derive(Debug, Clone)]
pub struct Probe {
    program: Pubkey,
    accounts: Vec<AccountMeta>,
    data: Vec<u8>,
}

impl Probe {
    /// For the probe itself.
    #[must_use]
    pub fn new() -> Self {
        Self::at(programs::id("probe"))
    }

    /// For another address that holds the probe's code.
    #[must_use]
    pub fn at(program: Pubkey) -> Self {
        Self {
            program,
            accounts: Vec::new(),
            data: Vec::new(),
        }
    }

    /// `sol_log_data` of these segments: one `Program data:` line.
    #[must_use]
    pub fn data(self, segments: &[&[u8]]) -> Self {
        let mut payload = Vec::new();
        for segment in segments {
            payload.extend(length(segment));
            payload.extend(*segment);
        }
        self.record(1, &payload)
    }

    /// `sol_log`: one `Program log:` line, newlines included.
    #[must_use]
    pub fn log(self, text: &str) -> Self {
        self.record(2, text.as_bytes())
    }

    /// Calls another instruction with the rights that this one has.
    #[must_use]
    pub fn call(mut self, callee: &Instruction) -> Self {
        let program = self.account(AccountMeta::new_readonly(callee.program_id, false));
        let mut payload = vec![
            program,
            u8::try_from(callee.accounts.len()).unwrap_or(u8::MAX),
        ];
        for meta in &callee.accounts {
            payload.push(self.account(meta.clone()));
            payload.push(u8::from(meta.is_signer) | u8::from(meta.is_writable) << 1);
        }
        payload.extend(&callee.data);
        self.record(3, &payload)
    }

    /// Ends with this custom error, which must not be 0.
    #[must_use]
    pub fn fail(self, code: u32) -> Self {
        self.record(4, &code.to_le_bytes())
    }

    /// Sets return data.
    #[must_use]
    pub fn returns(self, bytes: &[u8]) -> Self {
        self.record(5, bytes)
    }

    /// Anchor's `emit_cpi!`: a call of itself, signed by its event authority, with `event` (discriminator and
    /// borsh) behind the event tag.
    #[must_use]
    pub fn event(mut self, event: &[u8]) -> Self {
        let authority = event_authority(&self.program);
        let mut payload = vec![self.account(AccountMeta::new_readonly(authority, false))];
        payload.extend(event);
        let program = self.program;
        self.account(AccountMeta::new_readonly(program, false));
        self.record(6, &payload)
    }

    /// Logs that many lines of that many dots.
    #[must_use]
    pub fn flood(self, lines: u16, dots: u16) -> Self {
        let payload = [lines.to_le_bytes(), dots.to_le_bytes()].concat();
        self.record(7, &payload)
    }

    /// The instruction.
    #[must_use]
    pub fn build(self) -> Instruction {
        Instruction {
            program_id: self.program,
            accounts: self.accounts,
            data: self.data,
        }
    }

    /// Index of an account among this instruction's, added or given more rights if need be.
    fn account(&mut self, meta: AccountMeta) -> u8 {
        let found = self
            .accounts
            .iter()
            .position(|known| known.pubkey == meta.pubkey);
        let index = found.unwrap_or(self.accounts.len());
        match found.and_then(|index| self.accounts.get_mut(index)) {
            Some(known) => {
                known.is_signer |= meta.is_signer;
                known.is_writable |= meta.is_writable;
            }
            None => self.accounts.push(meta),
        }
        u8::try_from(index).unwrap_or(u8::MAX)
    }

    fn record(mut self, op: u8, payload: &[u8]) -> Self {
        let payload = payload.get(..usize::from(u16::MAX)).unwrap_or(payload);
        self.data.push(op);
        self.data.extend(length(payload));
        self.data.extend(payload);
        self
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self::new()
    }
}

/// Address by which Anchor programs sign their CPI events.
#[must_use]
pub fn event_authority(program: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[b"__event_authority"], program).0
}

fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes()
}
