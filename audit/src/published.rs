//! What an API states of a node's score: the figures, and page by page the evidence behind them.

use serde::Deserialize;
use serde_json::Value;

use crate::error::AuditError;
use crate::http;
use crate::keys::{Key, clip, parse_key, parse_signature, show_key};
use crate::network::Network;
use crate::recompute::{Evidence, Kind};
use crate::roots::{RootText, Rooted};

/// Longest page.
const MAX_BODY: usize = 32 << 20;
/// Pages of one proof.
const MAX_PAGES: u64 = 20_000;
/// Attempts for one page.
const ATTEMPTS: u32 = 4;

/// A proof, all pages of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The node's label; empty where it has none.
    pub label: String,
    /// The node's owner, where the API names one.
    pub owner: Option<Key>,
    /// The slot that it is of.
    pub slot: u64,
    /// Time of the last block up to it, where the API states it.
    pub block_time: Option<i64>,
    /// Whether the node is registered there.
    pub registered: bool,
    /// The score.
    pub score: u64,
    /// Good units after decay and caps.
    pub good: u64,
    /// Bad units after decay and caps.
    pub bad: u64,
    /// The network as it stands in the answer.
    pub network: Value,
    /// The sums of requesters' days, as stated: requester, day, good, bad.
    pub days: Vec<(Key, i64, u64, u64)>,
    /// The evidence, without names of programs resolved.
    pub evidence: Vec<Stated>,
    /// The roots of days that it is under.
    pub roots: Vec<Rooted>,
}

/// A piece of evidence as the API states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The program: its address, or its label.
    pub program: String,
    /// From which it counts, where the API says so.
    pub slot: Option<u64>,
    /// Everything else; its program is zeros.
    pub evidence: Evidence,
}

#[derive(Deserialize)]
struct Page {
    node_id: String,
    label: Option<String>,
    owner: Option<String>,
    slot: u64,
    block_time: Option<i64>,
    version: u32,
    registered: bool,
    score: u64,
    good: String,
    bad: String,
    network: Value,
    entries: Vec<EntryText>,
    #[serde(default)]
    roots: Vec<RootText>,
    page: u64,
    pages: u64,
}

#[derive(Deserialize)]
struct EntryText {
    requester: String,
    day: i64,
    good: String,
    bad: String,
    evidence: Vec<EvidenceText>,
}

#[derive(Deserialize)]
struct EvidenceText {
    job: String,
    program: String,
    kind: String,
    units: String,
    slot: Option<u64>,
    signature: String,
}

/// All pages of the proof of a node's score at `slot` (`None`: at the newest final one). `tls`: whom the API's client trusts.
///
/// # Errors
/// When the API does not answer with a proof, or its pages are of different ones.
pub async fn fetch(
    api: &str,
    tls: Option<rustls::ClientConfig>,
    node: &Key,
    slot: Option<u64>,
) -> Result<Published, AuditError> {
    let fail = |what: String| AuditError::Api {
        api: shown(api),
        what,
    };
    let client = http::client(tls).map_err(fail)?;
    let base = format!(
        "{}/api/nodes/{}/reputation/proof",
        api.trim_end_matches('/'),
        show_key(node)
    );
    let (mut slot, mut whole, mut pages) = (slot, None::<Published>, 1);
    for number in 1.. {
        if number > pages {
            break;
        }
        let at = slot.map_or_else(String::new, |slot| format!("&slot={slot}"));
        let url = format!("{base}?page={number}{at}");
        let text = page(&client, &url).await.map_err(fail)?;
        let (part, count) = read(&text, node, number).map_err(fail)?;
        if count > MAX_PAGES {
            return Err(fail(format!(
                "it has {count} pages, more than the {MAX_PAGES} that are read"
            )));
        }
        pages = count;
        // Without a slot each page could be of another one.
        slot = slot.or(Some(part.slot));
        whole = Some(match whole {
            None => part,
            Some(whole) => whole.and(part).map_err(fail)?,
        });
    }
    whole.ok_or_else(|| fail("it has no page".to_owned()))
}

/// The address without what may be secret in it.
pub(crate) fn shown(api: &str) -> String {
    let end = api.find('?').unwrap_or(api.len());
    let plain = api.get(..end).unwrap_or_default();
    match (plain.find("://"), plain.find('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!(
            "{}://{}",
            plain.get(..scheme).unwrap_or_default(),
            plain.get(at + 1..).unwrap_or_default()
        ),
        _ => plain.to_owned(),
    }
}

