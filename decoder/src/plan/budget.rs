//! What the layouts of one file may come to together: each is bounded by itself, but a file can list many, and types
//! that contain one another twice make a large layout of a short text (I-13).

use super::{Plan, PlanError};

/// Streams of all layouts of one kind in a file: many times those of the largest IDLs in use.
pub(super) const STREAMS: usize = 1 << 16;
/// Bytes of the names and types of their columns.
const TEXT: usize = 4 << 20;

/// What is left.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    streams: usize,
    text: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            streams: STREAMS,
            text: TEXT,
        }
    }
}

impl Budget {
    /// Passes a plan on that the file can still have.
    pub(crate) fn admit(&mut self, plan: Plan) -> Result<Plan, PlanError> {
        let text: usize = plan
            .columns
            .iter()
            .map(|c| c.name.len() + c.kind.len())
            .sum();
        let streams = self.streams.checked_sub(plan.defaults.len());
        let (Some(streams), Some(text)) = (streams, self.text.checked_sub(text)) else {
            return Err(PlanError::Together);
        };
        (self.streams, self.text) = (streams, text);
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use crate::idl;

    /// Twelve short types, each holding the next twice, and as many events of them as a file likes to list.
    fn expanding(events: usize) -> String {
        let kind = |i: usize| format!(r#"{{"defined":{{"name":"T{i}"}}}}"#);
        let twice = |i: usize| {
            let next = kind(i + 1);
            format!(
                r#"{{"name":"T{i}","type":{{"kind":"struct","fields":[{{"name":"a","type":{next}}},{{"name":"b","type":{next}}}]}}}}"#
            )
        };
        let mut types: Vec<String> = (0..11).map(twice).collect();
        types.push(
            r#"{"name":"T11","type":{"kind":"struct","fields":[{"name":"x","type":"u8"}]}}"#.into(),
        );
        let event = |i: usize| {
            let root = kind(0);
            format!(
                r#"{{"name":"E{i}","discriminator":[{i}],"fields":[{{"name":"a","type":{root}}}]}}"#
            )
        };
        let events: Vec<String> = (0..events).map(event).collect();
        format!(
            r#"{{"metadata":{{"name":"x","spec":"0.1.0"}},"types":[{}],"events":[{}]}}"#,
            types.join(","),
            events.join(",")
        )
    }

    #[test]
    fn a_short_file_cannot_become_many_columns() {
        assert!(idl::check("x", "x.json", expanding(8).as_bytes()).is_empty());
        let errors = idl::check("x", "x.json", expanding(200).as_bytes());
        assert!(errors.len() > 90, "{}", errors.len());
        let text = errors[0].to_string();
        assert!(text.contains("65536 columns and sub-columns"), "{text}");
    }
}
