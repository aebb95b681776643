//! `hypernode sql`: one query against the tables in any state: a running instance, a data directory at rest,
//! or a server.

use std::io::{IsTerminal as _, Read as _};

use hypernode_warehouse::{Client, Endpoint};

use crate::cli::Sql;
use crate::config::{self, Settings};
use crate::datadir::DataDir;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out;
use crate::running::Running;
use crate::store::{self, Store};

pub(crate) async fn run(mut args: Sql) -> Outcome {
    if let Some(url) = args.url.take() {
        args.common.set.push(format!("clickhouse.url={url}"));
    }
    let settings = config::load(&args.common)?;
    let query = query_text(&args.query)?;
    if let Some(endpoint) = store::external(&settings)? {
        let client = store::connect(&settings, &endpoint)?;
        // A server's user may write; the flag still has to be given.
        let client = if args.write {
            client
        } else {
            client.reading_only()
        };
        return print(&client, &query, &args).await;
    }
    let dir = settings.path("data.dir").unwrap_or_default();
    if Running::find(&dir).is_some() {
        if !dir.join("clickhouse.credentials").is_file() {
            let why = "the instance on it uses a ClickHouse server; give the same clickhouse.* settings, or --url";
            return Err(Failure::start(
                format!("data directory {}", dir.display()),
                why,
            ));
        }
        let client = client(&store::credential_file(&dir, args.write)?)?;
        return print(&client, &query, &args).await;
    }
    at_rest(&settings, &dir, &query, &args).await
}

/// The query of the command line, or of standard input for `-`.
fn query_text(query: &str) -> Outcome<String> {
    if query != "-" {
        return Ok(query.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .or_cannot_start("standard input")?;
    Ok(text)
}

fn client(endpoint: &Endpoint) -> Outcome<Client> {
    Client::new(endpoint).or_cannot_start("ClickHouse")
}

/// Starts the engine for this one query over a data directory that nobody uses.
async fn at_rest(settings: &Settings, dir: &std::path::Path, query: &str, args: &Sql) -> Outcome {
    if !dir.join("clickhouse").is_dir() {
        return Err(Failure::start(
            format!("data directory {}", dir.display()),
            "holds no tables; name the right one with --data, or start `hypernode up` there first",
        ));
    }
    let data = DataDir::open(dir)?;
    let store = Store::embedded(settings, data.path(), 0).await?;
    let client = client(if args.write {
        &store.endpoint
    } else {
        &store.reader
    })?;
    let outcome = print(&client, query, args).await;
    store.close().await;
    outcome
}

/// For a terminal: strings come from strangers and must not move its cursor. Only control characters are replaced.
fn without_control(bytes: &[u8]) -> Vec<u8> {
    let shown = String::from_utf8_lossy(bytes);
    let safe = |c: char| {
        if c.is_control() && c != '\n' && c != '\t' {
            '\u{fffd}'
        } else {
            c
        }
    };
    shown.chars().map(safe).collect::<String>().into_bytes()
}

async fn print(client: &Client, query: &str, args: &Sql) -> Outcome {
    let answer = client.text(query, &args.format).await;
    let bytes = answer.map_err(|error| Failure::Broke(anyhow::Error::from(error)))?;
    if std::io::stdout().is_terminal() {
        out::write(&without_control(&bytes));
    } else {
        out::write(&bytes);
    }
    Ok(())
}
