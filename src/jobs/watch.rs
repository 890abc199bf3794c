//! What logs and metrics learn of jobs. Each failure is logged here and nowhere else.

use std::time::Duration;

use super::observer::Observer;
use super::verdict::Outcome;
use crate::store::StoreError;
use crate::store::jobs::ClaimedJob;
use crate::telemetry::Metrics;

/// Logs and counts.
pub struct Watch(pub Metrics);

impl Observer for Watch {
    fn claimed(&self, job: &ClaimedJob) {
        if job.taken_over {
            self.0.lease_expired();
            tracing::warn!(job.id = %job.id, job.kind, attempt = job.attempt, "job taken over from a worker that fell silent");
        }
    }

    fn finished(&self, job: &ClaimedJob, outcome: &Outcome, took: Duration) {
        let (id, kind, platform, guarantee) = (&job.id, &job.kind, &job.platform, &job.lane);
        let (attempt, took_ms) = (job.attempt, took.as_millis());
        match outcome {
            Outcome::Done => {
                tracing::info!(job.id = %id, job.kind = kind, %platform, guarantee.id = %guarantee, attempt, took_ms, "job done");
            }
            Outcome::Retry { cause, detail, after } => {
                let after_ms = after.as_millis();
                tracing::warn!(job.id = %id, job.kind = kind, %platform, guarantee.id = %guarantee, attempt, %cause, detail, after_ms, "job will be tried again");
            }
            Outcome::Dead { cause: super::Cause::Obsolete, detail } => {
                tracing::info!(job.id = %id, job.kind = kind, %platform, guarantee.id = %guarantee, detail, "job has lost its purpose");
            }
            Outcome::Dead { cause, detail } => {
                self.0.alarm("job-dead");
                tracing::error!(job.id = %id, job.kind = kind, %platform, guarantee.id = %guarantee, attempt, %cause, detail, "job given up; `baohan replay` revives it");
            }
            Outcome::LeaseLost => {
                tracing::warn!(job.id = %id, job.kind = kind, %platform, guarantee.id = %guarantee, attempt, took_ms, "job lost its lease; another attempt has it");
            }
            Outcome::Unwritten(error) => {
                tracing::error!(job.id = %id, job.kind = kind, %platform, guarantee.id = %guarantee, attempt, %error, "job's outcome could not be written; it runs again");
            }
        }
    }

    fn fence_rejected(&self, _: &ClaimedJob) {
        self.0.fence_rejected();
    }

    fn claim_failed(&self, error: &StoreError) {
        tracing::error!(%error, "jobs can't be claimed");
    }
}
