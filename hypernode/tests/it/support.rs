//! The binary as a child process, and what a person would ask it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary under test.
pub(crate) fn hypernode(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hypernode"));
    // A developer's own settings must not reach the tests; the engine's location may.
    for (name, _) in std::env::vars() {
        if name.starts_with("HYPERNODE__") && name != "HYPERNODE__CLICKHOUSE__LIBRARY" {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    hypernode(args).output().expect("the binary runs")
}

/// What it printed on standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What it printed on standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// The recorded input, or `None` (said aloud) where it is absent; with `CI=true` absence fails.
pub(crate) fn test_data() -> Option<PathBuf> {
    let folder = std::env::var_os("HYPERNODE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "no test data at {}",
        folder.display()
    );
    eprintln!(
        "skipped: no test data at {} (HYPERNODE_TEST_DATA)",
        folder.display()
    );
    None
}

/// A running `hypernode up` on free ports; killed when dropped.
pub(crate) struct Instance {
    child: Child,
    pub(crate) data: PathBuf,
    pub(crate) run: Value,
}

/// Ports that are free, whatever else runs on this machine.
pub(crate) const FREE_PORTS: [&str; 10] = [
    "--set",
    "api.port=0",
    "--set",
    "api.second_port=0",
    "--set",
    "clickhouse.port=0",
    "--set",
    "localnet.geyser_port=0",
    "--set",
    "localnet.rpc_port=0",
];

impl Instance {
    /// Starts it and waits for `run.json`.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        Self::start_as("up", data, more)
    }

    /// The same of another role.
    pub(crate) fn start_as(role: &str, data: &Path, more: &[&str]) -> Self {
        let mut args = vec![role, "--data", text(data)];
        args.extend(FREE_PORTS);
        args.extend(more);
        let log = std::fs::File::create(data.with_extension("log")).expect("a log file");
        let child = hypernode(&args)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary runs");
        let mut instance = Self {
            child,
            data: data.to_owned(),
            run: Value::Null,
        };
        let pid = instance.child.id();
        instance.run = wait_for("run.json", Duration::from_secs(60), || {
            let text = std::fs::read_to_string(data.join("run.json")).ok()?;
            let run: Value = serde_json::from_str(&text).ok()?;
            (run["pid"] == pid).then_some(run)
        });
        instance
    }

    pub(crate) fn endpoint(&self, name: &str) -> String {
        self.run["endpoints"][name]
            .as_str()
            .expect("an endpoint")
            .to_owned()
    }

    /// GET of the API, as JSON.
    pub(crate) fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.endpoint("api"));
        block_on(async {
            reqwest::get(&url)
                .await
                .expect("an answer")
                .json()
                .await
                .expect("JSON")
        })
    }

    /// JSON-RPC to localnet.
    pub(crate) fn rpc(&self, method: &str, params: &Value) -> Value {
        let body =
            serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let url = self.endpoint("rpc");
        let answer: Value = block_on(async {
            let request = reqwest::Client::new().post(url).json(&body);
            request
                .send()
                .await
                .expect("an answer")
                .json()
                .await
                .expect("JSON")
        });
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Asks it to stop and waits; returns its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("-TERM");
        let child = &mut self.child;
        wait_for("the end", Duration::from_secs(120), || {
            child.try_wait().expect("a child")
        })
        .code()
    }

    /// Its exit code, if it has ended by itself (`None` within: by a signal).
    pub(crate) fn ended(&mut self) -> Option<Option<i32>> {
        let status = self.child.try_wait().expect("a child")?;
        Some(status.code())
    }

    /// Ends it without any warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
            eprintln!("---- log of the instance\n{log}");
        }
    }
}

/// Repeats a question until it has an answer.
pub(crate) fn wait_for<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            start.elapsed() < limit,
            "{what} did not come within {limit:?}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    // Plain HTTP on loopback only, but the client asks for a provider when it is built.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// One value from `hypernode sql`.
pub(crate) fn sql(data: &Path, query: &str) -> String {
    let output = run(&[
        "sql",
        "--data",
        text(data),
        "--set",
        "clickhouse.port=0",
        "--format",
        "TSV",
        query,
    ]);
    assert!(output.status.success(), "{query}: {}", stderr(&output));
    stdout(&output).trim_end().to_owned()
}

/// Rows of every table except bookkeeping, as `table<TAB>rows` lines.
pub(crate) fn row_counts(data: &Path) -> String {
    let query = "SELECT name, total_rows FROM system.tables WHERE database = currentDatabase() \
                 AND engine LIKE '%MergeTree' AND total_rows > 0 ORDER BY name";
    sql(data, query)
}
