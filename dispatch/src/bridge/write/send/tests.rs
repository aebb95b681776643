//! A transaction on its way, beside a chain that takes, forgets and forks, and endpoints that lose answers.

use proptest::prelude::*;

use super::*;

/// A chain: blocks with the signatures that they took, of which a part is final.
#[derive(Debug, Default)]
struct Chain {
    blocks: Vec<Vec<u32>>,
    finals: usize,
    /// What was sent and may be taken: signature and last height.
    pool: Vec<(u32, u64)>,
}

impl Chain {
    fn send(&mut self, signature: u32, last_valid: u64) {
        if !self.pool.contains(&(signature, last_valid)) {
            self.pool.push((signature, last_valid));
        }
    }

    /// A block that takes what the pool offers, if `takes`.
    fn block(&mut self, takes: bool) {
        let height = self.blocks.len() as u64 + 1;
        let mut taken = Vec::new();
        for (signature, last_valid) in &self.pool {
            let there = self.blocks.iter().flatten().any(|s| s == signature);
            if takes && height <= *last_valid && !there {
                taken.push(*signature);
            }
        }
        self.blocks.push(taken);
    }

    fn fork(&mut self, depth: usize) {
        let keep = self.blocks.len().saturating_sub(depth).max(self.finals);
        self.blocks.truncate(keep);
    }

    fn finalize(&mut self) {
        self.finals = (self.finals + 1).min(self.blocks.len());
    }

    /// What an endpoint knows of a signature.
    fn status(&self, signature: u32) -> Option<Level> {
        let at = self
            .blocks
            .iter()
            .position(|block| block.contains(&signature))?;
        Some(match at < self.finals {
            true => Level::Finalized,
            false => Level::Confirmed,
        })
    }

    fn times_final(&self) -> usize {
        self.blocks.iter().take(self.finals).map(Vec::len).sum()
    }
}

#[derive(Clone, Debug)]
enum Act {
    /// The sender does what comes next; its messages may be lost on the way, and a crash may follow.
    Sender {
        lost: bool,
        crash: bool,
    },
    Block(bool),
    Fork(usize),
    Finalize,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => any::<[bool; 2]>().prop_map(|[lost, crash]| Act::Sender { lost, crash }),
        4 => any::<bool>().prop_map(Act::Block),
        1 => (1..4_usize).prop_map(Act::Fork),
        4 => Just(Act::Finalize),
    ]
}

/// One turn of the sender, as the driver does it: kept, then sent; the final height is asked for first.
fn turn(send: &mut Send, chain: &mut Chain, lost: bool, crash: bool, count: &mut u32) {
    let kept = send.clone();
    match send.next() {
        Next::Sign => {
            *count += 1;
            let last_valid = chain.blocks.len() as u64 + 3;
            let signed = Signed {
                bytes: String::new(),
                signature: count.to_string(),
                last_valid,
            };
            assert!(send.step(Event::Signed(signed), true));
            if crash {
                // It was signed and not kept: nobody has it.
                *send = kept;
            }
        }
        Next::Send(out) | Next::Watch(out) => {
            let signature: u32 = out.signature.parse().expect("a number");
            if matches!(kept.stage, Stage::Signed(_)) && !lost {
                chain.send(signature, out.last_valid);
            }
            let final_height = chain.finals as u64;
            if lost {
                return;
            }
            let event = match chain.status(signature) {
                Some(level) => Event::Seen {
                    signature: out.signature,
                    error: None,
                    level,
                },
                None => Event::Unknown {
                    signature: out.signature,
                    final_height,
                },
            };
            send.step(event, true);
            if crash {
                *send = kept;
            }
        }
        Next::Rest => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// I-58: whatever is lost, forked or forgotten, nothing is taken twice, and it comes to its end.
    #[test]
    fn nothing_is_taken_twice_and_all_comes_to_an_end(acts in prop::collection::vec(act(), 0..120)) {
        let (mut send, mut chain, mut count) = (Send::planned(), Chain::default(), 0);
        for act in acts {
            match act {
                Act::Sender { lost, crash } => turn(&mut send, &mut chain, lost, crash, &mut count),
                Act::Block(takes) => chain.block(takes),
                Act::Fork(depth) => chain.fork(depth),
                Act::Finalize => chain.finalize(),
            }
            prop_assert!(chain.times_final() <= 1, "taken twice");
            if let Stage::Finalized { signature } = &send.stage {
                let signature = signature.parse().expect("a number");
                prop_assert_eq!(chain.status(signature), Some(Level::Finalized));
            }
        }
        // Left in peace, it is taken.
        for _ in 0..40 {
            turn(&mut send, &mut chain, false, false, &mut count);
            chain.block(true);
            chain.finalize();
            chain.finalize();
        }
        prop_assert!(matches!(send.stage, Stage::Finalized { .. }), "{send:?}");
        prop_assert_eq!(chain.times_final(), 1);
    }
}

fn signed(last_valid: u64) -> Signed {
    Signed {
        bytes: "AQ==".to_owned(),
        signature: "a".to_owned(),
        last_valid,
    }
}

#[test]
fn another_is_signed_only_when_the_first_can_never_be_taken() {
    let mut send = Send::signed(signed(100));
    let unknown = |final_height| Event::Unknown {
        signature: "a".to_owned(),
        final_height,
    };
    for height in [0, 99, 100] {
        assert!(!send.step(unknown(height), true));
        assert_eq!(send.next(), Next::Send(signed(100)), "the same bytes");
    }
    let mut others = send.clone();
    assert!(send.step(unknown(101), true));
    assert_eq!(send.next(), Next::Sign);
    // Whoever signed it is not here to sign again.
    assert!(others.step(unknown(101), false));
    assert!(matches!(others.stage, Stage::Failed { .. }));
    // What is said of another one, or too late, changes nothing.
    assert!(!send.step(unknown(200), true));
}

#[test]
fn what_failed_is_given_up_only_when_that_stays() {
    let mut send = Send::signed(signed(100));
    let seen = |level| Event::Seen {
        signature: "a".to_owned(),
        error: Some("custom program error: 0x1775".to_owned()),
        level,
    };
    assert!(!send.step(seen(Level::Confirmed), true));
    assert!(send.step(seen(Level::Finalized), true));
    let Stage::Failed { why } = send.stage else {
        panic!("{send:?}");
    };
    assert!(why.contains("0x1775"));
}

#[test]
fn what_a_fork_took_back_is_sent_again() {
    let mut send = Send::signed(signed(100));
    let seen = Event::Seen {
        signature: "a".to_owned(),
        error: None,
        level: Level::Confirmed,
    };
    assert!(send.step(seen, true) && send.is_confirmed());
    assert_eq!(send.next(), Next::Watch(signed(100)));
    let unknown = Event::Unknown {
        signature: "a".to_owned(),
        final_height: 5,
    };
    assert!(send.step(unknown, true));
    assert_eq!(send.next(), Next::Send(signed(100)));
}
