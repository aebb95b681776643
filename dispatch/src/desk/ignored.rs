//! What a submission says that nothing reads. Old clients may say anything: it is taken, and they are told.

use serde_json::{Map, Value};

/// Fields of a submission.
const FIELDS: [&str; 13] = [
    "walletAddress",
    "jobType",
    "model",
    "input",
    "requirements",
    "budget",
    "maxDuration",
    "maxRetries",
    "priority",
    "nonce",
    "manifest",
    "args",
    "chain",
];
/// Fields of its requirements; the last three only of a job on chain.
const NEEDS: [&str; 16] = [
    "gpuModel",
    "gpu_model",
    "minVRAM",
    "minVram",
    "vramMin",
    "capabilities",
    "minReputation",
    "minStake",
    "gamma",
    "preference",
    "algorithm",
    "sandboxed",
    "ownHosts",
    "model",
    "manifest",
    "args",
];
const OF_CHAIN: usize = 3;
/// Names that are told, and bytes of each.
const MOST: usize = 16;
const MOST_BYTES: usize = 64;

/// Names of fields that say nothing to us, at most 16.
#[must_use]
pub fn ignored(body: &Map<String, Value>) -> Vec<String> {
    let is_on_chain = body.get("chain").is_some_and(|chain| !chain.is_null());
    let known = match is_on_chain {
        true => &NEEDS[..],
        false => &NEEDS[..NEEDS.len() - OF_CHAIN],
    };
    let of_body = body.keys().filter(|name| !FIELDS.contains(&name.as_str()));
    let needs = body.get("requirements").and_then(Value::as_object);
    let of_needs = needs.into_iter().flat_map(Map::keys);
    let of_needs = of_needs.filter(|name| !known.contains(&name.as_str()));
    let cut = |name: &str| name[..name.floor_char_boundary(MOST_BYTES)].to_owned();
    let names = of_body.map(|name| cut(name));
    names
        .chain(of_needs.map(|name| format!("requirements.{}", cut(name))))
        .take(MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nothing_reads_is_named_within_bounds() {
        let of = |value: Value| ignored(value.as_object().expect("an object"));
        let known =
            json!({"jobType": "render", "requirements": {"minVRAM": 8, "capabilities": []}});
        assert_eq!(of(known), Vec::<String>::new());
        let odd = json!({"jobType": "render", "max_duration": 5, "requirements": {"minVRam": 80, "model": "x"}});
        let names = ["max_duration", "requirements.minVRam", "requirements.model"];
        assert_eq!(of(odd), names);
        let on_chain = json!({"chain": {}, "requirements": {"model": "x"}});
        assert!(of(on_chain).is_empty());
        let mut many = Map::new();
        for n in 0..100 {
            many.insert(format!("{n}{}", "é".repeat(200)), json!(1));
        }
        let told = ignored(&many);
        assert!(told.len() == MOST && told.iter().all(|name| name.len() <= MOST_BYTES));
    }
}
