//! The dispatcher of now. When its store failed it is started anew from what was kept; whoever holds a [`Center`] finds
//! the one that works.

use std::time::Duration;

use tokio::sync::watch;

use super::{Changes, Dispatch, DispatchError, ServiceError, Setup, start_telling};

/// Pauses between starts.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(15);

/// Where the dispatcher of now is found.
#[derive(Clone, Debug)]
pub struct Center {
    found: watch::Receiver<Option<Dispatch>>,
    changes: Changes,
}

impl Center {
    /// The dispatcher that works now.
    ///
    /// # Errors
    /// [`DispatchError::Ended`] while there is none.
    pub fn now(&self) -> Result<Dispatch, DispatchError> {
        self.found.borrow().clone().ok_or(DispatchError::Ended)
    }

    /// The dispatcher that works now, or the first that will; `None` when there will be none any more.
    pub async fn wait(&mut self) -> Option<Dispatch> {
        let found = self.found.wait_for(Option::is_some).await;
        found.ok().and_then(|dispatch| dispatch.clone())
    }

    /// The dispatchers that begin to work, from the one that works now on.
    pub fn starts(&self) -> Starts {
        let mut found = self.found.clone();
        found.mark_changed();
        Starts(found)
    }

    /// What becomes of jobs, whichever dispatcher is at work.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }
}

/// Dispatchers that begin to work, one after the other.
#[derive(Debug)]
pub struct Starts(watch::Receiver<Option<Dispatch>>);

impl Starts {
    /// The next one; `None` when there will be none any more.
    pub async fn next(&mut self) -> Option<Dispatch> {
        loop {
            self.0.changed().await.ok()?;
            let found = self.0.borrow_and_update().clone();
            if found.is_some() {
                return found;
            }
        }
    }
}

/// Keeps a dispatcher at work: `setup` says what each start needs. The future ends when it is dropped, or with what no new
/// start would mend.
pub fn keep_at_work(
    setup: impl Fn() -> Setup,
) -> (Center, impl Future<Output = Result<(), ServiceError>>) {
    let (found, center) = watch::channel(None);
    let changes = Changes::default();
    let center = Center {
        found: center,
        changes: changes.clone(),
    };
    let work = async move {
        let mut pause = FIRST_PAUSE;
        loop {
            let setup = setup();
            let figures = setup.figures.clone();
            let ended = match start_telling(setup, changes.clone()).await {
                Ok((dispatch, work)) => {
                    pause = FIRST_PAUSE;
                    found.send_replace(Some(dispatch));
                    figures.works(true);
                    let ended = Box::pin(work).await;
                    figures.works(false);
                    found.send_replace(None);
                    ended
                }
                Err(error) => Err(error),
            };
            match ended {
                Err(ServiceError::Store(error)) => {
                    tracing::error!("dispatch starts anew in {} ms: {error}", pause.as_millis());
                }
                Err(error @ ServiceError::Elsewhere { .. }) => tracing::info!("{error}"),
                ended => return ended,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    };
    (center, work)
}
