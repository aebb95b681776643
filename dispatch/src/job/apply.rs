//! The one function that changes a job.

use hypernode_state::UnixMs;

use super::effect::{Effect, Effects};
use super::event::{By, Event, Fault, Outcome, Refusal};
use super::pay::{Pay, cost};
use super::retry::pause;
use super::rules::Rules;
use super::state::{Cause, Exclusion, Job, Lease, MOST_EXCLUDED, Manner, Stands, State};
use crate::ids::NodeId;

impl Job {
    /// What `event` at `at` does to the job.
    ///
    /// # Errors
    /// Why it does nothing; the job is as it was.
    pub fn apply(&mut self, event: &Event, at: UnixMs, rules: &Rules) -> Result<Effects, Refusal> {
        let at = at.max(self.changed_at);
        let effects = match *event {
            Event::Input => self.input(at),
            Event::Offer { node, ask, until } => self.offer(node, ask, until, at),
            Event::Assign { node, ask, manner } => self.assign(node, ask, manner, at, rules),
            Event::Accept { node, fence } => self.accept(node, fence, at, rules),
            Event::Reject { node, fence } => self.reject(node, fence, at, rules),
            Event::Renew { node, fence } => self.renew(node, fence, at, rules),
            Event::Gone { node } => self.gone(node, at, rules),
            Event::Ended {
                node,
                fence,
                outcome,
            } => self.ended(node, fence, outcome, at, rules),
            Event::Cancel { by, running } => self.cancel(by, running),
            Event::Replay => self.replay(at),
            Event::Reopen { waits } => self.reopen(waits, at, rules),
            Event::Elsewhere { stands, cost } => self.elsewhere(stands, cost),
            Event::Tick => self.tick(at, rules),
        }?;
        self.changed_at = at;
        Ok(effects)
    }

    fn input(&mut self, at: UnixMs) -> Result<Effects, Refusal> {
        match self.state {
            State::Waiting { until } if at >= until => Err(Refusal::Late),
            State::Waiting { .. } => {
                self.queued_at = at;
                self.state = State::Queued { not_before: at };
                Ok(Effects::new())
            }
            _ => Err(self.not_now()),
        }
    }

    /// Takes the job out of the queue for `node`.
    fn give(&mut self, node: NodeId, at: UnixMs) -> Result<u32, Refusal> {
        match self.state {
            State::Queued { not_before } if at < not_before => Err(Refusal::NotNow),
            State::Queued { .. } if self.excludes(node, at) => Err(Refusal::Excluded),
            State::Queued { .. } => {
                // A fence that cannot rise any more would be given twice.
                let fence = self.fence.checked_add(1).ok_or(Refusal::NotNow)?;
                self.fence = fence;
                Ok(fence)
            }
            _ => Err(self.not_now()),
        }
    }

    fn offer(
        &mut self,
        node: NodeId,
        ask: u64,
        until: UnixMs,
        at: UnixMs,
    ) -> Result<Effects, Refusal> {
        if until <= at {
            return Err(Refusal::Late);
        }
        let fence = self.give(node, at)?;
        self.state = State::Offered { node, ask, until };
        Ok(vec![Effect::Offer { node, fence, until }])
    }

    fn assign(
        &mut self,
        node: NodeId,
        ask: u64,
        manner: Manner,
        at: UnixMs,
        rules: &Rules,
    ) -> Result<Effects, Refusal> {
        self.give(node, at)?;
        Ok(self.lease(node, ask, manner, at, rules))
    }

    fn accept(
        &mut self,
        node: NodeId,
        fence: u32,
        at: UnixMs,
        rules: &Rules,
    ) -> Result<Effects, Refusal> {
        match self.state {
            State::Offered {
                node: asked,
                ask,
                until,
            } if asked == node && fence == self.fence => match at < until {
                true => Ok(self.lease(node, ask, Manner::Renewed, at, rules)),
                false => Err(Refusal::Late),
            },
            // Said again: the answer was lost with a dispatcher that had kept it.
            State::Leased(lease) if lease.node == node && fence == self.fence => Ok(Effects::new()),
            _ => Err(self.stale()),
        }
    }

    fn lease(
        &mut self,
        node: NodeId,
        ask: u64,
        manner: Manner,
        at: UnixMs,
        rules: &Rules,
    ) -> Effects {
        let longest = i64::from(self.terms.max_duration_s).saturating_mul(1000);
        let longest = match manner {
            Manner::Renewed => longest,
            Manner::Silent => longest.min(rules.silent_run_ms),
        };
        let deadline = at.saturating_add(longest).saturating_add(rules.slack_ms);
        let until = match manner {
            Manner::Renewed => at.saturating_add(rules.lease_ms).min(deadline),
            Manner::Silent => deadline,
        };
        self.declined = 0;
        self.runs = self.runs.saturating_add(1);
        self.state = State::Leased(Lease {
            node,
            ask,
            since: at,
            until,
            deadline,
            manner,
        });
        vec![Effect::Run {
            node,
            fence: self.fence,
            until,
            deadline,
        }]
    }

