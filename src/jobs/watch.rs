//! What logs and metrics learn of jobs. Each failure is logged here and nowhere else.

use std::time::Duration;

use super::attempt::REJECTIONS;
use super::breaker::State;
use super::observer::Observer;
use super::suspicion;
use super::verdict::Outcome;
use crate::domain::identity::PlatformId;
use crate::store::StoreError;
use crate::store::jobs::{Cause, ClaimedJob};
use crate::telemetry::Metrics;

/// Logs and counts.
pub struct Watch(pub Metrics);

impl Observer for Watch {
    fn claimed(&self, job: &ClaimedJob) {
        if job.taken_over {
            self.0.lease_expired();
            tracing::warn!(job.id = %job.id, job.kind, attempt = job.attempt, "job taken over from a worker that fell silent");
        }
        suspicion::tell(&self.0, job);
    }

    fn finished(&self, job: &ClaimedJob, outcome: &Outcome, took: Duration) {
        let (id, kind, platform, round) = (&job.id, &job.kind, &job.platform, job.lane.round());
        let guarantee = job.lane.guarantee();
        let guarantee = guarantee.as_ref().map(tracing::field::display);
        let (attempt, took_ms) = (job.attempt, took.as_millis());
        match outcome {
            Outcome::Done => {
                tracing::info!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, round, attempt, took_ms, "job done");
            }
            // One "no" may be a hiccup. A platform that keeps saying no holds up what stands behind in the lane.
            Outcome::Retry { cause: Cause::Rejected, detail, .. } if attempt == REJECTIONS => {
                self.0.alarm("job-rejected");
                tracing::error!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, round, attempt, detail, "platform keeps rejecting a job; it is tried on, and what follows for this guarantee waits");
            }
            Outcome::Retry { cause, detail, after } => {
                let after_ms = after.as_millis();
                tracing::warn!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, round, attempt, %cause, detail, after_ms, "job will be tried again");
            }
            Outcome::SteppedAside { detail, after } => {
                self.0.alarm("job-rejected");
                let after_ms = after.as_millis();
                tracing::error!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, attempt, detail, after_ms, "platform keeps rejecting a job that an opening waits behind; the job goes behind the opening, and is tried on");
            }
            Outcome::HandedBack => {
                tracing::info!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, round, attempt, took_ms, "job handed back before its end; the attempt does not count");
            }
            Outcome::Dead { cause: Cause::Obsolete, detail } => {
                tracing::info!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, round, detail, "job has lost its purpose");
            }
            Outcome::Dead { cause, detail } => {
                self.0.alarm("job-dead");
                tracing::error!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, round, attempt, %cause, detail, "job given up; `baohan replay` revives it");
            }
            Outcome::LeaseLost => {
                tracing::warn!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, round, attempt, took_ms, "job lost its lease; another attempt has it");
            }
            Outcome::Unwritten(error) => {
                tracing::error!(job.id = %id, job.kind = kind, %platform, guarantee.id = guarantee, round, attempt, %error, "job's outcome could not be written; it runs again");
            }
        }
    }

    fn fence_rejected(&self, _: &ClaimedJob) {
        self.0.fence_rejected();
    }

    fn breaker_moved(&self, platform: &PlatformId, state: State) {
        self.0.set_breaker(platform.as_str(), state.gauge());
        match state {
            State::Open => {
                tracing::warn!(%platform, "most calls get no answer: none is begun for a while, and no attempt used up");
            }
            State::HalfOpen => {
                tracing::info!(%platform, "one call at a time goes through, to see whether it is answered")
            }
            State::Closed => tracing::info!(%platform, "calls are answered again: all that waited is due"),
        }
    }

    fn claim_failed(&self, error: &StoreError) {
        tracing::error!(%error, "jobs can't be claimed");
    }

    fn clock_set_back(&self, by: Duration) {
        self.0.alarm("clock-set-back");
        let by_ms = by.as_millis();
        tracing::error!(by_ms, "database's clock was set back; leases and waits are cut short");
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::identity::GuaranteeId;
    use crate::store::jobs::{Fence, JobId, Lane};

    fn job(attempt: i64) -> ClaimedJob {
        let id = JobId::new("job-1");
        ClaimedJob {
            id: id.clone(),
            platform: PlatformId::new("somewhere"),
            lane: Lane::of_guarantee(&GuaranteeId::new("g1")),
            kind: "notify".to_owned(),
            payload: Vec::new().into(),
            deadline: Timestamp::UNIX_EPOCH,
            created_at: Timestamp::UNIX_EPOCH,
            attempt,
            tries: 1,
            taken_over: false,
            silent_ends: 0,
            fence: Fence { job: id, owner: "w".to_owned(), attempt },
        }
    }

    fn retry(cause: Cause) -> Outcome {
        Outcome::Retry { cause, detail: "不同意".to_owned(), after: Duration::ZERO }
    }

    #[test]
    fn a_platform_that_keeps_saying_no_is_told_to_people_once() {
        let watch = Watch(Metrics::new());
        for attempt in 1..10 {
            watch.finished(&job(attempt), &retry(Cause::Rejected), Duration::ZERO);
        }
        assert!(
            watch.0.encode().contains("gw_alarms_total{kind=\"job-rejected\"} 1"),
            "{}",
            watch.0.encode()
        );
    }

    #[test]
    fn a_job_that_steps_aside_is_told_to_people() {
        let watch = Watch(Metrics::new());
        let aside = Outcome::SteppedAside { detail: "不同意".to_owned(), after: Duration::ZERO };
        watch.finished(&job(REJECTIONS + 4), &aside, Duration::ZERO);
        assert!(watch.0.encode().contains("gw_alarms_total{kind=\"job-rejected\"} 1"));
    }

    #[test]
    fn the_state_of_a_breaker_is_shown() {
        let watch = Watch(Metrics::new());
        for (state, shown) in [(State::Open, 2), (State::HalfOpen, 1), (State::Closed, 0)] {
            watch.breaker_moved(&PlatformId::new("somewhere"), state);
            let line = format!("gw_breaker_state{{platform=\"somewhere\"}} {shown}\n");
            assert!(watch.0.encode().contains(&line), "{}", watch.0.encode());
        }
    }

    #[test]
    fn a_platform_that_is_away_is_no_rejection() {
        let watch = Watch(Metrics::new());
        watch.finished(&job(REJECTIONS), &retry(Cause::Unreachable), Duration::ZERO);
        assert!(!watch.0.encode().contains("job-rejected"));
    }
}
