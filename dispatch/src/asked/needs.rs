//! What a job needs of a machine, read from what people write.

use hypernode_state::Address;
use hypernode_wire::{megabytes, most};
use serde_json::{Map, Value, json};

use super::{Limits, Wrong, amount, wrong};
use crate::matching::{Algorithm, Gamma, Needs};

/// Bytes of requirements as JSON.
const MOST_BYTES: usize = 4 << 10;

/// What the old interface assumes of a job that says nothing.
pub fn assumed() -> Value {
    json!({ "minVRAM": 8, "capabilities": ["inference"] })
}

/// Requirements as they are shown, and what they come to. `ownHosts` asks for hosts of `owner` alone.
///
/// # Errors
/// [`Wrong`], naming the field.
pub fn read(value: &Value, owner: Address, limits: &Limits) -> Result<(Value, Needs), Wrong> {
    let shown = match value {
        Value::Null | Value::Bool(false) => assumed(),
        Value::Object(_) => value.clone(),
        _ => return Err(wrong("requirements must be an object")),
    };
    if serde_json::to_vec(&shown).is_ok_and(|bytes| bytes.len() > MOST_BYTES) {
        return Err(wrong("requirements must be at most 4096 bytes"));
    }
    let needs = of(shown.as_object(), owner, limits)?;
    Ok((shown, needs))
}

/// What requirements come to. Words that are unknown need nothing: they may be the job's own.
///
/// # Errors
/// [`Wrong`], naming the field.
pub fn of(
    fields: Option<&Map<String, Value>>,
    owner: Address,
    limits: &Limits,
) -> Result<Needs, Wrong> {
    let fields = Fields(fields);
    Ok(Needs {
        gpu_model: fields.text(&["gpuModel", "gpu_model"])?,
        min_vram_mb: fields.vram()?,
        capabilities: fields.capabilities()?,
        min_reputation: fields.reputation()?,
        min_stake: match fields.get(&["minStake"]) {
            Some(value) => amount::raw(value, limits.decimals, u64::MAX)
                .map_err(|error| wrong(&format!("requirements.minStake {error}")))?,
            None => 0,
        },
        gamma: fields.gamma()?,
        sandboxed: fields.flag("sandboxed")?,
        owner: fields.flag("ownHosts")?.then_some(owner),
        ..Needs::default()
    })
}

/// The word for an algorithm.
///
/// # Errors
/// [`Wrong`].
pub fn algorithm(value: &Value) -> Result<Option<Algorithm>, Wrong> {
    match value.as_str() {
        Some("draw") => Ok(Some(Algorithm::Draw)),
        Some("reputation_weighted") => Ok(Some(Algorithm::ReputationWeighted)),
        None if value.is_null() => Ok(None),
        _ => Err(wrong("algorithm must be draw or reputation_weighted")),
    }
}

/// Fields of requirements; none are as good as absent ones, and so are null, 0, false and "".
struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    /// The first of these names that says something.
    fn get(&self, names: &[&str]) -> Option<&'a Value> {
        let fields = self.0?;
        let said = |value: &&Value| {
            !matches!(value, Value::Null | Value::Bool(false)) && **value != "" && **value != 0
        };
        names.iter().filter_map(|name| fields.get(*name)).find(said)
    }

    fn text(&self, names: &[&str]) -> Result<Option<String>, Wrong> {
        match self.get(names) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= most::LABEL => Ok(Some(text.clone())),
            Some(_) => Err(wrong(&format!(
                "requirements.{} must be a text of at most {} bytes",
                names.first().unwrap_or(&""),
                most::LABEL
            ))),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, Wrong> {
        match self.get(&[name]) {
            None => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(_) => Err(wrong(&format!("requirements.{name} must be true or false"))),
        }
    }

    /// The Backend calls it `minVRAM`, the automation engine `vramMin`.
    fn vram(&self) -> Result<u32, Wrong> {
        let Some(value) = self.get(&["minVRAM", "minVram", "vramMin"]) else {
            return Ok(0);
        };
        let mb = megabytes(value).and_then(|mb| mb.try_into().ok());
        mb.ok_or_else(|| wrong("requirements.minVRAM must be GB, or MB from 1024 on, up to 16 TB"))
    }

    fn capabilities(&self) -> Result<Vec<String>, Wrong> {
        let Some(value) = self.get(&["capabilities"]) else {
            return Ok(Vec::new());
        };
        let fits = |value: &Value| {
            let name = value.as_str()?;
            (!name.is_empty() && name.len() <= most::CAPABILITY).then(|| name.to_owned())
        };
        let list = value
            .as_array()
            .filter(|list| list.len() <= most::CAPABILITIES);
        let names = list.and_then(|list| list.iter().map(fits).collect());
        names.ok_or_else(|| {
            wrong(
                "requirements.capabilities must be a list of at most 32 names of at most 64 bytes",
            )
        })
    }

    fn reputation(&self) -> Result<u16, Wrong> {
        let Some(value) = self.get(&["minReputation"]) else {
            return Ok(0);
        };
        let score = value.as_u64().filter(|score| *score <= 1000);
        let score = score.and_then(|score| score.try_into().ok());
        score.ok_or_else(|| {
            wrong("requirements.minReputation must be a whole number from 0 to 1000")
        })
    }

    /// How price weighs: a word, or the exponent itself.
    fn gamma(&self) -> Result<Gamma, Wrong> {
        // 0 says something here.
        let said = ["gamma", "preference", "algorithm"]
            .iter()
            .find_map(|name| self.0?.get(*name));
        match said {
            None | Some(Value::Null) => Ok(Gamma::default()),
            Some(Value::String(word)) => match word.as_str() {
                "quality" => Ok(Gamma::Quality),
                "balanced" => Ok(Gamma::Balanced),
                "cheapest" => Ok(Gamma::Cheapest),
                _ => Err(gamma()),
            },
            Some(value) => match value.as_u64() {
                Some(0) => Ok(Gamma::Quality),
                Some(1) => Ok(Gamma::Balanced),
                Some(3) => Ok(Gamma::Cheapest),
                _ => Err(gamma()),
            },
        }
    }
}

