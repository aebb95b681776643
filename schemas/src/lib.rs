//! Everything that crosses a boundary, as files: Anchor IDLs, ClickHouse DDL, the canonical map, the
//! OpenAPI document. The few types here are the shapes those files are read into.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod canonical;
pub mod clickhouse;
pub mod idl;
pub mod localnet;
pub mod openapi;
pub mod results;
pub mod state;
pub mod table;
