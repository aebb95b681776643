//! Which node would get a job, as things stand.

use serde_json::{Value, json};

use super::{Desk, DeskError};
use crate::asked::needs;
use crate::board::{Config, Preview};
use crate::matching::seed::Seed;
use crate::matching::{Algorithm, Needs, Pool};
use crate::nodes::{Presence, Route};

impl Desk {
    /// Which node comes first for a job with these requirements; nothing is given to it. By the old engine's formula where
    /// nothing else is said: its clients know no other. Hosts that speak HTTP and have shown life within five minutes count
    /// beside those that are connected.
    ///
    /// # Errors
    /// [`DeskError::Wrong`], [`DeskError::Away`], the store's.
    pub async fn preview(
        &self,
        requirements: &Value,
        algorithm: &Value,
    ) -> Result<Option<Preview>, DeskError> {
        let algorithm = needs::algorithm(algorithm)?.unwrap_or(Algorithm::ReputationWeighted);
        // Nobody's own hosts: who asks is looking, not submitting.
        let mut asked = requirements.clone();
        if let Some(fields) = asked.as_object_mut() {
            fields.insert("ownHosts".to_owned(), json!(false));
        }
        let (_, needs) = needs::read(&asked, hypernode_state::Address::default(), &self.limits)?;
        let connected = self
            .center
            .now()?
            .ask_match(needs.clone(), Some(algorithm))
            .await?;
        let polling = self.polling(&needs, algorithm).await?;
        let both = connected.into_iter().chain(polling);
        Ok(both.max_by_key(|preview| preview.candidate.utility))
    }

    /// The best of those hosts that are there for the dispatcher only while they ask.
    async fn polling(
        &self,
        needs: &Needs,
        algorithm: Algorithm,
    ) -> Result<Option<Preview>, DeskError> {
        let mut pool = Pool::new(Config::default().half_stake);
        let now = self.now();
        self.nodes.each(|view| {
            let speaks_http = view.node.about.route == Route::Http;
            if speaks_http && view.presence(now) != Presence::Offline {
                pool.put(self.facts(view));
            }
        });
        let want = pool.want(needs);
        let Some(decision) = pool.choose(algorithm, &want, &[], &Seed([0; 32])) else {
            return Ok(None);
        };
        for candidate in decision.candidates {
            let Some(facts) = pool.get(candidate.node).cloned() else {
                continue;
            };
            let node = self.nodes.get(candidate.node);
            // One that runs something has no place for more.
            let is_free = match node {
                Some(node) => self.held(&node).await?.is_none(),
                None => false,
            };
            if is_free {
                return Ok(Some(Preview {
                    facts,
                    candidate,
                    eligible: decision.eligible,
                }));
            }
        }
        Ok(None)
    }
}
