//! A job that is to be created on chain: what its client says of it, what it is to sign, and what it signed.

use hypernode_state::sends::GetSend;
use hypernode_state::{Address, StoreExt};
use hypernode_wire::{Args, Catalog};
use serde_json::{Map, Value};
use tokio::sync::MutexGuard;

use super::wanted::Wanted;
use super::{Desk, DeskError, Submit};
use crate::asked::{Limits, amount, is_nothing};
use crate::bridge::write::send::Stage;
use crate::bridge::write::{self, Clerk, Kept, LONGEST, Ready, Unsigned, name};
use crate::bridge::{Body, OnChainTerms};
use crate::content::Content;
use crate::ids::JobId;
use crate::matching::Needs;

/// What may be said of a job on chain.
const FIELDS: [&str; 3] = ["label", "price", "transaction"];
/// Bytes of a label: it is a seed of the job's address.
const LABEL: usize = 32;

/// What its client says of a job on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnChain {
    /// The chain's string for it.
    pub label: String,
    /// Raw HYPER.
    pub price: u64,
    /// SHA-256 of `{requirements, input}` in canonical JSON, in hex.
    pub requirements_hash: String,
    /// The transaction that its client signed, in base64.
    pub transaction: Option<String>,
}

/// What the client is to sign, and what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSign {
    /// The bytes.
    pub unsigned: Unsigned,
    /// What was asked for.
    pub asked: OnChain,
}

/// One of the transactions of a job that this instance sends, or sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its call.
    pub call: &'static str,
    /// `planned`, `sent`, `confirmed`, `finalized` or `failed`.
    pub stage: &'static str,
    /// Its name on chain, once it is signed.
    pub signature: Option<String>,
    /// Why it failed.
    pub why: Option<String>,
}

impl Written {
    fn of(call: &'static str, stage: Stage) -> Self {
        let (stage, signature, why) = match stage {
            Stage::Planned => ("planned", None, None),
            Stage::Signed(signed) => ("sent", Some(signed.signature), None),
            Stage::Confirmed(signed) => ("confirmed", Some(signed.signature), None),
            Stage::Finalized { signature } => ("finalized", Some(signature), None),
            Stage::Failed { why } => ("failed", None, Some(why)),
        };
        Self {
            call,
            stage,
            signature,
            why,
        }
    }
}

impl OnChain {
    /// What a body says of a job on chain, and what is run. All that decides over a run is in `requirements` and `input`: of
    /// them is the hash on chain.
    pub(super) fn read(
        asked: &Value,
        body: &Map<String, Value>,
        job_type: String,
        owner: Address,
        catalog: &Catalog,
        limits: &Limits,
    ) -> Result<(Content, Needs, Self), DeskError> {
        let Value::Object(asked) = asked else {
            return Err(wrong(
                "chain must be an object of label, price and, signed, transaction",
            ));
        };
        if let Some(name) = asked.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            let known = FIELDS.join(", ");
            return Err(wrong(&format!(
                "chain.{name} is not known; known are: {known}"
            )));
        }
        for name in ["model", "manifest", "args"] {
            if body.get(name).is_some_and(|value| !is_nothing(value)) {
                return Err(wrong(&format!(
                    "{name} must stand in requirements: the hash on chain is of {{requirements, input}}"
                )));
            }
        }
        if body.get("budget").is_some_and(|value| !is_nothing(value)) {
            return Err(wrong(
                "budget must be left out: a job on chain costs its chain.price",
            ));
        }
        let (Some(Value::Object(requirements)), Some(input)) =
            (body.get("requirements"), body.get("input"))
        else {
            return Err(wrong(
                "requirements (an object) and input must both be there, {} if need be: the hash on chain is of them",
            ));
        };
        let hashed = Body {
            requirements: requirements.clone(),
            input: input.clone(),
        };
        let requirements_hash = hashed.hash().map_err(|error| wrong(&error.to_string()))?;
        let mut content = Content {
            job_type,
            model: String::new(),
            input: Value::Null,
            requirements: Value::Null,
            manifest: None,
            args: Args::new(),
        };
        let needs = hashed.fill(&mut content, owner, catalog, limits)?;
        let chain = Self {
            label: label(asked.get("label"))?,
            price: price(asked.get("price"), limits)?,
            requirements_hash,
            transaction: transaction(asked.get("transaction"))?,
        };
        Ok((content, needs, chain))
    }

    /// What the chain is to say of it.
    pub(super) fn terms(&self) -> OnChainTerms {
        OnChainTerms {
            label: self.label.clone(),
            requirements_hash: self.requirements_hash.clone(),
            price: self.price.to_string(),
        }
    }

    fn wanted(&self, client: Address, job_type: &str) -> write::Wanted {
        write::Wanted {
            client,
            label: self.label.clone(),
            job_type: job_type.to_owned(),
            price: self.price,
            requirements_hash: self.requirements_hash.clone(),
        }
    }
}

