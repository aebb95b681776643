//! What a job of the chain needs of a machine, by the words that clients use.

use serde_json::{Map, Value};

use crate::matching::Needs;

/// Longest text, and most capabilities.
const LONGEST: usize = 128;
const MOST: usize = 32;
/// VRAM from here on is in MB, below in GB: no machine has a thousand GB, and none that is asked for less than one.
const MB_FROM: f64 = 1_024.0;

/// What is needed. Words that are unknown need nothing: they may be the job's own.
pub(super) fn needs(requirements: &Map<String, Value>) -> Result<Needs, String> {
    let get = |names: &[&str]| {
        let found = names
            .iter()
            .find_map(|name| Some((*name, requirements.get(*name)?)));
        found.map(|(name, value)| (name.to_owned(), value))
    };
    let mut needs = Needs::default();
    if let Some((name, value)) = get(&["gpuModel", "gpu_model"]) {
        needs.gpu_model = Some(text(&name, value)?).filter(|model| !model.is_empty());
    }
    if let Some((name, value)) = get(&["minVRAM", "minVram", "vramMin"]) {
        needs.min_vram_mb =
            vram_mb(value).ok_or(format!("{name} must be a number, in GB or MB"))?;
    }
    if let Some((name, value)) = get(&["capabilities"]) {
        let list = value.as_array().filter(|list| list.len() <= MOST);
        let list = list.ok_or(format!("{name} must be a list of at most {MOST}"))?;
        needs.capabilities = list
            .iter()
            .map(|value| text(&name, value))
            .collect::<Result<_, _>>()?;
        needs.capabilities.sort_unstable();
        needs.capabilities.dedup();
    }
    if let Some((name, value)) = get(&["minReputation"]) {
        let least = value.as_u64().filter(|least| *least <= 1_000);
        let least = least.ok_or(format!("{name} must be a whole number from 0 to 1000"))?;
        needs.min_reputation = u16::try_from(least).unwrap_or(1_000);
    }
    if let Some((name, value)) = get(&["sandboxed"]) {
        needs.sandboxed = value
            .as_bool()
            .ok_or(format!("{name} must be true or false"))?;
    }
    Ok(needs)
}

fn text(name: &str, value: &Value) -> Result<String, String> {
    let text = value.as_str().filter(|text| text.len() <= LONGEST);
    text.map(str::to_owned)
        .ok_or_else(|| format!("{name} must be text of at most {LONGEST} bytes"))
}

fn vram_mb(value: &Value) -> Option<u32> {
    let number = value
        .as_f64()
        .filter(|number| (0.0..=16_777_216.0).contains(number))?;
    let mb = if number < MB_FROM {
        number * 1_024.0
    } else {
        number
    };
    // Within the range above: nothing is cut but a fraction of a MB.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let mb = mb.ceil() as u32;
    Some(mb)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Needs, String> {
        needs(value.as_object().expect("an object"))
    }

    #[test]
    fn words_of_every_client_are_understood() {
        let asked = json!({"gpuModel": "H100", "minVRAM": 8, "capabilities": ["b", "a", "b"], "minReputation": 500, "more": 1});
        let found = read(&asked).expect("needs");
        assert_eq!(found.gpu_model.as_deref(), Some("H100"));
        assert_eq!((found.min_vram_mb, found.min_reputation), (8_192, 500));
        assert_eq!(found.capabilities, ["a", "b"]);
        assert_eq!(
            read(&json!({"vramMin": 24_576}))
                .expect("needs")
                .min_vram_mb,
            24_576
        );
        assert_eq!(read(&json!({})), Ok(Needs::default()));
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        for (name, value) in [
            ("minVRAM", json!("much")),
            ("minVRAM", json!(-1)),
            ("capabilities", json!("all")),
            ("capabilities", json!([1])),
            ("minReputation", json!(1_001)),
            ("gpuModel", json!("x".repeat(129))),
            ("sandboxed", json!("yes")),
        ] {
            let refused = read(&json!({ name: value })).expect_err("refused");
            assert!(refused.starts_with(name), "{refused}");
        }
    }
}
