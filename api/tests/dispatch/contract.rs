//! What the document says of answers.

use hypernode_schemas::openapi;
use serde_json::Value;

use crate::support::schema::check;

/// Whether an answer is as the document says.
pub(crate) fn documented(path: &str, method: &str, status: u16, body: &Value) {
    let document: Value = serde_json::from_str(openapi::TEXT).expect("the document");
    let schema = &document["paths"][path][method]["responses"][status.to_string()]["content"]["application/json"]
        ["schema"];
    let mut problems = Vec::new();
    check(&document, schema, body, path, &mut problems);
    assert!(problems.is_empty(), "{problems:#?}");
}
