//! Hypernode indexer.
