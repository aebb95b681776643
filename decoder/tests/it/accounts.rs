//! Accounts: layouts that share a discriminator, versions of an IDL, and everything that does not decode (I-23).

use std::collections::BTreeMap;

use hypernode_decoder::accounts::{
    AccountDecoder, AccountLayouts, AccountOutcome, AccountRows, AccountSource, AccountVersion,
    ClosedAccount,
};
use hypernode_decoder::{ConfigError, IdlVersion, ProgramConfig, idl};
use hypernode_schemas::accounts as map;

use crate::support::native::{self, Block, V};

const PROGRAM: [u8; 32] = [7; 32];
const OWNER: [u8; 32] = [9; 32];
const NODE: [u8; 8] = [0x7d, 0xa6, 0x12, 0x92, 0xc3, 0x7f, 0x56, 0xdc];

fn registry() -> ProgramConfig {
    let json = hypernode_schemas::idl::text("node_registry").expect("IDL");
    let idl = idl::parse("node_registry", "built-in", json.as_bytes()).expect("IDL");
    ProgramConfig::new("node_registry", PROGRAM, idl)
}

fn layouts(chosen: Option<&str>) -> AccountLayouts {
    let chosen = chosen.map(|layout| ("node_registry".to_owned(), layout.to_owned()));
    AccountLayouts {
        map: map::parse(map::TEXT).expect("map"),
        chosen: chosen.into_iter().collect(),
    }
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// A node account in one of the two designs, padded to a length.
fn node(second: bool, status: u8, length: usize) -> Vec<u8> {
    let mut data = [&NODE[..], &OWNER].concat();
    for field in ["gpu-1", "specs", "eu-west"] {
        data.extend(text(field));
    }
    for time in [1_700_000_000_i64, 1_700_000_600] {
        data.extend(time.to_le_bytes());
    }
    data.push(status);
    data.extend(5_000_u64.to_le_bytes());
    data.extend(612_u16.to_le_bytes());
    data.extend(40_u64.to_le_bytes());
    if second {
        data.extend(3_u64.to_le_bytes());
    }
    data.extend(777_u64.to_le_bytes());
    data.push(254);
    data.resize(length.max(data.len()), 0);
    data
}

fn seen(slot: u64, data: &[u8]) -> AccountVersion<'_> {
    AccountVersion {
        pubkey: &[1; 32],
        slot,
        write_version: 11,
        owner: &PROGRAM,
        lamports: 99,
        executable: false,
        signature: Some(&[4; 64]),
        source: AccountSource::Stream,
        data,
    }
}

/// Decodes one account; its tables by name.
fn decode(decoder: &AccountDecoder, slot: u64, data: &[u8]) -> BTreeMap<String, Block> {
    let mut rows = AccountRows::new(decoder);
    let outcome = decoder.decode(&seen(slot, data), &mut rows);
    assert_eq!(rows.accounts(), 1);
    assert!(rows.bytes() > data.len());
    let tables = take(&mut rows);
    let decoded = one(&tables["account_versions"], "reason") == V::Text(Vec::new());
    assert_eq!(decoded, outcome == AccountOutcome::Decoded);
    assert_eq!(decoded, tables.keys().any(|name| name.starts_with("acc_")));
    tables
}

fn take(rows: &mut AccountRows) -> BTreeMap<String, Block> {
    let tables = rows.take().into_iter();
    tables
        .map(|t| (t.table.clone(), native::read(&t.native)))
        .collect()
}

fn one(block: &Block, column: &str) -> V {
    let (_, values) = &block[column];
    assert_eq!(values.len(), 1, "{column}");
    values[0].clone()
}

fn string(block: &Block, column: &str) -> String {
    match one(block, column) {
        V::Text(text) => String::from_utf8(text).expect("text"),
        other => panic!("{column}: {other:?}"),
    }
}

fn number(block: &Block, column: &str) -> u64 {
    match one(block, column) {
        V::Fixed(bytes) => {
            let mut all = [0; 8];
            all[..bytes.len()].copy_from_slice(&bytes);
            u64::from_le_bytes(all)
        }
        other => panic!("{column}: {other:?}"),
    }
}

