//! Two networks in which the same happens: one program emits events, the other says nothing and is only called.

use hypernode_decoder::chain::{Block, InnerGroup, Instruction, Proof, Pubkey, Transaction};
use hypernode_decoder::{Decoder, Keep, ProgramConfig, idl};
use hypernode_schemas::canonical;
use serde_json::{Value, json};

/// Label of the program in both networks.
pub(crate) const LABEL: &str = "net";
const PROGRAM: Pubkey = [70; 32];
const STRANGER: Pubkey = [71; 32];
const PAYER: Pubkey = [72; 32];

/// What the program can do: kind of the fact, instruction, event, accounts, arguments, and the map's lines.
type Deed = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    &'static str,
);

const DEEDS: [Deed; 8] = [
    (
        "NodeRegistered",
        "register",
        "Registered",
        &["node", "authority"],
        &[("node_id", "string"), ("gpu_cores", "u16")],
        "node = { account = \"node\" }\noperator = { account = \"authority\" }\nnode_name = { field = \"node_id\" }",
    ),
    (
        "NodeStatusChanged",
        "update",
        "Updated",
        &["node", "authority"],
        &[("status", "u8")],
        "node = { account = \"node\" }\nstatus = { field = \"status\", values = [\"online\", \"offline\"] }",
    ),
    (
        "NodeDeregistered",
        "leave",
        "Left",
        &["node", "authority"],
        &[],
        "node = { account = \"node\" }\noperator = { account = \"authority\" }",
    ),
    (
        "JobCreated",
        "create_job",
        "Created",
        &["job", "client"],
        &[("job_id", "string"), ("kind", "u8"), ("price", "u64")],
        "job = { account = \"job\" }\nrequester = { account = \"client\" }\nname = { field = \"job_id\" }\n\
         job_type = { field = \"kind\", values = [\"render\", \"train\"] }\nprice = { field = \"price\" }",
    ),
    (
        "JobAssigned",
        "work",
        "Worked",
        &["job", "authority"],
        &[("node_id", "string")],
        // As with job_receipt: the call names no node, its address follows from owner and id.
        "job = { account = \"job\" }\noperator = { account = \"authority\" }\nauthority = { account = \"authority\" }\n\
         node = { derive = \"net\", seeds = [{ text = \"node\" }, { account = \"authority\" }, { field = \"node_id\" }] }",
    ),
    (
        "JobCompleted",
        "finish",
        "Finished",
        &["job", "authority"],
        &[("result", "string")],
        "job = { account = \"job\" }\noperator = { account = \"authority\" }\nresult_hash = { field = \"result\" }",
    ),
    (
        "JobCancelled",
        "cancel",
        "Cancelled",
        &["job", "client"],
        &[],
        "job = { account = \"job\" }\nrequester = { account = \"client\" }",
    ),
    (
        "PaymentDistributed",
        "pay",
        "Paid",
        &["job", "treasury", "incentive", "authority"],
        &[
            ("operator", "u64"),
            ("treasury", "u64"),
            ("incentive", "u64"),
        ],
        "job = { account = \"job\" }\ntreasury = { account = \"treasury\" }\nincentive = { account = \"incentive\" }\n\
         authority = { account = \"authority\" }\noperator_amount = { field = \"operator\" }\n\
         treasury_amount = { field = \"treasury\" }\nincentive_amount = { field = \"incentive\" }",
    ),
];

