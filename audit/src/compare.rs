//! Where what is published and what the chain says are not the same.

use std::collections::{BTreeMap, BTreeSet};

use hypernode_score::{Sums, Totals};

use crate::chain::Seen;
use crate::difference::{Difference, Side};
use crate::keys::{Key, show_key};
use crate::published::Published;
use crate::recompute::{Evidence, Figures};
use crate::roots;

/// Everything that differs: first what explains it, then the figures. `stated` is the API's evidence.
pub(crate) fn compare(
    node: &Key,
    published: &Published,
    stated: Vec<Evidence>,
    owner: Option<Key>,
    figures: &Figures,
    seen: Seen,
) -> Vec<Difference> {
    let today = hypernode_score::day(seen.time);
    let mut found = Vec::new();
    let mut value = |name, published: String, recomputed: String| {
        if published != recomputed {
            found.push(Difference::Value {
                name,
                published,
                recomputed,
            });
        }
    };
    if let Some(time) = published.block_time {
        value("block time", time.to_string(), seen.time.to_string());
    }
    let registered = |is: bool| if is { "yes" } else { "no" }.to_owned();
    value(
        "registered",
        registered(published.registered),
        registered(figures.registered),
    );
    if let (Some(theirs), Some(ours)) = (published.owner, owner) {
        value("owner", show_key(&theirs), show_key(&ours));
    }
    let figure = |name, published: u64, recomputed: u64| Difference::Value {
        name,
        published: published.to_string(),
        recomputed: recomputed.to_string(),
    };
    // Without registration there is no evidence that counts, whatever happened to jobs.
    if published.registered && figures.registered {
        days(&published.days, &stated, &mut found);
        let slots = published.evidence.iter().map(|one| one.slot);
        let placed: Vec<_> = stated.iter().copied().zip(slots).collect();
        roots::compare(node, &placed, &published.roots, &mut found);
        evidence(stated, &figures.evidence, today, &mut found);
    }
    let Totals { good, bad } = figures.score.evidence;
    let numbers = [
        ("good", published.good, good),
        ("bad", published.bad, bad),
        ("score", published.score, u64::from(figures.score.value)),
    ];
    let differing = numbers
        .into_iter()
        .filter(|(_, theirs, ours)| theirs != ours);
    found.extend(differing.map(|(name, theirs, ours)| figure(name, theirs, ours)));
    if published.registered {
        own(published, today, &mut found);
    }
    found
}

/// Evidence that only one side has, of what weighs anything.
fn evidence(
    stated: Vec<Evidence>,
    recomputed: &[Evidence],
    today: i64,
    found: &mut Vec<Difference>,
) {
    let mut counts: BTreeMap<Evidence, i64> = BTreeMap::new();
    for one in recomputed {
        *counts.entry(*one).or_default() += 1;
    }
    for one in stated {
        *counts.entry(one).or_default() -= 1;
    }
    for (evidence, count) in counts {
        let only = if count > 0 { Side::Chain } else { Side::Api };
        let times = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        if evidence.weighs(today) {
            found.extend(std::iter::repeat_n(
                Difference::Evidence { only, evidence },
                times,
            ));
        }
    }
}

/// Requesters' days as stated, beside those that the stated evidence makes.
fn days(stated: &[(Key, i64, u64, u64)], evidence: &[Evidence], found: &mut Vec<Difference>) {
    type Days = BTreeMap<(Key, i64), (u64, u64)>;
    let add = |days: &mut Days, key, good: u64, bad: u64| {
        let sums = days.entry(key).or_default();
        *sums = (sums.0.saturating_add(good), sums.1.saturating_add(bad));
    };
    let (mut published, mut made) = (Days::new(), Days::new());
    for &(requester, day, good, bad) in stated {
        add(&mut published, (requester, day), good, bad);
    }
    for one in evidence {
        let entry = one.entry();
        add(
            &mut made,
            (entry.requester, entry.day),
            entry.good,
            entry.bad,
        );
    }
    let all = published.keys().chain(made.keys());
    let all: BTreeSet<_> = all.copied().collect();
    for key in all {
        let of = |days: &Days| days.get(&key).copied().unwrap_or_default();
        let (published, of_evidence) = (of(&published), of(&made));
        if published != of_evidence {
            found.push(Difference::Day {
                requester: key.0,
                day: key.1,
                published,
                of_evidence,
            });
        }
    }
}

