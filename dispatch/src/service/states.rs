//! Where a job stands, as the number that the store filters by.

use hypernode_state::jobs::JobStates;

use crate::job::State;

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
    }
}

/// The states that a word of the interfaces stands for; none for any other word.
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
