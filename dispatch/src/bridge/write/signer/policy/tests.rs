//! What is signed and what is not; over real books.

use solana_sdk::hash::Hash;
use solana_sdk::message::Message;

use super::super::book::BookError;
use super::*;
use crate::bridge::write::Create;

const DAY: u32 = 20_000;

fn pubkey(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

fn policy() -> Policy {
    Policy {
        programs: Programs {
            job_receipt: pubkey(11),
            mint: pubkey(12),
            treasury: pubkey(13),
            incentive: pubkey(14),
        },
        sender: pubkey(21),
        caps: Caps {
            lamports: 40_000,
            hyper: 1_500,
        },
    }
}

fn book(folder: &tempfile::TempDir) -> Book {
    Book::open(&folder.path().join("signed.jsonl")).expect("a book")
}

fn create(client: u8, price: u64) -> Step {
    Step::Create(Create {
        client: pubkey(client),
        label: "job-1".to_owned(),
        job_type: 0,
        price,
        approved: price,
        requirements_hash: "ab".repeat(32),
    })
}

fn job(client: u8) -> Pubkey {
    policy()
        .programs
        .job(&pubkey(client), "job-1")
        .expect("an address")
}

fn submit(client: u8, operator: u8) -> Step {
    Step::Submit {
        job: job(client),
        operator: pubkey(operator),
        result_hash: "cd".repeat(32),
    }
}

fn settle(client: u8, from: u8, to: u8) -> Step {
    let purse = |owner| policy().programs.purse(&pubkey(owner));
    Step::Settle {
        job: job(client),
        client_purse: purse(from),
        operator_purse: purse(to),
    }
}

fn message(step: &Step) -> Vec<u8> {
    let (programs, sender) = (policy().programs, policy().sender);
    step.message(&programs, &sender, Hash::default())
        .expect("an address")
        .serialize()
}

/// Judged and, if it is signed, written down.
fn sign(book: &mut Book, step: &Step, day: u32) -> Result<(), Refused> {
    let entry = policy().judge(&message(step), book, day)?;
    book.write(&entry).expect("written");
    Ok(())
}

#[test]
fn a_job_is_settled_by_what_passed_here_and_not_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = book(&folder);
    let unknown = sign(&mut book, &settle(30, 30, 31), DAY);
    assert!(
        matches!(unknown, Err(Refused::Settlement(_))),
        "{unknown:?}"
    );
    sign(&mut book, &create(30, 1_000), DAY).expect("signed");
    let early = sign(&mut book, &settle(30, 30, 31), DAY);
    assert_eq!(
        early,
        Err(Refused::Settlement("no result of the job passed here"))
    );
    sign(&mut book, &submit(30, 31), DAY).expect("signed");
    for (from, to) in [(32, 31), (30, 32), (30, 21)] {
        let stolen = sign(&mut book, &settle(30, from, to), DAY);
        assert!(matches!(stolen, Err(Refused::Settlement(_))), "{stolen:?}");
    }
    sign(&mut book, &settle(30, 30, 31), DAY).expect("signed");
}

#[test]
fn the_key_signs_for_no_client_and_no_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = book(&folder);
    for step in [create(21, 1_000), submit(30, 21)] {
        assert_eq!(sign(&mut book, &step, DAY), Err(Refused::Role));
    }
    let others = create(30, 1_000);
    let other = others
        .message(&policy().programs, &pubkey(22), Hash::default())
        .expect("an address");
    let refused = policy().judge(&other.serialize(), &book, DAY);
    assert_eq!(refused, Err(Refused::Payer));
    let empty = Message::new_with_blockhash(&[], Some(&policy().sender), &Hash::default());
    let refused = policy().judge(&empty.serialize(), &book, DAY);
    assert!(matches!(refused, Err(Refused::NoStep(_))), "{refused:?}");
}

#[test]
fn caps_hold_over_restarts_and_a_clock_that_goes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = book(&folder);
    for client in [30, 31] {
        sign(&mut first, &create(client, 1_000), DAY).expect("signed");
        sign(&mut first, &submit(client, 40), DAY).expect("signed");
    }
    drop(first);
    let mut book = book(&folder);
    for day in [DAY, DAY - 1] {
        let refused = sign(&mut book, &create(32, 1), day);
        let (cap, spent, more) = (40_000, 40_000, 10_000);
        let unit = "lamports of fees";
        assert_eq!(
            refused,
            Err(Refused::Cap {
                cap,
                unit,
                spent,
                more
            })
        );
    }
    // Another day, and the other cap.
    sign(&mut book, &settle(30, 30, 40), DAY + 1).expect("signed");
    let refused = sign(&mut book, &settle(31, 31, 40), DAY + 1);
    let (cap, spent, more) = (1_500, 1_000, 1_000);
    let unit = "raw HYPER of settled jobs";
    assert_eq!(
        refused,
        Err(Refused::Cap {
            cap,
            unit,
            spent,
            more
        })
    );
    sign(&mut book, &settle(31, 31, 40), DAY + 2).expect("signed");
    assert_eq!(
        book.jobs(),
        1,
        "what was settled is forgotten the day after"
    );
}

#[test]
fn a_price_is_not_changed_and_no_less_than_it_is_approved() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut book = book(&folder);
    sign(&mut book, &create(30, 1_000), DAY).expect("signed");
    sign(&mut book, &create(30, 1_000), DAY).expect("signed again, for another blockhash");
    assert!(matches!(
        sign(&mut book, &create(30, 1_001), DAY),
        Err(Refused::Value(_))
    ));
    let Step::Create(mut less) = create(31, 1_000) else {
        panic!("made above");
    };
    less.approved = 999;
    assert!(matches!(
        sign(&mut book, &Step::Create(less), DAY),
        Err(Refused::Value(_))
    ));
}

#[test]
fn a_torn_line_is_cut_off_and_a_broken_one_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signed.jsonl");
    let mut first = book(&folder);
    sign(&mut first, &create(30, 1_000), DAY).expect("signed");
    let whole = std::fs::read(&path).expect("a file");
    let torn = [whole.as_slice(), &whole[..40]].concat();
    std::fs::write(&path, torn).expect("written");
    let mut again = book(&folder);
    assert_eq!((again.jobs(), again.spent(DAY)), (1, (10_000, 0)));
    sign(&mut again, &create(31, 1_000), DAY).expect("signed");
    assert_eq!(book(&folder).jobs(), 2);
    std::fs::write(&path, b"{}\n").expect("written");
    let broken = Book::open(&path);
    assert!(
        matches!(broken, Err(BookError::Line { line: 1, .. })),
        "{broken:?}"
    );
}
