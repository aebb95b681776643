//! Signs of life, and when they are written.

use std::time::Duration;

use hypernode_state::nodes::NodeRefusal;
use hypernode_state::{Refusal, StoreError, UnixMs};
use serde_json::Value;

use super::live::status;
use super::record::{Node, NodeView};
use super::{Nodes, NodesError};
use crate::ids::NodeId;

/// How often nodes are looked at whose signs of life are to be written.
const LOOK: Duration = Duration::from_secs(2);
/// How often unused tokens are swept.
const SWEEP_MS: i64 = 600_000;
/// Bytes of a heartbeat's metrics as JSON; larger ones are left out.
const METRICS: usize = 4 << 10;
/// Nodes that are written side by side: they share a commit.
const TOGETHER: usize = 256;

impl Nodes {
    /// A node shows life over HTTP. A status that is absent is `online`; metrics of more than 4 KiB are left out.
    ///
    /// # Errors
    /// [`NodesError::Unknown`].
    pub fn heartbeat(
        &self,
        name: NodeId,
        word: Option<&str>,
        metrics: Option<&Value>,
    ) -> Result<NodeView, NodesError> {
        let entry = self.entry(name).ok_or(NodesError::Unknown)?;
        let fitting = metrics.filter(|metrics| {
            !metrics.is_null()
                && serde_json::to_vec(metrics).is_ok_and(|json| json.len() <= METRICS)
        });
        let mut known = entry.known();
        known.live.status = status(word);
        if let Some(metrics) = fitting {
            known.live.metrics = Some(metrics.clone());
        }
        known.live.beat(self.now());
        drop(known);
        Ok(entry.view())
    }

    /// A node shows life on its socket, or works on a job there without a word. Unknown ones are let pass.
    pub fn beat(&self, name: NodeId) {
        if let Some(entry) = self.entry(name) {
            entry.known().live.beat(self.now());
        }
    }

    /// What a node tells in heartbeats on its socket.
    pub fn told(&self, name: NodeId, metrics: Value) {
        if let Some(entry) = self.entry(name) {
            entry.known().live.metrics = Some(metrics);
        }
    }

    /// Its connection was closed and did not come back.
    pub fn gone(&self, name: NodeId) {
        if let Some(entry) = self.entry(name) {
            entry.known().live.gone = true;
        }
    }

    /// The time from a frame to its answer, in ms: the median is followed by small steps.
    pub fn answered_in(&self, name: NodeId, ms: u32) {
        if let Some(entry) = self.entry(name) {
            let rtt = &mut entry.known().live.rtt_ms;
            let step = (*rtt / 16).max(1);
            *rtt = match ms.cmp(rtt) {
                std::cmp::Ordering::Less => rtt.saturating_sub(step),
                std::cmp::Ordering::Equal => *rtt,
                std::cmp::Ordering::Greater => rtt.saturating_add(step).min(ms),
            };
        }
    }

    /// A run ended: well, or by the node's doing not. What neither is counts for nothing.
    pub fn ran(&self, name: NodeId, completed: bool) {
        if let Some(entry) = self.entry(name) {
            let live = &mut entry.known().live;
            let count = match completed {
                true => &mut live.completed,
                false => &mut live.failed,
            };
            *count = count.saturating_add(1);
        }
    }

    /// Whether the node's test job is still to be submitted; it counts as submitted from now on. Written before it is, so
    /// that no node is tested twice.
    ///
    /// # Errors
    /// As the store's.
    pub async fn begin_test(&self, name: NodeId) -> Result<bool, NodesError> {
        let entry = self.entry(name).ok_or(NodesError::Unknown)?;
        let mut begins = false;
        let begin = |node: &mut Node| {
            begins = !node.about.tested;
            node.about.tested = true;
            begins
        };
        self.change(&entry, begin).await?;
        Ok(begins)
    }

    /// Writes signs of life now and then, and removes tokens that nobody used. Runs until it is dropped; what fails is
    /// tried again.
    pub async fn keep(self) {
        let mut swept = self.now();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.now();
            self.write_due(now - self.0.config.write_ms).await;
            if now - swept >= SWEEP_MS {
                swept = now;
                if let Err(error) = self.sweep_tokens().await {
                    tracing::warn!("unused tokens of nodes were not swept: {error}");
                }
            }
        }
    }

    /// Writes all signs of life that are not written yet: for an orderly end.
    pub async fn flush(&self) {
        self.write_due(UnixMs::MAX).await;
    }

    /// Writes those signs of life that were not written since `before` and are newer.
    async fn write_due(&self, before: UnixMs) {
        let due: Vec<_> = {
            let index = self.0.index();
            let is_due = |entry: &&std::sync::Arc<super::index::Entry>| {
                let known = entry.known();
                known.written_at <= before && known.live.last_heartbeat > known.written_at
            };
            index.all().filter(is_due).cloned().collect()
        };
        for together in due.chunks(TOGETHER) {
            let writes = together.iter().map(|entry| self.change(entry, |_| true));
            for written in futures::future::join_all(writes).await {
                match written {
                    // It was deregistered meanwhile.
                    Err(NodesError::Store(StoreError::Refused {
                        why: Refusal::Node(NodeRefusal::Unknown { .. } | NodeRefusal::Stale { .. }),
                        ..
                    }))
                    | Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(
                            "signs of life were not written, and will be later: {error}"
                        );
                        return;
                    }
                }
            }
        }
    }
}
