//! How a host that says who it is becomes a node that is here.

use std::time::Duration;

use futures::Sink;
use hypernode_accounts::{PublicKey, random_text};
use hypernode_state::StoreExt;
use hypernode_state::accounts::GetHostKey;
use hypernode_wire::{Dialect, Register, Secret, replies};

use super::act::{Act, Enter};
use super::driver::{Claimed, Driver};
use super::hub::Sent;
use super::live::Parked;
use super::request::Request;
use super::session::Here;
use crate::ids::NodeId;
use crate::nodes::{Admitted, NodesError, ProvenHost, digest};

/// Letters and digits of what reopens a session: 256 bits.
const SECRET: usize = 43;

/// How often it is tried to become the node's socket, and the pause between two tries.
const CLAIMS: u32 = 4;
const CLAIM_PAUSE: Duration = Duration::from_millis(100);

/// Why a host is not let in, in words for it.
enum Refused {
    /// Another live connection has its token.
    Used,
    /// Anything else.
    Because(String),
}

impl<O: Sink<Sent> + Send + Unpin> Driver<O> {
    /// Lets a host in.
    pub(super) async fn enter(&mut self, enter: Enter) -> Vec<Act> {
        let Enter { register, proven } = enter;
        let before = self.claimed.take();
        if let Some(secret) = &register.resume {
            let node = self.hub.0.live().of_secret(digest(secret.expose()));
            return match node {
                Some((node, epoch)) => match self.is_its_own(node, epoch, &register).await {
                    Ok(()) => self.resume(node, &register, before).await,
                    Err(error) => {
                        self.forget(before, None).await;
                        self.session.not_entered(&words(&error))
                    }
                },
                None => {
                    self.claimed = before;
                    let now = self.hub.0.now();
                    self.session.not_resumed(register, now)
                }
            };
        }
        let admitted = self.admit(&register, proven).await;
        match admitted {
            Ok(admitted) => {
                self.welcome(admitted, &register, proven.is_some(), before)
                    .await
            }
            Err(error) => {
                self.forget(before, None).await;
                self.session.not_entered(&words(&error))
            }
        }
    }

    async fn admit(
        &self,
        register: &Register,
        proven: Option<PublicKey>,
    ) -> Result<Admitted, NodesError> {
        let nodes = self.hub.nodes();
        let token = register.token.as_ref().map(Secret::expose);
        let (host, dialect) = (&register.host, register.dialect);
        match (proven, token) {
            (Some(key), token) => {
                let proven = self.proven(key).await?;
                nodes.admit_proven(proven, token, host, dialect).await
            }
            (None, Some(token)) => nodes.admit(token, host, dialect).await,
            (None, None) => Err(NodesError::Token),
        }
    }

    /// Who vouches for a key.
    async fn proven(&self, key: PublicKey) -> Result<ProvenHost, NodesError> {
        let record = self
            .hub
            .0
            .setup
            .store
            .ask(GetHostKey { key: key.into() })
            .await?;
        match record {
            Some(record) if record.revoked_at.is_some() => Err(NodesError::Token),
            record => Ok(ProvenHost {
                key: key.into(),
                owner: record.as_ref().map(|record| record.owner),
                chain: record.and_then(|record| record.node),
            }),
        }
    }

    /// A session's secret opens its own node, unless a token of it was revoked since: a token or key that comes with the
    /// secret must be that node's.
    async fn is_its_own(
        &self,
        node: NodeId,
        epoch: u64,
        register: &Register,
    ) -> Result<(), NodesError> {
        let nodes = self.hub.nodes();
        if nodes.epoch(node) != Some(epoch) {
            return Err(NodesError::Token);
        }
        if let Some(token) = &register.token
            && nodes.holder(token.expose()).await?.node != Some(node)
        {
            return Err(NodesError::Token);
        }
        let own = nodes.get(node).and_then(|view| view.node.about.host_key);
        match &register.key {
            Some(key) if own.map(|own| own.to_string()).as_ref() != Some(key) => {
                Err(NodesError::Token)
            }
            _ => Ok(()),
        }
    }

