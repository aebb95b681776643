//! Transactions and blocks by hand.

use hypernode_decoder::chain::{Block, InnerGroup, Instruction, Pubkey, Transaction};

use super::stream;

/// A transaction of `keys` with the given outer instructions; the first key signs.
pub(crate) fn tx(keys: &[Pubkey], instructions: Vec<Instruction>, logs: &[String]) -> Transaction {
    Transaction {
        signature: [7; 64],
        index: 0,
        version: 0,
        err: None,
        fee: 5000,
        compute_units: Some(1),
        keys: keys.to_vec(),
        signers: 1,
        instructions,
        inner: Some(Vec::new()),
        logs: Some(logs.to_vec()),
    }
}

pub(crate) fn ix(
    program: u8,
    accounts: &[u8],
    data: &[u8],
    stack_height: Option<u32>,
) -> Instruction {
    Instruction {
        program,
        accounts: accounts.to_vec(),
        data: data.to_vec(),
        stack_height,
    }
}

pub(crate) fn group(outer: u8, instructions: Vec<Instruction>) -> InnerGroup {
    InnerGroup {
        outer,
        instructions,
    }
}

pub(crate) fn block_of(tx: Transaction) -> Block {
    stream::block(5, vec![tx])
}

/// The line by which a program logs `segments` as one record.
pub(crate) fn data_line(segments: &[&[u8]]) -> String {
    let parts: Vec<String> = segments
        .iter()
        .map(|s| base64_simd::STANDARD.encode_to_string(s))
        .collect();
    format!("Program data: {}", parts.join(" "))
}

pub(crate) fn invoke(program: &Pubkey, depth: usize) -> String {
    format!(
        "Program {} invoke [{depth}]",
        bs58::encode(program).into_string()
    )
}

pub(crate) fn success(program: &Pubkey) -> String {
    format!("Program {} success", bs58::encode(program).into_string())
}

pub(crate) fn failed(program: &Pubkey) -> String {
    let id = bs58::encode(program).into_string();
    format!("Program {id} failed: custom program error: 0x1")
}

/// Instructions of these programs that the block's transactions hold, counted plainly.
pub(crate) fn calls(block: &Block, programs: &[Pubkey]) -> u64 {
    let ours = |tx: &Transaction| {
        let groups = tx.inner.iter().flatten();
        let inner = groups.filter(|g| usize::from(g.outer) < tx.instructions.len());
        let inner = inner.flat_map(|g| &g.instructions);
        let all = tx.instructions.iter().chain(inner);
        let program = |ix: &Instruction| tx.keys.get(usize::from(ix.program));
        all.filter(|ix| program(ix).is_some_and(|p| programs.contains(p)))
            .count()
    };
    block.transactions.iter().map(|tx| ours(tx) as u64).sum()
}