fn interface(loud: bool) -> idl::Idl {
    let fields = |fields: &[(&str, &str)]| -> Vec<Value> {
        let field = |(name, kind): &(&str, &str)| json!({"name": name, "type": kind});
        fields.iter().map(field).collect()
    };
    let (mut instructions, mut events, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (_, instruction, event, accounts, args, _)) in DEEDS.iter().enumerate() {
        let accounts: Vec<Value> = accounts.iter().map(|a| json!({"name": a})).collect();
        let mark = [number as u8 + 1; 8];
        instructions.push(
            json!({"name": instruction, "discriminator": mark, "accounts": accounts, "args": fields(args)}),
        );
        events.push(json!({"name": event, "discriminator": mark}));
        types.push(json!({"name": event, "type": {"kind": "struct", "fields": fields(args)}}));
    }
    if !loud {
        (events, types) = (Vec::new(), Vec::new());
    }
    let json = json!({
        "metadata": {"name": LABEL, "version": "1.0.0", "spec": "0.1.0"},
        "instructions": instructions, "events": events, "types": types,
    });
    idl::parse(LABEL, "net.json", json.to_string().as_bytes()).expect("IDL")
}

/// The network's decoder.
pub(crate) fn decoder(loud: bool) -> Decoder {
    let mut text = String::from("version = 1\n");
    for (kind, instruction, event, _, _, set) in DEEDS {
        let of = if loud {
            format!("event = \"{event}\"")
        } else {
            format!("instruction = \"{instruction}\"")
        };
        text.push_str(&format!(
            "[[map]]\nkind = \"{kind}\"\nlabel = \"{LABEL}\"\n{of}\n[map.set]\n{set}\n"
        ));
    }
    let map = canonical::parse(&text).expect("map");
    let program = ProgramConfig::new(LABEL, PROGRAM, interface(loud));
    Decoder::new(vec![program], &map, Keep::Matching).expect("decoder")
}

/// How a deed is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Plainly,
    /// Called by another program.
    Beneath,
    /// It fails.
    Failing,
    /// It ends well, and something after it fails.
    Undone,
}

struct Step(u64, &'static str, How, Vec<Pubkey>, Vec<u8>);

fn text(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).expect("short").to_le_bytes();
    [&length, text.as_bytes()].concat()
}

/// The address of a node, as the map derives it.
pub(crate) fn node(owner: u8, id: &str) -> Pubkey {
    let program = solana_sdk::pubkey::Pubkey::new_from_array(PROGRAM);
    let seeds: [&[u8]; 3] = [b"node", &[owner; 32], id.as_bytes()];
    let found = solana_sdk::pubkey::Pubkey::find_program_address(&seeds, &program);
    found.0.to_bytes()
}

#[rustfmt::skip]
fn steps() -> Vec<Step> {
    use How::{Beneath, Failing, Plainly, Undone};
    let key = |n: u8| [n; 32];
    let job = |name: &str, kind: u8, price: u64| [text(name), vec![kind], price.to_le_bytes().into()].concat();
    let register = |id: &str| [text(id), vec![4, 0]].concat();
    let paid = [80_u64, 10, 5].map(u64::to_le_bytes).concat();
    vec![
        Step(1, "register", Plainly, vec![node(1, "gpu"), key(1)], register("gpu")),
        Step(1, "register", Beneath, vec![node(2, "gpu"), key(2)], register("gpu")),
        Step(2, "register", Plainly, vec![node(3, "c"), key(3)], register("c")),
        Step(2, "update", Plainly, vec![node(3, "c"), key(3)], vec![1]),
        Step(2, "register", Failing, vec![node(4, "d"), key(4)], register("d")),
        Step(3, "create_job", Plainly, vec![key(11), key(21)], job("job", 0, 100)),
        Step(3, "create_job", Beneath, vec![key(12), key(22)], job("job", 1, 200)),
        Step(3, "create_job", Plainly, vec![key(13), key(21)], job("x", 9, 300)),
        Step(3, "create_job", Undone, vec![key(14), key(21)], job("y", 1, 400)),
        Step(4, "work", Plainly, vec![key(11), key(1)], text("gpu")),
        Step(4, "work", Plainly, vec![key(12), key(2)], text("gpu")),
        Step(4, "cancel", Plainly, vec![key(13), key(21)], Vec::new()),
        Step(5, "finish", Plainly, vec![key(11), key(1)], text("hash")),
        // An impostor: not the node's owner.
        Step(5, "finish", Beneath, vec![key(12), key(9)], text("fake")),
        Step(6, "pay", Plainly, vec![key(11), key(31), key(32), key(21)], paid),
        Step(6, "leave", Plainly, vec![node(3, "c"), key(3)], Vec::new()),
    ]
}

