//! What a server is without an instance and a warehouse behind it: for benchmarks, and for trying the rest.

use std::fmt;
use std::sync::Arc;

use hypernode_warehouse::{Client, Endpoint, Secret, WarehouseError};
use serde_json::{Value, json};

use crate::network::{NetworkInfo, ProgramIds};
use crate::state::{ApiState, Report};

/// An instance that has nothing to tell.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Report for Silent {
    fn status(&self) -> Value {
        json!({})
    }

    fn metrics(&self) -> Result<String, fmt::Error> {
        Ok(String::new())
    }
}

impl NetworkInfo {
    /// A simulated network of this name, without programs.
    #[must_use]
    pub fn simulated(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            simulated: true,
            open_dev: false,
            genesis: String::new(),
            explorer: String::new(),
            programs: ProgramIds::default(),
            mint: None,
            decimals: 6,
        }
    }
}

impl ApiState {
    /// State of a server that has neither: what would ask the warehouse is told that it is not reached.
    ///
    /// # Errors
    /// When no client can be made at all (TLS of this machine).
    pub fn bare(name: &str) -> Result<Self, WarehouseError> {
        let nowhere = Endpoint {
            url: "http://127.0.0.1:9".into(),
            user: "default".into(),
            password: Secret::new(String::new()),
            database: "default".into(),
        };
        let client = Client::new(&nowhere)?;
        Ok(Self::new(
            client,
            NetworkInfo::simulated(name),
            Arc::new(Silent),
        ))
    }
}
