//! What the old HTTP register says of a node.

use hypernode_wire::{label, megabytes, most};
use serde_json::Value;

use super::record::{Described, Location};

/// Fields of a register request. What is absent, empty, zero or of the wrong form changes nothing, as with the old server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// Name of the GPU.
    pub gpu_model: Option<String>,
    /// Its memory in MB: a bare number from 1024 on is MB, a smaller one GB.
    pub vram_mb: Option<u32>,
    /// Version of its driver.
    pub driver_version: Option<String>,
    /// Version of CUDA.
    pub cuda_version: Option<String>,
    /// Operating system.
    pub host_os: Option<String>,
    /// Processor.
    pub cpu_model: Option<String>,
    /// Main memory in GB.
    pub ram_total: Option<u64>,
    /// Where it stands.
    pub location: Option<Location>,
    /// What it can do. An empty list counts: it is no falsy value.
    pub capabilities: Option<Vec<String>>,
    /// Whether its place is shown.
    pub hide_location: Option<bool>,
    /// Raw HYPER per second.
    pub ask: Option<u64>,
}

impl Fields {
    /// Reads them out of a request's body. Texts are cleaned and cut to 128 bytes, capabilities to 32 of 64 bytes.
    pub fn read(body: &Value) -> Self {
        let text = |name: &str| body.get(name)?.as_str().and_then(|t| label(t, most::LABEL));
        let vram = body.get("vram").and_then(megabytes);
        Self {
            gpu_model: text("gpuModel"),
            vram_mb: vram.and_then(|mb| mb.try_into().ok()).filter(|mb| *mb > 0),
            driver_version: text("driverVersion"),
            cuda_version: text("cudaVersion"),
            host_os: text("hostOS"),
            cpu_model: text("cpuModel"),
            ram_total: body.get("ramTotal").and_then(whole).filter(|ram| *ram > 0),
            location: body.get("location").and_then(location),
            capabilities: body.get("capabilities").and_then(capabilities),
            hide_location: body.get("hideLocation").and_then(Value::as_bool),
            ask: body.get("ask").and_then(whole).filter(|ask| *ask > 0),
        }
    }

    /// Puts what was said in the place of what was known.
    pub(super) fn apply(&self, to: &mut Described) {
        fn set<T: Clone>(to: &mut T, from: Option<&T>) {
            if let Some(from) = from {
                to.clone_from(from);
            }
        }
        set(&mut to.gpu_model, self.gpu_model.as_ref());
        set(&mut to.vram_mb, self.vram_mb.as_ref());
        set(&mut to.driver_version, self.driver_version.as_ref());
        set(&mut to.cuda_version, self.cuda_version.as_ref());
        set(&mut to.host_os, self.host_os.as_ref());
        set(&mut to.cpu_model, self.cpu_model.as_ref());
        set(&mut to.ram_total, self.ram_total.as_ref());
        set(&mut to.location, self.location.as_ref());
        set(&mut to.capabilities, self.capabilities.as_ref());
        set(&mut to.hide_location, self.hide_location.as_ref());
    }
}

/// A whole number, also written as text.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64()?;
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "within 0 and 2⁵³"
            )]
            (0.0..9.0e15).contains(&number).then_some(number as u64)
        }),
        _ => None,
    }
}

fn location(value: &Value) -> Option<Location> {
    let value = value.as_object()?;
    let name = |key| {
        value
            .get(key)
            .and_then(Value::as_str)
            .and_then(|t| label(t, most::LABEL))
    };
    let degrees = |key, most: f64| {
        let number = value.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        // Not a number, or nowhere on earth: as good as not told.
        if number.abs() <= most { number } else { 0.0 }
    };
    let unknown = Location::default();
    Some(Location {
        country: name("country").unwrap_or(unknown.country),
        city: name("city").unwrap_or(unknown.city),
        lat: degrees("lat", 90.0),
        lon: degrees("lon", 180.0),
    })
}

fn capabilities(value: &Value) -> Option<Vec<String>> {
    let mut kept = Vec::new();
    for name in value.as_array()?.iter().filter_map(Value::as_str) {
        let Some(name) = label(name, most::CAPABILITY) else {
            continue;
        };
        if kept.len() == most::CAPABILITIES {
            break;
        }
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn falsy_values_keep_the_old_ones() {
        let mut known = Described::default();
        let body = json!({"gpuModel": "RTX 4090", "vram": 24, "ramTotal": 64, "capabilities": ["render"],
            "location": {"country": "PT", "city": "Porto", "lat": 41.1, "lon": -8.6}});
        Fields::read(&body).apply(&mut known);
        assert_eq!(
            (known.vram_mb, known.vram_gb(), known.ram_total),
            (24_576, 24, 64)
        );
        let before = known.clone();
        let falsy = json!({"gpuModel": "", "vram": 0, "ramTotal": 0, "driverVersion": null, "cpuModel": false});
        Fields::read(&falsy).apply(&mut known);
        assert_eq!(known, before);
        Fields::read(&json!({"vram": 24_576, "capabilities": []})).apply(&mut known);
        assert_eq!((known.vram_mb, known.capabilities.len()), (24_576, 0));
    }

    #[test]
    fn what_a_stranger_writes_is_bounded() {
        let many: Vec<_> = (0..1000)
            .map(|n| format!("{n}{}", "x".repeat(1000)))
            .collect();
        let body = json!({"gpuModel": "x".repeat(100_000), "capabilities": many, "vram": 1e300,
            "location": {"country": "y".repeat(9000), "lat": 1e9, "lon": -181}});
        let fields = Fields::read(&body);
        assert_eq!(fields.gpu_model.map(|text| text.len()), Some(most::LABEL));
        assert_eq!(
            fields.capabilities.map(|list| list.len()),
            Some(most::CAPABILITIES)
        );
        let place = fields.location.expect("an object");
        assert_eq!(
            (place.country.len(), place.lat, place.lon),
            (most::LABEL, 0.0, 0.0)
        );
        assert_eq!(fields.vram_mb, None);
    }
}
