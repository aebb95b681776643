//! A job as it is submitted: read, bounded, and put into the words of dispatch.

use hypernode_state::{Address, limits};
use hypernode_wire::Catalog;
use serde_json::{Map, Value};

use super::chain::OnChain;
use super::{DeskError, JOB_TYPES};
use crate::asked::{Limits, amount, is_nothing, needs, work};
use crate::content::Content;
use crate::job::{PRIORITIES, Pay};
use crate::matching::Needs;

/// The longest run where nothing is said, in seconds.
const DURATION_S: u32 = 3_600;
/// The priority where nothing is said.
const PRIORITY: u8 = 5;
/// Bytes of a nonce.
const NONCE: usize = 64;
/// What the words of a job on chain add to its content, at most.
const CHAINED: usize = 1 << 10;

/// A job as it is submitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// What is kept and sent.
    pub content: Content,
    /// What it needs of a machine.
    pub needs: Needs,
    /// Raw HYPER; 0 for no cap and no payment.
    pub budget: u64,
    /// Longest run, in seconds.
    pub max_duration_s: u32,
    /// Attempts after the first.
    pub max_retries: u8,
    /// 0 to 9.
    pub priority: u8,
    /// For the draw.
    pub nonce: Vec<u8>,
    /// It is to be created on chain.
    pub chain: Option<OnChain>,
}

impl Wanted {
    /// Reads what `owner` submits. What is null, 0, false or "" counts as not said, as with the old server.
    ///
    /// # Errors
    /// [`DeskError::JobType`], [`DeskError::Wrong`] with the field's name, [`DeskError::TooLarge`].
    pub fn read(
        body: &Map<String, Value>,
        owner: Address,
        catalog: &Catalog,
        limits: &Limits,
    ) -> Result<Self, DeskError> {
        let get = |name: &str| body.get(name).unwrap_or(&Value::Null);
        let job_type = get("jobType").as_str().filter(|of| JOB_TYPES.contains(of));
        let job_type = job_type.ok_or(DeskError::JobType)?.to_owned();
        let budget = amount::raw(get("budget"), limits.decimals, limits.most_budget)
            .map_err(|error| wrong(&format!("budget {error}")))?;
        let max_duration_s = whole(get("maxDuration"), "maxDuration", 1, limits.longest_s)?;
        let max_duration_s = max_duration_s.unwrap_or(DURATION_S.min(limits.longest_s));
        let (content, mut needs, chain) = match get("chain") {
            Value::Null => {
                let (content, needs) = content(body, job_type, owner, catalog, limits)?;
                (content, needs, None)
            }
            asked => {
                let (content, needs, chain) =
                    OnChain::read(asked, body, job_type, owner, catalog, limits)?;
                (content, needs, Some(chain))
            }
        };
        needs.max_ask = (budget > 0).then(|| budget / u64::from(max_duration_s));
        let most = match chain {
            Some(_) => limits::CONTENT - CHAINED,
            None => limits::CONTENT,
        };
        let size = serde_json::to_vec(&content).map_or(usize::MAX, |bytes| bytes.len());
        if size > most {
            return Err(DeskError::TooLarge(most));
        }
        Ok(Self {
            content,
            needs,
            budget,
            max_duration_s,
            // 0 says something here: no second attempt.
            max_retries: small(get("maxRetries"), "maxRetries", limits.most_retries)?
                .unwrap_or(limits.retries),
            priority: small(get("priority"), "priority", PRIORITIES - 1)?.unwrap_or(PRIORITY),
            nonce: nonce(get("nonce"))?,
            chain,
        })
    }

    /// Who pays what.
    pub fn pay(&self) -> Pay {
        match (&self.chain, self.budget) {
            (Some(chain), _) => Pay::OnChain(chain.price),
            (None, 0) => Pay::Nothing,
            (None, budget) => Pay::UpTo(budget),
        }
    }
}

/// What is run of a job that stays off chain. What is null, 0, false or "" counts as not said.
fn content(
    body: &Map<String, Value>,
    job_type: String,
    owner: Address,
    catalog: &Catalog,
    limits: &Limits,
) -> Result<(Content, Needs), DeskError> {
    let get = |name: &str| body.get(name).unwrap_or(&Value::Null);
    let model = work::model(get("model"))?;
    let input = match get("input") {
        value if is_nothing(value) => Value::Object(Map::new()),
        value => value.clone(),
    };
    let (requirements, mut needs) = needs::read(get("requirements"), owner, limits)?;
    let content = Content {
        job_type,
        model,
        input,
        requirements,
        manifest: work::manifest(get("manifest"))?,
        args: work::args(get("args"))?,
    };
    work::bind(&content, catalog, owner, &mut needs)?;
    Ok((content, needs))
}

fn nonce(value: &Value) -> Result<Vec<u8>, DeskError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(nonce) if nonce.len() <= NONCE => Ok(nonce.clone().into_bytes()),
        _ => Err(wrong("nonce must be a text of at most 64 bytes")),
    }
}

