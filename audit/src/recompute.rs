//! From histories to figures: HNR-1 over what the chain says.

use std::collections::BTreeMap;
use std::fmt;

use hypernode_score::{BadKind, Entry, FeeAccounts, Score, Sums, Totals, judge, score, weight};

use crate::events::Says;
use crate::facts::Placed;
use crate::keys::{Key, Signature, show_key, show_signature};

/// What a job says of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It was completed and paid.
    Good,
    /// It failed.
    Failed,
    /// It was not completed in time.
    Expired,
}

/// One piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// By whom.
    pub requester: Key,
    /// On which day since 1970.
    pub day: i64,
    /// The job's account.
    pub job: Key,
    /// The program that keeps it.
    pub program: Key,
    /// What it says.
    pub kind: Kind,
    /// Units of 1/2^20.
    pub units: u64,
    /// The settlement, the failure, or the assignment that expired.
    pub signature: Signature,
}

/// What a node's evidence comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Whether it is registered. If not, it has the prior score and no evidence counts.
    pub registered: bool,
    /// The score, and what it follows from.
    pub score: Score,
    /// The evidence, in order, also what weighs nothing.
    pub evidence: Vec<Evidence>,
    /// What each requester adds, after decay and cap.
    pub requesters: BTreeMap<Key, Totals>,
}

/// A node's last registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) owner: Key,
    pub(crate) name: Vec<u8>,
    /// It has not been taken away since.
    pub(crate) stands: bool,
}

impl Kind {
    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// The kind with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut kinds = [Self::Good, Self::Failed, Self::Expired].into_iter();
        kinds.find(|kind| kind.name() == name)
    }
}

impl Evidence {
    /// It as the units of a requester's day.
    #[must_use]
    pub const fn entry(&self) -> Entry {
        let (good, bad) = match self.kind {
            Kind::Good => (self.units, 0),
            Kind::Failed | Kind::Expired => (0, self.units),
        };
        Entry {
            requester: self.requester,
            day: self.day,
            good,
            bad,
        }
    }

    /// Whether it still adds anything on this day.
    #[must_use]
    pub const fn weighs(&self, today: i64) -> bool {
        weight(today.saturating_sub(self.day)) > 0
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} units, job {} of program {}, requester {}, day {}, signature {}",
            self.kind.name(),
            self.units,
            show_key(&self.job),
            show_key(&self.program),
            show_key(&self.requester),
            self.day,
            show_signature(&self.signature)
        )
    }
}

impl Figures {
    /// Those of a node with this evidence; of one that is not registered, the prior's.
    pub(crate) fn new(registered: bool, mut evidence: Vec<Evidence>, today: i64) -> Self {
        evidence.sort_unstable();
        let mut sums = Sums::new(today);
        for one in evidence.iter().filter(|_| registered) {
            sums.add(&one.entry());
        }
        Self {
            registered,
            score: score(sums.totals()),
            requesters: sums.requesters().map(|(key, of)| (*key, of)).collect(),
            evidence,
        }
    }
}

/// The last registration in a node's history; `None` if there never was one.
pub(crate) fn registration(history: &[Placed<'_>]) -> Option<Registration> {
    let mut last: Option<Registration> = None;
    for placed in history {
        match (&placed.event.says, &mut last) {
            (Says::Registered { owner, name, .. }, _) => {
                last = Some(Registration {
                    owner: *owner,
                    name: name.clone(),
                    stands: true,
                });
            }
            (Says::Deregistered { .. }, Some(last)) => last.stands = false,
            _ => {}
        }
    }
    last
}

/// What one job's history says of `node` at a block with the time `now`.
pub(crate) fn evidence(
    (program, job): (Key, Key),
    history: &[Placed<'_>],
    accounts: &[FeeAccounts],
    now: i64,
    node: &Key,
) -> impl Iterator<Item = Evidence> {
    let happened = |placed: &Placed<'_>| match placed.event.says {
        Says::Job { what, .. } => Some((
            placed.signature,
            hypernode_score::Event {
                slot: placed.slot,
                time: placed.time,
                what,
            },
        )),
        _ => None,
    };
    let (signatures, events): (Vec<Signature>, Vec<hypernode_score::Event>) =
        history.iter().filter_map(happened).unzip();
    let verdict = judge(&events, accounts, now);
    let good = verdict.good.ok().map(|found| (Kind::Good, found));
    let bad = verdict.bad.ok().map(|(kind, found)| match kind {
        BadKind::Failed => (Kind::Failed, found),
        BadKind::Expired => (Kind::Expired, found),
    });
    let node = *node;
    let found = good.into_iter().chain(bad);
    found
        .filter(move |(_, found)| found.node == node)
        .map(move |(kind, found)| Evidence {
            requester: found.requester,
            day: found.day,
            job,
            program,
            kind,
            units: found.units,
            // An index into the events that were judged.
            signature: signatures.get(found.cause).copied().unwrap_or([0; 64]),
        })
}

#[cfg(test)]
mod tests {
    use hypernode_score::{What, constants::UNIT};

    use super::*;
    use crate::events::Event;

    fn event(says: Says) -> Event {
        Event {
            place: (0, -1, 0),
            program: [9; 32],
            says,
        }
    }

    fn placed(number: u8, event: &Event) -> Placed<'_> {
        Placed {
            slot: u64::from(number),
            time: i64::from(number),
            signature: [number; 64],
            event,
        }
    }

    #[test]
    fn the_last_registration_counts_until_it_is_taken_away() {
        let node = [1; 32];
        let registered = |owner: u8| {
            event(Says::Registered {
                node,
                owner: [owner; 32],
                name: b"n".to_vec(),
            })
        };
        let (first, second, gone) = (
            registered(2),
            registered(3),
            event(Says::Deregistered { node }),
        );
        let of = |events: &[&Event]| {
            let placed: Vec<_> = events.iter().map(|event| placed(1, event)).collect();
            registration(&placed).map(|found| (found.owner[0], found.stands))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&gone]), None);
        assert_eq!(of(&[&first]), Some((2, true)));
        assert_eq!(of(&[&first, &gone]), Some((2, false)));
        assert_eq!(of(&[&first, &gone, &second]), Some((3, true)));
    }

    #[test]
    fn evidence_names_what_caused_it_and_is_of_the_node_alone() {
        let (job, node, owner) = ([7; 32], [1; 32], [2; 32]);
        let says = |what| event(Says::Job { job, what });
        let events = [
            says(What::Created {
                requester: [3; 32],
                price: u64::MAX,
            }),
            says(What::Assigned {
                node,
                operator: owner,
                authority: owner,
            }),
        ];
        let history: Vec<_> = (1..).zip(&events).map(|(n, e)| placed(n, e)).collect();
        let at = |now, node| -> Vec<Evidence> {
            evidence(([9; 32], job), &history, &[], now, &node).collect()
        };
        assert_eq!(at(86_401, node), []);
        let found = at(86_402, node);
        assert_eq!(
            (found[0].kind, found[0].units),
            (Kind::Expired, 3 * UNIT / 2)
        );
        assert_eq!((found[0].day, found[0].signature), (1, [2; 64]));
        assert_eq!(at(86_402, [4; 32]), []);
        let figures = Figures::new(true, found.clone(), 1);
        assert_eq!(figures.score.evidence.bad, 3 * UNIT / 2);
        assert_eq!(figures.requesters[&[3; 32]].bad, 3 * UNIT / 2);
        let prior = Figures::new(false, found, 1);
        assert_eq!((prior.score.value, prior.requesters.len()), (364, 0));
    }
}
