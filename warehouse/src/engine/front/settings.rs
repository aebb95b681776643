//! Connections with a request's settings.

use super::Shared;
use super::access::Role;
use super::call::Call;
use super::error::{Failure, code};
use super::run::MAX_BUFFERED;
use crate::engine::ffi::Connection;

/// Limits of one reader's query: seconds, bytes. A request may ask for less, never for more.
pub(super) const READER_LIMITS: [(&str, u64); 2] = [
    ("max_execution_time", 30),
    ("max_memory_usage", 500_000_000),
];

/// Opens a connection for `call`: base settings, the request's, then the role's, which cannot be undone.
pub(super) fn connect(shared: &Shared, call: &Call) -> Result<Connection, Failure> {
    let mut arguments = shared.base.clone();
    arguments.push(format!("--max_result_bytes={}", 16 * MAX_BUFFERED));
    for (name, value) in &call.settings {
        arguments.push(format!("--{name}={value}"));
    }
    if call.role == Role::Reader {
        arguments.extend(reader_limits(&call.settings));
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

/// A reader's limits as arguments. Clients with a deadline of their own send it with each query; what is more than the most,
/// or no limit at all, gives the most.
fn reader_limits(asked: &[(String, String)]) -> [String; 2] {
    READER_LIMITS.map(|(name, most)| {
        let asked = asked.iter().rev().find(|(known, _)| known == name);
        let value = asked.and_then(|(_, value)| value.parse::<u64>().ok());
        let value = value.filter(|value| (1..=most).contains(value));
        format!("--{name}={}", value.unwrap_or(most))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_may_ask_for_less_and_never_for_more() {
        let limits = |pairs: &[(&str, &str)]| {
            let asked: Vec<_> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            reader_limits(&asked)
        };
        let most = ["--max_execution_time=30", "--max_memory_usage=500000000"];
        assert_eq!(limits(&[]), most);
        for value in [
            "0",
            "31",
            "-1",
            "5.5",
            "",
            "1e9",
            "30 --x=1",
            "99999999999999999999",
        ] {
            assert_eq!(limits(&[("max_execution_time", value)]), most, "{value}");
        }
        let asked = [
            ("max_execution_time", "99"),
            ("max_execution_time", "5"),
            ("max_memory_usage", "7"),
        ];
        assert_eq!(
            limits(&asked),
            ["--max_execution_time=5", "--max_memory_usage=7"]
        );
    }
}
