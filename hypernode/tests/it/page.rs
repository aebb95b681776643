//! The page in a real Chromium.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::browser::Browser;
use crate::support::{Instance, block_on, sql, wait_for};

/// Most bytes of the page.
const MOST: usize = 100_000;
/// Colours of text and what they stand on, as the style names them.
const PAIRS: [(&str, &str); 13] = [
    ("ink", "ground"),
    ("ink", "card"),
    ("soft", "ground"),
    ("soft", "card"),
    ("accent", "ground"),
    ("accent", "card"),
    ("good", "ground"),
    ("good", "card"),
    ("bad", "ground"),
    ("bad", "card"),
    ("notice-ink", "notice"),
    ("on-accent", "accent"),
    ("ground", "ink"),
];

/// An instance whose chain is far enough for scores, and a browser.
fn start(folder: &Path) -> (Instance, Browser) {
    let data = folder.join("data");
    std::fs::create_dir(&data).expect("a folder");
    let instance = Instance::start(&data, &[]);
    wait_for("a score of evidence", Duration::from_secs(120), || {
        let scores = "SELECT count() FROM reputation WHERE jobs_good > 0";
        (sql(&data, scores) != "0").then_some(())
    });
    (instance, Browser::start(&folder.join("profile")))
}

// I-17.
#[test]
fn the_page_says_everything_without_javascript() {
    let folder = tempfile::tempdir().expect("a folder");
    let (instance, mut browser) = start(folder.path());
    let url = format!("{}/", instance.endpoint("api"));
    let html = block_on(async {
        let answer = reqwest::get(format!("{url}?limit=500")).await;
        answer.expect("an answer").text().await.expect("text")
    });
    assert!(html.len() < MOST, "{} bytes", html.len());
    browser.scripts(false);
    for width in [320, 360, 1280] {
        browser.width(width);
        browser.open(&url);
        let page = browser.text("document.body.innerText");
        for words in [
            "localnet (simulated)",
            "Simulated network.",
            "How a score is made",
            "hypernode audit",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let empty = "[...document.querySelectorAll('[data-live]')].filter(e => !e.checkVisibility() || !/\\d|confirmed/.test(e.innerText)).map(e => e.outerHTML).join()";
        assert_eq!(browser.text(empty), "", "figures that cannot be seen");
        let count = |browser: &mut Browser, selector: &str| {
            let count =
                browser.evaluate(&format!("document.querySelectorAll({selector:?}).length"));
            count.as_u64().expect("a number")
        };
        assert_eq!(
            count(&mut browser, "a[href^='/api/validation/figures/']"),
            18
        );
        assert!(count(&mut browser, "#receipts a[href^='/tx/']") > 0);
        assert!(count(&mut browser, "#nodes a[href*='/reputation/proof?slot=']") > 0);
        assert_eq!(
            browser.evaluate("document.querySelector('#recompute button').checkVisibility()"),
            false
        );
        no_overflow(&mut browser, width);
        // The greatest sums and the longest labels that there can be.
        browser.evaluate(
            "document.querySelectorAll('[data-live]').forEach((place) => place.textContent = '36,893,488,147,419,103,232.00'); \
             document.querySelectorAll('bdi').forEach((place) => place.textContent = 'W'.repeat(40))",
        );
        no_overflow(&mut browser, width);
    }
    let receipt = browser.text("document.querySelector('#receipts a').href");
    browser.open(&receipt);
    let transaction = browser.text("document.body.innerText");
    assert!(
        transaction.contains("Succeeded") && transaction.contains("simulated"),
        "{transaction}"
    );
    assert_eq!(browser.complaints, [""; 0]);
    drop(browser);
    assert_eq!(instance.stop(), Some(0));
}

#[test]
fn the_page_follows_the_chain_and_recomputes_a_score() {
    let folder = tempfile::tempdir().expect("a folder");
    let (instance, mut browser) = start(folder.path());
    let url = format!("{}/", instance.endpoint("api"));
    without_events(&mut browser, &url);
    browser.open(&url);
    browser.evaluate("window.mark = 'not loaded again'");
    let slot = browser.text("document.getElementById('as_of').innerText");
    browser.until(
        "the slot moves",
        &format!("document.getElementById('as_of').innerText !== {slot:?}"),
    );
    assert_eq!(browser.text("window.mark"), "not loaded again");
    browser.until(
        "it is called live",
        "document.getElementById('state').innerText.startsWith('Live')",
    );
    recomputed(&mut browser);
    proofs_of_many_pages(&mut browser);
    assert_eq!(browser.complaints, [""; 0]);

    // An instance that stops does not wait for those who listen, and what it said last is not called live.
    let start = std::time::Instant::now();
    assert_eq!(instance.stop(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    let lost = "document.getElementById('state').innerText === `Connection lost, figures of slot ${document.getElementById('as_of').innerText}.`";
    browser.until("the page says that it is not live", lost);
}

/// Where no events come, the page is asked for again, and says so.
fn without_events(browser: &mut Browser, url: &str) {
    let refused = "window.EventSource = class extends EventTarget { constructor() { super(); setTimeout(() => this.onerror?.()); } close() {} }";
    browser.open_with(url, refused);
    let slot = browser.text("document.getElementById('as_of').innerText");
    browser.until(
        "newer figures, not called live",
        &format!(
            "document.getElementById('as_of').innerText !== {slot:?} \
             && document.getElementById('state').innerText === `Asked for every 5 s, figures of slot ${{document.getElementById('as_of').innerText}}.`"
        ),
    );
}

/// The button's answers: a match, a mismatch where the server's number is another, words where there is no proof.
fn recomputed(browser: &mut Browser) {
    let result = "document.querySelector('#recompute [role=status]').innerText";
    let click = "document.querySelector('#recompute button').click()";
    browser.evaluate(click);
    browser.until("a verdict", &format!("/^(MIS)?MATCH/.test({result})"));
    let said = browser.text(result);
    let score = browser.text("document.querySelector('.steps strong').innerText");
    let line = format!("MATCH: your browser computes {score}, the server says {score}.");
    assert!(said.starts_with(&line), "{said}");
    assert!(said.contains("of evidence by"), "{said}");

    browser.evaluate(
        "window.real = window.fetch; window.fetch = async (...all) => { const body = await (await real(...all)).json(); \
         return Response.json({ ...body, score: body.score + 1 }); }",
    );
    browser.evaluate(click);
    browser.until(
        "another verdict",
        &format!("{result}.startsWith('MISMATCH')"),
    );
    let said = browser.text(result);
    assert!(said.contains(&format!("score: {score} here")), "{said}");

    browser.evaluate(
        "window.fetch = async () => Response.json({ error: 'no such slot' }, { status: 404 })",
    );
    browser.evaluate(click);
    browser.until(
        "words",
        &format!("{result}.includes('could not be recomputed')"),
    );
    assert!(browser.text(result).contains("no such slot"));
    browser.evaluate("window.fetch = window.real");
}

#[test]
fn the_page_can_be_read_by_everyone_in_light_and_dark() {
    let folder = tempfile::tempdir().expect("a folder");
    let (instance, mut browser) = start(folder.path());
    let url = format!("{}/", instance.endpoint("api"));
    let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&pictures).expect("a folder");
    for (width, scheme) in [
        (1280, "light"),
        (1280, "dark"),
        (390, "light"),
        (390, "dark"),
        (360, "light"),
    ] {
        browser.width(width);
        browser.scheme(scheme);
        browser.open(&url);
        browser.until(
            "the stream is open",
            "document.getElementById('state').innerText.startsWith('Live')",
        );
        browser.evaluate("document.querySelector('#recompute button').click()");
        browser.until("a verdict", "document.querySelector('.verdict') !== null");
        no_overflow(&mut browser, width);
        for (text, ground) in PAIRS {
            let ratio = contrast(&mut browser, text, ground);
            assert!(ratio >= 4.5, "{text} on {ground}, {scheme}: {ratio}");
        }
        browser.screenshot(&pictures.join(format!("{width}-{scheme}.png")));
        // The same at 390 pixels in the light would only take longer.
        if (width, scheme) != (390, "light") {
            accessible(&mut browser, &format!("{width} {scheme}"));
        }
    }
    // The first stop of the keyboard leads past the header, and shows where it is.
    browser.evaluate("document.querySelector('.skip').focus()");
    assert_eq!(
        browser.evaluate("document.querySelector('.skip').getBoundingClientRect().left >= 0"),
        true
    );
    assert_eq!(browser.complaints, [""; 0]);
    drop(browser);
    assert_eq!(instance.stop(), Some(0));
}

/// A day that goes on over pages is one day, one requester adds eight units at most, and no job counts twice.
fn proofs_of_many_pages(browser: &mut Browser) {
    let made = "const job = (n) => ({ job: `j${n}`, program: 'p', kind: 'good', units: '1048576', signature: 's' }); \
        const page = (n, jobs) => ({ node_id: 'n', slot: 7, version: 1, block_time: 86400, page: n, pages: 3, score: 802, \
        jobs: { good: 12 }, forge: null, entries: [{ requester: 'a', day: 1, evidence: jobs.map(job) }] });";
    let judged = |browser: &mut Browser, last: &str, told: &str| {
        browser.text(&format!(
            "import('/web/recompute.js').then(async ({{ fetchProof, judge }}) => {{ {made} \
             const pages = [page(1, [0, 1, 2, 3]), page(2, [4, 5, 6, 7]), page(3, {last})]; \
             const {{ here, jobs, requesters, pages: all }} = judge(await fetchProof('n', '7', () => {{}}, async (id, slot, n) => pages[n - 1])); \
             return {told}; }}).catch((error) => error.message)"
        ))
    };
    let told = "[here, jobs, requesters, all].join()";
    assert_eq!(judged(browser, "[8, 9, 10, 11]", told), "802,12,1,3");
    assert_eq!(
        judged(browser, "[7]", told),
        "the proof counts job j7 twice"
    );
}

/// The page itself never scrolls sideways.
fn no_overflow(browser: &mut Browser, width: u32) {
    let wide = browser
        .evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)");
    let beyond = format!(
        "[...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > {width}) \
         .slice(0, 5).map((one) => one.outerHTML.slice(0, 200))"
    );
    assert!(
        wide.as_u64().is_some_and(|wide| wide <= width.into()),
        "{wide} of {width} pixels: {}",
        browser.evaluate(&beyond)
    );
}

/// The contrast of two colours of the style, as WCAG 2 defines it.
fn contrast(browser: &mut Browser, text: &str, ground: &str) -> f64 {
    let mut luminance = |name: &str| {
        let colour = browser.text(&format!(
            "getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()"
        ));
        let channel = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).expect("a colour");
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (one, two) = (luminance(text), luminance(ground));
    (one.max(two) + 0.05) / (one.min(two) + 0.05)
}

/// Nothing that axe-core finds against WCAG A and AA. Without it (`npm --prefix web ci`) this is skipped, but never in CI.
fn accessible(browser: &mut Browser, what: &str) {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/node_modules/axe-core/axe.min.js");
    let Ok(axe) = std::fs::read_to_string(&file) else {
        assert!(std::env::var_os("CI").is_none(), "no {}", file.display());
        eprintln!("skipped: no {}", file.display());
        return;
    };
    browser.evaluate(&format!("{axe}; undefined"));
    let found = browser.evaluate(
        "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(({ violations, passes }) => \
         ({ passes: passes.length, violations: violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => [html, failureSummary]) })) }))",
    );
    assert!(found["passes"].as_u64() > Some(10), "{what}: {found}");
    assert_eq!(
        found["violations"],
        Value::Array(Vec::new()),
        "{what}: {found:#}"
    );
}
