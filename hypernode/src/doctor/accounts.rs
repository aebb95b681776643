//! The store of accounts.

use std::path::Path;

use hypernode_state::sqlite;

use super::Finding;
use crate::access;

const AREA: &str = "accounts";

/// Looks at the store in a data directory, used or not. Blocks, for as long as reading all of it takes.
pub(crate) fn look(dir: &Path) -> Vec<Finding> {
    if access::expect_some(dir).is_err() {
        return vec![Finding::good(AREA, "none yet")];
    }
    let path = dir.join(access::FILE);
    let seen = match sqlite::inspect(&path) {
        Ok(seen) => seen,
        Err(error) => {
            return vec![Finding::wrong(
                AREA,
                error.to_string(),
                "`hypernode up` refuses it for the same reason; what was acknowledged is in the files that are there: copy them before you change anything",
            )];
        }
    };
    let shown = path.display();
    let mut findings = vec![match &seen.damage {
        None => Finding::good(
            AREA,
            format!(
                "{shown}: {} bytes, and {} in its log, all sound",
                seen.bytes, seen.log_bytes
            ),
        ),
        Some(damage) => Finding::wrong(
            AREA,
            format!("{shown} is damaged ({damage})"),
            "stop the instance, then `hypernode state restore --from FILE` with the last backup",
        ),
    }];
    for (file, mode) in &seen.open_to_others {
        findings.push(Finding::wrong(
            AREA,
            format!("{}: others can read it (mode {mode:o})", file.display()),
            "`chmod 600` it, or start the instance as its owner",
        ));
    }
    findings
}
