//! Bodies of answers, in the shapes that clients in the field read. Only names and units are chosen here.

pub(crate) mod automation;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod reputation;
pub(crate) mod validation;

/// A job's state in the words of the Backend API. `assigned` is `running`, what waits for a node is `pending`.
pub(crate) fn status_word(state: &str) -> &str {
    match state {
        "assigned" => "running",
        "completed" | "failed" | "cancelled" => state,
        _ => "pending",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_words_that_clients_know() {
        assert_eq!(status_word("created"), "pending");
        assert_eq!(status_word("assigned"), "running");
        assert_eq!(status_word("cancelled"), "cancelled");
        assert_eq!(status_word("unknown"), "pending");
    }
}
