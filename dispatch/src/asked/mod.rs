//! What people write of a job, put into the words of dispatch: what it needs of a machine, what is run, amounts. Whatever
//! way a job comes by, it is read by this.

pub mod amount;
mod limits;
pub mod needs;
pub mod work;

use serde_json::Value;

pub use limits::Limits;

/// A field is missing or out of range; the text names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(pub String);

/// What counts as not said, as with the old server: null, 0, false and "".
#[must_use]
pub fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || *value == "" || *value == 0
}

fn wrong(text: &str) -> Wrong {
    Wrong(text.to_owned())
}
