//! Machines that only tell that they are there: the probe's `POST /api/gpu/register`. In memory, and bounded.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hypernode_state::{Address, UnixMs};
use hypernode_wire::{label, megabytes, most};
use serde::Serialize;
use serde_json::Value;

use super::DeskError;

/// Machines of one wallet.
const PER_WALLET: usize = 64;
/// Machines of all.
const MOST: usize = 20_000;
/// One that was not seen for a day is forgotten.
const KEPT_MS: i64 = 24 * 3_600_000;

/// A machine that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Whose it is.
    pub wallet: Address,
    /// Its name.
    pub hostname: String,
    /// What it says of its GPUs.
    pub gpus: Vec<GpuTold>,
    /// Operating system.
    pub os: Option<String>,
    /// When it was last seen.
    pub last_seen: UnixMs,
}

/// A GPU as the probe tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GpuTold {
    /// Its name.
    pub name: String,
    /// Its memory in MB.
    pub memory_mb: u64,
    /// Version of its driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
}

/// All machines that were seen, by wallet and name.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<BTreeMap<(Address, String), Sighting>>);

impl Sightings {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(Address, String), Sighting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A machine of `wallet` tells what it is. Its address is not kept.
    ///
    /// # Errors
    /// [`DeskError::Wrong`] without a name, or where there is no place for it.
    pub fn seen(&self, wallet: Address, body: &Value, now: UnixMs) -> Result<(), DeskError> {
        let text = |value: &Value, most: usize| value.as_str().and_then(|text| label(text, most));
        let name = body
            .get("hostname")
            .and_then(|name| text(name, most::HOSTNAME));
        let hostname = name.ok_or_else(|| DeskError::Wrong("hostname is required".to_owned()))?;
        let gpus = body.get("gpus").and_then(Value::as_array);
        let gpus = gpus
            .into_iter()
            .flatten()
            .take(most::GPUS)
            .filter_map(|gpu| {
                Some(GpuTold {
                    name: text(gpu.get("name")?, most::LABEL)?,
                    memory_mb: gpu.get("memory_mb").and_then(megabytes).unwrap_or(0),
                    driver: gpu
                        .get("driver")
                        .and_then(|driver| text(driver, most::LABEL)),
                })
            });
        let sighting = Sighting {
            wallet,
            hostname: hostname.clone(),
            gpus: gpus.collect(),
            os: body.get("os").and_then(|os| text(os, most::LABEL)),
            last_seen: now,
        };
        let mut all = self.all();
        let key = (wallet, hostname);
        if !all.contains_key(&key) {
            all.retain(|_, seen| now.saturating_sub(seen.last_seen) < KEPT_MS);
            let own = all
                .range(from(wallet)..)
                .take_while(|((of, _), _)| *of == wallet)
                .count();
            if own >= PER_WALLET || all.len() >= MOST {
                let text =
                    "no more machines are kept: those that are gone are forgotten after a day";
                return Err(DeskError::Wrong(text.to_owned()));
            }
        }
        all.insert(key, sighting);
        Ok(())
    }

    /// Machines of a wallet, or of all; at most `limit`.
    pub fn list(&self, wallet: Option<Address>, limit: usize) -> Vec<Sighting> {
        let all = self.all();
        let start = wallet.map_or_else(|| from(Address([0; 32])), from);
        let fits = |((of, _), _): &(&(Address, String), &Sighting)| wallet.is_none_or(|w| *of == w);
        let found = all.range(start..).take_while(fits).take(limit);
        found.map(|(_, seen)| seen.clone()).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn from(wallet: Address) -> (Address, String) {
    (wallet, String::new())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn machines_are_kept_by_wallet_and_name_and_bounded() {
        let (me, other) = (Address([1; 32]), Address([2; 32]));
        let seen = Sightings::default();
        let body = json!({"hostname": "rig", "ip": "10.0.0.1", "os": "Linux",
            "gpus": [{"name": "RTX 4090", "memory_mb": 24_564, "driver": "535"}, {"x": 1}]});
        seen.seen(me, &body, 5).expect("seen");
        seen.seen(me, &body, 6).expect("seen");
        seen.seen(other, &json!({"hostname": "rig"}), 7)
            .expect("seen");
        let mine = seen.list(Some(me), 10);
        assert_eq!(
            (mine.len(), mine[0].last_seen, mine[0].gpus.len()),
            (1, 6, 1)
        );
        assert_eq!((mine[0].gpus[0].memory_mb, seen.len()), (24_564, 2));
        assert!(seen.seen(me, &json!({"hostname": " "}), 8).is_err());
        for n in 1..PER_WALLET {
            seen.seen(me, &json!({"hostname": format!("rig-{n}")}), 8)
                .expect("seen");
        }
        assert!(seen.seen(me, &json!({"hostname": "one-more"}), 9).is_err());
        seen.seen(me, &json!({"hostname": "one-more"}), 8 + KEPT_MS)
            .expect("the others are forgotten");
        assert_eq!(seen.list(None, 10).len(), 1);
    }
}
