//! Hypernode warehouse.
