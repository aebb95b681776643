//! The scenarios by name: what streams do wrong in practice, then what a real validator was seen to do.

use std::collections::VecDeque;
use std::time::Duration;

use super::live::{Act, Live};
use super::recorded::{self, Recorded};
use super::{Kind, Scenario};
use crate::proxy::{Ending, Mischief, RpcFault, Seen, StreamPlan};

/// Streams that a run of a minute may open: more would be a loop of identical requests.
const FEW_STREAMS: u64 = 40;

fn live(name: &'static str, what: &'static str, live: Live) -> Scenario {
    let kind = Kind::Live(live);
    Scenario { name, what, kind }
}

fn recorded(
    name: &'static str,
    what: &'static str,
    change: fn(yellowstone_grpc_proto::geyser::SubscribeUpdateBlock) -> Vec<Update>,
    but: &'static [&'static str],
) -> Scenario {
    let kind = Kind::Recorded(Recorded { change, but });
    Scenario { name, what, kind }
}

type Update = yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;

fn cut(at: u64, ending: Ending) -> StreamPlan {
    StreamPlan {
        cut: Some((at, ending)),
        ..StreamPlan::default()
    }
}

fn streams<const N: usize>(plans: [StreamPlan; N]) -> Mischief {
    Mischief {
        streams: VecDeque::from(plans),
        ..Mischief::default()
    }
}

/// The same for every stream of a run.
fn always(plan: StreamPlan) -> Mischief {
    Mischief {
        streams: std::iter::repeat_n(plan, 64).collect(),
        ..Mischief::default()
    }
}

/// A stream that leaves a hole which only JSON-RPC can fill, and what JSON-RPC answers first.
fn answers(faults: &[RpcFault]) -> Mischief {
    let lost: Vec<u64> = (30..50).collect();
    let plan = StreamPlan {
        lose_blocks: lost,
        ..StreamPlan::default()
    };
    Mischief {
        answers: faults.iter().map(|f| ("getBlock", f.clone())).collect(),
        ..always(plan)
    }
}

fn few(seen: &Seen) -> Result<(), String> {
    match seen.streams() {
        streams if streams <= FEW_STREAMS => Ok(()),
        streams => Err(format!("{streams} streams were opened")),
    }
}

/// Every scenario.
#[must_use]
pub fn all() -> Vec<Scenario> {
    [in_practice(), in_transactions(), on_a_validator()].concat()
}

