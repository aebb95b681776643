//! Calls of configured programs: who called what with which accounts and arguments, and what became of it.

use hypernode_decoder::chain::{Block, Instruction, Pubkey, Transaction};
use hypernode_decoder::{BlockStats, Decoder, Keep, ProgramConfig, Rows, idl};
use hypernode_schemas::table::TableRows;

use crate::support::build::{block_of, failed, group, invoke, ix, success, tx};
use crate::support::native::{self, V};
use crate::support::no_map;

const DESK: Pubkey = [30; 32];
const OTHER: Pubkey = [31; 32];

const IDL: &str = r#"{
  "address": "", "metadata": {"name": "desk", "version": "1.0.0", "spec": "0.1.0"},
  "instructions": [
    {"name": "trade", "discriminator": [1, 2, 3, 4, 5, 6, 7, 8],
     "accounts": [
       {"name": "user", "writable": true, "signer": true},
       {"name": "referrer", "optional": true},
       {"name": "pools", "accounts": [{"name": "from"}, {"name": "to"}]}
     ],
     "args": [{"name": "amount", "type": "u64"}, {"name": "depth", "type": "u16"},
              {"name": "note", "type": {"option": "string"}}]},
    {"name": "ping", "discriminator": [9], "accounts": [], "args": []}
  ],
  "types": []
}"#;

fn decoder() -> Decoder {
    let json = IDL.replace("\"address\": \"\",", "");
    let idl = idl::parse("desk", "desk.json", json.as_bytes()).expect("IDL");
    let program = ProgramConfig::new("desk", DESK, idl);
    Decoder::new(vec![program], &no_map(), Keep::Matching).expect("decoder")
}

struct Out {
    stats: BlockStats,
    tables: Vec<TableRows>,
}

impl Out {
    fn of(block: &Block) -> Self {
        let decoder = decoder();
        let mut rows = Rows::new(&decoder);
        let stats = decoder.decode_block(block, &mut rows, &mut ());
        let tables = rows.finish();
        Self { stats, tables }
    }

    fn column(&self, table: &str, column: &str) -> Vec<V> {
        let table = self.tables.iter().find(|t| t.table == table);
        table.map_or_else(Vec::new, |t| native::read(&t.native)[column].1.clone())
    }

    fn results(&self) -> Vec<String> {
        let name = |value: V| match value {
            V::Name(name) => name,
            other => panic!("{other:?}"),
        };
        let results = self.column("instructions", "result");
        results.into_iter().map(name).collect()
    }
}

fn key(byte: u8) -> V {
    V::Fixed(vec![byte; 32])
}

fn trade(amount: u64) -> Vec<u8> {
    let mut data = vec![1, 2, 3, 4, 5, 6, 7, 8];
    data.extend(amount.to_le_bytes());
    data.extend(7_u16.to_le_bytes());
    data.extend([1, 2, 0, 0, 0]);
    data.extend(b"hi");
    data
}

/// Keys 0 to 9; 8 is the program, 9 another.
fn keys() -> Vec<Pubkey> {
    let mut keys: Vec<Pubkey> = (1..=8).map(|b| [b; 32]).collect();
    keys.extend([DESK, OTHER]);
    keys
}

fn call(accounts: &[u8], data: &[u8]) -> Transaction {
    let logs = [invoke(&DESK, 1), success(&DESK)];
    tx(&keys(), vec![ix(8, accounts, data, None)], &logs)
}

