//! What a session wants, done.

use futures::{Sink, future};
use hypernode_state::UnixMs;
use hypernode_wire::{Kind, Outbound, SignAnswer};
use tokio::sync::oneshot;

use super::act::{Act, End};
use super::driver::Driver;
use super::hub::Sent;
use super::logs::Piece;
use super::request::{Reply, Request};
use super::session::error;
use super::test_job;
use crate::ids::JobId;
use crate::job::{Fault, Outcome};

/// Things that a host may be asked to sign at a time.
const ASKED: usize = 16;

impl<O: Sink<Sent> + Send + Unpin> Driver<O> {
    pub(super) async fn act(&mut self, act: Act) -> Vec<Act> {
        let now = self.hub.0.now();
        match act {
            Act::Enter(enter) => return Box::pin(self.enter(*enter)).await,
            Act::Accept(job, fence) => {
                if self.ask(&Request::Accept(job, fence)).await != Reply::Done {
                    self.offered.remove(&job);
                    return self.session.too_late(job);
                }
            }
            Act::Reject(job, fence) => {
                self.offered.remove(&job);
                self.ask(&Request::Reject(job, fence)).await;
            }
            Act::Renew(jobs) => return self.renew(jobs, now).await,
            Act::End(end) => return self.end(*end).await,
            Act::Away => {
                self.ask(&Request::Away).await;
            }
            Act::Changed => self.tie().await,
            Act::Test => self.test(now).await,
            Act::Signed(signed) => {
                if let Some(answer) = self.asked.remove(&signed.request) {
                    let _ = answer.send(signed.answer);
                }
            }
            act => self.note(act),
        }
        Vec::new()
    }

    /// What is only written down.
    fn note(&self, act: Act) {
        let Some(claimed) = self.claimed else {
            return;
        };
        let nodes = self.hub.nodes();
        match act {
            Act::Beat => nodes.beat(claimed.uuid),
            Act::Tell(stats) => nodes.told(claimed.uuid, stats),
            Act::Answered(ms) => nodes.answered_in(claimed.uuid, ms),
            Act::Lapsed => nodes.ran(claimed.uuid, false),
            Act::Log(job, piece) => self.hub.logs().put(job, claimed.uuid, piece),
            _ => {}
        }
    }

    /// Leases are renewed side by side: they share a commit.
    async fn renew(&mut self, jobs: Vec<(JobId, u32)>, now: UnixMs) -> Vec<Act> {
        let Some(node) = self.session.here().map(|here| here.node) else {
            return Vec::new();
        };
        let center = &self.hub.0.setup.center;
        let asked = jobs.into_iter().map(|(job, fence)| async move {
            (
                job,
                fence,
                Request::Renew(job, fence).once(node, center).await,
            )
        });
        let mut acts = Vec::new();
        for (job, fence, reply) in future::join_all(asked).await {
            match reply {
                // Nothing is known: the next heartbeat asks again.
                Reply::Nobody => {}
                reply => acts.extend(self.session.renewed(job, fence, reply == Reply::Done, now)),
            }
        }
        acts
    }

    /// A run ended. Whatever the dispatcher goes through meanwhile, the result is not lost while the socket lives.
    async fn end(&mut self, end: End) -> Vec<Act> {
        let End {
            job,
            fence,
            outcome,
            mut kept,
            answered,
        } = end;
        if kept.logs.is_empty()
            && let Some(tail) = self.hub.logs().tail(job)
        {
            // What was streamed need not be sent twice.
            (kept.logs, kept.logs_cut) = (text(&tail.output), tail.cut);
        }
        let request = Request::End(job, fence, outcome, kept.bytes());
        let reply = self.ask(&request).await;
        if reply == Reply::Nobody {
            return vec![error(
                "the dispatcher is starting anew: send the result again in a moment",
            )];
        }
        let counts = reply == Reply::Done;
        if counts && let Some(claimed) = self.claimed {
            match outcome {
                Outcome::Completed => self.hub.nodes().ran(claimed.uuid, true),
                Outcome::Failed(Fault::Node) => self.hub.nodes().ran(claimed.uuid, false),
                Outcome::Failed(_) => {}
            }
            self.hub.logs().end(job);
        }
        self.session.ended(job, counts, answered)
    }

    /// Asks the dispatcher of now; of one that starts anew, when it has.
    pub(super) async fn ask(&mut self, request: &Request) -> Reply {
        let Some(node) = self.session.here().map(|here| here.node) else {
            return Reply::Nobody;
        };
        for _ in 0..3 {
            let reply = request.once(node, &self.hub.0.setup.center).await;
            if reply != Reply::Nobody {
                return reply;
            }
            self.tie().await;
            self.is_behind = true;
        }
        Reply::Nobody
    }

    async fn test(&mut self, now: UnixMs) {
        let Some(claimed) = self.claimed else {
            return;
        };
        match self.hub.nodes().begin_test(claimed.uuid).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!("node {} gets no test job now: {error}", claimed.node);
                return;
            }
        }
        let wallet = self
            .hub
            .nodes()
            .get(claimed.uuid)
            .map(|view| view.node.wallet);
        let order = wallet.map(|wallet| test_job::order(claimed.node, wallet, now));
        if let Some(Ok(order)) = order {
            let reply = self.ask(&Request::Submit(Box::new(order))).await;
            if reply != Reply::Done {
                tracing::warn!("node {} gets no test job: {reply:?}", claimed.node);
            }
        }
    }

    pub(super) fn ask_to_sign(
        &mut self,
        bytes: String,
        answer: oneshot::Sender<SignAnswer>,
    ) -> Vec<Act> {
        self.asked.retain(|_, answer| !answer.is_closed());
        let understands = self.session.dialect().understands(Kind::Sign);
        if !understands || self.asked.len() >= ASKED {
            return Vec::new();
        }
        self.asks += 1;
        let request = format!("{}-{}", self.number, self.asks);
        self.asked.insert(request.clone(), answer);
        vec![Act::Send(Outbound::Sign { request, bytes })]
    }
}

fn text(output: &[Piece]) -> String {
    let texts = output.iter().filter_map(|piece| match piece {
        Piece::Output { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}
