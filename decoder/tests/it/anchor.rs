//! Anchor's own types, generated from the same IDL files, as oracle: same bytes accepted, same values.
//!
//! `payment_splitter` has no types here: Anchor refuses a legacy IDL without an address.

use borsh::BorshDeserialize;
use hypernode_decoder::idl::{self, Body, Fields, Idl, Type};
use hypernode_decoder::{Keep, ProgramConfig, Rows};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::support::build::{block_of, data_line, invoke, ix, success, tx};
use crate::support::native::{self, V};
use crate::support::no_map;

/// Generated code.
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    clippy::all
)]
mod types {
    use anchor_lang::{self, declare_program};

    declare_program!(node_registry);
    declare_program!(job_receipt);
    declare_program!(hypernode_jobs);
    declare_program!(hypernode_staking);
    declare_program!(hypernode_rewards);
}

/// What a column must hold for a field of this type.
trait Shown {
    fn shown(&self) -> V;
}

impl Shown for String {
    fn shown(&self) -> V {
        V::Text(self.clone().into_bytes())
    }
}

impl Shown for solana_sdk::pubkey::Pubkey {
    fn shown(&self) -> V {
        V::Fixed(self.to_bytes().to_vec())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Shown for $number {
            fn shown(&self) -> V {
                V::Fixed(self.to_le_bytes().to_vec())
            }
        }
    )*};
}
numbers!(u8, u16, u64, i64);

macro_rules! names {
    ($($kind:path),*) => {$(
        impl Shown for $kind {
            fn shown(&self) -> V {
                V::Name(format!("{self:?}"))
            }
        }
    )*};
}
names!(
    types::node_registry::types::NodeStatus,
    types::hypernode_staking::types::StakeTier
);

/// Checks one event: module, type, fields.
macro_rules! oracle {
    ($($test:ident: $module:ident $event:ident { $($field:ident),* };)*) => {$(
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(48))]
            #[test]
            fn $test(seed in any::<[u8; 32]>(), change in change()) {
                use types::$module::events::$event;
                use anchor_lang::Discriminator as _;
                let read = |body: &mut &[u8]| {
                    let event = $event::deserialize(body).ok()?;
                    Some(vec![$((stringify!($field), event.$field.shown())),*])
                };
                check(stringify!($module), stringify!($event), $event::DISCRIMINATOR, &seed, &change, &read)?;
            }
        }
    )*};
}

oracle! {
    node_registered: node_registry NodeRegistered { node_id, owner, timestamp };
    node_status_updated: node_registry NodeStatusUpdated { node_id, status, timestamp };
    node_deregistered: node_registry NodeDeregistered { node_id, owner, timestamp };
    job_created: job_receipt JobCreatedEvent { job_id, client, job_type, price, timestamp };
    job_assigned: job_receipt JobAssignedEvent { job_id, node_id, node_operator, timestamp };
    job_completed: job_receipt JobCompletedEvent { job_id, operator, result_hash, logs_url, timestamp };
    job_cancelled: job_receipt JobCancelledEvent { job_id, client, timestamp };
    payment_distributed: job_receipt PaymentDistributedEvent {
        job_id, operator_amount, treasury_amount, incentive_amount, timestamp
    };
    market_job_assigned: hypernode_jobs JobAssignedEvent { job, node, timestamp };
    market_job_completed: hypernode_jobs JobCompletedEvent { job, node, price, duration, timestamp };
    market_job_failed: hypernode_jobs JobFailedEvent { job, node, duration, timestamp };
    market_job_recovered: hypernode_jobs RecoverEvent { job, client, amount, reason, timestamp };
    staked: hypernode_staking StakeEvent {
        user, amount, duration_seconds, xnos, multiplier_bps, tier, unlock_at, timestamp
    };
    unstaked: hypernode_staking UnstakeEvent { user, amount, xnos_burned, timestamp };
    claimed: hypernode_rewards ClaimEvent { user, amount, xnos, timestamp };
}