#[test]
fn accounts_have_names_and_arguments_types() {
    let out = Out::of(&block_of(call(&[0, 1, 2, 3], &trade(500))));
    assert_eq!((out.stats.instructions, out.stats.dead_letters), (1, 0));
    let typed = |column: &str| out.column("ix_desk_trade", column);
    let accounts = [key(1), key(2), key(3), key(4)].to_vec();
    assert_eq!(typed("accounts"), [V::List(accounts.clone())]);
    assert_eq!(typed("remaining_accounts"), [V::List(Vec::new())]);
    assert_eq!(typed("amount"), [V::Fixed(500_u64.to_le_bytes().into())]);
    // The argument's own name is taken.
    assert_eq!(typed("f_depth"), [V::Fixed(vec![7, 0])]);
    assert_eq!(typed("depth"), [V::Fixed(vec![1])]);
    assert_eq!(typed("note"), [V::Text(b"hi".into())]);
    assert_eq!(typed("result"), [V::Name("ok".into())]);
    let row = |column: &str| out.column("instructions", column);
    assert_eq!(row("instruction"), [V::Text(b"trade".into())]);
    assert_eq!(row("accounts"), [V::List(accounts)]);
    let names = ["user", "referrer", "from", "to"].map(|n| V::Text(n.into()));
    assert_eq!(row("account_names"), [V::List(names.into())]);
    assert_eq!(row("caller"), [V::Fixed(vec![0; 32])]);
    assert_eq!(row("path"), [V::List(vec![V::Fixed(vec![0, 0])])]);
    assert_eq!(row("data"), [V::Text(trade(500))]);
    let kind = |tables: &[TableRows]| {
        let table = tables.iter().find(|t| t.table == "ix_desk_trade");
        native::read(&table.expect("table").native)["accounts"]
            .0
            .clone()
    };
    let want = "Tuple(user FixedString(32), referrer Nullable(FixedString(32)), from FixedString(32), to FixedString(32))";
    assert_eq!(kind(&out.tables), want);
}

#[test]
fn accounts_may_be_left_out_and_more_may_be_given() {
    let accounts = |given: &[u8]| {
        let out = Out::of(&block_of(call(given, &trade(1))));
        (
            out.column("ix_desk_trade", "accounts").remove(0),
            out.column("ix_desk_trade", "remaining_accounts").remove(0),
        )
    };
    let none = || V::List(Vec::new());
    // The program in the place of an optional account is none.
    let left_out = V::List(vec![key(1), V::Null, key(3), key(4)]);
    assert_eq!(accounts(&[0, 8, 2, 3]), (left_out, none()));
    let more = V::List(vec![key(5), key(1)]);
    let all = V::List(vec![key(1), key(2), key(3), key(4)]);
    assert_eq!(accounts(&[0, 1, 2, 3, 4, 0]), (all, more));
    // A list that ends early: NULL where that is possible, zeros elsewhere.
    let short = V::List(vec![key(1), V::Null, key(0), key(0)]);
    assert_eq!(accounts(&[0]), (short, none()));
    // An index that no key has.
    let odd = V::List(vec![key(0), key(2), key(3), key(4)]);
    assert_eq!(accounts(&[200, 1, 2, 3]), (odd, none()));
    let out = Out::of(&block_of(call(&[0], &trade(1))));
    let names = V::List(vec![V::Text(b"user".into())]);
    assert_eq!(out.column("instructions", "account_names"), [names]);
}

#[test]
fn a_call_that_the_idl_cannot_explain_is_a_dead_letter() {
    let letter = |data: &[u8]| {
        let out = Out::of(&block_of(call(&[0], data)));
        assert_eq!((out.stats.instructions, out.stats.dead_letters), (0, 1));
        assert!(out.column("instructions", "data").is_empty());
        assert!(out.column("ix_desk_trade", "amount").is_empty());
        let column = |name: &str| out.column("dead_letters", name).remove(0);
        assert_eq!(column("via"), V::Name("instruction".into()));
        assert_eq!(column("data"), V::Text(data.into()));
        assert_eq!(column("ordinal"), V::Fixed(vec![0xff; 4]));
        let text = |name: &str| match column(name) {
            V::Text(text) => String::from_utf8(text).expect("text"),
            other => panic!("{other:?}"),
        };
        (text("event"), text("reason"), text("detail"))
    };
    let as_str = |(a, b, c): &(String, String, String)| format!("{a}|{b}|{c}");
    assert_eq!(as_str(&letter(&[])), "|short|");
    assert_eq!(as_str(&letter(&[7, 7])), "|unknown_discriminator|");
    assert_eq!(
        as_str(&letter(&trade(1)[..12])),
        "trade|decode|argument `amount`: 8 bytes needed, 4 left"
    );
    // The field that ran out, not the first of those that are read together.
    assert_eq!(
        as_str(&letter(&trade(1)[..17])),
        "trade|decode|argument `depth`: 2 bytes needed, 1 left"
    );
    assert_eq!(
        as_str(&letter(&trade(1)[..16])),
        "trade|decode|argument `depth`: 2 bytes needed, 0 left"
    );
    let mut odd = trade(1);
    odd[18] = 2;
    assert_eq!(
        as_str(&letter(&odd)),
        "trade|decode|argument `note`: 2 is not an option's tag"
    );
}

