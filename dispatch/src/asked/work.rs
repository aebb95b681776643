//! What a job runs: a model, a manifest with its arguments, or what is free.

use hypernode_state::Address;
use hypernode_wire::{Args, Catalog, most};
use serde_json::Value;

use super::{Wrong, is_nothing, wrong};
use crate::content::Content;
use crate::matching::Needs;

/// The manifest that fits every type of job: it only waits.
const TEST: &str = "test";

/// The model's name.
///
/// # Errors
/// [`Wrong`].
pub fn model(value: &Value) -> Result<String, Wrong> {
    match value {
        Value::String(model) if !model.is_empty() && model.len() <= most::LABEL => {
            Ok(model.clone())
        }
        value if is_nothing(value) => Ok("default".to_owned()),
        _ => Err(wrong("model must be a text of at most 128 bytes")),
    }
}

/// The manifest's name.
///
/// # Errors
/// [`Wrong`].
pub fn manifest(value: &Value) -> Result<Option<String>, Wrong> {
    match value {
        value if is_nothing(value) => Ok(None),
        Value::String(name) if name.len() <= hypernode_wire::manifest::MOST_NAME_BYTES => {
            Ok(Some(name.clone()))
        }
        _ => Err(wrong(
            "manifest must be the name of an allowed manifest, at most 64 bytes",
        )),
    }
}

/// Values of the manifest's arguments.
///
/// # Errors
/// [`Wrong`].
pub fn args(value: &Value) -> Result<Args, Wrong> {
    if is_nothing(value) {
        return Ok(Args::new());
    }
    let most_args = hypernode_wire::manifest::MOST_WORDS;
    let read = serde_json::from_value::<Args>(value.clone()).ok();
    let read = read.filter(|args| args.len() <= most_args);
    read.ok_or_else(|| {
        wrong("args must be an object of at most 32 whole numbers and texts, by the names of the manifest's arguments")
    })
}

/// Whether the manifest is allowed, is for this type of job, and the values fit. What nobody wrote an allowed command for
/// is kept from machines, unless they are `owner`'s own: that is needed of them then.
///
/// # Errors
/// [`Wrong`].
pub fn bind(
    content: &Content,
    catalog: &Catalog,
    owner: Address,
    needs: &mut Needs,
) -> Result<(), Wrong> {
    let bound = content.work(catalog);
    bound.map_err(|error| wrong(&error.to_string()))?;
    let Some(manifest) = content
        .manifest
        .as_deref()
        .and_then(|name| catalog.get(name))
    else {
        needs.free = Some(owner);
        return match content.args.is_empty() {
            true => Ok(()),
            false => Err(wrong("args are a manifest's: name it as manifest")),
        };
    };
    match manifest.job_type() {
        TEST => Ok(()),
        of if of == content.job_type => Ok(()),
        of => Err(wrong(&format!(
            "manifest `{}` is for jobs of type {of}",
            manifest.id()
        ))),
    }
}