    fn reject(
        &mut self,
        node: NodeId,
        fence: u32,
        at: UnixMs,
        rules: &Rules,
    ) -> Result<Effects, Refusal> {
        match self.state {
            State::Offered { node: asked, .. } if asked == node && fence == self.fence => {
                Ok(self.missed(node, Fault::Declined, at, rules))
            }
            _ => Err(self.stale()),
        }
    }

    fn renew(
        &mut self,
        node: NodeId,
        fence: u32,
        at: UnixMs,
        rules: &Rules,
    ) -> Result<Effects, Refusal> {
        let lease = self.held(node, fence, at)?;
        if lease.manner == Manner::Renewed {
            let until = at.saturating_add(rules.lease_ms).min(lease.deadline);
            self.state = State::Leased(Lease { until, ..lease });
        }
        Ok(Effects::new())
    }

    fn gone(&mut self, node: NodeId, at: UnixMs, rules: &Rules) -> Result<Effects, Refusal> {
        match self.holder() {
            Some(holder) if holder == node => {
                let fault = match self.state {
                    State::Leased(_) => Fault::Lost,
                    _ => Fault::Unanswered,
                };
                Ok(self.missed(node, fault, at, rules))
            }
            _ => Err(self.stale()),
        }
    }

    fn ended(
        &mut self,
        node: NodeId,
        fence: u32,
        outcome: Outcome,
        at: UnixMs,
        rules: &Rules,
    ) -> Result<Effects, Refusal> {
        let lease = self.held(node, fence, at)?;
        if let Outcome::Failed(fault) = outcome {
            return Ok(self.missed(node, fault, at, rules));
        }
        let ran_ms = at.saturating_sub(lease.since).unsigned_abs();
        let cost = cost(self.terms.pay, lease.ask, ran_ms);
        self.state = State::Completed { node, cost, ran_ms };
        Ok(match self.terms.pay {
            Pay::UpTo(_) if cost > 0 => vec![Effect::Credit { node, cost }],
            _ => Effects::new(),
        })
    }

    /// The lease, if `node` holds it by `fence` and its time is not over: a result counts only while nobody else may
    /// have the job.
    fn held(&self, node: NodeId, fence: u32, at: UnixMs) -> Result<Lease, Refusal> {
        match self.state {
            State::Leased(lease) if lease.node == node && fence == self.fence => {
                match at < lease.until.min(lease.deadline) {
                    true => Ok(lease),
                    false => Err(Refusal::Late),
                }
            }
            _ => Err(self.stale()),
        }
    }

    fn cancel(&mut self, by: By, running: bool) -> Result<Effects, Refusal> {
        let effects = match self.state {
            State::Waiting { .. } | State::Queued { .. } => Effects::new(),
            State::Offered { node, .. } => {
                let fence = self.fence;
                vec![Effect::Withdraw { node, fence }]
            }
            State::Leased(lease) if running => {
                let (node, fence) = (lease.node, self.fence);
                vec![Effect::Stop { node, fence }]
            }
            State::Leased(_) => return Err(Refusal::Running),
            // The others' job was taken back, or its client cancelled it.
            State::Elsewhere { .. } if by == By::Chain => Effects::new(),
            _ => return Err(Refusal::Over),
        };
        self.state = State::Cancelled { by };
        Ok(effects)
    }

    fn replay(&mut self, at: UnixMs) -> Result<Effects, Refusal> {
        match self.state {
            // Without its input there is nothing to run.
            State::Dead {
                cause: Cause::NoInput,
            } => Err(Refusal::NotNow),
            State::Dead { .. } | State::Failed { .. } => {
                self.failures = 0;
                self.declined = 0;
                self.excluded.clear();
                self.failed_on.clear();
                self.queued_at = at;
                self.state = State::Queued { not_before: at };
                Ok(Effects::new())
            }
            _ => Err(self.not_now()),
        }
    }

    /// What runs here goes on running: whoever has it is told by nobody that it is in vain, but by its client.
    fn elsewhere(&mut self, stands: Stands, cost: u64) -> Result<Effects, Refusal> {
        let now = State::Elsewhere { stands, cost };
        let effects = match self.state {
            State::Waiting { .. }
            | State::Queued { .. }
            | State::Cancelled { by: By::Chain }
            | State::Elsewhere { .. } => Effects::new(),
            State::Offered { node, .. } => {
                let fence = self.fence;
                vec![Effect::Withdraw { node, fence }]
            }
            State::Leased(_) => return Err(Refusal::Running),
            _ => return Err(Refusal::Over),
        };
        if self.state == now {
            return Err(Refusal::NotNow);
        }
        self.state = now;
        Ok(effects)
    }

