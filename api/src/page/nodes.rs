//! The nodes of the highest scores, with what each score rests on.

use std::fmt::Write as _;

use hypernode_analytics::reputation::Ranked;

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
pub(crate) fn name(label: &str, id: &str) -> String {
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
    }
}