    /// The session goes on on another socket.
    async fn resume(
        &mut self,
        uuid: NodeId,
        register: &Register,
        before: Option<Claimed>,
    ) -> Vec<Act> {
        let back = self
            .hub
            .nodes()
            .back(uuid, &register.host, register.dialect)
            .await;
        match back {
            Ok(admitted) => self.welcome(admitted, register, true, before).await,
            Err(error) => {
                self.forget(before, None).await;
                self.session.not_entered(&words(&error))
            }
        }
    }

    async fn welcome(
        &mut self,
        admitted: Admitted,
        register: &Register,
        proven: bool,
        before: Option<Claimed>,
    ) -> Vec<Act> {
        let now = self.hub.0.now();
        let view = &admitted.node;
        let (uuid, node) = (view.node.id, view.node.name());
        self.forget(before, Some(uuid)).await;
        let Some(parked) = self.claim(uuid, register.dialect, proven).await else {
            return self.refuse(&Refused::Used);
        };
        let Some(epoch) = self.hub.nodes().epoch(uuid) else {
            self.hub.0.live().drop_socket(uuid, self.number);
            return self.refuse(&Refused::Because(replies::TOKEN_INVALID.to_owned()));
        };
        self.claimed = Some(Claimed {
            uuid,
            node,
            epoch,
            key: view.node.about.host_key,
        });
        let Ok(secret) = random_text(SECRET) else {
            return self.refuse(&Refused::Because("no randomness: try again".to_owned()));
        };
        let mut here = self.here(uuid, node, register, parked);
        here.test_at = match view.node.about.tested {
            true => None,
            false => self
                .hub
                .config()
                .test_after_ms
                .map(|after| now.saturating_add(after)),
        };
        if register.dialect == Dialect::Aware {
            self.hub.0.live().set_secret(uuid, digest(&secret), epoch);
        } else if !admitted.created {
            // It blocks while it runs a job, and it has just come in: what it ran before is lost, and need not wait for its
            // deadline.
            Request::Down.once(node, &self.hub.0.setup.center).await;
        }
        let acts = self.session.entered(here, Secret::new(secret), now);
        self.tie().await;
        acts
    }

    /// Makes this the node's socket; `None` where another one lives.
    async fn claim(&self, uuid: NodeId, dialect: Dialect, proven: bool) -> Option<Option<Parked>> {
        for tried in 0..CLAIMS {
            let (hub, now) = (&self.hub.0, self.hub.0.now());
            let claimed = hub.live().claim(uuid, self.socket(dialect), proven, now);
            if let Ok(parked) = claimed {
                return Some(parked);
            }
            // A host that connects again the moment its connection broke may overtake the news of that.
            if tried + 1 < CLAIMS {
                tokio::time::sleep(CLAIM_PAUSE).await;
            }
        }
        None
    }

    /// What the node is here: what it was, if its session goes on.
    fn here(
        &self,
        uuid: NodeId,
        node: NodeId,
        register: &Register,
        parked: Option<Parked>,
    ) -> Box<Here> {
        match parked {
            Some(parked) if register.resume.is_some() && register.dialect == Dialect::Aware => {
                let mut here = parked.here;
                (here.node, here.draining) = (node, false);
                here
            }
            _ => Box::new(Here::new(uuid, node, register.dialect, None)),
        }
    }

    fn refuse(&mut self, why: &Refused) -> Vec<Act> {
        match why {
            Refused::Used => self.session.token_used(),
            Refused::Because(words) => self.session.not_entered(words),
        }
    }

    /// Who registers as another node on the same socket is no longer the one that it was.
    async fn forget(&mut self, before: Option<Claimed>, now: Option<NodeId>) {
        let Some(before) = before.filter(|before| Some(before.uuid) != now) else {
            return;
        };
        self.link = None;
        if self.hub.0.live().drop_socket(before.uuid, self.number) {
            self.hub.nodes().gone(before.uuid);
            self.hub.0.live().forget_secret(before.uuid);
            self.hub.lost(before.uuid, before.node).await;
        }
    }
}

/// Why the registry refuses, in words that old programs know where there are such.
fn words(error: &NodesError) -> String {
    match error {
        NodesError::Token => replies::TOKEN_INVALID.to_owned(),
        NodesError::Store(_) | NodesError::Unwritable(_) | NodesError::Record { .. } => {
            tracing::error!("a host was not let in: {error}");
            "the server cannot let anybody in now: try again in a moment".to_owned()
        }
        other => other.to_string(),
    }
}
