//! The manifests that an operator allows.

use std::collections::BTreeMap;

use super::Manifest;

/// Manifests by id. Nothing else is ever run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog(BTreeMap<String, Manifest>);

/// Why manifests cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// Not a list of manifests, or one of them is wrong.
    #[error("the manifests cannot be read: {0}")]
    Json(String),
    /// An id that is there already: it would be unclear which one runs.
    #[error("there are two manifests `{0}`")]
    Repeated(String),
}

impl Default for Catalog {
    /// The built-in ones: [`Manifest::test`].
    fn default() -> Self {
        let test = Manifest::test();
        Self(BTreeMap::from([(test.id().to_owned(), test)]))
    }
}

impl Catalog {
    /// Adds one.
    ///
    /// # Errors
    /// When its id is taken.
    pub fn add(&mut self, manifest: Manifest) -> Result<(), CatalogError> {
        if self.0.contains_key(manifest.id()) {
            return Err(CatalogError::Repeated(manifest.id().to_owned()));
        }
        self.0.insert(manifest.id().to_owned(), manifest);
        Ok(())
    }

    /// Adds a JSON list of them.
    ///
    /// # Errors
    /// When the text is no such list, a manifest is wrong, or an id is taken; then none is added.
    pub fn add_json(&mut self, json: &str) -> Result<(), CatalogError> {
        let manifests: Vec<Manifest> =
            serde_json::from_str(json).map_err(|error| CatalogError::Json(error.to_string()))?;
        let mut more = self.clone();
        manifests
            .into_iter()
            .try_for_each(|manifest| more.add(manifest))?;
        *self = more;
        Ok(())
    }

    /// The manifest of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Manifest> {
        self.0.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Manifest> {
        self.0.values()
    }
}
