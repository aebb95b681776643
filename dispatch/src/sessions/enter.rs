//! How a host comes in.

use hypernode_accounts::{HostChallenge, HostProof, PublicKey};
use hypernode_state::UnixMs;
use hypernode_wire::{Outbound, Register, Registered, Secret, replies};

use super::act::{Act, Enter};
use super::session::{Here, Phase, Session, error};

impl Session {
    /// Who registers again on its socket begins again: it may be another node now.
    pub(super) fn register(&mut self, register: Register, now: UnixMs, acts: &mut Vec<Act>) {
        let proven = register
            .key
            .as_deref()
            .filter(|_| register.resume.is_none());
        if proven.is_none() {
            self.enter(register, None, acts);
            return;
        }
        match HostChallenge::issue(&self.hub, now) {
            Ok(challenge) => {
                acts.push(Act::Send(Outbound::Challenge {
                    nonce: challenge.nonce.clone(),
                    hub: Some(challenge.hub.clone()),
                }));
                self.phase = Phase::Proving(Box::new(register), challenge);
            }
            Err(why) => acts.push(error(&why.to_string())),
        }
    }

    /// The host answers its challenge.
    pub(super) fn prove(&mut self, signature: &str, ts: i64, now: UnixMs, acts: &mut Vec<Act>) {
        let (register, challenge) = match std::mem::replace(&mut self.phase, Phase::New) {
            Phase::Proving(register, challenge) => (*register, challenge),
            other => {
                self.phase = other;
                acts.push(error("no challenge was sent, or it was answered already"));
                return;
            }
        };
        let key = register.key.as_deref().and_then(key);
        let mut bytes = [0; 64];
        let signed = bs58::decode(signature).onto(&mut bytes) == Ok(64);
        let Some(key) = key.filter(|_| signed) else {
            acts.push(error(
                "the key or signature is not base58 of 32 and 64 bytes",
            ));
            return;
        };
        let proof = HostProof {
            key,
            ts,
            signature: bytes.to_vec(),
        };
        match challenge.answer(&proof, now) {
            Ok(key) => self.enter(register, Some(key), acts),
            Err(why) => acts.push(error(&why.to_string())),
        }
    }

    fn enter(&mut self, register: Register, proven: Option<PublicKey>, acts: &mut Vec<Act>) {
        self.phase = Phase::Entering(register.dialect);
        acts.push(Act::Enter(Box::new(Enter { register, proven })));
    }

    /// A host with a key could not resume: it is to prove itself like any other.
    pub fn not_resumed(&mut self, register: Register, now: UnixMs) -> Vec<Act> {
        let mut acts = Vec::new();
        let register = Register {
            resume: None,
            ..register
        };
        self.register(register, now, &mut acts);
        acts
    }

    /// The host is in. `secret`: what reopens this session.
    pub fn entered(&mut self, here: Box<Here>, secret: Secret, now: UnixMs) -> Vec<Act> {
        let registered = Registered {
            node: here.node.to_string(),
            session: Some(secret),
            heartbeat_interval_ms: Some(self.config.heartbeat_ms),
            server_time_ms: Some(now.max(0).unsigned_abs()),
        };
        self.phase = Phase::In(here);
        vec![Act::Send(Outbound::Registered(registered))]
    }

    /// The host is not let in.
    pub fn not_entered(&mut self, why: &str) -> Vec<Act> {
        let acts = vec![error(why)];
        self.phase = Phase::New;
        acts
    }

    /// The host's token is another live connection's.
    pub fn token_used(&mut self) -> Vec<Act> {
        self.not_entered(replies::TOKEN_USED)
    }
}

fn key(text: &str) -> Option<PublicKey> {
    let mut bytes = [0; 32];
    (bs58::decode(text).onto(&mut bytes) == Ok(32)).then_some(PublicKey(bytes))
}
