//! A `clickhouse` binary as the child instead of the library: the same port, users and limits, by a
//! configuration written here.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::credentials::{Credentials, READER, WRITER};
use super::{Answer, Boot, DATABASE};

/// Files that the server is started with.
#[derive(Debug)]
pub(super) struct ServerFiles {
    config: PathBuf,
}

fn text(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn sha256_hex(password: &str) -> String {
    Sha256::digest(password.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The server's main configuration.
fn config(folder: &Path, port: u16) -> String {
    let path = |name: &str| text(&folder.join(name).display().to_string());
    format!(
        "<clickhouse>\n  <logger><level>warning</level><log>{log}</log><size>10M</size><count>2</count></logger>\n  \
         <listen_host>127.0.0.1</listen_host>\n  <http_port>{port}</http_port>\n  <path>{data}/</path>\n  \
         <tmp_path>{tmp}/</tmp_path>\n  <user_files_path>{files}/</user_files_path>\n  \
         <format_schema_path>{schemas}/</format_schema_path>\n  <timezone>UTC</timezone>\n  \
         <mark_cache_size>33554432</mark_cache_size>\n  <background_pool_size>2</background_pool_size>\n  \
         <user_directories><users_xml><path>{users}</path></users_xml></user_directories>\n</clickhouse>\n",
        log = path("server.log"),
        data = path("data"),
        tmp = path("tmp"),
        files = path("user_files"),
        schemas = path("format_schemas"),
        users = path("users.xml"),
    )
}

/// The two users of the embedded engine, with the same rights; only hashes are written.
fn users(credentials: &Credentials) -> String {
    let user = |name: &str, password: &str, profile: &str, rest: &str| {
        format!(
            "    <{name}><password_sha256_hex>{}</password_sha256_hex><networks><ip>127.0.0.1</ip></networks>\
             <profile>{profile}</profile><quota>default</quota>{rest}</{name}>\n",
            sha256_hex(password)
        )
    };
    let reads = format!("<grants><query>GRANT SELECT, SHOW ON {DATABASE}.*</query></grants>");
    format!(
        "<clickhouse>\n  <profiles>\n    <default><implicit_select>0</implicit_select></default>\n    \
         <reads><readonly>1</readonly><max_execution_time>30</max_execution_time>\
         <max_memory_usage>1000000000</max_memory_usage></reads>\n  </profiles>\n  <quotas><default/></quotas>\n  \
         <users>\n{}{}  </users>\n</clickhouse>\n",
        user(WRITER, &credentials.password, "default", ""),
        user(READER, &credentials.reader_password, "reads", &reads),
    )
}

impl ServerFiles {
    /// Writes the configuration of a server on `port` into `folder`, readable by its owner only.
    fn write(folder: &Path, port: u16, credentials: &Credentials) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        for (name, content) in [
            ("config.xml", config(folder, port)),
            ("users.xml", users(credentials)),
        ] {
            let path = folder.join(name);
            let _ = fs::remove_file(&path);
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)?.write_all(content.as_bytes())?;
        }
        Ok(Self {
            config: folder.join("config.xml"),
        })
    }
}

/// Picks the port, writes the configuration, answers the parent and becomes the server. Returns only on failure.
#[cfg(unix)]
pub(super) fn become_server(binary: &Path, boot: &Boot, tell: impl Fn(&Answer) -> bool) -> Answer {
    use std::os::unix::process::CommandExt as _;
    let port = match super::child::bind(boot.port).and_then(|listener| listener.local_addr()) {
        Ok(address) => address.port(),
        Err(error) => {
            let reason = error.to_string();
            return Answer::Port {
                port: boot.port,
                reason,
            };
        }
    };
    let files = match ServerFiles::write(&boot.path, port, &boot.credentials) {
        Ok(files) => files,
        Err(error) => {
            let reason = format!("{}: {error}", boot.path.display());
            return Answer::Failed { reason };
        }
    };
    if !binary.is_file() {
        let reason = format!("clickhouse.binary = {}: no such file", binary.display());
        return Answer::Failed { reason };
    }
    // Told before the server answers: the parent asks it until it does.
    let version = "server".to_owned();
    if !tell(&Answer::Ready { port, version }) {
        return Answer::Failed {
            reason: "the parent is gone".into(),
        };
    }
    let error = std::process::Command::new(binary)
        .arg("server")
        .arg("--config-file")
        .arg(&files.config)
        .current_dir(&boot.path)
        .exec();
    Answer::Failed {
        reason: format!("{}: {error}", binary.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_listens_on_loopback_and_holds_no_password() {
        let dir = tempfile::tempdir().unwrap();
        let credentials = Credentials::generate();
        let files = ServerFiles::write(&dir.path().join("a&b"), 8123, &credentials).unwrap();
        let config = fs::read_to_string(&files.config).unwrap();
        assert!(
            config.contains("<listen_host>127.0.0.1</listen_host>")
                && config.contains("<http_port>8123<")
        );
        assert!(config.contains("a&amp;b/users.xml") && !config.contains("tcp_port"));
        let users = fs::read_to_string(files.config.with_file_name("users.xml")).unwrap();
        for password in [&credentials.password, &credentials.reader_password] {
            assert!(!users.contains(password.as_str()) && users.contains(&sha256_hex(password)));
        }
        assert!(
            users.contains("<readonly>1</readonly>")
                && users.contains("GRANT SELECT, SHOW ON hypernode.*")
        );
        for text in [config, users] {
            let opened =
                text.matches('<').count() - text.matches("</").count() - text.matches("/>").count();
            assert_eq!(opened, text.matches("</").count(), "tags are balanced");
        }
    }
}
