//! Hypernode api.
