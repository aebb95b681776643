//! The dialects that hosts speak, and what each can do.

use std::fmt;

use crate::fields::Fields;
use crate::inbound::Spelling;
use crate::outbound::Kind;

/// A host program's way to speak, known from its register frame and corrected by its first result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Dialect {
    /// The first Python agent, and whoever only follows the published examples. Runs `command` in a shell and blocks meanwhile.
    #[default]
    V1,
    /// The second Python agent: as the first, tells exit codes, reconnects with its token.
    V2,
    /// The agent inside the install scripts. **It runs nothing**: two seconds after a job it says `completed`; one variant
    /// never answers a job at all. Nothing that is paid for may depend on it.
    V3,
    /// The Docker agent. It takes a Python `script`, not a command. As published it fails every job: its container installs
    /// packages without a network and the script is never written into it.
    V4,
    /// Lease-aware: offers, leases, fences, progress, challenge.
    Aware,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::V1, Self::V2, Self::V3, Self::V4, Self::Aware];

    /// Tells the dialect from a register frame and its `hostInfo`. The first that fits:
    ///
    /// 1. a `proto` number: [`Aware`](Self::Aware);
    /// 2. a `docker_version`, or an `agent_version` that ends in `-docker`: [`V4`](Self::V4);
    /// 3. `os_version` or `arch`: [`V2`](Self::V2) with the key `cpu_count` (which it always sends, as null), else
    ///    [`V3`](Self::V3). That key is the whole difference between the two, so a rebuilt agent may be taken for the other:
    ///    [`corrected`](Self::corrected) by its first result, and both are sent frames that serve either;
    /// 4. else [`V1`](Self::V1).
    pub(crate) fn detect(proto: Option<u32>, host: Option<Fields<'_>>) -> Self {
        if proto.is_some() {
            return Self::Aware;
        }
        let Some(host) = host else { return Self::V1 };
        let is_docker = |version: &str| version.ends_with("-docker");
        let agent = host.get(&["agent_version"]).and_then(|text| text.as_str());
        if host.get(&["docker_version"]).is_some() || agent.is_some_and(is_docker) {
            Self::V4
        } else if host.has("os_version") || host.has("arch") {
            if host.has("cpu_count") {
                Self::V2
            } else {
                Self::V3
            }
        } else {
            Self::V1
        }
    }

    /// The dialect after a result frame was seen: `jobResult` is only sent by [`V3`](Self::V3), `job_result` never.
    #[must_use]
    pub fn corrected(self, spelling: Spelling) -> Self {
        match (self, spelling) {
            (Self::V1 | Self::V2, Spelling::JobResult) => Self::V3,
            (Self::V3, Spelling::JobUnderscoreResult) => Self::V2,
            (same, _) => same,
        }
    }

    /// Whether it knows what to do with such a frame. V3 ignores `ack`, which the reference server sends it all the same.
    #[must_use]
    pub fn understands(self, kind: Kind) -> bool {
        match kind {
            Kind::Registered | Kind::Job | Kind::Ack | Kind::Error => true,
            Kind::JobCancel | Kind::Ping => matches!(self, Self::V4 | Self::Aware),
            Kind::Offer | Kind::Lease | Kind::Challenge | Kind::Drain | Kind::Sign => {
                self == Self::Aware
            }
        }
    }

    /// Whether a job is offered first; to the others a job frame is sent at once and counts as accepted.
    #[must_use]
    pub fn takes_offers(self) -> bool {
        self == Self::Aware
    }

    /// Whether a job can be called back.
    #[must_use]
    pub fn can_cancel(self) -> bool {
        self.understands(Kind::JobCancel)
    }

    /// Whether its heartbeats list running jobs, so that leases can be shorter than jobs.
    #[must_use]
    pub fn renews_leases(self) -> bool {
        self == Self::Aware
    }

    /// Whether it sends no heartbeat and answers no ping while a job runs, for up to 300 s.
    #[must_use]
    pub fn blocks_while_running(self) -> bool {
        matches!(self, Self::V1 | Self::V2)
    }

    /// Whether it says `completed` without having run anything.
    #[must_use]
    pub fn fakes_results(self) -> bool {
        self == Self::V3
    }

    /// The key under which it reads a job's id. Job frames carry both.
    #[must_use]
    pub fn job_id_key(self) -> &'static str {
        match self {
            Self::V3 => "jobId",
            _ => "id",
        }
    }

    /// The key under which it reads what to run.
    #[must_use]
    pub fn work_key(self) -> &'static str {
        match self {
            Self::V1 | Self::V2 | Self::V3 => "command",
            Self::V4 => "script",
            Self::Aware => "manifest",
        }
    }

    /// Whether it comes back by itself with the token it registered with. V4 means to and ends instead, but is restarted by
    /// Docker with the same token; lease-aware hosts resume a session with their key.
    #[must_use]
    pub fn reconnects_with_token(self) -> bool {
        matches!(self, Self::V2 | Self::V4)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
            Self::V4 => "v4",
            Self::Aware => "aware",
        })
    }
}
