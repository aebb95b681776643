//! The servers of one network, and which of them is asked next.

use std::time::Duration;

use tokio::time::Instant;

use super::{Backoff, GeyserOptions, Server};

/// What is known of one server.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) server: Server,
    /// The replay that it refused: (first slot wanted, first slot it holds).
    pub(super) lost: Option<(u64, Option<u64>)>,
    /// It serves account updates, as far as is known.
    pub(super) accounts: bool,
    /// Why it lets nobody in.
    pub(super) refused: Option<String>,
    backoff: Backoff,
    /// Not asked before.
    ready: Instant,
}

/// All of them, the preferred one first.
#[derive(Debug)]
pub(super) struct Endpoints {
    list: Vec<Endpoint>,
    at: usize,
    /// How long one that refuses is left alone.
    longest: Duration,
}

impl Endpoints {
    pub(super) fn new(options: &GeyserOptions, now: Instant) -> Self {
        let first = Server {
            url: options.url.clone(),
            x_token: options.x_token.clone(),
        };
        let servers = std::iter::once(first).chain(options.fallbacks.iter().cloned());
        let list = servers.map(|server| Endpoint {
            server,
            lost: None,
            accounts: true,
            refused: None,
            backoff: Backoff::new(options.first_pause, options.max_pause),
            ready: now,
        });
        Self {
            list: list.collect(),
            at: 0,
            longest: options.max_pause,
        }
    }

    /// The one that is asked now.
    pub(super) fn current(&self) -> Option<&Endpoint> {
        self.list.get(self.at)
    }

    pub(super) fn current_mut(&mut self) -> Option<&mut Endpoint> {
        self.list.get_mut(self.at)
    }

    /// The current one brought something: its pauses start over.
    pub(super) fn progressed(&mut self) {
        if let Some(one) = self.current_mut() {
            one.backoff.reset();
        }
    }

    /// The current one failed: it is left alone for ever longer.
    pub(super) fn failed(&mut self, now: Instant) {
        if let Some(one) = self.current_mut() {
            one.ready = now + one.backoff.next();
        }
    }

    /// The current one no longer holds the slots from `needed` on, but those from `available` on. `true`: it had said so
    /// before; then its tip is asked for.
    pub(super) fn lose(&mut self, needed: u64, available: Option<u64>) -> bool {
        let Some(one) = self.current_mut() else {
            return true;
        };
        let again = one.lost.is_some_and(|(before, _)| before == needed);
        let available = available.filter(|_| !again);
        one.lost = Some((needed, available.map(|first| first.max(needed))));
        again
    }

    /// The current one lets nobody in. `false`: neither does any other.
    pub(super) fn refused(&mut self, why: String, now: Instant) -> bool {
        let longest = self.longest;
        if let Some(one) = self.current_mut() {
            one.refused = Some(why);
            one.ready = now + longest;
        }
        self.list.iter().any(|one| one.refused.is_none())
    }

    /// Whether another one may still hold what the current one has lost: the slots from `wanted` on.
    pub(super) fn others_may_hold(&self, wanted: u64) -> bool {
        let mut others = self.list.iter().enumerate();
        others.any(|(n, one)| {
            let lost = one.lost.is_some_and(|(slot, _)| wanted <= slot);
            n != self.at && one.refused.is_none() && !lost
        })
    }

    /// Turns to the one that is asked next, and says how long to wait before: the first in order of those that are ready,
    /// else the one that is ready first.
    pub(super) fn next(&mut self, now: Instant) -> Duration {
        let waits = |one: &Endpoint| one.ready.saturating_duration_since(now);
        // Of equal ones the first is taken.
        let next = (0..self.list.len()).min_by_key(|n| self.list.get(*n).map(waits));
        self.at = next.unwrap_or(0);
        self.current().map_or(Duration::ZERO, waits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(fallbacks: usize) -> (Endpoints, Instant) {
        let mut options = GeyserOptions::new("http://0", Vec::new());
        options.first_pause = Duration::from_secs(1);
        options.max_pause = Duration::from_secs(8);
        options.fallbacks = (1..=fallbacks)
            .map(|n| Server {
                url: format!("http://{n}"),
                x_token: None,
            })
            .collect();
        let now = Instant::now();
        (Endpoints::new(&options, now), now)
    }

    #[test]
    fn a_server_that_brings_nothing_is_asked_ever_less() {
        let (mut one, mut now) = servers(0);
        for whole in [1_000, 2_000, 4_000, 8_000, 8_000] {
            one.failed(now);
            let pause = one.next(now);
            assert!(
                (whole / 2..=whole).contains(&(pause.as_millis() as u64)),
                "{pause:?} of {whole}"
            );
            now += pause;
        }
        one.progressed();
        one.failed(now);
        assert!(one.next(now) <= Duration::from_secs(1));
    }

    #[test]
    fn another_server_is_asked_at_once_and_the_first_again_when_that_one_fails() {
        let (mut all, now) = servers(2);
        let mut order = Vec::new();
        let mut waited = Vec::new();
        let mut at = now;
        for _ in 0..4 {
            all.failed(at);
            let pause = all.next(at);
            waited.push(pause.is_zero());
            at += pause;
            order.push(all.at);
        }
        // 0 failed: 1; 1 failed: 2; 2 failed: whichever is ready first, after a pause.
        assert_eq!(order[..2], [1, 2]);
        assert_eq!(waited[..3], [true, true, false]);
        // The preferred one is ready by now, and so it is taken.
        all.at = 1;
        let later = at + Duration::from_secs(60);
        all.failed(later);
        assert_eq!((all.next(later), all.at), (Duration::ZERO, 0));
    }

    #[test]
    fn one_that_refuses_is_left_alone_while_any_other_does_not() {
        let (mut all, now) = servers(1);
        assert!(all.refused("no".into(), now));
        assert!(all.next(now).is_zero() && all.at == 1);
        assert!(!all.refused("no".into(), now), "nobody is left");
    }

    #[test]
    fn slots_that_one_has_lost_may_be_held_by_another() {
        let (mut all, now) = servers(1);
        let asked = |all: &Endpoints| all.current().and_then(|one| one.lost);
        assert!(!all.lose(101, Some(400)));
        assert_eq!(asked(&all), Some((101, Some(400))));
        // Its window moved on meanwhile: the tip is asked for.
        assert!(all.lose(101, Some(402)));
        assert_eq!(asked(&all), Some((101, None)));
        assert!(all.others_may_hold(101));
        all.failed(now);
        all.next(now);
        assert!(!all.lose(101, None));
        assert!(!all.others_may_hold(101));
        assert!(
            all.others_may_hold(102),
            "what comes after was not asked for"
        );
    }
}
