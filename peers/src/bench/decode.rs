//! E2: the block's events of three programs, from a log line's base64 or from raw bytes to a value or a row.

use std::hint::black_box;

use anchor_lang::{AnchorDeserialize, Discriminator};
use carbon_raydium_clmm_decoder::events::swap_event::SwapEventEvent;
use hypernode_decoder::chain::{Block, InnerGroup, Instruction, Pubkey, Transaction};
use hypernode_decoder::{Decoder, Observer, Outcome, Record, Rows};
use sologger_idl_decoder::{Idl, decode_event};

use super::Contender;
use super::types::{JupiterSwap, Swap, SwapEvent};
use crate::input::{Input, key};
use crate::parsers::ours;

const RAYDIUM: usize = 0;
const JUPITER: usize = 1;
const METEORA: usize = 2;
const EVENT_TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

/// A program of the block: label, address, IDL.
pub type Program = (&'static str, Pubkey, Vec<u8>);

/// The three programs with the IDLs beside the recorded block.
pub fn programs(dir: &std::path::Path) -> Vec<Program> {
    let list = [
        (
            "raydium_clmm",
            "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK",
        ),
        ("jupiter_v6", "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"),
        (
            "meteora_dlmm",
            "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo",
        ),
    ];
    let idl = |label| std::fs::read(dir.join(format!("idl/{label}.json"))).expect("IDL");
    list.map(|(label, id)| (label, key(id), idl(label))).into()
}

/// An event of the block.
struct Event {
    /// Index among the programs.
    program: usize,
    bytes: Vec<u8>,
    base64: String,
}

/// Collects the swaps of the block, in order, through our own decoder.
struct Collect(Vec<Event>);

impl Observer for Collect {
    fn record(&mut self, record: &Record<'_>) {
        let program = match (record.label, record.event) {
            (Some("raydium_clmm"), Some("SwapEvent")) => RAYDIUM,
            (Some("jupiter_v6"), Some("SwapEvent")) => JUPITER,
            (Some("meteora_dlmm"), Some("Swap")) => METEORA,
            _ => return,
        };
        if record.outcome == (Outcome::Decoded { trailing: 0 }) {
            let base64 = base64_simd::STANDARD.encode_to_string(record.data);
            self.0.push(Event {
                program,
                bytes: record.data.to_vec(),
                base64,
            });
        }
    }
}

/// The events of the block, grouped by program.
pub struct Events {
    decoder: Decoder,
    programs: Vec<Program>,
    list: Vec<Event>,
}

impl Events {
    pub fn new(inputs: &[Input], programs: Vec<Program>) -> Self {
        let given: Vec<_> = programs
            .iter()
            .map(|(l, id, idl)| (*l, *id, idl.as_slice()))
            .collect();
        let decoder = ours::decoder(&given);
        let transactions = inputs.iter().map(|i| i.tx.clone()).collect();
        let block = Block {
            transactions,
            ..Block::default()
        };
        let mut collect = Collect(Vec::new());
        decoder.decode_block(&block, &mut Rows::new(&decoder), &mut collect);
        let mut list = collect.0;
        list.sort_by_key(|event| event.program);
        Self {
            decoder,
            programs,
            list,
        }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Mean size of an event.
    pub fn bytes(&self) -> usize {
        self.list.iter().map(|e| e.bytes.len()).sum::<usize>() / self.list.len().max(1)
    }

    /// One instruction of each program that emits its events: logged, or by calls of itself.
    fn block(&self, logged: bool) -> Block {
        let mut keys: Vec<Pubkey> = vec![[1; 32]];
        let (mut lines, mut instructions, mut inner) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (_, id, _)) in self.programs.iter().enumerate() {
            let id58 = bs58::encode(id).into_string();
            let program = keys.len() as u8;
            let address = solana_pubkey::Pubkey::new_from_array(*id);
            let authority =
                solana_pubkey::Pubkey::find_program_address(&[b"__event_authority"], &address);
            keys.extend([*id, authority.0.to_bytes()]);
            let ix = |data, accounts, stack_height| Instruction {
                program,
                accounts,
                data,
                stack_height,
            };
            lines.push(format!("Program {id58} invoke [1]"));
            let mut calls = Vec::new();
            for event in self.list.iter().filter(|e| e.program == at) {
                if logged {
                    lines.push(format!("Program data: {}", event.base64));
                } else {
                    let data = [EVENT_TAG.as_slice(), &event.bytes].concat();
                    calls.push(ix(data, vec![program + 1], Some(2)));
                    lines.push(format!("Program {id58} invoke [2]"));
                    lines.push(format!("Program {id58} success"));
                }
            }
            lines.push(format!("Program {id58} success"));
            inner.push(InnerGroup {
                outer: instructions.len() as u8,
                instructions: calls,
            });
            instructions.push(ix(Vec::new(), vec![0], None));
        }
        let tx = Transaction {
            signature: [7; 64],
            index: 0,
            version: -1,
            err: None,
            fee: 5000,
            compute_units: Some(1),
            keys,
            signers: 1,
            instructions,
            inner: Some(inner),
            logs: Some(lines),
        };
        Block {
            transactions: vec![tx],
            ..Block::default()
        }
    }

    fn rows(&self, logged: bool) -> Box<dyn FnMut() -> usize + '_> {
        let block = self.block(logged);
        let mut rows = Rows::new(&self.decoder);
        Box::new(move || {
            let stats = self.decoder.decode_block(&block, &mut rows, &mut ());
            rows.clear();
            stats.events as usize
        })
    }

    fn contender<'a>(
        &self,
        name: &str,
        note: &str,
        units: usize,
        pass: Box<dyn FnMut() -> usize + 'a>,
    ) -> Contender<'a> {
        Contender {
            name: name.into(),
            note: note.into(),
            units,
            pass,
        }
    }

    /// From the base64 of a log line.
    pub fn from_lines(&self) -> Vec<Contender<'_>> {
        let idls: Vec<Idl> = self
            .programs
            .iter()
            .map(|(_, _, json)| Idl::from_json(&String::from_utf8_lossy(json)).expect("IDL"))
            .collect();
        let raydium = || self.list.iter().filter(|e| e.program == RAYDIUM);
        vec![
            self.contender(
                "hypernode-decoder",
                "from the whole log: attribution, checks, a row in `events` and one in the typed table",
                self.len(),
                self.rows(true),
            ),
            self.contender(
                "sologger_idl_decoder `decode_event`",
                "from the IDL, to JSON",
                self.len(),
                Box::new(move || {
                    let decoded = self.list.iter().map(|e| decode_event(&idls[e.program], &e.base64));
                    decoded.filter(|event| matches!(black_box(event), Ok(Some(_)))).count()
                }),
            ),
            self.contender(
                "generated types (borsh)",
                "base64 into a `Vec`, then the type that Anchor generates; nothing is written",
                self.len(),
                Box::new(move || {
                    let decoded = self.list.iter().filter(|event| {
                        let bytes = base64_simd::STANDARD.decode_to_vec(&event.base64);
                        bytes.is_ok_and(|bytes| typed(event.program, &bytes))
                    });
                    decoded.count()
                }),
            ),
            self.contender(
                "carbon-raydium-clmm-decoder",
                "Raydium's events only; base64 into a `Vec`, then its generated type",
                raydium().count(),
                Box::new(move || {
                    let decoded = raydium().filter(|event| {
                        let bytes = base64_simd::STANDARD.decode_to_vec(&event.base64);
                        bytes.is_ok_and(|bytes| black_box(SwapEventEvent::decode(&bytes)).is_some())
                    });
                    decoded.count()
                }),
            ),
        ]
    }

    /// From raw bytes, as a call of the program by itself carries them.
    pub fn from_bytes(&self) -> Vec<Contender<'_>> {
        vec![
            self.contender(
                "hypernode-decoder",
                "from the whole transaction: the call is proven, a row in `events` and one in the typed table",
                self.len(),
                self.rows(false),
            ),
            self.contender(
                "generated types (borsh)",
                "the type that Anchor generates; nothing is written",
                self.len(),
                Box::new(|| self.list.iter().filter(|e| typed(e.program, &e.bytes)).count()),
            ),
        ]
    }
}

/// Decodes as generated code does: discriminator, then borsh.
fn typed(program: usize, bytes: &[u8]) -> bool {
    fn read<T: AnchorDeserialize>(discriminator: &[u8], bytes: &[u8]) -> bool {
        let Some(mut fields) = bytes.strip_prefix(discriminator) else {
            return false;
        };
        black_box(T::deserialize(&mut fields)).is_ok()
    }
    match program {
        RAYDIUM => read::<SwapEvent>(SwapEvent::DISCRIMINATOR, bytes),
        METEORA => read::<Swap>(Swap::DISCRIMINATOR, bytes),
        _ => read::<JupiterSwap>(SwapEvent::DISCRIMINATOR, bytes),
    }
}
