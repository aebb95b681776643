//! How far the index has come, and what vouches for it: lag, digest, certificates.

use std::fmt::Write as _;

use hypernode_analytics::certificates::Certificate;
use hypernode_analytics::digest::DigestText;
use hypernode_analytics::reputation::Root;
use hypernode_analytics::time::iso_day;
use serde_json::Value;

use crate::html::{clip, escape, grouped};

/// Certificates on the page.
const CERTIFICATES: usize = 6;

/// How far what is served lies behind: by the clock, and behind the newest slot that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Lag {
    /// From the block time of the served slot to now; absent before the first block.
    pub(crate) seconds: Option<u64>,
    /// Slots seen and not served yet; absent where nobody tells.
    pub(crate) slots: Option<u64>,
}

impl Lag {
    /// The lag of slot `as_of`, whose block is of `block_time` (Unix seconds, 0 unknown), at `now`. `status` is what
    /// the instance tells of itself.
    pub(crate) fn new(as_of: u64, block_time: u32, now: i64, status: &Value) -> Self {
        let seen = status["roles"]["indexer"]["seen_slot"].as_u64();
        let behind = now.saturating_sub(i64::from(block_time));
        Self {
            // A chain's clock may be ahead of ours.
            seconds: (block_time > 0).then_some(u64::try_from(behind).unwrap_or(0)),
            slots: seen
                .filter(|seen| *seen > 0)
                .map(|seen| seen.saturating_sub(as_of)),
        }
    }