#[test]
fn both_layouts_are_told_apart_by_length_and_mean_the_same() {
    let decoder = AccountDecoder::new(&[registry()], &layouts(None)).expect("decoder");
    for (second, length, layout, table, online) in [
        (false, 288, "first", "acc_node_registry_NodeAccount", 0),
        (
            true,
            232,
            "second",
            "acc_node_registry_NodeAccount_second",
            1,
        ),
    ] {
        for (number_of, status) in [
            (online, "online"),
            (1 - online, "offline"),
            (2, "suspended"),
        ] {
            let data = node(second, number_of, length);
            let tables = decode(&decoder, 50, &data);
            assert_eq!(tables.len(), 3);
            let version = &tables["account_versions"];
            assert_eq!(string(version, "layout"), layout);
            assert_eq!(string(version, "account"), "NodeAccount");
            assert_eq!(one(version, "data"), V::Text(data));
            assert_eq!(one(version, "signature"), V::Fixed(vec![4; 64]));
            assert_eq!(
                (number(version, "lamports"), number(version, "slot")),
                (99, 50)
            );
            let typed = &tables[table];
            assert_eq!(number(typed, "stake_amount"), 5_000);
            let node = &tables["node_account_versions"];
            assert_eq!(string(node, "status"), status);
            assert_eq!(string(node, "location"), "eu-west");
            assert_eq!(string(node, "node_id"), "gpu-1");
            assert_eq!(one(node, "owner"), V::Fixed(OWNER.to_vec()));
            assert_eq!(
                (number(node, "stake"), number(node, "reputation")),
                (5_000, 612)
            );
            let (done, earned) = (number(node, "jobs_completed"), number(node, "total_earned"));
            assert_eq!((done, earned), (40, 777));
            let failed = one(node, "jobs_failed");
            assert_eq!(failed == V::Null, !second, "{failed:?}");
            assert_eq!(number(node, "last_heartbeat"), 1_700_000_600);
            assert_eq!(number(node, "write_version"), 11);
        }
    }
}

#[test]
fn a_chosen_layout_overrides_the_length() {
    let chosen = AccountDecoder::new(&[registry()], &layouts(Some("second"))).expect("decoder");
    let tables = decode(&chosen, 1, &node(true, 1, 288));
    assert_eq!(string(&tables["node_account_versions"], "status"), "online");
    assert_eq!(string(&tables["account_versions"], "layout"), "second");
    let error = AccountDecoder::new(&[registry()], &layouts(Some("third"))).expect_err("unknown");
    assert!(matches!(error, ConfigError::UnknownLayout { .. }));
    assert!(
        error.to_string().contains("auto or one of: first, second"),
        "{error}"
    );
}

/// Where the length is nobody's, the value must end where the account does, in one layout only.
#[test]
fn an_odd_length_is_told_by_exact_consumption_or_not_at_all() {
    let decoder = AccountDecoder::new(&[registry()], &layouts(None)).expect("decoder");
    for second in [false, true] {
        let tables = decode(&decoder, 1, &node(second, 2, 0));
        let layout = if second { "second" } else { "first" };
        assert_eq!(string(&tables["account_versions"], "layout"), layout);
        assert_eq!(
            string(&tables["node_account_versions"], "status"),
            "suspended"
        );
    }
    let tables = decode(&decoder, 1, &node(false, 0, 300));
    let version = &tables["account_versions"];
    assert_eq!(string(version, "reason"), "layout");
    assert_eq!(string(version, "account"), "NodeAccount");
    assert!(string(version, "detail").contains("programs.node_registry.account_layout"));
}

/// An IDL that is neither of the known ones describes its program alone.
#[test]
fn a_configured_idl_of_its_own_wins_over_the_map() {
    let json = hypernode_schemas::idl::text("node_registry").expect("IDL");
    let json = json.replace("\"stake_amount\"", "\"bond\"");
    let idl = idl::parse("node_registry", "mine", json.as_bytes()).expect("IDL");
    let program = ProgramConfig::new("node_registry", PROGRAM, idl);
    let decoder = AccountDecoder::new(&[program], &layouts(None)).expect("decoder");
    let tables = decode(&decoder, 1, &node(false, 0, 232));
    assert_eq!(string(&tables["account_versions"], "layout"), "idl");
    assert_eq!(
        number(&tables["acc_node_registry_NodeAccount"], "bond"),
        5_000
    );
    let node = &tables["node_account_versions"];
    assert_eq!(
        (string(node, "status"), number(node, "stake")),
        ("online".into(), 0)
    );
}

const VERSIONS: &str = r#"{"version": "1", "name": "x", "instructions": [], "accounts": [
  {"name": "Pool", "discriminator": DISC, "type": {"kind": "struct", "fields": [FIELDS]}}
]}"#;

fn version(from_slot: u64, disc: &str, fields: &str) -> IdlVersion {
    let json = VERSIONS.replace("DISC", disc).replace("FIELDS", fields);
    let idl = idl::parse("x", "x.json", json.as_bytes()).expect("IDL");
    IdlVersion { from_slot, idl }
}

const A: &str = r#"{"name": "slot", "type": "u16"}"#;
const AB: &str = r#"{"name": "slot", "type": "u16"}, {"name": "note", "type": "string"}"#;
const C: &str = r#"{"name": "slot", "type": "bool"}"#;

fn versions(list: Vec<IdlVersion>) -> AccountDecoder {
    let program = ProgramConfig {
        label: "x".into(),
        program_id: PROGRAM,
        versions: list,
    };
    AccountDecoder::new(&[program], &AccountLayouts::default()).expect("decoder")
}

fn disc(name: &str) -> String {
    let bytes: Vec<String> = name.bytes().map(|b| b.to_string()).collect();
    format!("[{}]", bytes.join(","))
}

