//! The head of a panel's file: five lines that are read strictly, then words for people, then one statement.
//!
//! ```text
//! -- title: HYPER paid
//! -- unit: HYPER
//! -- chart: stacked bars; x = time, y = operators, treasury
//! -- as of: metrics
//! -- parameters: hours UInt32 = 24 in 1..8760, the length of the window
//! --
//! -- What it means.
//! SELECT …
//! ```

use super::chart::Chart;
use super::parameter::Parameter;
use crate::Finality;

/// What a panel's rows rest on, and so which slot they speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// Sums over final blocks, up to their checkpoint.
    Metrics,
    /// Scores of final blocks, up to their checkpoint.
    Reputation,
    /// What the ledger vouches for: confirmed blocks.
    Ledger,
    /// Accounts as they were observed, at the confirmed level.
    Accounts,
    /// What the dispatcher told: no facts of the chain, and of no slot but the newest one served.
    Dispatch,
}

impl Basis {
    /// The word in a header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Reputation => "reputation",
            Self::Ledger => "ledger",
            Self::Accounts => "accounts",
            Self::Dispatch => "dispatch",
        }
    }

    /// Whether a fork could take the rows back.
    #[must_use]
    pub fn finality(self) -> Finality {
        match self {
            Self::Metrics | Self::Reputation => Finality::Finalized,
            Self::Ledger | Self::Accounts | Self::Dispatch => Finality::Confirmed,
        }
    }

    fn of(word: &str) -> Option<Self> {
        let all = [
            Self::Metrics,
            Self::Reputation,
            Self::Ledger,
            Self::Accounts,
            Self::Dispatch,
        ];
        all.into_iter().find(|basis| basis.as_str() == word)
    }
}

/// What a file says of its panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its heading.
    pub title: String,
    /// What the values are counted in.
    pub unit: String,
    /// How they are drawn.
    pub chart: Chart,
    /// What they rest on.
    pub basis: Basis,
    /// What may be asked.
    pub parameters: Vec<Parameter>,
    /// What it means, in words.
    pub meaning: String,
    /// The query, without the head.
    pub statement: String,
}

/// A file that is no panel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct HeaderError {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub problem: String,
}

const KEYS: [&str; 5] = ["title", "unit", "chart", "as of", "parameters"];

/// Reads a panel's file.
///
/// # Errors
/// The first line that is not as it must be.
pub fn parse(text: &str) -> Result<Header, HeaderError> {
    let fail = |line: usize, problem: String| HeaderError { line, problem };
    let mut lines = text.lines();
    let mut values = [""; KEYS.len()];
    for ((index, key), value) in KEYS.iter().enumerate().zip(&mut values) {
        let prefix = format!("-- {key}: ");
        let line = lines.next().unwrap_or_default();
        *value = line
            .strip_prefix(&prefix)
            .filter(|rest| !rest.is_empty() && rest.trim() == *rest)
            .ok_or_else(|| fail(index + 1, format!("must be `{prefix}…`")))?;
    }
    let [title, unit, chart, basis, parameters] = values;
    let chart = Chart::parse(chart).map_err(|problem| fail(3, problem))?;
    let basis = Basis::of(basis).ok_or_else(|| {
        let allowed = "as of what: metrics, reputation, ledger, accounts or dispatch";
        fail(4, allowed.to_owned())
    })?;
    let parameters = Parameter::parse_all(parameters).map_err(|problem| fail(5, problem))?;
    if lines.next() != Some("--") {
        return Err(fail(
            6,
            "must be `--` alone, before what the panel means".to_owned(),
        ));
    }
    let rest: Vec<&str> = lines.collect();
    let words = rest
        .iter()
        .map_while(|line| line.strip_prefix("-- "))
        .collect::<Vec<_>>();
    if words.is_empty() {
        return Err(fail(7, "must say what the panel means".to_owned()));
    }
    let first = 7 + words.len();
    let statement = rest.get(words.len()..).unwrap_or_default().join("\n");
    check_statement(&statement, &parameters).map_err(|problem| fail(first, problem))?;
    Ok(Header {
        title: title.to_owned(),
        unit: unit.to_owned(),
        chart,
        basis,
        parameters,
        meaning: words.join(" "),
        statement,
    })
}

/// One read, whose parameters are those that the head declares.
fn check_statement(statement: &str, declared: &[Parameter]) -> Result<(), String> {
    if !["WITH", "SELECT"].contains(&statement.split_whitespace().next().unwrap_or_default()) {
        return Err("the statement must begin with WITH or SELECT".to_owned());
    }
    if statement.contains(';') {
        return Err("one statement, without a semicolon".to_owned());
    }
    let mut used = Vec::new();
    for (_, after) in statement
        .match_indices('{')
        .map(|(at, _)| statement.split_at(at + 1))
    {
        let place = after.split('}').next().unwrap_or_default();
        let known = declared
            .iter()
            .find(|one| place == format!("{}:{}", one.name, one.kind.as_str()));
        match known {
            Some(parameter) => used.push(&parameter.name),
            None => return Err(format!("{{{place}}} is not declared, or of another type")),
        }
    }
    match declared.iter().find(|one| !used.contains(&&one.name)) {
        Some(unused) => Err(format!("{} is declared and not used", unused.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-- title: Jobs\n-- unit: jobs\n-- chart: lines; x = time, y = jobs\n-- as of: metrics\n\
        -- parameters: hours UInt32 = 24 in 1..8760, the window\n--\n-- What it\n-- means.\nSELECT {hours:UInt32} AS jobs";

    #[test]
    fn a_head_says_what_the_panel_is() {
        let header = parse(GOOD).unwrap();
        assert_eq!(
            (header.title.as_str(), header.unit.as_str()),
            ("Jobs", "jobs")
        );
        assert_eq!(header.basis.finality(), Finality::Finalized);
        assert_eq!(header.meaning, "What it means.");
        assert_eq!(header.statement, "SELECT {hours:UInt32} AS jobs");
    }

    #[test]
    fn a_bad_head_is_refused_at_its_line() {
        for (line, from, to) in [
            (1, "-- title: Jobs", "-- Title: Jobs"),
            (1, "-- title: Jobs", "-- title: "),
            (1, "-- title: Jobs", "-- title: Jobs "),
            (2, "-- unit: jobs\n", ""),
            (3, "lines;", "donut;"),
            (4, "as of: metrics", "as of: rumour"),
            (5, "1..8760", "1..0"),
            (5, "-- parameters", "--parameters"),
            (6, "--\n-- What", "-- What"),
            (7, "-- What it\n-- means.\n", ""),
            (9, "SELECT {hours:UInt32}", "DROP TABLE {hours:UInt32}"),
            (9, "SELECT {hours:UInt32}", "SELECT {hours:UInt64}"),
            (
                9,
                "SELECT {hours:UInt32}",
                "SELECT {days:UInt32}, {hours:UInt32}",
            ),
            (9, "SELECT {hours:UInt32}", "SELECT 1"),
            (9, "AS jobs", "AS jobs; SELECT 2"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let error = parse(&text).unwrap_err();
            assert_eq!(error.line, line, "{from} → {to}: {error}");
        }
        assert_eq!(parse("").unwrap_err().line, 1);
    }
}
