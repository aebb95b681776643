//! A host says who it is.

use super::is_base58;
use crate::dialect::Dialect;
use crate::error::FrameError;
use crate::fields::Fields;
use crate::host_info::HostInfo;
use crate::limits::most;
use crate::secret::Secret;

/// A register frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// The node's token. Only lease-aware hosts may leave it out: they are known by their key.
    pub token: Option<Secret>,
    /// What the host says of itself.
    pub host: HostInfo,
    /// How it speaks.
    pub dialect: Dialect,
    /// Version of the lease-aware protocol; none for old dialects.
    pub proto: Option<u32>,
    /// The host's own public key in base58 (32 to 44 characters; proven by answering the challenge).
    pub key: Option<String>,
    /// Session to resume.
    pub resume: Option<Secret>,
}

impl Register {
    pub(super) fn read(frame: Fields<'_>) -> Result<Self, FrameError> {
        let secret = |name| {
            let text = frame.id(&[name], most::TOKEN, FrameError::BadToken)?;
            Ok::<_, FrameError>(text.map(Secret::new))
        };
        let token = secret("token")?;
        let proto = frame.integer(&["proto"]);
        // Of old dialects these fields mean nothing, whatever is in them.
        let key = match proto {
            Some(_) => frame.id(&["key"], 44, FrameError::Field("key"))?,
            None => None,
        };
        if key.as_ref().is_some_and(|key| !is_base58(key, 32, 44)) {
            return Err(FrameError::Field("key"));
        }
        if token.is_none() && key.is_none() {
            return Err(FrameError::NoToken);
        }
        let host = frame.object(&["hostInfo"]);
        Ok(Self {
            token,
            dialect: Dialect::detect(proto, host),
            host: host.map(HostInfo::read).unwrap_or_default(),
            proto,
            key,
            resume: match proto {
                Some(_) => secret("resume")?,
                None => None,
            },
        })
    }
}