impl Desk {
    /// Whether a body asks for a job on chain whose client has signed nothing yet.
    #[must_use]
    pub fn lacks_signature(body: &Map<String, Value>) -> bool {
        let asked = body.get("chain").and_then(Value::as_object);
        asked.is_some_and(|asked| asked.get("transaction").is_none_or(Value::is_null))
    }

    /// What the client of a job on chain is to sign. Nothing is kept: the same request with the signed transaction submits
    /// the job.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn to_sign(&self, submit: Submit<'_>) -> Result<ToSign, DeskError> {
        let wanted = Wanted::read(submit.body, submit.owner, &self.catalog, &self.limits)?;
        let asked = wanted.chain.ok_or_else(|| wrong("chain must be there"))?;
        let clerk = self.clerk()?;
        if !submit.counted {
            self.pace(submit.owner)?;
        }
        let on_chain = asked.wanted(submit.owner, &wanted.content.job_type);
        let unsigned = clerk.unsigned(&on_chain).await?;
        Ok(ToSign { unsigned, asked })
    }

    /// The transactions of a job, in the order in which they follow one another; those that nobody planned are left out.
    ///
    /// # Errors
    /// The store's.
    pub async fn written(&self, job: JobId) -> Result<Vec<Written>, DeskError> {
        let mut written = Vec::new();
        for (word, call) in [
            ("create", "create_job"),
            ("assign", "assign_job"),
            ("submit", "submit_result"),
            ("settle", "settle_job"),
        ] {
            let id = name(word, job);
            let Some(send) = self.store.ask(GetSend { id: id.clone() }).await? else {
                continue;
            };
            let kept = serde_json::from_slice::<Kept>(&send.record);
            let kept = kept.map_err(|error| DeskError::Record {
                job: id,
                error: error.to_string(),
            })?;
            written.push(Written::of(call, kept.send.stage));
        }
        Ok(written)
    }

    /// A wallet's turn to have a job created.
    pub(super) async fn creation(&self, owner: Address) -> MutexGuard<'_, ()> {
        let turn = usize::from(owner.0[0]) % self.creations.len();
        self.creations[turn].lock().await
    }

    /// The creation that the client signed, ready to be sent with what is kept of the job.
    pub(super) async fn signed(
        &self,
        owner: Address,
        wanted: &Wanted,
    ) -> Result<Option<(&Clerk, write::Wanted, Ready)>, DeskError> {
        let Some(asked) = &wanted.chain else {
            return Ok(None);
        };
        let clerk = self.clerk()?;
        let transaction = asked.transaction.as_deref();
        let transaction =
            transaction.ok_or_else(|| wrong("chain.transaction must be the signed transaction"))?;
        let on_chain = asked.wanted(owner, &wanted.content.job_type);
        let ready = clerk.ready(&on_chain, transaction).await?;
        Ok(Some((clerk, on_chain, ready)))
    }

    fn clerk(&self) -> Result<&Clerk, DeskError> {
        self.chain.as_ref().ok_or(DeskError::NoChain)
    }
}

