//! Entries of the trail: written in the unit of the change itself.

use std::fmt::Display;

use hypernode_state::Unit;
use hypernode_state::accounts::AuditAppend;

/// Adds an entry to `unit`. `detail` never holds a secret.
pub(crate) fn note(
    unit: &mut Unit,
    at: i64,
    actor: &dyn Display,
    action: &str,
    subject: &dyn Display,
    detail: impl Into<String>,
) {
    unit.push(AuditAppend {
        at,
        actor: actor.to_string(),
        action: action.into(),
        subject: subject.to_string(),
        detail: detail.into(),
    });
}
