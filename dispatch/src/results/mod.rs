//! Whether what a host returned can be the result of a job of its type. What cannot counts as a failure of the job: it is
//! recorded, tried elsewhere, and not paid.

mod schema;

use std::collections::BTreeMap;

use serde_json::Value;

pub use schema::{Schema, SchemaError, Wrong};

/// Schemas by job type. A type without one takes any result.
#[derive(Clone, Debug, PartialEq)]
pub struct Results(BTreeMap<String, Schema>);

impl Default for Results {
    /// The built-in ones: what hosts of today send passes.
    fn default() -> Self {
        // A test reads the same text.
        Self(serde_json::from_str(hypernode_schemas::results::TEXT).unwrap_or_default())
    }
}

impl Results {
    /// These, with those of a JSON object of job type to schema in the place of their like.
    ///
    /// # Errors
    /// Where the text is no such object: a word that is not known is an error, so that nothing is believed to be checked
    /// that is not.
    pub fn with_json(mut self, json: &str) -> Result<Self, SchemaError> {
        let more: BTreeMap<String, Schema> =
            serde_json::from_str(json).map_err(|error| SchemaError(error.to_string()))?;
        for (kind, schema) in &more {
            schema
                .check()
                .map_err(|error| SchemaError(format!("{kind}: {error}")))?;
        }
        self.0.extend(more);
        Ok(self)
    }

    /// Whether `result` can be that of a job of this type.
    ///
    /// # Errors
    /// The first place that is wrong.
    pub fn judge(&self, kind: &str, result: &Value) -> Result<(), Wrong> {
        match self.0.get(kind) {
            Some(schema) => schema.judge(result),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_has_a_schema_and_hosts_that_return_nothing_pass() {
        let built_in: BTreeMap<String, Schema> =
            serde_json::from_str(hypernode_schemas::results::TEXT).unwrap();
        let types = [
            "llm_inference",
            "llm_fine_tuning",
            "rag_indexing",
            "vision_pipeline",
            "render",
            "generic_compute",
        ];
        assert_eq!(built_in.len(), types.len());
        let results = Results::default();
        for kind in types {
            built_in[kind].check().unwrap();
            for result in [json!(null), json!("text"), json!({"any": [1, "thing"]})] {
                assert_eq!(results.judge(kind, &result), Ok(()), "{kind}: {result}");
            }
        }
        let answer = json!({"text": "42", "tokens": 1});
        assert_eq!(results.judge("llm_inference", &answer), Ok(()));
        for wrong in [json!(true), json!({"text": 7}), json!({"tokens": -1})] {
            assert!(results.judge("llm_inference", &wrong).is_err(), "{wrong}");
        }
        assert!(results.judge("render", &json!(true)).is_err());
        assert_eq!(results.judge("another", &json!(true)), Ok(()));
    }

    #[test]
    fn an_operator_s_schema_takes_the_place_of_the_built_in_one() {
        let stricter = r#"{"render": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string", "minLength": 1}}}}"#;
        let results = Results::default().with_json(stricter).unwrap();
        assert!(results.judge("render", &json!("text")).is_err());
        let wrong = results.judge("render", &json!({"url": ""})).unwrap_err();
        assert_eq!(wrong.place, "/url");
        assert_eq!(results.judge("render", &json!({"url": "x"})), Ok(()));
        assert!(results.judge("llm_inference", &json!(true)).is_err());
        for bad in [
            "[]",
            r#"{"render": {"pattern": "x"}}"#,
            r#"{"render": {"type": "text"}}"#,
        ] {
            assert!(Results::default().with_json(bad).is_err(), "{bad}");
        }
    }
}