async fn page(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, String> {
    for attempt in 1.. {
        let (error, wish) = match client.get(url).send().await {
            // Nobody is there: waiting does not bring anyone.
            Err(error) if error.is_connect() => {
                return Err(format!("it does not answer: {}", http::plain(error)));
            }
            Err(error) => (format!("it does not answer: {}", http::plain(error)), None),
            Ok(response) => {
                let status = response.status();
                let wish = response.headers().get(reqwest::header::RETRY_AFTER);
                let wish: Option<u64> = wish.and_then(|value| value.to_str().ok()?.parse().ok());
                let body = http::body(response, MAX_BODY).await;
                let body = body.map_err(http::plain)??;
                if status.is_success() {
                    return Ok(body);
                }
                let text = String::from_utf8_lossy(&body);
                let error = format!(
                    "it answers {status}: {}",
                    text.chars().take(300).collect::<String>()
                );
                if !matches!(status.as_u16(), 429 | 502..=504) {
                    return Err(error);
                }
                (error, wish)
            }
        };
        if attempt == ATTEMPTS {
            return Err(error);
        }
        let pause = wish.unwrap_or(1 << attempt).min(60);
        tokio::time::sleep(std::time::Duration::from_secs(pause)).await;
    }
    Err("it does not answer".to_owned())
}

/// One page, and how many there are.
fn read(text: &[u8], node: &Key, number: u64) -> Result<(Published, u64), String> {
    let wrong = |what: String| format!("page {number} is no page of a proof: {what}");
    let page: Page = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
    if u64::from(page.version) != u64::from(hypernode_score::constants::VERSION) {
        return Err(format!(
            "its score is HNR-1 version {}, this program computes version {}",
            page.version,
            hypernode_score::constants::VERSION
        ));
    }
    if parse_key(&page.node_id) != Some(*node) {
        return Err(wrong(format!("it is of node {:?}", clip(&page.node_id))));
    }
    if page.page != number {
        return Err(wrong(format!("it says that it is page {}", page.page)));
    }
    let owner = page.owner.as_deref().filter(|text| !text.is_empty());
    let owner = owner.map(|text| key("owner", text)).transpose();
    let (mut days, mut evidence) = (Vec::new(), Vec::new());
    for (place, entry) in page.entries.iter().enumerate() {
        let at = |what: String| wrong(format!("entries[{place}].{what}"));
        let requester = key("requester", &entry.requester).map_err(at)?;
        let good = units("good", &entry.good).map_err(at)?;
        let bad = units("bad", &entry.bad).map_err(at)?;
        days.push((requester, entry.day, good, bad));
        for (place, text) in entry.evidence.iter().enumerate() {
            let stated = text.read(requester, entry.day);
            evidence.push(stated.map_err(|what| at(format!("evidence[{place}].{what}")))?);
        }
    }
    let roots = page.roots.iter().enumerate().map(|(place, text)| {
        let root = text.read();
        root.map_err(|what| wrong(format!("roots[{place}].{what}")))
    });
    let published = Published {
        label: page.label.unwrap_or_default(),
        owner: owner.map_err(wrong)?,
        slot: page.slot,
        block_time: page.block_time,
        registered: page.registered,
        score: page.score,
        good: units("good", &page.good).map_err(wrong)?,
        bad: units("bad", &page.bad).map_err(wrong)?,
        network: page.network,
        days,
        evidence,
        roots: roots.collect::<Result<_, _>>()?,
    };
    Ok((published, page.pages))
}

impl EvidenceText {
    fn read(&self, requester: Key, day: i64) -> Result<Stated, String> {
        let kind = Kind::of(&self.kind)
            .ok_or_else(|| format!("kind: {:?} is unknown", clip(&self.kind)))?;
        let signature = parse_signature(&self.signature)
            .ok_or_else(|| format!("signature: {:?} is none", clip(&self.signature)))?;
        Ok(Stated {
            program: self.program.clone(),
            slot: self.slot,
            evidence: Evidence {
                requester,
                day,
                job: key("job", &self.job)?,
                program: [0; 32],
                kind,
                units: units("units", &self.units)?,
                signature,
            },
        })
    }
}

impl Published {
    /// This with what another page adds.
    fn and(mut self, mut other: Self) -> Result<Self, String> {
        let bare = |one: &Self| Self {
            days: Vec::new(),
            evidence: Vec::new(),
            roots: Vec::new(),
            ..one.clone()
        };
        if bare(&self) != bare(&other) {
            return Err(
                "its pages state different figures: ask again, or name an older --slot".to_owned(),
            );
        }
        self.days.append(&mut other.days);
        self.evidence.append(&mut other.evidence);
        // A day's evidence may lie on several pages: each has its root.
        other.roots.retain(|root| !self.roots.contains(root));
        self.roots.append(&mut other.roots);
        Ok(self)
    }

    /// The evidence under the programs' addresses in `network`.
    ///
    /// # Errors
    /// Naming a program that is neither an address nor a label there.
    pub fn evidence(&self, api: &str, network: &Network) -> Result<Vec<Evidence>, AuditError> {
        let stated = self.evidence.iter();
        stated
            .map(|stated| {
                let program = network.program(&stated.program).copied();
                let program = program.or_else(|| parse_key(&stated.program));
                let program = program.ok_or_else(|| AuditError::Api {
                    api: shown(api),
                    what: format!(
                        "evidence of the program {:?}, which is neither an address nor one of the network's labels",
                        clip(&stated.program)
                    ),
                })?;
                Ok(Evidence {
                    program,
                    ..stated.evidence
                })
            })
            .collect()
    }
}

fn key(name: &str, text: &str) -> Result<Key, String> {
    parse_key(text).ok_or_else(|| format!("{name}: {:?} is no address", clip(text)))
}

fn units(name: &str, text: &str) -> Result<u64, String> {
    let number = text.parse();
    number.map_err(|_| format!("{name}: {:?} is no number of units", clip(text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::keys::show_signature;

    fn sample() -> Value {
        let entry = json!({"requester": show_key(&[2; 32]), "day": 5, "good": "7", "bad": "0", "evidence": [
            {"job": show_key(&[3; 32]), "program": "jobs", "kind": "good", "units": "7", "signature": show_signature(&[4; 64])}]});
        json!({
            "node_id": show_key(&[1; 32]), "label": "x", "owner": null, "slot": 9, "block_time": 432_000, "day": 5, "version": 1,
            "registered": true, "score": 365, "good": "7", "bad": "0", "network": {}, "entries": [entry],
            "page": 1, "pages": 2, "as_of_slot": 9, "finality": "finalized",
        })
    }

    fn page(value: &Value) -> Result<(Published, u64), String> {
        read(value.to_string().as_bytes(), &[1; 32], 1)
    }

    #[test]
    fn pages_add_up_if_they_are_of_one_proof() {
        let (one, pages) = page(&sample()).unwrap();
        assert_eq!((pages, one.days.len(), one.evidence.len()), (2, 1, 1));
        let both = one.clone().and(one.clone()).unwrap();
        assert_eq!((both.days.len(), both.evidence.len()), (2, 2));
        let mut other = one.clone();
        other.score = 366;
        assert!(one.and(other).unwrap_err().contains("different figures"));
    }

    #[test]
    fn programs_are_addresses_or_labels() {
        let (one, _) = page(&sample()).unwrap();
        let mut network = Network {
            genesis: String::new(),
            programs: vec![crate::network::Program {
                label: "jobs".into(),
                id: [8; 32],
                idls: Vec::new(),
            }],
            fee_accounts: Vec::new(),
            start_slot: 0,
        };
        assert_eq!(one.evidence("a", &network).unwrap()[0].program, [8; 32]);
        network.programs.clear();
        assert!(one.evidence("a", &network).is_err());
    }

    #[test]
    fn what_is_no_proof_is_named_by_place() {
        let cases = [
            ("/version", json!(2), "HNR-1 version 2"),
            ("/node_id", json!(show_key(&[5; 32])), "it is of node"),
            ("/page", json!(3), "it says that it is page 3"),
            ("/good", json!("-1"), "good: \"-1\" is no number"),
            ("/entries/0/requester", json!("!"), "entries[0].requester"),
            (
                "/entries/0/evidence/0/kind",
                json!("bad"),
                "entries[0].evidence[0].kind",
            ),
            ("/slot", json!("9"), "invalid type"),
        ];
        for (place, value, expected) in cases {
            let mut proof = sample();
            *proof.pointer_mut(place).unwrap() = value;
            let error = page(&proof).unwrap_err();
            assert!(error.contains(expected), "{place}: {error}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        assert_eq!(shown("http://u:p@host:1/x?key=2"), "http://host:1/x");
        assert_eq!(shown("http://host:1"), "http://host:1");
    }
}
