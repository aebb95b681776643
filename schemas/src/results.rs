//! What results of each job type look like, as far as anything is known of them. An operator's file may say more.

/// The file that ships with Hypernode: job type to schema.
pub const TEXT: &str = include_str!("../results.json");