/// The API's figures beside those of its entries.
fn own(published: &Published, today: i64, found: &mut Vec<Difference>) {
    let mut sums = Sums::new(today);
    for &(requester, day, good, bad) in &published.days {
        sums.add(&hypernode_score::Entry {
            requester,
            day,
            good,
            bad,
        });
    }
    let Totals { good, bad } = sums.totals();
    if (good, bad) != (published.good, published.bad) {
        found.push(Difference::Own {
            published: (published.good, published.bad),
            of_entries: (good, bad),
        });
    }
}

#[cfg(test)]
mod tests {
    use hypernode_score::constants::UNIT;
    use serde_json::Value;

    use super::*;
    use crate::recompute::Kind;

    const SEEN: Seen = Seen {
        slot: 9,
        time: 86_400 * 400,
    };

    fn piece(job: u8, day: i64) -> Evidence {
        Evidence {
            requester: [2; 32],
            day,
            job: [job; 32],
            program: [3; 32],
            kind: Kind::Good,
            units: UNIT,
            signature: [job; 64],
        }
    }

    fn published(evidence: &[Evidence]) -> Published {
        let figures = Figures::new(true, evidence.to_vec(), 400);
        let day = |one: &Evidence| (one.requester, one.day, one.units, 0);
        Published {
            label: String::new(),
            owner: Some([1; 32]),
            slot: 9,
            block_time: Some(SEEN.time),
            registered: true,
            score: u64::from(figures.score.value),
            good: figures.score.evidence.good,
            bad: 0,
            network: Value::Null,
            days: evidence.iter().map(day).collect(),
            evidence: Vec::new(),
            roots: Vec::new(),
        }
    }

    fn compare(
        published: &Published,
        stated: Vec<Evidence>,
        owner: Option<Key>,
        figures: &Figures,
        seen: Seen,
    ) -> Vec<Difference> {
        super::compare(&[5; 32], published, stated, owner, figures, seen)
    }

    fn differences(theirs: &[Evidence], ours: &[Evidence]) -> Vec<String> {
        let figures = Figures::new(true, ours.to_vec(), 400);
        let found = compare(
            &published(theirs),
            theirs.to_vec(),
            Some([1; 32]),
            &figures,
            SEEN,
        );
        found.iter().map(Difference::short).collect()
    }

    #[test]
    fn the_same_in_any_order_is_the_same() {
        let (a, b) = (piece(1, 400), piece(2, 399));
        assert_eq!(differences(&[a, b], &[b, a]), Vec::<String>::new());
        // What has lost its weight may be listed or not.
        assert_eq!(
            differences(&[a, piece(3, 1)], &[a, piece(4, 2)]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn evidence_that_one_side_lacks_is_named() {
        let (a, b) = (piece(1, 400), piece(2, 400));
        let found = differences(&[a], &[a, b]);
        assert!(found[0].contains(&show_key(&b.job)) && found[0].ends_with("the API lacks it"));
        assert_eq!(found.len(), 3, "and good, and score: {found:?}");
        let found = differences(&[a, b, b], &[a, b]);
        assert!(found[0].ends_with("the chain lacks it"), "{found:?}");
    }

    #[test]
    fn figures_that_do_not_follow_from_the_apis_own_words_are_named() {
        let a = piece(1, 400);
        let figures = Figures::new(true, vec![a], 400);
        let mut wrong = published(&[a]);
        wrong.good += 1;
        wrong.days[0].2 += 2;
        wrong.owner = Some([7; 32]);
        wrong.block_time = Some(5);
        let found = compare(&wrong, vec![a], Some([1; 32]), &figures, SEEN);
        let names: Vec<_> = found
            .iter()
            .map(|one| one.json()["what"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["block time", "owner", "day", "good", "own_entries"]);
    }

    #[test]
    fn an_unregistered_node_has_the_prior_whatever_is_listed() {
        let figures = Figures::new(false, vec![piece(1, 400)], 400);
        let mut prior = published(&[]);
        prior.registered = false;
        assert_eq!(compare(&prior, vec![], None, &figures, SEEN), []);
        let found = compare(&published(&[]), vec![], None, &figures, SEEN);
        assert_eq!(
            found[0].to_string(),
            "registered: yes published, no from the chain"
        );
    }
}