fn label(value: Option<&Value>) -> Result<String, DeskError> {
    let label = value.and_then(Value::as_str);
    let label = label.filter(|label| (1..=LABEL).contains(&label.len()) && !label.contains('\0'));
    let must =
        "chain.label must be a text of 1 to 32 bytes: with the wallet it makes the job's address";
    label.map(str::to_owned).ok_or_else(|| wrong(must))
}

fn price(value: Option<&Value>, limits: &Limits) -> Result<u64, DeskError> {
    let price = amount::raw(
        value.unwrap_or(&Value::Null),
        limits.decimals,
        limits.most_budget,
    );
    match price {
        Ok(0) => Err(wrong("chain.price must be at least one base unit of HYPER")),
        Ok(price) => Ok(price),
        Err(error) => Err(wrong(&format!("chain.price {error}"))),
    }
}

fn transaction(value: Option<&Value>) -> Result<Option<String>, DeskError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= LONGEST => Ok(Some(text.clone())),
        Some(_) => Err(wrong(
            "chain.transaction must be the signed transaction in base64, at most 1232 bytes of it",
        )),
    }
}

fn wrong(text: &str) -> DeskError {
    DeskError::Wrong(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Wanted, DeskError> {
        let body = body.as_object().expect("an object");
        let (me, catalog) = (Address([1; 32]), Catalog::default());
        Wanted::read(body, me, &catalog, &Limits::default())
    }

    fn body() -> Value {
        json!({
            "jobType": "render",
            "requirements": {"manifest": "test", "minVRAM": 8},
            "input": {"scene": 1},
            "chain": {"label": "walk-1", "price": 2.5},
        })
    }

    #[test]
    fn what_is_hashed_is_what_is_run() {
        let wanted = read(&body()).expect("a job");
        let chain = wanted.chain.expect("on chain");
        let hashed = br#"{"input":{"scene":1},"requirements":{"manifest":"test","minVRAM":8}}"#;
        let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(hashed).into();
        assert_eq!(chain.requirements_hash, hex::encode(digest));
        assert_eq!((chain.price, chain.transaction), (2_500_000, None));
        assert_eq!(wanted.content.manifest.as_deref(), Some("test"));
        assert_eq!(wanted.content.input, json!({"scene": 1}));
        assert_eq!(
            (wanted.needs.min_vram_mb, wanted.needs.max_ask),
            (8_192, None),
            "a price is no rate"
        );
        assert!(Desk::lacks_signature(
            body().as_object().expect("an object")
        ));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (pointer, value, says) in [
            ("/chain", json!("yes"), "chain must be"),
            ("/chain", json!({"price": 1}), "chain.label"),
            ("/chain/label", json!("x".repeat(33)), "chain.label"),
            ("/chain/price", json!(0), "chain.price"),
            ("/chain/price", json!(-1), "chain.price"),
            (
                "/chain",
                json!({"label": "a", "price": 1, "cost": 1}),
                "chain.cost",
            ),
            (
                "/chain",
                json!({"label": "a", "price": 1, "transaction": 5}),
                "chain.transaction",
            ),
            ("/requirements", json!(null), "requirements"),
            ("/requirements/manifest", json!("rm"), "allowed are: test"),
        ] {
            let mut body = body();
            *body.pointer_mut(pointer).expect("there") = value;
            let error = read(&body).expect_err("refused").to_string();
            assert!(error.contains(says), "{body}: {error}");
        }
        for (name, value) in [
            ("manifest", json!("test")),
            ("model", json!("llama")),
            ("args", json!({"a": 1})),
            ("budget", json!(5)),
        ] {
            let mut body = body();
            body[name] = value;
            let error = read(&body).expect_err("refused").to_string();
            assert!(error.starts_with(name), "{body}: {error}");
        }
    }
}
