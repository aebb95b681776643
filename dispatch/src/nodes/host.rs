//! What a register frame says of a node.

use hypernode_wire::{Dialect, Gpu, HostInfo, UNKNOWN_GPU};

use super::record::{About, Described, GpuSeen};

/// Puts what a host says now in the place of what was known of it; whether anything is different.
pub(super) fn apply(host: &HostInfo, dialect: Dialect, to: &mut About) -> bool {
    let before = (to.described.clone(), to.ask);
    let known = &mut to.described;
    known.hostname.clone_from(&host.hostname);
    known.host_os.clone_from(&host.os);
    known.gpu_model = host.gpu().to_owned();
    known.gpus = host.gpus.iter().map(seen).collect();
    let memory = host.gpus.first().and_then(|gpu| gpu.memory_mb);
    known.vram_mb = memory.and_then(|mb| mb.try_into().ok()).unwrap_or(0);
    if let Some(ram) = host.ram_mb {
        known.ram_total = (ram + 512) >> 10;
    }
    if !host.capabilities.is_empty() {
        known.capabilities.clone_from(&host.capabilities);
    }
    known.agent_version.clone_from(&host.agent_version);
    // Programs of the old dialects run one job at a time and in a shell, whatever they say.
    (known.slots, known.sandboxed) = match dialect {
        Dialect::Aware => (host.slots, host.sandboxed),
        _ => (1, false),
    };
    if let Some(ask) = host.ask {
        to.ask = ask;
    }
    before != (to.described.clone(), to.ask)
}

fn seen(gpu: &Gpu) -> GpuSeen {
    GpuSeen {
        name: gpu.name.clone(),
        memory_mb: gpu.memory_mb,
    }
}

impl Described {
    /// The GPU's model as the matchmaker compares it: empty where none was told.
    pub(super) fn model(&self) -> &str {
        match self.gpu_model.as_str() {
            UNKNOWN_GPU | super::UNKNOWN => "",
            model => model,
        }
    }
}
