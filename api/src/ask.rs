//! What a request asks for beside its path.

use axum::extract::{FromRequestParts, Query};
use axum::http::header::IF_NONE_MATCH;
use axum::http::request::Parts;
use hypernode_analytics::Finality;
use hypernode_analytics::validation::MAX_RECEIPTS;

use crate::error::Refusal;

/// Receipts in an answer that says nothing of their number.
const DEFAULT_LIMIT: usize = 50;

/// The parameters that our routes know. Others are ignored, as clients in the field expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) finality: Finality,
    /// Receipts wanted, 1 to 500. More than 500 gives 500.
    pub(crate) limit: usize,
    /// Value of `If-None-Match`.
    pub(crate) known: Option<String>,
}

impl Ask {
    fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Refusal> {
        let first = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let finality = match first("finality") {
            None => Finality::default(),
            Some(word) => word
                .parse()
                .map_err(|_| Refusal::bad_query("finality must be confirmed or finalized"))?,
        };
        let most = usize::try_from(MAX_RECEIPTS).unwrap_or(usize::MAX);
        let limit = match first("limit") {
            None => DEFAULT_LIMIT,
            Some(digits)
                if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                // Too many digits for a number: more than the most in any case.
                digits.parse().unwrap_or(usize::MAX).min(most)
            }
            Some(_) => 0,
        };
        if limit == 0 {
            return Err(Refusal::bad_query(
                "limit must be a whole number from 1 on; more than 500 gives 500",
            ));
        }
        Ok(Self {
            finality,
            limit,
            known: None,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let pairs = match parts.uri.query() {
            None => Vec::new(),
            Some(_) => {
                Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
                    .map_err(|_| Refusal::bad_query("the query string cannot be read"))?
                    .0
            }
        };
        let mut ask = Self::from_pairs(&pairs)?;
        ask.known = parts
            .headers
            .get(IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Ok(ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(query: &str) -> Result<Ask, Refusal> {
        let uri = format!("/?{query}").parse().expect("a URI");
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).expect("a query");
        Ask::from_pairs(&pairs)
    }

    #[test]
    fn limits_are_bounded_or_refused() {
        assert_eq!(ask("").expect("none").limit, 50);
        assert_eq!(ask("limit=1").expect("one").limit, 1);
        assert_eq!(ask("limit=501").expect("too many").limit, 500);
        assert_eq!(
            ask("limit=99999999999999999999999").expect("a flood").limit,
            500
        );
        for bad in [
            "limit=0",
            "limit=",
            "limit=-1",
            "limit=1.5",
            "limit=ten",
            "limit=%201",
            "limit=0x10",
        ] {
            assert!(ask(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn finality_is_one_of_two_words() {
        assert_eq!(
            ask("finality=finalized").expect("a word").finality,
            Finality::Finalized
        );
        assert_eq!(
            ask("finality=confirmed&other=x").expect("a word").finality,
            Finality::Confirmed
        );
        assert!(ask("finality=processed").is_err());
        assert!(ask("finality=").is_err());
    }
}