/// A whole number from `least` on; nothing where nothing is said.
fn whole(value: &Value, name: &str, least: u32, most: u32) -> Result<Option<u32>, DeskError> {
    if is_nothing(value) {
        return Ok(None);
    }
    let number = value.as_u64().and_then(|number| number.try_into().ok());
    let number = number.filter(|number| (least..=most).contains(number));
    let must = || {
        wrong(&format!(
            "{name} must be a whole number from {least} to {most}"
        ))
    };
    number.map(Some).ok_or_else(must)
}

/// A whole number from 0 on, where 0 is a number.
fn small(value: &Value, name: &str, most: u8) -> Result<Option<u8>, DeskError> {
    if value.is_null() {
        return Ok(None);
    }
    let number = value.as_u64().and_then(|number| number.try_into().ok());
    let number = number.filter(|number| *number <= most);
    let must = || wrong(&format!("{name} must be a whole number from 0 to {most}"));
    number.map(Some).ok_or_else(must)
}

fn wrong(text: &str) -> DeskError {
    DeskError::Wrong(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ME: Address = Address([1; 32]);

    fn of(body: Value) -> Result<Wanted, DeskError> {
        let Value::Object(body) = body else {
            panic!("an object")
        };
        let mut catalog = Catalog::default();
        let burn = r#"[{"id": "burn", "job_type": "render", "command": ["gpu-burn",
            {"arg": "seconds", "is": {"int": {"min": 1, "max": 60}}}]}]"#;
        catalog.add_json(burn).expect("a manifest");
        Wanted::read(&body, ME, &catalog, &Limits::default())
    }

    #[test]
    fn what_is_not_said_is_as_the_old_server_has_it() {
        let wanted =
            of(json!({"jobType": "llm_inference", "model": "", "input": null, "budget": 0}));
        let wanted = wanted.expect("a job");
        assert_eq!(
            (wanted.content.model.as_str(), &wanted.content.input),
            ("default", &json!({}))
        );
        assert_eq!(wanted.content.requirements, needs::assumed());
        assert_eq!(
            (wanted.budget, wanted.max_duration_s, wanted.max_retries),
            (0, 3_600, 3)
        );
        assert_eq!((wanted.pay(), wanted.needs.max_ask), (Pay::Nothing, None));
    }

    // I-48.
    #[test]
    fn only_a_manifest_reaches_hosts_that_are_neither_sandboxed_nor_the_submitter_s() {
        let free = of(json!({"jobType": "render", "input": {"command": "reboot"}})).expect("a job");
        assert!(free.needs.free == Some(ME) && free.needs.owner.is_none());
        let own =
            of(json!({"jobType": "render", "requirements": {"ownHosts": true}})).expect("a job");
        assert!(own.needs.free == Some(ME) && own.needs.owner == Some(ME));
        let bound = of(json!({"jobType": "render", "manifest": "burn", "args": {"seconds": 5}}));
        let bound = bound.expect("a job");
        assert!(bound.needs.free.is_none() && bound.needs.owner.is_none());
    }

    #[test]
    fn a_budget_bears_an_ask_by_its_duration() {
        let wanted =
            of(json!({"jobType": "render", "budget": 10, "maxDuration": 300})).expect("a job");
        assert_eq!(
            (wanted.pay(), wanted.needs.max_ask),
            (Pay::UpTo(10_000_000), Some(33_333))
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        assert!(matches!(
            of(json!({"jobType": "mining"})),
            Err(DeskError::JobType)
        ));
        assert!(matches!(of(json!({})), Err(DeskError::JobType)));
        for (field, value, says) in [
            ("model", json!(7), "model"),
            ("budget", json!(-1), "budget"),
            ("budget", json!(1e12), "budget"),
            ("maxDuration", json!(86_401), "maxDuration"),
            ("maxDuration", json!(1.5), "maxDuration"),
            ("maxRetries", json!(11), "maxRetries"),
            ("priority", json!(10), "priority"),
            ("priority", json!("high"), "priority"),
            ("nonce", json!("x".repeat(65)), "nonce"),
            ("manifest", json!("rm"), "allowed are: burn, test"),
            ("manifest", json!(["test"]), "manifest"),
            ("args", json!({"seconds": 5}), "manifest"),
            ("args", json!([1]), "args"),
        ] {
            let mut body = json!({"jobType": "render"});
            body[field] = value;
            let error = of(body.clone()).expect_err("refused").to_string();
            assert!(error.contains(says), "{body}: {error}");
        }
        for (body, says) in [
            (json!({"jobType": "render", "manifest": "burn"}), "seconds"),
            (
                json!({"jobType": "render", "manifest": "burn", "args": {"seconds": 61}}),
                "60",
            ),
            (
                json!({"jobType": "render", "manifest": "burn", "args": {"seconds": "5; reboot"}}),
                "60",
            ),
            (
                json!({"jobType": "llm_inference", "manifest": "burn", "args": {"seconds": 5}}),
                "render",
            ),
        ] {
            let error = of(body.clone()).expect_err("refused").to_string();
            assert!(error.contains(says), "{body}: {error}");
        }
        let large = of(json!({"jobType": "render", "input": "x".repeat(limits::CONTENT)}));
        assert!(matches!(large, Err(DeskError::TooLarge(_))));
    }
}
