//! Arbitrary transactions: instruction trees, inner groups and logs that fit or do not fit each other.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use hypernode_decoder::Decoder;
use hypernode_decoder::chain::{InnerGroup, Instruction, Pubkey, Transaction};
use hypernode_schemas::idl;

use super::shared::{self, EVENT_TAG};

const ZOO: &str = include_str!("../../decoder/tests/it/zoo.idl.json");
const ED25519: Pubkey =
    solana_sdk::pubkey!("Ed25519SigVerify111111111111111111111111111").to_bytes();

struct Stage {
    decoder: Decoder,
    /// Keys that transactions draw from: programs, their event authorities, a precompile, others.
    palette: Vec<Pubkey>,
    /// Discriminators of events, by program.
    events: Vec<Vec<Vec<u8>>>,
    head_size: usize,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    // One program whose IDL lists no instructions, two whose IDLs do.
    let mut programs = vec![("zoo", [3; 32], shared::parse("zoo", ZOO))];
    for (label, id) in [("job_receipt", [4; 32]), ("hypernode_jobs", [5; 32])] {
        programs.push((
            label,
            id,
            shared::parse(label, idl::text(label).expect("IDL")),
        ));
    }
    let ids: Vec<Pubkey> = programs.iter().map(|p| p.1).collect();
    let discriminators = |p: &(_, _, hypernode_decoder::idl::Idl)| {
        p.2.events()
            .iter()
            .map(|e| e.discriminator.clone())
            .collect()
    };
    let events = programs.iter().map(discriminators).collect();
    let authorities = ids.iter().map(shared::event_authority);
    let others = [ED25519, [8; 32], [9; 32], [10; 32]];
    let decoder = shared::decoder(programs);
    Stage {
        palette: ids
            .iter()
            .copied()
            .chain(authorities)
            .chain(others)
            .collect(),
        events,
        head_size: shared::head_size(&decoder),
        decoder,
    }
});

#[derive(Debug, Arbitrary)]
struct Input {
    failed: bool,
    watch_all: bool,
    keys: Vec<u8>,
    calls: Vec<Call>,
    inner: Option<Vec<(u8, Vec<Call>)>>,
    log: Log,
}

#[derive(Debug, Arbitrary)]
struct Call {
    program: u8,
    accounts: Vec<u8>,
    data: Data,
    height: Option<u8>,
}

#[derive(Debug, Arbitrary)]
enum Data {
    Raw(Vec<u8>),
    Event(Event),
}

#[derive(Debug, Arbitrary)]
struct Event {
    program: u8,
    event: u8,
    body: Vec<u8>,
}

#[derive(Debug, Arbitrary)]
enum Log {
    Missing,
    Lines(Vec<Line>),
    /// The log of the instructions as they stand, with changes at places.
    Run(Vec<(u8, Option<Line>)>),
}

#[derive(Debug, Arbitrary)]
enum Line {
    Raw(String),
    Text(String),
    Invoke(u8, u8),
    Success(u8),
    Failed(u8, String),
    Event(Event),
    Segments(Vec<Vec<u8>>),
    NotBase64(String),
    Truncated,
}

fn pick<T: Clone>(from: &[T], index: u8) -> T {
    from[usize::from(index) % from.len()].clone()
}

impl Event {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = pick(&pick(&STAGE.events, self.program), self.event);
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn id(index: u8) -> String {
    bs58::encode(pick(&STAGE.palette, index)).into_string()
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Raw(text) => text.clone(),
            Self::Text(text) => format!("Program log: {text}"),
            Self::Invoke(program, depth) => format!("Program {} invoke [{depth}]", id(*program)),
            Self::Success(program) => format!("Program {} success", id(*program)),
            Self::Failed(program, why) => format!("Program {} failed: {why}", id(*program)),
            Self::Event(event) => shared::data_line(&[&event.bytes()]),
            Self::Segments(segments) => {
                let parts: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
                shared::data_line(&parts)
            }
            Self::NotBase64(text) => format!("Program data: {text}"),
            Self::Truncated => "Log truncated".into(),
        }
    }
}

impl Call {
    fn instruction(&self) -> Instruction {
        Instruction {
            program: self.program,
            accounts: self.accounts.clone(),
            data: match &self.data {
                Data::Raw(bytes) => bytes.clone(),
                Data::Event(event) => [EVENT_TAG.to_vec(), event.bytes()].concat(),
            },
            stack_height: self.height.map(|h| u32::from(h % 6)),
        }
    }
}