#[test]
fn bytes_after_the_arguments_are_counted() {
    let mut data = trade(1);
    data.extend([1, 2, 3]);
    let out = Out::of(&block_of(call(&[0, 1, 2, 3], &data)));
    let trailing = out.column("instructions", "trailing");
    assert_eq!(trailing, [V::Fixed(vec![3, 0, 0, 0])]);
}

#[test]
fn a_program_without_listed_instructions_is_kept_as_it_is_called() {
    let json =
        r#"{"metadata": {"name": "x", "version": "1.0.0", "spec": "0.1.0"}, "instructions": []}"#;
    let idl = idl::parse("x", "x.json", json.as_bytes()).expect("IDL");
    let program = ProgramConfig::new("x", DESK, idl);
    let decoder = Decoder::new(vec![program], &no_map(), Keep::Matching).expect("decoder");
    let mut rows = Rows::new(&decoder);
    let stats = decoder.decode_block(&block_of(call(&[0, 1], &[5, 6])), &mut rows, &mut ());
    assert_eq!((stats.instructions, stats.dead_letters), (1, 0));
    let tables = rows.finish();
    let table = tables.iter().find(|t| t.table == "instructions");
    let row = native::read(&table.expect("row").native);
    assert_eq!(row["instruction"].1, [V::Text(Vec::new())]);
    assert_eq!(row["account_names"].1, [V::List(Vec::new())]);
    assert_eq!(row["accounts"].1, [V::List(vec![key(1), key(2)])]);
    assert_eq!(row["data"].1, [V::Text(vec![5, 6])]);
}

fn inner(program: u8, height: u32) -> Instruction {
    ix(program, &[0], &[9], Some(height))
}

/// Outer 0 is a stranger's, that calls ours, which calls itself and is called again; outer 1 is ours.
fn nested(logs: &[String]) -> Transaction {
    let outer = vec![ix(9, &[], &[], None), ix(8, &[], &[9], None)];
    let mut tx = tx(&keys(), outer, logs);
    let calls = vec![
        inner(8, 2),
        inner(8, 3),
        inner(9, 3),
        inner(8, 4),
        inner(8, 2),
    ];
    tx.inner = Some(vec![group(0, calls)]);
    tx
}

fn nested_logs() -> Vec<String> {
    vec![
        invoke(&OTHER, 1),
        invoke(&DESK, 2),
        invoke(&DESK, 3),
        success(&DESK),
        invoke(&OTHER, 3),
        invoke(&DESK, 4),
        success(&DESK),
        success(&OTHER),
        success(&DESK),
        invoke(&DESK, 2),
        success(&DESK),
        success(&OTHER),
        invoke(&DESK, 1),
        success(&DESK),
    ]
}

#[test]
fn a_call_knows_its_caller_and_its_place() {
    let out = Out::of(&block_of(nested(&nested_logs())));
    assert_eq!((out.stats.instructions, out.stats.mismatched), (5, 0));
    let path = |numbers: &[u16]| {
        V::List(
            numbers
                .iter()
                .map(|n| V::Fixed(n.to_le_bytes().into()))
                .collect(),
        )
    };
    let paths = [
        path(&[0, 0]),
        path(&[0, 0, 0]),
        path(&[0, 0, 1, 0]),
        path(&[0, 1]),
        path(&[1]),
    ];
    assert_eq!(out.column("instructions", "path"), paths);
    let depths = [2, 3, 4, 2, 1].map(|d| V::Fixed(vec![d]));
    assert_eq!(out.column("instructions", "depth"), depths);
    assert_eq!(out.column("ix_desk_ping", "depth"), depths);
    let fixed = |key: Pubkey| V::Fixed(key.into());
    let callers = [OTHER, DESK, OTHER, OTHER, [0; 32]].map(fixed);
    assert_eq!(out.column("instructions", "caller"), callers);
    let inner: Vec<V> = [0, 1, 3, 4, -1_i32]
        .map(|i| V::Fixed(i.to_le_bytes().into()))
        .into();
    assert_eq!(out.column("instructions", "inner_ix"), inner);
    assert_eq!(out.results(), ["ok"; 5]);
}

