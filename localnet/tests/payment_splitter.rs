//! payment_splitter as the runtime executes it: events, account layout, error codes, tokens.
#![allow(clippy::unwrap_used)] // clippy.toml spares only #[test] functions, not their helpers

use hypernode_localnet::svm::{
    instructions::SYSTEM_PROGRAM,
    splitter::{self, Payment, Shares, SplitterConfig},
    token::TOKEN_PROGRAM,
};
use hypernode_localnet_testing::world::{START, World, data, key};
use solana_sdk::{instruction::Instruction, pubkey::Pubkey, signature::Signer as _};

const SHARES: Shares = Shares {
    operator: 80,
    treasury: 10,
    incentive: 5,
    orchestrator: 5,
};

#[test]
fn a_payment_is_split_and_the_treasury_emptied() {
    let mut world = World::new();
    let (authority, payer) = (key(1), key(2));
    let treasury = world.hyper(&authority.pubkey(), 0);
    let tokens = Payment {
        source: world.hyper(&payer.pubkey(), 1_000),
        operator: world.hyper(&key(3).pubkey(), 0),
        treasury,
        incentive: world.hyper(&key(4).pubkey(), 0),
        orchestrator: world.hyper(&key(5).pubkey(), 0),
    };
    let wrong = Shares {
        operator: 81,
        ..SHARES
    };
    let initialize =
        |shares| splitter::initialize(&authority.pubkey(), &treasury, &tokens.incentive, shares);
    world.refused(
        3012,
        splitter::process_payment(&tokens, &payer.pubkey(), 1),
        &[&payer],
    );
    world.refused(6000, initialize(wrong), &[&authority]);
    let done = world.ok(initialize(SHARES), &[&authority]);
    let mut expected = vec![0xe8, 0x52, 0xdb, 0xd9, 0x12, 0x55, 0x0a, 0x76];
    expected.extend(authority.pubkey().to_bytes());
    expected.extend([80, 10, 5, 5]);
    expected.extend(START.to_le_bytes());
    assert_eq!(data(&done), [expected]);
    let config =
        SplitterConfig::read(&world.vm.account(&splitter::config_address()).unwrap().data).unwrap();
    assert_eq!(
        (config.authority, config.treasury, config.shares),
        (authority.pubkey().to_bytes(), treasury.to_bytes(), SHARES)
    );
    world.pass(1);
    world.refused(0, initialize(SHARES), &[&authority]);

    let done = world.ok(
        splitter::process_payment(&tokens, &payer.pubkey(), 999),
        &[&payer],
    );
    let event = splitter::PaymentProcessed {
        total_amount: 999,
        operator_amount: 799,
        treasury_amount: 99,
        incentive_amount: 49,
        orchestrator_amount: 49,
        timestamp: START + 1,
    };
    assert_eq!(
        data(&done),
        [[
            splitter::PAYMENT_PROCESSED.to_vec(),
            borsh::to_vec(&event).unwrap()
        ]
        .concat()]
    );
    assert_eq!(world.tokens(&tokens.source), 4, "dust stays with the payer");
    assert_eq!(world.tokens(&tokens.orchestrator), 49);
    world.refused(
        6002,
        splitter::process_payment(&tokens, &payer.pubkey(), 0),
        &[&payer],
    );
    world.refused(
        6004,
        splitter::process_payment(&tokens, &payer.pubkey(), 5),
        &[&payer],
    );
    world.refused(
        6005,
        splitter::process_payment(&tokens, &payer.pubkey(), u64::MAX),
        &[&payer],
    );

    world.refused(
        6001,
        splitter::update_config(&payer.pubkey(), SHARES),
        &[&payer],
    );
    world.refused(
        6000,
        splitter::update_config(&authority.pubkey(), wrong),
        &[&authority],
    );
    let even = Shares {
        operator: 25,
        treasury: 25,
        incentive: 25,
        orchestrator: 25,
    };
    let done = world.ok(
        splitter::update_config(&authority.pubkey(), even),
        &[&authority],
    );
    assert_eq!(
        data(&done)[0][..12],
        [
            0xf5, 0x9e, 0x81, 0x63, 0x3c, 0x64, 0xd6, 0xdc, 25, 25, 25, 25
        ]
    );

    let withdraw =
        |who: &Pubkey, amount| splitter::withdraw_treasury(who, &treasury, &tokens.source, amount);
    world.refused(6001, withdraw(&payer.pubkey(), 1), &[&payer]);
    world.refused(6002, withdraw(&authority.pubkey(), 0), &[&authority]);
    world.refused(6004, withdraw(&authority.pubkey(), 100), &[&authority]);
    let done = world.ok(withdraw(&authority.pubkey(), 99), &[&authority]);
    assert_eq!(data(&done)[0][16..48], tokens.source.to_bytes());
    assert_eq!(
        (world.tokens(&treasury), world.tokens(&tokens.source)),
        (0, 103)
    );
}

/// Names, rights and count of an instruction's accounts in the IDL.
fn idl_accounts(name: &str) -> Vec<(bool, bool)> {
    let idl = hypernode_schemas::idl::text("payment_splitter").unwrap();
    let idl: serde_json::Value = serde_json::from_str(idl).unwrap();
    let instructions = idl["instructions"].as_array().unwrap();
    let found = instructions.iter().find(|i| i["name"] == name).unwrap();
    let accounts = found["accounts"].as_array().unwrap().iter();
    accounts
        .map(|a| {
            (
                a["isMut"].as_bool().unwrap(),
                a["isSigner"].as_bool().unwrap(),
            )
        })
        .collect()
}

#[test]
fn hand_written_account_lists_are_the_idls() {
    let k = |n| key(n).pubkey();
    let tokens = Payment {
        source: k(1),
        operator: k(2),
        treasury: k(3),
        incentive: k(4),
        orchestrator: k(5),
    };
    let list: [(&str, Instruction, Vec<Pubkey>); 4] = [
        (
            "initialize",
            splitter::initialize(&k(1), &k(2), &k(3), SHARES),
            vec![splitter::config_address(), k(1), k(2), k(3), SYSTEM_PROGRAM],
        ),
        (
            "processPayment",
            splitter::process_payment(&tokens, &k(6), 1),
            vec![
                splitter::config_address(),
                k(1),
                k(2),
                k(3),
                k(4),
                k(5),
                k(6),
                TOKEN_PROGRAM,
            ],
        ),
        (
            "updateConfig",
            splitter::update_config(&k(1), SHARES),
            vec![splitter::config_address(), k(1)],
        ),
        (
            "withdrawTreasury",
            splitter::withdraw_treasury(&k(1), &k(2), &k(3), 1),
            vec![splitter::config_address(), k(2), k(3), k(1), TOKEN_PROGRAM],
        ),
    ];
    for (name, instruction, keys) in list {
        let rights: Vec<(bool, bool)> = instruction
            .accounts
            .iter()
            .map(|a| (a.is_writable, a.is_signer))
            .collect();
        assert_eq!(rights, idl_accounts(name), "{name}");
        assert_eq!(
            instruction
                .accounts
                .iter()
                .map(|a| a.pubkey)
                .collect::<Vec<_>>(),
            keys,
            "{name}"
        );
    }
}
