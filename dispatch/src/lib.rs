//! Jobs to machines: the lifecycle of a job, the queue, and the choice of a machine.
#![forbid(unsafe_code)]
