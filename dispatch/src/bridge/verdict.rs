//! What is to be done about a job: a function of how it stands on chain and here.

use hypernode_analytics::chain_jobs::OnChain;
use hypernode_state::UnixMs;

use crate::job::{By, Stands, State};

/// How a job stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where it stands.
    pub state: State,
    /// Its input has not come.
    pub awaits_input: bool,
}

/// What is to be done about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Leave,
    /// It is new.
    TakeIn,
    /// It was taken back, and stands again.
    Reopen {
        /// Its input is still to come.
        waits: bool,
    },
    /// The chain has no place for it any more.
    Cancel {
        /// Even if it runs.
        running: bool,
    },
    /// Others have it there, or had it.
    Elsewhere {
        /// Where it stands there.
        stands: Stands,
        /// What was paid for it, in raw HYPER.
        cost: u64,
    },
}

/// Where others have the job; `None` where nobody has it, or its client wants it no more.
fn theirs(chain: &OnChain) -> Option<(Stands, u64)> {
    let created = chain.created.as_ref()?;
    let stands = match chain {
        OnChain {
            cancelled: true, ..
        } => return None,
        OnChain { failed: true, .. } => Stands::Failed,
        _ if chain.completed || chain.paid => Stands::Completed,
        OnChain { assigned: true, .. } => Stands::Assigned,
        _ => return None,
    };
    Some((stands, if chain.paid { created.price } else { 0 }))
}

/// What is to be done. A job whose time for its input (`input_ms` from its creation) is over is not taken in: it could only
/// die, and one that was forgotten here must not come again.
pub fn verdict(chain: &OnChain, known: Option<Known>, now: UnixMs, input_ms: i64) -> Verdict {
    let Some(known) = known else {
        return match &chain.created {
            Some(created) if chain.is_open() => {
                let until = created.at.saturating_mul(1000).saturating_add(input_ms);
                match now < until {
                    true => Verdict::TakeIn,
                    false => Verdict::Leave,
                }
            }
            _ => Verdict::Leave,
        };
    };
    match known.state {
        State::Waiting { .. } | State::Queued { .. } | State::Offered { .. }
            if !chain.is_open() =>
        {
            match theirs(chain) {
                Some((stands, cost)) => Verdict::Elsewhere { stands, cost },
                None => Verdict::Cancel { running: false },
            }
        }
        // Whoever runs it cannot be paid for it any more. What was only taken back may come again in another block.
        State::Leased(_) if chain.cancelled => Verdict::Cancel { running: true },
        State::Cancelled { by: By::Chain } | State::Elsewhere { .. } if chain.is_open() => {
            Verdict::Reopen {
                waits: known.awaits_input,
            }
        }
        State::Cancelled { by: By::Chain } | State::Elsewhere { .. } => match theirs(chain) {
            Some((stands, cost)) if known.state != (State::Elsewhere { stands, cost }) => {
                Verdict::Elsewhere { stands, cost }
            }
            None if known.state != (State::Cancelled { by: By::Chain }) => {
                Verdict::Cancel { running: false }
            }
            _ => Verdict::Leave,
        },
        _ => Verdict::Leave,
    }
}

#[cfg(test)]
mod tests {
    use hypernode_analytics::chain_jobs::Created;

    use super::*;
    use crate::ids::NodeId;
    use crate::job::{Cause, Lease, Manner};

    const DAY: i64 = 86_400_000;

    fn chain(created: bool, assigned: bool, ended: bool, cancelled: bool) -> OnChain {
        OnChain {
            job: [1; 32],
            created: created.then(|| Created {
                client: [2; 32],
                label: "job".to_owned(),
                job_type: "render".to_owned(),
                price: 5,
                at: 1_000,
                requirements_hash: None,
            }),
            assigned,
            completed: ended,
            failed: false,
            paid: false,
            cancelled,
        }
    }

    fn known(state: State) -> Option<Known> {
        let awaits_input = matches!(state, State::Waiting { .. });
        Some(Known {
            state,
            awaits_input,
        })
    }