fn base58(key: &Pubkey) -> String {
    let mut out = [0; 44];
    let length = five8::encode_32(key, &mut out);
    String::from_utf8(out[..usize::from(length)].to_vec()).expect("base58 is ASCII")
}

fn transaction(step: &Step, index: u32, loud: bool) -> Transaction {
    let Step(slot, name, how, accounts, args) = step;
    let number = DEEDS.iter().position(|d| d.1 == *name).expect("a deed") as u8;
    let data = [&[number + 1; 8], args.as_slice()].concat();
    let mut keys = vec![PAYER, PROGRAM, STRANGER];
    keys.extend(accounts);
    let call = |height| Instruction {
        program: 1,
        accounts: (3..3 + accounts.len() as u8).collect(),
        data: data.clone(),
        stack_height: Some(height),
    };
    let stranger = Instruction {
        program: 2,
        stack_height: Some(1),
        ..Instruction::default()
    };
    let line = |key: &Pubkey, rest: &str| format!("Program {} {rest}", base58(key));
    let depth = if *how == How::Beneath { 2 } else { 1 };
    let mut logs = vec![line(&PROGRAM, &format!("invoke [{depth}]"))];
    if loud {
        let record = base64_simd::STANDARD.encode_to_string(&data);
        logs.push(format!("Program data: {record}"));
    }
    let (failed, ended) = ("failed: custom program error: 0x1", "success");
    logs.push(line(
        &PROGRAM,
        if *how == How::Failing { failed } else { ended },
    ));
    let (outer, inner) = match how {
        How::Plainly | How::Failing => (vec![call(1)], Vec::new()),
        How::Beneath => {
            logs.insert(0, line(&STRANGER, "invoke [1]"));
            logs.push(line(&STRANGER, "success"));
            let inner = vec![InnerGroup {
                outer: 0,
                instructions: vec![call(2)],
            }];
            (vec![stranger], inner)
        }
        How::Undone => {
            logs.extend([line(&STRANGER, "invoke [1]"), line(&STRANGER, failed)]);
            (vec![call(1), stranger], Vec::new())
        }
    };
    let fails = [(How::Failing, 0), (How::Undone, 1)];
    let failing = fails.iter().find(|(of, _)| of == how);
    let mut signature = [0; 64];
    signature[0] = *slot as u8;
    signature[1] = index as u8;
    Transaction {
        signature,
        index,
        version: 0,
        err: failing.map(|(_, outer)| vec![8, 0, 0, 0, *outer, 25, 0, 0, 0, 1, 0, 0, 0]),
        fee: 5_000,
        compute_units: None,
        keys,
        signers: 1,
        instructions: outer,
        inner: Some(inner),
        logs: Some(logs),
    }
}

/// The network's chain.
pub(crate) fn blocks(loud: bool) -> Vec<Block> {
    let steps = steps();
    let block = |slot: u64| {
        let steps = steps.iter().filter(|step| step.0 == slot);
        let transactions = (0..).zip(steps).map(|(i, step)| transaction(step, i, loud));
        let transactions: Vec<_> = transactions.collect();
        Block {
            slot,
            parent_slot: slot - 1,
            blockhash: [slot as u8; 32],
            parent_blockhash: [slot as u8 - 1; 32],
            block_time: Some(1_700_000_000 + 10 * slot as i64),
            block_height: Some(slot),
            executed_transaction_count: transactions.len() as u64,
            proof: Proof::Block,
            transactions,
        }
    };
    (1..=6).map(block).collect()
}
