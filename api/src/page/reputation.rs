//! Scores on the page: the nodes of the highest ones, and HNR-1 with one node's numbers in it.

use std::fmt::Write as _;

use hypernode_analytics::reputation::{Ranked, Reputation, base58};

use super::index::UNREADABLE;
use crate::html::{clip, escape, grouped, hyper, short, units};

/// Longest label that is shown, in characters.
const LABEL: usize = 40;

/// The slot that the list is of, in words.
pub(crate) fn slot(nodes: Option<&[Ranked]>) -> String {
    match nodes.and_then(|nodes| nodes.first()) {
        Some(first) => format!("As of final slot {}.", grouped(first.as_of_slot.into())),
        None => "Scores are of finalized blocks only.".to_owned(),
    }
}

/// The list's rows. `decimals` are those of HYPER.
pub(crate) fn rows(nodes: Option<&[Ranked]>, decimals: u8) -> String {
    let words = match nodes {
        None => "The scores cannot be read just now. Reload in a moment.",
        Some([]) => "No node has a score yet.",
        Some(_) => "",
    };
    if !words.is_empty() {
        return format!("<tr><td colspan=\"8\" class=\"none\">{words}</td></tr>");
    }
    let mut out = String::new();
    for node in nodes.unwrap_or_default() {
        let id = escape(&node.node_id);
        let label = name(&node.label, &node.node_id);
        let _ = write!(
            out,
            "<tr><td data-label=\"Score\" class=\"number score\">{score}</td>\
             <th scope=\"row\" data-label=\"Node\" class=\"name\"><span><bdi>{label}</bdi> <code title=\"{id}\">{brief}</code></span></th>\
             <td data-label=\"Good units\" class=\"number\">{good}</td><td data-label=\"Bad units\" class=\"number\">{bad}</td>\
             <td data-label=\"Jobs\" class=\"number\"><span>{jobs_good} <small>good</small>{jobs_bad}</span></td>\
             <td data-label=\"Requesters\" class=\"number\">{requesters}</td>\
             <td data-label=\"Cost to forge\" class=\"number\"><span>{forge} <small>HYPER</small></span></td>\
             <td data-label=\"Check\" class=\"links broad\"><span><a href=\"/?node={id}#formula\" aria-label=\"Formula of {label}\">Formula</a> \
             <a href=\"/api/nodes/{id}/reputation?slot={slot}\" aria-label=\"Score of {label} as data\">Score</a> \
             <a href=\"/api/nodes/{id}/reputation/proof?slot={slot}\" aria-label=\"Proof of {label}\">Proof</a></span></td></tr>",
            score = node.score,
            brief = escape(&short(&node.node_id)),
            good = units(node.good),
            bad = units(node.bad),
            jobs_good = grouped(node.jobs_good.into()),
            jobs_bad = bad_jobs(node),
            requesters = grouped(node.requesters.into()),
            forge = hyper(node.forge_raw.into(), decimals),
            slot = node.as_of_slot,
        );
    }
    out
}

/// What a node is called, escaped: by its label, or by its address where it has none.
fn name(label: &str, id: &str) -> String {
    let label = clip(label.trim(), LABEL);
    escape(&if label.is_empty() { short(id) } else { label })
}

fn bad_jobs(node: &Ranked) -> String {
    let mut out = String::new();
    for (number, word) in [(node.jobs_failed, "failed"), (node.jobs_expired, "expired")] {
        if number > 0 {
            let _ = write!(out, ", {} <small>{word}</small>", grouped(number.into()));
        }
    }
    out
}

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
         <p class=\"fine\" data-still>With JavaScript, a button here recomputes this score in your browser. Without it, \
         <code>hypernode audit --node {id} --slot {slot_raw}</code> recomputes it from the chain alone.</p>\
         <div role=\"status\" aria-live=\"polite\"></div></div>",
        slot = grouped(of.slot.into()),
        slot_raw = of.slot,
        good = number(good),
        bad = number(bad),
        requesters = grouped(of.requesters.into()),
        value = score.value,
        upper = score.upper,
        mean = score.mean,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(label: &str) -> Ranked {
        Ranked {
            node_id: "11111111111111111111111111111111".into(),
            label: label.into(),
            score: 941,
            good: 37_093_376,
            bad: 1 << 19,
            requesters: 9,
            jobs_good: 38,
            jobs_failed: 1,
            jobs_expired: 0,
            forge_raw: 3_600_000,
            forge_requesters: 5,
            as_of_slot: 4_096,
        }
    }

    #[test]
    fn a_row_shows_score_evidence_and_price_with_links_of_its_slot() {
        let row = rows(Some(&[ranked("gpu")]), 6);
        for part in [
            ">941<",
            ">35.37<",
            ">0.50<",
            "3.60 <small>HYPER",
            "reputation/proof?slot=4096",
            "1 <small>failed",
        ] {
            assert!(row.contains(part), "{part}: {row}");
        }
        assert!(!row.contains("expired"));
        assert_eq!(slot(Some(&[ranked("gpu")])), "As of final slot 4,096.");
    }

    #[test]
    fn a_label_from_the_chain_is_text_and_short() {
        let row = rows(Some(&[ranked("<script>alert(1)</script>\u{202e}")]), 6);
        assert!(
            row.contains("&lt;script&gt;") && !row.contains("<script"),
            "{row}"
        );
        let long = rows(Some(&[ranked(&"'".repeat(1_200))]), 6);
        assert!(long.len() < 3_000, "{}", long.len());
        assert!(rows(Some(&[ranked("  ")]), 6).contains("<bdi>111111111111…</bdi>"));
    }

    #[test]
    fn without_scores_the_page_says_so() {
        assert!(rows(None, 6).contains("cannot be read"));
        assert!(rows(Some(&[]), 6).contains("No node has a score yet"));
        assert!(formula(Ok(None)).contains("364"));
        assert!(formula(Err(())).contains("cannot be read"));
    }
}
