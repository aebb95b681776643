//! The one task that looks for new figures while anybody listens, and the places for those who do.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hypernode_analytics::Finality;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use super::told::{self, Told};
use crate::cache::Snapshot;
use crate::listen::places::{Place, Places};
use crate::state::ApiState;

/// Streams at a time.
const STREAMS: usize = 256;
/// Streams of one address at a time (IPv6: of its network of 64 bits): browsers open six to a server at most. This machine's
/// own are not counted.
pub(crate) const PER_ADDRESS: u32 = 16;
/// Shortest time between two looks: half a slot.
const PERIOD: Duration = Duration::from_millis(200);
/// The same while the figures cannot be read: each failed look is a line in the log.
const TROUBLED: Duration = Duration::from_secs(2);

type Newest = Option<Arc<Told>>;

/// What all listeners share.
#[derive(Debug)]
pub(crate) struct Live {
    places: Arc<Semaphore>,
    addresses: Arc<Places>,
    confirmed: watch::Sender<Newest>,
    finalized: watch::Sender<Newest>,
    /// The task, while there is one.
    task: Mutex<Option<JoinHandle<()>>>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    _place: OwnedSemaphorePermit,
    _own: Place,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// This address has as many as one may have.
    Address,
    /// All are taken.
    All,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(STREAMS)),
            addresses: Arc::default(),
            confirmed: watch::Sender::new(None),
            finalized: watch::Sender::new(None),
            task: Mutex::default(),
        }
    }
}

impl Live {
    /// A place for a stream to `from`, if there is one.
    pub(crate) fn seat(&self, from: IpAddr) -> Result<Seat, Full> {
        let most = if from.to_canonical().is_loopback() {
            u32::MAX
        } else {
            PER_ADDRESS
        };
        let own = self.addresses.take(from, most).ok_or(Full::Address)?;
        let places = Arc::clone(&self.places);
        let place = places.try_acquire_owned().map_err(|_| Full::All)?;
        Ok(Seat {
            _place: place,
            _own: own,
        })
    }

    /// A place and what is told there, if there is one for `from`. The first listener starts the task.
    pub(crate) fn listen(
        self: &Arc<Self>,
        state: &ApiState,
        finality: Finality,
        from: IpAddr,
    ) -> Result<(Seat, watch::Receiver<Newest>), Full> {
        let seat = self.seat(from)?;
        // Before the lock: a task that is about to end sees this listener, or this listener sees that it has ended.
        let receiver = self.channel(finality).subscribe();
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            // What was told to the last listener may be long past.
            for channel in [&self.confirmed, &self.finalized] {
                channel.send_replace(None);
            }
            *task = Some(tokio::spawn(Arc::clone(self).look(state.clone())));
        }
        Ok((seat, receiver))
    }

    fn channel(&self, finality: Finality) -> &watch::Sender<Newest> {
        match finality {
            Finality::Confirmed => &self.confirmed,
            Finality::Finalized => &self.finalized,
        }
    }

    /// Looks for new snapshots until nobody listens.
    async fn look(self: Arc<Self>, state: ApiState) {
        let mut seen = [None, None];
        while !self.is_over() {
            let started = Instant::now();
            for (finality, seen) in [Finality::Confirmed, Finality::Finalized]
                .into_iter()
                .zip(&mut seen)
            {
                let channel = self.channel(finality);
                if channel.receiver_count() > 0 {
                    tell(&state, finality, channel, seen).await;
                } else if seen.take().is_some() {
                    channel.send_replace(None);
                }
            }
            let least = if seen.contains(&Some(Seen::Trouble)) {
                TROUBLED
            } else {
                PERIOD
            };
            // As long a rest as the work took: a slow warehouse is not asked without a break.
            tokio::time::sleep(least.max(started.elapsed())).await;
        }
    }

    /// Whether nobody listens; then the task is given up before anyone else can count on it.
    fn is_over(&self) -> bool {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        let over = self.confirmed.receiver_count() + self.finalized.receiver_count() == 0;
        if over {
            *task = None;
        }
        over
    }
}

/// What was told last.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// A slot, and the newest retraction at that time.
    Snapshot(u64, u64),
    Trouble,
}

/// Tells what has changed since `seen`, to all at once.
async fn tell(
    state: &ApiState,
    finality: Finality,
    channel: &watch::Sender<Newest>,
    seen: &mut Option<Seen>,
) {
    let found = match state.snapshots.current(finality).await {
        Ok(now) => {
            let key = Seen::Snapshot(now.as_of, now.retracted);
            if seen.as_ref() == Some(&key) {
                return;
            }
            snapshot(state, &now).await.map(|told| (key, told))
        }
        Err(_) => None,
    };
    let (key, told) = found.unwrap_or_else(|| (Seen::Trouble, told::trouble()));
    if seen.as_ref() != Some(&key) {
        channel.send_replace(Some(Arc::new(told)));
        *seen = Some(key);
    }
}

async fn snapshot(state: &ApiState, now: &Snapshot) -> Option<Told> {
    let read = async {
        Ok::<_, hypernode_analytics::Error>((now.figures().await?, now.receipts().await?))
    };
    let (figures, receipts) = read
        .await
        .inspect_err(|error| tracing::warn!(%error, "nothing new can be told"))
        .ok()?;
    Some(told::snapshot(state, now, figures, receipts.first()))
}