fn build(input: &Input) -> Transaction {
    let mut calls: Vec<_> = input.calls.iter().map(Call::instruction).collect();
    let group = |(outer, calls): &(u8, Vec<Call>)| InnerGroup {
        outer: *outer,
        instructions: calls.iter().map(Call::instruction).collect(),
    };
    let inner = input.inner.as_ref();
    let mut inner: Option<Vec<InnerGroup>> = inner.map(|g| g.iter().map(group).collect());
    // All known keys unless some are named: then records are at home more often.
    let named: Vec<u8> = match input.keys.as_slice() {
        [] => (0..STAGE.palette.len() as u8).collect(),
        some => some.to_vec(),
    };
    let keys: Vec<_> = named.iter().map(|&k| pick(&STAGE.palette, k)).collect();
    let logs = match &input.log {
        Log::Missing => None,
        Log::Lines(lines) => Some(lines.iter().map(Line::text).collect()),
        Log::Run(changes) => {
            let mut lines = run(&keys, &mut calls, inner.as_deref_mut().unwrap_or_default());
            for (at, change) in changes {
                let at = usize::from(*at) % (lines.len() + 1);
                match change {
                    Some(line) => lines.insert(at, line.text()),
                    None if at < lines.len() => drop(lines.remove(at)),
                    None => {}
                }
            }
            Some(lines)
        }
    };
    let mut tx = shared::transaction(keys, calls, inner, logs);
    tx.err = input.failed.then(|| vec![1]);
    tx
}

/// Makes the tree as the runtime would record it and returns its log.
fn run(keys: &[Pubkey], calls: &mut [Instruction], inner: &mut [InnerGroup]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut step = |call: &mut Instruction, height: usize, open: &mut Vec<String>| {
        while open.len() >= height {
            lines.extend(open.pop().map(|id| format!("Program {id} success")));
        }
        if keys.is_empty() {
            return;
        }
        call.program = (usize::from(call.program) % keys.len()) as u8;
        let key = keys[usize::from(call.program)];
        let id = bs58::encode(key).into_string();
        open.push(id.clone());
        lines.push(format!("Program {id} invoke [{}]", open.len()));
    };
    inner.sort_by_key(|g| g.outer);
    for (outer, call) in calls.iter_mut().enumerate() {
        step(call, 1, &mut open);
        let groups = inner.iter_mut().filter(|g| usize::from(g.outer) == outer);
        for call in groups.flat_map(|g| &mut g.instructions) {
            let wanted = call.stack_height.unwrap_or(2).max(2) as usize;
            let height = wanted.min(open.len() + 1);
            call.stack_height = Some(height as u32);
            step(call, height, &mut open);
        }
    }
    let rest = open.into_iter().rev();
    lines.extend(rest.map(|id| format!("Program {id} success")));
    lines
}

pub fn check(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let tx = build(&input);
    let decoded = decode(&input, tx.clone());
    bounded(&tx, &decoded);

    // Text that a program logs changes nothing.
    let mut silent = tx.clone();
    if let Some(lines) = &mut silent.logs {
        lines.retain(|line| !line.starts_with("Program log: "));
    }
    if silent != tx {
        let silent = decode(&input, silent);
        assert_eq!(silent.tables, decoded.tables, "a program's text was heard");
    }

    // Nothing after the cut becomes an event.
    let lines = tx.logs.as_deref().unwrap_or_default();
    if let Some(at) = lines.iter().position(|line| line == "Log truncated") {
        let mut cut = tx.clone();
        cut.logs = Some(lines[..=at].to_vec());
        let cut = decode(&input, cut);
        assert_eq!(
            cut.table("events"),
            decoded.table("events"),
            "believed after the cut"
        );
    }
}

fn decode(input: &Input, tx: Transaction) -> shared::Decoded {
    shared::decode(&STAGE.decoder, &shared::block(vec![tx]), input.watch_all)
}

fn bounded(tx: &Transaction, decoded: &shared::Decoded) {
    let inner = tx.inner.iter().flatten().flat_map(|g| &g.instructions);
    let calls: Vec<_> = tx.instructions.iter().chain(inner).collect();
    let lines = tx.logs.as_deref().unwrap_or_default();
    let records = lines.len() + calls.len();
    let rows: u64 = decoded.tables.iter().map(|t| t.rows).sum();
    assert!(
        rows as usize <= 2 + 4 * records,
        "{rows} rows of {records} lines and calls"
    );
    let accounts = calls
        .iter()
        .map(|c| c.accounts.len())
        .max()
        .unwrap_or_default();
    let bytes: usize = lines
        .iter()
        .map(String::len)
        .chain(calls.iter().map(|c| c.data.len()))
        .sum();
    let bound = STAGE.head_size + rows as usize * (1024 + 64 * accounts) + 64 * bytes;
    let size = decoded.size();
    assert!(
        size <= bound,
        "{size} bytes of rows, at most {bound} expected"
    );
}
