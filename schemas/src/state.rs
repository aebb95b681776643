//! Migrations of the transactional store: for SQLite the files under `state/sqlite/`, in the order in which they are applied.
//!
//! A file that was ever released is never edited: the checksum of its text is stored with it, and a changed past is refused.

/// One file of statements, applied in one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Number at the start of the file name; from 1, without gaps.
    pub id: u32,
    /// File name without number and extension.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

impl Migration {
    /// blake3 of the text, in hex (64 characters).
    #[must_use]
    pub fn checksum(&self) -> String {
        blake3::hash(self.sql.as_bytes()).to_hex().to_string()
    }
}

macro_rules! sqlite {
    ($id:literal, $digits:literal, $name:literal) => {
        Migration {
            id: $id,
            name: $name,
            sql: include_str!(concat!("../state/sqlite/", $digits, "_", $name, ".sql")),
        }
    };
}

const SQLITE: &[Migration] = &[
    sqlite!(1, "0001", "schema_migrations"),
    sqlite!(2, "0002", "counters"),
    sqlite!(3, "0003", "wallets"),
    sqlite!(4, "0004", "nonces"),
    sqlite!(5, "0005", "sessions"),
    sqlite!(6, "0006", "api_keys"),
    sqlite!(7, "0007", "host_keys"),
    sqlite!(8, "0008", "audit"),
    sqlite!(9, "0009", "leases"),
    sqlite!(10, "0010", "tasks"),
    sqlite!(11, "0011", "outbox"),
    sqlite!(12, "0012", "idempotency"),
    sqlite!(13, "0013", "jobs"),
    sqlite!(14, "0014", "credits"),
    sqlite!(15, "0015", "budgets"),
    sqlite!(16, "0016", "nodes"),
    sqlite!(17, "0017", "node_tokens"),
    sqlite!(18, "0018", "receipts"),
    sqlite!(19, "0019", "day_secrets"),
    sqlite!(20, "0020", "cursors"),
    sqlite!(21, "0021", "sends"),
];

/// All files for SQLite in order of application. The first makes the table that remembers the others.
#[must_use]
pub fn sqlite_migrations() -> &'static [Migration] {
    SQLITE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_one_another_and_files_are_all_listed() {
        let ids: Vec<u32> = sqlite_migrations().iter().map(|m| m.id).collect();
        let expected: Vec<u32> = (1..).take(ids.len()).collect();
        assert_eq!(ids, expected);
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/state/sqlite");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<String> = sqlite_migrations()
            .iter()
            .map(|m| format!("{:04}_{}.sql", m.id, m.name))
            .collect();
        assert_eq!(files, listed);
    }

    #[test]
    fn every_table_checks_its_types() {
        for migration in sqlite_migrations() {
            let tables = migration.sql.matches("CREATE TABLE").count();
            assert_eq!(
                migration.sql.matches(") STRICT").count(),
                tables,
                "{}",
                migration.name
            );
        }
    }
}
