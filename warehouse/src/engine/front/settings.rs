//! Connections with a request's settings.

use super::Shared;
use super::access::Role;
use super::call::Call;
use super::error::{Failure, code};
use super::run::MAX_BUFFERED;
use crate::engine::ffi::Connection;

/// Limits of one reader's query: seconds, bytes.
const READER_LIMITS: [(&str, &str); 2] = [
    ("max_execution_time", "30"),
    ("max_memory_usage", "500000000"),
];

/// Opens a connection for `call`: base settings, the request's, then the role's, which cannot be undone.
pub(super) fn connect(shared: &Shared, call: &Call) -> Result<Connection, Failure> {
    let mut arguments = shared.base.clone();
    arguments.push(format!("--max_result_bytes={}", 16 * MAX_BUFFERED));
    for (name, value) in &call.settings {
        arguments.push(format!("--{name}={value}"));
    }
    if call.role == Role::Reader {
        arguments.extend(READER_LIMITS.map(|(name, value)| format!("--{name}={value}")));
    }
    let mut connection = match shared.library.connect(&arguments) {
        Ok(connection) => connection,
        Err(_) => explain(shared, call)?,
    };
    let database = call.database.as_deref().filter(|name| !name.is_empty());
    let database = database.unwrap_or(&shared.database);
    let quoted = hypernode_schemas::table::quote(database);
    connection.query(format!("USE {quoted}").as_bytes(), "Null", &[])?;
    if call.role == Role::Reader {
        connection.query(b"SET readonly = 1", "Null", &[])?;
    }
    Ok(connection)
}

/// A refused connection gives no reason; `SET` of each setting does.
fn explain(shared: &Shared, call: &Call) -> Result<Connection, Failure> {
    let mut connection = shared
        .library
        .connect(&shared.base)
        .map_err(|error| Failure::new(code::UNKNOWN, error))?;
    for (name, value) in &call.settings {
        let value = value.replace('\\', "\\\\").replace('\'', "\\'");
        connection.query(format!("SET {name} = '{value}'").as_bytes(), "Null", &[])?;
    }
    Ok(connection)
}
