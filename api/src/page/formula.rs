//! HNR-1 on the page, step by step, with one node's numbers in it.

use std::fmt::Write as _;

use hypernode_analytics::reputation::{Reputation, base58};

use super::index::UNREADABLE;
use super::nodes::name;
use crate::html::grouped;

/// The formula with the numbers of one node in it.
pub(crate) fn formula(of: Result<Option<&Reputation>, ()>) -> String {
    let of = match of {
        Ok(Some(of)) => of,
        Ok(None) => {
            return "<p class=\"none\">No score yet: scores are of finalized blocks only. A node without evidence has 364.</p>"
                .to_owned();
        }
        Err(()) => return UNREADABLE.to_owned(),
    };
    let id = base58(&of.node);
    let name = name(&of.label, &id);
    let score = &of.score;
    let rows = steps(of);
    let [jobs_good, jobs_failed, jobs_expired] = of.jobs.map(|jobs| grouped(jobs.into()));
    let unknown = if of.registered {
        ""
    } else {
        " This node is not registered at that slot, so it has the score that every node starts with."
    };
    format!(
        "<p class=\"who\">Node <bdi><strong>{name}</strong></bdi> <code class=\"whole\">{id}</code> at final slot {slot}.{unknown}</p>\
         <p>g = {good} and b = {bad}: the good and bad evidence of {jobs_good} good, {jobs_failed} failed and {jobs_expired} \
         expired jobs, from {requesters} requesters whose evidence still weighs. Evidence halves every 30 days; one requester \
         adds 8 units at most, and UNIT = 1,048,576 is one.</p>\
         <div class=\"scroll\" role=\"region\" aria-label=\"Steps of the formula\" tabindex=\"0\"><table class=\"cards steps\"><caption class=\"hidden\">The formula with this node's \
         numbers</caption><thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Definition</th><th scope=\"col\">With these numbers\
         </th><th scope=\"col\" class=\"number\">Result</th></tr></thead><tbody>{rows}</tbody></table></div>\
         <p class=\"fine\">With 80 % confidence the share of good jobs lies between {value} and {upper} thousandths; the mean is {mean}. \
         <a href=\"/api/nodes/{id}/reputation?slot={slot_raw}\">Score as data</a> \
         <a href=\"/api/nodes/{id}/reputation/proof?slot={slot_raw}\">Proof with every transaction</a></p>\
         <div class=\"recompute\" id=\"recompute\" data-node=\"{id}\" data-slot=\"{slot_raw}\">\
         <button type=\"button\" hidden>Recompute in your browser</button>\
         <p class=\"fine\"><span data-still>With JavaScript, a button here recomputes this score in your browser. </span>\
         <code>hypernode audit --node {id} --slot {slot_raw}</code> recomputes it from the chain alone.</p>\
         <div role=\"status\" aria-live=\"polite\"></div></div>",
        slot = grouped(of.slot.into()),
        slot_raw = of.slot,
        good = grouped(score.evidence.good.into()),
        bad = grouped(score.evidence.bad.into()),
        requesters = grouped(of.requesters.into()),
        value = score.value,
        upper = score.upper,
        mean = score.mean,
    )
}

/// The steps from sums to score as rows of a table.
fn steps(of: &Reputation) -> String {
    let number = |value: u128| grouped(value);
    let score = &of.score;
    let (a, c, n, r) = (score.a, score.c, score.n, score.r);
    let (good, bad) = (
        u128::from(score.evidence.good),
        u128::from(score.evidence.bad),
    );
    let steps = [
        (
            "A",
            "g + 2·UNIT",
            format!("{} + 2,097,152", number(good)),
            number(a),
        ),
        (
            "C",
            "b + UNIT",
            format!("{} + 1,048,576", number(bad)),
            number(c),
        ),
        (
            "N",
            "A + C",
            format!("{} + {}", number(a), number(c)),
            number(n),
        ),
        (
            "R",
            "isqrt(UNIT·A·C div (N + UNIT))",
            format!(
                "isqrt(1,048,576 · {} · {} div {})",
                number(a),
                number(c),
                number(n + 1_048_576)
            ),
            number(r),
        ),
        (
            "score",
            "max(0, 10000·A − 12816·R) div (10·N)",
            format!(
                "({} − {}) div {}",
                number(10_000 * a),
                number(12_816 * r),
                number(10 * n)
            ),
            format!("<strong>{}</strong>", score.value),
        ),
    ];
    let mut rows = String::new();
    for (symbol, definition, filled, result) in steps {
        let _ = write!(
            rows,
            "<tr><th scope=\"row\" data-label=\"Step\">{symbol}</th><td data-label=\"Definition\"><code>{definition}</code></td>\
             <td data-label=\"With these numbers\" class=\"broad\"><code>{filled}</code></td><td data-label=\"Result\" class=\"number broad\">{result}</td></tr>"
        );
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_score_the_page_says_so() {
        assert!(formula(Ok(None)).contains("364"));
        assert!(formula(Err(())).contains("cannot be read"));
    }
}
