//! How much of a frame is read and kept.

/// Limits that the owner of the socket sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest frame in bytes. Old hosts send a job's whole output in one frame: a longer one is refused, not cut.
    pub frame_bytes: usize,
    /// Most bytes of a job's logs that are kept; the rest is cut off and the cut is flagged.
    pub logs_bytes: usize,
    /// Most bytes of a job's `result`, written as JSON; a longer one is left out and that is flagged.
    pub result_bytes: usize,
}

impl Default for Limits {
    /// 1 MiB frames, 64 KiB of logs and of result.
    fn default() -> Self {
        Self {
            frame_bytes: 1 << 20,
            logs_bytes: 64 << 10,
            result_bytes: 64 << 10,
        }
    }
}

/// Limits that are always the same. Lengths are in bytes.
///
/// What describes (names, reasons) is cut to its length; what identifies (ids, tokens, keys) is refused when longer,
/// because a cut one could be another's.
pub mod most {
    /// JSON values in a frame; a frame with more is refused. Each may take some 300 bytes while it is read, whatever its length.
    pub const VALUES: usize = 32_768;
    /// Objects and lists inside each other in a frame.
    pub const DEPTH: usize = 32;
    /// Host name.
    pub const HOSTNAME: usize = 255;
    /// Operating system, versions, architecture, name of a GPU.
    pub const LABEL: usize = 128;
    /// GPUs of a host that are kept.
    pub const GPUS: usize = 16;
    /// Memory of a GPU or host in MB: 16 TiB. More is not believed.
    pub const MEMORY_MB: u64 = 16 << 20;
    /// Capabilities of a host that are kept.
    pub const CAPABILITIES: usize = 32;
    /// One capability.
    pub const CAPABILITY: usize = 64;
    /// Jobs at once on a host, and running jobs in a heartbeat.
    pub const SLOTS: u16 = 64;
    /// Id of a job, node or request.
    pub const ID: usize = 128;
    /// Token of a node, session to resume.
    pub const TOKEN: usize = 256;
    /// Status word of a result.
    pub const STATUS: usize = 32;
    /// Hash in a result.
    pub const HASH: usize = 128;
    /// Reason for a rejection or refusal.
    pub const REASON: usize = 256;
    /// Message beside a job's progress.
    pub const MESSAGE: usize = 1024;
    /// One piece of a running job's output.
    pub const CHUNK: usize = 16 << 10;
    /// Signed bytes in base64: a transaction has at most 1232 bytes.
    pub const SIGNED: usize = 2048;
}
