//! Blocks by `getBlocks` and `getBlock`.

use std::sync::Arc;

use hypernode_decoder::chain::Block;
use serde::Deserialize;
use serde_json::json;

use super::client::{Answer, Refusal, Rpc, RpcError, refusal};
use crate::convert::{Answered, ConvertError, Wanted, answered_block};

/// Slots that one `getBlocks` is asked for; endpoints take up to 500,000.
pub const MOST_SLOTS: u64 = 50_000;

/// How sure an endpoint must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Commitment {
    /// Voted for by a supermajority.
    #[default]
    Confirmed,
    /// Rooted.
    Finalized,
}

impl Commitment {
    fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Finalized => "finalized",
        }
    }
}

/// What an endpoint says about one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// Its block, whole.
    Block(Box<Block>),
    /// It has none, says the endpoint; a child's parent link proves it.
    Skipped,
    /// This endpoint does not hold it (any more, or yet): another one may.
    NotAvailable(String),
    /// It holds the block, but not the outcome of its transactions: never an empty block.
    MetaMissing(String),
}

impl Rpc {
    /// Slots of `from..=to` (at most [`MOST_SLOTS`]) that hold a block, ascending.
    ///
    /// # Errors
    /// When the endpoint does not say.
    pub async fn slots(
        &self,
        from: u64,
        to: u64,
        commitment: Commitment,
    ) -> Result<Vec<u64>, RpcError> {
        let to = to.min(from.saturating_add(MOST_SLOTS - 1));
        let params = json!([from, to, {"commitment": commitment.name()}]);
        let slots = slots(&self.ask("getBlocks", &params).await?)?;
        Ok(slots
            .into_iter()
            .filter(|slot| (from..=to).contains(slot))
            .collect())
    }

    /// The block of a slot.
    ///
    /// # Errors
    /// When the endpoint does not say.
    pub async fn block(&self, slot: u64, commitment: Commitment) -> Result<Fetched, RpcError> {
        self.block_of(slot, commitment, None).await
    }

    /// The same, without transactions that name none of these programs.
    pub(super) async fn block_of(
        &self,
        slot: u64,
        commitment: Commitment,
        wanted: Option<Arc<Wanted>>,
    ) -> Result<Fetched, RpcError> {
        let config = json!({
            "commitment": commitment.name(),
            "encoding": "base64",
            "transactionDetails": "full",
            "maxSupportedTransactionVersion": 0,
            "rewards": false,
        });
        let answer = self.ask("getBlock", &json!([slot, config])).await?;
        // A block is megabytes of JSON: taken apart where it holds nobody up.
        tokio::task::spawn_blocking(move || block(&answer, slot, wanted.as_deref()))
            .await
            .map_err(|error| RpcError::lasting("getBlock", error.to_string()))?
    }

    /// The newest slot.
    ///
    /// # Errors
    /// When the endpoint does not say.
    pub async fn tip(&self, commitment: Commitment) -> Result<u64, RpcError> {
        let params = json!([{"commitment": commitment.name()}]);
        result(&self.ask("getSlot", &params).await?)
    }

    /// The genesis hash of its network, base58.
    ///
    /// # Errors
    /// When the endpoint does not say.
    pub async fn genesis_hash(&self) -> Result<String, RpcError> {
        result(&self.ask("getGenesisHash", &json!([])).await?)
    }

    /// The oldest block that it still holds.
    ///
    /// # Errors
    /// When the endpoint does not say.
    pub async fn first_available(&self) -> Result<u64, RpcError> {
        result(&self.ask("getFirstAvailableBlock", &json!([])).await?)
    }
}

fn result<T: for<'a> Deserialize<'a>>(answer: &Answer) -> Result<T, RpcError> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        result: Option<T>,
    }
    if let Some(refusal) = refusal(&answer.body) {
        return Err(refusal.into_error(answer.method));
    }
    let wrong = |why: String| RpcError::lasting(answer.method, format!("answers wrongly: {why}"));
    let envelope: Envelope<T> =
        serde_json::from_slice(&answer.body).map_err(|error| wrong(error.to_string()))?;
    envelope.result.ok_or_else(|| wrong("no result".to_owned()))
}

fn slots(answer: &Answer) -> Result<Vec<u64>, RpcError> {
    let mut slots: Vec<u64> = result(answer)?;
    slots.sort_unstable();
    slots.dedup();
    Ok(slots)
}

fn block(answer: &Answer, slot: u64, wanted: Option<&Wanted>) -> Result<Fetched, RpcError> {
    match answered_block(&answer.body, slot, wanted) {
        Ok(Answered::Refused { code, message }) => match code {
            -32007 | -32009 => Ok(Fetched::Skipped),
            // Cleaned up, not there yet, no history kept.
            -32001 | -32004 | -32011 => Ok(Fetched::NotAvailable(message)),
            _ => Err(Refusal { code, message }.into_error(answer.method)),
        },
        Ok(Answered::Null) => Ok(Fetched::NotAvailable("answers null".to_owned())),
        Ok(Answered::Block(block)) if block.slot == slot => Ok(Fetched::Block(block)),
        Ok(Answered::Block(block)) => Err(RpcError::lasting(
            answer.method,
            format!("answers slot {} when asked for {slot}", block.slot),
        )),
        Err(error @ (ConvertError::MetaMissing { .. } | ConvertError::Missing { .. })) => {
            Ok(Fetched::MetaMissing(error.to_string()))
        }
        Err(error) => Err(RpcError::lasting(
            answer.method,
            format!("answers wrongly: {error}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer {
            method: "getBlock",
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn what_an_endpoint_does_not_say_is_never_an_empty_block() {
        let says = |body: &str| block(&answer(body), 7, None);
        assert_eq!(
            says(r#"{"error":{"code":-32007,"message":"Slot 7 was skipped"}}"#),
            Ok(Fetched::Skipped)
        );
        for code in [-32001, -32004, -32011] {
            let body = format!(r#"{{"error":{{"code":{code},"message":"gone"}}}}"#);
            assert_eq!(says(&body), Ok(Fetched::NotAvailable("gone".into())));
        }
        assert!(matches!(
            says(r#"{"result":null}"#),
            Ok(Fetched::NotAvailable(_))
        ));
        let hash = "11111111111111111111111111111111";
        let bare = format!(
            r#"{{"result":{{"blockhash":"{hash}","previousBlockhash":"{hash}","parentSlot":6,"blockTime":null,"blockHeight":3}}}}"#
        );
        assert!(matches!(says(&bare), Ok(Fetched::MetaMissing(_))));
        let whole = bare.replace("\"blockHeight\":3", "\"blockHeight\":3,\"transactions\":[]");
        let Ok(Fetched::Block(found)) = says(&whole) else {
            panic!("{:?}", says(&whole));
        };
        assert_eq!((found.slot, found.parent_slot), (7, 6));
        let unhealthy = says(r#"{"error":{"code":-32005,"message":"Node is behind"}}"#);
        assert!(unhealthy.is_err_and(|error| error.retryable));
        let wrong = says(r#"{"error":{"code":-32602,"message":"Invalid params"}}"#);
        assert!(wrong.is_err_and(|error| !error.retryable));
        assert!(says("<html>").is_err());
    }

    #[test]
    fn slots_come_in_order_once() {
        assert_eq!(slots(&answer(r#"{"result":[9,7,7]}"#)), Ok(vec![7, 9]));
        assert!(slots(&answer(r#"{"jsonrpc":"2.0"}"#)).is_err());
    }
}
