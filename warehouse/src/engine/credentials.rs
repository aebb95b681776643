//! The embedded engine's two credentials, made anew at each start.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use rand::RngCore as _;
use serde::{Deserialize, Serialize};

use super::front::access::Role;

/// User that may do everything.
pub(crate) const WRITER: &str = "hypernode";
/// User for people's tools: reads only.
pub(crate) const READER: &str = "reader";

/// Passwords of the two users. Debug output hides them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// Password of [`WRITER`], 64 hex characters.
    pub(crate) password: String,
    /// Password of [`READER`], 64 hex characters.
    pub(crate) reader_password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// What `clickhouse.credentials` in the data directory holds.
#[derive(Serialize)]
struct CredentialFile<'a> {
    url: &'a str,
    database: &'a str,
    user: &'a str,
    password: &'a str,
    reader_user: &'a str,
    reader_password: &'a str,
}

impl Credentials {
    /// Two passwords of 32 random bytes each.
    pub(crate) fn generate() -> Self {
        Self {
            password: random_hex(),
            reader_password: random_hex(),
        }
    }

    /// The role that user and password prove, compared in constant time.
    pub(crate) fn role(&self, user: &str, password: &str) -> Option<Role> {
        // Both comparisons always run, so that time does not tell which users exist. Hashes compare in
        // constant time and hide lengths.
        let same = |a: &str, b: &str| blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes());
        let writer = same(password, &self.password) & same(user, WRITER);
        let reader = same(password, &self.reader_password) & same(user, READER);
        match (writer, reader) {
            (true, _) => Some(Role::Writer),
            (_, true) => Some(Role::Reader),
            _ => None,
        }
    }

    /// Writes the credential file, readable by its owner only, in one step.
    pub(crate) fn write_file(&self, path: &Path, url: &str, database: &str) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(&CredentialFile {
            url,
            database,
            user: WRITER,
            password: &self.password,
            reader_user: READER,
            reader_password: &self.reader_password,
        })?;
        let temporary = path.with_extension("credentials.new");
        let _ = fs::remove_file(&temporary);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(&text)?;
        file.write_all(b"\n")?;
        fs::rename(&temporary, path)
    }
}

fn random_hex() -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    blake3::Hash::from_bytes(bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ_and_are_never_printed() {
        let (a, b) = (Credentials::generate(), Credentials::generate());
        assert_eq!(a.password.len(), 64);
        assert!(a.password != b.password && a.password != a.reader_password);
        assert!(!format!("{a:?}").contains(&a.password));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clickhouse.credentials");
        let credentials = Credentials::generate();
        credentials
            .write_file(&path, "http://127.0.0.1:1", "hypernode")
            .unwrap();
        credentials
            .write_file(&path, "http://127.0.0.1:2", "hypernode")
            .unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&credentials.reader_password) && text.contains(":2"));
    }
}
