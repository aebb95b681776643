//! Signs of life.

use hypernode_state::UnixMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How often a host on a socket is told to show life.
pub(crate) const SOCKET_MS: u32 = 15_000;
/// How often one that speaks HTTP is.
pub(crate) const HTTP_MS: u32 = 60_000;
/// After this without a sign of life a node is offline.
const STALE_MS: i64 = 5 * 60_000;
/// The status of a node that says nothing else.
const ONLINE: &str = "online";
/// The status of one that is not there.
const OFFLINE: &str = "offline";
/// The response time that a node begins with, in ms.
const RTT_MS: u32 = 100;

/// What changes often about a node. Written now and then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Live {
    /// When it last showed life; 0 for never.
    pub last_heartbeat: UnixMs,
    /// How often it was told to, in ms.
    pub interval_ms: u32,
    /// Whether its connection was closed since.
    pub gone: bool,
    /// The status that it tells.
    pub status: String,
    /// What else it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Value>,
    /// Runs completed here.
    pub completed: u32,
    /// Runs that came to nothing by its doing.
    pub failed: u32,
    /// Median time from a frame to its answer, in ms.
    pub rtt_ms: u32,
}

/// Whether a node is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It showed life within twice the time that it was told.
    Online,
    /// It has not, but did within five minutes.
    Stale,
    /// It has not, or its connection was closed.
    Offline,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            last_heartbeat: 0,
            interval_ms: SOCKET_MS,
            gone: false,
            status: ONLINE.to_owned(),
            metrics: None,
            completed: 0,
            failed: 0,
            rtt_ms: RTT_MS,
        }
    }
}

impl Live {
    /// Of a node that is there since `now`.
    pub(super) fn since(now: UnixMs, interval_ms: u32) -> Self {
        Self {
            last_heartbeat: now,
            interval_ms,
            ..Self::default()
        }
    }

    /// It shows life.
    pub(super) fn beat(&mut self, now: UnixMs) {
        // Clocks may be set back; a sign of life is never taken back.
        self.last_heartbeat = self.last_heartbeat.max(now);
        self.gone = false;
    }

    /// Whether it is there.
    pub fn presence(&self, now: UnixMs) -> Presence {
        let silent = now.saturating_sub(self.last_heartbeat);
        if self.gone || silent > STALE_MS {
            Presence::Offline
        } else if silent <= 2 * i64::from(self.interval_ms) {
            Presence::Online
        } else {
            Presence::Stale
        }
    }

    /// The status word of the old interface: what the node told, unless it has said nothing for two minutes.
    pub fn status(&self, now: UnixMs) -> &str {
        let silent = now.saturating_sub(self.last_heartbeat);
        match self.gone || silent > 2 * i64::from(HTTP_MS) {
            true => OFFLINE,
            false => &self.status,
        }
    }
}

/// A status word of at most 32 bytes; the word of a node that says nothing else for an empty one.
pub(super) fn status(word: Option<&str>) -> String {
    let word = word.and_then(|word| hypernode_wire::label(word, 32));
    word.unwrap_or_else(|| ONLINE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_follows_the_interval_that_was_told() {
        let at = 1_000_000;
        for (interval, online) in [(SOCKET_MS, 30_000), (HTTP_MS, 120_000)] {
            let live = Live::since(at, interval);
            assert_eq!(live.presence(at + online), Presence::Online);
            assert_eq!(live.presence(at + online + 1), Presence::Stale);
            assert_eq!(live.presence(at + 300_000), Presence::Stale);
            assert_eq!(live.presence(at + 300_001), Presence::Offline);
            assert_eq!(
                (live.status(at + 120_000), live.status(at + 120_001)),
                ("online", "offline")
            );
        }
        let mut gone = Live::since(at, SOCKET_MS);
        gone.gone = true;
        assert_eq!(gone.presence(at), Presence::Offline);
        gone.beat(at - 5_000);
        assert_eq!(
            (gone.presence(at), gone.last_heartbeat),
            (Presence::Online, at)
        );
    }

    #[test]
    fn status_words_are_cleaned_and_cut() {
        assert_eq!(status(None), "online");
        assert_eq!(status(Some(" \n")), "online");
        assert_eq!(status(Some("bu\u{7}sy ")), "busy");
        assert_eq!(status(Some(&"x".repeat(1000))).len(), 32);
    }
}
