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
    let parameters = parameters(&args.param)?;
    let query = query_text(&args.query)?;
    let reached = Reached::open(&settings, args.write).await?;
    let outcome = print(&reached.client, &query, &parameters, &args).await;
    reached.close().await;
    outcome
}

/// Parameters of one query, and bytes of a value, at most.
const PARAMETERS: usize = 64;
const LONGEST: usize = 64 << 10;

/// The values of the query's parameters. Their types stand in the query, so that the engine checks them.
fn parameters(given: &[String]) -> Outcome<Vec<(String, String)>> {
    if given.len() > PARAMETERS {
        return Err(Failure::start(
            "--param",
            format!("at most {PARAMETERS} are taken"),
        ));
    }
    let one = |text: &String| {
        let (name, value) = text.split_once('=')?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(is_name)
            && value.len() <= LONGEST;
        fits.then(|| (name.to_owned(), value.to_owned()))
    };
    let read = |text: &String| {
        let why = "give NAME=VALUE: letters, digits and underscores, then at most 64 KiB";
        one(text).ok_or_else(|| Failure::start("--param", why))
    };
    given.iter().map(read).collect()
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

async fn print(
    client: &Client,
    query: &str,
    parameters: &[(String, String)],
    args: &Sql,
) -> Outcome {
    let answer = client.text_with(query, &args.format, parameters).await;
    let bytes = answer.map_err(|error| Failure::Broke(anyhow::Error::from(error)))?;
    if std::io::stdout().is_terminal() {
        out::write(&without_control(&bytes));
    } else {
        out::write(&bytes);
    }
    Ok(())
}