fn gamma() -> Wrong {
    wrong(
        "requirements.gamma must be quality (0), balanced (1) or cheapest (3); how nodes are drawn is the operator's to set",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Address = Address([1; 32]);

    #[allow(clippy::needless_pass_by_value, reason = "tests write values")]
    fn of(value: Value) -> Result<Needs, String> {
        let read = read(&value, ME, &Limits::default());
        read.map(|(_, needs)| needs)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn both_old_spellings_and_both_units_of_vram_are_read() {
        for value in [
            json!({"minVRAM": 24}),
            json!({"vramMin": 24_576}),
            json!({"minVram": 24}),
            json!({"minVRAM": "24 GB"}),
        ] {
            assert_eq!(
                of(value.clone()).map(|needs| needs.min_vram_mb),
                Ok(24_576),
                "{value}"
            );
        }
        let assumed = of(Value::Null).expect("assumed");
        assert_eq!(
            (assumed.min_vram_mb, assumed.capabilities),
            (8_192, vec!["inference".to_owned()])
        );
        assert_eq!(of(json!({})), Ok(Needs::default()));
    }

    #[test]
    fn every_field_says_what_it_must_be() {
        for (value, name) in [
            (json!([]), "requirements must"),
            (json!({"x": "y".repeat(5_000)}), "4096"),
            (json!({"minVRAM": -1}), "minVRAM"),
            (json!({"minVRAM": []}), "minVRAM"),
            (json!({"minVRAM": 1e30}), "minVRAM"),
            (json!({"gpuModel": 4090}), "gpuModel"),
            (json!({"gpuModel": "x".repeat(129)}), "gpuModel"),
            (json!({"capabilities": "inference"}), "capabilities"),
            (json!({"capabilities": [1]}), "capabilities"),
            (json!({"capabilities": vec!["x"; 33]}), "capabilities"),
            (json!({"minReputation": 1001}), "minReputation"),
            (json!({"minReputation": 0.5}), "minReputation"),
            (json!({"minStake": -1}), "minStake"),
            (json!({"gamma": 2}), "gamma"),
            (json!({"gamma": "fastest"}), "gamma"),
            (json!({"ownHosts": "yes"}), "ownHosts"),
            (json!({"sandboxed": "yes"}), "sandboxed"),
        ] {
            let error = of(value.clone()).expect_err("refused");
            assert!(error.contains(name), "{value}: {error}");
        }
    }

    #[test]
    fn words_and_numbers_come_to_the_same() {
        let needs = of(json!({
            "gpuModel": "RTX 4090", "minReputation": 600, "minStake": 1.5, "gamma": 0, "ownHosts": true
        }));
        let needs = needs.expect("fits");
        assert_eq!(needs.gpu_model.as_deref(), Some("RTX 4090"));
        assert_eq!((needs.min_reputation, needs.min_stake), (600, 1_500_000));
        assert_eq!((needs.gamma, needs.owner), (Gamma::Quality, Some(ME)));
        assert_eq!(
            of(json!({"preference": "cheapest"})).map(|n| n.gamma),
            Ok(Gamma::Cheapest)
        );
    }
}