/// The runtime's `InstructionError(index, Custom(1))` as streams encode it.
fn error(index: u8) -> Option<Vec<u8>> {
    Some([&[8, 0, 0, 0, index][..], &[25, 0, 0, 0, 1, 0, 0, 0]].concat())
}

#[test]
fn the_log_tells_what_became_of_a_failed_transactions_calls() {
    let results = |logs: &[String], err: Option<Vec<u8>>| {
        let mut tx = nested(logs);
        tx.err = err;
        let out = Out::of(&block_of(tx));
        assert_eq!((out.stats.instructions, out.stats.dead_letters), (5, 0));
        assert!(out.column("ix_desk_ping", "result").len() == 5);
        out.results()
    };
    // The innermost call fails, and with it all that called it.
    let mut logs = nested_logs();
    logs.truncate(6);
    logs.extend([&DESK, &OTHER, &DESK, &OTHER].map(failed));
    let want = ["failed", "rolled_back", "failed", "not_run", "not_run"];
    assert_eq!(results(&logs, error(0)), want);
    assert_eq!(
        results(
            &logs,
            Some(b"{\"InstructionError\":[0,{\"Custom\":1}]}".into())
        ),
        want
    );
    // The second outer one fails after the first ended well.
    let mut logs = nested_logs();
    *logs.last_mut().expect("line") = failed(&DESK);
    let rolled = [
        "rolled_back",
        "rolled_back",
        "rolled_back",
        "rolled_back",
        "failed",
    ];
    assert_eq!(results(&logs, error(1)), rolled);
    // All ended well, and the transaction failed afterwards.
    assert_eq!(
        results(&nested_logs(), Some(vec![31, 0, 0, 0, 0])),
        ["rolled_back"; 5]
    );
    // It was not even begun.
    let mut tx = tx(&keys(), vec![ix(8, &[], &[9], None)], &[]);
    tx.err = Some(vec![4, 0, 0, 0]);
    assert_eq!(Out::of(&block_of(tx)).results(), ["not_run"]);
}

#[test]
fn without_a_believable_log_the_errors_index_tells() {
    let results = |logs: Option<Vec<String>>, err: Option<Vec<u8>>| {
        let mut tx = nested(&[]);
        tx.logs = logs;
        tx.err = err;
        Out::of(&block_of(tx)).results()
    };
    let rolled = ["rolled_back"; 4];
    let with = |last: &'static str| rolled.into_iter().chain([last]).collect::<Vec<_>>();
    assert_eq!(results(None, error(0)), with("not_run"));
    assert_eq!(results(None, error(1)), with("failed"));
    assert_eq!(
        results(None, Some(vec![31, 0, 0, 0, 0])),
        with("rolled_back")
    );
    // What stands before the cut is believed.
    let mut cut = nested_logs();
    cut.truncate(5);
    cut.push("Log truncated".into());
    assert_eq!(results(Some(cut), error(0)), with("not_run"));
    // A line that does not fit: nothing behind it counts.
    let mut torn = nested_logs();
    torn.truncate(3);
    torn.extend([success(&OTHER), failed(&DESK)]);
    assert_eq!(results(Some(torn), error(0)), with("not_run"));
    // A forged exit is text.
    let mut forged = nested_logs();
    forged.truncate(6);
    forged.push(format!("Program log: {}", success(&DESK)));
    forged.extend([&DESK, &OTHER, &DESK, &OTHER].map(failed));
    let want = ["failed", "rolled_back", "failed", "not_run", "not_run"];
    assert_eq!(results(Some(forged), error(0)), want);
}

// I-22.
#[test]
fn a_self_call_that_carries_an_event_is_no_call_of_its_own() {
    let mut tx = nested(&nested_logs());
    let tag = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];
    if let Some(call) = tx.inner.as_mut().and_then(|g| g[0].instructions.get_mut(1)) {
        call.data = [&tag[..], &[1; 8]].concat();
    }
    let out = Out::of(&block_of(tx));
    // Not signed by the event authority: a dead letter by that way, and by no other.
    assert_eq!((out.stats.instructions, out.stats.dead_letters), (4, 1));
    assert_eq!(out.column("dead_letters", "via"), [V::Name("cpi".into())]);
}
