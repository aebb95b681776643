//! `hypernode sql`: one query against the tables in any state: a running instance, a data directory at rest,
//! or a server.

use std::io::{IsTerminal as _, Read as _};

use hypernode_warehouse::Client;

use crate::cli::Sql;
use crate::config;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out;
use crate::reach::Reached;

pub(crate) async fn run(mut args: Sql) -> Outcome {
    if let Some(url) = args.url.take() {
        args.common.set.push(format!("clickhouse.url={url}"));
    }
    let settings = config::load(&args.common)?;
    let query = query_text(&args.query)?;
    let reached = Reached::open(&settings, args.write).await?;
    let outcome = print(&reached.client, &query, &args).await;
    reached.close().await;
    outcome
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
