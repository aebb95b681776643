//! Measuring: blocks in memory to rows in the warehouse.

pub mod synthetic;
