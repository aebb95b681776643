//! Reads a frame on the host's side.

use serde_json::Value;

use super::{Kind, Outbound};
use crate::error::FrameError;
use crate::json;
use crate::limits::{Limits, most};
use crate::text::label;

impl Outbound {
    /// Reads a frame in its lease-aware form. Unknown fields are ignored.
    ///
    /// # Errors
    /// When it is longer than the limit, not JSON, of an unknown type, or lacks a field.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, FrameError> {
        let frame = json::object(bytes, limits.frame_bytes)?;
        let kind = frame
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !Kind::ALL.iter().any(|known| known.name() == kind) {
            let kind = label(kind, most::STATUS).unwrap_or_default();
            return Err(FrameError::UnknownType(kind));
        }
        serde_json::from_value(Value::Object(frame))
            .map_err(|error| FrameError::Malformed(error.to_string()))
    }
}