/// What is done to a well-formed record before it is decoded.
#[derive(Debug, Clone)]
enum Change {
    Nothing,
    Cut(prop::sample::Index),
    Append(Vec<u8>),
    Set(prop::sample::Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Nothing),
        any::<prop::sample::Index>().prop_map(Change::Cut),
        prop::collection::vec(any::<u8>(), 1..20).prop_map(Change::Append),
        any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Change::Set(at, byte)),
    ]
}

/// A random record of the event, by our own model of the IDL.
fn body(idl: &Idl, body: &Body, rng: &mut TestRng, out: &mut Vec<u8>) {
    let Body::Struct(Fields::Named(fields)) = body else {
        panic!("{body:?}")
    };
    for field in fields {
        let mut bytes = |count: usize| {
            (0..count)
                .map(|_| rng.next_u32() as u8)
                .collect::<Vec<u8>>()
        };
        match &field.kind {
            Type::Pubkey => out.extend(bytes(32)),
            Type::Unsigned(size) | Type::Signed(size) => out.extend(bytes(usize::from(*size))),
            Type::String => {
                let text: String = bytes(9).iter().map(|b| char::from(*b)).collect();
                out.extend((text.len() as u32).to_le_bytes());
                out.extend(text.as_bytes());
            }
            Type::Defined(index) => match &idl.types()[*index].body {
                Body::Enum(variants) => out.push(bytes(1)[0] % variants.len() as u8),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

type Values = Vec<(&'static str, V)>;

fn check(
    label: &str,
    name: &str,
    discriminator: &[u8],
    seed: &[u8; 32],
    change: &Change,
    read: &dyn Fn(&mut &[u8]) -> Option<Values>,
) -> Result<(), TestCaseError> {
    let idl = idl::parse(
        label,
        label,
        hypernode_schemas::idl::text(label).expect("IDL").as_bytes(),
    )
    .expect("IDL");
    let event = idl
        .events()
        .iter()
        .find(|e| e.name == name)
        .expect("event")
        .clone();
    prop_assert_eq!(&event.discriminator, discriminator);
    let mut bytes = Vec::new();
    body(
        &idl,
        &event.body,
        &mut TestRng::from_seed(RngAlgorithm::ChaCha, seed),
        &mut bytes,
    );
    match change {
        Change::Nothing => {}
        Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Change::Append(more) => bytes.extend(more),
        Change::Set(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
    }
    let mut rest = bytes.as_slice();
    let want = read(&mut rest);
    let program = ProgramConfig::new(label, [2; 32], idl);
    let decoder =
        hypernode_decoder::Decoder::new(vec![program], &no_map(), Keep::Matching).expect("decoder");
    let record = [discriminator, &bytes].concat();
    let logs = [
        invoke(&[2; 32], 1),
        data_line(&[&record]),
        success(&[2; 32]),
    ];
    let tx = tx(&[[1; 32], [2; 32]], vec![ix(1, &[], &[], None)], &logs);
    let mut rows = Rows::new(&decoder);
    decoder.decode_block(&block_of(tx), &mut rows, &mut ());
    let tables = rows.finish();
    let table = |name: &str| {
        tables
            .iter()
            .find(|t| t.table == name)
            .map(|t| native::read(&t.native))
    };
    let got = table(&format!("ev_{label}_{name}"));
    prop_assert_eq!(got.is_some(), want.is_some());
    // The call has no data: where the IDL lists instructions, it is a dead letter of its own.
    let letters = table("dead_letters").map_or_else(Vec::new, |t| t["via"].1.clone());
    prop_assert_eq!(got.is_none(), letters.contains(&V::Name("log".into())));
    prop_assert_eq!(
        table("instructions").is_none(),
        letters.contains(&V::Name("instruction".into()))
    );
    if let (Some(got), Some(want)) = (got, want) {
        prop_assert_eq!(got.len(), 7 + want.len());
        for (field, value) in want {
            prop_assert_eq!(&got[field].1, &vec![value], "{}", field);
        }
        let trailing = V::Fixed((rest.len() as u32).to_le_bytes().to_vec());
        prop_assert_eq!(
            &table("events").expect("event")["trailing"].1,
            &vec![trailing]
        );
    }
    Ok(())
}
