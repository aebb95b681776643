//! The audit itself, from a question to a report.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use futures::stream;
use hypernode_decoder::idl::Idl;
use hypernode_decoder::{Decoder, find_address};
use hypernode_score::What;

use crate::chain::{Chain, Listed, Seen};
use crate::compare::compare;
use crate::error::AuditError;
use crate::events::Says;
use crate::facts::{Facts, PARALLEL};
use crate::idls;
use crate::keys::{Key, show_key};
use crate::network::Network;
use crate::progress::Progress;
use crate::published;
use crate::recompute::{Evidence, Figures, Registration, evidence, registration};
use crate::report::{Report, Source};
use crate::rpc::Rpc;

/// What is to be audited, and how.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The node's account.
    pub node: Key,
    /// The slot; `None`: the newest that the API calls final.
    pub slot: Option<u64>,
    /// The chain's JSON-RPC endpoint.
    pub rpc: String,
    /// The API that publishes the score.
    pub api: String,
    /// Whom the API's client trusts; `None`: the usual authorities.
    pub api_tls: Option<rustls::ClientConfig>,
    /// The network, and the file that describes it; `None`: as the API's answer describes it.
    pub network: Option<(String, Network)>,
    /// IDLs beside the built-in ones.
    pub idls: Vec<Idl>,
    /// Signatures that are looked at, at most.
    pub max_transactions: u64,
}

/// What the chain says of a node.
struct Told {
    registration: Option<Registration>,
    evidence: Vec<Evidence>,
}

/// Audits: asks the API, then the chain, and compares.
///
/// # Errors
/// When there is no answer: a source cannot be asked, is another network's, or does not hold what is needed.
pub async fn audit(ask: &Audit, progress: &Progress) -> Result<Report, AuditError> {
    let published = published::fetch(&ask.api, ask.api_tls.clone(), &ask.node, ask.slot).await?;
    let slot = ask.slot.unwrap_or(published.slot);
    let (source, network) = match &ask.network {
        Some((path, network)) => (Source::File(path.clone()), network.clone()),
        None => (
            Source::Api,
            Network::of("the API's answer", &published.network)?,
        ),
    };
    let stated = published.evidence(&ask.api, &network)?;
    let (decoder, registry, idls) = idls::decoder(&network, &source.to_string(), &ask.idls)?;
    let rpc = Rpc::new(&ask.rpc, progress)?;
    let most = ask.max_transactions;
    let chain = Chain::open(rpc, progress, &network.genesis, slot, most).await?;
    let seen = chain.last_block().await?;
    if !(seen.slot..=slot).contains(&published.slot) {
        return Err(AuditError::Api {
            api: published::shown(&ask.api),
            what: format!(
                "it answers for slot {} when asked for {slot}",
                published.slot
            ),
        });
    }
    let notes = notes(&chain, &source, &network, &published.network).await;
    let told = ask
        .tell(&chain, progress, decoder, &registry, &network, seen)
        .await?;
    let stands = told.registration.as_ref().is_some_and(|last| last.stands);
    let owner = told.registration.map(|last| last.owner);
    let figures = Figures::new(stands, told.evidence, hypernode_score::day(seen.time));
    let owner = owner.filter(|_| stands);
    let differences = compare(&ask.node, &published, stated, owner, &figures, seen);
    Ok(Report {
        node: ask.node,
        owner,
        slot,
        seen,
        source,
        network,
        idls,
        differences,
        published,
        figures,
        looked_at: [
            progress.signatures(),
            progress.transactions(),
            progress.jobs(),
            progress.requests(),
        ],
        notes,
    })
}

/// What a reader of the outcome should know.
async fn notes(
    chain: &Chain<'_>,
    source: &Source,
    network: &Network,
    published: &serde_json::Value,
) -> Vec<String> {
    let mut notes = Vec::new();
    let first = chain.first_block().await;
    if let Some(first) = first.filter(|first| *first > network.start_slot.max(1)) {
        notes.push(format!(
            "the RPC endpoint holds blocks from slot {first} on: older evidence would be missed"
        ));
    }
    let theirs = Network::of("the API's answer", published);
    if *source != Source::Api && theirs.is_ok_and(|theirs| theirs != *network) {
        notes.push("the API's answer describes another network than the file".to_owned());
    }
    notes
}

impl Audit {
    async fn tell(
        &self,
        chain: &Chain<'_>,
        progress: &Progress,
        decoder: Decoder,
        registry: &Key,
        network: &Network,
        seen: Seen,
    ) -> Result<Told, AuditError> {
        let mut facts = Facts::new(chain, progress, decoder);
        let since = |mut listed: Vec<Listed>| {
            listed.retain(|one| one.slot >= network.start_slot);
            listed
        };
        let of_node = since(chain.signatures(&self.node).await?);
        facts.learn(of_node.iter().copied()).await?;
        facts.settle_order([of_node.as_slice()]).await?;
        let history = facts.history(&of_node, |event| match &event.says {
            Says::Registered { node, .. } | Says::Deregistered { node } => *node == self.node,
            Says::Job { .. } => false,
        });
        let registration = registration(&history);
        let Some(last) = registration.as_ref().filter(|last| last.stands) else {
            return Ok(Told {
                registration,
                evidence: Vec::new(),
            });
        };
        if find_address(registry, &[b"node", &last.owner, &last.name]) != Some(self.node) {
            return Err(AuditError::Underived {
                node: show_key(&self.node),
                owner: show_key(&last.owner),
                name: String::from_utf8_lossy(&last.name).into_owned(),
            });
        }
        let of_owner = since(chain.signatures(&last.owner).await?);
        facts.learn(of_owner.iter().copied()).await?;
        // No evidence of this node without an assignment that names it, and each names its owner's account.
        let jobs = facts.jobs(|event| match event.says {
            Says::Job {
                job,
                what: What::Assigned { node, .. },
            } if node == self.node => Some(job),
            _ => None,
        });
        let accounts: BTreeSet<Key> = jobs.iter().map(|(_, job)| *job).collect();
        let list = |job: Key| async move { (job, chain.signatures(&job).await) };
        let mut answers = stream::iter(accounts).map(list).buffer_unordered(PARALLEL);
        let mut of_jobs = BTreeMap::new();
        while let Some((job, listed)) = answers.next().await {
            of_jobs.insert(job, since(listed?));
            progress.job();
        }
        facts.learn(of_jobs.values().flatten().copied()).await?;
        facts
            .settle_order(of_jobs.values().map(Vec::as_slice))
            .await?;
        let mut found = Vec::new();
        for (program, job) in jobs {
            let listed = of_jobs.get(&job).map(Vec::as_slice).unwrap_or_default();
            let history = facts.history(listed, |event| {
                event.program == program
                    && matches!(&event.says, Says::Job { job: of, .. } if *of == job)
            });
            let accounts = &network.fee_accounts;
            found.extend(evidence(
                (program, job),
                &history,
                accounts,
                seen.time,
                &self.node,
            ));
        }
        Ok(Told {
            registration,
            evidence: found,
        })
    }
}
