//! The decoders that stored rows were made with: IDLs change, what is stored does not.

use std::collections::HashMap;
use std::sync::Arc;

use hypernode_decoder::{Decoder, IdlSet};
use hypernode_schemas::canonical;
use hypernode_warehouse::{Client, idl_sets, migrate};

use crate::verify::VerifyError;

/// Decoders by the set of IDLs that ledger rows name.
#[derive(Debug)]
pub(crate) struct Decoders {
    client: Client,
    /// The one at hand: for rows that name none, and for all if it was chosen for them.
    own: Arc<Decoder>,
    chosen: bool,
    others: HashMap<[u8; 32], Arc<Decoder>>,
}

impl Decoders {
    /// `chosen`: a person has named the IDLs of `own`, and means them whatever was used before.
    pub(crate) fn new(client: Client, own: Arc<Decoder>, chosen: bool) -> Self {
        Self {
            client,
            own,
            chosen,
            others: HashMap::new(),
        }
    }

    /// The decoder of a ledger row's set.
    ///
    /// # Errors
    /// When the set is not kept, or this version cannot read it.
    pub(crate) async fn of(&mut self, set: [u8; 32]) -> Result<Arc<Decoder>, VerifyError> {
        if self.chosen || set == [0; 32] || set == self.own.idls().hash() {
            return Ok(Arc::clone(&self.own));
        }
        if let Some(known) = self.others.get(&set) {
            return Ok(Arc::clone(known));
        }
        let decoder = Arc::new(self.make(set).await?);
        self.others.insert(set, Arc::clone(&decoder));
        Ok(decoder)
    }

    async fn make(&self, set: [u8; 32]) -> Result<Decoder, VerifyError> {
        let refused = |why: String| {
            VerifyError::Range(format!(
                "rows of these slots were decoded with other IDLs than those of now, and {why}: name them with --idl DIR"
            ))
        };
        let text = idl_sets::load(&self.client, &set).await?;
        let text = text.ok_or_else(|| refused("the table idl_sets does not hold them".into()))?;
        let programs = IdlSet::read(&text).map_err(|error| refused(error.to_string()))?;
        let map = canonical::parse(canonical::TEXT).map_err(|error| refused(error.to_string()))?;
        let mut decoder = Decoder::new(programs, &map, self.own.keep())
            .map_err(|error| refused(error.to_string()))?;
        // Their tables are there; which of several stands for a layout is found out as at that time.
        let placed = migrate::evolve_tables(&self.client, decoder.tables()).await?;
        decoder.rename_tables(&placed.renames);
        Ok(decoder)
    }
}
