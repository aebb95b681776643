//! The one way to ClickHouse: its HTTP interface, by the `clickhouse` crate.

mod error;
mod transport;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use clickhouse::{Compression, RowOwned, RowRead, RowWrite};
use hypernode_schemas::table::quote;
use tokio::time::timeout;

pub use self::error::WarehouseError;
use crate::secret::Secret;

/// A statement that takes longer has an unknown outcome.
const QUERY_TIME: Duration = Duration::from_secs(120);
/// An insert must take its bytes, then answer, within this time each.
const INSERT_TIME: Duration = Duration::from_secs(60);
/// ClickHouse takes statements of 256 KiB and 50,000 parts unless it is told of more. Ours grow with an IDL: a checksum
/// names every column of a table, a ledger row every table of its slots.
const PLAIN_STATEMENT: usize = 64 << 10;
/// Parts of a long statement; more than 16 MiB of IDL, the most that is read, can make.
const MOST_PARTS: &str = "10000000";

/// Where ClickHouse is, and as whom to speak to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// User name.
    pub user: String,
    /// Password, '' for none.
    pub password: Secret,
    /// Database of unqualified names.
    pub database: String,
}

/// A client with a pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    raw: clickhouse::Client,
    url: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for `endpoint`; TLS trusts the system's certificate authorities. Does not connect yet.
    ///
    /// # Errors
    /// [`WarehouseError::Config`] for a URL that is not http or https.
    pub fn new(endpoint: &Endpoint) -> Result<Self, WarehouseError> {
        Self::with_ca_file(endpoint, None)
    }

    /// Like [`Client::new`]; TLS trusts only the certificates of a PEM file if one is given.
    ///
    /// # Errors
    /// [`WarehouseError::Config`] for a bad URL or file.
    pub fn with_ca_file(
        endpoint: &Endpoint,
        ca_file: Option<&Path>,
    ) -> Result<Self, WarehouseError> {
        let target = transport::Target::parse(&endpoint.url)?;
        // Compression costs more than it saves where no wire is involved.
        let compression = if target.loopback {
            Compression::None
        } else {
            Compression::Lz4
        };
        let raw = transport::client(target.tls, ca_file)?
            .with_url(&endpoint.url)
            .with_user(&endpoint.user)
            .with_password(endpoint.password.expose())
            .with_database(&endpoint.database)
            .with_compression(compression);
        Ok(Self {
            raw,
            url: endpoint.url.clone(),
        })
    }

    /// The crate's own client, for typed queries and parameters. Its errors convert to [`WarehouseError`].
    #[must_use]
    pub fn raw(&self) -> &clickhouse::Client {
        &self.raw
    }

    /// The same client for reading only: the server refuses statements that change data.
    #[must_use]
    pub fn reading_only(self) -> Self {
        // 2: settings of a query may still be changed, data may not.
        Self {
            raw: self.raw.with_setting("readonly", "2"),
            url: self.url,
        }
    }

    /// Where this client connects to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The whole output of a statement in a named format. A `FORMAT` in the statement wins.
    ///
    /// # Errors
    /// Any [`WarehouseError`].
    pub async fn text(&self, sql: &str, format: &str) -> Result<Bytes, WarehouseError> {
        self.text_with(sql, format, &[]).await
    }

    /// The same with values for the statement's parameters (`{name:Type}`), by name: sent beside the text, as text that the
    /// engine reads by the parameter's type.
    ///
    /// # Errors
    /// Any [`WarehouseError`].
    pub async fn text_with(
        &self,
        sql: &str,
        format: &str,
        parameters: &[(String, String)],
    ) -> Result<Bytes, WarehouseError> {
        let mut query = self.raw.query_raw(sql);
        for (name, value) in parameters {
            query = query.param(name, value);
        }
        let mut cursor = query.fetch_bytes(format)?;
        within(QUERY_TIME, async { Ok(cursor.collect().await?) }).await
    }

    /// Runs a statement without output.
    ///
    /// # Errors
    /// Any [`WarehouseError`].
    pub async fn execute(&self, sql: &str) -> Result<(), WarehouseError> {
        within(QUERY_TIME, async {
            Ok(self.statement(sql).execute().await?)
        })
        .await
    }

    /// A statement; a long one announces itself. Short ones go without settings, which a reader may not change.
    fn statement(&self, sql: &str) -> clickhouse::query::Query {
        let query = self.raw.query_raw(sql);
        if sql.len() <= PLAIN_STATEMENT {
            return query;
        }
        query
            .with_setting("max_query_size", (sql.len() + 1).to_string())
            .with_setting("max_ast_elements", MOST_PARTS)
            .with_setting("max_expanded_ast_elements", MOST_PARTS)
    }

    /// Runs a statement that makes or changes a table whose columns an IDL asks for.
    pub(crate) async fn define(&self, sql: &str) -> Result<(), WarehouseError> {
        // ClickHouse takes a fixed string of more than 256 bytes for a mistake; an IDL's `[u8; 300]` is none.
        let setting = "allow_suspicious_fixed_string_types";
        // No further settings: what passes the size of a plain statement could not be loaded at the next start.
        let query = self.raw.query_raw(sql).with_setting(setting, "1");
        within(QUERY_TIME, async { Ok(query.execute().await?) }).await
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// Any [`WarehouseError`].
    pub async fn rows<T: RowOwned + RowRead>(&self, sql: &str) -> Result<Vec<T>, WarehouseError> {
        within(QUERY_TIME, async {
            Ok(self.statement(sql).fetch_all::<T>().await?)
        })
        .await
    }

    /// Inserts rows as one block.
    ///
    /// # Errors
    /// Any [`WarehouseError`]; after a retryable one the outcome is unknown.
    pub async fn insert_rows<T: RowOwned + RowWrite>(
        &self,
        table: &str,
        rows: &[T],
    ) -> Result<(), WarehouseError> {
        within(QUERY_TIME, async {
            let mut insert = self.raw.insert::<T>(table).await?;
            for row in rows {
                insert.write(row).await?;
            }
            Ok(insert.end().await?)
        })
        .await
    }

    /// Inserts a Native block. Our tables sync each part to disk before the answer. `token` is the
    /// deduplication token, a seat belt only.
    ///
    /// # Errors
    /// Any [`WarehouseError`]; after a retryable one the outcome is unknown.
    pub async fn insert_native(
        &self,
        table: &str,
        native: Bytes,
        token: &str,
    ) -> Result<(), WarehouseError> {
        let sql = format!("INSERT INTO {} FORMAT Native", quote(table));
        self.insert(sql, native, token).await
    }

    /// Inserts formatted data; `sql` ends with its `FORMAT`.
    pub(crate) async fn insert(
        &self,
        sql: String,
        data: Bytes,
        token: &str,
    ) -> Result<(), WarehouseError> {
        let mut insert = self
            .raw
            .insert_formatted_with(sql)
            .with_setting("async_insert", "0")
            .with_setting("insert_deduplication_token", token)
            .with_timeouts(Some(INSERT_TIME), Some(INSERT_TIME));
        insert.send(data).await?;
        Ok(insert.end().await?)
    }

    /// Runs an `INSERT … SELECT` with a deduplication token.
    pub(crate) async fn insert_select(&self, sql: &str, token: &str) -> Result<(), WarehouseError> {
        let query = self
            .statement(sql)
            .with_setting("insert_deduplication_token", token);
        within(QUERY_TIME, async { Ok(query.execute().await?) }).await
    }

    /// Whether the server answers a query of this user.
    ///
    /// # Errors
    /// Any [`WarehouseError`].
    pub async fn ping(&self) -> Result<(), WarehouseError> {
        let time = Duration::from_secs(5);
        within(time, async {
            Ok(self
                .raw
                .query_raw("SELECT 1")
                .fetch_one::<u8>()
                .await
                .map(drop)?)
        })
        .await
    }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, WarehouseError>>,
) -> Result<T, WarehouseError> {
    timeout(time, work)
        .await
        .unwrap_or(Err(WarehouseError::Timeout))
}