#[test]
fn discriminators_of_any_length_and_versions_by_slot() {
    for name in ["p", "pool-1", "pool-with-a-long-name"] {
        let d = disc(name);
        let decoder = versions(vec![
            version(10, &d, A),
            version(20, &d, AB),
            version(30, &d, C),
        ]);
        let tables: Vec<&str> = decoder.tables().iter().map(|t| t.name.as_str()).collect();
        assert_eq!(tables, ["acc_x_Pool", "acc_x_Pool_v2"]);
        assert!(
            decoder.tables()[0]
                .create_sql()
                .contains("ReplacingMergeTree")
        );
        let old = [name.as_bytes(), &[3, 1]].concat();
        let early = decode(&decoder, 9, &old);
        assert_eq!(string(&early["account_versions"], "reason"), "no_version");
        let first = decode(&decoder, 10, &old);
        assert_eq!(number(&first["acc_x_Pool"], "f_slot"), 0x103);
        // The table has the next version's column too.
        assert_eq!(string(&first["acc_x_Pool"], "note"), "");
        let new = [&old, text("hi").as_slice(), &[0; 40]].concat();
        let second = decode(&decoder, 29, &new);
        assert_eq!(string(&second["acc_x_Pool"], "note"), "hi");
        let third = decode(&decoder, 30, &[name.as_bytes(), &[1]].concat());
        assert_eq!(number(&third["acc_x_Pool_v2"], "f_slot"), 1);
        // Untouched since an earlier version was in force.
        let still = decode(&decoder, 35, &old);
        assert_eq!(number(&still["acc_x_Pool"], "f_slot"), 0x103);
    }
}

/// I-23: nothing that a configured program owns is lost, and what has no typed row says why.
#[test]
fn what_does_not_decode_is_kept_with_its_reason() {
    let decoder = versions(vec![version(0, &disc("pool"), AB)]);
    for (data, account, reason) in [
        (b"".to_vec(), "", "empty"),
        (vec![0; 40], "", "uninitialised"),
        (b"po".to_vec(), "", "short"),
        (b"puddle".to_vec(), "", "unknown_discriminator"),
        (b"pool\x01".to_vec(), "Pool", "decode"),
        (b"pool\x01\x02\xff\xff\xff\xff".to_vec(), "Pool", "decode"),
    ] {
        let tables = decode(&decoder, 5, &data);
        let version = &tables["account_versions"];
        assert_eq!(string(version, "reason"), reason);
        assert_eq!(string(version, "account"), account);
        assert_eq!(one(version, "data"), V::Text(data));
        assert_eq!(tables.len(), 1, "a typed row without a value");
    }
    let detail = decode(&decoder, 5, b"pool\x01\x02");
    assert!(string(&detail["account_versions"], "detail").starts_with("field `note`: "));
}

#[test]
fn foreign_accounts_are_ignored_and_closed_ones_keep_what_they_were() {
    let decoder = AccountDecoder::new(&[registry()], &layouts(None)).expect("decoder");
    let mut rows = AccountRows::new(&decoder);
    let data = node(false, 0, 288);
    let foreign = AccountVersion {
        owner: &[0; 32],
        ..seen(3, &data)
    };
    assert_eq!(decoder.decode(&foreign, &mut rows), AccountOutcome::Foreign);
    assert_eq!((rows.accounts(), rows.take().len()), (0, 0));
    let mut closed = ClosedAccount {
        pubkey: &[1; 32],
        slot: 60,
        write_version: 0,
        owner: &PROGRAM,
        source: AccountSource::Snapshot,
        account: "NodeAccount",
        layout: "first",
    };
    assert!(decoder.close(&closed, &mut rows));
    let tables = take(&mut rows);
    let version = &tables["account_versions"];
    assert_eq!(
        (number(version, "closed"), number(version, "lamports")),
        (1, 0)
    );
    assert_eq!(one(version, "source"), V::Name("snapshot".into()));
    assert_eq!(string(version, "layout"), "first");
    assert_eq!(tables.len(), 1);
    closed.owner = &[0; 32];
    assert!(!decoder.close(&closed, &mut rows));
}

#[test]
fn rows_go_to_the_tables_that_the_warehouse_chose() {
    let mut decoder = versions(vec![version(0, &disc("pool"), A)]);
    let names = [("acc_x_Pool".to_owned(), "acc_x_Pool_v3".to_owned())];
    decoder.rename_tables(&names.into_iter().collect());
    assert_eq!(decoder.tables()[0].name, "acc_x_Pool_v3");
    let tables = decode(&decoder, 1, b"pool\x01\x02");
    assert!(tables.contains_key("acc_x_Pool_v3"));
}

proptest::proptest! {
    /// I-13 for accounts: any bytes become one row, and bounded memory.
    #[test]
    fn any_bytes_become_one_row(
        data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
        known in proptest::prelude::any::<bool>(),
    ) {
        let decoder = AccountDecoder::new(&[registry()], &layouts(None)).expect("decoder");
        let data = if known { [&NODE[..], &data].concat() } else { data };
        let tables = decode(&decoder, 1, &data);
        proptest::prop_assert_eq!(one(&tables["account_versions"], "data"), V::Text(data));
    }
}