fn in_practice() -> Vec<Scenario> {
    vec![
        live(
            "slow-client-cut",
            "INTERNAL lagged, again and again",
            Live {
                asked: few,
                ..Live::new(|| {
                    streams([
                        cut(90, Ending::Lagged),
                        cut(150, Ending::Lagged),
                        cut(60, Ending::Lagged),
                    ])
                })
            },
        ),
        live(
            "messages-over-4-mib",
            "blocks of more than the usual limit of 4 MiB",
            Live::new(|| {
                always(StreamPlan {
                    pad: 9 << 20,
                    ..StreamPlan::default()
                })
            }),
        ),
        live(
            "missing-meta-or-confirmed",
            "half of the statuses and every meta never come",
            Live::new(|| {
                always(StreamPlan {
                    lose_statuses: 500,
                    lose_metas: 1_000,
                    ..StreamPlan::default()
                })
            }),
        ),
        live(
            "double-slot-messages",
            "every status comes again without its parent",
            Live::new(|| {
                always(StreamPlan {
                    orphaned: 1_000,
                    ..StreamPlan::default()
                })
            }),
        ),
        live(
            "late-statuses",
            "statuses overtake each other",
            Live::new(|| {
                always(StreamPlan {
                    hold: 800,
                    ..StreamPlan::default()
                })
            }),
        ),
        live(
            "startup-hole",
            "a restarted validator never tells of slots that it had told in part",
            Live {
                act: Act::RestartNet(Duration::from_millis(200)),
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "empty-replay",
            "a replay is accepted and delivers nothing",
            Live {
                act: Act::KillIndexer(1),
                ..Live::new(|| {
                    always(StreamPlan {
                        empty_replay: true,
                        ..StreamPlan::default()
                    })
                })
            },
        ),
        live(
            "replay-of-forgotten-slots",
            "OUT_OF_RANGE: asked once, not a thousand times",
            Live {
                net: |net| net.replay_slots = 8,
                act: Act::StopIndexer(Duration::from_millis(800)),
                asked: few,
                ..Live::new(|| streams([cut(200, Ending::Unavailable)]))
            },
        ),
        live(
            "server-away",
            "nobody listens for seconds",
            Live {
                act: Act::RestartNet(Duration::from_secs(3)),
                asked: few,
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "equivocation",
            "another content for a slot after a reconnect",
            Live::new(|| {
                streams([
                    cut(150, Ending::Unavailable),
                    StreamPlan {
                        forge: (1..200).collect(),
                        cut: Some((30, Ending::Unavailable)),
                        ..StreamPlan::default()
                    },
                ])
            }),
        ),
        live(
            "duplicates",
            "everything comes twice, and again after reconnects",
            Live::new(|| {
                let twice = StreamPlan {
                    double: 1_000,
                    ..StreamPlan::default()
                };
                streams([
                    StreamPlan {
                        cut: Some((200, Ending::Unavailable)),
                        ..twice.clone()
                    },
                    StreamPlan {
                        cut: Some((200, Ending::Silent)),
                        ..twice.clone()
                    },
                    twice,
                ])
            }),
        ),
        live(
            "processed-that-never-lands",
            "forks, ghosts and dead slots between confirmed blocks",
            Live {
                net: |net| net.seed = 5,
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "confirmed-that-dies",
            "confirmed blocks are left again",
            Live {
                net: |net| net.confirmed_death = 120,
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "confirmed-and-rooted-only",
            "no status but CONFIRMED and FINALIZED",
            Live::new(|| {
                always(StreamPlan {
                    only_rooted: true,
                    lose_metas: 1_000,
                    ..StreamPlan::default()
                })
            }),
        ),
        live(
            "finality-never-seen",
            "FINALIZED never comes",
            Live::new(|| {
                always(StreamPlan {
                    never_finalized: true,
                    ..StreamPlan::default()
                })
            }),
        ),
        live(
            "null-meta",
            "JSON-RPC knows a block but not the outcomes in it",
            Live::new(|| answers(&[RpcFault::NullMeta, RpcFault::NullMeta, RpcFault::NullMeta])),
        ),
        live(
            "error-read-as-absent",
            "JSON-RPC says skipped, unavailable, null or nothing of real blocks",
            Live::new(|| {
                answers(&[
                    RpcFault::Refused(
                        -32007,
                        "Slot was skipped, or missing due to ledger jump to recent snapshot",
                    ),
                    RpcFault::Refused(-32004, "Block not available for slot"),
                    RpcFault::Null,
                    RpcFault::Truncated,
                    RpcFault::TooMany(0),
                    RpcFault::Broken(502),
                    RpcFault::Late(Duration::from_millis(100)),
                ])
            }),
        ),
        live(
            "signatures-for-address",
            "its answers are never a cursor: nothing asks for them",
            Live {
                asked: |seen| match seen.calls("getSignaturesForAddress") {
                    0 => Ok(()),
                    calls => Err(format!("getSignaturesForAddress was called {calls} times")),
                },
                ..Live::new(|| streams([cut(150, Ending::Unavailable)]))
            },
        ),
    ]
}

fn in_transactions() -> Vec<Scenario> {
    vec![
        recorded(
            "meta-before-transactions",
            "a block's meta overtakes its transactions",
            recorded::meta_first,
            &[],
        ),
        recorded(
            "reordered-transactions",
            "transactions far from the order of their index, some twice",
            recorded::disordered,
            &[],
        ),
        recorded(
            "undecodable-errors",
            "outcomes in an encoding that nobody knows",
            recorded::unknown_errors,
            &["err"],
        ),
        recorded(
            "inner-without-stack-height",
            "calls without their height",
            recorded::without_height,
            &["depth", "log_mismatch"],
        ),
        recorded(
            "imitated-log-lines",
            "a program's text imitates the runtime",
            recorded::imitations,
            &[],
        ),
        recorded(
            "precompiles",
            "an instruction that logs no line stands before all others",
            recorded::precompile_first,
            &["outer_ix", "path"],
        ),
        recorded(
            "log-truncated",
            "the log ends right after the last event",
            recorded::log_full,
            &["log_truncated"],
        ),
        live(
            "filter-changes",
            "filters change while the stream runs, and the indexer is killed after that",
            Live {
                act: Act::AddIdl,
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "late-account-updates",
            "accounts after their block's meta, and after the blocks of two slots more",
            Live {
                accounts: true,
                ..Live::new(|| {
                    Mischief::once(StreamPlan {
                        late_accounts: 2,
                        ..StreamPlan::default()
                    })
                })
            },
        ),
    ]
}

fn on_a_validator() -> Vec<Scenario> {
    vec![
        live(
            "from-slot-in-flight",
            "reconnects while a slot is in flight, at a high rate",
            Live {
                net: |net| net.rate = 1_000.0,
                ..Live::new(|| {
                    streams([60, 130, 40, 210, 90, 170].map(|at| cut(at, Ending::Unavailable)))
                })
            },
        ),
        live(
            "validator-restart",
            "the replay buffer is lost, and the finality of 31 slots",
            Live {
                act: Act::RestartNet(Duration::from_millis(700)),
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "ghost-slot",
            "transactions of a slot that the next parent jumps over",
            Live {
                net: |net| net.seed = 9,
                act: Act::RestartNet(Duration::from_millis(10)),
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "from-slot-errors",
            "ahead of what is sealed, too old",
            Live {
                asked: few,
                ..Live::new(|| {
                    streams([
                        cut(120, Ending::Unavailable),
                        cut(0, Ending::ReplayAhead),
                        cut(0, Ending::ReplayAhead),
                        cut(0, Ending::TooOld(2)),
                    ])
                })
            },
        ),
        live(
            "replay-switched-off",
            "from_slot is not supported",
            Live {
                asked: few,
                ..Live::new(|| streams([cut(120, Ending::Unavailable), cut(0, Ending::ReplayOff)]))
            },
        ),
        recorded(
            "floating-completed",
            "COMPLETED anywhere, banks announced twice",
            recorded::floating,
            &[],
        ),
        live(
            "filtered-blocks",
            "blocks without any transaction of ours still prove the chain",
            Live {
                net: |net| net.rate = 10.0,
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "stalled-client",
            "a client that stands still is cut after what was queued",
            Live {
                net: |net| net.queue = 32,
                act: Act::StopIndexer(Duration::from_secs(1)),
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "silent-ends",
            "streams that end with OK",
            Live {
                asked: few,
                ..Live::new(|| {
                    streams([
                        cut(70, Ending::Silent),
                        cut(10, Ending::Silent),
                        cut(120, Ending::Silent),
                    ])
                })
            },
        ),
        live(
            "sizes",
            "blocks of 24 MB",
            Live::new(|| {
                always(StreamPlan {
                    pad: 24 << 20,
                    ..StreamPlan::default()
                })
            }),
        ),
        live(
            "engine-killed",
            "batches without an answer are sent again: none torn, none twice, tables and what follows from them agree",
            Live {
                act: Act::KillEngine(3),
                ..Live::new(Mischief::default)
            },
        ),
        live(
            "long-restart",
            "longer than a client's own patience of 70 ms",
            Live {
                act: Act::RestartNet(Duration::from_secs(2)),
                asked: few,
                ..Live::new(Mischief::default)
            },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let all = all();
        let names: BTreeSet<&str> = all.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.len() >= 36, "a row has no scenario: {}", all.len());
    }
}
