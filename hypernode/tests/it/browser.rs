//! A real Chromium, told what to do by its DevTools protocol over a pipe.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use base64_simd::STANDARD;
use serde_json::{Value, json};

use crate::support::{text, wait_for};

/// One browser with one page; killed when dropped.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    calls: u64,
    session: Option<String>,
    /// What the page complained about: exceptions, and everything that its policy refused.
    pub(crate) complaints: Vec<String>,
}

impl Browser {
    /// Starts it with an empty profile in this folder.
    pub(crate) fn start(profile: &Path) -> Self {
        // The protocol's pipe is file descriptors 3 and 4, which a shell can make of the ones that we can give.
        let command = "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut child = Command::new("sh")
            .args(["-c", command, "sh", "--remote-debugging-pipe"])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
            ])
            .args([
                "--no-first-run",
                "--disable-sync",
                "--disable-component-update",
            ])
            .args(["--disable-background-networking", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", text(profile)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell runs");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut browser = Self {
            child,
            to,
            from,
            calls: 0,
            session: None,
            complaints: Vec::new(),
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, &json!({}));
        }
        browser
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut line = message.to_string().into_bytes();
        line.push(0);
        self.to
            .write_all(&line)
            .expect("chromium runs; scripts/test installs it");
        loop {
            let mut answer = Vec::new();
            let read = self.from.read_until(0, &mut answer).expect("a pipe");
            assert!(read > 0, "chromium ended; scripts/test installs it");
            answer.pop();
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            if answer["id"] == self.calls {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.hear(&answer);
        }
    }

    fn hear(&mut self, event: &Value) {
        let entry = &event["params"]["entry"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                let details = &event["params"]["exceptionDetails"];
                self.complaints.push(details.to_string());
            }
            Some("Log.entryAdded") if entry["level"] == "error" => {
                self.complaints.push(entry.to_string());
            }
            _ => {}
        }
    }

    /// Goes to an address and waits until it is loaded.
    pub(crate) fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
        let loaded = format!(
            "document.readyState === 'complete' && location.href.startsWith({})",
            json!(url)
        );
        self.until("the page is loaded", &loaded);
    }

    /// What an expression gives; a promise is waited for.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &params);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].clone()
    }

    /// The same as text.
    pub(crate) fn text(&mut self, expression: &str) -> String {
        let value = self.evaluate(expression);
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    }

    /// Waits until a condition holds.
    pub(crate) fn until(&mut self, what: &str, condition: &str) {
        wait_for(what, Duration::from_secs(60), || {
            (self.evaluate(condition) == true).then_some(())
        });
    }

    /// The size of the window, as of a phone below 500 pixels.
    pub(crate) fn width(&mut self, width: u32) {
        let phone = width < 500;
        let metrics =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// `light` or `dark`, and no motion.
    pub(crate) fn scheme(&mut self, scheme: &str) {
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.call("Emulation.setEmulatedMedia", &features);
    }

    /// Whether pages may run scripts.
    pub(crate) fn scripts(&mut self, run: bool) {
        self.call(
            "Emulation.setScriptExecutionDisabled",
            &json!({ "value": !run }),
        );
    }

    /// Opens an address with a script that runs before the page's own.
    pub(crate) fn open_with(&mut self, url: &str, script: &str) {
        let added = self.call(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({ "source": script }),
        );
        self.open(url);
        self.call("Page.removeScriptToEvaluateOnNewDocument", &added);
    }

    /// A picture of the whole page.
    pub(crate) fn screenshot(&mut self, file: &Path) {
        let params = json!({ "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", &params);
        let picture = picture["data"].as_str().expect("a picture");
        let bytes = STANDARD.decode_to_vec(picture).expect("base64");
        std::fs::write(file, bytes).expect("a file");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