    /// Only what the chain closed is opened by it: whoever else cancelled meant it.
    fn reopen(&mut self, waits: bool, at: UnixMs, rules: &Rules) -> Result<Effects, Refusal> {
        let (State::Cancelled { by: By::Chain } | State::Elsewhere { .. }) = self.state else {
            return Err(self.not_now());
        };
        let until = self.terms.submitted_at.saturating_add(rules.input_ms);
        self.state = match waits {
            true if at >= until => return Err(Refusal::Late),
            true => State::Waiting { until },
            false => {
                self.queued_at = at;
                State::Queued { not_before: at }
            }
        };
        Ok(Effects::new())
    }

    fn tick(&mut self, at: UnixMs, rules: &Rules) -> Result<Effects, Refusal> {
        match (self.due(rules), self.state) {
            (Some(due), _) if at < due => Err(Refusal::NotNow),
            (_, State::Waiting { .. }) => Ok(self.give_up(Cause::NoInput)),
            (_, State::Queued { .. }) => Ok(self.give_up(Cause::NoNode)),
            (_, State::Offered { node, .. }) => Ok(self.missed(node, Fault::Unanswered, at, rules)),
            (_, State::Leased(lease)) => {
                let fault = match at >= lease.deadline {
                    true => Fault::Overrun,
                    false => Fault::Expired,
                };
                Ok(self.missed(lease.node, fault, at, rules))
            }
            _ => Err(Refusal::Over),
        }
    }

    fn give_up(&mut self, cause: Cause) -> Effects {
        self.state = State::Dead { cause };
        Effects::new()
    }

    /// The attempt under way came to nothing: another one, or the end.
    fn missed(&mut self, node: NodeId, fault: Fault, at: UnixMs, rules: &Rules) -> Effects {
        let fence = self.fence;
        let mut effects = vec![Effect::Missed { node, fence, fault }];
        match fault {
            // The node may still be at it, or believe that it could begin.
            Fault::Expired | Fault::Overrun | Fault::Lost => {
                effects.push(Effect::Stop { node, fence });
            }
            Fault::Unanswered => effects.push(Effect::Withdraw { node, fence }),
            _ => {}
        }
        self.state = match fault {
            Fault::Declined | Fault::Unanswered => self.after_decline(node, at, rules),
            _ => self.after_failure(node, fault, at, rules),
        };
        effects
    }

    fn after_decline(&mut self, node: NodeId, at: UnixMs, rules: &Rules) -> State {
        self.exclude(node, at.saturating_add(rules.exclude_declined_ms), at);
        self.declined = self.declined.saturating_add(1);
        // The next candidate at once, and a pause after each round of them.
        let rounds = self.declined / rules.offers.max(1);
        let not_before = match self.declined % rules.offers.max(1) {
            0 => at.saturating_add(pause(rules, u32::from(rounds), self.lot())),
            _ => at,
        };
        State::Queued { not_before }
    }

    fn after_failure(&mut self, node: NodeId, fault: Fault, at: UnixMs, rules: &Rules) -> State {
        if fault == Fault::Permanent {
            let cause = Cause::Permanent;
            return State::Failed { cause };
        }
        if fault == Fault::Job && !self.failed_on.contains(&node) {
            self.failed_on.push(node);
        }
        if self.failed_on.len() >= usize::from(rules.poison_nodes.max(1)) {
            let cause = Cause::Poison;
            return State::Dead { cause };
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures > self.terms.max_retries {
            let cause = Cause::Attempts(fault);
            return State::Dead { cause };
        }
        if fault != Fault::Passing {
            self.exclude(node, at.saturating_add(rules.exclude_failed_ms), at);
        }
        let pause = pause(rules, u32::from(self.failures) - 1, self.lot());
        State::Queued {
            not_before: at.saturating_add(pause),
        }
    }

    fn exclude(&mut self, node: NodeId, until: UnixMs, at: UnixMs) {
        self.excluded.retain(|e| e.until > at && e.node != node);
        if self.excluded.len() >= MOST_EXCLUDED {
            let first = (0..self.excluded.len()).min_by_key(|n| self.excluded[*n].until);
            first.map(|n| self.excluded.swap_remove(n));
        }
        self.excluded.push(Exclusion { node, until });
    }

    /// Differs between jobs and between the attempts of one.
    fn lot(&self) -> u64 {
        let fold = |sum: u64, byte: &u8| sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte);
        let name = self
            .id
            .0
            .as_bytes()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, fold);
        name ^ u64::from(self.fence)
    }

    /// Whoever speaks of an attempt that is not the one in force, or of a job that has ended.
    fn stale(&self) -> Refusal {
        match self.is_over() {
            true => Refusal::Over,
            false => Refusal::Stale { now: self.fence },
        }
    }

    fn not_now(&self) -> Refusal {
        match self.is_over() {
            true => Refusal::Over,
            false => Refusal::NotNow,
        }
    }
}
