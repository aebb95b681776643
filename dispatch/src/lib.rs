//! Jobs to machines: the lifecycle of a job, the queue, the choice of a machine, and the board that holds them together.
//!
//! All but [`service`], and what stands around it ([`days`], [`facts`], [`key`], [`nodes`], [`paper`], [`recheck`],
//! [`retention`], [`sessions`]), is pure: time comes in as an argument, what must be sent or kept comes out as a value. So
//! a fault can be simulated ten thousand times a minute, a decision can be replayed, and a restart is a read of what was
//! kept.
#![forbid(unsafe_code)]

pub mod asked;
pub mod bench;
pub mod board;
pub mod bridge;
pub mod content;
pub mod days;
pub mod desk;
pub mod facts;
pub mod ids;
pub mod job;
pub mod key;
pub mod matching;
pub mod nodes;
pub mod outcome;
pub mod paper;
pub mod queue;
pub mod recheck;
pub mod results;
pub mod retention;
pub mod service;
pub mod sessions;
