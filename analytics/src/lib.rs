//! Hypernode analytics.
