//! A client that creates jobs without end.

use anyhow::Result;
use hypernode_dispatch::bench::Stage;
use hypernode_dispatch::board::Denied;
use hypernode_dispatch::job::Pay;
use hypernode_dispatch::matching::Needs;
use hypernode_dispatch::service::DispatchError;
use hypernode_state::Address;
use tokio::task::JoinSet;

use super::Case;
use super::server::Server;

/// Who creates them.
const OWNER: Address = Address([66; 32]);
/// Requests at a time.
const AT_ONCE: u64 = 256;
/// Jobs that the board lets one owner have open.
const MOST_OPEN: u64 = 10_000;

/// Tries to create `jobs` jobs that no node runs: as many as one owner may have open are taken, all others refused.
pub(super) async fn flood(server: &Server, jobs: u64) -> Result<Case> {
    let mut tasks = JoinSet::new();
    for first in 0..AT_ONCE {
        let center = server.stage.center.clone();
        tasks.spawn(async move {
            let (mut taken, mut refused) = (0, 0);
            for number in (first..jobs).step_by(AT_ONCE as usize) {
                let mut order = Stage::order((2 << 64) + u128::from(number), OWNER, Pay::Nothing);
                order.submission.needs = Needs {
                    gpu_model: Some("nobody has this".to_owned()),
                    ..Needs::default()
                };
                match center.now()?.submit(order).await {
                    Ok(_) => taken += 1,
                    Err(DispatchError::Denied(Denied::TooManyOpen(_))) => refused += 1,
                    Err(error) => return Err(error.into()),
                }
            }
            anyhow::Ok((taken, refused))
        });
    }
    let (mut taken, mut refused) = (0_u64, 0_u64);
    while let Some(done) = tasks.join_next().await {
        let (t, r) = done??;
        taken += t;
        refused += r;
    }
    let expected = jobs.min(MOST_OPEN);
    let wrong = match (taken, taken + refused) == (expected, jobs) {
        true => Vec::new(),
        false => vec![format!(
            "of {jobs} jobs {taken} were taken and {refused} refused, not {expected} taken"
        )],
    };
    Ok(Case {
        name: "a client that creates jobs without end",
        wrong,
        tried: jobs,
    })
}
