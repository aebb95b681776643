//! What a host is told of a job, out of what was kept of it.

use hypernode_state::jobs::GetJob;
use hypernode_state::{Store, StoreError, StoreExt, UnixMs};
use hypernode_wire::{Catalog, Dialect, Free, Job, JobLimits, Outbound, Summary, Work as Told};

use crate::board::Record;
use crate::content::Content;
use crate::ids::JobId;
use crate::job::Pay;

/// A job, as far as its host is told.
#[derive(Clone, Debug)]
pub struct Work {
    content: Content,
    /// The manifest's command; none for a free job.
    bound: Option<Told>,
    record: Record,
}

impl Work {
    /// What was kept of a job; `None` where it cannot be run as it stands.
    ///
    /// # Errors
    /// The store's.
    pub async fn read(
        store: &dyn Store,
        catalog: &Catalog,
        job: JobId,
    ) -> Result<Option<Self>, StoreError> {
        let query = GetJob {
            id: job.to_string(),
            content: true,
            outcome: false,
        };
        let Some(whole) = store.ask(query).await? else {
            return Ok(None);
        };
        let content = whole.content.unwrap_or_default();
        let (Ok(content), Ok(record)) = (
            serde_json::from_slice::<Content>(&content),
            serde_json::from_slice::<Record>(&whole.job.record),
        ) else {
            tracing::error!("job {job} cannot be read, and is sent to no host");
            return Ok(None);
        };
        match content.work(catalog) {
            Ok(bound) => Ok(Some(Self {
                content,
                bound,
                record,
            })),
            Err(error) => {
                tracing::warn!("job {job} cannot be sent to a host: {error}");
                Ok(None)
            }
        }
    }

    /// Whether anything is paid for it.
    pub fn is_paid(&self) -> bool {
        self.record.job.terms.pay != Pay::Nothing
    }

    /// What a host needs to know to take it or leave it.
    pub(super) fn summary(&self) -> Summary {
        let needs = &self.record.spec.needs;
        let pay = match self.record.job.terms.pay {
            Pay::Nothing => 0,
            Pay::UpTo(budget) => budget,
            Pay::OnChain(price) => price,
        };
        Summary {
            job_type: self.content.job_type.clone(),
            manifest: self.content.manifest.clone(),
            max_duration_s: self.record.job.terms.max_duration_s,
            memory_mb: (needs.min_vram_mb > 0).then_some(needs.min_vram_mb.into()),
            pay: Some(pay.to_string()),
        }
    }

    /// The job frame; none where hosts of the dialect do not run such jobs.
    pub(super) fn frame(
        &self,
        job: JobId,
        fence: u32,
        until: UnixMs,
        deadline: UnixMs,
        dialect: Dialect,
    ) -> Option<Outbound> {
        let work = match (&self.bound, dialect) {
            (Some(Told::Bound(command)), Dialect::Aware) => Told::Named {
                manifest: command.manifest().to_owned(),
                args: command.args().clone(),
            },
            (Some(bound), _) => bound.clone(),
            // What a submitter wrote goes to no program that would put it into a shell.
            (None, Dialect::Aware) => Told::Free(Box::new(Free {
                job_type: self.content.job_type.clone(),
                model: self.content.model.clone(),
                input: self.content.input.clone(),
            })),
            (None, _) => return None,
        };
        let needs = &self.record.spec.needs;
        let ms = |time: UnixMs| time.max(0).unsigned_abs();
        Some(Outbound::Job(Box::new(Job {
            id: job.to_string(),
            work,
            fence,
            lease_until_ms: ms(until),
            deadline_ms: ms(deadline),
            limits: JobLimits {
                gpu_required: needs.min_vram_mb > 0 || needs.gpu_model.is_some(),
                ..JobLimits::default()
            },
        })))
    }
}
