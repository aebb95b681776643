//! Messages are read as they are written, and nothing else is read.

use proptest::prelude::*;

use super::*;

fn programs() -> Programs {
    Programs {
        job_receipt: Pubkey::new_from_array([11; 32]),
        mint: Pubkey::new_from_array([12; 32]),
        treasury: Pubkey::new_from_array([13; 32]),
        incentive: Pubkey::new_from_array([14; 32]),
    }
}

fn sender() -> Pubkey {
    Pubkey::new_from_array([21; 32])
}

fn key() -> impl Strategy<Value = Pubkey> {
    (22_u8..40).prop_map(|n| Pubkey::new_from_array([n; 32]))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (
            key(),
            "[a-z]{1,32}",
            0_u8..6,
            any::<[u64; 2]>(),
            "[0-9a-f]{64}"
        )
            .prop_map(
                |(client, label, job_type, [price, approved], requirements_hash)| {
                    Step::Create(Create {
                        client,
                        label,
                        job_type,
                        price,
                        approved,
                        requirements_hash,
                    })
                }
            ),
        (key(), key(), "\\PC{0,16}").prop_map(|(job, operator, node)| Step::Assign {
            job,
            operator,
            node
        }),
        (key(), key(), "[0-9a-f]{64}").prop_map(|(job, operator, result_hash)| Step::Submit {
            job,
            operator,
            result_hash
        }),
        (key(), key(), key()).prop_map(|(job, client_purse, operator_purse)| Step::Settle {
            job,
            client_purse,
            operator_purse
        }),
    ]
}

fn written(step: &Step) -> Vec<u8> {
    let message = step.message(&programs(), &sender(), Hash::new_from_array([3; 32]));
    message.expect("an address").serialize()
}

proptest! {
    #[test]
    fn a_message_is_read_as_it_was_written(step in step()) {
        let bytes = written(&step);
        // Two of its accounts may be one: then it is another step's message, or none.
        if let Ok((read, message)) = Step::read(&bytes, &programs()) {
            prop_assert_eq!(&read, &step);
            prop_assert_eq!(message.serialize(), bytes);
        } else {
            let Step::Settle { job, client_purse, operator_purse } = step else {
                return Err(TestCaseError::fail("it is read"));
            };
            prop_assert!(job == client_purse || job == operator_purse || client_purse == operator_purse);
        }
    }

    /// Whatever byte is changed: it is refused, or it says what it says.
    #[test]
    fn a_changed_byte_is_refused_or_told(step in step(), at: prop::sample::Index, bit in 0_u8..8) {
        let mut bytes = written(&step);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok((read, message)) = Step::read(&bytes, &programs()) {
            prop_assert_eq!(message.serialize(), bytes);
            let sender = message.account_keys[0];
            prop_assert!(read != step || sender != self::sender() || message.recent_blockhash != Hash::new_from_array([3; 32]));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..1_400)) {
        let _ = Step::read(&bytes, &programs());
    }
}

#[test]
fn a_further_instruction_is_refused() {
    let step = Step::Assign {
        job: Pubkey::new_from_array([30; 32]),
        operator: Pubkey::new_from_array([31; 32]),
        node: "gpu".to_owned(),
    };
    let call = step.call(&programs(), &sender()).expect("a call");
    let mut data = vec![2, 0, 0, 0];
    data.extend(1_000_u64.to_le_bytes());
    let steal = Instruction {
        program_id: SYSTEM,
        accounts: vec![
            AccountMeta::new(sender(), true),
            AccountMeta::new(Pubkey::new_from_array([66; 32]), false),
        ],
        data,
    };
    let hash = Hash::new_from_array([3; 32]);
    for instructions in [
        vec![steal.clone(), call.clone()],
        vec![call.clone(), steal],
        vec![call.clone(), call.clone()],
    ] {
        let message = Message::new_with_blockhash(&instructions, Some(&sender()), &hash);
        assert!(Step::read(&message.serialize(), &programs()).is_err());
    }
    // A signer more, or an account that is writable and need not be.
    let mut more = call.clone();
    more.accounts[2].is_signer = true;
    more.accounts.push(AccountMeta::new_readonly(
        Pubkey::new_from_array([67; 32]),
        false,
    ));
    let message = Message::new_with_blockhash(&[more], Some(&sender()), &hash);
    assert_eq!(
        Step::read(&message.serialize(), &programs()),
        Err(NoStep::More)
    );
}