    /// In words.
    pub(crate) fn text(&self) -> String {
        let time = self.seconds.map(|seconds| match seconds {
            0..120 => format!("{seconds} s"),
            120..7_200 => format!("{} min", seconds / 60),
            7_200..172_800 => format!("{} h", seconds / 3_600),
            _ => format!("{} days", grouped((seconds / 86_400).into())),
        });
        let slots = self.slots.map(|slots| match slots {
            1 => "1 slot".to_owned(),
            _ => format!("{} slots", grouped(slots.into())),
        });
        match (time, slots) {
            (Some(time), Some(slots)) => format!("{time}, {slots}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "–".to_owned(),
        }
    }
}

/// What the index holds none of, in words; nothing where the instance does not tell.
pub(crate) fn missing(status: &Value) -> String {
    let missing = &status["roles"]["indexer"]["missing"]["slots"];
    match missing.as_u64() {
        None => "–".to_owned(),
        Some(0) => "<span class=\"good\">none</span>".to_owned(),
        Some(slots) => format!("<span class=\"bad\">{}</span>", grouped(slots.into())),
    }
}

/// The digest as facts.
pub(crate) fn digest(digest: Option<&Option<DigestText>>) -> String {
    let Some(digest) = digest else {
        return UNREADABLE.to_owned();
    };
    let known = digest
        .as_ref()
        .and_then(|text| Some((text.slot()?, text.digest()?, text.leaves())));
    let Some((slot, hash, leaves)) = known else {
        return "<p class=\"none\">No digest yet: it covers finalized blocks only. \
                <a href=\"/api/index/digest\">Ask for it</a></p>"
            .to_owned();
    };
    format!(
        "<p class=\"hash\"><code>{hash}</code></p><p class=\"fine\">Over {leaves} leaves up to final slot {text}. \
         <a href=\"/api/index/digest?slot={slot}\">Digest as data</a></p>",
        hash = escape(hash),
        leaves = grouped(leaves.into()),
        text = grouped(slot.into()),
    )
}

/// The root over the evidence of the last day that is over.
pub(crate) fn root(root: Option<&Option<Root>>) -> String {
    match root {
        None => UNREADABLE.to_owned(),
        Some(None) => "<p class=\"none\">No day is over yet.</p>".to_owned(),
        Some(Some(root)) => format!(
            "<p class=\"hash\"><code>{hash}</code></p><p class=\"fine\">Of {day}: {pieces} pieces of evidence of {nodes} nodes, up to \
             slot {slot}. <a href=\"/api/validation/roots\">Roots as data</a></p>",
            hash = hex::encode(root.root),
            day = iso_day(root.day).unwrap_or_else(|| format!("day {}", root.day)),
            pieces = grouped(root.evidence.into()),
            nodes = grouped(root.nodes.into()),
            slot = grouped(root.last_slot.into()),
        ),
    }
}

/// What stands where a part could not be read.
pub(crate) const UNREADABLE: &str =
    "<p class=\"bad\">This part cannot be read just now. Reload in a moment.</p>";

/// The newest certificates up to `as_of` as a table, newest first.
pub(crate) fn certificates(found: Option<&[Certificate]>, as_of: u64) -> String {
    let Some(found) = found else {
        return UNREADABLE.to_owned();
    };
    let newest: Vec<&Certificate> = found
        .iter()
        .rev()
        .filter(|one| one.to <= as_of)
        .take(CERTIFICATES)
        .collect();
    let (Some(last), Some(first)) = (newest.first(), newest.last()) else {
        return "<p class=\"none\">No certificate yet: nothing is indexed. \
                <a href=\"/api/index/certificates\">Ask for them</a></p>"
            .to_owned();
    };
    let mut out = String::from(
        "<table class=\"cards\"><caption class=\"hidden\">Newest certificates</caption><thead><tr>\
         <th scope=\"col\">Slots</th><th scope=\"col\">Status</th><th scope=\"col\" class=\"number\">Blocks</th>\
         <th scope=\"col\" class=\"number\">Transactions kept</th><th scope=\"col\">Proof</th>\
         <th scope=\"col\">Source</th></tr></thead><tbody>",
    );
    for one in &newest {
        let _ = write!(
            out,
            "<tr><td data-label=\"Slots\" class=\"digits\">{from} to {to}</td>\
             <td data-label=\"Status\"><span class=\"{class}\">{status}</span></td>\
             <td data-label=\"Blocks\" class=\"number\">{blocks}</td>\
             <td data-label=\"Transactions kept\" class=\"number\">{matched} of {executed}</td>\
             <td data-label=\"Proof\">{proof}</td><td data-label=\"Source\">{source}</td></tr>",
            from = grouped(one.from.into()),
            to = grouped(one.to.into()),
            class = if one.status == "proven" {
                "good"
            } else {
                "bad"
            },
            status = escape(&one.status),
            blocks = grouped(one.blocks.into()),
            matched = grouped(one.transactions_matched.into()),
            executed = match one.transactions_executed {
                // The source does not say.
                0 => "–".to_owned(),
                executed => grouped(executed.into()),
            },
            proof = escape(&one.proof),
            source = escape(&clip(&one.source, 32)),
        );
    }
    let _ = write!(
        out,
        "</tbody></table><p class=\"fine\"><a href=\"/api/index/certificates?from={}&amp;to={}\">Certificates as data</a></p>",
        first.from, last.to
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_lag_is_of_the_clock_and_of_the_chain() {
        let status = json!({ "roles": { "indexer": { "seen_slot": 12 } } });
        let lag = Lag::new(9, 1_000, 1_002, &status);
        assert_eq!(lag.text(), "2 s, 3 slots");
        // Nothing is known, the chain's clock is ahead, the data are old.
        assert_eq!(Lag::new(0, 0, 1_000, &Value::Null).text(), "–");
        assert_eq!(Lag::new(12, 1_000, 900, &status).text(), "0 s, 0 slots");
        assert_eq!(Lag::new(11, 1_000, 87_400, &status).text(), "24 h, 1 slot");
        assert_eq!(
            Lag::new(1, 1, 86_400 * 1_000 + 1, &Value::Null).text(),
            "1,000 days"
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        let status =
            |slots: u64| json!({ "roles": { "indexer": { "missing": { "slots": slots } } } });
        assert!(missing(&status(0)).contains("none"));
        assert!(missing(&status(1_234)).contains("1,234"));
        assert_eq!(missing(&Value::Null), "–");
    }

    #[test]
    fn a_part_that_cannot_be_read_says_so() {
        assert!(digest(None).contains("cannot be read"));
        assert!(certificates(None, 9).contains("cannot be read"));
        assert!(digest(Some(&None)).contains("No digest yet"));
        assert!(root(None).contains("cannot be read"));
        assert!(root(Some(&None)).contains("No day is over"));
        let last = Root {
            day: 20_370,
            first_slot: 5,
            last_slot: 1_234,
            nodes: 3,
            evidence: 4_321,
            version: 1,
            root: [0xab; 32],
        };
        let text = root(Some(&Some(last)));
        assert!(text.contains(&"ab".repeat(32)) && text.contains("Of 2025-10-09: 4,321 pieces"));
        assert!(certificates(Some(&[]), 9).contains("No certificate yet"));
    }
}
