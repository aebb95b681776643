//! What is counted; all of it must be 0.

use std::ops::AddAssign;

/// What went wrong, and how much was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Accepted jobs of which nothing was kept.
    pub jobs_lost: u64,
    /// Credits beyond the first of a job, and jobs beyond the first of a submission.
    pub paid_twice: u64,
    /// Results that were taken although the job was given to somebody else, or given anew.
    pub stale_accepted: u64,
    /// Accepted jobs that had not ended when everything had long been well again.
    pub not_ended: u64,
    /// Accepted jobs.
    pub jobs: u64,
    /// Jobs that completed.
    pub completed: u64,
    /// Dispatchers that were killed.
    pub crashes: u64,
    /// Results that were refused.
    pub refused: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.jobs_lost += other.jobs_lost;
        self.paid_twice += other.paid_twice;
        self.stale_accepted += other.stale_accepted;
        self.not_ended += other.not_ended;
        self.jobs += other.jobs;
        self.completed += other.completed;
        self.crashes += other.crashes;
        self.refused += other.refused;
    }
}

impl Tally {
    /// Whether nothing went wrong.
    pub fn is_clean(&self) -> bool {
        self.jobs_lost + self.paid_twice + self.stale_accepted + self.not_ended == 0
    }
}
