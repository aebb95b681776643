//! What a reader may run, judged by the engine's own parser.
//!
//! `readonly=1` alone is not enough in the embedded engine: the scalar function `file()` reads local files,
//! `DESCRIBE url(…)` connects to strangers, and `INTO OUTFILE` is a read to it. So every text must classify as
//! one read, and its syntax tree must name none of the functions that reach out of the database.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::error::{Failure, code};
use super::statement;
use crate::engine::ffi::{Connection, Effect, EngineFault, Param};

/// Table functions that stay inside the database.
const INSIDE: [&str; 16] = [
    "dictionary",
    "format",
    "generaterandom",
    "generateseries",
    "generate_series",
    "loop",
    "merge",
    "null",
    "numbers",
    "numbers_mt",
    "primes",
    "sqlstandardvalues",
    "values",
    "view",
    "zeros",
    "zeros_mt",
];

/// Scalar functions that reach out of it, beside every name that starts with `ai` and a capital letter.
const OUTSIDE: [&str; 4] = [
    "file",
    "catboostevaluate",
    "addresstoline",
    "addresstolinewithinlines",
];

/// Texts found harmless are remembered up to this number.
const REMEMBERED: usize = 4096;

/// The check, with its memory.
#[derive(Debug)]
pub(super) struct ReadCheck {
    forbidden: HashSet<String>,
    approved: Mutex<HashSet<[u8; 32]>>,
}

impl ReadCheck {
    /// Asks the engine which functions it has.
    pub(super) fn new(connection: &mut Connection) -> Result<Self, EngineFault> {
        let mut names = |sql: &str| -> Result<Vec<String>, EngineFault> {
            let result = connection.query(sql.as_bytes(), "TSVRaw", &[])?;
            let text = String::from_utf8_lossy(result.as_ref()).to_ascii_lowercase();
            Ok(text.lines().map(str::to_owned).collect())
        };
        let mut forbidden: HashSet<String> = names("SELECT name FROM system.table_functions")?
            .into_iter()
            .collect();
        for name in INSIDE {
            forbidden.remove(name);
        }
        forbidden.extend(OUTSIDE.map(str::to_owned));
        forbidden.extend(names(
            "SELECT name FROM system.functions WHERE match(name, '^(ai|AI)[A-Z]')",
        )?);
        Ok(Self {
            forbidden,
            approved: Mutex::default(),
        })
    }

    /// Refuses everything but one read. With `inside`, also reads that reach out of the database.
    pub(super) fn check(
        &self,
        connection: &mut Connection,
        sql: &[u8],
        params: &[Param],
        inside: bool,
    ) -> Result<(), Failure> {
        let analysis = connection.classify(sql);
        if analysis.statements == 0 {
            // It does not parse: running it gives the engine's own message, and nothing else can come of it.
            return self.explain(connection, sql, params).map(drop);
        }
        if analysis.statements > 1
            || analysis.effect != Effect::ReadOnly
            || statement::output(sql).into_outfile
        {
            let message = "Cannot execute query in readonly mode: one SELECT, SHOW, DESCRIBE, EXISTS or EXPLAIN at a \
                time. (READONLY)";
            return Err(Failure::new(code::READONLY, message));
        }
        if !inside {
            return Ok(());
        }
        let key = *blake3::hash(sql).as_bytes();
        let approved = || self.approved.lock().unwrap_or_else(PoisonError::into_inner);
        if approved().contains(&key) {
            return Ok(());
        }
        for name in self.explain(connection, sql, params)? {
            if self.forbidden.contains(&name) {
                let message = format!(
                    "Not enough privileges: function {name} is not allowed here. (ACCESS_DENIED)"
                );
                return Err(Failure::new(code::ACCESS_DENIED, message));
            }
        }
        let mut approved = approved();
        if approved.len() >= REMEMBERED {
            approved.clear();
        }
        approved.insert(key);
        Ok(())
    }

    /// Lower-case names of all functions in the text, by `EXPLAIN AST`, which parses and does nothing else.
    fn explain(
        &self,
        connection: &mut Connection,
        sql: &[u8],
        params: &[Param],
    ) -> Result<Vec<String>, Failure> {
        let explain = [b"EXPLAIN AST ".as_slice(), sql].concat();
        let tree = connection.query(&explain, "TSVRaw", params)?;
        let text = String::from_utf8_lossy(tree.as_ref()).into_owned();
        let names = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("Function "));
        Ok(names
            .filter_map(|rest| rest.split(' ').next())
            .map(str::to_ascii_lowercase)
            .collect())
    }
}
