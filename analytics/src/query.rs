//! One bounded round trip to the warehouse.

use std::time::{Duration, Instant};

use clickhouse::query::RowCursor;
use clickhouse::{RowOwned, RowRead};
use hypernode_warehouse::Client;

/// Longest wait for one answer: a page that takes longer has lost its reader.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest wait for what nobody waits for: derived tables that are kept in the background.
const BACKGROUND: Duration = Duration::from_mins(2);

/// Why a figure could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine refused or could not be reached.
    #[error("the warehouse did not answer the query for {what}: {source}")]
    Query {
        /// What was asked for, in words.
        what: &'static str,
        /// The client's error.
        #[source]
        source: Box<clickhouse::error::Error>,
    },
    /// The engine took too long.
    #[error("the warehouse took more than {} s for {what}; is it overloaded?", after.as_secs())]
    Timeout {
        /// What was asked for, in words.
        what: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// Work that others have begun is not over.
    #[error("the warehouse: {0}")]
    Warehouse(#[from] hypernode_warehouse::WarehouseError),
    /// The engine answered with something other than asked for.
    #[error("the warehouse answered {what} with {problem}")]
    Shape {
        /// What was asked for, in words.
        what: &'static str,
        /// What was wrong with the answer.
        problem: &'static str,
    },
}

/// All rows of `sql`. The text must hold no stranger's bytes: values are put in by [`fill`].
pub(crate) async fn rows<T>(client: &Client, what: &'static str, sql: &str) -> Result<Vec<T>, Error>
where
    T: RowOwned + RowRead,
{
    bounded(what, client.raw().query_raw(sql).fetch_all::<T>()).await
}

/// The whole output of `sql` in a format.
pub(crate) async fn bytes(
    client: &Client,
    what: &'static str,
    sql: &str,
    format: &str,
) -> Result<Vec<u8>, Error> {
    let answer = async {
        let mut cursor = client.raw().query_raw(sql).fetch_bytes(format)?;
        cursor.collect().await
    };
    Ok(bounded(what, answer).await?.to_vec())
}

/// Runs a statement without output.
pub(crate) async fn execute(client: &Client, what: &'static str, sql: &str) -> Result<(), Error> {
    bounded(what, client.raw().query_raw(sql).execute()).await
}

/// Inserts rows as one block.
pub(crate) async fn insert<T>(
    client: &Client,
    what: &'static str,
    table: &str,
    rows: &[T],
) -> Result<(), Error>
where
    T: RowOwned + clickhouse::RowWrite,
{
    let insert = async {
        let mut insert = client.raw().insert::<T>(table).await?;
        for row in rows {
            insert.write(row).await?;
        }
        insert.end().await
    };
    bounded(what, insert).await
}

/// Rows one after the other: what is read need not fit into memory.
pub(crate) struct Stream<T> {
    what: &'static str,
    cursor: RowCursor<T>,
}

impl<T: RowOwned + RowRead> Stream<T> {
    /// The next row, `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<T>, Error> {
        // Rows come one by one: none is worth a line.
        limited(BACKGROUND, self.what, self.cursor.next()).await
    }
}

/// The rows of `sql` for work in the background.
pub(crate) fn stream<T>(client: &Client, what: &'static str, sql: &str) -> Result<Stream<T>, Error>
where
    T: RowOwned + RowRead,
{
    let cursor = client.raw().query_raw(sql).fetch::<T>();
    let cursor = cursor.map_err(|source| Error::Query {
        what,
        source: Box::new(source),
    })?;
    Ok(Stream { what, cursor })
}

/// As [`execute`], for work in the background.
pub(crate) async fn execute_background(
    client: &Client,
    what: &'static str,
    sql: &str,
) -> Result<(), Error> {
    within(BACKGROUND, what, client.raw().query_raw(sql).execute()).await
}

/// Waits for an answer as long as a reader does.
pub(crate) async fn bounded<T>(
    what: &'static str,
    answer: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> Result<T, Error> {
    within(PATIENCE, what, answer).await
}

/// Waits for an answer, but not for ever, and says how long it took.
async fn within<T>(
    after: Duration,
    what: &'static str,
    answer: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> Result<T, Error> {
    let begun = Instant::now();
    let answer = limited(after, what, answer).await;
    let ms = begun.elapsed().as_millis();
    tracing::debug!(what, ms, "asked the warehouse");
    answer
}

async fn limited<T>(
    after: Duration,
    what: &'static str,
    answer: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(after, answer).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(source)) => Err(Error::Query {
            what,
            source: Box::new(source),
        }),
        Err(_) => Err(Error::Timeout { what, after }),
    }
}

/// The one row of `sql`.
pub(crate) async fn row<T>(client: &Client, what: &'static str, sql: &str) -> Result<T, Error>
where
    T: RowOwned + RowRead,
{
    rows(client, what, sql).await?.pop().ok_or(Error::Shape {
        what,
        problem: "no row where one was due",
    })
}

/// A file's statement without its comments: what stands in place of a name there may have lines.
pub(crate) fn plain(file: &str) -> String {
    let lines = file.lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Puts integers in place of `{name}`: nothing that a stranger writes can become SQL this way.
pub(crate) fn fill(template: &str, values: &[(&str, u64)]) -> String {
    let mut sql = plain(template);
    for (name, value) in values {
        sql = sql.replace(&format!("{{{name}}}"), &value.to_string());
    }
    sql
}

/// An address as SQL: hex digits only.
pub(crate) fn literal(key: &[u8; 32]) -> String {
    format!("unhex('{}')", hex::encode(key))
}

/// Addresses as the inside of a list.
pub(crate) fn literals<'k>(keys: impl IntoIterator<Item = &'k [u8; 32]>) -> String {
    let keys = keys.into_iter().map(literal);
    keys.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_name_is_filled() {
        let sql = fill(
            "-- of {as_of}\nSELECT {as_of}, {as_of} + {limit}",
            &[("as_of", 7), ("limit", 2)],
        );
        assert_eq!(sql, "SELECT 7, 7 + 2");
    }

    #[test]
    fn addresses_are_hex_digits_between_commas() {
        let text = literals(&[[0xab; 32], [0; 32]]);
        let zeros = "00".repeat(32);
        assert_eq!(
            text,
            format!("unhex('{}'), unhex('{zeros}')", "ab".repeat(32))
        );
    }
}