    #[test]
    fn only_what_is_open_and_young_is_taken_in() {
        let now = 1_000_000;
        let judge = |chain: &OnChain, now| verdict(chain, None, now, DAY);
        let open = chain(true, false, false, false);
        assert_eq!(judge(&open, now), Verdict::TakeIn);
        assert_eq!(judge(&open, now + DAY - 1), Verdict::TakeIn);
        assert_eq!(judge(&open, now + DAY), Verdict::Leave);
        for taken in [
            chain(false, false, false, false),
            chain(true, true, false, false),
            chain(true, false, true, false),
            chain(true, false, false, true),
        ] {
            assert_eq!(judge(&taken, now), Verdict::Leave, "{taken:?}");
        }
    }

    #[test]
    fn what_the_chain_has_no_place_for_goes_unless_it_runs() {
        let (node, ask) = (NodeId::uuid(1), 1);
        let leased = State::Leased(Lease {
            node,
            ask,
            since: 0,
            until: 9,
            deadline: 9,
            manner: Manner::Renewed,
        });
        let waiting = State::Waiting { until: 9 };
        let queued = State::Queued { not_before: 0 };
        let offered = State::Offered {
            node,
            ask,
            until: 9,
        };
        let judge = |chain: &OnChain, state| verdict(chain, known(state), 0, DAY);
        let gone = chain(false, false, false, false);
        let cancelled = chain(true, false, false, true);
        for state in [waiting, queued, offered] {
            for chain in [gone.clone(), cancelled.clone()] {
                let running = false;
                assert_eq!(judge(&chain, state), Verdict::Cancel { running });
            }
            assert_eq!(
                judge(&chain(true, false, false, false), state),
                Verdict::Leave
            );
        }
        assert_eq!(judge(&gone, leased), Verdict::Leave);
        assert_eq!(
            judge(&chain(true, true, false, false), leased),
            Verdict::Leave
        );
        let running = true;
        assert_eq!(judge(&cancelled, leased), Verdict::Cancel { running });
    }

    #[test]
    fn what_others_have_is_told_as_what_it_is_with_its_price_once_that_is_paid() {
        let judge = |chain: &OnChain, state| verdict(chain, known(state), 0, DAY);
        let by_chain = State::Cancelled { by: By::Chain };
        let assigned = chain(true, true, false, false);
        let completed = chain(true, true, true, false);
        let mut paid = completed.clone();
        paid.paid = true;
        let mut failed = assigned.clone();
        failed.failed = true;
        for (on_chain, stands, cost) in [
            (&assigned, Stands::Assigned, 0),
            (&completed, Stands::Completed, 0),
            (&paid, Stands::Completed, 5),
            (&failed, Stands::Failed, 0),
        ] {
            let theirs = Verdict::Elsewhere { stands, cost };
            let before = State::Elsewhere {
                stands: Stands::Assigned,
                cost: 9,
            };
            for state in [State::Waiting { until: 9 }, by_chain, before] {
                assert_eq!(judge(on_chain, state), theirs, "{state:?}");
            }
            let same = State::Elsewhere { stands, cost };
            assert_eq!(judge(on_chain, same), Verdict::Leave);
            // What the chain takes back is open again, or gone.
            let open = chain(true, false, false, false);
            assert_eq!(judge(&open, same), Verdict::Reopen { waits: false });
            let running = false;
            for gone in [
                chain(false, false, false, false),
                chain(true, true, false, true),
            ] {
                assert_eq!(judge(&gone, same), Verdict::Cancel { running });
            }
        }
    }

    #[test]
    fn what_stands_again_is_opened_if_the_chain_had_closed_it() {
        let open = chain(true, false, false, false);
        let judge = |state| verdict(&open, known(state), 0, DAY);
        let by_chain = State::Cancelled { by: By::Chain };
        assert_eq!(judge(by_chain), Verdict::Reopen { waits: false });
        for state in [
            State::Cancelled { by: By::Owner },
            State::Dead {
                cause: Cause::NoInput,
            },
            State::Completed {
                node: NodeId::uuid(1),
                cost: 5,
                ran_ms: 1,
            },
        ] {
            assert_eq!(judge(state), Verdict::Leave, "{state:?}");
        }
    }
}
