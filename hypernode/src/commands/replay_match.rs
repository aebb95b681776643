//! `hypernode replay-match`: a decision of the matchmaker, made again from its receipt.

use std::path::Path;
use std::time::Duration;

use hypernode_dispatch::ids::JobId;
use hypernode_dispatch::paper::{Explained, Forged, Replayed, Signed};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::ReplayMatch;
use crate::config::{self, check, keys::Kind};
use crate::exit::{Failure, OrCannotStart as _, Outcome, explain};
use crate::out::say;
use crate::pinned;
use crate::running::Running;

/// Largest file of receipts, and largest answer.
const LARGEST: usize = 64 << 20;
/// Answers that are read of one job.
const MOST_PAGES: usize = 200;

/// Decisions with the key that they are said to be signed by.
struct Given {
    key: Option<String>,
    job: Option<JobId>,
    decisions: Vec<Signed>,
}

type Verdict = (Option<(JobId, u32)>, Result<Replayed, Forged>);

pub(crate) async fn run(args: &ReplayMatch) -> Outcome {
    let given = match (&args.file, &args.job) {
        (Some(file), _) => from_file(file)?,
        (None, Some(job)) => from_api(args, job).await?,
        (None, None) => return Err(Failure::start("replay-match", "name --job or --file")),
    };
    let Some(key) = args.key.clone().or(given.key) else {
        let why = "the file names no key: give the dispatcher's, as GET /api/dispatch/key tells it";
        return Err(Failure::start("--key", why));
    };
    check::pubkey(&key).map_err(|why| Failure::start("--key", format!("{key:?} {why}")))?;
    if given.decisions.is_empty() {
        return Err(Failure::start(
            "replay-match",
            "there is no decision yet: no node was offered the job",
        ));
    }
    let of = |signed: &Signed| {
        #[derive(Deserialize)]
        struct Name {
            job: JobId,
            fence: u32,
        }
        let name: Option<Name> = serde_json::from_str(signed.receipt.get()).ok();
        name.map(|name| (name.job, name.fence))
    };
    let verdicts: Vec<Verdict> = given
        .decisions
        .iter()
        .map(|signed| (of(signed), signed.replay(&key, given.job)))
        .collect();
    let wrong = verdicts.iter().filter(|(_, held)| held.is_err()).count();
    if args.json {
        say!("{}", in_json(&key, &verdicts));
    } else {
        verdicts.iter().for_each(tell);
        say!("{}", if wrong == 0 { "MATCH" } else { "MISMATCH" });
    }
    match wrong {
        0 => Ok(()),
        n => Err(Failure::No(format!(
            "{n} of {} decisions do not follow from their receipts",
            verdicts.len()
        ))),
    }
}

fn tell((name, held): &Verdict) {
    let name = match name {
        Some((job, fence)) => format!("job {job} fence {fence}"),
        None => "a receipt".to_owned(),
    };
    match held {
        Ok(held) => {
            let seed = if held.seed_verified {
                "seed verified by the day's secret"
            } else {
                "seed unverified: the day's secret is told when its day is over"
            };
            say!(
                "{name}: {} of {} eligible nodes; signature good; {seed}",
                held.chosen,
                held.eligible
            );
        }
        Err(why) => say!("{name}: {why}"),
    }
}

fn in_json(key: &str, verdicts: &[Verdict]) -> Value {
    let decisions: Vec<Value> = verdicts
        .iter()
        .map(|(name, held)| match held {
            Ok(held) => json!({ "match": true, "replayed": held }),
            Err(why) => json!({
                "match": false,
                "job": name.map(|(job, _)| job),
                "fence": name.map(|(_, fence)| fence),
                "why": why.to_string(),
            }),
        })
        .collect();
    let verdict = match verdicts.iter().all(|(_, held)| held.is_ok()) {
        true => "MATCH",
        false => "MISMATCH",
    };
    json!({ "verdict": verdict, "key": key, "decisions": decisions })
}

/// A file holds an answer of `explain`, or one of its decisions.
fn from_file(path: &Path) -> Outcome<Given> {
    let what = format!("--file {}", path.display());
    let size = std::fs::metadata(path).or_cannot_start(&what)?.len();
    if size > LARGEST as u64 {
        return Err(Failure::start(what, "is larger than 64 MiB"));
    }
    let text = std::fs::read_to_string(path).or_cannot_start(&what)?;
    if let Ok(told) = serde_json::from_str::<Explained>(&text) {
        return Ok(Given {
            key: Some(told.key),
            job: Some(told.job_id),
            decisions: told.decisions,
        });
    }
    #[derive(Deserialize)]
    struct One {
        key: Option<String>,
        #[serde(flatten)]
        rest: serde_json::Map<String, Value>,
    }
    let one: One = serde_json::from_str(&text).or_cannot_start(&what)?;
    let signed = serde_json::from_value(Value::Object(one.rest)).map_err(|error| {
        let why = format!(
            "{error}: it must hold an answer of /api/jobs/{{id}}/explain, or one of its decisions"
        );
        Failure::start(&what, why)
    })?;
    Ok(Given {
        key: one.key,
        job: None,
        decisions: vec![signed],
    })
}

async fn from_api(args: &ReplayMatch, job: &str) -> Outcome<Given> {
    let job: JobId = job
        .parse()
        .map_err(|error| Failure::start(format!("--job {job}"), error))?;
    let settings = config::load(&args.common)?;
    let running = Running::find(&settings.path("data.dir").unwrap_or_default());
    let mut client = reqwest::Client::builder()
        .timeout(Duration::from_secs(15))
        .no_proxy();
    let own = args.api.is_none();
    if let Some(certificate) = running
        .as_ref()
        .and_then(|r| r.certificate.as_ref())
        .filter(|_| own)
    {
        client = client.tls_backend_preconfigured(pinned::to(certificate)?);
    }
    let client = client.build().or_cannot_start("replay-match")?;
    let found = running.and_then(|running| running.endpoints.api);
    let api = args.api.clone().or(found);
    let api = api.unwrap_or_else(|| "http://127.0.0.1:3001".to_owned());
    check::value("--api", Kind::Url, &api)
        .map_err(|(why, fix)| Failure::start("--api", format!("{why}; {fix}")))?;
    let api = api.trim_end_matches('/');

    // The key is asked for by itself: an answer cannot bring along a key that suits it.
    #[derive(Deserialize)]
    struct Key {
        key: String,
    }
    let Key { key } = get(&client, &format!("{api}/api/dispatch/key")).await?;
    let mut given = Given {
        key: Some(key),
        job: Some(job),
        decisions: Vec::new(),
    };
    let mut url = format!("{api}/api/jobs/{job}/explain");
    for _ in 0..MOST_PAGES {
        let told: Explained = get(&client, &url).await?;
        given.decisions.extend(told.decisions);
        let Some(next) = told.next else { break };
        url = format!("{api}/api/jobs/{job}/explain?after={next}");
    }
    Ok(given)
}

async fn get<T: serde::de::DeserializeOwned>(client: &reqwest::Client, url: &str) -> Outcome<T> {
    let fail = |error: reqwest::Error| Failure::start(url, explain(&error.into()));
    let mut answer = client.get(url).send().await.map_err(fail)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(fail)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Failure::start(url, "answers with more than 64 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let why = said["error"]
            .as_str()
            .unwrap_or("no decision is told there");
        return Err(Failure::start(url, format!("{status}: {why}")));
    }
    serde_json::from_slice(&body).or_cannot_start(url)
}
