//! A node as it is known and kept.

use std::sync::Arc;

use hypernode_state::{Address, UnixMs};
use serde::{Deserialize, Serialize};

use super::live::{Live, Presence};
use crate::ids::{Id, NodeId};

/// What a node asks for a second, in raw HYPER, where it says nothing else.
pub const DEFAULT_ASK: u64 = 10_000;
/// What was not told, as the old interface shows it.
pub const UNKNOWN: &str = "Unknown";

/// A node: what changes seldom.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name in the store, for ever.
    pub id: NodeId,
    /// Its owner's wallet.
    pub wallet: Address,
    /// Its account on chain, once its owner has signed its host's key.
    pub chain: Option<Address>,
    /// What is kept beside these.
    pub about: About,
}

/// What is kept of a node as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// What its host says of itself.
    #[serde(flatten)]
    pub described: Described,
    /// Raw HYPER per second.
    pub ask: u64,
    /// How it came here.
    pub route: Route,
    /// Its host's key.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "address")]
    pub host_key: Option<Address>,
    /// When it was added.
    pub registered_at: UnixMs,
    /// When it last said who it is.
    pub updated_at: UnixMs,
    /// Whether its test job was submitted.
    #[serde(default)]
    pub tested: bool,
}

/// By which door a node was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// `POST /api/nodes/register`: one node for a wallet.
    Http,
    /// A socket, by a token of its own or by the host's key.
    Socket,
}

/// What a host says of itself. All of it is a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Described {
    /// Name of the machine.
    pub hostname: String,
    /// Name of the first GPU; [`UNKNOWN`] where none was told.
    pub gpu_model: String,
    /// All of them, where they were told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<GpuSeen>,
    /// Memory of one GPU in MB; 0 where it was not told.
    pub vram_mb: u32,
    /// Version of the GPU's driver.
    pub driver_version: String,
    /// Version of CUDA.
    pub cuda_version: String,
    /// Operating system.
    #[serde(rename = "hostOS")]
    pub host_os: String,
    /// Processor.
    pub cpu_model: String,
    /// Main memory, in GB.
    pub ram_total: u64,
    /// Where it stands.
    pub location: Location,
    /// Whether its place is shown to nobody.
    pub hide_location: bool,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Version of the host's program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// Jobs that it runs at a time.
    pub slots: u16,
    /// Whether it says that jobs run sandboxed.
    pub sandboxed: bool,
}

/// A GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuSeen {
    /// Its name.
    pub name: String,
    /// Its memory in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
}

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// Country, or [`UNKNOWN`].
    pub country: String,
    /// City, or [`UNKNOWN`].
    pub city: String,
    /// Degrees north, -90 to 90.
    pub lat: f64,
    /// Degrees east, -180 to 180.
    pub lon: f64,
}

/// A node with its signs of life.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// What changes seldom.
    pub node: Arc<Node>,
    /// What changes often.
    pub live: Live,
}

impl Default for Location {
    fn default() -> Self {
        Self {
            country: UNKNOWN.to_owned(),
            city: UNKNOWN.to_owned(),
            lat: 0.0,
            lon: 0.0,
        }
    }
}

impl Default for Described {
    /// A host that told nothing, as the old interface has it.
    fn default() -> Self {
        let unknown = || UNKNOWN.to_owned();
        Self {
            hostname: hypernode_wire::UNKNOWN.to_owned(),
            gpu_model: unknown(),
            gpus: Vec::new(),
            vram_mb: 0,
            driver_version: unknown(),
            cuda_version: unknown(),
            host_os: unknown(),
            cpu_model: unknown(),
            ram_total: 0,
            location: Location::default(),
            hide_location: false,
            capabilities: vec!["inference".to_owned()],
            agent_version: None,
            slots: 1,
            sandboxed: false,
        }
    }
}

impl Node {
    /// Its name for the world and for dispatch: its address on chain, else its uuid.
    pub fn name(&self) -> NodeId {
        self.chain
            .map_or(self.id, |chain| NodeId(Id::Address(chain)))
    }

    /// Both its names, where it has two: what it earned before it was linked counts too.
    pub fn names(&self) -> impl Iterator<Item = NodeId> {
        let name = self.name();
        [self.id, name]
            .into_iter()
            .take(1 + usize::from(name != self.id))
    }

    /// Where it stands, so far as that is shown.
    pub fn shown_location(&self) -> Location {
        match self.about.described.hide_location {
            true => Location::default(),
            false => self.about.described.location.clone(),
        }
    }
}

impl Described {
    /// Memory of one GPU in GB, rounded to whole ones: the unit of the old interface.
    pub fn vram_gb(&self) -> u32 {
        (self.vram_mb + 512) >> 10
    }
}

impl NodeView {
    /// Whether it is there.
    pub fn presence(&self, now: UnixMs) -> Presence {
        self.live.presence(now)
    }

    /// The status word of the old interface.
    pub fn status(&self, now: UnixMs) -> &str {
        self.live.status(now)
    }

    /// When anything was last heard of it.
    pub fn last_update(&self) -> UnixMs {
        self.node.about.updated_at.max(self.live.last_heartbeat)
    }
}

/// An address that may be absent, as text.
mod address {
    use hypernode_state::Address;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        address: &Option<Address>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match address {
            Some(address) => to.collect_str(address),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Address>, D::Error> {
        #[derive(Deserialize)]
        struct Text(#[serde(with = "crate::job::address")] Address);
        Ok(Option::<Text>::deserialize(from)?.map(|text| text.0))
    }
}
