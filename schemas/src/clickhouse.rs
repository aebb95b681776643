//! ClickHouse DDL, one statement per file under `clickhouse/`, in the order in which it is applied.
//!
//! Ids 1 to 99 are tables, 100 and up are views. A file that was ever released is never edited: the
//! checksum of its text is stored with it, and a changed past is refused.

/// One file of DDL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Number at the start of the file name; unique, ascending.
    pub id: u32,
    /// File name without number and extension.
    pub name: &'static str,
    /// The statement.
    pub sql: &'static str,
}

impl Migration {
    /// blake3 of the text, in hex (64 characters).
    #[must_use]
    pub fn checksum(&self) -> String {
        blake3::hash(self.sql.as_bytes()).to_hex().to_string()
    }
}

macro_rules! migration {
    ($id:literal, $digits:literal, $name:literal) => {
        Migration {
            id: $id,
            name: $name,
            sql: include_str!(concat!("../clickhouse/", $digits, "_", $name, ".sql")),
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001", "schema_migrations"),
    migration!(2, "0002", "hypernode_meta"),
    migration!(3, "0003", "ingest_ledger"),
    migration!(10, "0010", "blocks"),
    migration!(11, "0011", "transactions"),
    migration!(12, "0012", "events"),
    migration!(13, "0013", "dead_letters"),
    migration!(14, "0014", "canonical_events"),
    migration!(15, "0015", "instructions"),
    migration!(16, "0016", "dead_letters_via"),
    migration!(20, "0020", "account_versions"),
    migration!(21, "0021", "account_coverage"),
    migration!(22, "0022", "node_account_versions"),
    migration!(23, "0023", "gaps"),
    migration!(24, "0024", "operator_requests"),
    migration!(25, "0025", "operator_answers"),
    migration!(26, "0026", "retractions"),
    migration!(27, "0027", "retracted_events"),
    migration!(29, "0029", "ingest_ledger_seq"),
    migration!(30, "0030", "ingest_ledger_idls"),
    migration!(31, "0031", "idl_sets"),
    migration!(32, "0032", "operator_requests_backfill"),
    migration!(40, "0040", "digest_leaves"),
    migration!(41, "0041", "digest_checkpoints"),
    migration!(42, "0042", "digest_headers"),
    migration!(43, "0043", "digest_leaves_window"),
    migration!(44, "0044", "digest_checkpoints_window"),
    migration!(45, "0045", "digest_headers_window"),
    migration!(46, "0046", "canonical_events_by_job"),
    migration!(47, "0047", "canonical_events_by_node"),
    migration!(48, "0048", "canonical_events_by_time"),
    migration!(49, "0049", "canonical_events_by_job_of_old"),
    migration!(50, "0050", "canonical_events_by_node_of_old"),
    migration!(51, "0051", "reputation_evidence"),
    migration!(52, "0052", "reputation_scores"),
    migration!(53, "0053", "reputation_checkpoints"),
    migration!(54, "0054", "reputation_forge"),
    migration!(55, "0055", "canonical_events_deletes"),
    migration!(56, "0056", "canonical_events_by_job_coarse"),
    migration!(57, "0057", "canonical_events_by_job_fine"),
    migration!(58, "0058", "canonical_events_by_job_of_old_fine"),
    migration!(59, "0059", "job_changes"),
    migration!(60, "0060", "node_changes"),
    migration!(61, "0061", "metrics_hours"),
    migration!(62, "0062", "posted_metrics"),
    migration!(63, "0063", "reputation_sums"),
    migration!(64, "0064", "reputation_roots"),
    migration!(65, "0065", "reputation_paths"),
    migration!(66, "0066", "canonical_events_kinds"),
    migration!(67, "0067", "canonical_events_kinds_of_old"),
    migration!(80, "0080", "dispatch_jobs"),
    migration!(81, "0081", "dispatch_attempts"),
    migration!(82, "0082", "dispatch_load"),
    migration!(83, "0083", "dispatch_rechecks"),
    migration!(84, "0084", "dispatch_receipts"),
    migration!(85, "0085", "dispatch_roots"),
    migration!(100, "0100", "node_facts"),
    migration!(101, "0101", "job_facts"),
    migration!(102, "0102", "payment_facts"),
    migration!(110, "0110", "nodes"),
    migration!(111, "0111", "jobs"),
    migration!(112, "0112", "payments"),
    migration!(120, "0120", "account_facts"),
    migration!(121, "0121", "node_account_facts"),
    migration!(130, "0130", "account_states"),
    migration!(131, "0131", "node_accounts"),
    migration!(132, "0132", "nodes_with_accounts"),
    migration!(140, "0140", "certificates_between"),
    migration!(141, "0141", "certificates"),
    migration!(150, "0150", "reputation"),
    migration!(151, "0151", "job_facts_with_wait"),
    migration!(160, "0160", "metrics_by_hour"),
    migration!(161, "0161", "metrics_total"),
    migration!(162, "0162", "requesters"),
    migration!(163, "0163", "reputation_by_day"),
    migration!(164, "0164", "job_history"),
    migration!(165, "0165", "node_history"),
    migration!(170, "0170", "job_starts"),
    migration!(171, "0171", "job_starts_filled"),
    migration!(172, "0172", "reputation_as_of"),
];

/// Tables of [`migrations`] that hold chain rows by slot and are covered by the ledger, in writing order.
/// Typed `ev_` and `ix_` tables come beside them at run time.
pub const LEDGER_TABLES: [&str; 6] = [
    "transactions",
    "events",
    "dead_letters",
    "canonical_events",
    "instructions",
    "blocks",
];

/// All DDL in order of application.
#[must_use]
pub fn migrations() -> &'static [Migration] {
    MIGRATIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_and_files_are_all_listed() {
        let ids: Vec<u32> = migrations().iter().map(|m| m.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/clickhouse");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<String> = migrations()
            .iter()
            .map(|m| format!("{:04}_{}.sql", m.id, m.name))
            .collect();
        assert_eq!(files, listed);
    }

    #[test]
    fn every_table_syncs_before_it_answers() {
        let creates = |m: &&Migration| m.id < 100 && m.sql.contains("CREATE ");
        for migration in migrations().iter().filter(creates) {
            let settings = format!("SETTINGS {}\n", crate::table::TABLE_SETTINGS);
            // What is removed and made again with the same bytes must not be taken for a repetition.
            let made_again = settings.replace("window = 1000", "window = 0");
            let sql = migration.sql.replace("index_granularity = 256, ", "");
            assert!(
                [settings, made_again].iter().any(|end| sql.ends_with(end)),
                "{}",
                migration.name
            );
        }
    }

    #[test]
    fn each_file_holds_one_statement() {
        for migration in migrations() {
            let code: Vec<&str> = migration
                .sql
                .lines()
                .map(|l| l.split("--").next().unwrap_or(""))
                .collect();
            let code = code.join("\n");
            assert!(!code.contains(';'), "{} has a semicolon", migration.name);
            let statements = ["CREATE ", "ALTER "].map(|verb| code.matches(verb).count());
            assert_eq!(statements.iter().sum::<usize>(), 1, "{}", migration.name);
        }
    }
}
