//! Limits and times that an operator may set.

use hypernode_wire::Limits;
use serde::{Deserialize, Serialize};

/// Limits and times of sessions. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionsConfig {
    /// Sockets at a time.
    pub most_sockets: u32,
    /// Sockets of one address at a time.
    pub most_per_address: u32,
    /// A socket that has not registered by then is closed.
    pub unregistered_ms: i64,
    /// A host that says nothing for so long, and runs nothing, is closed.
    pub idle_ms: i64,
    /// Beyond a job's deadline a host that says nothing is waited for so long.
    pub slack_ms: i64,
    /// How long a host whose connection broke may take to come back before its jobs go to others.
    pub grace_ms: i64,
    /// How often lease-aware hosts are told to send heartbeats.
    pub heartbeat_ms: u32,
    /// A lease from its renewal; as in the rules of jobs.
    pub lease_ms: i64,
    /// When a new host gets its test job; no test where absent.
    pub test_after_ms: Option<i64>,
    /// How often the key of a connected host is looked at: it may be revoked meanwhile.
    pub key_ms: i64,
    /// How long one frame may take to be taken by a host's connection.
    pub write_ms: u64,
    /// Frames of one socket in a second, over time.
    pub frames_per_s: u32,
    /// Frames at once.
    pub frame_burst: u32,
    /// Bytes of one socket in a second, over time.
    pub bytes_per_s: u32,
    /// Bytes at once; at least a whole frame.
    pub byte_burst: u32,
    /// Bytes of a frame.
    pub frame_bytes: u32,
    /// Bytes of a running job's output that are kept.
    pub log_bytes: u32,
    /// Bytes of the output of all running jobs that are kept.
    pub all_log_bytes: u32,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            most_sockets: 50_000,
            most_per_address: 1_000,
            unregistered_ms: 10_000,
            idle_ms: 90_000,
            slack_ms: 30_000,
            grace_ms: 5_000,
            heartbeat_ms: 15_000,
            lease_ms: 45_000,
            test_after_ms: Some(5_000),
            key_ms: 60_000,
            write_ms: 10_000,
            frames_per_s: 200,
            frame_burst: 1_000,
            bytes_per_s: 2 << 20,
            byte_burst: 8 << 20,
            frame_bytes: 1 << 20,
            log_bytes: 64 << 10,
            all_log_bytes: 64 << 20,
        }
    }
}

impl SessionsConfig {
    /// What is read of a frame.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            frame_bytes: self.frame_bytes as usize,
            ..Limits::default()
        }
    }
}
