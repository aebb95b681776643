//! A part of JSON Schema: what can be judged in one pass over the value, without patterns and without references.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// How deep schemas may lie in one another.
const DEEPEST: usize = 32;

/// Words of JSON Schema that are known; any other is refused when it is read.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schema {
    #[serde(rename = "type")]
    kind: Option<Kinds>,
    #[serde(rename = "enum")]
    one_of: Option<Vec<Value>>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    properties: BTreeMap<String, Schema>,
    additional_properties: Option<bool>,
    items: Option<Box<Schema>>,
    min_items: Option<usize>,
    max_items: Option<usize>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    any_of: Option<Vec<Schema>>,
    /// For people.
    #[serde(default, rename = "description")]
    _description: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Kinds {
    One(Kind),
    Any(Vec<Kind>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// What is no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no schemas by job type: {0}")]
pub struct SchemaError(pub(super) String);

/// Where a value is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the result{} {must}", Place(place))]
pub struct Wrong {
    /// A JSON pointer; empty for the whole.
    pub place: String,
    /// What it must be.
    pub must: String,
}

struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            place => write!(f, " at {place}"),
        }
    }
}

impl Kind {
    fn has(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::String => value.is_string(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

impl Schema {
    /// Whether it can be judged by.
    ///
    /// # Errors
    /// Where it is too deep, or an empty choice.
    pub fn check(&self) -> Result<(), SchemaError> {
        self.check_at(0)
    }

    fn check_at(&self, depth: usize) -> Result<(), SchemaError> {
        if depth > DEEPEST {
            return Err(SchemaError(format!("more than {DEEPEST} levels")));
        }
        if self.any_of.as_ref().is_some_and(Vec::is_empty) {
            return Err(SchemaError("anyOf is empty: nothing would pass".to_owned()));
        }
        let inner = self.properties.values().chain(self.items.as_deref());
        inner
            .chain(self.any_of.iter().flatten())
            .try_for_each(|schema| schema.check_at(depth + 1))
    }

    /// Whether `value` is as it must be.
    ///
    /// # Errors
    /// The first place that is not.
    pub fn judge(&self, value: &Value) -> Result<(), Wrong> {
        self.judge_at(value, &mut String::new())
    }

    fn judge_at(&self, value: &Value, place: &mut String) -> Result<(), Wrong> {
        let wrong = |place: &str, must: String| {
            Err(Wrong {
                place: place.to_owned(),
                must,
            })
        };
        let has_kind = match &self.kind {
            None => true,
            Some(Kinds::One(kind)) => kind.has(value),
            Some(Kinds::Any(kinds)) => kinds.iter().any(|kind| kind.has(value)),
        };
        if !has_kind {
            return wrong(place, "is of a type that it must not be".to_owned());
        }
        if self.one_of.as_ref().is_some_and(|all| !all.contains(value)) {
            return wrong(place, "is none of the values that it may be".to_owned());
        }
        if let Some(any) = &self.any_of
            && !any
                .iter()
                .any(|schema| schema.judge_at(value, &mut place.clone()).is_ok())
        {
            return wrong(place, "has none of the forms that it may have".to_owned());
        }
        match value {
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if self.minimum.is_some_and(|least| number < least) {
                    return wrong(place, "is less than it may be".to_owned());
                }
                if self.maximum.is_some_and(|most| number > most) {
                    return wrong(place, "is more than it may be".to_owned());
                }
            }
            Value::String(text) => {
                let length = text.chars().count();
                if self.min_length.is_some_and(|least| length < least) {
                    return wrong(place, "is shorter than it may be".to_owned());
                }
                if self.max_length.is_some_and(|most| length > most) {
                    return wrong(place, "is longer than it may be".to_owned());
                }
            }
            Value::Array(items) => {
                if self.min_items.is_some_and(|least| items.len() < least) {
                    return wrong(place, "has fewer items than it must".to_owned());
                }
                if self.max_items.is_some_and(|most| items.len() > most) {
                    return wrong(place, "has more items than it may".to_owned());
                }
                if let Some(schema) = &self.items {
                    for (n, item) in items.iter().enumerate() {
                        within(place, &n.to_string(), |place| schema.judge_at(item, place))?;
                    }
                }
            }
            Value::Object(members) => {
                if let Some(name) = self
                    .required
                    .iter()
                    .find(|name| !members.contains_key(*name))
                {
                    return wrong(place, format!("lacks `{name}`"));
                }
                for (name, member) in members {
                    match self.properties.get(name) {
                        Some(schema) => {
                            within(place, name, |place| schema.judge_at(member, place))?;
                        }
                        None if self.additional_properties == Some(false) => {
                            return wrong(place, "has members that it may not have".to_owned());
                        }
                        None => {}
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
        Ok(())
    }
}

fn within(
    place: &mut String,
    name: &str,
    judge: impl FnOnce(&mut String) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    let length = place.len();
    place.push('/');
    place.push_str(&name.replace('~', "~0").replace('/', "~1"));
    let judged = judge(place);
    place.truncate(length);
    judged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn schema(value: Value) -> Schema {
        serde_json::from_value(value).expect("a schema")
    }

    #[test]
    fn every_word_refuses_something() {
        let cases = [
            (json!({"type": "integer"}), json!(1), json!(1.5)),
            (
                json!({"type": ["null", "boolean"]}),
                json!(true),
                json!("true"),
            ),
            (json!({"enum": ["a", 1]}), json!(1), json!(2)),
            (json!({"required": ["a"]}), json!({"a": null}), json!({})),
            (
                json!({"properties": {"a": {"type": "string"}}}),
                json!({"b": 1}),
                json!({"a": 1}),
            ),
            (
                json!({"additionalProperties": false}),
                json!({}),
                json!({"a": 1}),
            ),
            (
                json!({"items": {"type": "number"}}),
                json!([1, 2.5]),
                json!([1, "2"]),
            ),
            (json!({"minItems": 1}), json!([1]), json!([])),
            (json!({"maxItems": 1}), json!([1]), json!([1, 2])),
            (json!({"minLength": 2}), json!("éé"), json!("é")),
            (json!({"maxLength": 2}), json!("éé"), json!("ééé")),
            (json!({"minimum": 0}), json!(0), json!(-0.5)),
            (json!({"maximum": 9}), json!(9), json!(10)),
            (
                json!({"anyOf": [{"type": "null"}, {"minimum": 5}]}),
                json!(null),
                json!(4),
            ),
        ];
        for (text, good, bad) in cases {
            let schema = schema(text.clone());
            assert_eq!(schema.judge(&good), Ok(()), "{text}");
            assert!(schema.judge(&bad).is_err(), "{text} takes {bad}");
        }
        let deep = schema(json!({"properties": {"a/b": {"items": {"type": "null"}}}}));
        let wrong = deep.judge(&json!({"a/b": [null, 1]})).unwrap_err();
        assert_eq!(wrong.place, "/a~1b/1");
    }

    #[test]
    fn what_is_too_deep_or_takes_nothing_is_no_schema() {
        let mut deep = json!({});
        for _ in 0..=DEEPEST {
            deep = json!({"items": deep});
        }
        assert!(schema(deep).check().is_err());
        assert!(schema(json!({"anyOf": []})).check().is_err());
    }

    proptest! {
        #[test]
        fn a_schema_of_nothing_takes_anything(text in "\\PC{0,40}", number: f64) {
            for value in [json!(text), json!([number, {"k": text}])] {
                prop_assert_eq!(Schema::default().judge(&value), Ok(()));
            }
        }
    }
}
