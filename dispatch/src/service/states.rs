//! Where a job stands, as the number that the store filters by.

use hypernode_state::jobs::JobStates;

use crate::job::{Stands, State};

/// The number of a state.
pub fn code(state: &State) -> u8 {
    match state {
        State::Waiting { .. } => 0,
        State::Queued { .. } => 1,
        State::Offered { .. } => 2,
        State::Leased(_) => 3,
        State::Completed { .. } => 4,
        State::Failed { .. } => 5,
        State::Cancelled { .. } => 6,
        State::Dead { .. } => 7,
        State::Elsewhere { stands, .. } => match stands {
            Stands::Assigned => 8,
            Stands::Completed => 9,
            Stands::Failed => 10,
        },
    }
}

/// The states of jobs that others have on chain, or had.
pub const ELSEWHERE: JobStates = JobStates(1 << 8 | 1 << 9 | 1 << 10);

/// The states that a word of the interfaces stands for, of this dispatcher's own jobs and of those that others have on
/// chain; none for any other word.
pub fn states_anywhere(word: &str) -> Option<JobStates> {
    let own = states(word)?;
    Some(match word {
        "running" => own.with(8),
        "completed" => own.with(9),
        "failed" => own.with(10),
        _ => own,
    })
}

/// The states that a word of the interfaces stands for, of this dispatcher's own jobs; none for any other word.
pub fn states(word: &str) -> Option<JobStates> {
    let codes: &[u8] = match word {
        "pending" => &[0],
        "queued" => &[1, 2],
        "running" => &[3],
        "completed" => &[4],
        "failed" => &[5, 7],
        "cancelled" => &[6],
        "waiting" => &[0],
        "offered" => &[2],
        "leased" => &[3],
        "dead" => &[7],
        _ => return None,
    };
    Some(codes.iter().copied().collect())
}
