//! The clients' side of what happens.

use hypernode_dispatch::board::{Input, Submission};
use hypernode_dispatch::ids::JobId;
use hypernode_dispatch::job::{By, Pay, Terms};
use hypernode_dispatch::matching::Needs;
use hypernode_state::{Address, Digest};

use crate::events::Happening;
use crate::world::World;

impl World {
    /// A request, with the same key each time.
    pub(crate) fn ask(&mut self, client: usize) {
        if self.clients[client].answer.is_some() {
            return;
        }
        // Without an answer it asks again.
        self.within(8_000, Happening::Submit(client));
        let known = self
            .dispatcher
            .as_ref()
            .map(|d| d.keys.get(&client).copied());
        match known {
            None => {}
            Some(Some(job)) => self.answer_with_next(client, job),
            Some(None) => self.submit(client),
        }
        self.settle();
    }

    fn submit(&mut self, client: usize) {
        let id = JobId::uuid(self.name());
        let this = &self.clients[client];
        let terms = Terms {
            owner: Address([this.owner; 32]),
            submitted_at: self.now,
            max_duration_s: this.max_duration_s,
            max_retries: this.max_retries,
            priority: this.priority,
            pay: match this.budget {
                0 => Pay::Nothing,
                budget => Pay::UpTo(budget),
            },
        };
        let submission = Submission {
            id,
            terms,
            needs: Needs::default(),
            content: Digest([client as u8; 32]),
            nonce: client.to_le_bytes().to_vec(),
            waits: false,
            key: None,
        };
        if self.take(Input::Submit(Box::new(submission))).is_ok()
            && let Some(dispatcher) = self.dispatcher.as_mut()
        {
            dispatcher.keys.insert(client, id);
            dispatcher.next.keys.push((client, id));
            self.answer_with_next(client, id);
        }
    }

    /// The answer goes out when what it says is kept. The group on its way may hold it; the next one is later still.
    fn answer_with_next(&mut self, client: usize, job: JobId) {
        if let Some(dispatcher) = self.dispatcher.as_mut() {
            dispatcher.next.answers.push((client, job));
        }
    }

    pub(crate) fn answered(&mut self, client: usize, job: JobId) {
        if self.clients[client].answer.is_none() {
            self.clients[client].answer = Some(job);
            self.unanswered -= 1;
            if self.clients[client].cancels {
                self.within(60_000, Happening::Cancel(client));
            }
        }
    }

    pub(crate) fn withdraw(&mut self, client: usize) {
        if let Some(job) = self.clients[client].answer {
            let running = self.chance(500);
            let by = By::Owner;
            let _ = self.take(Input::Cancel { job, by, running });
            self.settle();
        }
    }
}
