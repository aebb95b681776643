//! What a host says of itself, in one form for all dialects. All of it is a claim.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::fields::Fields;
use crate::limits::most;
use crate::size::{megabytes, percent};
use crate::text::label;

/// Host name or operating system that was not told.
pub const UNKNOWN: &str = "unknown";
/// GPU whose name was not told.
pub const UNKNOWN_GPU: &str = "Unknown GPU";

/// A host. Written as `hostInfo` of a register frame; everything is bounded by [`most`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostInfo {
    /// Host name, or [`UNKNOWN`].
    pub hostname: String,
    /// Operating system, or [`UNKNOWN`].
    pub os: String,
    /// GPUs; none on a host that has only processors. Some agents invent one where they find none: it is kept.
    pub gpus: Vec<Gpu>,
    /// Version of the operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Architecture, such as `x86_64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// Version of Docker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_version: Option<String>,
    /// Version of the host's program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// Processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_count: Option<u32>,
    /// Main memory in MB.
    #[serde(
        rename = "ram",
        skip_serializing_if = "Option::is_none",
        serialize_with = "mebibytes"
    )]
    pub ram_mb: Option<u64>,
    /// What it can do, such as `inference`; each once, in the order sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Price in raw HYPER (10⁻⁶) per second; a decimal string on the wire.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "decimal_string"
    )]
    pub ask: Option<u64>,
    /// Jobs at once, 1 to [`most::SLOTS`].
    pub slots: u16,
    /// Whether it says that jobs run sandboxed.
    pub sandboxed: bool,
}

/// A GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// Its name, or [`UNKNOWN_GPU`].
    pub name: String,
    /// Memory in MB.
    #[serde(
        rename = "memory",
        skip_serializing_if = "Option::is_none",
        serialize_with = "mebibytes"
    )]
    pub memory_mb: Option<u64>,
    /// Free memory in MB.
    #[serde(
        rename = "vram_free",
        skip_serializing_if = "Option::is_none",
        serialize_with = "mebibytes"
    )]
    pub memory_free_mb: Option<u64>,
    /// Utilisation, 0 to 100.
    #[serde(rename = "utilization", skip_serializing_if = "Option::is_none")]
    pub utilization_percent: Option<u8>,
}

impl Default for HostInfo {
    /// A host that told nothing.
    fn default() -> Self {
        Self {
            hostname: UNKNOWN.to_owned(),
            os: UNKNOWN.to_owned(),
            gpus: Vec::new(),
            os_version: None,
            arch: None,
            docker_version: None,
            agent_version: None,
            cpu_count: None,
            ram_mb: None,
            capabilities: Vec::new(),
            ask: None,
            slots: 1,
            sandboxed: false,
        }
    }
}

impl HostInfo {
    pub(crate) fn read(host: Fields<'_>) -> Self {
        let name = |names: &[&str]| host.label(names, most::LABEL);
        Self {
            hostname: host
                .label(&["hostname"], most::HOSTNAME)
                .unwrap_or_else(|| UNKNOWN.to_owned()),
            os: name(&["os"]).unwrap_or_else(|| UNKNOWN.to_owned()),
            gpus: Gpu::read_all(host),
            os_version: name(&["os_version"]),
            arch: name(&["arch"]),
            docker_version: name(&["docker_version"]),
            agent_version: name(&["agent_version"]),
            cpu_count: host.integer(&["cpu_count"]),
            ram_mb: host.get(&["ram", "ram_total"]).and_then(megabytes),
            capabilities: capabilities(host),
            ask: host.integer(&["ask"]),
            slots: host
                .integer::<i128>(&["slots"])
                .map_or(1, |slots| slots.clamp(1, most::SLOTS.into()))
                .try_into()
                .unwrap_or(1),
            sandboxed: host.flag(&["sandboxed"]).unwrap_or(false),
        }
    }

    /// Name of the first GPU, or [`UNKNOWN_GPU`]: what tables with one column show.
    #[must_use]
    pub fn gpu(&self) -> &str {
        self.gpus.first().map_or(UNKNOWN_GPU, |gpu| &gpu.name)
    }
}

impl Gpu {
    /// The first [`most::GPUS`] of the object's `gpus`.
    pub(crate) fn read_all(fields: Fields<'_>) -> Vec<Self> {
        let gpus = fields.list(&["gpus"]).iter();
        gpus.filter_map(Self::read).take(most::GPUS).collect()
    }

    fn read(value: &Value) -> Option<Self> {
        let (name, gpu) = match value {
            Value::Object(gpu) => (Fields(gpu).label(&["name", "model"], most::LABEL), gpu),
            Value::String(name) => {
                let name = label(name, most::LABEL);
                return Some(Self::named(name));
            }
            _ => return None,
        };
        let gpu = Fields(gpu);
        let size = |names: &[&str]| gpu.get(names).and_then(megabytes);
        Some(Self {
            memory_mb: size(&["memory", "vram", "vram_total"]),
            memory_free_mb: size(&["vram_free"]),
            utilization_percent: gpu.get(&["utilization"]).and_then(percent),
            ..Self::named(name)
        })
    }

    fn named(name: Option<String>) -> Self {
        Self {
            name: name.unwrap_or_else(|| UNKNOWN_GPU.to_owned()),
            memory_mb: None,
            memory_free_mb: None,
            utilization_percent: None,
        }
    }
}

fn capabilities(host: Fields<'_>) -> Vec<String> {
    let mut kept = Vec::new();
    for capability in host.list(&["capabilities"]) {
        let name = capability
            .as_str()
            .and_then(|text| label(text, most::CAPABILITY));
        match name {
            Some(_) if kept.len() == most::CAPABILITIES => break,
            Some(name) if !kept.contains(&name) => kept.push(name),
            _ => {}
        }
    }
    kept
}

#[allow(clippy::ref_option, reason = "serde's signature")]
fn mebibytes<S: Serializer>(size: &Option<u64>, writer: S) -> Result<S::Ok, S::Error> {
    // With its unit: a bare number below 1024 would be read as GB.
    writer.collect_str(&format_args!("{} MiB", size.unwrap_or_default()))
}

#[allow(clippy::ref_option, reason = "serde's signature")]
fn decimal_string<S: Serializer>(number: &Option<u64>, writer: S) -> Result<S::Ok, S::Error> {
    writer.collect_str(&number.unwrap_or_default())
}
