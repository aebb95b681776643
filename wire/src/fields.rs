//! Fields of an object as old programs write them: numbers as strings, strings as numbers, null for absent.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::error::FrameError;
use crate::text::label;

/// An object's fields. Where several names are given, the first that is there and not null counts.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn get(self, names: &[&str]) -> Option<&'a Value> {
        names
            .iter()
            .filter_map(|name| self.0.get(*name))
            .find(|value| !value.is_null())
    }

    /// Whether the key is there, even as null.
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn object(self, names: &[&str]) -> Option<Fields<'a>> {
        self.get(names)?.as_object().map(Fields)
    }

    pub(crate) fn list(self, names: &[&str]) -> &'a [Value] {
        self.get(names)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// A descriptive text, cleaned and cut to `most` bytes.
    pub(crate) fn label(self, names: &[&str], most: usize) -> Option<String> {
        label(&scalar(self.get(names)?)?, most)
    }

    /// An identifying text, unchanged. Empty, zero and false are as good as absent, as in JavaScript.
    pub(crate) fn id(
        self,
        names: &[&str],
        most: usize,
        error: FrameError,
    ) -> Result<Option<String>, FrameError> {
        let Some(value) = self.get(names) else {
            return Ok(None);
        };
        if value == false || value == 0 || value == "" {
            return Ok(None);
        }
        match scalar(value) {
            Some(text) if text.len() <= most => Ok(Some(text.into_owned())),
            _ => Err(error),
        }
    }

    /// An integer that fits.
    pub(crate) fn integer<T: TryFrom<i128>>(self, names: &[&str]) -> Option<T> {
        T::try_from(integer(self.get(names)?)?).ok()
    }

    pub(crate) fn flag(self, names: &[&str]) -> Option<bool> {
        match self.get(names)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            value => integer(value).map(|number| number != 0),
        }
    }
}

/// A string, or a number's digits.
pub(crate) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// 2⁵³: beyond it a floating number is no longer one integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => {
            if let Some(number) = number.as_u64() {
                return Some(number.into());
            }
            if let Some(number) = number.as_i64() {
                return Some(number.into());
            }
            let number = number.as_f64()?;
            #[allow(clippy::cast_possible_truncation, reason = "whole and below 2⁵³")]
            (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i128)
        }
        _ => None,
    }
}
