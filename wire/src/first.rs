//! Who is at the other end of a new socket: one socket serves hosts and uptime validators.

use crate::error::FrameError;
use crate::fields::Fields;
use crate::inbound::Inbound;
use crate::json;
use crate::limits::Limits;

/// What the first frame of a socket says of its sender.
#[derive(Debug, Clone, PartialEq)]
pub enum First {
    /// A GPU host, and its frame.
    Host(Inbound),
    /// An uptime validator.
    Validator(Validator),
}

/// A validator's dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Validator {
    /// `register` with `data.publicKey`, as documented.
    Documented,
    /// `join_validator`, as the hub's page speaks.
    Page,
    /// `signup` with a signature.
    Signed,
}

/// Reads the first frame of a socket. A `register` frame with a token is a host's, whatever else it carries; what is no
/// validator's is read as a host's, so that the answer to nonsense is the one that hosts know.
///
/// # Errors
/// As [`Inbound::parse`].
pub fn first(bytes: &[u8], limits: &Limits) -> Result<First, FrameError> {
    let frame = json::object(bytes, limits.frame_bytes)?;
    let fields = Fields(&frame);
    match validator(fields) {
        Some(validator) => Ok(First::Validator(validator)),
        None => Inbound::read(fields, limits).map(First::Host),
    }
}

fn validator(frame: Fields<'_>) -> Option<Validator> {
    match frame.get(&["type"])?.as_str()? {
        "join_validator" => Some(Validator::Page),
        "signup" => Some(Validator::Signed),
        "register" if frame.get(&["token"]).is_none() => {
            let key = frame.object(&["data"])?.get(&["publicKey"])?;
            key.is_string().then_some(Validator::Documented)
        }
        _ => None,
    }
}
